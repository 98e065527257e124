/* SPDX-License-Identifier: BSD-3-Clause */
/* What a distributor hashes before any lane has parsed the packet. */
#include "packet/parse.h"

#include "core/bytes.h"
#include "core/hash.h"
#include "packet/l2.h"

#define MULTIPLIER_A 0x9e3779b97f4a7c15ULL
#define MULTIPLIER_B 0xc2b2ae3d27d4eb4fULL

/* The smaller one first: unlike sum and xor, that keeps different pairs apart. */
static uint32_t mix_pair(uint64_t a, uint64_t b)
{
	uint64_t low = a < b ? a : b, high = a < b ? b : a;
	uint64_t h = hash_fold(low ^ MULTIPLIER_A, high ^ MULTIPLIER_B);

	return (uint32_t)(hash_fold(h, MULTIPLIER_A) >> 16);
}

static uint32_t hash_ipv4(const uint8_t *h, uint32_t len)
{
	if (len < 20 || h[0] >> 4 != 4 || (h[0] & 15) < 5)
		return 0;
	return mix_pair(load_be32(h + 12), load_be32(h + 16));
}

/* One address as 64 bits: the halves are not symmetric to each other. */
static uint64_t fold_ipv6(const uint8_t *a)
{
	return hash_fold(load_be64(a) ^ MULTIPLIER_B, MULTIPLIER_A) + load_be64(a + 8);
}

static uint32_t hash_ipv6(const uint8_t *h, uint32_t len)
{
	if (len < 40 || h[0] >> 4 != 6)
		return 0;
	return mix_pair(fold_ipv6(h + 8), fold_ipv6(h + 24));
}

uint32_t packet_symmetric_hash(const uint8_t *data, uint32_t len, enum link_type link)
{
	struct l2_walk l2 = {.data = data, .len = len};
	enum l2_next found = L2_IPV4;

	if (link == LINK_ETHERNET && len >= ETHERNET_HEADER_LEN &&
	    load_be16(data + 12) == ETHERTYPE_IPV4)
		l2.at = ETHERNET_HEADER_LEN;
	else
		found = l2_find_ip(&l2, l2_link(&l2, link));
	switch (found) {
	case L2_IPV4:
		return hash_ipv4(data + l2.at, len - l2.at);
	case L2_IPV6:
		return hash_ipv6(data + l2.at, len - l2.at);
	default:
		return 0;
	}
}

uint32_t packet_inner_hash(struct packet *k)
{
	uint64_t notes[NOTE_N] = {0};
	/* No fragment cache: ports are not hashed. */
	struct parser p = {.notes = notes, .tunnels = true};

	parse_packet(&p, k);
	if (k->drop != DROP_NONE)
		return 0;
	if (k->ip_version == 4)
		return mix_pair(load_be32(packet_src_addr(k)), load_be32(packet_dst_addr(k)));
	return mix_pair(fold_ipv6(packet_src_addr(k)), fold_ipv6(packet_dst_addr(k)));
}
