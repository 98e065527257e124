/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to keys. */
#include "flowtable/key.h"

#include <string.h>

void flow_key_of_packet(struct flow_key *key, const struct packet *k,
			const struct flow_key_rules *rules, bool swapped)
{
	*key = (struct flow_key){
		.port = {swapped ? k->dst_port : k->src_port, swapped ? k->src_port : k->dst_port},
		.vlan_id = rules->ignore_vlan ? 0 : k->vlan_id,
		.protocol = k->protocol,
		.ip_version = k->ip_version,
		.tunnel_id = k->tunnel_id,
		.icmp_id = rules->icmp_by_id ? k->icmp_id : 0,
		.tunnel_type = k->tunnel_type,
	};
	if (k->ip_version == 4) {
		memcpy(key->addr[swapped], packet_src_addr(k), 4);
		memcpy(key->addr[!swapped], packet_dst_addr(k), 4);
	} else {
		memcpy(key->addr[swapped], packet_src_addr(k), 16);
		memcpy(key->addr[!swapped], packet_dst_addr(k), 16);
	}
}

void flow_lookup_fingerprint(struct flow_lookup *l, const struct packet *k,
			     const struct flow_key_rules *rules, const struct hash_seed *seed)
{
	const size_t len = k->ip_version == 4 ? 4 : 16;
	uint64_t src[2] = {0}, dst[2] = {0}, words[sizeof(struct flow_key) / 8];
	struct flow_key key;

	memcpy(src, packet_src_addr(k), len);
	memcpy(dst, packet_dst_addr(k), len);
	l->swapped = flow_end_is_behind(src, dst, k->src_port, k->dst_port);
	flow_key_of_packet(&key, k, rules, l->swapped);
	memcpy(words, &key, sizeof key);
	flow_lookup_fold(l, words, seed);
}

uint64_t flow_lookup_make(struct flow_lookup *l, const struct packet *k,
			  const struct flow_key_rules *rules, const struct hash_seed *seed)
{
	const struct flow_ends e = {
		.addrs = packet_src_addr(k),
		.ports = __builtin_bswap16(k->src_port) | (uint32_t)__builtin_bswap16(k->dst_port)
								  << 16,
		.vlan_id = rules->ignore_vlan ? 0 : k->vlan_id,
		.protocol = k->protocol,
	};

	*l = (struct flow_lookup){
		.time_ns = k->time_ns,
		.l3_len = k->l3_len,
		.wire_len = k->wire_len,
		.tcp_flags = k->tcp_flags,
	};
	if (k->flags & PACKET_TUNNELLED || (rules->icmp_by_id && k->icmp_id))
		flow_lookup_fingerprint(l, k, rules, seed);
	else if (k->ip_version == 4)
		flow_lookup_ipv4(l, &e);
	else
		flow_lookup_ipv6(l, &e, seed);
	return hash_key16(seed, l->key[0], l->key[1]);
}
