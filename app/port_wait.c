/* SPDX-License-Identifier: BSD-3-Clause */
/* One epoll set a lane. */
#include "port_wait.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "core/clock.h"
#include "port_input.h"

/* Sockets are waited for by the set alone; DPDK keeps what belongs to an interrupt. */
static int add_socket(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* Where there is nothing to switch, the interrupt is always on. */
static int add_interrupt(struct port_input *in, const struct port_queue *q)
{
	int rc = rte_eth_dev_rx_intr_ctl_q(q->port->id, q->queue, in->wait.epoll,
					   RTE_INTR_EVENT_ADD, NULL);

	if (rc)
		return rc;
	rc = rte_eth_dev_rx_intr_enable(q->port->id, q->queue);
	if (rc == 0)
		rte_eth_dev_rx_intr_disable(q->port->id, q->queue);
	if (rc && rc != -ENOTSUP)
		return rc;
	in->wait.has_interrupts = true;
	return 0;
}

int port_wait_open(struct port_input *in, char *error, size_t error_len)
{
	in->wait = (struct port_wait){.is_open = true, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (in->wait.epoll < 0) {
		snprintf(error, error_len, "no file descriptor to wait for ports with: %s",
			 strerror(errno));
		in->wait.is_open = false;
		return -EMFILE;
	}
	for (unsigned int i = 0; i < in->n_queues; i++) {
		const struct port_queue *q = &in->queues[i];
		int rc = q->socket >= 0 ? add_socket(in->wait.epoll, q->socket) :
					  add_interrupt(in, q);

		if (rc == 0)
			continue;
		snprintf(error, error_len,
			 "port %s has no receive interrupts (%s): use [lane] idle = adaptive",
			 q->port->name, strerror(-rc));
		return rc;
	}
	return 0;
}

void port_wait_close(struct port_input *in)
{
	if (in->wait.is_open)
		close(in->wait.epoll);
	in->wait.is_open = false;
}

static void arm(struct port_input *in, bool on)
{
	in->wait.is_armed = on;
	for (unsigned int i = 0; i < in->n_queues; i++) {
		const struct port_queue *q = &in->queues[i];

		if (q->socket >= 0)
			continue;
		if (on)
			rte_eth_dev_rx_intr_enable(q->port->id, q->queue);
		else
			rte_eth_dev_rx_intr_disable(q->port->id, q->queue);
	}
}

/* Reads what an interrupt wrote, or the set would tell of it for ever. */
static void take_interrupts(const struct port_wait *w)
{
	struct rte_epoll_event events[8];

	while (rte_epoll_wait(w->epoll, events, 8, 0) == 8)
		;
}

void port_wait(struct port_input *in)
{
	struct port_wait *w = &in->wait;
	const uint64_t ns = in->distribute ? IDLE_SLEEP_MAX_NS : IDLE_WAIT_NS;
	const struct timespec t = {.tv_nsec = (long)ns};
	struct pollfd set = {.fd = w->epoll, .events = POLLIN};

	if (!w->is_open) {
		sleep_ns(IDLE_SLEEP_MAX_NS);
		return;
	}
	if (w->has_interrupts && !w->is_armed) {
		arm(in, true);
		return;
	}
	ppoll(&set, 1, &t, NULL);
	if (w->has_interrupts) {
		take_interrupts(w);
		arm(in, false);
	}
}
