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

/*
 * Each line of it is written by one side and read by the other as seldom as can be: a line that
 * comes from another CPU costs a lane as much as ten packets.
 */
struct lane_query {
	/*
	 * The only word that a lane reads when it has nothing to do for it. The lane clears it when
	 * it has done what it could; the asker sets it again whenever it looks.
	 */
	_Alignas(64) atomic_bool asked;
	/* Written by the asker: turns count up, and 0 was never asked for. */
	_Alignas(64) atomic_uint copy_asked;
	atomic_uint counters_asked, expiry_asked;
	atomic_uint granted; /* blocks that the lane may have filled by now */
	atomic_bool with_names;
	/* Written by the lane. */
	_Alignas(64) atomic_uint filled;
	atomic_uint copy_done, counters_done, expiry_done; /* turns */
	/* Of the asker alone. */
	_Alignas(64) unsigned int taken; /* blocks that it is done with */
	/* Of the lane alone. */
	_Alignas(64) unsigned int copying;
	unsigned int expiring; /* turns */
	unsigned int written;  /* blocks: .filled, or one more */
	uint32_t cursor;
	bool copied; /* to the end */
	struct ft_expiry expiry;
	struct ft_copies *blocks; /* LANE_QUERY_BLOCKS of them */
	/* Answers. */
	_Alignas(64) struct lane_counters counters;
	uint64_t flows_active;
	uint64_t expired;
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
