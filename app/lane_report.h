/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers of one lane at one moment. */
#pragma once

#include "core/counters.h"
#include "lane_load.h"
#include "report.h"

struct lane;

struct lane_numbers {
	struct lane_counters counters;
	uint64_t flows_active;
	uint64_t busy_ns, cpu_ns; /* work; CPU time of the thread */
	uint64_t rests;		  /* sleeps and waits for packets */
	uint64_t stage_ns[LANE_STAGE_N], stage_packets;
};

struct lane_report {
	struct report_gate gate;
	struct lane_numbers numbers; /* of the last answer */
};

/* Answers an open question. The lane's thread, between two turns. */
void lane_report_answer(struct lane *l, unsigned int question);

/* Reads a lane that ended, or is the caller's own. */
void lane_report_read(const struct lane *l, struct lane_numbers *out);
