/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is told of a packet, and what is to be done with it: the last steps of the packet's way. */
#include "ft/table.h"

#include "core/clock.h"
#include "ft/log.h"

enum { PROTO_TCP = 6, TCP_HEADER_LEN = 20, L4_HEADER_LEN = 8 };

void ft_attention(struct ft_table *t)
{
	bool attends = t->on_new_flow.call || t->on_packet.call || t->on_l7.call ||
		       t->rules.generation ||
		       atomic_load_explicit(&t->judged, memory_order_relaxed);

	atomic_store_explicit(&t->attends, attends, memory_order_relaxed);
}

/* Captured bytes of the transport header, whole, or NULL. */
static u_char *l4_header(const struct packet *k)
{
	const uint32_t len = k->protocol == PROTO_TCP ? TCP_HEADER_LEN : L4_HEADER_LEN;

	if (k->flags & PACKET_LATER_FRAGMENT || k->l4_offset > k->len ||
	    k->len - k->l4_offset < len)
		return NULL;
	return (u_char *)k->data + k->l4_offset;
}

/* A packet as its callbacks see it. */
struct told {
	pfring_ft_packet_metadata metadata;
	pfring_ft_pcap_pkthdr header;
	pfring_ft_ext_pkthdr ext_header;
};

/* The headers are the caller's own where there are any: programs find more behind them. */
static void describe(const struct ft_table *t, const struct metered *m, struct told *to)
{
	const struct packet *k = m->view;
	const pfring_ft_packet *p = m->packet;

	to->header = (pfring_ft_pcap_pkthdr){
		.ts = ns_to_timeval(p->time_ns),
		.caplen = p->caplen,
		.len = k->wire_len,
	};
	to->ext_header = (pfring_ft_ext_pkthdr){
		.hash = p->hash,
		.device_id = p->device_id,
		.port_id = (u_int8_t)p->port_id,
	};
	to->metadata = (pfring_ft_packet_metadata){
		.hdr = t->header ? (pfring_ft_pcap_pkthdr *)t->header : &to->header,
		.ext_hdr = t->ext_header ? (pfring_ft_ext_pkthdr *)t->ext_header : &to->ext_header,
		.direction = m->direction == DIR_FWD ? s2d_direction : d2s_direction,
		.vlan_id = k->vlan_id,
		.ip_version = k->ip_version,
		.l4_proto = k->protocol,
		.payload_len =
			(u_int16_t)(k->payload_len < UINT16_MAX ? k->payload_len : UINT16_MAX),
		.l3.ip4 = (pfring_ft_iphdr *)(k->data + k->l3_offset),
		.l4.tcp = (pfring_ft_tcphdr *)l4_header(k),
		.payload = k->payload_len ? k->data + k->payload_offset : NULL,
	};
}

/* A protocol that nDPI may still name is left alone: the first packets of a flow pass. */
static bool may_be_judged(const struct ft_table *t, const struct dpi_annex *l7)
{
	return !t->dpi || l7->app_id || l7->master_id || l7->final || l7->flags & L7_GAVE_UP;
}

/* What the rules of now say of the flow; asked again only when they or the protocol changed. */
static struct ft_policy policy_of(struct ft_table *t, struct flow *f, struct ft_flow *a)
{
	const struct dpi_annex *l7 = flow_dpi(f);
	const uint64_t basis = ((uint64_t)t->rules.generation + 1) << 32 |
			       (uint64_t)l7->master_id << 16 | l7->app_id;

	if (!may_be_judged(t, l7))
		return (struct ft_policy){0};
	if (a->judged_by != basis) {
		a->policy = ft_rules_ask(&t->rules, l7->master_id, l7->app_id, f->key.protocol);
		a->judged_by = basis;
	}
	return a->policy;
}

/* Of the whole flow: what its slices took away counts. */
static uint64_t flow_packets(const struct flow_hot *hot, const struct flow *f,
			     const struct ft_flow *a)
{
	return a->sliced_packets + flow_packets_now(f, hot);
}

/* The verdict: what the caller said of the flow, else the filter, else the shunt. */
static void judge(struct ft_table *t, const struct flow_hot *hot, struct flow *f)
{
	struct ft_flow *a = flow_api(f);
	uint8_t forced = atomic_load_explicit(&a->forced, memory_order_relaxed);
	pfring_ft_action action;

	if (forced) {
		action = (pfring_ft_action)(forced - 1);
	} else {
		const struct ft_policy policy = policy_of(t, f, a);

		action = policy.action;
		if (policy.shunt && flow_packets(hot, f, a) > policy.shunt)
			action = PFRING_FT_ACTION_DISCARD;
	}
	atomic_store_explicit(&a->action, action, memory_order_relaxed);
}

void ft_tell_new_flow(struct ft_table *t, const struct metered *m)
{
	if (!t->on_new_flow.call)
		return;
	t->inside = true;
	t->on_new_flow.call(flowtable_flow(t->flows, m->hot->cold), t->on_new_flow.user);
	t->inside = false;
}

/* Once a flow: nDPI knows its name. */
static bool l7_is_news(const struct ft_table *t, struct flow *f)
{
	const struct dpi_annex *l7 = flow_dpi(f);

	return t->on_l7.call && !flow_api(f)->told && (l7->app_id || l7->master_id);
}

pfring_ft_action ft_attend(struct ft_table *t, const struct metered *m)
{
	struct flow *f = flowtable_flow(t->flows, m->hot->cold);
	const u_char *data = m->view->data;
	struct told told;

	judge(t, m->hot, f);
	t->inside = true;
	if (t->on_packet.call || l7_is_news(t, f))
		describe(t, m, &told);
	if (l7_is_news(t, f)) {
		flow_api(f)->told = true;
		t->on_l7.call(data, &told.metadata, f, t->on_l7.user);
		judge(t, m->hot, f);
	}
	if (t->on_packet.call) {
		t->on_packet.call(data, &told.metadata, f, t->on_packet.user);
		judge(t, m->hot, f);
	}
	t->inside = false;
	return atomic_load_explicit(&flow_api(f)->action, memory_order_relaxed);
}

void ft_close_slice(struct flow *slice)
{
	struct ft_flow *a = flow_api(slice), *master = flow_api(flow_master(slice));
	struct flow_counts counts;

	memcpy(a->came, master->came, sizeof a->came);
	atomic_store_explicit(&a->action,
			      atomic_load_explicit(&master->action, memory_order_relaxed),
			      memory_order_relaxed);
	flow_count(slice, &counts);
	master->sliced_packets += counts.packets[DIR_FWD] + counts.packets[DIR_REV];
}

void pfring_ft_set_new_flow_callback(pfring_ft_table *table, pfring_ft_export_flow_func callback,
				     void *user)
{
	struct ft_table *t = table;

	t->on_new_flow = (struct ft_callback){callback, user};
	ft_attention(t);
}

void pfring_ft_set_flow_packet_callback(pfring_ft_table *table, pfring_ft_flow_packet_func callback,
					void *user)
{
	struct ft_table *t = table;

	t->on_packet = (struct ft_packet_callback){callback, user};
	ft_attention(t);
}

void pfring_ft_set_l7_detected_callback(pfring_ft_table *table, pfring_ft_flow_packet_func callback,
					void *user)
{
	struct ft_table *t = table;

	t->on_l7 = (struct ft_packet_callback){callback, user};
	ft_attention(t);
}

void pfring_ft_set_flow_export_callback(pfring_ft_table *table, pfring_ft_export_flow_func callback,
					void *user)
{
	struct ft_table *t = table;

	t->on_export = (struct ft_callback){callback, user};
	t->on_export_list = (struct ft_list_callback){0};
}

void pfring_ft_set_flow_list_export_callback(pfring_ft_table *table,
					     pfring_ft_export_list_func callback, void *user)
{
	struct ft_table *t = table;

	t->on_export_list = (struct ft_list_callback){callback, user};
	t->on_export = (struct ft_callback){0};
}

pfring_ft_flow *pfring_ft_list_get_next(pfring_ft_list *list)
{
	return flow_list_take(list);
}

void pfring_ft_flow_set_action(pfring_ft_flow *flow, pfring_ft_action action)
{
	struct flow *f = flow_master(flow);
	struct ft_table *t = flow_table(f);

	if (!ft_action_is_good(__func__, action))
		return;
	atomic_store_explicit(&flow_api(f)->forced, (uint8_t)(action + 1), memory_order_relaxed);
	atomic_store_explicit(&flow_api(f)->action, action, memory_order_relaxed);
	atomic_store_explicit(&t->judged, true, memory_order_relaxed);
	atomic_store_explicit(&t->attends, true, memory_order_relaxed);
}

pfring_ft_action pfring_ft_flow_get_action(pfring_ft_flow *flow)
{
	return atomic_load_explicit(&flow_api(flow)->action, memory_order_relaxed);
}
