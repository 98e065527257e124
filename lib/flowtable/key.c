/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to keys. */
#include "flowtable/key.h"

#include <string.h>

#include "core/bytes.h"
#include "core/prefetch.h"

/* The last byte of a hot key tells exact keys from fingerprints, so that they never meet. */
enum { KEY_EXACT_IPV4 = 4, KEY_FINGERPRINT = 6 };

bool flow_key_of_packet(struct flow_key *key, const struct packet *k,
			const struct flow_key_rules *rules)
{
	const size_t len = k->ip_version == 4 ? 4 : 16;
	int order = memcmp(k->src_addr, k->dst_addr, len);
	bool swapped = order > 0 || (order == 0 && k->src_port > k->dst_port);

	*key = (struct flow_key){
		.port = {swapped ? k->dst_port : k->src_port, swapped ? k->src_port : k->dst_port},
		.vlan_id = rules->ignore_vlan ? 0 : k->vlan_id,
		.protocol = k->protocol,
		.ip_version = k->ip_version,
		.tunnel_id = k->tunnel_id,
		.icmp_id = rules->icmp_by_id ? k->icmp_id : 0,
		.tunnel_type = k->tunnel_type,
	};
	memcpy(key->addr[0], swapped ? k->dst_addr : k->src_addr, len);
	memcpy(key->addr[1], swapped ? k->src_addr : k->dst_addr, len);
	return swapped;
}

static void lookup_exact(struct flow_lookup *l, const struct packet *k,
			 const struct flow_key_rules *rules)
{
	uint64_t src = (uint64_t)load_be32(k->src_addr) << 16 | k->src_port;
	uint64_t dst = (uint64_t)load_be32(k->dst_addr) << 16 | k->dst_port;
	uint64_t vlan = rules->ignore_vlan ? 0 : k->vlan_id;

	l->swapped = src > dst;
	uint64_t low = l->swapped ? dst : src, high = l->swapped ? src : dst;
	l->key[0] = low | (high & 0xffff) << 48;
	l->key[1] = high >> 16 | vlan << 32 | (uint64_t)k->protocol << 48 |
		    (uint64_t)KEY_EXACT_IPV4 << 56;
}

static __attribute__((noinline)) void lookup_fingerprint(struct flow_lookup *l,
							 const struct packet *k,
							 const struct flow_key_rules *rules,
							 const struct hash_seed *seed)
{
	struct flow_key key;
	uint64_t words[sizeof key / 8];

	l->swapped = flow_key_of_packet(&key, k, rules);
	memcpy(words, &key, sizeof key);
	struct hash128 f = hash_fingerprint(seed, words, sizeof key / 8);
	l->key[0] = f.lo;
	l->key[1] = (f.hi & 0x00ffffffffffffffULL) | (uint64_t)KEY_FINGERPRINT << 56;
}

void flow_lookup_make(struct flow_lookup *l, const struct packet *k,
		      const struct flow_key_rules *rules, const struct hash_seed *seed)
{
	bool plain = k->ip_version == 4 && !(k->flags & PACKET_TUNNELLED) &&
		     !(rules->icmp_by_id && k->icmp_id);

	if (likely(plain))
		lookup_exact(l, k, rules);
	else
		lookup_fingerprint(l, k, rules, seed);
	l->hash = hash_key16(seed, l->key[0], l->key[1]);
}
