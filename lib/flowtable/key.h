/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flow keys: direction-normalised, kept whole in the cold record, and folded into the 16 bytes of
 * the hot line. Plain IPv4 is folded exactly, every other key to a keyed 120-bit fingerprint.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"
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

/* Fills key, hash and swapped of a lookup; group and tag are the table's. */
void flow_lookup_make(struct flow_lookup *l, const struct packet *k,
		      const struct flow_key_rules *rules, const struct hash_seed *seed);
