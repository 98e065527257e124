/* SPDX-License-Identifier: BSD-3-Clause */
/* What a lane does with its CPU while no packet comes. */
#pragma once

#include <stdint.h>

#include "input.h"
#include "options.h"

/* One lane's; its thread. */
struct idle {
	enum lane_idle mode;
	uint64_t longest_ns;  /* of one sleep, at most IDLE_SLEEP_MAX_NS */
	uint32_t empty_polls; /* in a row */
	uint32_t sleeps;      /* of this length in a row */
	uint64_t sleep_ns;    /* the next one's */
	uint64_t rests;	      /* sleeps and waits, ever */
};

/* A packet came: from here on the lane polls again. */
static inline void idle_wake(struct idle *i)
{
	i->empty_polls = 0;
}

/* The thread's sleeps end when they should, not when it suits others. Once, the lane's thread. */
void idle_begin(void);

/*
 * A poll brought nothing: goes on polling for a while, and then sleeps, longer and longer, or waits
 * for the input, as the mode says. A packet waits for the lane IDLE_SLEEP_MAX_NS at most. The
 * lane's thread.
 */
void idle_rest(struct idle *i, const struct input *input);
