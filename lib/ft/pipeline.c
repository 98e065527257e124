/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The middle of the packet's way. What only waits for memory is a loop over the burst, and four
 * bursts overlap, so that the waiting is done while something else is computed:
 *
 *	burst N      load: prefetch the packets' first bytes
 *	burst N - 1  take: parse -> key -> hash, prefetch the tag group
 *	burst N - 2  point: prefetch the hot line that the tags point to
 *	burst N - 3  meter: find the flow -> account -> inspect -> verdict, in order, one by one
 *
 * Only the last stage changes flows, so cuts and slices are exact and no burst size shows in a
 * record. The stages themselves are in stages.c, what they seldom do in metering.c.
 */
#include "ft/table.h"

#include <string.h>

#include "core/clock.h"
#include "ft/log.h"
#include "ft/metering.h"

/* The burst that was loaded so many turns ago. */
static inline struct burst *burst_of_age(struct ft_table *t, unsigned int age)
{
	return &t->bursts[(t->turn + PFRING_FT_BURSTS_HELD - age) % PFRING_FT_BURSTS_HELD];
}

/* One turn of the pipeline: every burst moves one stage on, the oldest comes out. */
static unsigned int pipeline_turn(struct ft_table *t, const pfring_ft_packet *in, unsigned int n_in,
				  pfring_ft_packet *out)
{
	struct burst *newest = burst_of_age(t, 0), *oldest = burst_of_age(t, 3);
	unsigned int n_out = oldest->n;

	t->stages->load(newest, in, n_in);
	t->stages->take(t, burst_of_age(t, 1), newest);
	t->stages->meter(t, oldest, burst_of_age(t, 2));

	if (n_out && out)
		memcpy(out, oldest->packets, n_out * sizeof *out);
	oldest->n = 0;
	t->held += n_in - n_out;
	t->turn = (t->turn + 1) % PFRING_FT_BURSTS_HELD;
	return n_out;
}

pfring_ft_packet *pfring_ft_own_burst(pfring_ft_table *table)
{
	struct ft_table *t = table;

	return burst_of_age(t, 0)->packets;
}

unsigned int pfring_ft_process_burst(pfring_ft_table *table, const pfring_ft_packet *in,
				     unsigned int n_in, pfring_ft_packet *out)
{
	struct ft_table *t = table;
	unsigned int n_out;

	if (unlikely(n_in > PFRING_FT_BURST_MAX)) {
		ft_log("%s: %u packets at once; allowed: %u", __func__, n_in, PFRING_FT_BURST_MAX);
		return 0;
	}
	if (ft_called_from_callback(t, __func__))
		return 0;
	n_out = pipeline_turn(t, in, n_in, out);

	/* Nothing new: what is held comes out at once, it waits for no other packet. */
	while (!n_in && !n_out && t->held)
		n_out = pipeline_turn(t, NULL, 0, out);
	return n_out;
}

/* The stages with a burst of one, which overlaps with nothing. */
pfring_ft_action pfring_ft_process(pfring_ft_table *table, const u_char *packet,
				   const pfring_ft_pcap_pkthdr *header,
				   const pfring_ft_ext_pkthdr *ext_header)
{
	struct ft_table *t = table;
	struct burst *b = &t->bursts[t->turn]; /* empty: it would be loaded next */
	pfring_ft_packet one = {
		.data = packet,
		.time_ns = timeval_to_ns(&header->ts),
		.caplen = header->caplen,
		.len = header->len,
		.link = PFRING_FT_LINK_ETHERNET,
		.flags = PFRING_FT_PACKET_WIRE_LEN,
	};

	if (ft_called_from_callback(t, __func__))
		return PFRING_FT_ACTION_DEFAULT;
	if (ext_header) {
		one.hash = ext_header->hash;
		one.device_id = ext_header->device_id;
		one.port_id = ext_header->port_id;
	}
	t->header = header;
	t->ext_header = ext_header;
	t->stages->load(b, &one, 1);
	t->stages->take(t, b, burst_of_age(t, 1));
	t->stages->meter(t, burst_of_age(t, 1), b);
	t->stages->meter(t, b, burst_of_age(t, 1));
	b->n = 0;
	t->header = NULL;
	t->ext_header = NULL;
	return b->packets[0].action;
}

u_int32_t pfring_ft_packet_hash(const pfring_ft_packet *packet, int tunnels)
{
	struct packet k = {
		.data = packet->data,
		.len = packet->caplen,
		.wire_len = packet->len,
		.link_type = packet->link,
		.flags = packet->flags & PFRING_FT_PACKET_WIRE_LEN ? PACKET_WIRE_LEN : 0,
	};

	if (!tunnels)
		return packet_symmetric_hash(packet->data, packet->caplen, packet->link);
	return packet_inner_hash(&k);
}

int pfring_ft_housekeeping_ns(pfring_ft_table *table, u_int64_t now_ns)
{
	struct ft_table *t = table;

	if (ft_called_from_callback(t, __func__))
		return 0;
	if (t->zmq)
		ft_zmq_poll(t);
	if (now_ns > t->flows->now_ns && !flowtable_time(t->flows, now_ns))
		ft_settle_time(t, now_ns);
	return ft_sweep(t, now_ns);
}

int pfring_ft_housekeeping(pfring_ft_table *table, u_int32_t epoch)
{
	return pfring_ft_housekeeping_ns(table, epoch * SECOND_NS);
}

void pfring_ft_flush(pfring_ft_table *table)
{
	struct ft_table *t = table;
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	bool more;

	if (ft_called_from_callback(t, __func__))
		return;
	while (pfring_ft_process_burst(t, NULL, 0, out))
		;
	do {
		ft_reclaim(t);
		more = flowtable_flush_step(t->flows, FLOW_END_STEP);
		ft_take_ended(t);
	} while (more);
	if (t->zmq)
		ft_zmq_poll(t);
}
