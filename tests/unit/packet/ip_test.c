/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 and IPv6 headers, their lengths as stated, as lied, and as cut. */
#include "builder.h"

static void ipv4_fields(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, false);
	build_ethernet(&p, 0x0800);
	build_ipv4_tcp(&p, 0);
	build_done(&p);
	build_take(&p, 6); /* Ethernet padding is nobody's payload */
	struct packet *k = bench_parse(&t, p.b, p.n);
	bench_is_tcp(k, 14, 0);
	bench_no_note(&t);
	assert_int_equal(k->ip_tos, 0x28);
	assert_int_equal(k->ip_ttl, 64);
	assert_int_equal(k->outer_l3_offset, 14);
	assert_int_equal(k->tunnel_type, TUNNEL_NONE);
	assert_int_equal(k->flags,
			 PACKET_WIRE_LEN | PACKET_HAS_MAC | PACKET_HAS_PORTS | PACKET_TCP);
	bench_close(&t);
}

static void ipv4_options(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (uint32_t words = 0; words <= 10; words++) {
		struct build p = {0};
		uint8_t *h = build_ipv4(&p, 6);
		h[0] = (uint8_t)(0x45 + words);
		build_take(&p, 4 * words);
		build_tcp(&p, 1000, 80);
		build_take(&p, 3);
		t.link = LINK_RAW_IP;
		struct packet *k = bench_run(&t, &p);
		assert_int_equal(k->drop, DROP_NONE);
		assert_int_equal(k->l4_offset, 20 + 4 * words);
		assert_int_equal(k->payload_len, 3);
		assert_int_equal(k->dst_port, 80);
		bench_no_note(&t);

		/* cut inside the options: still a flow, its ports unread */
		if (words == 0)
			continue;
		t.wire_more = p.n - 21;
		k = bench_parse(&t, p.b, 21);
		t.wire_more = 0;
		assert_int_equal(k->drop, DROP_NONE);
		assert_int_equal(k->l3_len, p.n);
		assert_int_equal(k->l4_offset, 21);
		assert_int_equal(k->src_port, 0);
		assert_int_equal(t.notes[NOTE_truncated_l4], 1);
		assert_int_equal(t.notes[NOTE_cut], 1);
		assert_true(k->flags & PACKET_CUT);
	}
	bench_close(&t);
}

/* What total length says, against 20 + 20 + 10 bytes of IPv4 and TCP. */
static const struct {
	uint16_t stated;
	bool wire_unknown;
	uint32_t l3_len, payload_len;
	int note; /* NOTE_N: none */
	bool has_ports, cut;
} lengths4[] = {
	{50, false, 50, 10, NOTE_N, true, false},
	{45, false, 45, 5, NOTE_N, true, false},
	{40, false, 40, 0, NOTE_N, true, false},
	{39, false, 39, 0, NOTE_truncated_l4, true, false},
	{24, false, 24, 0, NOTE_truncated_l4, true, false},
	{23, false, 23, 0, NOTE_truncated_l4, false, false},
	{20, false, 20, 0, NOTE_truncated_l4, false, false},
	{19, false, 19, 0, NOTE_bad_ip_length, false, false},
	{1, false, 1, 0, NOTE_bad_ip_length, false, false},
	{0, false, 50, 10, NOTE_N, true, false},
	{0, true, 50, 10, NOTE_N, true, false},
	{51, false, 51, 10, NOTE_bad_ip_length, true, false},
	{51, true, 51, 10, NOTE_cut, true, true},
	{65535, false, 65535, 10, NOTE_bad_ip_length, true, false},
	{65535, true, 65535, 10, NOTE_cut, true, true},
};

static void ipv4_lengths(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	for (size_t i = 0; i < sizeof lengths4 / sizeof *lengths4; i++) {
		struct build p = {0};
		build_ethernet(&p, 0x0800);
		build_ipv4_tcp(&p, 10);
		build_done(&p);
		store_be16(p.b + 16, lengths4[i].stated);
		t.wire_unknown = lengths4[i].wire_unknown;
		struct packet *k = bench_parse(&t, p.b, p.n);
		assert_int_equal(k->drop, DROP_NONE);
		assert_int_equal(k->l3_len, lengths4[i].l3_len);
		assert_int_equal(k->payload_len, lengths4[i].payload_len);
		assert_int_equal(!!(k->flags & PACKET_HAS_PORTS), lengths4[i].has_ports);
		assert_int_equal(k->dst_port, lengths4[i].has_ports ? 80 : 0);
		assert_int_equal(!!(k->flags & PACKET_CUT), lengths4[i].cut);
		bench_only_note(&t, (enum packet_note)lengths4[i].note);
	}
	bench_close(&t);
}

/* The same for the IPv6 payload length, against 40 + 8 + 10 bytes of IPv6 and UDP. */
static const struct {
	uint16_t stated;
	bool wire_unknown;
	uint32_t payload_len;
	int note;
	bool has_ports;
} lengths6[] = {
	{18, false, 10, NOTE_N, true},
	{8, false, 0, NOTE_bad_l4_length, true},
	{7, false, 0, NOTE_truncated_l4, true},
	{3, false, 0, NOTE_truncated_l4, false},
	{0, false, 10, NOTE_N, true}, /* as segmentation offload leaves it */
	{19, false, 10, NOTE_bad_ip_length, true},
	{19, true, 10, NOTE_cut, true},
	{65535, false, 10, NOTE_bad_ip_length, true},
};

static void ipv6_lengths(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (size_t i = 0; i < sizeof lengths6 / sizeof *lengths6; i++) {
		struct build p = {0};
		build_ethernet(&p, 0x86dd);
		build_ipv6(&p, 17);
		build_udp(&p, 1, 2);
		build_take(&p, 10);
		build_done(&p);
		store_be16(p.b + 18, lengths6[i].stated);
		t.wire_unknown = lengths6[i].wire_unknown;
		struct packet *k = bench_parse(&t, p.b, p.n);
		assert_int_equal(k->drop, DROP_NONE);
		assert_int_equal(k->l3_len, 40U + lengths6[i].stated);
		assert_int_equal(k->payload_len, lengths6[i].payload_len);
		assert_int_equal(!!(k->flags & PACKET_HAS_PORTS), lengths6[i].has_ports);
		bench_only_note(&t, (enum packet_note)lengths6[i].note);
	}
	bench_close(&t);
}

static void headers_cut(void **state)
{
	struct bench t;
	struct build p4 = {0}, p6 = {0};

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	build_ipv4_tcp(&p4, 10);
	build_done(&p4);
	build_ipv6(&p6, 59);
	build_done(&p6);
	for (uint32_t n = 0; n < 40; n++) {
		enum drop_reason want = n == 0 ? DROP_empty : DROP_truncated_ip;
		assert_int_equal(bench_parse(&t, p4.b, n)->drop, n < 20 ? want : DROP_NONE);
		assert_int_equal(bench_parse(&t, p6.b, n)->drop, want);
	}
	struct packet *k = bench_parse(&t, p6.b, 40);
	assert_int_equal(k->drop, DROP_NONE);
	assert_int_equal(k->protocol, 59);
	assert_int_equal(k->l3_len, 40);
	bench_no_note(&t);
	bench_close(&t);
}

static void ipv6_fields(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, false);
	build_ethernet(&p, 0x86dd);
	build_ipv6(&p, 6);
	build_tcp(&p, 1000, 80);
	build_take(&p, 9);
	struct packet *k = bench_run(&t, &p);
	assert_int_equal(k->ip_version, 6);
	assert_int_equal(k->ip_tos, 0x28);
	assert_int_equal(k->ip_ttl, 63);
	assert_int_equal(k->protocol, 6);
	assert_int_equal(k->l3_len, 69);
	assert_int_equal(k->l4_offset, 54);
	assert_int_equal(k->payload_len, 9);
	assert_int_equal(k->src_port, 1000);
	bench_no_note(&t);
	bench_close(&t);
}

/* An extension header of n bytes that names the next one. */
static void extension(struct build *p, uint8_t type, uint8_t next, uint32_t n)
{
	uint8_t *h = build_take(p, n);

	h[0] = next;
	h[1] = (uint8_t)(type == 51 ? n / 4 - 2 : type == 44 ? 0 : n / 8 - 1);
}

static void ipv6_extensions(void **state)
{
	static const uint8_t types[] = {0, 43, 44, 51, 60, 135, 139, 140};
	struct bench t;
	struct build all = {0};

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < sizeof types; i++) {
		for (uint32_t n = 8; n <= (types[i] == 44 ? 8 : 24); n += 8) {
			struct build p = {0};
			build_ipv6(&p, types[i]);
			extension(&p, types[i], 17, n);
			build_udp(&p, 7, 9);
			build_take(&p, 5);
			struct packet *k = bench_run(&t, &p);
			assert_int_equal(k->protocol, 17);
			assert_int_equal(k->l4_offset, 40 + n);
			assert_int_equal(k->dst_port, 9);
			assert_int_equal(k->payload_len, 5);
			assert_false(k->flags & PACKET_FRAGMENT); /* RFC 6946: atomic */
			bench_no_note(&t);
		}
	}
	/* one behind the other, then ESP, which hides the rest */
	build_ipv6(&all, types[0]);
	for (size_t i = 0; i < sizeof types; i++)
		extension(&all, types[i], i + 1 < sizeof types ? types[i + 1] : 50, 8);
	build_take(&all, 30);
	struct packet *k = bench_run(&t, &all);
	assert_int_equal(k->protocol, 50);
	assert_int_equal(k->payload_len, 30);
	bench_no_note(&t);
	bench_close(&t);
}

static void ipv6_extensions_broken(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	for (int n = 1; n <= IPV6_EXT_MAX + 1; n++) {
		struct build p = {0};
		build_ipv6(&p, 60);
		for (int i = 0; i < n; i++)
			extension(&p, 60, i + 1 < n ? 60 : 17, 8);
		build_udp(&p, 7, 9);
		struct packet *k = bench_run(&t, &p);
		bool ok = n <= IPV6_EXT_MAX;
		assert_int_equal(k->protocol, ok ? 17 : 60);
		assert_int_equal(k->dst_port, ok ? 9 : 0);
		bench_only_note(&t, ok ? NOTE_N : NOTE_ext_header_depth);
	}
	/* longer than its packet; shorter than any; and cut by the capture, which is no lie */
	for (uint32_t n = 0; n <= 16; n++) {
		struct build p = {0};
		build_ipv6(&p, 43);
		extension(&p, 43, 59, 16);
		build_done(&p);
		t.wire_more = 16 - n;
		struct packet *k = bench_parse(&t, p.b, 40 + n);
		assert_int_equal(k->protocol, n < 16 ? 43 : 59);
		assert_int_equal(t.notes[NOTE_truncated_l4], n < 16);
		assert_int_equal(t.notes[NOTE_bad_ext_header], 0);
		t.wire_more = 0;
		store_be16(p.b + 4, (uint16_t)n);
		k = bench_parse(&t, p.b, p.n);
		if (n > 0) /* a length of 0 means up to the end */
			bench_only_note(&t, n < 16 ? NOTE_bad_ext_header : NOTE_N);
		assert_int_equal(k->l3_len, 40 + n);
	}
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_fields),	   cmocka_unit_test(ipv4_options),
		cmocka_unit_test(ipv4_lengths),	   cmocka_unit_test(ipv6_lengths),
		cmocka_unit_test(headers_cut),	   cmocka_unit_test(ipv6_fields),
		cmocka_unit_test(ipv6_extensions), cmocka_unit_test(ipv6_extensions_broken),
	};

	return cmocka_run_group_tests_name("packet/ip", tests, NULL, NULL);
}
