/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the parser with a series of packets, so that fragments meet in its cache.
 *
 * Input: one byte, bits 0 to 3 the link type, bit 6 wire length unknown, bit 7 tunnels on; then
 * packets, each: length (2 bytes, big-endian), bytes missing of the wire length (1 byte),
 * milliseconds since the packet before in steps of 64 (1 byte), the bytes.
 */
#include "fuzz.h"

#include "core/bytes.h"
#include "core/hash.h"
#include "core/tunnel.h"
#include "packet/parse.h"

#include <string.h>

#define PACKET_HEAD_LEN 4

static void check_view(const struct packet *k, bool tunnels)
{
	uint32_t header_len = k->ip_version == 6 ? 40 : 20;

	FUZZ_HOLDS(k->ip_version == 4 || k->ip_version == 6);
	FUZZ_HOLDS(k->l3_offset + header_len <= k->len);
	FUZZ_HOLDS(k->outer_l3_offset <= k->l3_offset);
	FUZZ_HOLDS(k->outer_l3_offset + (k->data[k->outer_l3_offset] >> 4 == 6 ? 40U : 20U) <=
		   k->len);
	FUZZ_HOLDS(!k->mpls_offset || k->mpls_offset + 4U <= k->len);
	FUZZ_HOLDS(k->l4_offset >= k->l3_offset + header_len);
	FUZZ_HOLDS(k->payload_offset >= k->l4_offset);
	FUZZ_HOLDS(k->payload_offset <= k->len && k->payload_len <= k->len - k->payload_offset);
	FUZZ_HOLDS(k->data[k->l3_offset] >> 4 == k->ip_version);
	FUZZ_HOLDS(!k->payload_len || k->ip_version == 6 ||
		   k->payload_offset + k->payload_len <= k->l3_offset + k->l3_len);
	FUZZ_HOLDS(!(k->flags & PACKET_LATER_FRAGMENT) ||
		   (k->flags & PACKET_FRAGMENT && !k->payload_len));
	FUZZ_HOLDS(k->flags & PACKET_HAS_PORTS || (!k->src_port && !k->dst_port));
	FUZZ_HOLDS(k->flags & PACKET_TCP || !k->tcp_flags);
	FUZZ_HOLDS(!!(k->flags & PACKET_TUNNELLED) == (k->tunnel_type != TUNNEL_NONE));
	FUZZ_HOLDS(k->tunnel_type < TUNNEL_N && (tunnels || k->tunnel_type == TUNNEL_NONE));
	FUZZ_HOLDS(k->vlan_id < 4096 && k->vlan_inner_id < 4096);
}

static void check_packet(const struct packet *k, const uint64_t *notes, bool tunnels)
{
	uint64_t n_notes = 0;

	for (int i = 0; i < NOTE_N; i++) {
		FUZZ_HOLDS(notes[i] <= 1);
		n_notes += notes[i];
	}
	FUZZ_HOLDS(!(k->flags & PACKET_HAS_MAC) || (uint64_t)k->mac_offset + 12 <= k->len);
	FUZZ_HOLDS(k->drop < DROP_N);
	FUZZ_HOLDS((k->drop == DROP_NONE) == (k->ip_version != 0));
	if (k->drop == DROP_NONE)
		check_view(k, tunnels);
	else
		FUZZ_HOLDS(n_notes == 0 && !k->ip_version);
}

/* One packet in memory that ends where it ends; returns false when there is no memory. */
static bool run_packet(struct parser *p, struct packet *k, const uint8_t *bytes)
{
	uint64_t notes[NOTE_N] = {0};
	uint8_t *copy = malloc(k->len ? k->len : 1);

	if (!copy)
		return false;
	memcpy(copy, bytes, k->len);
	k->data = copy;
	p->notes = notes;
	parse_packet(p, k);
	check_packet(k, notes, p->tunnels);

	uint32_t hash = packet_symmetric_hash(copy, k->len, (enum link_type)k->link_type);
	FUZZ_HOLDS(k->drop == DROP_NONE || hash == 0);
	free(copy);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parser p;
	struct hash_seed seed;
	uint64_t time_ns = 1;

	if (!p.frags && parser_init(&p, NULL, false) != 0)
		abort();
	hash_seed_fixed(&seed, 1);
	parser_reseed(&p, &seed);
	if (size == 0)
		return 0;
	p.tunnels = data[0] & 0x80;
	for (size_t at = 1; size - at >= PACKET_HEAD_LEN;) {
		const uint8_t *head = data + at;
		size_t room = size - at - PACKET_HEAD_LEN, len = load_be16(head);
		struct packet k = {.link_type = (data[0] & 15) % (LINK_N + 1)};

		k.len = (uint32_t)(len < room ? len : room);
		k.wire_len = k.len + head[2];
		time_ns += head[3] * 64000000ULL;
		k.time_ns = time_ns;
		if (!(data[0] & 0x40))
			k.flags = PACKET_WIRE_LEN;
		if (!run_packet(&p, &k, head + PACKET_HEAD_LEN))
			return 0;
		at += PACKET_HEAD_LEN + k.len;
	}
	return 0;
}
