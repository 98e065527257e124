/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow under inspection: which packets nDPI sees, when its verdict is asked for and what becomes
 * of it. The rules are those of nDPI's own reader, so that both name the same flow the same way.
 */
#include "dpi/dpi_private.h"

#include <netinet/in.h>
#include <string.h>

static void state_give_back(struct dpi *d, struct dpi_annex *a)
{
	struct dpi_state *s = a->state;

	if (!s)
		return;
	int64_t *before = dpi_charge(&d->held_bytes);

	ndpi_free_flow_data(dpi_state_flow(s));
	dpi_charge(before);
	s->busy = false;
	s->next_free = d->free;
	d->free = s;
	a->state = NULL;
}

static bool within_budget(const struct dpi *d)
{
	int64_t held = d->held_bytes - d->held_at_open + d->meta_bytes;

	return held <= 0 || (uint64_t)held <= d->options.bytes_max;
}

static struct dpi_state *state_take(struct dpi *d)
{
	struct dpi_state *s = d->free;

	dpi_open(d);
	if (!within_budget(d))
		return NULL;
	if (s)
		d->free = s->next_free;
	else if (d->states_touched < d->options.flows_max)
		s = dpi_state_at(d, d->states_touched++);
	else
		return NULL;
	s->busy = true;
	memset(dpi_state_flow(s), 0, d->state_bytes - DPI_STATE_FLOW_OFFSET);
	return s;
}

static void count(struct dpi *d, enum dpi_counter which)
{
	if (d->options.counters)
		counter_add(&d->options.counters[which], 1);
}

/* a->flags and a->confidence stand already. */
static void count_verdict(struct dpi *d, const struct dpi_annex *a, bool inspected)
{
	if (a->flags & L7_GUESSED)
		count(d, DPI_dpi_guessed);
	else if (a->app_id || a->master_id)
		count(d, DPI_dpi_detected);
	else if (inspected)
		count(d, DPI_dpi_unknown);
}

static void name_set(struct dpi *d, struct dpi_annex *a, const struct ndpi_verdict *v)
{
	a->app_id = v->app;
	a->master_id = v->master;
	a->category_id = v->category;
	a->l7_proto = dpi_name_intern(d, v);
}

/* Takes over what nDPI says of f, for good. */
static void verdict_set(struct dpi *d, struct dpi_annex *a, const struct ndpi_verdict *v,
			const struct ndpi_flow_struct *f)
{
	u_int16_t client = 0, server = 0;

	name_set(d, a, v);
	a->confidence = (uint8_t)f->confidence;
	a->risk = f->risk;
	a->risk_score = f->risk ? ndpi_risk2score(f->risk, &client, &server) : 0;
	if ((v->app || v->master) && ndpi_compat_is_guess(f))
		a->flags |= L7_GUESSED;
	a->final = true;
}

/* The verdict of an inspected flow: what is worth keeping is copied, the state goes. */
static void conclude(struct dpi *d, struct dpi_annex *a, const struct ndpi_verdict *v)
{
	const struct ndpi_flow_struct *f = dpi_state_flow(a->state);

	verdict_set(d, a, v, f);
	a->meta = dpi_meta_make(d, f, a->handshake);
	count_verdict(d, a, true);
	if (!d->options.keep_states)
		state_give_back(d, a);
}

static uint32_t packets_max(const struct dpi *d, uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? d->options.packets_tcp_max : d->options.packets_udp_max;
}

/* Milliseconds that never run backwards, as nDPI wants them. */
static void time_advance(struct dpi *d, uint64_t time_ns)
{
	if (time_ns / 1000000 > d->last_ms)
		d->last_ms = time_ns / 1000000;
}

/* True when the flow has a state, or gets one for this packet. */
static bool state_ready(struct dpi *d, struct dpi_annex *a, const struct packet *k,
			unsigned int direction)
{
	if (a->state)
		return true;
	if (a->flags & L7_GAVE_UP)
		return false;
	if (k->protocol == IPPROTO_TCP && k->payload_len == 0 && !d->options.keep_states)
		return false; /* a SYN flood shall not take states */
	const bool allowed = dpi_governor_allows(&d->governor, k->time_ns);

	a->state = allowed ? state_take(d) : NULL;
	if (!a->state) {
		a->flags |= L7_GAVE_UP;
		count(d, allowed ? DPI_dpi_uninspected : DPI_dpi_governed);
		return false;
	}
	dpi_governor_spend(&d->governor);
	count(d, DPI_dpi_inspected);
	if (a->handshake)
		dpi_handshake_replay(d, a, k, direction);
	return true;
}

/* A flow with a name: whether what more packets may bring is wanted. */
static bool wants_more(const struct dpi *d, const struct dpi_annex *a, struct ndpi_flow_struct *f)
{
	if (!d->options.extra && !(d->options.metadata && dpi_metadata_kind(a)))
		return false;
	return ndpi_compat_extra_possible(d->module.ndpi, f);
}

/* Before the state is there the handshake is replayed; with it, it shall cost no payload either. */
static void note_given(struct dpi_annex *a, const struct packet *k)
{
	bool opens = k->flags & PACKET_TCP && !(a->handshake & DPI_SEEN_PAYLOAD);

	if (opens && a->opening < DPI_HANDSHAKE_PACKETS)
		a->opening++;
	else
		a->packets++;
}

/* True when nDPI has said all that it will. */
static bool process(struct dpi *d, struct dpi_annex *a, const struct packet *k)
{
	struct ndpi_flow_struct *f = dpi_state_flow(a->state);
	uint32_t len = k->len - k->l3_offset;
	struct ndpi_verdict v = ndpi_compat_process(d->module.ndpi, f, k->data + k->l3_offset,
						    len < UINT16_MAX ? (uint16_t)len : UINT16_MAX,
						    d->last_ms);

	note_given(a, k);
	count(d, DPI_dpi_packets);
	if (v.app &&
	    (v.app != a->app_id || v.master != a->master_id || v.category != a->category_id))
		name_set(d, a, &v);
	if (a->packets < packets_max(d, k->protocol) && (!v.app || wants_more(d, a, f)))
		return false;
	if (!v.app)
		v = ndpi_compat_giveup(d->module.ndpi, f, d->options.guess);
	conclude(d, a, &v);
	return true;
}

bool dpi_inspect(struct dpi *d, struct dpi_annex *a, const struct packet *k, unsigned int direction)
{
	int64_t *before;
	bool ready, done;

	if (a->final)
		return false;
	a->flags |= L7_INSPECTED;
	if (k->flags & PACKET_LATER_FRAGMENT || k->l3_offset >= k->len)
		return false;
	before = dpi_charge(&d->held_bytes);
	time_advance(d, k->time_ns);
	ready = state_ready(d, a, k, direction);
	dpi_handshake_note(a, k, direction);
	done = ready && process(d, a, k);
	dpi_charge(before);
	return done;
}

/* No state: nDPI is asked what a flow with these addresses and ports may be. */
static void conclude_unseen(struct dpi *d, struct dpi_annex *a, const struct dpi_flow_facts *facts)
{
	static const struct ndpi_verdict unknown;

	if (!d->options.guess) {
		verdict_set(d, a, &unknown, d->scratch);
		return;
	}
	dpi_open(d);
	struct ndpi_verdict v = dpi_guess(d, facts);

	verdict_set(d, a, &v, d->scratch);
	count_verdict(d, a, false);
	dpi_scratch_clear(d);
}

bool dpi_finish(struct dpi *d, struct dpi_annex *a, const struct dpi_flow_facts *facts)
{
	if (a->final)
		return false;
	a->flags |= L7_INSPECTED;
	int64_t *before = dpi_charge(&d->held_bytes);

	if (a->state) {
		struct ndpi_verdict v = ndpi_compat_giveup(d->module.ndpi, dpi_state_flow(a->state),
							   d->options.guess);

		conclude(d, a, &v);
	} else {
		conclude_unseen(d, a, facts);
	}
	dpi_charge(before);
	return true;
}

void dpi_annex_inherit(struct dpi *d, struct dpi_annex *to, const struct dpi_annex *from)
{
	*to = *from;
	to->state = NULL;
	if (to->meta)
		to->meta->users++;
	else if (from->state && !from->final && from->app_id)
		to->meta = dpi_meta_make(d, dpi_state_flow(from->state), from->handshake);
}

void dpi_annex_release(struct dpi *d, struct dpi_annex *a)
{
	state_give_back(d, a);
	dpi_meta_free(d, a->meta);
	*a = (struct dpi_annex){0};
}

struct ndpi_flow_struct *dpi_annex_flow(struct dpi_annex *a)
{
	return a->state ? dpi_state_flow(a->state) : NULL;
}
