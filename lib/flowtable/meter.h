/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table's part of the packet's way, inline for the stages of the pipeline: where the tags point
 * to, and a plain packet counted in a flow that is there and goes on. Everything else goes the long
 * way, through flowtable_claim() and flowtable_account(), with the same result
 * (tests/unit/flowtable/meter_test.c).
 */
#pragma once

#include "flowtable/expire.h"
#include "flowtable/group.h"

/* FIN, SYN, RST: what moves the state of a TCP connection. */
#define METER_TCP_MOVES 0x07

/* The slot that the packet will most likely touch: a match of its tag, or the first free one. */
static inline void flowtable_point(const struct flowtable *t, struct flow_lookup *l)
{
	const struct flow_group *g = &t->groups[l->group];
	uint32_t match = group_match(g, l->tag);

	if (unlikely(!match))
		match = group_free_slots(g) | 1U << (FLOW_GROUP_SLOTS - 1);
	l->slot = l->group * FLOW_GROUP_SLOTS + (uint32_t)__builtin_ctz(match);
	prefetch_line(&t->hot[l->slot]);
}

/* Whether a slot holds the flow of a lookup: a free one holds none. */
static inline bool slot_is_of(const struct flow_hot *hot, const struct flow_lookup *l)
{
	return ((hot->key[0] ^ l->key[0]) | (hot->key[1] ^ l->key[1])) == 0;
}

/*
 * What one packet makes of a side's words. False: a counter is full, or it is the first packet of
 * its direction.
 */
static inline bool side_add(struct flow_side *s, const struct flow_lookup *l,
			    uint64_t octets_before, uint64_t last_before)
{
	const uint64_t octets = octets_before + l->l3_len;
	const int64_t excess = (int16_t)last_before + (int64_t)l->wire_len - (int64_t)l->l3_len;
	const uint32_t packets = s->packets + 1;

	if (unlikely(packets <= 1 || excess != (int16_t)excess ||
		     (octets ^ octets_before) >> SIDE_OCTETS_BITS))
		return false;
	s->octets = octets | (uint64_t)l->tcp_flags << SIDE_FLAGS_SHIFT;
	s->last = l->time_ns << SIDE_TIME_SHIFT | (uint16_t)excess;
	s->packets = packets;
	return true;
}

/*
 * Counts a packet in the flow that flowtable_point() found, if that is all there is to do: NULL
 * and nothing done when the flow is not there, begins, ends, is cut, or was told to end, when its
 * TCP state moves, a counter is full, or the packet comes late.
 */
static inline struct flow_hot *flowtable_meter(struct flowtable *t, const struct flow_lookup *l,
					       unsigned int *direction)
{
	struct flow_hot *hot = &t->hot[l->slot];
	const unsigned int d = (hot->state ^ l->swapped) & FLOW_SWAPPED;
	struct flow_side *s = &hot->side[d];
	/* Larger than any excess of the same time, so that the difference is not below zero. */
	const uint64_t time = l->time_ns << SIDE_TIME_SHIFT | UINT16_MAX;
	const uint64_t octets = s->octets, last = s->last;
	const uint64_t quiet = time - last, other = time - hot->side[!d].last;

	if (unlikely(!slot_is_of(hot, l) || hot->state & FLOW_NOT_PLAIN ||
		     l->tcp_flags & METER_TCP_MOVES))
		return NULL;
	/* A packet that comes late was long quiet in these numbers. */
	if (unlikely(quiet > INT64_MAX || (quiet < other ? quiet : other) >= t->idle_span ||
		     hot_deadline_passed(t, hot, l->time_ns)))
		return NULL;
	if (unlikely(!side_add(s, l, octets, last)))
		return NULL;
	if (unlikely(!side_is_armed(t, last, l->time_ns)))
		slot_arm(t, l->slot, l->time_ns + t->due_span_ns);
	*direction = d;
	return hot;
}
