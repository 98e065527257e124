/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies. */
#include "lane_report.h"

#include "lane.h"

void lane_report_read(const struct lane *l, struct lane_numbers *out)
{
	*out = (struct lane_numbers){
		.flows_active = ft_flows_active(l->table),
		.busy_ns = __atomic_load_n(&l->load.busy_ns, __ATOMIC_RELAXED),
		.rests = __atomic_load_n(&l->idle.rests, __ATOMIC_RELAXED),
	};
	lane_counters_add(&out->counters, ft_counters(l->table));
}

void lane_report_answer(struct lane *l, unsigned int question)
{
	struct lane_numbers *n = &l->report.numbers;

	lane_report_read(l, n);
	n->busy_ns = lane_load_busy_ns(&l->load);
	n->cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	for (int i = 0; i < LANE_STAGE_N; i++)
		n->stage_ns[i] = l->load.stage_ns[i];
	n->stage_packets = l->load.stage_packets;
	report_tell(&l->report.gate, question);
}
