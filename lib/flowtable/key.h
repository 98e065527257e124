/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flow keys: direction-normalised, kept whole in the cold record, and folded into the 16 bytes of
 * the hot line. Plain IPv4 is folded exactly, every other key to a keyed 120-bit fingerprint.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/hash.h"
#include "core/prefetch.h"
#include "packet/packet.h"

/* What of a packet makes its flow. */
struct flow_key_rules {
	bool ignore_vlan;
	bool icmp_by_id; /* one flow per ICMP query identifier instead of per address pair */
};

/* The lower (address, port) pair first; hashed as it lies, so no byte of it is left unset. */
struct flow_key {
	uint8_t addr[2][16]; /* IPv4 in the first 4 bytes */
	uint16_t port[2];
	uint16_t vlan_id;
	uint8_t protocol, ip_version;
	uint32_t tunnel_id;
	uint16_t icmp_id;
	uint8_t tunnel_type;
	uint8_t zero;
};

_Static_assert(sizeof(struct flow_key) == 48, "the key is hashed as six words");

/* What the table looks up: made once a packet, used by every stage after. */
struct flow_lookup {
	uint64_t key[2];
	uint64_t hash;
	uint32_t group;
	uint16_t tag;
	bool swapped; /* the packet's source is the second of the pair */
};

/*
 * Writes the whole key of a parsed packet. Returns whether the packet's source is its second
 * address.
 */
bool flow_key_of_packet(struct flow_key *key, const struct packet *k,
			const struct flow_key_rules *rules);

/* The last byte of a hot key tells exact keys from fingerprints, so that they never meet. */
enum { KEY_EXACT_IPV4 = 4, KEY_FINGERPRINT = 6 };

/* Key and swapped of a packet whose key does not fit 16 bytes. */
void flow_lookup_fingerprint(struct flow_lookup *l, const struct packet *k,
			     const struct flow_key_rules *rules, const struct hash_seed *seed);

static inline void flow_lookup_exact(struct flow_lookup *l, const struct packet *k,
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

/* Fills key, hash and swapped of a lookup; group and tag are the table's. */
static inline void flow_lookup_make(struct flow_lookup *l, const struct packet *k,
				    const struct flow_key_rules *rules,
				    const struct hash_seed *seed)
{
	bool plain = k->ip_version == 4 && !(k->flags & PACKET_TUNNELLED) &&
		     !(rules->icmp_by_id && k->icmp_id);

	if (likely(plain))
		flow_lookup_exact(l, k, rules);
	else
		flow_lookup_fingerprint(l, k, rules, seed);
	l->hash = hash_key16(seed, l->key[0], l->key[1]);
}
