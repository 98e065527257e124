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

/* What the table asks of a packet: made once, used by every stage after. */
struct flow_lookup {
	uint64_t key[2];
	uint64_t time_ns;
	uint32_t l3_len, wire_len; /* bytes of IP, and on the wire */
	uint32_t group;		   /* the home group of the key */
	uint32_t slot;		   /* where the tags point to, see flowtable_point() */
	uint16_t tag;
	uint8_t tcp_flags; /* 0 when it is not TCP */
	bool swapped;	   /* the packet's source is the second of the pair */
	uint8_t packet;	   /* the caller's: which one of its packets it is of, */
	bool plain;	   /* and whether its view is still to be made */
};

/* The last byte of a hot key tells exact keys from fingerprints, so that they never meet. */
enum { KEY_EXACT_IPV4 = 4, KEY_FINGERPRINT = 6 };

/*
 * Writes the whole key of a parsed packet. swapped: as the packet's lookup says, whether its source
 * is the second address.
 */
void flow_key_of_packet(struct flow_key *key, const struct packet *k,
			const struct flow_key_rules *rules, bool swapped);

/* Key and swapped of any packet: of those whose key is more than addresses, ports and VLAN. */
void flow_lookup_fingerprint(struct flow_lookup *l, const struct packet *k,
			     const struct flow_key_rules *rules, const struct hash_seed *seed);

/* A whole key to 120 bits of fingerprint. */
static inline void flow_lookup_fold(struct flow_lookup *l, const uint64_t *words,
				    const struct hash_seed *seed)
{
	struct hash128 f = hash_fingerprint(seed, words, sizeof(struct flow_key) / 8);

	l->key[0] = f.lo;
	l->key[1] = (f.hi & 0x00ffffffffffffffULL) | (uint64_t)KEY_FINGERPRINT << 56;
}

/* Addresses and ports as they lie in the packet, in one direction of its pair. */
struct flow_ends {
	const uint8_t *addrs; /* source, then destination */
	uint32_t ports;	      /* source in the low half */
	uint16_t vlan_id;
	uint8_t protocol;
};

/*
 * Key and swapped of plain IPv4. Which end is the first one does not matter, as long as both
 * directions agree: the pair of addresses, as one number, is taken the way round that is smaller.
 */
static inline void flow_lookup_ipv4(struct flow_lookup *l, const struct flow_ends *e)
{
	const uint64_t there = load_word64(e->addrs), back = there << 32 | there >> 32;
	const uint32_t ports = e->ports, ports_back = ports << 16 | ports >> 16;
	bool swapped = there > back;

	if (unlikely(there == back))
		swapped = ports > ports_back;
	/* Masks, for nobody can foresee the direction: a branch would be missed half the time. */
	const uint64_t mask = 0 - (uint64_t)swapped;

	l->swapped = swapped;
	l->key[0] = there ^ ((there ^ back) & mask);
	l->key[1] = (ports ^ ((ports ^ ports_back) & mask)) | (uint64_t)e->vlan_id << 32 |
		    (uint64_t)e->protocol << 48 | (uint64_t)KEY_EXACT_IPV4 << 56;
}

/* Whether (a, port_a) comes behind (b, port_b), in any order that both directions agree on. */
static inline bool flow_end_is_behind(const uint64_t a[2], const uint64_t b[2], uint16_t port_a,
				      uint16_t port_b)
{
	if (a[0] != b[0])
		return a[0] > b[0];
	if (a[1] != b[1])
		return a[1] > b[1];
	return port_a > port_b;
}

/* Key and swapped of plain IPv6. */
static inline void flow_lookup_ipv6(struct flow_lookup *l, const struct flow_ends *e,
				    const struct hash_seed *seed)
{
	const uint16_t src_port = (uint16_t)e->ports, dst_port = (uint16_t)(e->ports >> 16);
	uint64_t words[sizeof(struct flow_key) / 8] = {0};
	uint64_t src[2], dst[2];

	memcpy(src, e->addrs, sizeof src);
	memcpy(dst, e->addrs + 16, sizeof dst);
	const bool swapped = flow_end_is_behind(src, dst, src_port, dst_port);
	const uint64_t mask = swapped ? UINT64_MAX : 0;

	/* The ends in their order, without a branch that nobody can foresee. */
	for (int i = 0; i < 2; i++) {
		const uint64_t differ = (src[i] ^ dst[i]) & mask;

		words[i] = src[i] ^ differ;
		words[2 + i] = dst[i] ^ differ;
	}
	words[4] = (swapped ? e->ports << 16 | e->ports >> 16 : e->ports) |
		   (uint64_t)e->vlan_id << 32 | (uint64_t)e->protocol << 48 | 6ULL << 56;
	l->swapped = swapped;
	flow_lookup_fold(l, words, seed);
}

/* Fills the lookup from a view, but for group, slot and tag: returns the hash that they are of. */
uint64_t flow_lookup_make(struct flow_lookup *l, const struct packet *k,
			  const struct flow_key_rules *rules, const struct hash_seed *seed);
