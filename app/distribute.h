/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings between lanes: one for each pair, so that each has one writer and one reader. A lane puts
 * packets into the ring of the lane that owns their flow.
 */
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "ft/ft.h"

/* What a burst brought for other lanes, sorted by lane. */
struct distribute_batch {
	struct rte_mbuf *packets[PFRING_FT_BURST_MAX];
	unsigned int n;
};

struct distribute {
	unsigned int n_lanes;
	bool tunnels;		  /* flows are keyed by inner headers, so these are hashed */
	struct rte_ring *rings[]; /* n_lanes x n_lanes: [from * n_lanes + to], NULL from a lane to
				     itself */
};

/* Rings of ring_size packets (a power of two) for n_lanes lanes, NULL when there is no memory. The
 * main thread. */
struct distribute *distribute_create(unsigned int n_lanes, unsigned int ring_size, bool tunnels);
/* Frees what is still in rings and counts it (lane_stopped). When no lane runs. The main thread. */
void distribute_drain(struct distribute *d, struct lane_counters *c);
void distribute_free(struct distribute *d);

/* Packets that wait in the rings to a lane. Any thread. */
uint32_t distribute_waiting(const struct distribute *d, unsigned int to);

/* The lane of a flow, by the hash of its address pair. */
static inline unsigned int distribute_lane_of(const struct distribute *d, uint32_t hash)
{
	return (unsigned int)(((uint64_t)hash * d->n_lanes) >> 32);
}

/* Up to max packets that other lanes read for lane to, a ring after the other from *next on. That
 * lane's thread. */
unsigned int distribute_take(struct distribute *d, unsigned int to, unsigned int *next,
			     struct rte_mbuf **packets, unsigned int max);

/*
 * Hands the batches [0, n_lanes) of lane from over and empties them. What finds a ring full is
 * freed and counted in table. The lane's thread.
 */
void distribute_put(struct distribute *d, unsigned int from, struct distribute_batch *batches,
		    pfring_ft_table *table);
