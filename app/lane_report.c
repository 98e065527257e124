/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies. */
#include "lane_report.h"

#include "lane.h"

void lane_report_read(const struct lane *l, struct lane_numbers *out)
{
	*out = (struct lane_numbers){
		.flows_active = ft_flows_active(l->table),
		.busy_ns = lane_load_busy_ns(&l->load),
		.cpu_ns = l->cpu_ns,
		.rests = l->idle.rests,
		.stage_packets = l->load.stage_packets,
	};
	for (int i = 0; i < LANE_STAGE_N; i++)
		out->stage_ns[i] = l->load.stage_ns[i];
	lane_counters_add(&out->counters, ft_counters(l->table));
}

void lane_report_answer(struct lane *l, unsigned int question)
{
	l->cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	lane_report_read(l, &l->report.numbers);
	report_tell(&l->report.gate, question);
}
