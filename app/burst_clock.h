/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CLOCK_MONOTONIC by the processor's own counter: a lane asks once a burst, and the system call
 * without a switch costs as much as a packet.
 */
#pragma once

#include <stdint.h>

#include <rte_cycles.h>

#include "core/prefetch.h"

/* One thread's; zero at first. */
struct burst_clock {
	uint64_t tick, ns;	       /* both clocks at the last comparison */
	uint64_t first_tick, first_ns; /* and at the first one */
	uint64_t ns_per_tick;	       /* of 2^32; 0 = not known yet */
	uint64_t ticks_max;	       /* from one comparison to the next */
	uint64_t told_ns;	       /* no time before this is told */
};

/* Compares the two clocks; the time by the system's, or the last one that was told. */
uint64_t burst_clock_compare(struct burst_clock *c);

/*
 * Nanoseconds of CLOCK_MONOTONIC, some microseconds off at most, never less than the time before.
 */
static inline uint64_t burst_clock_ns(struct burst_clock *c)
{
	const uint64_t ticks = rte_rdtsc() - c->tick;
	uint64_t ns;

	if (unlikely(ticks >= c->ticks_max))
		return burst_clock_compare(c);
	ns = c->ns + (uint64_t)((unsigned __int128)ticks * c->ns_per_tick >> 32);
	if (likely(ns > c->told_ns))
		c->told_ns = ns;
	return c->told_ns;
}
