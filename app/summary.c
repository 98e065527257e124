/* SPDX-License-Identifier: BSD-3-Clause */
/* Differences of two snapshots. */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "ft/ft.h"

/* Packets that a lane dropped for want of something: the others were none of ours to begin with. */
static uint64_t lost_in_lanes(const struct lane_counters *c)
{
	return c->dropped[DROP_lane_ring_full] + c->dropped[DROP_lane_stopped];
}

static uint64_t records_lost(const struct snapshot *s, const struct lane_counters *c)
{
	uint64_t n = c->table[TABLE_records_dropped_detached] +
		     c->table[TABLE_records_dropped_ring_full];

	for (unsigned int i = 0; i < s->exporter.n_outputs; i++)
		for (int d = 0; d < OUTPUT_DROP_N; d++)
			n += s->exporter.outputs[i].counters.dropped[d];
	return n;
}

static void measure(const struct snapshot *s, struct summary *m)
{
	struct lane_counters c;

	snapshot_sum_lanes(s, &c);
	*m = (struct summary){
		.at_ns = s->uptime_ns,
		.cpu_ns = s->cpu_ns,
		.packets = c.rx_packets,
		.bytes = c.rx_bytes,
		.flows = c.table[TABLE_flows_created],
		.records = s->exporter.records,
		.dropped = c.rx_packets - c.metered_packets - lost_in_lanes(&c),
		.lost = lost_in_lanes(&c) + snapshot_port_losses(s),
		.records_lost = records_lost(s, &c),
	};
	for (unsigned int i = 0; i < s->n_lanes; i++)
		m->busy_ns[i] = s->lanes[i].numbers.busy_ns;
}

static uint64_t rate(uint64_t n, uint64_t ns)
{
	return (uint64_t)((double)n * SECOND_NS / (double)ns + 0.5);
}

void summary_line(struct summary *last, const struct snapshot *now, char *text, size_t len)
{
	uint64_t ns, active = 0, busy = 0;
	struct summary m;

	measure(now, &m);
	ns = m.at_ns > last->at_ns ? m.at_ns - last->at_ns : 1;
	for (unsigned int i = 0; i < now->n_lanes; i++) {
		uint64_t lane = m.busy_ns[i] > last->busy_ns[i] ? m.busy_ns[i] - last->busy_ns[i] :
								  0;

		active += now->lanes[i].numbers.flows_active;
		busy = lane > busy ? lane : busy;
	}
	snprintf(text, len,
		 "%" PRIu64 " packets/s, %.1f Mbit/s, %" PRIu64 " flows/s, %" PRIu64
		 " flows active, %" PRIu64 " records/s; in %.0f s %" PRIu64
		 " packets lost, %" PRIu64 " not metered, %" PRIu64
		 " records dropped; busiest lane %.0f %%, CPU %.0f %%",
		 rate(m.packets - last->packets, ns),
		 (double)rate(m.bytes - last->bytes, ns) * 8 / 1e6, rate(m.flows - last->flows, ns),
		 active, rate(m.records - last->records, ns), (double)ns / SECOND_NS,
		 m.lost - last->lost, m.dropped - last->dropped,
		 m.records_lost - last->records_lost, 100.0 * (double)busy / (double)ns,
		 100.0 * (double)(m.cpu_ns - last->cpu_ns) / (double)ns);
	*last = m;
}
