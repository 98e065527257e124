/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers of the exporter and its outputs at one moment. */
#pragma once

#include "core/counters.h"
#include "core/limits.h"
#include "export/output.h"
#include "report.h"

struct exporter;

/* Durations of records: upper bounds in seconds, one more place for what is longer. */
#define RECORD_AGES(X)		X(0.001) X(0.01) X(0.1) X(1) X(10) X(30) X(60) X(120) X(300) X(1800)
#define RECORD_AGE_ONE(seconds) +1
enum { RECORD_AGES_N = 0 RECORD_AGES(RECORD_AGE_ONE) };

struct record_ages {
	uint64_t n[RECORD_AGES_N + 1]; /* not cumulative */
	uint64_t sum_ns;
};

/* The exporter's thread. */
void record_ages_add(struct record_ages *a, uint64_t duration_ns);
/* An upper bound, in seconds. */
double record_ages_bound(unsigned int i);

struct output_numbers {
	char name[NAME_BYTES_MAX];
	enum output_type type;
	struct output_counters counters;
};

struct exporter_numbers {
	uint64_t records; /* taken from the lanes */
	uint64_t cpu_ns;
	struct record_ages ages;
	unsigned int n_outputs;
	struct output_numbers outputs[OUTPUTS_MAX];
};

struct exporter_report {
	struct report_gate gate;
	struct exporter_numbers numbers; /* of the last answer */
};

/* Answers a question if there is one. The exporter's thread, between two records. */
void exporter_report_answer(struct exporter *e);
