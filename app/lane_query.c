/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns go one way, answers the other; blocks are a ring with one writer and one reader. */
#include "lane_query.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_ring.h>

#include "ft/ft.h"
#include "lane.h"

int lane_query_create(struct lane_query **out)
{
	struct lane_query *q = aligned_alloc(64, (sizeof *q + 63) & ~(size_t)63);
	const size_t len = LANE_QUERY_BLOCKS * sizeof(struct ft_copies);
	struct ft_copies *blocks = aligned_alloc(64, (len + 63) & ~(size_t)63);

	if (!q || !blocks) {
		free(q);
		free(blocks);
		return -ENOMEM;
	}
	*q = (struct lane_query){.blocks = blocks};
	*out = q;
	return 0;
}

void lane_query_free(struct lane_query *q)
{
	if (q)
		free(q->blocks);
	free(q);
}

/* ---- the lane ---- */

/* A block, if one may be filled; the copy is done when there is nothing to put into it. */
static bool fill_block(struct lane_query *q, pfring_ft_table *table, unsigned int turn)
{
	struct ft_copies *b = &q->blocks[q->written % LANE_QUERY_BLOCKS];

	if ((int)(atomic_load_explicit(&q->granted, memory_order_acquire) - q->written) <= 0)
		return false;
	if (!ft_copy_flows(table, &q->cursor, b,
			   atomic_load_explicit(&q->with_names, memory_order_relaxed))) {
		q->copied = true;
		return false;
	}
	b->flows.turn = turn;
	q->written++;
	return true;
}

static bool step_copy(struct lane_query *q, pfring_ft_table *table)
{
	const unsigned int turn = atomic_load_explicit(&q->copy_asked, memory_order_acquire);
	unsigned int n = 0;

	if (q->written != atomic_load_explicit(&q->filled, memory_order_relaxed)) {
		/* A poll later, they have arrived, and nobody waits for them. */
		ft_copies_done();
		atomic_store_explicit(&q->filled, q->written, memory_order_release);
	}
	if (turn == atomic_load_explicit(&q->copy_done, memory_order_relaxed))
		return false;
	if (q->copying != turn) {
		q->copying = turn;
		q->cursor = 0;
		q->copied = false;
	}
	if (q->copied) {
		/* After the last blocks. */
		atomic_store_explicit(&q->copy_done, turn, memory_order_release);
		return false;
	}
	while (n < LANE_QUERY_BLOCKS_A_POLL && fill_block(q, table, turn))
		n++;
	return n || q->copied;
}

static void step_counters(struct lane_query *q, struct lane *l)
{
	const unsigned int turn = atomic_load_explicit(&q->counters_asked, memory_order_acquire);

	if (turn == atomic_load_explicit(&q->counters_done, memory_order_relaxed))
		return;
	q->counters = *ft_counters(l->table);
	q->flows_active = ft_flows_active(l->table);
	atomic_store_explicit(&q->counters_done, turn, memory_order_release);
}

/* No record is lost for it: what is out and the exporter's ring have room for the step. */
static bool step_expiry(struct lane_query *q, struct lane *l)
{
	const unsigned int turn = atomic_load_explicit(&q->expiry_asked, memory_order_acquire);

	if (turn == atomic_load_explicit(&q->expiry_done, memory_order_relaxed))
		return false;
	if (q->expiring != turn) {
		q->expiring = turn;
		q->expiry = (struct ft_expiry){0};
	}
	if (!l->tell && rte_ring_free_count(l->ended) < 4 * LANE_QUERY_EXPIRE_FLOWS)
		return false;
	if (ft_expire_flows(l->table, &q->expiry, LANE_QUERY_EXPIRE_FLOWS))
		return true;
	q->expired = q->expiry.ended;
	atomic_store_explicit(&q->expiry_done, turn, memory_order_release);
	return true;
}

bool lane_query_step(struct lane *l)
{
	struct lane_query *q = l->query;
	bool worked = step_copy(q, l->table);

	step_counters(q, l);
	worked |= step_expiry(q, l);
	/* What is asked at this moment is seen when the asker looks again. */
	if (!worked)
		atomic_store_explicit(&q->asked, false, memory_order_relaxed);
	return worked;
}

/* ---- the asker ---- */

static unsigned int asked(const atomic_uint *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void ask(struct lane_query *q, atomic_uint *word)
{
	const unsigned int turn = asked(word) + 1;

	atomic_store_explicit(word, turn ? turn : 1, memory_order_release);
	atomic_store_explicit(&q->asked, true, memory_order_release);
}

void lane_query_copy(struct lane_query *q, bool with_names)
{
	atomic_store_explicit(&q->with_names, with_names, memory_order_relaxed);
	ask(q, &q->copy_asked);
}

void lane_query_grant(struct lane_query *q, unsigned int n)
{
	const unsigned int filled = atomic_load_explicit(&q->filled, memory_order_acquire);
	const unsigned int room = LANE_QUERY_BLOCKS - (filled - q->taken);

	atomic_store_explicit(&q->granted, filled + (n < room ? n : room), memory_order_release);
	atomic_store_explicit(&q->asked, true, memory_order_release);
}

const struct ft_copies *lane_query_block(struct lane_query *q)
{
	for (;;) {
		const struct ft_copies *b = &q->blocks[q->taken % LANE_QUERY_BLOCKS];

		if (q->taken == atomic_load_explicit(&q->filled, memory_order_acquire))
			return NULL;
		if (b->flows.turn == asked(&q->copy_asked))
			return b;
		lane_query_taken(q); /* of an earlier turn */
	}
}

void lane_query_taken(struct lane_query *q)
{
	q->taken++;
}

bool lane_query_copied(struct lane_query *q)
{
	return atomic_load_explicit(&q->copy_done, memory_order_acquire) == asked(&q->copy_asked) &&
	       !lane_query_block(q);
}

void lane_query_counters(struct lane_query *q)
{
	ask(q, &q->counters_asked);
}

/* Whether a turn has come; the lane may have looked before it saw what was asked. */
static bool has_come(struct lane_query *q, const atomic_uint *done, const atomic_uint *wanted)
{
	if (atomic_load_explicit(done, memory_order_acquire) == asked(wanted))
		return true;
	atomic_store_explicit(&q->asked, true, memory_order_release);
	return false;
}

bool lane_query_counted(struct lane_query *q)
{
	return has_come(q, &q->counters_done, &q->counters_asked);
}

void lane_query_expire(struct lane_query *q)
{
	ask(q, &q->expiry_asked);
}

bool lane_query_expired(struct lane_query *q)
{
	return has_come(q, &q->expiry_done, &q->expiry_asked);
}
