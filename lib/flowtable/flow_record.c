/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow counted, and an ended one told in the vocabulary of the outputs. */
#include <stddef.h>
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
	return f->end_reason == END_NONE && !f->lost ? &f->table->hot[f->place] : NULL;
}

static void count_living(const struct flow *f, const struct flow_hot *hot, struct flow_counts *c)
{
	const struct flowtable *t = f->table;
	const uint64_t octets_carry[DIR_N] = {f->octets_carry_fwd, f->octets_carry_rev};
	const uint64_t carry[DIR_N] = {f->packets_carry_fwd, f->packets_carry_rev};

	for (int d = 0; d < DIR_N; d++) {
		const struct flow_side *s = &hot->side[d];

		c->packets[d] = s->packets + CARRY_PACKETS * carry[d];
		c->octets[d] = side_octets(s) + CARRY_OCTETS * octets_carry[d];
		c->wire_octets[d] =
			c->octets[d] + (uint64_t)flow_side_excess(f, s, (unsigned int)d);
		c->start_ns[d] = flow_start(f, (unsigned int)d);
		c->end_ns[d] = flow_side_end(f, s, (unsigned int)d);
		c->tcp_flags[d] = side_tcp_flags(s);
	}
	c->last_ns = hot_last(t, hot);
}

static void count_closed(const struct flow *f, struct flow_counts *c)
{
	const struct flow_closed *from = &f->table->closed[f->place];
	const int64_t excess[DIR_N] = {from->excess_fwd, from->excess_rev};

	for (int d = 0; d < DIR_N; d++) {
		c->packets[d] = from->packets[d];
		c->octets[d] = from->octets[d];
		c->wire_octets[d] = from->octets[d] + (uint64_t)excess[d];
		c->start_ns[d] = flow_start(f, (unsigned int)d);
		c->end_ns[d] = from->packets[d] ? from->end_ns[d] : 0;
	}
	c->tcp_flags[DIR_FWD] = (uint8_t)from->tcp_flags_fwd;
	c->tcp_flags[DIR_REV] = (uint8_t)from->tcp_flags_rev;
	c->last_ns = later(from->end_ns[DIR_FWD], from->end_ns[DIR_REV]);
}

void flow_count(const struct flow *f, struct flow_counts *c)
{
	const struct flow_hot *hot = flow_hot_line(f);

	*c = (struct flow_counts){0};
	if (hot)
		count_living(f, hot, c);
	else if (!f->lost)
		count_closed(f, c);
}

/* What processors and DPI may fill. */
static void clear_the_rest(struct flow_record *r)
{
	static const char no_text[] = "";

	memset(&r->known, 0, sizeof *r - offsetof(struct flow_record, known));
	r->l7_proto = r->l7_category = r->server_name = no_text;
	r->tls_alpn = r->tls_ja3c = r->tls_ja3s = no_text;
	r->http_url = r->http_user_agent = r->http_content_type = no_text;
	r->ssh_client = r->ssh_server = no_text;
	r->ssh_hassh_client = r->ssh_hassh_server = no_text;
}

static void facts_to_record(const struct flow *f, const struct flow_counts *c,
			    struct flow_record *r)
{
	const int src = f->swapped ? 1 : 0;

	clear_the_rest(r);
	r->flow_id = flow_id(f);
	for (int d = 0; d < DIR_N; d++) {
		r->packets[d] = c->packets[d];
		r->octets[d] = c->octets[d];
		r->l2_octets[d] = c->wire_octets[d];
		r->dir_start_ns[d] = c->start_ns[d];
		r->dir_end_ns[d] = c->end_ns[d];
		r->tcp_flags[d] = c->tcp_flags[d];
	}
	r->start_ns = earlier(c->start_ns[DIR_FWD], c->start_ns[DIR_REV]);
	r->end_ns = later(c->end_ns[DIR_FWD], c->end_ns[DIR_REV]);
	if (!r->start_ns) /* the end of a sliced flow that was quiet since its last slice */
		r->start_ns = r->end_ns = c->last_ns;
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

void flow_to_record(const struct flow *f, struct flow_record *r)
{
	struct flow_counts c;

	flow_count(f, &c);
	facts_to_record(f, &c, r);
}

void flow_living_to_record(const struct flow *f, const struct flow_hot *hot, struct flow_record *r)
{
	struct flow_counts c = {0};

	count_living(f, hot, &c);
	facts_to_record(f, &c, r);
}
