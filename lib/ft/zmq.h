/* SPDX-License-Identifier: BSD-3-Clause */
/* A table's own export over ZMQ, see pfring_ft_zmq_export_configure(). */
#pragma once

struct ft_zmq;

struct ft_table;

/* Sends what waits. The table's thread; when another one sends just now it does nothing. */
void ft_zmq_poll(struct ft_table *t);
/* Sends what it can within a second, and closes. NULL is allowed. */
void ft_zmq_free(struct ft_zmq *zmq);
