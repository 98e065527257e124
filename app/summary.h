/* SPDX-License-Identifier: BSD-3-Clause */
/* One line now and then: what came in since the last one, and what became of it. */
#pragma once

#include <stddef.h>

#include "snapshot.h"

/* What was last told. Zero at first. */
struct summary {
	uint64_t at_ns, cpu_ns, packets, bytes, flows, records, dropped, lost, records_lost;
	uint64_t busy_ns[LANES_MAX];
};

/* Room for a line. */
#define SUMMARY_BYTES 512

/*
 * The line for the time between the last call and this snapshot. Rates are a second's, the load is
 * that of the busiest lane.
 */
void summary_line(struct summary *last, const struct snapshot *now, char *text, size_t len);
