/* SPDX-License-Identifier: BSD-3-Clause */
/* All ports of a run: brought up together, dealt out to the lanes, taken down together. */
#include "ports.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_pdump.h>

#include "distribute.h"
#include "eal.h"
#include "log.h"
#include "port_input.h"
#include "ports_setup.h"
#include "core/clock.h"

struct ports {
	const struct options *o;
	bool eal;
	unsigned int n;
	struct port port[PORTS_MAX];
	struct port_face *by_id[RTE_MAX_ETHPORTS];
	struct distribute *distribute; /* NULL = nothing to hand over */
	int64_t epoch_offset_ns;
	pthread_mutex_t stats_lock; /* sockets forget what they dropped when they are asked */
	unsigned int n_lanes;
	struct port_input inputs[]; /* a lane each */
};

_Static_assert(PORTS_MAX <= RTE_MAX_ETHPORTS, "DPDK has room for our ports");

/* ---- bring-up ---- */

static int plan_ports(struct ports *p, char *error, size_t error_len)
{
	char driver[256];

	for (unsigned int i = 0; i < p->o->n_ports; i++) {
		struct port *port = &p->port[i];
		const struct port_question question = {p->o, i, kernel_interface_facts};
		int rc = port_plan_make(&port->plan, &question, error, error_len);

		if (rc)
			return rc;
		if (port->plan.device.kind == DEVICE_PCI &&
		    !kernel_pci_driver(port->plan.device.name, driver, sizeof driver)) {
			snprintf(error, error_len, "there is no PCI device %s; lspci -D lists them",
				 port->plan.device.name);
			return -ENODEV;
		}
		port->options = &p->o->ports[i];
		port->face.number = (uint16_t)i;
		snprintf(port->face.name, sizeof port->face.name, "%s",
			 port->plan.device.interface[0] ? port->plan.device.interface :
							  port->options->name);
		p->n++;
	}
	return 0;
}

static int start_eal(struct ports *p, char *error, size_t error_len)
{
	static char pci[PORTS_MAX][OPTION_BYTES_MAX + DEVICE_ARGS_BYTES];
	struct eal_needs needs = {.memory_bytes = 32ULL << 20};
	int rc;

	for (unsigned int i = 0; i < p->n; i++) {
		const struct device *d = &p->port[i].plan.device;

		needs.memory_bytes += port_plan_memory_bytes(&p->port[i].plan);
		if (d->kind != DEVICE_PCI)
			continue;
		snprintf(pci[needs.n_pci_devices], sizeof pci[0], "%s%s%s", d->name,
			 *d->args ? "," : "", d->args);
		needs.pci_devices[needs.n_pci_devices] = pci[needs.n_pci_devices];
		needs.n_pci_devices++;
	}
	rc = eal_start(p->o, &needs, error, error_len);
	p->eal = rc == 0;
	if (p->eal && rte_pdump_init() != 0)
		log_info("dpdk-dumpcap cannot read packets of this probe");
	return rc;
}

static int probe_ports(struct ports *p, char *error, size_t error_len)
{
	struct kernel_sockets known[PORTS_MAX + 1];

	known[0] = kernel_sockets_find(NULL, 0);
	for (unsigned int i = 0; i < p->n; i++) {
		struct port *port = &p->port[i];
		int rc = port_probe(port, error, error_len);

		if (rc)
			return rc;
		p->by_id[port->face.id] = &port->face;
		port->sockets = kernel_sockets_find(known, i + 1);
		known[i + 1] = port->sockets;
	}
	return 0;
}

/*
 * In mode auto the devices spread packets only when all of them can, and no lane goes without. They
 * see the outer headers; an inner flow may travel in several of these.
 */
static bool devices_can_spread(const struct ports *p)
{
	if (p->o->table.tunnels)
		return false;
	for (unsigned int i = 0; i < p->n; i++)
		if (p->port[i].options->mode == PORT_MODE_SOFTWARE ||
		    p->port[i].plan.queues < p->n_lanes || !port_has_symmetric_rss(&p->port[i]))
			return false;
	return true;
}

/* True when the device is to spread by itself. net_af_packet's sockets do it in the kernel, without
 * a key. */
static bool wants_rss(const struct ports *p, const struct port *port, bool all_can)
{
	if (port->options->mode == PORT_MODE_SOFTWARE || port->plan.queues < 2)
		return false;
	return port->options->mode == PORT_MODE_RSS || (all_can && p->n_lanes > 1);
}

static int configure_port(struct ports *p, struct port *port, bool all_can, char *error,
			  size_t error_len)
{
	bool rss = wants_rss(p, port, all_can);
	bool kernel_spreads = rss && port->plan.device.kind == DEVICE_AF_PACKET;
	int rc;

	if (rss && !kernel_spreads && !port_has_symmetric_rss(port)) {
		log_warning("port %s: the device has no symmetric RSS: software spreads its "
			    "packets over the lanes",
			    port->options->name);
		rss = false;
	}
	rc = port_configure(port, p->o, rss && !kernel_spreads, error, error_len);
	if (kernel_spreads)
		log_notice("port %s: the kernel spreads packets over %u sockets by flow; a flow "
			   "that overruns its socket spills into others: mode = software keeps it "
			   "together",
			   port->options->name, port->plan.queues);
	port->face.distribute = p->n_lanes > 1 && !port->rss && !kernel_spreads;
	/* Asked for RSS with one queue: one lane gets it all, as asked. */
	if (port->options->mode == PORT_MODE_RSS && port->options->queues == 1)
		port->face.distribute = false;
	return rc;
}

static int configure_ports(struct ports *p, char *error, size_t error_len)
{
	bool all_can = devices_can_spread(p), distribute = false;
	struct kernel_sockets known[PORTS_MAX + 1];

	known[0] = kernel_sockets_find(NULL, 0);
	for (unsigned int i = 0; i < p->n; i++) {
		struct port *port = &p->port[i];
		int rc = configure_port(p, port, all_can, error, error_len);

		if (rc)
			return rc;
		known[i + 1] = kernel_sockets_find(known, i + 1);
		if (known[i + 1].n)
			port->sockets = known[i + 1];
		distribute |= port->face.distribute;
	}
	if (!distribute)
		return 0;
	p->distribute =
		distribute_create(p->n_lanes, port_plan_lane_ring(p->n_lanes), p->o->table.tunnels);
	if (p->distribute)
		return 0;
	snprintf(error, error_len, "no memory for the rings between %u lanes: lower --lanes",
		 p->n_lanes);
	return -ENOMEM;
}

/* ---- lanes ---- */

/*
 * Queue q of a port that spreads by itself belongs to lane q modulo lanes on every port, so that
 * the two directions of a tapped link meet; the others only want to be read evenly.
 */
static void deal_out(struct ports *p)
{
	for (unsigned int i = 0; i < p->n_lanes; i++) {
		struct port_input *in = &p->inputs[i];

		in->lane = i;
		in->by_id = p->by_id;
		in->distribute = p->distribute;
		in->epoch_offset_ns = p->epoch_offset_ns;
	}
	for (unsigned int i = 0; i < p->n; i++)
		for (uint32_t q = 0; q < p->port[i].plan.queues; q++) {
			unsigned int shift = p->port[i].face.distribute ? i : 0;
			struct port_input *in = &p->inputs[(q + shift) % p->n_lanes];

			in->queues[in->n_queues++] = (struct port_queue){
				&p->port[i].face, (uint16_t)q, port_socket(&p->port[i], q)};
		}
}

int ports_open(struct ports **out, const struct options *o, char *error, size_t error_len)
{
	struct ports *p = calloc(1, sizeof *p + o->lane.count * sizeof p->inputs[0]);
	int rc;

	if (!p) {
		snprintf(error, error_len, "no memory for %u lanes", o->lane.count);
		return -ENOMEM;
	}
	p->o = o;
	p->n_lanes = o->lane.count;
	pthread_mutex_init(&p->stats_lock, NULL);
	p->epoch_offset_ns = (int64_t)(clock_wall_ns() - clock_monotonic_ns());
	rc = plan_ports(p, error, error_len);
	if (rc == 0)
		rc = start_eal(p, error, error_len);
	if (rc == 0)
		rc = probe_ports(p, error, error_len);
	if (rc == 0)
		rc = configure_ports(p, error, error_len);
	if (rc) {
		ports_close(p);
		return rc;
	}
	deal_out(p);
	*out = p;
	return 0;
}

struct input ports_input(struct ports *p, unsigned int lane, pfring_ft_table *table)
{
	p->inputs[lane].table = table;
	return port_input(&p->inputs[lane]);
}

int64_t ports_epoch_offset_ns(const struct ports *p)
{
	return p->epoch_offset_ns;
}

int ports_numa_node(const struct ports *p, unsigned int lane)
{
	const struct port_input *in = &p->inputs[lane];

	for (unsigned int i = 0; i < p->n; i++)
		if (in->n_queues && in->queues[0].port == &p->port[i].face)
			return p->port[i].numa_node;
	return p->port[0].numa_node;
}

uint64_t ports_rest_ns(const struct ports *p, unsigned int lane)
{
	const struct port_input *in = &p->inputs[lane];
	uint64_t least_ns = IDLE_SLEEP_MAX_NS;

	for (unsigned int i = 0; i < p->n; i++)
		for (unsigned int q = 0; q < in->n_queues; q++) {
			uint64_t ns = in->queues[q].port == &p->port[i].face ?
					      port_rest_ns(&p->port[i]) :
					      least_ns;

			if (ns < least_ns)
				least_ns = ns;
		}
	return least_ns;
}

int ports_start(struct ports *p, char *error, size_t error_len)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < p->n; i++)
		rc = port_start(&p->port[i], error, error_len);
	if (p->o->lane.idle == LANE_IDLE_INTERRUPT)
		for (unsigned int i = 0; rc == 0 && i < p->n_lanes; i++)
			rc = port_wait_open(&p->inputs[i], error, error_len);
	return rc;
}

uint32_t ports_waiting(const struct ports *p, unsigned int lane)
{
	return p->distribute ? distribute_waiting(p->distribute, lane) : 0;
}

uint16_t ports_id(const struct ports *p, unsigned int i)
{
	return p->port[i].face.id;
}

void ports_drain(struct ports *p, struct lane_counters *c)
{
	if (p->distribute)
		distribute_drain(p->distribute, c);
}

unsigned int ports_stats(struct ports *p, struct port_stats s[PORTS_MAX])
{
	pthread_mutex_lock(&p->stats_lock);
	for (unsigned int i = 0; i < p->n; i++)
		port_stats(&p->port[i], &s[i]);
	pthread_mutex_unlock(&p->stats_lock);
	return p->n;
}

uint64_t ports_lost_packets(void *ports)
{
	struct port_stats s[PORTS_MAX];
	unsigned int n = ports_stats(ports, s);
	uint64_t lost = 0;

	for (unsigned int i = 0; i < n; i++)
		lost += s[i].missed + s[i].no_mbuf + s[i].kernel_drops;
	return lost;
}

void ports_close(struct ports *p)
{
	for (unsigned int i = 0; i < p->n_lanes; i++)
		port_wait_close(&p->inputs[i]);
	for (unsigned int i = p->n; i-- > 0;)
		port_close(&p->port[i]);
	distribute_free(p->distribute);
	if (p->eal) {
		rte_pdump_uninit();
		eal_stop(p->o);
	}
	free(p);
}
