/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for the queues of a lane instead of asking them: by receive interrupts, or where a driver
 * reads a socket of the kernel, by that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct port_input;

/* One lane's; zero at first. */
struct port_wait {
	bool is_open;
	bool has_interrupts; /* that are off while the lane polls */
	bool is_armed;
	int epoll;
};

/*
 * Finds for every queue of the lane what tells that it has packets. After the ports are started. 0,
 * or -errno with one line in error: a device has no such thing. The main thread.
 */
int port_wait_open(struct port_input *in, char *error, size_t error_len);
void port_wait_close(struct port_input *in);

/*
 * Returns when a queue has packets, after IDLE_WAIT_NS, or where other lanes hand packets over
 * after IDLE_SLEEP_MAX_NS. At once when interrupts have just been switched on: what came before has
 * to be looked for. The lane's thread.
 */
void port_wait(struct port_input *in);
