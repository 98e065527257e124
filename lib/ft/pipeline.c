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

#include "core/clock.h"
#include "ft/log.h"

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
		prefetch_line(in[i].data);
		b->packets[i].action = PFRING_FT_ACTION_DEFAULT;
		view_load(&b->views[i], &in[i]);
	}
}

/* Packets that make no flow end their way here, under their reason. */
static void burst_look_up(struct ft_table *t, struct burst *b)
{
	uint64_t packets = 0, bytes = 0, metered_bytes = 0;
	unsigned int m = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		const struct packet *k = &b->views[i];

		if (unlikely(b->packets[i].flags & PFRING_FT_PACKET_IGNORE))
			continue;
		packets++;
		bytes += k->wire_len;
		if (unlikely(k->drop != DROP_NONE)) {
			counter_add(&t->counters.dropped[k->drop], 1);
			continue;
		}
		metered_bytes += k->l3_len;
		b->metered[m] = (uint8_t)i;
		flowtable_lookup(t->flows, k, t->use_hash ? b->packets[i].hash : 0, &b->lookups[m]);
		flowtable_prefetch_group(t->flows, &b->lookups[m]);
		m++;
	}
	b->n_metered = m;
	counter_add(&t->counters.rx_packets, packets);
	counter_add(&t->counters.rx_bytes, bytes);
	counter_add(&t->counters.metered_packets, m);
	counter_add(&t->counters.metered_bytes, metered_bytes);
}

/* Time jumps: whatever it ended leaves, step by step, before the packet that brought it. */
static __attribute__((noinline)) void settle_time(struct ft_table *t, uint64_t time_ns)
{
	bool more;

	do {
		ft_reclaim(t);
		more = flowtable_settle(t->flows, time_ns, FLOW_END_STEP);
		ft_take_ended(t);
	} while (more);
}

/* Once the verdict is final, or will come at the end only, nobody watches the flow any more. */
static void inspect(struct ft_table *t, struct flow_hot *hot, const struct packet *k,
		    unsigned int direction)
{
	struct dpi_annex *annex = flow_dpi(flowtable_flow(t->flows, hot->cold));

	dpi_inspect(t->dpi, annex, k, direction);
	if (annex->final || annex->flags & L7_GAVE_UP)
		hot->state &= (uint16_t)~FLOW_WATCHED;
}

/*
 * Time passes for flows without packets, too: a bounded look at the table. Between packets it is
 * called at times that the packets alone decide, so that no burst size decides who is swept.
 */
static bool sweep(struct ft_table *t, uint64_t now_ns)
{
	ft_reclaim(t);
	bool more = flowtable_sweep(t->flows, now_ns, SWEEP_GROUPS_MAX, SWEEP_FLOWS_AT_ONCE);

	ft_take_ended(t);
	return more;
}

/* Time runs backwards, or far ahead. */
static __attribute__((noinline)) void odd_time(struct ft_table *t, uint64_t time_ns)
{
	if (time_ns < t->flows->now_ns)
		counter_add(&t->counters.notes[NOTE_time_backwards], 1);
	if (!flowtable_time(t->flows, time_ns))
		settle_time(t, time_ns);
}

static inline bool attends(const struct ft_table *t)
{
	return atomic_load_explicit(&t->attends, memory_order_relaxed);
}

/* The first packet of a direction says where it comes from. Tables of the API only. */
static void note_origin(struct ft_table *t, const struct metered *m)
{
	struct ft_flow *a = flow_api(flowtable_flow(t->flows, m->hot->cold));

	a->came[m->direction].device_id = m->packet->device_id;
	a->came[m->direction].port_id = (uint8_t)m->packet->port_id;
}

/* So close to the bound of flows that are out, those that came back count. */
static inline bool is_short(const struct flowtable *t)
{
	return t->n_out + 4 * FLOW_END_STEP > t->options.detached_max;
}

/* A callback may have told the packet's flow to end. */
static inline void end_if_doomed(struct ft_table *t, struct flow_hot *hot)
{
	if (likely(!(hot->state & FLOW_DOOMED)))
		return;
	flowtable_end(t->flows, hot, END_FORCED);
	ft_take_ended(t);
}

/* The packet is counted: what the layers above make of it, and the verdict. */
static inline pfring_ft_action consider(struct ft_table *t, const struct metered *m)
{
	const bool attended = t->api && unlikely(attends(t));
	pfring_ft_action action = PFRING_FT_ACTION_DEFAULT;

	if (t->api && m->hot->packets[m->direction] == 1)
		note_origin(t, m);
	if (attended && m->begins)
		ft_tell_new_flow(t, m);
	if (m->hot->state & FLOW_WATCHED)
		inspect(t, m->hot, m->view, m->direction);
	if (attended) {
		action = ft_attend(t, m);
		end_if_doomed(t, m->hot);
	}
	return action;
}

static inline pfring_ft_action meter_packet(struct ft_table *t, const struct packet *k,
					    const pfring_ft_packet *p, const struct flow_lookup *l)
{
	if (unlikely(!flowtable_time_goes_on(t->flows, k->time_ns)))
		odd_time(t, k->time_ns);
	if (unlikely(flowtable_sweep_due(t->flows, k->time_ns)))
		sweep(t, t->flows->now_ns);
	if (unlikely(is_short(t->flows)))
		ft_reclaim(t);
	struct metered m = {.hot = flowtable_claim(t->flows, k, l), .view = k, .packet = p};
	if (unlikely(t->flows->ended.head))
		ft_take_ended(t);
	m.begins = m.hot->state & FLOW_HUSK;
	if (unlikely(m.begins) && t->dpi)
		m.hot->state |= FLOW_WATCHED;

	m.direction = flowtable_account(t->flows, m.hot, k, l);
	return consider(t, &m);
}

static void burst_meter(struct ft_table *t, struct burst *b)
{
	for (unsigned int m = 0; m < b->n_metered; m++) {
		pfring_ft_packet *p = &b->packets[b->metered[m]];

		p->action = meter_packet(t, &b->views[b->metered[m]], p, &b->lookups[m]);
	}
	b->n_metered = 0;
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
	oldest->n = 0;
	t->held += n_in - n_out;
	t->turn = (t->turn + 1) % PFRING_FT_BURSTS_HELD;
	return n_out;
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
	burst_load(b, &one, 1);
	parse_packet_burst(&t->parser, b->views, 1);
	burst_look_up(t, b);
	burst_meter(t, b);
	b->n = 0;
	t->header = NULL;
	t->ext_header = NULL;
	return b->packets[0].action;
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

	if (ft_called_from_callback(t, __func__))
		return 0;
	if (t->zmq)
		ft_zmq_poll(t);
	if (now_ns > t->flows->now_ns && !flowtable_time(t->flows, now_ns))
		settle_time(t, now_ns);
	return sweep(t, now_ns);
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
