/* SPDX-License-Identifier: BSD-3-Clause */
/* What an orderly end still did: from the signal to the last record. */
#pragma once

#include <stdint.h>

#include "exporter.h"
#include "lane.h"

struct stop_report {
	uint64_t asked_ns;			       /* CLOCK_MONOTONIC, 0 = nobody asked */
	uint64_t flows;				       /* that were active then */
	uint64_t sent[OUTPUTS_MAX], lost[OUTPUTS_MAX]; /* records until then */
};

/* Remembers where things stand when the end is asked for. The main thread, while lanes run. */
void stop_report_begin(struct stop_report *r, const struct lane *lanes, unsigned int n_lanes,
		       const struct exporter *e);

/*
 * Logs a line for each output: the records that left since then, and those that did not, by the
 * reason. Nothing when nobody asked. The main thread, when no other runs any more.
 */
void stop_report_end(const struct stop_report *r, const struct exporter *e);
