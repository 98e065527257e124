/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet with everything in it, cut at every byte and damaged at every byte. */
#include "builder.h"

/* VLANs, MPLS, IPv6 with extensions, VXLAN, VLAN, IPv4 options, GRE with key, IPv6, TCP options. */
static void rich(struct build *p)
{
	build_ethernet(p, 0x88a8);
	build_vlan(p, 100, 0x8100);
	build_vlan(p, 200, 0x8847);
	build_mpls(p, 16, false);
	build_mpls(p, 17, true);
	build_ipv6(p, 0);
	build_bytes(p, "\x3c\x00\x01\x04\x00\x00\x00\x00", 8);
	build_bytes(p, "\x11\x01\x01\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	build_udp(p, 50000, 4789);
	build_bytes(p, "\x08\0\0\0\0\0\x63\0", 8);
	build_ethernet(p, 0x8100);
	build_vlan(p, 300, 0x0800);
	build_ipv4(p, 47)[0] = 0x46;
	build_bytes(p, "\x94\x04\0\0", 4);
	build_bytes(p, "\x20\0\x86\xdd\0\0\0\x37", 8);
	build_ipv6(p, 6);
	build_tcp(p, 1000, 443)[12] = 0x80;
	build_bytes(p, "\1\1\x08\x0a\0\0\0\1\0\0\0\2", 12);
	build_take(p, 20);
	build_done(p);
}

static void whole(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, true);
	rich(&p);
	struct packet *k = bench_parse(&t, p.b, p.n);
	bench_no_note(&t);
	assert_int_equal(k->tunnel_type, TUNNEL_GRE);
	assert_int_equal(k->tunnel_id, 0x37);
	assert_int_equal(k->vlan_id, 100);
	assert_int_equal(k->vlan_inner_id, 200);
	assert_int_equal(k->outer_l3_offset, 128); /* of the header around the GRE */
	assert_int_equal(k->dst_port, 443);
	assert_int_equal(k->payload_len, 20);
	assert_int_equal(k->l3_len, 92);
	bench_close(&t);
}

/* How deep the view of a cut packet goes only grows with what was captured. */
static void cut_at_every_byte(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	rich(&p);
	for (int i = 0; i < 4; i++) {
		uint32_t l3_before = 0;
		bench_open(&t, i & 1);
		t.wire_unknown = i & 2;
		for (uint32_t n = 0; n <= p.n; n++) {
			t.wire_more = t.wire_unknown ? 0 : p.n - n;
			struct packet *k = bench_parse(&t, p.b, n);
			uint32_t hash = packet_symmetric_hash(t.copy, n, LINK_ETHERNET);
			assert_int_equal(hash != 0, n >= 30 + 40);
			assert_int_equal(k->drop == DROP_NONE, n >= 30 + 40);
			assert_true(k->l3_offset >= l3_before);
			assert_int_equal(t.notes[NOTE_cut], n >= 30 + 40 && n < p.n);
			assert_int_equal(t.notes[NOTE_bad_ip_length], 0);
			l3_before = k->l3_offset;
		}
		bench_close(&t);
	}
}

/* Each byte takes each value: whatever comes of it, bench_check() holds and nothing is overread. */
static void damaged_at_every_byte(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, true);
	rich(&p);
	for (uint32_t at = 0; at < p.n; at++) {
		uint8_t good = p.b[at];
		for (uint32_t value = 0; value < 256; value++) {
			p.b[at] = (uint8_t)value;
			struct packet *k = bench_parse(&t, p.b, p.n);
			assert_int_equal(k->drop == DROP_NONE, k->ip_version != 0);
			if (!k->drop && k->outer_l3_offset == 128)
				assert_int_equal(k->vlan_inner_id, load_be16(p.b + 18) & 0x0fff);
		}
		p.b[at] = good;
	}
	bench_close(&t);
}

/* Every link type on bytes of no meaning at all. */
static void noise(void **state)
{
	struct bench t;
	uint8_t b[96];
	uint64_t x = 88172645463325252ULL;

	(void)state;
	bench_open(&t, true);
	for (uint32_t i = 0; i < 100000; i++) {
		for (size_t j = 0; j < sizeof b; j += 8) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			store_be64(b + j, x);
		}
		t.link = (enum link_type)(i % (LINK_N + 1));
		b[0] = (uint8_t)(t.link == LINK_RAW_IP ? 0x45 + (x & 0x20) : b[0]);
		bench_parse(&t, b, (uint32_t)(x >> 32) % (sizeof b + 1));
		packet_symmetric_hash(t.copy, t.k.len, t.link);
	}
	bench_close(&t);
}

/* A source that gives less wire than capture is not believed. */
static void wire_below_capture(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, false);
	build_ethernet(&p, 0x0800);
	build_ipv4_tcp(&p, 9);
	build_done(&p);
	t.wire_more = -p.n;
	bench_is_tcp(bench_parse(&t, p.b, p.n), 14, 9);
	assert_int_equal(t.k.wire_len, 0);
	bench_no_note(&t);
	bench_close(&t);
}

/* A burst is its packets one by one. */
static void burst(void **state)
{
	struct bench t;
	struct packet k[BURST_MAX];
	struct build p = {0}, q = {0};
	uint64_t notes[NOTE_N] = {0};

	(void)state;
	bench_open(&t, true);
	rich(&p);
	build_ethernet(&q, 0x0800);
	build_ipv4_tcp(&q, 1);
	build_done(&q);
	for (uint32_t i = 0; i < BURST_MAX; i++) {
		const struct build *from = i & 1 ? &q : &p;
		k[i] = (struct packet){.data = from->b,
				       .len = from->n - (i & 1),
				       .port_id = 3,
				       .wire_len = from->n,
				       .flags = PACKET_WIRE_LEN};
	}
	t.parser.notes = notes;
	parse_packet_burst(&t.parser, k, BURST_MAX);
	for (uint32_t i = 0; i < BURST_MAX; i++) {
		assert_int_equal(k[i].drop, DROP_NONE);
		assert_int_equal(k[i].dst_port, i & 1 ? 80 : 443);
		assert_int_equal(k[i].port_id, 3);
		assert_int_equal(!!(k[i].flags & PACKET_CUT), i & 1);
	}
	assert_int_equal(notes[NOTE_cut], BURST_MAX / 2);
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(damaged_at_every_byte),
		cmocka_unit_test(noise),
		cmocka_unit_test(burst),
		cmocka_unit_test(wire_below_capture),
	};

	return cmocka_run_group_tests_name("packet/bounds", tests, NULL, NULL);
}
