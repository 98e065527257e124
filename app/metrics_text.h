/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot in the text format of Prometheus (0.0.4), and the list of what is in it. The metrics
 * of counters are made from counters.def.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "snapshot.h"

struct metric;

/* Writes the samples of a metric. */
typedef void (*metric_samples)(FILE *f, const struct metric *m, const struct snapshot *s);

struct metric {
	const char *name;   /* all begin with ftprobe_ */
	const char *type;   /* counter, gauge, histogram, untyped */
	const char *labels; /* for people: those that its samples have */
	const char *help;
	metric_samples samples;
	int row; /* of the enum that it counts, or an offset */
};

/* Metric i, NULL behind the last one. Any thread. */
const struct metric *metric_at(unsigned int i);

/* All metrics but those of the drivers. Any thread. */
void metrics_print(FILE *f, const struct snapshot *s);
/* A text as the value of a label, without the quotes. */
void metrics_print_label(FILE *f, const char *text);
/* docs/metrics.md */
void metrics_print_markdown(FILE *f);
