/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What another thread may ask a lane: copies of its flows, its counters at one moment, the end of
 * all its flows. The lane answers between two bursts, a little at a time; nobody else touches its
 * table. One thread asks.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/counters.h"
#include "ft/live.h"

struct lane;

/* A block of copies, and which turn of asking it belongs to. */
struct lane_block {
	unsigned int turn;
	struct ft_copies copies;
};

struct lane_query {
	/* Written by the asker: turns count up, and 0 was never asked for. */
	/*
	 * The only word that a lane reads when it has nothing to do for it. The lane clears it when
	 * it has done what it could; the asker sets it again whenever it looks.
	 */
	atomic_bool asked;
	atomic_bool with_names;
	atomic_uint copy_asked, counters_asked, expiry_asked;
	atomic_uint granted; /* blocks that the lane may have filled by now */
	atomic_uint taken;   /* blocks that the asker is done with */
	/* Written by the lane. */
	_Alignas(64) atomic_uint filled;
	atomic_uint copy_done, counters_done, expiry_done; /* turns */
	struct lane_counters counters;
	uint64_t flows_active, now_ns;
	uint64_t expired;
	/* Of the lane alone. */
	unsigned int copying, expiring; /* turns */
	unsigned int written; /* blocks: .filled, or one more */
	uint32_t cursor;
	struct ft_expiry expiry;
	struct lane_block *blocks; /* LANE_QUERY_BLOCKS of them */
};

/* For a lane that does not run yet. 0 or -ENOMEM. */
int lane_query_create(struct lane_query **out);
void lane_query_free(struct lane_query *q);

/* ---- the lane ---- */

/* A step of what is asked; true when there was something to do. The lane's thread. */
bool lane_query_step(struct lane *l);

/* ---- the asker: one thread ---- */

/* Begins a copy of all flows; what is left of an earlier one is thrown away. */
void lane_query_copy(struct lane_query *q, bool with_names);
/* Lets the lane fill n more blocks, as far as there is room. */
void lane_query_grant(struct lane_query *q, unsigned int n);
/* The next block, NULL when none is there; lane_query_taken() gives it back. */
const struct ft_copies *lane_query_block(struct lane_query *q);
void lane_query_taken(struct lane_query *q);
/* Whether all blocks of the copy have been filled and taken. */
bool lane_query_copied(struct lane_query *q);

/* Asks for the counters; when they are there, they stand still until they are asked for again. */
void lane_query_counters(struct lane_query *q);
bool lane_query_counted(struct lane_query *q);

/* Asks for the end of all flows, and whether it has come. */
void lane_query_expire(struct lane_query *q);
bool lane_query_expired(struct lane_query *q);
