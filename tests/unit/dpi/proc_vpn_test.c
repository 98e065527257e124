/* SPDX-License-Identifier: BSD-3-Clause */
/* Processors wg, ovpn, ssadetector and scitags. */
#include "proc_sends.h"

#define SET(name) (1U << PROCESSOR_##name)

/* ---- wg ---- */

enum { WG_PORT = 51820 };

static void wg_send(struct proc_fixture *x, unsigned int direction, uint32_t n, const char *head)
{
	uint8_t bytes[200] = {0};

	sends_hex(bytes, sizeof bytes, head);
	sends_udp(x, WG_PORT, direction, bytes, n);
}

static void wg_session(struct proc_fixture *x)
{
	wg_send(x, DIR_FWD, 148, "01000000 11223344");
	wg_send(x, DIR_REV, 92, "02000000 a1a2a3a4 11223344");
	wg_send(x, DIR_FWD, 32, "04000000 a1a2a3a4");
	wg_send(x, DIR_REV, 128, "04000000 11223344");
}

static void wg_peers(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(wg), NULL);
	wg_session(&x);
	assert_true(x.watched);
	proc_record(&x);
	assert_true(x.r.known & KNOWN_WG);
	assert_int_equal(x.r.wg_confidence, 100);
	assert_int_equal(x.r.wg_peer[DIR_FWD], 0x44332211);
	assert_int_equal(x.r.wg_peer[DIR_REV], 0xa4a3a2a1);
	proc_close(&x);
}

/* A cookie names the one that gets it. */
static void wg_cookie(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(wg), NULL);
	wg_send(&x, DIR_REV, 64, "03000000 01000000");
	proc_record(&x);
	assert_int_equal(x.r.wg_peer[DIR_FWD], 1);
	assert_int_equal(x.r.wg_peer[DIR_REV], 0);
	proc_close(&x);
}

static void wg_doubts(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(wg), NULL);
	wg_send(&x, DIR_FWD, 40, "04000000 00010000");
	assert_int_equal(proc_record(&x)->wg_confidence, 1);
	wg_send(&x, DIR_FWD, 40, "04000000 00010001");
	assert_int_equal(proc_record(&x)->wg_confidence, 100);
	wg_send(&x, DIR_REV, 40, "04000100 00010001");
	assert_false(x.watched);
	assert_int_equal(proc_record(&x)->wg_confidence, 0);
	assert_true(x.r.known & KNOWN_WG);
	proc_close(&x);
}

/* What does not begin so is none. */
static void wg_others(void **state)
{
	static const struct {
		uint32_t n;
		const char *head;
	} others[] = {
		{147, "01000000"}, {93, "02000000"},  {65, "03000000"}, {31, "04000000"},
		{148, "05000000"}, {148, "00000000"}, {0, ""},
	};
	struct proc_fixture x;

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		proc_open(&x, SET(wg), NULL);
		wg_send(&x, DIR_FWD, others[i].n, others[i].head);
		assert_false(x.watched);
		assert_false(proc_record(&x)->known & KNOWN_WG);
		proc_close(&x);
	}
	proc_open(&x, SET(wg), NULL);
	sends_tcp(&x, WG_PORT, DIR_FWD,
		  (struct sends){"\4\0\0\0 123456789012345678901234567890", 34, 1});
	assert_false(x.watched);
	proc_close(&x);
}

/* Another session is another record, when each transaction is. */
static void wg_sessions(void **state)
{
	static const struct processor_options each = {.records_transaction = true};
	struct proc_fixture x;
	struct build b = {0};
	uint8_t *initiation;

	(void)state;
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 17);
	sends_ports(build_udp(&b, 0, 0), WG_PORT, DIR_FWD);
	initiation = build_take(&b, 148);
	initiation[0] = 1;
	store_be32(initiation + 4, 0x11223344);
	proc_open(&x, SET(wg), &each);
	assert_true(x.p.guards);
	wg_session(&x);
	assert_false(processors_cut_before(&x.p, x.annex, bench_run(&x.bench, &b), DIR_FWD));
	store_be32(initiation + 4, 0x11223345);
	assert_true(processors_cut_before(&x.p, x.annex, bench_run(&x.bench, &b), DIR_FWD));
	initiation[0] = 4;
	assert_false(processors_cut_before(&x.p, x.annex, bench_run(&x.bench, &b), DIR_FWD));
	proc_close(&x);
	proc_open(&x, SET(wg), NULL);
	assert_false(x.p.guards);
	proc_close(&x);
}

/* ---- ovpn ---- */

enum { OVPN_PORT = 1194 };

static void ovpn_send(struct proc_fixture *x, unsigned int direction, uint32_t n, uint8_t opcode)
{
	uint8_t bytes[1400] = {0};

	bytes[0] = (uint8_t)(opcode << 3);
	sends_udp(x, OVPN_PORT, direction, bytes, n);
}

static void ovpn_hello(struct proc_fixture *x, unsigned int direction, uint32_t at, uint8_t type)
{
	uint8_t bytes[200] = {4 << 3};

	bytes[at] = 0x16;
	bytes[at + 5] = type;
	sends_udp(x, OVPN_PORT, direction, bytes, sizeof bytes);
}

static void ovpn_handshake(struct proc_fixture *x, uint32_t hmac_len)
{
	ovpn_send(x, DIR_FWD, 14, 7);
	ovpn_send(x, DIR_REV, 26, 8);
	ovpn_send(x, DIR_FWD, 22, 5);
	ovpn_hello(x, DIR_FWD, 14 + hmac_len, 1);
	ovpn_hello(x, DIR_REV, 26 + hmac_len, 2);
	ovpn_send(x, DIR_FWD, 22, 5);
}

static uint8_t ovpn_confidence(struct proc_fixture *x)
{
	memset(&x->r.known, 0, sizeof x->r - offsetof(struct flow_record, known));
	proc_record(x);
	assert_true(x->r.known & KNOWN_OVPN);
	return x->r.ovpn_confidence;
}

static void ovpn_by_steps(void **state)
{
	struct proc_fixture x;

	(void)state;
	for (uint32_t hmac_len = 0; hmac_len <= 28; hmac_len += 28) {
		proc_open(&x, SET(ovpn), NULL);
		ovpn_handshake(&x, hmac_len);
		for (int i = 0; i < 14; i++)
			ovpn_send(&x, (unsigned int)i & 1, 100, 9);
		assert_int_equal(ovpn_confidence(&x), 0);
		ovpn_send(&x, DIR_FWD, 100, 6);
		assert_int_equal(ovpn_confidence(&x), 100);
		proc_close(&x);
	}
}

/* Steps of the wrong side, or too many that lead nowhere. */
static void ovpn_astray(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(ovpn), NULL);
	ovpn_send(&x, DIR_FWD, 14, 7);
	ovpn_send(&x, DIR_FWD, 26, 8);
	for (int i = 0; i < 30; i++)
		ovpn_send(&x, DIR_FWD, 100, 9);
	assert_int_equal(ovpn_confidence(&x), 0);
	proc_close(&x);
	for (int astray = 4; astray <= 5; astray++) {
		proc_open(&x, SET(ovpn), NULL);
		ovpn_handshake(&x, 0);
		for (int i = 0; i < 30; i++)
			ovpn_send(&x, DIR_FWD, 100, i < astray ? 31 : 9);
		assert_int_equal(ovpn_confidence(&x), astray == 4 ? 100 : 0);
		proc_close(&x);
	}
}

/* Without a handshake the share of data among large packets decides; RTP is none of these. */
static void ovpn_by_data(void **state)
{
	struct proc_fixture x;
	uint8_t rtp[600] = {0x80, 96};

	(void)state;
	proc_open(&x, SET(ovpn), NULL);
	for (int i = 0; i < 20; i++)
		ovpn_send(&x, DIR_FWD, 501, 9);
	ovpn_send(&x, DIR_FWD, 500, 9);
	for (int i = 0; i < 5; i++)
		sends_udp(&x, OVPN_PORT, DIR_REV, rtp, sizeof rtp);
	assert_int_equal(ovpn_confidence(&x), 0);
	ovpn_send(&x, DIR_FWD, 501, 6);
	assert_int_equal(ovpn_confidence(&x), 80);
	for (int i = 0; i < 14; i++)
		ovpn_send(&x, DIR_FWD, 501, 31);
	assert_int_equal(ovpn_confidence(&x), 48);
	ovpn_send(&x, DIR_FWD, 501, 31);
	assert_int_equal(ovpn_confidence(&x), 0);
	proc_close(&x);
}

static void ovpn_few(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(ovpn), NULL);
	for (int i = 0; i < 5; i++)
		ovpn_send(&x, DIR_FWD, 100, 9);
	assert_false(proc_record(&x)->known & KNOWN_OVPN);
	ovpn_send(&x, DIR_FWD, 100, 9);
	assert_true(proc_record(&x)->known & KNOWN_OVPN);
	proc_close(&x);
}

static void ovpn_tcp(void **state)
{
	uint8_t bytes[600] = {2, 0x56, 9 << 3};
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(ovpn), NULL);
	for (uint32_t i = 0; i < 21; i++)
		sends_tcp(&x, OVPN_PORT, DIR_FWD, (struct sends){bytes, sizeof bytes, i * 600});
	sends_tcp(&x, OVPN_PORT, DIR_REV, (struct sends){bytes, 2, 1});
	assert_int_equal(ovpn_confidence(&x), 80);
	proc_close(&x);
}

/* ---- ssadetector ---- */

static void ssa_begin(struct proc_fixture *x)
{
	proc_open(x, SET(ssadetector), NULL);
	for (int i = 0; i < 29; i++)
		proc_udp(x, 100, (unsigned int)i & 1, 1);
}

static void ssa_handshake(struct proc_fixture *x, uint32_t len, uint32_t longer, uint64_t after_ms)
{
	proc_udp(x, len, DIR_FWD, 5000);
	proc_udp(x, len + longer, DIR_REV, after_ms);
}

static uint8_t ssa_confidence(struct proc_fixture *x)
{
	proc_record(x);
	assert_true(x->r.known & KNOWN_SSA);
	return x->r.ssa_confidence;
}

static void ssa_few_packets(void **state)
{
	struct proc_fixture x;

	(void)state;
	ssa_begin(&x);
	proc_udp(&x, 100, DIR_FWD, 1);
	assert_false(proc_record(&x)->known & KNOWN_SSA);
	proc_udp(&x, 10, DIR_FWD, 1);
	assert_int_equal(ssa_confidence(&x), 0);
	proc_close(&x);
}

static void ssa_handshakes(void **state)
{
	struct proc_fixture x;

	(void)state;
	ssa_begin(&x);
	ssa_handshake(&x, 80, 12, 3000);
	ssa_handshake(&x, 80, 12, 3000);
	assert_int_equal(ssa_confidence(&x), 0);
	ssa_handshake(&x, 80, 0, 10); /* a second length of three suspects: more than 60 % */
	assert_int_equal(ssa_confidence(&x), 0);
	ssa_handshake(&x, 80, 12, 10);
	assert_int_equal(ssa_confidence(&x), 1);
	proc_close(&x);
}

/* Too late, too long, too short, too large, of the same side. */
static void ssa_none(void **state)
{
	struct proc_fixture x;

	(void)state;
	ssa_begin(&x);
	for (int i = 0; i < 5; i++) {
		ssa_handshake(&x, 80, 12, 3001);
		ssa_handshake(&x, 80, 13, 10);
		ssa_handshake(&x, 59, 0, 10);
		ssa_handshake(&x, 151, 0, 10);
		proc_udp(&x, 90, DIR_FWD, 5000);
		proc_udp(&x, 90, DIR_FWD, 1);
	}
	assert_int_equal(ssa_confidence(&x), 0);
	proc_close(&x);
}

/* Many different lengths are no handshakes. */
static void ssa_lengths(void **state)
{
	struct proc_fixture x;

	(void)state;
	ssa_begin(&x);
	for (uint32_t i = 0; i < 50; i++)
		ssa_handshake(&x, 60 + i % 10, 0, 10);
	assert_int_equal(ssa_confidence(&x), 1); /* 10 of 50 */
	for (uint32_t i = 0; i < 4; i++)
		ssa_handshake(&x, 100 + i, 0, 10);
	assert_int_equal(ssa_confidence(&x), 0); /* 14 of 54 */
	proc_close(&x);
}

/* ---- scitags ---- */

static void label(struct proc_fixture *x, uint32_t label, unsigned int direction)
{
	struct build b = {0};

	build_ethernet(&b, 0x86dd);
	store_be32(build_ipv6(&b, 17), 0x60000000 | label);
	build_udp(&b, 5, 6);
	proc_packet(x, &b, direction, 1);
}

static void scitags(void **state)
{
	/* experiment 16 (000010000, turned around the same), activity 14; then 2 and 63 */
	static const uint32_t first = 0x10 << 9 | 14 << 2, second = 0x80 << 9 | 63 << 2;
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(scitags), NULL);
	label(&x, first, DIR_FWD);
	label(&x, second | 0xc0103, DIR_REV);
	assert_int_equal(proc_record(&x)->scitag_experiment, 16);
	assert_int_equal(x.r.scitag_activity, 14);
	label(&x, first | 1, DIR_FWD); /* no mark any more: the other side's tells */
	memset(&x.r.known, 0, sizeof x.r - offsetof(struct flow_record, known));
	assert_int_equal(proc_record(&x)->scitag_experiment, 2);
	assert_int_equal(x.r.scitag_activity, 63);
	for (int i = 0; i < 13; i++)
		label(&x, first, DIR_FWD);
	assert_false(x.watched);
	proc_close(&x);
}

static void scitags_none(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET(scitags), NULL);
	label(&x, 14 << 2 | 0xc0103, DIR_FWD); /* an activity of no experiment */
	assert_int_equal(proc_record(&x)->scitag_experiment, 0);
	assert_int_equal(x.r.scitag_activity, 0);
	proc_close(&x);
	proc_open(&x, SET(scitags), NULL);
	proc_udp(&x, 5, DIR_FWD, 1);
	assert_false(x.watched);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wg_peers),	   cmocka_unit_test(wg_cookie),
		cmocka_unit_test(wg_doubts),	   cmocka_unit_test(wg_others),
		cmocka_unit_test(wg_sessions),	   cmocka_unit_test(ovpn_by_steps),
		cmocka_unit_test(ovpn_astray),	   cmocka_unit_test(ovpn_by_data),
		cmocka_unit_test(ovpn_few),	   cmocka_unit_test(ovpn_tcp),
		cmocka_unit_test(ssa_few_packets), cmocka_unit_test(ssa_handshakes),
		cmocka_unit_test(ssa_none),	   cmocka_unit_test(ssa_lengths),
		cmocka_unit_test(scitags),	   cmocka_unit_test(scitags_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
