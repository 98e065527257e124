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

/*
 * Where a packet that no tag matches will most likely begin its flow: in the first free slot, or in
 * the place of the flow that gives way when the table is full.
 */
static inline uint32_t slot_of_newcomer(const struct flowtable *t, const struct flow_group *g,
					uint16_t tag)
{
	if (t->n_active < t->options.flows_max)
		return (uint32_t)__builtin_ctz(group_free_slots(g) | 1U << (FLOW_GROUP_SLOTS - 1));
	return group_oldest(t, g, tag) % FLOW_GROUP_SLOTS;
}

/* The slot that the packet will most likely touch; its hot line is prefetched. */
static inline void flowtable_point(const struct flowtable *t, struct flow_lookup *l)
{
	const struct flow_group *g = &t->groups[l->group];
	const uint32_t match = group_match(g, l->tag);
	uint32_t slot = (uint32_t)__builtin_ctz(match | 1U << FLOW_GROUP_SLOTS);

	if (unlikely(!match))
		slot = slot_of_newcomer(t, g, l->tag);
	l->slot = l->group * FLOW_GROUP_SLOTS + slot;
	prefetch_line(&t->hot[l->slot]);
}

/* When the table is full: the cold records of the flows that may give way to these packets. */
static inline void flowtable_prefetch_leavers(const struct flowtable *t,
					      const struct flow_lookup *l, unsigned int n)
{
	if (likely(t->n_active < t->options.flows_max))
		return;
	for (unsigned int i = 0; i < n; i++) {
		const struct flow_hot *hot = &t->hot[l[i].slot];
		const struct flow *f = flowtable_flow(t, hot->cold);

		if (hot->key[0] == l[i].key[0])
			continue;
		prefetch_line(&t->groups[l[i].group]);
		prefetch_line(f);
		prefetch_line(&f->mac); /* the second line */
	}
}

/*
 * Whether the slot that a lookup points to holds its flow: a free one holds none. Where devices
 * hash, the same key with another tag is another flow: it may have taken the slot since.
 */
static inline bool slot_is_of(const struct flowtable *t, const struct flow_lookup *l)
{
	const struct flow_hot *hot = &t->hot[l->slot];

	if (unlikely((hot->key[0] ^ l->key[0]) | (hot->key[1] ^ l->key[1])))
		return false;
	return !t->options.device_hashes ||
	       t->groups[l->group].tag[l->slot % FLOW_GROUP_SLOTS] == l->tag;
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
	const uint64_t last = s->last;
	const uint64_t quiet = time - last, other = time - hot->side[!d].last;

	if (unlikely(!slot_is_of(t, l) || hot->state & FLOW_NOT_PLAIN ||
		     l->tcp_flags & METER_TCP_MOVES))
		return NULL;
	/* A packet that comes late was long quiet in these numbers. */
	if (unlikely(quiet > INT64_MAX || (quiet < other ? quiet : other) >= t->idle_span ||
		     hot_deadline_passed(t, hot, l->time_ns)))
		return NULL;
	if (unlikely(!s->packets || !side_count(s, l)))
		return NULL;
	if (unlikely(!side_is_armed(t, last, l->time_ns)))
		slot_arm(t, l->slot, l->time_ns + t->due_span_ns);
	*direction = d;
	return hot;
}
