/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All flows end, in the order in which they began: that is how people read them, and it is the same
 * every time.
 */
#include "flowtable/expire.h"

#include <stdlib.h>

#include "flowtable/group.h"

/* Bits of an id that one pass of the sort looks at: its bins fit L1. */
#define SORT_BITS 11
#define SORT_BINS (1U << SORT_BITS)

/*
 * Flows that end so many later are prefetched: the cold record is found through the hot line, which
 * must have come by then.
 */
#define HOT_AHEAD  16
#define COLD_AHEAD 8

/* A flow of a flush and what it is sorted by. */
struct flush_entry {
	uint64_t id;
	struct flow_hot *hot;
};

static void sort_pass(struct flush_entry *to, const struct flush_entry *from, uint32_t n,
		      uint64_t least, unsigned int shift)
{
	uint32_t at[SORT_BINS] = {0}, sum = 0;

	for (uint32_t i = 0; i < n; i++)
		at[(from[i].id - least) >> shift & (SORT_BINS - 1)]++;
	for (uint32_t bin = 0; bin < SORT_BINS; bin++) {
		const uint32_t count = at[bin];

		at[bin] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n; i++)
		to[at[(from[i].id - least) >> shift & (SORT_BINS - 1)]++] = from[i];
}

/* Sorts n entries by radix, room for as many behind them; returns where they are then. */
static struct flush_entry *sort_by_id(struct flush_entry *e, uint32_t n)
{
	struct flush_entry *from = e, *to = e + n;
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t i = 0; i < n; i++) {
		least = e[i].id < least ? e[i].id : least;
		most = e[i].id > most ? e[i].id : most;
	}
	for (unsigned int shift = 0; shift < 64 && (most - least) >> shift; shift += SORT_BITS) {
		struct flush_entry *sorted = to;

		sort_pass(to, from, n, least, shift);
		to = from;
		from = sorted;
	}
	return from;
}

static void prefetch_flow(const struct flow *f)
{
	prefetch_line(f);
	prefetch_line(&f->mac); /* the second line */
}

/* The flows that are in the table; without memory for the list it is the order of the slots. */
static void flush_begin(struct flowtable *t)
{
	const uint32_t n_slots = t->n_groups * FLOW_GROUP_SLOTS;
	struct flush_entry *e = malloc(2 * (size_t)t->n_active * sizeof *e);
	uint32_t n = 0;

	for (uint32_t slot = 0; e && slot < n_slots && n < t->n_active; slot++)
		if (t->groups[slot / FLOW_GROUP_SLOTS].tag[slot % FLOW_GROUP_SLOTS])
			e[n++].hot = &t->hot[slot];
	for (uint32_t i = 0; i < n; i++) {
		if (i + COLD_AHEAD < n)
			prefetch_line(flowtable_flow(t, e[i + COLD_AHEAD].hot->cold));
		e[i].id = flowtable_flow(t, e[i].hot->cold)->id;
	}
	t->flush_memory = e;
	t->flush_order = e ? sort_by_id(e, n) : NULL;
	t->flush_n = n;
	t->flush_at = 0;
}

static void prefetch_ahead(const struct flowtable *t)
{
	const struct flush_entry *e = &t->flush_order[t->flush_at];
	const uint32_t left = t->flush_n - t->flush_at;

	if (left > HOT_AHEAD) {
		prefetch_line(e[HOT_AHEAD].hot);
		prefetch_line(&t->groups[hot_slot(t, e[HOT_AHEAD].hot) / FLOW_GROUP_SLOTS]);
	}
	if (left > COLD_AHEAD)
		prefetch_flow(flowtable_flow(t, e[COLD_AHEAD].hot->cold));
}

/* The next flow to end, NULL when there is none. */
static struct flow_hot *flush_next(struct flowtable *t)
{
	if (!t->n_active)
		return NULL;
	if (t->flush_order) {
		prefetch_ahead(t);
		return t->flush_order[t->flush_at++].hot;
	}
	for (;; t->flush_at++)
		if (t->groups[t->flush_at / FLOW_GROUP_SLOTS].tag[t->flush_at % FLOW_GROUP_SLOTS])
			return &t->hot[t->flush_at++];
}

static enum end_reason flush_reason(const struct flow_hot *hot)
{
	return hot->state & FLOW_CLOSING ? END_DETECTED : END_FORCED;
}

bool flowtable_flush_step(struct flowtable *t, uint32_t flows_max)
{
	struct flow_hot *hot;
	uint32_t ended = 0;

	if (!t->flushing && t->n_active)
		flush_begin(t);
	t->flushing = true;
	while (ended < flows_max && (hot = flush_next(t)) != NULL) {
		if (!flow_settle(t, hot, t->now_ns))
			flowtable_end(t, hot, flush_reason(hot));
		ended++;
	}
	if (t->n_active)
		return true;
	free(t->flush_memory);
	t->flush_memory = t->flush_order = NULL;
	t->flushing = false;
	return false;
}
