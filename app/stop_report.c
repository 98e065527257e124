/* SPDX-License-Identifier: BSD-3-Clause */
/* Two looks at the outputs' counters. */
#include "stop_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "ft/ft.h"
#include "log.h"

static uint64_t lost_records(const struct output_counters *c)
{
	uint64_t lost = __atomic_load_n(&c->count[OUTPUT_in_doubt], __ATOMIC_RELAXED);

	for (int i = 0; i < OUTPUT_DROP_N; i++)
		lost += __atomic_load_n(&c->dropped[i], __ATOMIC_RELAXED);
	return lost;
}

static uint64_t sent_records(const struct output_counters *c)
{
	return __atomic_load_n(&c->count[OUTPUT_sent], __ATOMIC_RELAXED);
}

void stop_report_begin(struct stop_report *r, const struct lane *lanes, unsigned int n_lanes,
		       const struct exporter *e)
{
	*r = (struct stop_report){.asked_ns = clock_monotonic_ns()};
	for (unsigned int i = 0; i < n_lanes; i++)
		r->flows += ft_flows_active(lanes[i].table);
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		r->sent[i] = sent_records(output_counters(e->outputs[i]));
		r->lost[i] = lost_records(output_counters(e->outputs[i]));
	}
}

void stop_report_end(const struct stop_report *r, const struct exporter *e)
{
	double took_s = (double)(clock_monotonic_ns() - r->asked_ns) / SECOND_NS;

	if (!r->asked_ns)
		return;
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		const struct output_counters *c = output_counters(e->outputs[i]);
		uint64_t sent = sent_records(c) - r->sent[i], lost = lost_records(c) - r->lost[i];
		const char *name = output_spec_of(e->outputs[i])->name;

		if (lost)
			log_warning("output %s: stopped after %.1f s with %" PRIu64
				    " flows active: %" PRIu64 " records sent since, %" PRIu64
				    " not (%" PRIu64 " for want of time: [probe] stop_timeout)",
				    name, took_s, r->flows, sent, lost,
				    c->dropped[OUTPUT_DROP_shutdown]);
		else
			log_notice("output %s: stopped after %.1f s with %" PRIu64
				   " flows active: %" PRIu64 " records sent since, all of them",
				   name, took_s, r->flows, sent);
	}
}
