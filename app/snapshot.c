/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions to all threads first, then their answers. */
#include "snapshot.h"

#include <rte_ring.h>

#include "core/clock.h"
#include "exporter.h"
#include "ft/ft.h"
#include "lane.h"
#include "ports.h"

/* How often an answer is looked for. */
#define LOOK_NS 50000

static bool wait_for(const struct report_gate *g, unsigned int question, uint64_t deadline_ns)
{
	while (!report_is_told(g, question)) {
		if (clock_monotonic_ns() > deadline_ns)
			return false;
		sleep_ns(LOOK_NS);
	}
	return true;
}

static bool has_ended(const struct lane *l)
{
	return atomic_load_explicit(&l->done, memory_order_acquire);
}

static void take_lane(const struct snapshot_source *s, unsigned int i, struct snapshot_lane *out)
{
	const struct lane *l = &s->lanes[i];

	out->ring_flows = rte_ring_count(l->ended);
	out->ring_size_flows = rte_ring_get_capacity(l->ended);
	if (s->ports)
		out->waiting_packets = ports_waiting(s->ports, i);
}

static void take_lanes(struct snapshot_source *s, struct snapshot *out, uint64_t deadline_ns)
{
	unsigned int questions[LANES_MAX];

	for (unsigned int i = 0; i < s->n_lanes; i++)
		questions[i] = report_ask(&s->lanes[i].report.gate);
	for (unsigned int i = 0; i < s->n_lanes; i++) {
		struct lane *l = &s->lanes[i];

		struct lane_numbers *told = &s->told->lanes[i];

		if (has_ended(l))
			lane_report_read(l, told);
		else if (wait_for(&l->report.gate, questions[i], deadline_ns))
			*told = l->report.numbers;
		out->lanes[i].numbers = *told;
		take_lane(s, i, &out->lanes[i]);
	}
}

void snapshot_take(struct snapshot_source *s, struct snapshot *out)
{
	const uint64_t now_ns = clock_monotonic_ns();
	unsigned int question;

	pthread_mutex_lock(&s->lock);
	*out = (struct snapshot){
		.uptime_ns = now_ns - s->started_ns,
		.wall_ns = clock_wall_ns(),
		.cpu_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID),
		.dpi_memory_bytes = ft_dpi_memory_bytes(),
		.flows_max = s->o->table.max_flows,
		.n_lanes = s->n_lanes,
	};
	question = report_ask(&s->exporter->report.gate);
	take_lanes(s, out, now_ns + REPORT_WAIT_NS);
	if (wait_for(&s->exporter->report.gate, question, now_ns + REPORT_WAIT_NS))
		s->told->exporter = s->exporter->report.numbers;
	out->exporter = s->told->exporter;
	if (s->ports)
		out->n_ports = ports_stats(s->ports, out->ports);
	pthread_mutex_unlock(&s->lock);
}

void snapshot_sum_lanes(const struct snapshot *s, struct lane_counters *sum)
{
	*sum = (struct lane_counters){0};
	for (unsigned int i = 0; i < s->n_lanes; i++)
		lane_counters_add(sum, &s->lanes[i].numbers.counters);
}

uint64_t snapshot_port_losses(const struct snapshot *s)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < s->n_ports; i++)
		n += s->ports[i].missed + s->ports[i].no_mbuf + s->ports[i].errors +
		     s->ports[i].kernel_drops;
	return n;
}
