/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hostile headers for pfring_ft_process() and its burst form: times that run backwards, stand at
 * the ends of their types or are no times, and garbage in the extended header.
 */
#include "hostile.h"

#include <limits.h>
#include <string.h>

static const struct hostile_frame *frames;
static unsigned int n_frames;

static int make_frames(void **state)
{
	(void)state;
	frames = hostile_frames(&n_frames);
	return 0;
}

static const struct timeval times[] = {
	{.tv_sec = 1000, .tv_usec = 5},
	{.tv_sec = 1000, .tv_usec = 4},
	{.tv_sec = 999, .tv_usec = 999999},
	{0},
	{.tv_sec = 1001, .tv_usec = -1},
	{.tv_sec = 1001, .tv_usec = LONG_MAX},
	{.tv_sec = 1001, .tv_usec = LONG_MIN},
	{.tv_sec = 1001, .tv_usec = 5000000},
	{.tv_sec = UINT32_MAX},
	{.tv_sec = 4000000000, .tv_usec = 999999},
	{.tv_sec = 18446744073, .tv_usec = 709551},
	{.tv_sec = 18446744073, .tv_usec = 709552},
	{.tv_sec = LONG_MAX, .tv_usec = LONG_MAX},
	{.tv_sec = LONG_MAX / 1000000000},
	{.tv_sec = LONG_MIN, .tv_usec = LONG_MIN},
	{.tv_sec = -1},
	{.tv_sec = 1700000000},
	{.tv_sec = 1700000000 - 3601},
	{.tv_sec = 1700000000 + 86400 * 4},
};
#define N_TIMES (sizeof times / sizeof *times)

static void offer_at(struct bench *b, const struct hostile_frame *f, const struct timeval *ts)
{
	const pfring_ft_pcap_pkthdr h = {.ts = *ts, .caplen = f->len, .len = f->len};

	bench_offer(b, f->bytes, &h, NULL);
}

/* From any time to any other, with housekeeping of any time in between. */
static void test_any_time_after_any_other(void **state)
{
	static const u_int32_t epochs[] = {0, 1, 1000, UINT32_MAX};
	struct bench b;

	(void)state;
	bench_open(&b, PFRING_FT_DECODE_TUNNELS);
	pfring_ft_flow_set_flow_slicing(b.table, 3);
	b.slices = true;
	for (size_t i = 0; i < N_TIMES; i++) {
		for (size_t k = 0; k < N_TIMES; k++) {
			offer_at(&b, &frames[(i + k) % n_frames], &times[i]);
			offer_at(&b, &frames[0], &times[k]);
			pfring_ft_housekeeping(b.table, epochs[(i * N_TIMES + k) % 4]);
		}
		bench_check(&b);
	}
	bench_close(&b);
}

/* The same with nanoseconds in bursts: what is held meets what was swept. */
static void test_any_time_in_bursts(void **state)
{
	static const u_int64_t ns[] = {0,	   1,	       UINT64_MAX, UINT64_MAX - 1,
				       1ULL << 63, 1ULL << 48, 1ULL << 40, 1000000000,
				       1ULL << 47, 12345};
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	b.slices = true;
	pfring_ft_flow_set_flow_slicing(b.table, 3);
	for (unsigned int i = 0; i < 100; i++) {
		const struct hostile_frame *f = &frames[i % n_frames];
		pfring_ft_packet p = {.data = bench_exact(f->bytes, f->len),
				      .caplen = f->len,
				      .len = f->len,
				      .time_ns = ns[i % 10],
				      .flags = PFRING_FT_PACKET_WIRE_LEN};

		for (b.n_live = 0; b.n_live < 20; b.n_live++) {
			b.live[b.n_live] = p;
			b.live[b.n_live].time_ns += (b.n_live & 1) ? ns[i / 10] : 0;
		}
		b.fed += 20;
		assert_int_equal(pfring_ft_process_burst(b.table, b.live, 20, out), 0);
		assert_int_equal(pfring_ft_process_burst(b.table, NULL, 0, out), 20);
		pfring_ft_housekeeping_ns(b.table, ns[(i * 7) % 10]);
		free((void *)p.data);
	}
	bench_close(&b);
}

/* A clock that runs backwards all the time loses no packet and no flow. */
static void test_time_that_runs_backwards(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, PFRING_FT_TABLE_FLAGS_DPI);
	for (long s = 3000; s > 0; s -= 7)
		for (unsigned int i = 0; i < n_frames; i += 3)
			offer_at(&b, &frames[i], &(struct timeval){.tv_sec = s});
	bench_close(&b);
}

/* What a run with some extended header exported, but for the two fields that are copied from it. */
struct outcome {
	unsigned int n, came_wrong;
	u_int32_t seed;
	pfring_ft_flow_key keys[HOSTILE_FRAMES];
	u_int64_t packets[HOSTILE_FRAMES], bytes[HOSTILE_FRAMES];
};

static pfring_ft_ext_pkthdr garbage(u_int32_t seed)
{
	return (pfring_ft_ext_pkthdr){.device_id = (u_int16_t)(seed * 40503U),
				      .port_id = (u_int8_t)(seed * 77),
				      .reserved = (u_int8_t)(seed * 123)};
}

static void on_outcome(pfring_ft_flow *flow, void *user)
{
	struct outcome *o = user;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);
	const pfring_ft_ext_pkthdr came = garbage(o->seed);

	assert_true(o->n < HOSTILE_FRAMES);
	o->keys[o->n] = *pfring_ft_flow_get_key(flow);
	o->packets[o->n] = v->direction[s2d_direction].pkts;
	o->bytes[o->n++] = v->direction[s2d_direction].bytes;
	o->came_wrong += v->direction[s2d_direction].device_id != came.device_id ||
			 v->direction[s2d_direction].port_id != came.port_id;
	pfring_ft_flow_free(flow);
}

static void run_with(struct outcome *o, const pfring_ft_ext_pkthdr *ext, u_int32_t seed,
		     u_int32_t hash)
{
	pfring_ft_table *t = pfring_ft_create_table(0, 1000, 10, 60, 0);
	pfring_ft_ext_pkthdr copy;

	assert_non_null(t);
	memset(o, 0, sizeof *o);
	o->seed = seed;
	pfring_ft_set_flow_export_callback(t, on_outcome, o);
	for (unsigned int i = 0; i < n_frames; i++) {
		const pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = 1000, .tv_usec = i},
						 .caplen = frames[i].len,
						 .len = frames[i].len};

		if (ext) {
			copy = *ext;
			copy.hash = hash;
		}
		pfring_ft_process(t, frames[i].bytes, &h, ext ? &copy : NULL);
	}
	pfring_ft_flush(t);
	pfring_ft_destroy_table(t);
}

static void same_flows(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->keys, b->keys, sizeof a->keys);
	assert_memory_equal(a->packets, b->packets, sizeof a->packets);
	assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
}

/* Flush exports in the order in which flows began, whatever the hash. */
static void test_garbage_beside_the_packet(void **state)
{
	struct outcome none, other;

	(void)state;
	run_with(&none, NULL, 0, 0);
	assert_true(none.n > 10);
	assert_int_equal(none.came_wrong, 0);
	for (u_int32_t seed = 0; seed < 50; seed++) {
		const pfring_ft_ext_pkthdr ext = garbage(seed);

		run_with(&other, &ext, seed, 0);
		same_flows(&none, &other);
		assert_int_equal(other.came_wrong, 0);
	}
}

/* A device that gives every packet the same hash costs time, not flows. */
static void test_one_hash_for_all(void **state)
{
	static const u_int32_t hashes[] = {1, 0x80000000, UINT32_MAX, 0xffff0000, 0x10000};
	const pfring_ft_ext_pkthdr ext = garbage(3);
	struct outcome none, other;

	(void)state;
	run_with(&none, NULL, 0, 0);
	for (int i = 0; i < 5; i++) {
		run_with(&other, &ext, 3, hashes[i]);
		same_flows(&none, &other);
	}
}

/* A hash that changes with every packet may split flows; the books stay right. */
static void test_another_hash_for_every_packet(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (u_int32_t i = 0; i < 3000; i++) {
		const struct hostile_frame *f = &frames[i % n_frames];
		const pfring_ft_pcap_pkthdr h = {
			.ts = {.tv_sec = 1000}, .caplen = f->len, .len = f->len};
		const pfring_ft_ext_pkthdr ext = {.hash = i * 2654435761U};

		bench_offer(&b, f->bytes, &h, &ext);
	}
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_time_after_any_other),
		cmocka_unit_test(test_any_time_in_bursts),
		cmocka_unit_test(test_time_that_runs_backwards),
		cmocka_unit_test(test_garbage_beside_the_packet),
		cmocka_unit_test(test_one_hash_for_all),
		cmocka_unit_test(test_another_hash_for_every_packet),
	};

	return cmocka_run_group_tests(tests, make_frames, NULL);
}
