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
	const struct output_counters *c = output_counters(o);

	snprintf(out->name, sizeof out->name, "%s", output_name(o));
	out->type = output_spec_of(o)->type;
	for (int i = 0; i < OUTPUT_N; i++)
		out->counters.count[i] = __atomic_load_n(&c->count[i], __ATOMIC_RELAXED);
	for (int i = 0; i < OUTPUT_DROP_N; i++)
		out->counters.dropped[i] = __atomic_load_n(&c->dropped[i], __ATOMIC_RELAXED);
}

void exporter_report_read(const struct exporter *e, struct exporter_numbers *out)
{
	*out = (struct exporter_numbers){
		.records = e->records, .ages = e->ages, .n_outputs = e->n_outputs};
	for (unsigned int i = 0; i < e->n_outputs; i++)
		read_output(e->outputs[i], &out->outputs[i]);
}

void exporter_report_answer(struct exporter *e)
{
	const unsigned int question = report_question(&e->report.gate);

	if (!question)
		return;
	exporter_report_read(e, &e->report.numbers);
	e->report.numbers.cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	report_tell(&e->report.gate, question);
}
