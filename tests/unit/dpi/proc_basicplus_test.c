/* SPDX-License-Identifier: BSD-3-Clause */
/* basicplus: IP and TCP headers of both directions, and options that lie. */
#include "proc_fixture.h"

enum { SYN = 0x02, ACK = 0x10 };

#define SET (1U << PROCESSOR_basicplus)

/* A TCP packet with options; fields that matter are arguments of their own. */
struct header {
	uint8_t ttl, ip_flags, tcp_flags;
	uint16_t window;
	const char *options;
	uint32_t options_len; /* a multiple of 4 */
};

static void feed(struct proc_fixture *x, const struct header *o, unsigned int direction)
{
	struct build b = {0};
	uint8_t *ip, *tcp;

	build_ethernet(&b, 0x0800);
	ip = build_ipv4(&b, 6);
	ip[8] = o->ttl;
	ip[6] = o->ip_flags;
	tcp = build_tcp(&b, 1000, 80);
	tcp[12] = (uint8_t)((20 + o->options_len) << 2);
	tcp[13] = o->tcp_flags;
	store_be16(tcp + 14, o->window);
	build_bytes(&b, o->options ? o->options : "", o->options_len);
	proc_packet(x, &b, direction, 1);
}

static void both_directions(void **state)
{
	struct proc_fixture x;
	const struct flow_record *r;

	(void)state;
	proc_open(&x, SET, NULL);
	/* MSS 1460, NOP, window scale 7, timestamps */
	feed(&x,
	     &(struct header){64, 0x40, SYN, 64240,
			      "\x02\x04\x05\xb4\x01\x03\x03\x07\x08\x0a"
			      "12345678"
			      "\x01\x01",
			      20},
	     DIR_FWD);
	feed(&x, &(struct header){58, 0, SYN | ACK, 65160, "\x02\x04\x05\x78", 4}, DIR_REV);
	feed(&x, &(struct header){63, 0, ACK, 500, "\x01\x01\x05\x02", 4}, DIR_FWD);
	feed(&x, &(struct header){70, 0, ACK, 400, NULL, 0}, DIR_FWD);
	assert_true(x.watched);
	r = proc_record(&x);
	assert_int_equal(r->known, KNOWN_IP_FWD | KNOWN_IP_REV | KNOWN_TCP_FWD | KNOWN_TCP_REV);
	assert_int_equal(r->ttl_min[DIR_FWD], 63);
	assert_int_equal(r->ttl_max[DIR_FWD], 70);
	assert_int_equal(r->ttl_min[DIR_REV], 58);
	assert_int_equal(r->ttl_max[DIR_REV], 58);
	assert_int_equal(r->ip_flags[DIR_FWD], 0x40);
	assert_int_equal(r->ip_flags[DIR_REV], 0);
	assert_int_equal(r->rev_ttl, 58);
	assert_int_equal(r->rev_tos, 0x28);
	assert_int_equal(r->tcp_window[DIR_FWD], 64240);
	assert_int_equal(r->tcp_window[DIR_REV], 65160);
	assert_int_equal(r->tcp_mss[DIR_FWD], 1460);
	assert_int_equal(r->tcp_mss[DIR_REV], 1400);
	assert_int_equal(r->tcp_options[DIR_FWD], 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8);
	assert_int_equal(r->tcp_options[DIR_REV], 1 << 2);
	assert_int_equal(r->tcp_syn_bytes, 60);
	proc_close(&x);
}

/* What the first packet is not tells nothing: no SYN, no MSS outside of one, no reverse. */
static void what_is_not_there(void **state)
{
	struct proc_fixture x;
	const struct flow_record *r;

	(void)state;
	proc_open(&x, SET, NULL);
	feed(&x, &(struct header){64, 0, ACK, 1, "\x02\x04\x05\xb4", 4}, DIR_FWD);
	r = proc_record(&x);
	assert_int_equal(r->known, KNOWN_IP_FWD | KNOWN_TCP_FWD);
	assert_int_equal(r->tcp_mss[DIR_FWD], 0);
	assert_int_equal(r->tcp_syn_bytes, 0);
	proc_close(&x);

	proc_open(&x, SET, NULL);
	proc_udp(&x, 10, DIR_REV, 0);
	r = proc_record(&x);
	assert_int_equal(r->known, KNOWN_IP_REV);
	assert_int_equal(r->ttl_min[DIR_REV], 64);
	proc_close(&x);
}

/* Lengths of 0 and 1, one beyond the header, a kind without its length, the end before the end. */
static void options_that_lie(void **state)
{
	static const struct {
		const char *options;
		uint64_t seen;
	} cases[] = {
		{"\x02\x00\x05\xb4", 0},
		{"\x08\x01\x01\x01", 0},
		{"\x01\x02\x04\x05", 1 << 1},
		{"\x01\x01\x01\x02", 1 << 1},
		{"\x01\x00\x02\x04", 1 << 1 | 1 << 0},
		{"\x02\x03\x05\x01", 1 << 2 | 1 << 1},
		{"\xfe\x04xx", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct proc_fixture x;
		const struct flow_record *r;

		proc_open(&x, SET, NULL);
		feed(&x, &(struct header){64, 0, SYN, 1, cases[i].options, 4}, DIR_FWD);
		r = proc_record(&x);
		assert_int_equal(r->tcp_options[DIR_FWD], cases[i].seen);
		assert_int_equal(r->tcp_mss[DIR_FWD], 0);
		proc_close(&x);
	}
}

/* Every length that a capture may have: a header that is not all there gives what there is. */
static void cut_anywhere(void **state)
{
	struct proc_fixture x;
	struct build b = {0};
	uint8_t *tcp;

	(void)state;
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 6);
	tcp = build_tcp(&b, 1000, 80);
	tcp[12] = 0xf0;
	tcp[13] = SYN;
	build_bytes(&b, "\x02\x04\x05\xb4\x04\x02\x08\x0a", 8);
	build_take(&b, 32);
	build_done(&b);
	for (uint32_t len = 34; len <= b.n; len++) {
		const struct flow_record *r;
		struct packet *k;

		proc_open(&x, SET, NULL);
		x.bench.wire_more = b.n - len;
		k = bench_parse(&x.bench, b.b, len);
		processors_packet(&x.p, x.annex, k, DIR_FWD);
		r = proc_record(&x);
		assert_int_equal(r->known & KNOWN_IP_FWD, KNOWN_IP_FWD);
		assert_int_equal(!!(r->known & KNOWN_TCP_FWD), len >= 54);
		assert_int_equal(r->tcp_mss[DIR_FWD], len >= 58 ? 1460 : 0);
		proc_close(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions),
		cmocka_unit_test(what_is_not_there),
		cmocka_unit_test(options_that_lie),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
