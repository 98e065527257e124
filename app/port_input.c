/* SPDX-License-Identifier: BSD-3-Clause */
/* Bursts from queues and from other lanes' rings, as packets that a table takes. */
#include "port_input.h"

#include <rte_ethdev.h>

#include "log.h"

/* Polls of the own queues in one receive() that bring packets for other lanes only: then the lane
 * looks around. */
#define POLLS_MAX 64

_Static_assert(PFRING_FT_BURST_MAX <= BURST_MAX, "a burst of the lane is a burst of the table");

static uint64_t now_ns(void *self)
{
	struct port_input *in = self;

	return burst_clock_ns(&in->clock) + (uint64_t)in->epoch_offset_ns;
}

/* Frames larger than the MTU were joined by offloads, and the driver has no room for them: said
 * once a port. */
static void __attribute__((cold, noinline)) tell_cut(struct port_face *p)
{
	if (atomic_exchange_explicit(&p->cut_told, true, memory_order_relaxed))
		return;
	log_warning("%s: frames larger than the MTU of %u arrive and are cut after %u bytes; bytes "
		    "are counted from the IP header, packets are those of the joined frames; "
		    "\"ethtool -K %s gro off lro off tso off gso off\" (and the same at the peer "
		    "of a veth) keeps them apart",
		    p->name, p->mtu_bytes, p->cut_bytes, p->name);
}

static inline void fill(pfring_ft_packet *out, struct rte_mbuf *m, struct port_face *p,
			uint64_t time_ns)
{
	bool cut = p->cut_bytes && rte_pktmbuf_data_len(m) >= p->cut_bytes;

	if (unlikely(cut))
		tell_cut(p);
	*out = (pfring_ft_packet){
		.data = rte_pktmbuf_mtod(m, const u_char *),
		.cookie = m,
		.time_ns = time_ns,
		.caplen = rte_pktmbuf_data_len(m),
		.len = rte_pktmbuf_pkt_len(m),
		.hash = p->hash && m->ol_flags & RTE_MBUF_F_RX_RSS_HASH ? m->hash.rss : 0,
		.port_id = p->number,
		.link = PFRING_FT_LINK_ETHERNET,
		.flags = p->wire_len_known && !cut ? PFRING_FT_PACKET_WIRE_LEN : 0,
	};
}

/* Keeps the packets of this lane's flows, puts the others into batches. Returns how many were kept.
 */
static unsigned int sort_burst(struct port_input *in, struct port_face *p,
			       struct rte_mbuf **packets, unsigned int n)
{
	struct distribute *d = in->distribute;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = packets[i];
		pfring_ft_packet view;

		fill(&view, m, p, 0);
		unsigned int lane = distribute_lane_of(d, pfring_ft_packet_hash(&view, d->tunnels));

		m->port = p->id; /* not every driver writes it */
		if (lane == in->lane)
			packets[kept++] = m;
		else
			in->batches[lane].packets[in->batches[lane].n++] = m;
	}
	distribute_put(d, in->lane, in->batches, in->table);
	return kept;
}

static unsigned int poll_queue(struct port_input *in, const struct port_queue *q,
			       pfring_ft_packet *out, unsigned int max, bool *busy)
{
	struct rte_mbuf *packets[PFRING_FT_BURST_MAX];
	unsigned int n = rte_eth_rx_burst(q->port->id, q->queue, packets, (uint16_t)max);
	uint64_t time_ns;

	if (n == 0)
		return 0;
	*busy = true;
	time_ns = now_ns(in);
	if (q->port->distribute)
		n = sort_burst(in, q->port, packets, n);
	for (unsigned int i = 0; i < n; i++)
		fill(&out[i], packets[i], q->port, time_ns);
	return n;
}

/* Every queue once, from another one each time; again as long as all packets were for other lanes.
 */
static unsigned int take_from_queues(struct port_input *in, pfring_ft_packet *out, unsigned int max)
{
	unsigned int n = 0;
	bool busy = true;

	for (unsigned int polls = 0; busy && n == 0 && polls < POLLS_MAX; polls++) {
		busy = false;
		for (unsigned int i = 0; i < in->n_queues && n < max; i++) {
			unsigned int q = (in->next_queue + i) % in->n_queues;

			n += poll_queue(in, &in->queues[q], out + n, max - n, &busy);
		}
		in->next_queue++;
	}
	return n;
}

static unsigned int take_from_rings(struct port_input *in, pfring_ft_packet *out, unsigned int max)
{
	struct rte_mbuf *packets[PFRING_FT_BURST_MAX];
	unsigned int n;
	uint64_t time_ns;

	if (!in->distribute)
		return 0;
	n = distribute_take(in->distribute, in->lane, &in->next_ring, packets, max);
	time_ns = n ? now_ns(in) : 0;
	for (unsigned int i = 0; i < n; i++)
		fill(&out[i], packets[i], in->by_id[packets[i]->port], time_ns);
	return n;
}

/* Rings and queues take turns in being first, so that neither starves the other. */
static int receive(void *self, pfring_ft_packet *out, unsigned int max)
{
	struct port_input *in = self;
	unsigned int n;

	if (in->rings_last) {
		n = take_from_queues(in, out, max);
		n += n < max ? take_from_rings(in, out + n, max - n) : 0;
	} else {
		n = take_from_rings(in, out, max);
		n += n < max ? take_from_queues(in, out + n, max - n) : 0;
	}
	in->rings_last = !in->rings_last;
	return (int)n;
}

static void release(void *self, const pfring_ft_packet *packets, unsigned int n)
{
	struct rte_mbuf *mbufs[PFRING_FT_BURST_MAX];

	(void)self;
	for (unsigned int i = 0; i < n; i++)
		mbufs[i] = packets[i].cookie;
	rte_pktmbuf_free_bulk(mbufs, n);
}

static void wait_for_packets(void *self)
{
	port_wait(self);
}

struct input port_input(struct port_input *in)
{
	return (struct input){.receive = receive,
			      .release = release,
			      .wait = wait_for_packets,
			      .now_ns = now_ns,
			      .self = in};
}
