/* SPDX-License-Identifier: BSD-3-Clause */
/* Tag groups inside the flow table: sixteen compares at once, and the hot line behind each tag. */
#pragma once

#include "flowtable/table.h"

/* A scalar stage of the pipeline asks for the loop although its compiler knows better. */
#if !defined(FLOWTABLE_SCALAR)
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif
#endif

/* Bit i: slot i carries the tag. */
static inline uint32_t group_match(const struct flow_group *g, uint16_t tag)
{
#if defined(FLOWTABLE_SCALAR) || !(defined(__SSE2__) || defined(__ARM_NEON))
	uint32_t mask = 0;

	for (unsigned int i = 0; i < FLOW_GROUP_SLOTS; i++)
		mask |= (uint32_t)(g->tag[i] == tag) << i;
	return mask;
#elif defined(__AVX512BW__) && defined(__AVX512VL__)
	return _mm256_cmpeq_epi16_mask(_mm256_load_si256((const __m256i *)g->tag),
				       _mm256_set1_epi16((short)tag));
#elif defined(__AVX2__)
	__m256i equal = _mm256_cmpeq_epi16(_mm256_load_si256((const __m256i *)g->tag),
					   _mm256_set1_epi16((short)tag));

	return (uint32_t)_mm_movemask_epi8(
		_mm_packs_epi16(_mm256_castsi256_si128(equal), _mm256_extracti128_si256(equal, 1)));
#elif defined(__SSE2__)
	const __m128i want = _mm_set1_epi16((short)tag);
	__m128i low = _mm_load_si128((const __m128i *)&g->tag[0]);
	__m128i high = _mm_load_si128((const __m128i *)&g->tag[8]);

	return (uint32_t)_mm_movemask_epi8(
		_mm_packs_epi16(_mm_cmpeq_epi16(low, want), _mm_cmpeq_epi16(high, want)));
#else
	/* Bit i of each half is 1 << i where the tag matches; their sum is the mask. */
	static const uint16_t bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
	const uint16x8_t want = vdupq_n_u16(tag), bit = vld1q_u16(bits);
	uint16x8_t low = vandq_u16(vceqq_u16(vld1q_u16(&g->tag[0]), want), bit);
	uint16x8_t high = vandq_u16(vceqq_u16(vld1q_u16(&g->tag[8]), want), bit);

	return (uint32_t)vaddvq_u16(low) | (uint32_t)vaddvq_u16(high) << 8;
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

static inline uint32_t group_used_slots(const struct flow_group *g)
{
	return ~group_free_slots(g) & ((1U << FLOW_GROUP_SLOTS) - 1);
}

/* Bits of the slots in use whose due byte has come by `now`. */
static inline uint32_t group_due(const struct flow_group *g, uint8_t now)
{
	uint32_t early = 0;

#if defined(FLOWTABLE_SCALAR) || !defined(__SSE2__)
	for (unsigned int i = 0; i < FLOW_GROUP_SLOTS; i++)
		early |= (uint32_t)((int8_t)(now - g->due[i]) < 0) << i;
#else
	early = (uint32_t)_mm_movemask_epi8(
		_mm_sub_epi8(_mm_set1_epi8((char)now), _mm_load_si128((const __m128i *)g->due)));
#endif
	return group_used_slots(g) & ~early;
}

/* Bits of the slots whose due byte lies least ahead of `now`, of those in `used` (not 0). */
static inline uint32_t group_due_first(const struct flow_group *g, uint8_t now, uint32_t used)
{
#if defined(FLOWTABLE_SCALAR) || !defined(__SSE2__)
	uint32_t mask = 0;
	int least = INT8_MAX + 1;

	for (uint32_t left = used; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const int ahead = (int8_t)(g->due[i] - now);

		if (ahead > least)
			continue;
		mask = ahead < least ? 1U << i : mask | 1U << i;
		least = ahead;
	}
	return mask;
#else
	/* 0 to 255 for -128 to 127 ahead, and 255 for free slots, which are masked at the end. */
	const __m128i bits =
		_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
	const __m128i halves =
		_mm_unpacklo_epi64(_mm_set1_epi8((char)used), _mm_set1_epi8((char)(used >> 8)));
	const __m128i is_free = _mm_cmpeq_epi8(_mm_and_si128(halves, bits), _mm_setzero_si128());
	const __m128i due = _mm_load_si128((const __m128i *)g->due);
	const __m128i ahead = _mm_or_si128(
		_mm_xor_si128(_mm_sub_epi8(due, _mm_set1_epi8((char)now)), _mm_set1_epi8(-128)),
		is_free);
	__m128i least = _mm_min_epu8(ahead, _mm_srli_si128(ahead, 8));

	least = _mm_min_epu8(least, _mm_srli_si128(least, 4));
	least = _mm_min_epu8(least, _mm_srli_si128(least, 2));
	least = _mm_min_epu8(least, _mm_srli_si128(least, 1));
	least = _mm_set1_epi8((char)_mm_cvtsi128_si32(least));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(ahead, least)) & used;
#endif
}

/*
 * The slot of a group that would be looked at first, FLOW_GROUP_SLOTS if all are free. Of equals,
 * which a flood makes all of them, the key decides: else the first slot would be taken again and
 * again.
 */
static inline uint32_t group_oldest(const struct flowtable *t, const struct flow_group *g,
				    uint16_t tag)
{
	const uint32_t used = group_used_slots(g);
	uint32_t first = used ? group_due_first(g, age_of(t, t->now_ns), used) : 0;
	const uint32_t from = tag >> 1 & (FLOW_GROUP_SLOTS - 1);

	if (!first)
		return FLOW_GROUP_SLOTS;
	/* from `from` on, and round */
	first |= first << FLOW_GROUP_SLOTS;
	return (from + (uint32_t)__builtin_ctz(first >> from)) % FLOW_GROUP_SLOTS;
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

/*
 * Whether a packet in the age unit of its side's last one (flow_side.last) finds the sweep
 * informed. Both ways of counting a packet ask this, so that it does not matter which one a packet
 * goes.
 */
static inline bool side_is_armed(const struct flowtable *t, uint64_t last, uint64_t time_ns)
{
	return !((last ^ time_ns << SIDE_TIME_SHIFT) >> SIDE_TIME_SHIFT >> t->age_shift);
}

/*
 * Counts a packet of now in a side. False, and nothing done: a counter is full, the carries are
 * asked for.
 */
static inline bool side_count(struct flow_side *s, const struct flow_lookup *l)
{
	const uint64_t before = s->octets, octets = before + l->l3_len;
	const int64_t excess = side_excess(s) + (int64_t)l->wire_len - (int64_t)l->l3_len;

	if (unlikely(s->packets == UINT32_MAX || excess != (int16_t)excess ||
		     (octets ^ before) >> SIDE_OCTETS_BITS))
		return false;
	s->octets = octets | (uint64_t)l->tcp_flags << SIDE_FLAGS_SHIFT;
	s->last = l->time_ns << SIDE_TIME_SHIFT | (uint16_t)excess;
	s->packets++;
	return true;
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
