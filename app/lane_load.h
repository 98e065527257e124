/* SPDX-License-Identifier: BSD-3-Clause */
/* What a lane does with its time: how much of it is work, and what the parts of the work take. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/limits.h"

/* The parts of a lane's turn that are told apart. */
enum lane_stage {
	LANE_STAGE_RECEIVE,
	LANE_STAGE_ADMIT,
	LANE_STAGE_PROCESS,
	LANE_STAGE_RELEASE,
	LANE_STAGE_N
};

/* The lane's thread; zero at first. */
struct lane_load {
	uint64_t busy_ns;	/* up to the last poll that brought nothing */
	uint64_t busy_since_ns; /* 0 = the last poll brought nothing */
	uint32_t turns_left;	/* with packets, before one is measured */
	uint64_t stage_ns[LANE_STAGE_N], stage_packets; /* of the turns measured */
};

/* Times of one turn. */
struct lane_marks {
	uint64_t begin_ns, end_ns[LANE_STAGE_N];
};

static inline void lane_load_mark(struct lane_marks *m, enum lane_stage stage)
{
	if (m)
		m->end_ns[stage] = clock_monotonic_ns();
}

/* Whether the next turn is to be measured. */
static inline bool lane_load_is_due(const struct lane_load *l)
{
	return l->turns_left == 0;
}

/* A turn brought packets. The clock is read when work begins and ends only. */
static inline void lane_load_work(struct lane_load *l)
{
	l->turns_left--;
	if (!l->busy_since_ns)
		l->busy_since_ns = clock_monotonic_ns();
}

/* A turn brought nothing. */
static inline void lane_load_rest(struct lane_load *l)
{
	if (!l->busy_since_ns)
		return;
	l->busy_ns += clock_monotonic_ns() - l->busy_since_ns;
	l->busy_since_ns = 0;
}

/* Time of work up to now. */
static inline uint64_t lane_load_busy_ns(const struct lane_load *l)
{
	uint64_t now_ns = l->busy_since_ns ? clock_monotonic_ns() - l->busy_since_ns : 0;

	return l->busy_ns + now_ns;
}

/* A turn that was measured, and its packets. None: it tells nothing, the next one is measured. */
static inline void lane_load_add(struct lane_load *l, const struct lane_marks *m, unsigned int n)
{
	uint64_t last_ns = m->begin_ns;

	if (!n)
		return;
	for (int i = 0; i < LANE_STAGE_N; i++) {
		l->stage_ns[i] += m->end_ns[i] - last_ns;
		last_ns = m->end_ns[i];
	}
	l->stage_packets += n;
	l->turns_left = LANE_TURNS_A_SAMPLE;
}
