/* SPDX-License-Identifier: BSD-3-Clause */
/* What time does to a flow. */
#pragma once

#include "flowtable/table.h"

/*
 * Does to a flow everything that time has done to it by time_ns, in the order in which it was due:
 * slices, a cut at the active timeout, the end. The outcome depends on the flow's own times alone,
 * never on when somebody looks. True when the flow ended and its slot is free.
 */
bool flow_settle(struct flowtable *t, struct flow_hot *hot, uint64_t time_ns);

/* Whether the coarse deadline of a hot line has come: then flow_settle() must be asked. */
static inline bool hot_deadline_passed(const struct flowtable *t, const struct flow_hot *hot,
				       uint64_t time_ns)
{
	return (int16_t)((uint16_t)(time_ns >> t->deadline_shift) - hot->deadline) >= 0;
}

/* The last packet of either direction. */
static inline uint64_t hot_last(const struct flowtable *t, const struct flow_hot *hot)
{
	uint64_t fwd = flowtable_expand_time(t, side_last(&hot->side[DIR_FWD]));
	uint64_t rev = flowtable_expand_time(t, side_last(&hot->side[DIR_REV]));

	return fwd > rev ? fwd : rev;
}

static inline uint64_t hot_idle_span(const struct flowtable *t, const struct flow_hot *hot)
{
	uint64_t idle = t->options.idle_timeout_ns, linger = t->options.tcp_linger_ns;

	return (hot->state & FLOW_CLOSING) && linger < idle ? linger : idle;
}

/* Wire length less IP length of what a direction of a flow in the table counted. */
static inline int64_t flow_side_excess(const struct flow *f, const struct flow_side *s,
				       unsigned int direction)
{
	return side_excess(s) + side_excess_carry(s) * CARRY_EXCESS_HOT +
	       f->excess_carry[direction] * CARRY_EXCESS;
}

/* When it ended, 0 without packets: never before its start, which is 1 for a time of 0. */
static inline uint64_t flow_side_end(const struct flow *f, const struct flow_side *s,
				     unsigned int direction)
{
	const uint64_t start = flow_start(f, direction);
	const uint64_t end = flowtable_expand_time(f->table, side_last(s));

	if (!s->packets)
		return 0;
	return end > start ? end : start;
}

/* A flow gets its deadline and its due byte anew, after a change of timeouts. */
void flow_rearm(struct flowtable *t, struct flow_hot *hot);

/* The record's window opens with this packet: times and the coarse deadline. */
void flow_open_window(struct flowtable *t, struct flow_hot *hot, uint64_t time_ns);
