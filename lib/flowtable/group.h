/* SPDX-License-Identifier: BSD-3-Clause */
/* Tag groups inside the flow table: sixteen compares at once, and the hot line behind each tag. */
#pragma once

#include "flowtable/table.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bit i: slot i carries the tag. */
static inline uint32_t group_match(const struct flow_group *g, uint16_t tag)
{
#ifdef __SSE2__
	const __m128i want = _mm_set1_epi16((short)tag);
	__m128i low = _mm_load_si128((const __m128i *)&g->tag[0]);
	__m128i high = _mm_load_si128((const __m128i *)&g->tag[8]);

	return (uint32_t)_mm_movemask_epi8(
		_mm_packs_epi16(_mm_cmpeq_epi16(low, want), _mm_cmpeq_epi16(high, want)));
#else
	uint32_t mask = 0;

	for (unsigned int i = 0; i < FLOW_GROUP_SLOTS; i++)
		mask |= (uint32_t)(g->tag[i] == tag) << i;
	return mask;
#endif
}

static inline uint32_t group_free_slots(const struct flow_group *g)
{
	return group_match(g, 0);
}

static inline uint32_t group_next(const struct flowtable *t, uint32_t group)
{
	return group + 1 == t->n_groups ? 0 : group + 1;
}

/* The time in age units, as the due bytes keep it. */
static inline uint8_t age_of(const struct flowtable *t, uint64_t time_ns)
{
	return (uint8_t)(time_ns >> t->age_shift);
}

/*
 * Writes when the sweep must look at a slot; rounded up, so that it never looks in vain at that
 * time.
 */
static inline void slot_arm(struct flowtable *t, uint32_t slot, uint64_t due_ns)
{
	uint8_t *due = &t->groups[slot / FLOW_GROUP_SLOTS].due[slot % FLOW_GROUP_SLOTS];
	uint8_t value = (uint8_t)(age_of(t, due_ns) + 1);

	if (*due != value)
		*due = value;
}

/* The sweep looks at a slot as soon as it passes. */
static inline void slot_arm_now(struct flowtable *t, uint32_t slot)
{
	t->groups[slot / FLOW_GROUP_SLOTS].due[slot % FLOW_GROUP_SLOTS] = age_of(t, t->now_ns);
}

/* How many slots are in use, and how many of them are flows; other threads read both. */
static inline void flowtable_set_active(struct flowtable *t, uint32_t n)
{
	__atomic_store_n(&t->n_active, n, __ATOMIC_RELAXED);
}

static inline void flowtable_set_live(struct flowtable *t, uint32_t n)
{
	__atomic_store_n(&t->n_live, n, __ATOMIC_RELAXED);
}

static inline uint32_t hot_slot(const struct flowtable *t, const struct flow_hot *hot)
{
	return (uint32_t)(hot - t->hot);
}
