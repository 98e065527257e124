/* SPDX-License-Identifier: BSD-3-Clause */
/* pstats: which packets are listed, how many, and what of them. */
#include "proc_fixture.h"

enum { SYN = 0x02, PSH = 0x08, ACK = 0x10 };

#define SET (1U << PROCESSOR_pstats)

static void packets_with_payload(void **state)
{
	struct proc_fixture x;
	const struct flow_record *r;

	(void)state;
	proc_open(&x, SET, NULL);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 0);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN | ACK}, DIR_REV, 3);
	proc_tcp(&x, (struct proc_tcp){.seq = 2, .n = 100, .flags = PSH | ACK}, DIR_FWD, 4);
	proc_tcp(&x, (struct proc_tcp){.seq = 2, .n = 1400, .flags = ACK}, DIR_REV, 5);
	r = proc_record(&x);
	assert_int_equal(r->packet_lengths.n, 2);
	assert_int_equal(r->packet_lengths.values[0], 100);
	assert_int_equal(r->packet_lengths.values[1], 1400);
	assert_int_equal(r->packet_times.n, 2);
	assert_int_equal(flow_record_list_ms(r, r->packet_times.values[0]), 1000007);
	assert_int_equal(flow_record_list_ms(r, r->packet_times.values[1]), 1000012);
	assert_int_equal(r->packet_flags.n, 2);
	assert_int_equal(r->packet_flags.values[0], PSH | ACK);
	assert_int_equal(r->packet_flags.values[1], ACK);
	assert_int_equal(r->packet_directions.n, 2);
	assert_int_equal(r->packet_directions.reverse, 2);
	proc_close(&x);
}

static void with_zeros(void **state)
{
	const struct processor_options zeros = {.pstats_include_zeros = true};
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET, &zeros);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 0);
	assert_int_equal(proc_record(&x)->packet_lengths.n, 0); /* one SYN, and nothing else */
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN | ACK}, DIR_REV, 3);
	assert_int_equal(proc_record(&x)->packet_lengths.n, 2);
	assert_int_equal(proc_record(&x)->packet_lengths.values[1], 0);
	proc_close(&x);
}

static void thirty_and_no_more(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET, NULL);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(x.watched, i < 30);
		proc_udp(&x, i + 1, i % 2, 1);
	}
	assert_int_equal(proc_record(&x)->packet_lengths.n, 30);
	assert_int_equal(proc_record(&x)->packet_lengths.values[29], 30);
	assert_int_equal(proc_record(&x)->packet_directions.reverse, 0x2aaaaaaa);
	proc_close(&x);
}

/* A segment that neither advances nor differs was there before; numbers wrap. */
static void skip_what_is_sent_again(void **state)
{
	const struct processor_options skip = {.pstats_skip_dup = true};
	static const struct {
		struct proc_tcp tcp;
		unsigned int direction;
		bool counts;
	} steps[] = {
		{{UINT32_MAX - 9, 5, 10, ACK}, DIR_FWD, true},
		{{UINT32_MAX - 9, 5, 10, ACK}, DIR_FWD, false},
		{{UINT32_MAX - 9, 5, 10, ACK}, DIR_REV, true},	/* the other direction */
		{{0, 5, 10, ACK}, DIR_FWD, true},		/* wrapped, and on */
		{{UINT32_MAX - 9, 5, 10, ACK}, DIR_FWD, false}, /* back again */
		{{0, 5, 10, PSH | ACK}, DIR_FWD, true},		/* other flags */
		{{0, 5, 9, PSH | ACK}, DIR_FWD, true},		/* another length */
		{{0, 6, 9, PSH | ACK}, DIR_FWD, true},		/* it acknowledges more */
		{{0, 6, 9, PSH | ACK}, DIR_FWD, false},
	};
	struct proc_fixture x;
	uint8_t n = 0;

	(void)state;
	proc_open(&x, SET, &skip);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		proc_tcp(&x, steps[i].tcp, steps[i].direction, 1);
		n += steps[i].counts;
		assert_int_equal(proc_record(&x)->packet_lengths.n, n);
	}
	proc_close(&x);
}

/* What was on the wire counts, not what was captured; a later fragment holds payload, too. */
static void lengths_on_the_wire(void **state)
{
	struct proc_fixture x;
	struct build b = {0};
	uint8_t *ip;

	(void)state;
	proc_open(&x, SET, NULL);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 6);
	build_tcp(&b, 1000, 80);
	build_take(&b, 1000);
	build_done(&b);
	x.bench.wire_more = 900;
	processors_packet(&x.p, x.annex, bench_parse(&x.bench, b.b, b.n - 900), DIR_FWD);
	x.bench.wire_more = 0;

	b = (struct build){0};
	build_ethernet(&b, 0x0800);
	ip = build_ipv4(&b, 17);
	ip[7] = 100; /* 800 bytes on */
	build_take(&b, 500);
	proc_packet(&x, &b, DIR_FWD, 0);
	assert_int_equal(proc_record(&x)->packet_lengths.n, 2);
	assert_int_equal(proc_record(&x)->packet_lengths.values[0], 1000);
	assert_int_equal(proc_record(&x)->packet_lengths.values[1], 500);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_with_payload), cmocka_unit_test(with_zeros),
		cmocka_unit_test(thirty_and_no_more),	cmocka_unit_test(skip_what_is_sent_again),
		cmocka_unit_test(lengths_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
