/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets from lane to lane. */
#include "distribute.h"

#include <stdlib.h>

#include <rte_mbuf.h>

/* An rte_ring in memory of our own: nothing has to be named, and it goes with free(). */
static struct rte_ring *ring_create(unsigned int size)
{
	ssize_t len = rte_ring_get_memsize(size);
	struct rte_ring *r =
		len > 0 ? aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP((size_t)len)) :
			  NULL;

	if (r && rte_ring_init(r, "lane", size, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

struct distribute *distribute_create(unsigned int n_lanes, unsigned int ring_size, bool tunnels)
{
	struct distribute *d = calloc(1, sizeof *d + (size_t)n_lanes * n_lanes * sizeof *d->rings);

	if (!d)
		return NULL;
	d->n_lanes = n_lanes;
	d->tunnels = tunnels;
	for (unsigned int i = 0; i < n_lanes * n_lanes; i++) {
		if (i / n_lanes == i % n_lanes)
			continue;
		d->rings[i] = ring_create(ring_size);
		if (!d->rings[i]) {
			distribute_free(d);
			return NULL;
		}
	}
	return d;
}

uint32_t distribute_waiting(const struct distribute *d, unsigned int to)
{
	uint32_t n = 0;

	for (unsigned int from = 0; from < d->n_lanes; from++)
		if (from != to)
			n += rte_ring_count(d->rings[from * d->n_lanes + to]);
	return n;
}

void distribute_drain(struct distribute *d, struct lane_counters *c)
{
	struct rte_mbuf *packets[PFRING_FT_BURST_MAX];
	unsigned int next = 0, n;

	for (unsigned int to = 0; to < d->n_lanes; to++)
		while ((n = distribute_take(d, to, &next, packets, PFRING_FT_BURST_MAX)) > 0) {
			uint64_t bytes = 0;

			for (unsigned int i = 0; i < n; i++)
				bytes += rte_pktmbuf_pkt_len(packets[i]);
			c->rx_bytes += bytes;
			c->ignored_bytes += bytes;
			c->rx_packets += n;
			c->dropped[DROP_lane_stopped] += n;
			rte_pktmbuf_free_bulk(packets, n);
		}
}

void distribute_free(struct distribute *d)
{
	if (!d)
		return;
	for (unsigned int i = 0; i < d->n_lanes * d->n_lanes; i++)
		free(d->rings[i]);
	free(d);
}

unsigned int distribute_take(struct distribute *d, unsigned int to, unsigned int *next,
			     struct rte_mbuf **packets, unsigned int max)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < d->n_lanes && n < max; i++) {
		unsigned int from = (*next + i) % d->n_lanes;

		if (from != to)
			n += rte_ring_sc_dequeue_burst(d->rings[from * d->n_lanes + to],
						       (void **)&packets[n], max - n, NULL);
	}
	*next = (*next + 1) % d->n_lanes;
	return n;
}

static void put_batch(struct rte_ring *ring, struct distribute_batch *b, pfring_ft_table *table)
{
	unsigned int n = rte_ring_sp_enqueue_burst(ring, (void *const *)b->packets, b->n, NULL);

	for (unsigned int i = n; i < b->n; i++)
		ft_count_drop(table, DROP_lane_ring_full, rte_pktmbuf_pkt_len(b->packets[i]));
	if (n < b->n)
		rte_pktmbuf_free_bulk(&b->packets[n], b->n - n);
	b->n = 0;
}

void distribute_put(struct distribute *d, unsigned int from, struct distribute_batch *batches,
		    pfring_ft_table *table)
{
	for (unsigned int to = 0; to < d->n_lanes; to++)
		if (batches[to].n)
			put_batch(d->rings[from * d->n_lanes + to], &batches[to], table);
}
