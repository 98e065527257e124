/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages for every kind of processor that this one can be: the same records, in the same order,
 * and the same counters. What is not compiled in, or cannot run here, is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "frames.h"
#include "ft/ft.h"

#define PACKETS	    60000
#define RECORDS_MAX PACKETS
#define FRAMES_HELD (PFRING_FT_BURST_MAX * (PFRING_FT_BURSTS_HELD + 1))

static const char *const names[] = {"scalar", "sse4", "avx2", "avx512", "neon"};

struct run {
	pfring_ft_table *table;
	struct frame *frames;
	struct flow_record *records;
	uint32_t n_records;
	uint64_t random, time_ns;
	uint32_t given, back; /* packets */
};

static uint32_t random_below(struct run *r, uint32_t n)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (uint32_t)((r->random >> 32) * n >> 32);
}

static void on_export(pfring_ft_flow *flow, void *user)
{
	struct run *r = user;

	assert_true(r->n_records < RECORDS_MAX);
	/* Strings are of the library and stay where they are: records compare as bytes. */
	memset(&r->records[r->n_records], 0, sizeof *r->records);
	ft_flow_record(flow, &r->records[r->n_records++]);
	pfring_ft_flow_free(flow);
}

/* A tag in front of what is there. */
static void add_vlan(struct frame *f, uint16_t id)
{
	memmove(f->bytes + 16, f->bytes + 12, f->len - 12);
	store_be16(f->bytes + 12, 0x8100);
	store_be16(f->bytes + 14, id);
	f->len += 4;
}

/* The same transport behind an IPv6 header. */
static void make_ipv6(struct frame *f)
{
	uint8_t l4[200], protocol = f->bytes[14 + 9];
	const uint32_t n = f->len - 34;

	memcpy(l4, f->bytes + 34, n);
	memset(f->bytes + 34, 0, 20);
	memmove(f->bytes + 22 + 12, f->bytes + 26, 4); /* the end of the source address */
	memmove(f->bytes + 38 + 12, f->bytes + 30, 4);
	store_be16(f->bytes + 12, 0x86dd);
	memcpy(f->bytes + 14, "\x60\0\0\0", 4);
	store_be16(f->bytes + 18, (uint16_t)n);
	f->bytes[20] = protocol;
	f->bytes[21] = 64;
	memset(f->bytes + 22, 0xfd, 12);
	memset(f->bytes + 38, 0xfd, 12);
	memcpy(f->bytes + 54, l4, n);
	f->len = 54 + n;
}

static void make_frame(struct run *r, struct frame *f)
{
	const uint32_t ends[2] = {0x0a000000 + random_below(r, 3000), 0x0a010000};
	const bool back = random_below(r, 2);
	const struct frame_spec s = {
		.src = ends[back],
		.dst = ends[!back],
		.sport = back ? 80 : 5000,
		.dport = back ? 5000 : 80,
		.protocol = random_below(r, 3) ? 6 : 17,
		.tcp_flags = random_below(r, 30) ? 0x10 : (uint8_t)random_below(r, 8),
		.payload = random_below(r, 2) ? "some bytes" : NULL,
	};

	frame_make(f, &s);
	if (random_below(r, 4) == 0)
		make_ipv6(f);
	if (random_below(r, 6) == 0)
		add_vlan(f, (uint16_t)(1 + random_below(r, 2)));
	if (random_below(r, 20) == 0)
		f->bytes[12 + random_below(r, 24)] ^= (uint8_t)(1 << random_below(r, 8));
}

static void make_packet(struct run *r, pfring_ft_packet *p)
{
	struct frame *f = &r->frames[r->given++ % FRAMES_HELD];

	make_frame(r, f);
	r->time_ns += random_below(r, 3000000);
	*p = (pfring_ft_packet){
		.data = f->bytes,
		.cookie = f,
		.time_ns = r->time_ns,
		.caplen = random_below(r, 50) ? f->len : f->len - 1,
		.len = f->len,
		.flags = PFRING_FT_PACKET_WIRE_LEN |
			 (random_below(r, 40) ? 0 : PFRING_FT_PACKET_IGNORE),
		.action = PFRING_FT_ACTION_DISCARD,
	};
}

/* What comes back: in the order in which it was given, with a verdict. */
static void check_back(struct run *r, const pfring_ft_packet *packets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		assert_ptr_equal(packets[i].cookie, &r->frames[r->back++ % FRAMES_HELD]);
		assert_int_equal(packets[i].action, PFRING_FT_ACTION_DEFAULT);
	}
}

/* In the caller's arrays and in the table's own, at random. */
static void feed(struct run *r)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];
	uint32_t n = 1, n_back = 0;

	while (n || n_back) {
		const bool own_in = random_below(r, 2), own_out = random_below(r, 2);
		pfring_ft_packet *to = own_in ? pfring_ft_own_burst(r->table) : in;

		n = r->given < PACKETS ? random_below(r, PFRING_FT_BURST_MAX + 1) : 0;
		for (uint32_t i = 0; i < n; i++)
			make_packet(r, &to[i]);
		n_back = pfring_ft_process_burst(r->table, to, n, own_out ? NULL : out);
		check_back(r, own_out ? pfring_ft_own_burst(r->table) : out, n_back);
		if (r->given < PACKETS)
			n = 1; /* there is more to come */
	}
	assert_int_equal(r->given, r->back);
	pfring_ft_flush(r->table);
}

static void run_with(struct run *r, const char *simd, bool tunnels)
{
	const struct ft_options o = {
		.simd = simd,
		.tunnels = tunnels,
		.flows_max = 2000,
		.idle_timeout_ns = 2 * SECOND_NS,
		.active_timeout_ns = 9 * SECOND_NS,
		.tcp_linger_ns = SECOND_NS,
		.numa_node = -1,
	};
	char error[256];

	*r = (struct run){.random = 42, .time_ns = 1000 * SECOND_NS};
	r->frames = calloc(FRAMES_HELD, sizeof *r->frames);
	r->records = calloc(RECORDS_MAX, sizeof *r->records);
	assert_int_equal(ft_table_create(&r->table, &o, error, sizeof error), 0);
	pfring_ft_set_flow_export_callback(r->table, on_export, r);
	feed(r);
}

static void run_free(struct run *r)
{
	pfring_ft_destroy_table(r->table);
	free(r->frames);
	free(r->records);
}

static void test_every_kind_tells_the_same(void **state)
{
	unsigned int kinds = 0;
	struct run scalar, other;

	(void)state;
	for (int tunnels = 0; tunnels < 2; tunnels++) {
		run_with(&scalar, "scalar", tunnels);
		assert_true(scalar.n_records > 3000);
		for (unsigned int i = 1; i < sizeof names / sizeof *names; i++) {
			if (!ft_simd_name(names[i]))
				continue;
			kinds++;
			run_with(&other, names[i], tunnels);
			assert_int_equal(scalar.n_records, other.n_records);
			assert_memory_equal(scalar.records, other.records,
					    scalar.n_records * sizeof *scalar.records);
			assert_memory_equal(ft_counters(scalar.table), ft_counters(other.table),
					    sizeof(struct lane_counters));
			run_free(&other);
		}
		run_free(&scalar);
	}
#if defined(__x86_64__) || defined(__aarch64__)
	assert_true(kinds >= 2);
#endif
}

static void test_an_unknown_kind_is_refused(void **state)
{
	const struct ft_options o = {.simd = "mmx",
				     .flows_max = 10,
				     .idle_timeout_ns = SECOND_NS,
				     .active_timeout_ns = SECOND_NS,
				     .numa_node = -1};
	pfring_ft_table *t = NULL;
	char error[256] = "";

	(void)state;
	assert_null(ft_simd_name("mmx"));
	assert_non_null(ft_simd_name(NULL));
	assert_int_not_equal(ft_table_create(&t, &o, error, sizeof error), 0);
	assert_null(t);
	assert_non_null(strstr(error, "mmx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_tells_the_same),
		cmocka_unit_test(test_an_unknown_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
