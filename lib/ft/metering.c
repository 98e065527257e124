/* SPDX-License-Identifier: BSD-3-Clause */
/* What the stages do seldom: time that jumps, flows that begin and end, inspection, callbacks. */
#include "ft/metering.h"

#include "packet/plain.h"

/* Flows that one sweep may end. */
#define SWEEP_FLOWS_AT_ONCE 64
/* Flows that end before those that came back are looked for. */
#define RECLAIM_FLOWS 64

/* The part of a view that the source knows. */
static void view_load(struct packet *k, const pfring_ft_packet *in)
{
	*k = (struct packet){
		.data = in->data,
		.time_ns = in->time_ns,
		.len = in->caplen,
		.wire_len = in->len,
		.port_id = in->port_id,
		.link_type = in->link,
		.flags = in->flags & PFRING_FT_PACKET_WIRE_LEN ? PACKET_WIRE_LEN : 0,
	};
}

bool ft_take_any(struct ft_table *t, struct burst *b, unsigned int packet, struct flow_lookup *l,
		 uint64_t *hash)
{
	const struct flowtable_options *o = &t->flows->options;
	struct packet *k = &b->views[packet];

	view_load(k, &b->packets[packet]);
	parse_any_packet(&t->parser, k);
	if (k->drop != DROP_NONE) {
		counter_add(&t->counters.rx_bytes, k->wire_len);
		counter_add(&t->counters.ignored_bytes, k->wire_len);
		counter_add(&t->counters.dropped[k->drop], 1);
		ft_note_ignored(t, k->time_ns);
		return false;
	}
	*hash = flow_lookup_make(l, k, &o->key_rules, &o->seed);
	return true;
}

const struct packet *ft_view(struct burst *b, struct flow_lookup *l)
{
	struct packet *k = &b->views[l->packet];

	if (l->plain) {
		view_load(k, &b->packets[l->packet]);
		parse_plain(k);
		l->plain = false;
	}
	return k;
}

void ft_settle_time(struct ft_table *t, uint64_t time_ns)
{
	bool more;

	do {
		ft_reclaim(t);
		more = flowtable_settle(t->flows, time_ns, FLOW_END_STEP);
		ft_take_ended(t);
	} while (more);
}

/* So close to the bound of flows that are out, those that came back count. */
static inline bool is_short(const struct flowtable *t)
{
	return t->n_out + 4 * FLOW_END_STEP > t->options.detached_max;
}

/* Whether nDPI wants to see more: once the verdict is final, or will come at the end only, no. */
static bool inspect_l7(struct ft_table *t, struct flow *f, const struct packet *k,
		       unsigned int direction)
{
	struct dpi_annex *annex = flow_dpi(f);

	if (annex->final || annex->flags & L7_GAVE_UP)
		return false;
	dpi_inspect(t->dpi, annex, k, direction);
	return !annex->final && !(annex->flags & L7_GAVE_UP);
}

/* A processor wants its record closed. The flow goes on, or its next packet is one of another flow.
 */
static __attribute__((noinline)) void cut(struct ft_table *t, struct flow_hot *hot, bool goes_on)
{
	if (is_short(t->flows))
		ft_reclaim(t);
	if (goes_on)
		flowtable_cut(t->flows, hot, END_FORCED);
	else
		flowtable_end(t->flows, hot, END_FORCED);
	ft_take_ended(t);
}

/* A flow is watched as long as anybody wants to see its packets. */
static void inspect(struct ft_table *t, struct flow_hot *hot, const struct packet *k,
		    unsigned int direction)
{
	struct flow *f = flowtable_flow(t->flows, hot->cold);
	struct processors_answer answer = {0};
	bool wanted = t->dpi && inspect_l7(t, f, k, direction);

	if (t->processors.n)
		answer = processors_packet(&t->processors, flow_processors(t, f), k, direction);
	if (!wanted && !answer.next)
		hot->state &= (uint16_t) ~(FLOW_WATCHED | FLOW_GUARDED);
	if (unlikely(answer.cut))
		cut(t, hot, false);
}

/* Asked before the packet is counted, so that its record can begin with it. */
static __attribute__((noinline)) void cut_before(struct ft_table *t, const struct flow_lookup *l,
						 const struct metered *m)
{
	struct flow *f = flowtable_flow(t->flows, m->hot->cold);
	unsigned int direction = l->swapped != !!(m->hot->state & FLOW_SWAPPED);

	if (!(m->hot->state & FLOW_HUSK) &&
	    processors_cut_before(&t->processors, flow_processors(t, f), m->view, direction))
		cut(t, m->hot, true);
}

bool ft_sweep(struct ft_table *t, uint64_t now_ns)
{
	ft_reclaim(t);
	bool more = flowtable_sweep(t->flows, now_ns, SWEEP_GROUPS_MAX, SWEEP_FLOWS_AT_ONCE);

	ft_take_ended(t);
	return more;
}

void ft_odd_time(struct ft_table *t, uint64_t time_ns)
{
	if (time_ns < t->flows->now_ns)
		counter_add(&t->counters.notes[NOTE_time_backwards], 1);
	if (!flowtable_time(t->flows, time_ns))
		ft_settle_time(t, time_ns);
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

/* A callback may have told the packet's flow to end. */
static inline void end_if_doomed(struct ft_table *t, struct flow_hot *hot)
{
	if (likely(!(hot->state & FLOW_DOOMED)))
		return;
	flowtable_end(t->flows, hot, END_FORCED);
	ft_take_ended(t);
}

pfring_ft_action ft_consider(struct ft_table *t, const struct metered *m)
{
	const bool attended = t->api && unlikely(attends(t));
	pfring_ft_action action = PFRING_FT_ACTION_DEFAULT;

	if (t->api && m->hot->side[m->direction].packets == 1)
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

void ft_meter_slowly(struct ft_table *t, const struct flow_lookup *l, struct metered *m)
{
	/* Flows that came back lately are still in the cache. */
	if (t->flows->n_detached >= t->reclaim_at || is_short(t->flows)) {
		ft_reclaim(t);
		t->reclaim_at = t->flows->n_detached + RECLAIM_FLOWS;
	}
	m->hot = flowtable_claim(t->flows, m->view, l);
	if (t->flows->ended.head)
		ft_take_ended(t);
	if (unlikely(m->hot->state & FLOW_GUARDED))
		cut_before(t, l, m);
	m->begins = m->hot->state & FLOW_HUSK;
	if (m->begins)
		ft_watch(t, m->hot);
	m->direction = flowtable_account(t->flows, m->hot, m->view, l);
}
