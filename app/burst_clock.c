/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast the processor's counter runs, measured as long as the program does. */
#include "burst_clock.h"

#include <stdbool.h>

#include "core/clock.h"

/*
 * Until the counter was watched for so long, the system's clock is asked; then they are compared so
 * often. A rate that is wrong by 100 in a million is then a microsecond off.
 */
#define COMPARE_NS 10000000ULL

/* Pairs of readings of which the closest is taken: the thread may lose its core in between. */
#define READ_TRIES 4

/* Both clocks at one moment. */
static void read_both(uint64_t *tick, uint64_t *ns)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < READ_TRIES; i++) {
		const uint64_t before = rte_rdtsc(), now_ns = clock_monotonic_ns();
		const uint64_t apart = rte_rdtsc() - before;

		if (apart >= least)
			continue;
		least = apart;
		*tick = before + apart / 2;
		*ns = now_ns;
	}
}

/* From here on the counter is watched anew; until then it tells nothing. */
static void begin(struct burst_clock *c, uint64_t tick, uint64_t ns)
{
	c->first_tick = tick;
	c->first_ns = ns;
	c->ns_per_tick = c->ticks_max = 0;
}

/* A machine that was moved or stopped has another counter: its rate is nowhere near the old one. */
static bool is_near(uint64_t rate, uint64_t before)
{
	const uint64_t off = rate > before ? rate - before : before - rate;

	return off <= before / 128;
}

uint64_t burst_clock_compare(struct burst_clock *c)
{
	uint64_t tick = 0, ns = 0, rate;

	read_both(&tick, &ns);
	const uint64_t ticks = tick - c->first_tick, passed_ns = ns - c->first_ns;

	if (!c->first_ns || tick <= c->first_tick) {
		begin(c, tick, ns);
	} else if (passed_ns >= COMPARE_NS) {
		rate = (uint64_t)(((unsigned __int128)passed_ns << 32) / ticks);
		if (c->ns_per_tick && !is_near(rate, c->ns_per_tick)) {
			begin(c, tick, ns);
		} else {
			c->ns_per_tick = rate;
			c->ticks_max = (COMPARE_NS << 32) / (rate + 1);
		}
	}
	c->tick = tick;
	c->ns = ns;
	if (ns > c->told_ns)
		c->told_ns = ns;
	return c->told_ns;
}
