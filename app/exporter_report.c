/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies, and the histogram of durations. */
#include "exporter_report.h"

#include <stdio.h>

#include "core/clock.h"
#include "exporter.h"

static const double bounds[] = {
#define BOUND(seconds) seconds,
	RECORD_AGES(BOUND)
#undef BOUND
};

static const uint64_t bounds_ns[] = {
#define BOUND(seconds) (uint64_t)(seconds * SECOND_NS),
	RECORD_AGES(BOUND)
#undef BOUND
};

double record_ages_bound(unsigned int i)
{
	return bounds[i];
}

void record_ages_add(struct record_ages *a, uint64_t duration_ns)
{
	unsigned int i = 0;

	while (i < RECORD_AGES_N && duration_ns > bounds_ns[i])
		i++;
	a->n[i]++;
	a->sum_ns += duration_ns;
}

static void read_output(const struct output *o, struct output_numbers *out)
{
	snprintf(out->name, sizeof out->name, "%s", output_name(o));
	out->type = output_spec_of(o)->type;
	out->counters = *output_counters(o);
}

void exporter_report_answer(struct exporter *e)
{
	const unsigned int question = report_question(&e->report.gate);
	struct exporter_numbers *n = &e->report.numbers;

	if (!question)
		return;
	*n = (struct exporter_numbers){
		.records = e->records,
		.cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID),
		.ages = e->ages,
		.n_outputs = e->n_outputs,
	};
	for (unsigned int i = 0; i < e->n_outputs; i++)
		read_output(e->outputs[i], &n->outputs[i]);
	report_tell(&e->report.gate, question);
}
