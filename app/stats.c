/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums and identities. */
#include "stats.h"

#include "ft/ft.h"

void stats_sum_lanes(struct stats *s, const struct lane *lanes, unsigned int n_lanes)
{
	s->lane = (struct lane_counters){0};
	s->flows_active = 0;
	for (unsigned int i = 0; i < n_lanes; i++) {
		lane_counters_add(&s->lane, ft_counters(lanes[i].table));
		s->flows_active += ft_flows_active(lanes[i].table);
	}
}

bool stats_packets_hold(const struct stats *s)
{
	uint64_t sum = s->lane.metered_packets;

	for (int i = 0; i < DROP_N; i++)
		sum += s->lane.dropped[i];
	return sum == s->lane.rx_packets;
}

static uint64_t output_sum(const struct output_counters *c)
{
	uint64_t sum = c->count[OUTPUT_sent] + c->count[OUTPUT_in_doubt] + c->count[OUTPUT_queued];

	for (int i = 0; i < OUTPUT_DROP_N; i++)
		sum += c->dropped[i];
	return sum;
}

/* All that an output was given since it was opened has a name. */
static bool output_holds(const struct output_counters *c, uint64_t given)
{
	return c->count[OUTPUT_offered] == given && output_sum(c) == given;
}

bool stats_records_hold(const struct stats *s)
{
	const struct exporter *e = s->exporter;
	uint64_t lost = s->lane.table[TABLE_records_dropped_detached] +
			s->lane.table[TABLE_records_dropped_ring_full];

	if (s->lane.table[TABLE_records] != e->records + lost)
		return false;
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		const struct output_counters *c = output_counters(e->outputs[i]);

		if (!output_holds(c, e->records - e->since[i] + c->count[OUTPUT_uniflows] +
					     c->count[OUTPUT_recovered]))
			return false;
	}
	return output_holds(&e->before.counters, e->before.given);
}
