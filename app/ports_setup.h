/* SPDX-License-Identifier: BSD-3-Clause */
/* One device from its name to running queues. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "port_input.h"
#include "ports_kernel.h"
#include "ports_plan.h"
#include "stats.h"

struct rte_mempool;

struct port {
	const struct options_port *options;
	struct port_plan plan;
	struct port_face face;
	int numa_node; /* -1 = any */
	bool probed, started, rss, wants_interrupts;
	struct rte_mempool *pool;
	struct kernel_sockets sockets;
	uint64_t kernel_drops;
};

/* Finds the device, after eal_start(). 0 or -errno with one line in error. */
int port_probe(struct port *p, char *error, size_t error_len);

/* True when the device spreads packets over queues such that both directions of a flow meet. */
bool port_has_symmetric_rss(const struct port *p);

/*
 * Queues, buffers, MTU, promiscuous mode; RSS when rss. What the device refuses is said and done
 * without; p->rss says what became of RSS. 0 or -errno with one line in error.
 */
int port_configure(struct port *p, const struct options *o, bool rss, char *error,
		   size_t error_len);

/* The kernel's socket that the driver reads for queue q, -1 = none. After port_configure(). */
int port_socket(const struct port *p, uint32_t q);

/* How long the rings of the device hold what its link brings. After port_configure(). */
uint64_t port_rest_ns(const struct port *p);

/* Starts receiving, from now on. 0 or -errno with one line in error. */
int port_start(struct port *p, char *error, size_t error_len);

/* Adds up what the driver and its sockets lost. */
void port_stats(struct port *p, struct port_stats *s);

/* Stops and closes what was begun. */
void port_close(struct port *p);
