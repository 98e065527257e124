/* SPDX-License-Identifier: BSD-3-Clause */
/* The plans of the ports and the CPUs of the lanes, put together. */
#include "placement.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "eal_cpus.h"
#include "ft/ft.h"
#include "machine.h"
#include "ports_kernel.h"

/* What the EAL and the rings between lanes take beside the buffers: see ports.c. */
#define EAL_BYTES (32ULL << 20)

static void place_lanes(struct placement *p, const struct options *o, const char *root)
{
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
		CPU_SET(0, &allowed);
	p->placed = eal_lane_cpus(p->lane_cpus, &o->lane, &allowed, p->no_place,
				  sizeof p->no_place) == 0;
	for (unsigned int i = 0; p->placed && i < o->lane.count; i++)
		p->lane_nodes[i] = machine_cpu_node(root, p->lane_cpus[i]);
}

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + PLACEMENT_PAGE_BYTES - 1) / PLACEMENT_PAGE_BYTES;
}

void placement_make(struct placement *p, const struct options *o, const char *root)
{
	struct ft_options ft;

	*p = (struct placement){.n_ports = o->n_ports, .buffer_bytes = EAL_BYTES};
	for (unsigned int i = 0; i < o->n_ports; i++) {
		const struct port_question question = {o, i, kernel_interface_facts};

		p->port_nodes[i] = -1;
		if (port_plan_make(&p->plans[i], &question, p->problems[i],
				   sizeof p->problems[i]) != 0)
			continue;
		p->port_nodes[i] = machine_device_node(root, &p->plans[i].device);
		p->buffer_bytes += port_plan_memory_bytes(&p->plans[i]);
	}
	options_to_ft(o, &ft);
	p->table_bytes = ft_table_bytes(&ft) * o->lane.count;
	/* a table is two mappings, each in whole pages */
	p->pages = pages_of(p->buffer_bytes) + (pages_of(ft_table_bytes(&ft)) + 1) * o->lane.count;
	place_lanes(p, o, root);
}

/* The same rule as deal_out() of ports.c. */
unsigned int placement_lane(const struct placement *p, const struct options *o, unsigned int port,
			    unsigned int queue)
{
	bool device_spreads = o->ports[port].mode == PORT_MODE_RSS ||
			      (o->ports[port].mode == PORT_MODE_AUTO &&
			       p->plans[port].device.kind == DEVICE_PCI && !o->table.tunnels);
	unsigned int shift = o->lane.count > 1 && !device_spreads ? port : 0;

	return (queue + shift) % o->lane.count;
}

static const char *node_text(int node, char text[32])
{
	if (node < 0)
		snprintf(text, 32, "any node");
	else
		snprintf(text, 32, "node %d", node);
	return text;
}

static void print_port(const struct placement *p, const struct options *o, unsigned int i, FILE *f)
{
	char port_node[32], lane_node[32];

	if (p->problems[i][0]) {
		fprintf(f, "place     %s: %s\n", o->ports[i].name, p->problems[i]);
		return;
	}
	for (unsigned int q = 0; q < p->plans[i].queues; q++) {
		unsigned int lane = placement_lane(p, o, i, q);

		fprintf(f, "place     %s (%s) queue %u -> lane %u", o->ports[i].name,
			node_text(p->port_nodes[i], port_node), q, lane);
		if (p->placed)
			fprintf(f, " -> CPU %u (%s)%s", p->lane_cpus[lane],
				node_text(p->lane_nodes[lane], lane_node),
				p->port_nodes[i] >= 0 && p->lane_nodes[lane] >= 0 &&
						p->port_nodes[i] != p->lane_nodes[lane] ?
					", another node: slower" :
					"");
		fputc('\n', f);
	}
}

void placement_print(const struct placement *p, const struct options *o, FILE *f)
{
	for (unsigned int i = 0; i < p->n_ports; i++)
		print_port(p, o, i, f);
	if (!p->placed)
		fprintf(f, "place     %s\n", p->no_place);
	fprintf(f,
		"memory    %.1f MiB for packet buffers, %.1f MiB for flow tables: %" PRIu64
		" huge pages of 2 MiB hold both\n",
		(double)p->buffer_bytes / (1 << 20), (double)p->table_bytes / (1 << 20), p->pages);
}
