/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to keys. */
#include "flowtable/key.h"

#include <string.h>

#include "core/bytes.h"
#include "core/prefetch.h"

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

void flow_lookup_fingerprint(struct flow_lookup *l, const struct packet *k,
			     const struct flow_key_rules *rules, const struct hash_seed *seed)
{
	struct flow_key key;
	uint64_t words[sizeof key / 8];

	l->swapped = flow_key_of_packet(&key, k, rules);
	memcpy(words, &key, sizeof key);
	struct hash128 f = hash_fingerprint(seed, words, sizeof key / 8);
	l->key[0] = f.lo;
	l->key[1] = (f.hi & 0x00ffffffffffffffULL) | (uint64_t)KEY_FINGERPRINT << 56;
}
