/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A table of 1000 flows is filled and then hit with ten times as many new ones, by callers that
 * give flows back at once, late from another thread, or never. Memory stays where it is, and at
 * every step each flow is in the table, was exported, or is lost under a name.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "frames.h"
#include "ft/pfring_ft_ext.h"

#define FLOWS_MAX 1000
#define N_NEW	  (10 * FLOWS_MAX)
/* More than a table lets out at once (FLOW_DETACHED_MIN, and the masters of slices that are out).
 */
#define HELD_MAX 20000

#define MEGABYTE (1ULL << 20)
/* What the first storm may touch: the records of all flows that may be out, and nDPI's states. */
#define FIRST_BYTES_MAX (16 * MEGABYTE)
/* What the same storm may take again: nothing; allocators and counters of the kernel breathe. */
#define AGAIN_BYTES_MAX (2 * MEGABYTE)

/* Freed memory is kept aside by AddressSanitizer, so that nDPI's comings and goings show. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum holder { FREES, HOLDS, FREES_LATE };

struct storm {
	enum holder holder;
	u_int32_t flags, idle_s, lifetime_s, slice_s;
	pfring_ft_table *table;
	pfring_ft_flow *held[HELD_MAX]; /* under lock with FREES_LATE */
	unsigned int n_held;
	pthread_mutex_t lock;
	pthread_t thread;
	bool stop;
	uint64_t exported, slices, exported_packets; /* told of */
	uint64_t fed, time_ns;
	uint32_t next_flow;
};

/* The counters that the books are made of. */
struct books {
	uint64_t rx, metered, dropped, created, ended, records, lost, slices, postponed;
};

static void read_counter(const char *name, u_int64_t value, void *user)
{
	struct books *b = user;

	if (strncmp(name, "drop_", 5) == 0)
		b->dropped += value;
	else if (strncmp(name, "flows_ended_", 12) == 0)
		b->ended += value;
	else if (strcmp(name, "rx_packets") == 0)
		b->rx = value;
	else if (strcmp(name, "metered_packets") == 0)
		b->metered = value;
	else if (strcmp(name, "flows_created") == 0)
		b->created = value;
	else if (strcmp(name, "records") == 0)
		b->records = value;
	else if (strcmp(name, "records_dropped_detached") == 0)
		b->lost = value;
	else if (strcmp(name, "slices") == 0)
		b->slices = value;
	else if (strcmp(name, "slices_postponed") == 0)
		b->postponed = value;
}

static struct books check_books(const struct storm *s)
{
	const pfring_ft_stats *stats = pfring_ft_get_stats(s->table);
	struct books b = {0};

	pfring_ft_for_each_counter(s->table, read_counter, &b);
	assert_int_equal(b.rx, s->fed);
	assert_int_equal(b.rx, b.metered + b.dropped);
	assert_int_equal(b.created, b.ended + stats->active_flows);
	assert_int_equal(b.created, s->exported + stats->active_flows + b.lost);
	assert_int_equal(b.records, s->exported + s->slices + b.lost);
	assert_int_equal(b.slices, s->slices);
	assert_int_equal(stats->flows, b.created);
	assert_int_equal(stats->packets, b.rx);
	assert_int_equal(stats->disc_no_ip, b.dropped);
	assert_true(stats->active_flows <= FLOWS_MAX);
	return b;
}

/* What a caller does with a flow. */
static void dispose(struct storm *s, pfring_ft_flow *flow)
{
	if (s->holder == FREES) {
		pfring_ft_flow_free(flow);
		return;
	}
	pthread_mutex_lock(&s->lock);
	assert_true(s->n_held < HELD_MAX);
	s->held[s->n_held++] = flow;
	pthread_mutex_unlock(&s->lock);
}

static void on_export(pfring_ft_flow *flow, void *user)
{
	struct storm *s = user;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	s->exported_packets += v->direction[0].pkts + v->direction[1].pkts;
	if (v->status == PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT)
		s->slices++;
	else
		s->exported++;
	dispose(s, flow);
}

/* Gives back half of what is held, the youngest first, and sleeps over the rest. */
static void *free_late(void *user)
{
	struct storm *s = user;
	bool stop;

	do {
		pthread_mutex_lock(&s->lock);
		for (unsigned int n = s->n_held / 2; n > 0; n--)
			pfring_ft_flow_free(s->held[--s->n_held]);
		stop = s->stop;
		pthread_mutex_unlock(&s->lock);
		usleep(2000);
	} while (!stop);
	return NULL;
}

static void free_held(struct storm *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->n_held)
		pfring_ft_flow_free(s->held[--s->n_held]);
	pthread_mutex_unlock(&s->lock);
}

/* A name lookup of a flow; now and then noise that makes none. */
static void feed(struct storm *s, uint32_t flow)
{
	static const char query[] = "\x12\x34\1\1\1\1\1\1\1\1\1\1\1\1\7example\3com";
	const struct frame_spec spec = {.src = 0x0a000000 + flow,
					.dst = 0x08080808,
					.sport = (uint16_t)(1024 + flow % 60000),
					.dport = 53,
					.protocol = 17,
					.payload = query};
	pfring_ft_pcap_pkthdr h = {0};
	struct frame f;

	frame_make(&f, &spec);
	h.caplen = h.len = f.len;
	h.ts.tv_sec = (time_t)(s->time_ns / SECOND_NS);
	h.ts.tv_usec = (suseconds_t)(s->time_ns % SECOND_NS / 1000);
	if (s->fed % 97 == 0)
		h.caplen = (u_int32_t)(s->fed % 33); /* not even an IP header */
	else if (s->fed % 101 == 0)
		f.bytes[13] = 6; /* ARP */
	pfring_ft_process(s->table, f.bytes, &h, NULL);
	s->fed++;
	s->time_ns += SECOND_NS / 1000;
}

static uint64_t resident_bytes(void)
{
	unsigned long long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu %llu", &size, &resident), 2);
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Ten times as many new flows as fit; some of the living ones go on, so that slices are due. */
static void hit(struct storm *s)
{
	for (unsigned int i = 0; i < N_NEW; i++) {
		feed(s, s->next_flow++);
		if (s->slice_s)
			feed(s, s->next_flow - 1 - i % 300);
		if (i % 10 == 0)
			check_books(s);
		if (i % 1000 == 0)
			pfring_ft_housekeeping(s->table, (u_int32_t)(s->time_ns / SECOND_NS));
	}
}

static struct storm *storm_open(const struct storm *kind)
{
	struct storm *s = calloc(1, sizeof *s);

	assert_non_null(s);
	*s = *kind;
	pthread_mutex_init(&s->lock, NULL);
	s->time_ns = 1000 * SECOND_NS;
	s->table = pfring_ft_create_table(s->flags, FLOWS_MAX, s->idle_s ? s->idle_s : 600,
					  s->lifetime_s ? s->lifetime_s : 3600, 16);
	assert_non_null(s->table);
	if (s->slice_s)
		pfring_ft_flow_set_flow_slicing(s->table, s->slice_s);
	pfring_ft_set_flow_export_callback(s->table, on_export, s);
	if (s->holder == FREES_LATE)
		assert_int_equal(pthread_create(&s->thread, NULL, free_late, s), 0);
	return s;
}

/* Whatever was held comes back, and the table is as good as new. */
static void recover(struct storm *s)
{
	uint64_t lost;

	if (s->holder == FREES_LATE) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	pfring_ft_flush(s->table);
	assert_int_equal(pfring_ft_get_stats(s->table)->active_flows, 0);
	free_held(s);
	s->holder = FREES;
	lost = check_books(s).lost;
	for (unsigned int i = 0; i < 3 * FLOWS_MAX; i++)
		feed(s, s->next_flow++);
	pfring_ft_flush(s->table);
	assert_int_equal(check_books(s).lost, lost);
}

static void storm_close(struct storm *s)
{
	pfring_ft_destroy_table(s->table);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Returns what is known at the end of the storms. */
static struct books run(const struct storm *kind)
{
	struct storm *s = storm_open(kind);
	uint64_t before, first, again;
	struct books b;

	for (unsigned int i = 0; i < FLOWS_MAX; i++)
		feed(s, s->next_flow++);
	check_books(s);
	before = resident_bytes();
	hit(s);
	first = resident_bytes();
	for (int i = 0; i < 3; i++)
		hit(s);
	again = resident_bytes();
	b = check_books(s);
	assert_true(b.created > 4 * N_NEW * 9 / 10);
	if (!SANITIZED) {
		assert_in_range(first, 0, before + FIRST_BYTES_MAX);
		assert_in_range(again, 0, first + AGAIN_BYTES_MAX);
	}
	recover(s);
	if (!b.lost)
		assert_int_equal(s->exported_packets, check_books(s).metered);
	storm_close(s);
	return b;
}

static void test_flows_are_freed_at_once(void **state)
{
	const struct storm s = {.holder = FREES};

	(void)state;
	assert_int_equal(run(&s).lost, 0);
}

static void test_flows_are_held_for_ever(void **state)
{
	const struct storm s = {.holder = HOLDS};

	(void)state;
	assert_true(run(&s).lost > N_NEW);
}

static void test_flows_are_freed_late_by_another_thread(void **state)
{
	const struct storm s = {.holder = FREES_LATE};

	(void)state;
	run(&s);
}

static void test_flows_under_inspection_are_freed_at_once(void **state)
{
	const struct storm s = {.flags = PFRING_FT_TABLE_FLAGS_DPI |
					 PFRING_FT_TABLE_FLAGS_DPI_EXTRA};

	(void)state;
	assert_int_equal(run(&s).lost, 0);
}

static void test_flows_under_inspection_are_held_for_ever(void **state)
{
	const struct storm s = {.holder = HOLDS,
				.flags = PFRING_FT_TABLE_FLAGS_DPI |
					 PFRING_FT_TABLE_FLAGS_DPI_EXTRA};

	(void)state;
	assert_true(run(&s).lost > N_NEW);
}

static void test_slices_are_freed_at_once(void **state)
{
	const struct storm s = {.slice_s = 1, .idle_s = 5};
	struct books b;

	(void)state;
	b = run(&s);
	assert_int_equal(b.lost, 0);
	assert_true(b.slices > 0);
}

static void test_slices_are_held_for_ever(void **state)
{
	const struct storm s = {.holder = HOLDS, .slice_s = 1, .idle_s = 5};
	struct books b;

	(void)state;
	b = run(&s);
	assert_true(b.lost > 0 && b.slices > 0);
	assert_true(b.postponed > 0);
}

static void test_slices_are_freed_late_and_flows_are_cut(void **state)
{
	const struct storm s = {.holder = FREES_LATE,
				.slice_s = 1,
				.lifetime_s = 2,
				.idle_s = 5,
				.flags = PFRING_FT_TABLE_FLAGS_DPI};

	(void)state;
	run(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_are_freed_at_once),
		cmocka_unit_test(test_flows_are_held_for_ever),
		cmocka_unit_test(test_flows_are_freed_late_by_another_thread),
		cmocka_unit_test(test_flows_under_inspection_are_freed_at_once),
		cmocka_unit_test(test_flows_under_inspection_are_held_for_ever),
		cmocka_unit_test(test_slices_are_freed_at_once),
		cmocka_unit_test(test_slices_are_held_for_ever),
		cmocka_unit_test(test_slices_are_freed_late_and_flows_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
