/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow counted, and an ended one told in the vocabulary of the outputs. */
#include <string.h>

#include "flowtable/expire.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a | b;
	return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct flow_hot *flow_hot_line(const struct flow *f)
{
	/* A husk that ended has no reason, but it is lost. */
	return f->end_reason == END_NONE && !f->lost ? &f->table->hot[f->slot] : NULL;
}

static void count_hot(const struct flowtable *t, const struct flow_hot *hot, struct flow_counts *c)
{
	const uint64_t octets[DIR_N] = {hot->octets_fwd, hot->octets_rev};
	const uint64_t last[DIR_N] = {hot->last_fwd, hot->last_rev};

	for (int d = 0; d < DIR_N; d++) {
		c->packets[d] += hot->packets[d];
		c->octets[d] += octets[d];
		c->wire_octets[d] += octets[d] + (uint64_t)(int64_t)hot->l2_excess[d];
		/* Never before the start, which is 1 for a packet without a time. */
		if (c->packets[d])
			c->end_ns[d] = later(flowtable_expand_time(t, last[d]), c->start_ns[d]);
	}
	c->tcp_flags[DIR_FWD] |= hot->tcp_flags_fwd;
	c->tcp_flags[DIR_REV] |= hot->tcp_flags_rev;
	c->last_ns = hot_last(t, hot);
}

void flow_count(const struct flow *f, struct flow_counts *c)
{
	const struct flow_hot *hot = flow_hot_line(f);

	for (int d = 0; d < DIR_N; d++) {
		c->packets[d] = f->packets[d];
		c->octets[d] = f->octets[d];
		c->wire_octets[d] = f->octets[d] + (uint64_t)f->l2_excess[d];
		c->start_ns[d] = f->start_ns[d];
		c->end_ns[d] = f->end_ns[d];
		c->tcp_flags[d] = f->tcp_flags[d];
	}
	c->last_ns = f->last_ns;
	if (hot)
		count_hot(f->table, hot, c);
}

void flow_to_record(const struct flow *f, struct flow_record *r)
{
	const int src = f->swapped ? 1 : 0;
	struct flow_counts c;

	flow_count(f, &c);
	r->flow_id = f->id;
	for (int d = 0; d < DIR_N; d++) {
		r->packets[d] = c.packets[d];
		r->octets[d] = c.octets[d];
		r->l2_octets[d] = c.wire_octets[d];
		r->dir_start_ns[d] = c.start_ns[d];
		r->dir_end_ns[d] = c.end_ns[d];
		r->tcp_flags[d] = c.tcp_flags[d];
	}
	r->start_ns = earlier(c.start_ns[DIR_FWD], c.start_ns[DIR_REV]);
	r->end_ns = later(c.end_ns[DIR_FWD], c.end_ns[DIR_REV]);
	if (!r->start_ns) /* the end of a sliced flow that was quiet since its last slice */
		r->start_ns = r->end_ns = c.last_ns;
	memcpy(r->src_addr, f->key.addr[src], sizeof r->src_addr);
	memcpy(r->dst_addr, f->key.addr[!src], sizeof r->dst_addr);
	memcpy(r->dst_mac, f->mac, sizeof r->dst_mac);
	memcpy(r->src_mac, f->mac + 6, sizeof r->src_mac);
	r->src_port = f->key.port[src];
	r->dst_port = f->key.port[!src];
	r->vlan_id = f->vlan_id;
	r->vlan_inner_id = f->vlan_inner_id;
	r->ip_version = f->key.ip_version;
	r->protocol = f->key.protocol;
	r->icmp_type = f->icmp_type;
	r->icmp_code = f->icmp_code;
	r->ip_tos = f->ip_tos;
	r->ip_ttl = f->ip_ttl;
	r->end_reason = f->end_reason;
	r->tunnel_type = f->key.tunnel_type;
	r->tunnel_id = f->key.tunnel_id;
	r->ingress_interface = f->port_id;
	r->sampling_packets = 1;
}
