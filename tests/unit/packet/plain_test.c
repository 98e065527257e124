/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of plain packets makes the views of the long way: parsers that look into tunnels
 * always go the long one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "packet/parse.h"

#define FRAMES	  400000
#define FRAME_MAX 160

static uint64_t state_of_random = 88172645463325252ULL;

static uint32_t random_below(uint32_t n)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (uint32_t)(state_of_random >> 33) % n;
}

/* A plain packet of either transport, with or without a tag; returns its length. */
static uint32_t make_plain(uint8_t *d)
{
	const bool tcp = random_below(2), tagged = random_below(4) == 0;
	const uint32_t payload = random_below(40), header = tcp ? 20 + 4 * random_below(3) : 8;
	const uint32_t at = tagged ? 18 : 14;
	uint8_t *h = d + at, *t = h + 20;

	memset(d, 0, FRAME_MAX);
	store_be16(d + 12, tagged ? 0x8100 : 0x0800);
	if (tagged) {
		store_be16(d + 14, (uint16_t)random_below(65536));
		store_be16(d + 16, 0x0800);
	}
	h[0] = 0x45;
	h[1] = (uint8_t)random_below(256);
	store_be16(h + 2, (uint16_t)(20 + header + payload));
	h[8] = 64;
	h[9] = tcp ? 6 : 17;
	store_be32(h + 12, random_below(1000000));
	store_be32(h + 16, random_below(1000000));
	store_be16(t, (uint16_t)(10000 + random_below(1000)));
	store_be16(t + 2, (uint16_t)(10000 + random_below(1000)));
	if (tcp) {
		t[12] = (uint8_t)(header / 4 << 4);
		t[13] = (uint8_t)random_below(256);
	} else {
		store_be16(t + 4, (uint16_t)(8 + payload));
	}
	return at + 20 + header + payload + (random_below(8) ? 0 : random_below(18));
}

/* One byte of the headers that matters, or the length, is not as it should be. */
static uint32_t spoil(uint8_t *d, uint32_t len)
{
	static const uint8_t bytes[] = {12, 13, 14, 15, 16, 17, 18, 20, 21, 23, 34, 38, 39, 46, 47};
	const uint32_t at = bytes[random_below(sizeof bytes)];

	if (random_below(3) == 0)
		return random_below(len + 1);
	d[at] = (uint8_t)(random_below(2) ? random_below(256) : d[at] ^ (1U << random_below(8)));
	return len;
}

static void view_of(struct parser *p, struct packet *k, const uint8_t *d, uint32_t len,
		    uint32_t wire_len)
{
	memset(k, 0xa5, sizeof *k); /* what is left of the packet before */
	k->data = d;
	k->len = len;
	k->wire_len = wire_len;
	k->time_ns = 7;
	k->port_id = 3;
	k->link_type = LINK_ETHERNET;
	k->flags = PACKET_WIRE_LEN | PACKET_TUNNELLED;
	parse_packet(p, k);
}

static bool same(const struct packet *a, const struct packet *b)
{
	return a->drop == b->drop && a->flags == b->flags && a->ip_version == b->ip_version &&
	       a->protocol == b->protocol && a->mac_offset == b->mac_offset &&
	       a->l3_offset == b->l3_offset && a->l4_offset == b->l4_offset &&
	       a->payload_offset == b->payload_offset && a->payload_len == b->payload_len &&
	       a->l3_len == b->l3_len && a->outer_l3_offset == b->outer_l3_offset &&
	       a->src_port == b->src_port && a->dst_port == b->dst_port &&
	       a->vlan_id == b->vlan_id && a->vlan_inner_id == b->vlan_inner_id &&
	       a->tcp_flags == b->tcp_flags && a->icmp_type == b->icmp_type &&
	       a->icmp_code == b->icmp_code && a->ip_tos == b->ip_tos && a->ip_ttl == b->ip_ttl &&
	       a->tunnel_type == b->tunnel_type && a->icmp_id == b->icmp_id &&
	       a->tunnel_id == b->tunnel_id && a->wire_len == b->wire_len;
}

static void test_both_ways_make_the_same_view(void **state)
{
	uint64_t short_notes[NOTE_N] = {0}, long_notes[NOTE_N] = {0};
	uint8_t *d = malloc(FRAME_MAX);
	struct parser short_way, long_way;
	uint32_t n_plain = 0;

	(void)state;
	assert_int_equal(parser_init(&short_way, short_notes, false), 0);
	assert_int_equal(parser_init(&long_way, long_notes, true), 0);
	for (int i = 0; i < FRAMES; i++) {
		uint32_t made = make_plain(d), len = random_below(2) ? spoil(d, made) : made;
		uint32_t wire_len = random_below(16) ? len : random_below(2 * FRAME_MAX);
		uint8_t *exact = malloc(len ? len : 1);
		struct packet a, b;

		memcpy(exact, d, len);
		view_of(&long_way, &b, exact, len, wire_len);
		if (b.flags & PACKET_TUNNELLED) { /* a spoilt protocol or port: another story */
			free(exact);
			memset(long_notes, 0, sizeof long_notes);
			memset(short_notes, 0, sizeof short_notes);
			continue;
		}
		view_of(&short_way, &a, exact, len, wire_len);
		if (!same(&a, &b))
			fail_msg("frame %d of %u bytes, %u on the wire", i, len, wire_len);
		long_notes[NOTE_bad_tunnel] = long_notes[NOTE_tunnel_depth] = 0;
		assert_memory_equal(short_notes, long_notes, sizeof short_notes);
		n_plain += a.drop == DROP_NONE;
		free(exact);
	}
	assert_true(n_plain > FRAMES / 2);
	parser_fini(&short_way);
	parser_fini(&long_way);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways_make_the_same_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
