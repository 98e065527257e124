/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The middle of the packet's way. What only waits for memory is a loop over the burst, and three
 * bursts overlap, so that the waiting is done while something else is computed:
 *
 *	burst N      load -> parse -> look up: hash, prefetch the tag group
 *	burst N - 1  prefetch the hot line that the tags point to
 *	burst N - 2  meter: claim the flow -> account -> inspect -> verdict, in order, one by one
 *
 * Only the last stage changes flows, so cuts and slices are exact and no burst size shows
 * in a record.
 */
#include "ft/table.h"

#include <string.h>

/* Flows that one sweep may end. */
#define SWEEP_FLOWS_AT_ONCE 64

/* The part of a view that the source knows. */
static inline void view_load(struct packet *k, const pfring_ft_packet *in)
{
	k->data = in->data;
	k->len = in->flags & PFRING_FT_PACKET_IGNORE ? 0 : in->caplen;
	k->wire_len = in->len;
	k->time_ns = in->time_ns;
	k->port_id = in->port_id;
	k->link_type = in->link;
	k->flags = in->flags & PFRING_FT_PACKET_WIRE_LEN ? PACKET_WIRE_LEN : 0;
}

static void burst_load(struct burst *b, const pfring_ft_packet *in, unsigned int n)
{
	b->n = n;
	if (n)
		memcpy(b->packets, in, n * sizeof *in);
	for (unsigned int i = 0; i < n; i++) {
		b->packets[i].action = PFRING_FT_ACTION_DEFAULT;
		view_load(&b->views[i], &in[i]);
	}
}

/* Packets that make no flow end their way here, under their reason. */
static void burst_look_up(struct ft_table *t, struct burst *b)
{
	unsigned int m = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		const struct packet *k = &b->views[i];

		if (unlikely(b->packets[i].flags & PFRING_FT_PACKET_IGNORE))
			continue;
		counter_add(&t->counters.rx_packets, 1);
		counter_add(&t->counters.rx_bytes, k->wire_len);
		if (unlikely(k->drop != DROP_NONE)) {
			counter_add(&t->counters.dropped[k->drop], 1);
			continue;
		}
		counter_add(&t->counters.metered_packets, 1);
		counter_add(&t->counters.metered_bytes, k->l3_len);
		b->metered[m] = (uint8_t)i;
		flowtable_lookup(t->flows, k, 0, &b->lookups[m]);
		flowtable_prefetch_group(t->flows, &b->lookups[m]);
		m++;
	}
	b->n_metered = m;
}

/* Time jumps: whatever it ended leaves, step by step, before the packet that brought it. */
static __attribute__((noinline)) void settle_time(struct ft_table *t, uint64_t time_ns)
{
	bool more;

	do {
		more = flowtable_settle(t->flows, time_ns, FLOW_END_STEP);
		ft_emit_ended(t);
		ft_reclaim(t);
	} while (more);
}

/* Once the verdict is final nobody watches the flow any more. */
static void inspect(struct ft_table *t, struct flow_hot *hot, const struct packet *k,
		    unsigned int direction)
{
	struct dpi_annex *annex = flow_dpi(flowtable_flow(t->flows, hot->cold));

	dpi_inspect(t->dpi, annex, k, direction);
	if (annex->final)
		hot->state &= (uint16_t)~FLOW_WATCHED;
}

/*
 * Time passes for flows without packets, too: a bounded look at the table. Between packets it is
 * called at times that the packets alone decide, so that no burst size decides who is swept.
 */
static bool sweep(struct ft_table *t, uint64_t now_ns)
{
	bool more = flowtable_sweep(t->flows, now_ns, SWEEP_GROUPS_MAX, SWEEP_FLOWS_AT_ONCE);

	ft_emit_ended(t);
	ft_reclaim(t);
	return more;
}

static inline void meter_packet(struct ft_table *t, const struct packet *k,
				const struct flow_lookup *l)
{
	if (unlikely(k->time_ns < t->flows->now_ns))
		t->counters.notes[NOTE_time_backwards]++;
	if (unlikely(!flowtable_time(t->flows, k->time_ns)))
		settle_time(t, k->time_ns);

	if (unlikely(flowtable_sweep_due(t->flows, k->time_ns)))
		sweep(t, t->flows->now_ns);

	struct flow_hot *hot = flowtable_claim(t->flows, k, l);
	if (unlikely(t->flows->ended.head)) {
		ft_emit_ended(t);
		ft_reclaim(t);
	}
	if (unlikely(hot->state & FLOW_HUSK) && t->dpi)
		hot->state |= FLOW_WATCHED;

	unsigned int direction = flowtable_account(t->flows, hot, k, l);
	if (hot->state & FLOW_WATCHED)
		inspect(t, hot, k, direction);
}

static void burst_meter(struct ft_table *t, struct burst *b)
{
	for (unsigned int m = 0; m < b->n_metered; m++)
		meter_packet(t, &b->views[b->metered[m]], &b->lookups[m]);
}

/* One turn of the pipeline: every burst moves one stage on, the oldest comes out. */
static unsigned int pipeline_turn(struct ft_table *t, const pfring_ft_packet *in, unsigned int n_in,
				  pfring_ft_packet *out)
{
	struct burst *oldest = &t->bursts[(t->turn + 1) % PFRING_FT_BURSTS_HELD];
	struct burst *middle = &t->bursts[(t->turn + 2) % PFRING_FT_BURSTS_HELD];
	struct burst *newest = &t->bursts[t->turn];
	unsigned int n_out = oldest->n;

	burst_load(newest, in, n_in);
	parse_packet_burst(&t->parser, newest->views, newest->n);
	burst_look_up(t, newest);
	flowtable_prefetch_hot_burst(t->flows, middle->lookups, middle->n_metered);
	burst_meter(t, oldest);

	if (n_out)
		memcpy(out, oldest->packets, n_out * sizeof *out);
	oldest->n = oldest->n_metered = 0;
	t->held += n_in - n_out;
	t->turn = (t->turn + 1) % PFRING_FT_BURSTS_HELD;
	return n_out;
}

unsigned int pfring_ft_process_burst(pfring_ft_table *table, const pfring_ft_packet *in,
				     unsigned int n_in, pfring_ft_packet *out)
{
	struct ft_table *t = table;
	unsigned int n_out = pipeline_turn(t, in, n_in, out);

	/* Nothing new: what is held comes out at once, it waits for no other packet. */
	while (!n_in && !n_out && t->held)
		n_out = pipeline_turn(t, NULL, 0, out);
	return n_out;
}

pfring_ft_action pfring_ft_process(pfring_ft_table *table, const u_char *packet,
				   const pfring_ft_pcap_pkthdr *header,
				   const pfring_ft_ext_pkthdr *ext_header)
{
	pfring_ft_packet one = {
		.data = packet,
		.time_ns = (u_int64_t)header->ts.tv_sec * 1000000000U +
			   (u_int64_t)header->ts.tv_usec * 1000U,
		.caplen = header->caplen,
		.len = header->len,
		.hash = ext_header ? ext_header->hash : 0,
		.link = PFRING_FT_LINK_ETHERNET,
		.flags = PFRING_FT_PACKET_WIRE_LEN,
	};
	pfring_ft_packet out[PFRING_FT_BURST_MAX];

	pfring_ft_process_burst(table, &one, 1, out);
	while (pfring_ft_process_burst(table, NULL, 0, out))
		;
	return out[0].action;
}

u_int32_t pfring_ft_packet_hash(const pfring_ft_packet *packet, int tunnels)
{
	struct packet k;

	if (!tunnels)
		return packet_symmetric_hash(packet->data, packet->caplen, packet->link);
	view_load(&k, packet);
	return packet_inner_hash(&k);
}

int pfring_ft_housekeeping_ns(pfring_ft_table *table, u_int64_t now_ns)
{
	struct ft_table *t = table;

	if (now_ns > t->flows->now_ns && !flowtable_time(t->flows, now_ns))
		settle_time(t, now_ns);
	return sweep(t, now_ns);
}

int pfring_ft_housekeeping(pfring_ft_table *table, u_int32_t epoch)
{
	return pfring_ft_housekeeping_ns(table, (u_int64_t)epoch * 1000000000U);
}

void pfring_ft_flush(pfring_ft_table *table)
{
	struct ft_table *t = table;
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	bool more;

	while (pfring_ft_process_burst(t, NULL, 0, out))
		;
	do {
		more = flowtable_flush_step(t->flows, FLOW_END_STEP);
		ft_emit_ended(t);
		ft_reclaim(t);
	} while (more);
}
