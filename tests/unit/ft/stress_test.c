/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables at their bounds: full, sliced, held back. Nothing overruns, nothing is lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "frames.h"
#include "ft/ft.h"

#define HELD_MAX 100000

struct bench {
	pfring_ft_table *table;
	struct frame frames[PFRING_FT_BURST_MAX * (PFRING_FT_BURSTS_HELD + 1)];
	unsigned int at;
	pfring_ft_packet batch[PFRING_FT_BURST_MAX];
	unsigned int n, burst;
	pfring_ft_flow *held[HELD_MAX]; /* what a slow exporter has not given back */
	unsigned int n_held;
	bool hold;
	uint64_t ends[END_N], packets;
};

static void on_export(pfring_ft_flow *flow, void *user)
{
	struct bench *b = user;
	struct flow_record r;

	ft_flow_record(flow, &r);
	b->ends[r.end_reason]++;
	b->packets += r.packets[DIR_FWD] + r.packets[DIR_REV];
	if (b->hold && b->n_held < HELD_MAX)
		b->held[b->n_held++] = flow;
	else
		pfring_ft_flow_free(flow);
}

static struct bench *bench_make(const struct ft_options *o, unsigned int burst)
{
	struct bench *b = calloc(1, sizeof *b);
	char error[256];

	b->burst = burst;
	assert_int_equal(ft_table_create(&b->table, o, error, sizeof error), 0);
	pfring_ft_set_flow_export_callback(b->table, on_export, b);
	return b;
}

static void push(struct bench *b)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];

	pfring_ft_process_burst(b->table, b->batch, b->n, out);
	b->n = 0;
}

static void feed(struct bench *b, uint32_t flow, uint64_t time_ns)
{
	const struct frame_spec s = {
		.src = 0x0a000000 + flow, .dst = 1, .sport = 5, .dport = 6, .protocol = 17};
	struct frame *f = &b->frames[b->at++ % (sizeof b->frames / sizeof b->frames[0])];

	frame_make(f, &s);
	b->batch[b->n++] = (pfring_ft_packet){.data = f->bytes,
					      .caplen = f->len,
					      .len = f->len,
					      .time_ns = time_ns,
					      .action = PFRING_FT_ACTION_SLICE,
					      .flags = PFRING_FT_PACKET_WIRE_LEN};
	if (b->n == b->burst)
		push(b);
}

static void drain(struct bench *b)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];

	push(b);
	while (pfring_ft_process_burst(b->table, NULL, 0, out))
		assert_int_equal(out[0].action, PFRING_FT_ACTION_DEFAULT);
}

/* Ends all, and holds the books against each other. */
static void bench_close(struct bench *b, uint64_t fed)
{
	const struct lane_counters *c = ft_counters(b->table);
	uint64_t told = 0;

	for (unsigned int i = 0; i < b->n_held; i++)
		pfring_ft_flow_free(b->held[i]);
	b->hold = false;
	pfring_ft_flush(b->table);
	for (int i = 0; i < END_N; i++)
		told += b->ends[i];
	assert_int_equal(c->metered_packets, fed);
	assert_int_equal(c->table[TABLE_records], told + c->table[TABLE_records_dropped_detached]);
	if (!c->table[TABLE_records_dropped_detached])
		assert_int_equal(b->packets, fed);
	assert_int_equal(ft_flows_active(b->table), 0);
	pfring_ft_destroy_table(b->table);
	free(b);
}

/* Every new flow makes a quiet full table cut and end hundreds of old ones in the same burst. */
static void test_a_full_quiet_table_makes_room(void **state)
{
	const struct ft_options o = {.flows_max = 30000,
				     .idle_timeout_ns = 60 * SECOND_NS,
				     .active_timeout_ns = 50 * SECOND_NS,
				     .numa_node = -1};
	struct bench *b = bench_make(&o, 64);
	uint64_t t = 1000 * SECOND_NS, fed = 0;

	(void)state;
	for (int round = 0; round < 6; round++, t += 9 * SECOND_NS)
		for (uint32_t i = 0; i < 30000; i++, fed++)
			feed(b, i, t);
	t = 1097 * SECOND_NS;
	for (uint32_t i = 0; i < 4000; i++, fed++)
		feed(b, 0x1000000 + i, t + i);
	drain(b);
	bench_close(b, fed);
}

/* Slices fill what may be out, and hold their masters, whose own records are then lost by name. */
static void test_an_exporter_that_holds_slices(void **state)
{
	const struct ft_options o = {.flows_max = 2000,
				     .detached_max = 1000,
				     .idle_timeout_ns = 5 * SECOND_NS,
				     .active_timeout_ns = 100 * SECOND_NS,
				     .slice_timeout_ns = 2 * SECOND_NS,
				     .numa_node = -1};
	struct bench *b = bench_make(&o, 64);
	uint64_t t = 1000 * SECOND_NS, fed = 0;

	(void)state;
	b->hold = true;
	for (int round = 0; round < 4; round++, t += SECOND_NS)
		for (uint32_t i = 0; i < 1500; i++, fed++)
			feed(b, i, t);
	drain(b);
	for (int s = 0; s < 20; s++, t += SECOND_NS)
		pfring_ft_housekeeping_ns(b->table, t);
	for (int round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < 1900; i++, fed++)
			feed(b, 0x1000000 + (uint32_t)round * 10000 + i, t);
		drain(b);
		for (int s = 0; s < 10; s++, t += SECOND_NS)
			pfring_ft_housekeeping_ns(b->table, t);
	}
	assert_true(ft_counters(b->table)->table[TABLE_records_dropped_detached] > 0);
	bench_close(b, fed);
}

/* After any silence the old flows of a full table are idle; none of the new ones gives way. */
static void test_long_idle_flows_go_first_after_any_gap(void **state)
{
	static const uint64_t gaps_s[] = {31, 60, 100, 130, 500};
	const struct ft_options o = {.flows_max = 20000,
				     .idle_timeout_ns = 30 * SECOND_NS,
				     .active_timeout_ns = 120 * SECOND_NS,
				     .numa_node = -1};

	(void)state;
	for (unsigned int g = 0; g < 5; g++) {
		struct bench *b = bench_make(&o, 32);
		uint64_t t = 1000 * SECOND_NS;

		for (uint32_t i = 0; i < 20000; i++)
			feed(b, i, t);
		for (uint32_t i = 0; i < 20000; i++)
			feed(b, 0x1000000 + i, t + gaps_s[g] * SECOND_NS + i);
		drain(b);
		assert_int_equal(ft_counters(b->table)->table[TABLE_flows_ended_overflow], 0);
		assert_int_equal(ft_counters(b->table)->table[TABLE_flows_ended_idle], 20000);
		bench_close(b, 40000);
	}
}

/* Three times as many flows as fit: who gives way must not depend on the size of a burst. */
static void test_a_full_table_ends_the_same_at_every_burst_size(void **state)
{
	static const unsigned int bursts[] = {1, 7, 32, 64};
	const struct ft_options o = {.flows_max = 500,
				     .idle_timeout_ns = 2 * SECOND_NS,
				     .active_timeout_ns = 9 * SECOND_NS,
				     .numa_node = -1};
	uint64_t first[END_N];

	(void)state;
	for (unsigned int k = 0; k < 4; k++) {
		struct bench *b = bench_make(&o, bursts[k]);
		uint64_t random = 88172645463325252ULL, t = 1000 * SECOND_NS;

		for (int i = 0; i < 60000; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			t += random % 3000000;
			feed(b, (uint32_t)((random >> 32) % 1500), t);
		}
		drain(b);
		assert_true(b->ends[END_OVERFLOW] > 100);
		if (k == 0)
			memcpy(first, b->ends, sizeof first);
		assert_memory_equal(first, b->ends, sizeof first);
		bench_close(b, 60000);
	}
}

/* A table may be given up while it holds packets whose bytes are gone already. */
static void test_destroy_with_packets_held(void **state)
{
	const struct ft_options o = {.flows_max = 100,
				     .idle_timeout_ns = SECOND_NS,
				     .active_timeout_ns = SECOND_NS,
				     .numa_node = -1};
	pfring_ft_packet in = {.caplen = 60, .len = 60}, out[PFRING_FT_BURST_MAX];
	struct frame *f = calloc(1, sizeof *f);
	pfring_ft_table *t;
	char error[256];

	(void)state;
	assert_int_equal(ft_table_create(&t, &o, error, sizeof error), 0);
	in.data = f->bytes;
	pfring_ft_process_burst(t, &in, 1, out);
	free(f);
	pfring_ft_destroy_table(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_quiet_table_makes_room),
		cmocka_unit_test(test_an_exporter_that_holds_slices),
		cmocka_unit_test(test_long_idle_flows_go_first_after_any_gap),
		cmocka_unit_test(test_a_full_table_ends_the_same_at_every_burst_size),
		cmocka_unit_test(test_destroy_with_packets_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
