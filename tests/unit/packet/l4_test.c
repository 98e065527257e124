/* SPDX-License-Identifier: BSD-3-Clause */
/* Transport headers: what is read of them whole, cut and lying. */
#include "builder.h"

/* An IPv4 packet of a protocol whose n bytes are given; the rest of 60 bytes is capture padding. */
static struct packet *run4(struct bench *t, uint8_t protocol, const void *bytes, uint32_t n)
{
	struct build p = {0};

	build_ipv4(&p, protocol);
	build_bytes(&p, bytes, n);
	build_done(&p);
	if (p.n < 60)
		build_take(&p, 60 - p.n);
	t->link = LINK_RAW_IP;
	return bench_parse(t, p.b, p.n);
}

static void tcp_lengths(void **state)
{
	struct bench t;
	uint8_t h[40] = {0, 7, 0, 9};

	(void)state;
	bench_open(&t, false);
	h[13] = 0xc2;
	for (uint32_t words = 0; words < 16; words++) {
		h[12] = (uint8_t)(words << 4);
		struct packet *k = run4(&t, 6, h, 40);
		bool ok = words >= 5 && words <= 10;
		assert_int_equal(k->payload_len, ok ? 40 - 4 * words : 0);
		assert_int_equal(k->tcp_flags, 0xc2);
		assert_int_equal(k->src_port, 7);
		bench_only_note(&t, ok ? NOTE_N : NOTE_bad_l4_length);
	}
	h[12] = 0x50;
	for (uint32_t n = 0; n < 20; n++) {
		struct packet *k = run4(&t, 6, h, n);
		assert_int_equal(!!(k->flags & PACKET_HAS_PORTS), n >= 4);
		assert_int_equal(k->dst_port, n >= 4 ? 9 : 0);
		assert_int_equal(!!(k->flags & PACKET_TCP), n >= 14);
		assert_int_equal(k->tcp_flags, n >= 14 ? 0xc2 : 0);
		assert_int_equal(k->payload_len, 0);
		bench_only_note(&t, NOTE_truncated_l4);
	}
	bench_close(&t);
}

/* Options that the capture cut are no lie. */
static void tcp_options_cut(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, false);
	build_ethernet(&p, 0x0800);
	build_ipv4(&p, 6);
	build_tcp(&p, 1, 2)[12] = 0xa0;
	build_take(&p, 20 + 50);
	build_done(&p);
	t.wire_more = p.n - 58;
	struct packet *k = bench_parse(&t, p.b, 58);
	assert_int_equal(k->payload_len, 0);
	assert_int_equal(k->dst_port, 2);
	assert_int_equal(k->l3_len, 110);
	assert_int_equal(t.notes[NOTE_truncated_l4], 1);
	assert_int_equal(t.notes[NOTE_bad_l4_length], 0);
	t.wire_more = p.n - 80;
	k = bench_parse(&t, p.b, 80);
	assert_int_equal(k->payload_len, 6);
	bench_only_note(&t, NOTE_cut);
	bench_close(&t);
}

static void udp_lengths(void **state)
{
	struct bench t;
	uint8_t h[20] = {0, 7, 0, 9};

	(void)state;
	bench_open(&t, false);
	for (uint32_t len = 0; len <= 22; len++) {
		store_be16(h + 4, (uint16_t)len);
		struct packet *k = run4(&t, 17, h, 20);
		assert_int_equal(k->src_port, 7);
		assert_int_equal(k->dst_port, 9);
		assert_int_equal(k->payload_len, len < 8 ? 0 : len > 20 ? 12 : len - 8);
		bench_only_note(&t, len < 8 || len > 20 ? NOTE_bad_l4_length : NOTE_N);
	}
	for (uint32_t n = 0; n < 8; n++) {
		struct packet *k = run4(&t, 17, h, n);
		assert_int_equal(!!(k->flags & PACKET_HAS_PORTS), n >= 4);
		assert_int_equal(k->payload_len, 0);
		bench_only_note(&t, NOTE_truncated_l4);
	}
	bench_close(&t);
}

/* A jumbogram has no UDP length (RFC 2675 4): its datagram ends with the frame. */
static void udp_jumbogram(void **state)
{
	enum { PAYLOAD = 70000, N = 40 + 8 + 8 + PAYLOAD };
	struct bench t;
	uint8_t *b = calloc(1, N);

	(void)state;
	assert_non_null(b);
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	b[0] = 0x60;
	b[40] = 17; /* next header 0 in byte 6: hop-by-hop with the jumbo option */
	b[42] = 0xc2;
	b[43] = 4;
	store_be32(b + 44, 8 + 8 + PAYLOAD);
	store_be16(b + 50, 53);
	struct packet *k = bench_parse(&t, b, N);
	assert_int_equal(k->protocol, 17);
	assert_int_equal(k->dst_port, 53);
	assert_int_equal(k->payload_len, PAYLOAD);
	bench_no_note(&t);
	bench_close(&t);
	free(b);
}

static void icmp_ids(void **state)
{
	struct bench t;
	uint8_t h[12] = {0, 3, 0, 0, 0xab, 0xcd};

	(void)state;
	bench_open(&t, false);
	for (uint32_t type = 0; type < 256; type++) {
		h[0] = (uint8_t)type;
		struct packet *k = run4(&t, 1, h, 12);
		bool query = type == 0 || type == 8 || (type >= 13 && type <= 18);
		assert_int_equal(k->icmp_type, type);
		assert_int_equal(k->icmp_code, 3);
		assert_int_equal(k->icmp_id, query ? 0xabcd : 0);
		assert_int_equal(k->payload_len, 4);
		assert_false(k->flags & PACKET_HAS_PORTS);
		k = run4(&t, 58, h, 12);
		assert_int_equal(k->icmp_type, type);
		assert_int_equal(k->icmp_id, type == 128 || type == 129 ? 0xabcd : 0);
		bench_no_note(&t);
	}
	h[0] = 8;
	for (uint32_t n = 0; n < 8; n++) {
		struct packet *k = run4(&t, 1, h, n);
		assert_int_equal(k->icmp_type, n >= 2 ? 8 : 0);
		assert_int_equal(k->icmp_id, n >= 6 ? 0xabcd : 0);
		assert_int_equal(k->src_port, 0);
		bench_only_note(&t, NOTE_truncated_l4);
	}
	bench_close(&t);
}

static void others_with_ports(void **state)
{
	static const struct {
		uint8_t protocol;
		uint32_t header_len;
	} rows[] = {{132, 12}, {33, 12}, {136, 8}};
	struct bench t;
	uint8_t h[24] = {0, 7, 0, 9};

	(void)state;
	bench_open(&t, false);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		h[4] = rows[i].protocol == 33 ? 3 : 0;
		h[5] = rows[i].protocol == 136 ? 8 : 0;
		for (uint32_t n = 0; n <= 24; n++) {
			struct packet *k = run4(&t, rows[i].protocol, h, n);
			bool whole = n >= rows[i].header_len;
			assert_int_equal(!!(k->flags & PACKET_HAS_PORTS), n >= 4);
			assert_int_equal(k->dst_port, n >= 4 ? 9 : 0);
			assert_int_equal(k->payload_len, whole ? n - rows[i].header_len : 0);
			bench_only_note(&t, whole ? NOTE_N : NOTE_truncated_l4);
		}
	}
	for (uint32_t words = 0; words < 10; words++) {
		h[4] = (uint8_t)words;
		struct packet *k = run4(&t, 33, h, 24);
		bool ok = words >= 3 && words <= 6;
		assert_int_equal(k->payload_len, ok ? 24 - 4 * words : 0);
		bench_only_note(&t, ok ? NOTE_N : NOTE_bad_l4_length);
	}
	for (uint32_t coverage = 0; coverage < 30; coverage++) {
		store_be16(h + 4, (uint16_t)coverage);
		assert_int_equal(run4(&t, 136, h, 24)->payload_len, 16);
		bool ok = coverage == 0 || (coverage >= 8 && coverage <= 24);
		bench_only_note(&t, ok ? NOTE_N : NOTE_bad_l4_length);
	}
	bench_close(&t);
}

/* Any other protocol: all of it is payload, nothing is read of it. */
static void any_protocol(void **state)
{
	static const uint8_t known[] = {1, 6, 17, 33, 58, 132, 136};
	static const uint8_t bytes[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (uint32_t protocol = 0; protocol < 256; protocol++) {
		if (memchr(known, (int)protocol, sizeof known))
			continue;
		struct packet *k = run4(&t, (uint8_t)protocol, bytes, 10);
		assert_int_equal(k->protocol, protocol);
		assert_int_equal(k->payload_offset, 20);
		assert_int_equal(k->payload_len, 10);
		assert_int_equal(k->src_port, 0);
		assert_int_equal(k->icmp_type, 0);
		assert_false(k->flags & (PACKET_HAS_PORTS | PACKET_TCP));
		bench_no_note(&t);
	}
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_lengths),	cmocka_unit_test(tcp_options_cut),
		cmocka_unit_test(udp_lengths),	cmocka_unit_test(udp_jumbogram),
		cmocka_unit_test(icmp_ids),	cmocka_unit_test(others_with_ports),
		cmocka_unit_test(any_protocol),
	};

	return cmocka_run_group_tests_name("packet/l4", tests, NULL, NULL);
}
