/* SPDX-License-Identifier: BSD-3-Clause */
/* An ended flow told in the vocabulary of the outputs. */
#include <string.h>

#include "flowtable/table.h"

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

void flow_to_record(const struct flow *f, struct flow_record *r)
{
	const int src = f->swapped ? 1 : 0;

	r->flow_id = f->id;
	for (int d = 0; d < DIR_N; d++) {
		r->packets[d] = f->packets[d];
		r->octets[d] = f->octets[d];
		r->l2_octets[d] = f->octets[d] + (uint64_t)f->l2_excess[d];
		r->dir_start_ns[d] = f->start_ns[d];
		r->dir_end_ns[d] = f->end_ns[d];
		r->tcp_flags[d] = f->tcp_flags[d];
	}
	r->start_ns = earlier(f->start_ns[DIR_FWD], f->start_ns[DIR_REV]);
	r->end_ns = later(f->end_ns[DIR_FWD], f->end_ns[DIR_REV]);
	if (!r->start_ns) /* the end of a sliced flow that was quiet since its last slice */
		r->start_ns = r->end_ns = f->last_ns;
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
