/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow costs, and that what is packed so tightly still tells everything. */
#include "fixture.h"

#include <errno.h>

#define HOUR_NS (3600 * SECOND_NS)

static void test_a_flow_costs_256_bytes_at_most(void **state)
{
	static const uint32_t sizes[] = {100000, 500000, 1000000, 8000000, FLOW_TABLE_FLOWS_MAX};
	struct fixture x = {0};
	struct flowtable_options o = default_options(&x);

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		o.flows_max = sizes[i];
		o.detached_max = 0;
		assert_true(flowtable_bytes(&o) <= 256ULL * sizes[i]);
		/* Every part counts. */
		assert_true(flowtable_bytes(&o) >= 200ULL * sizes[i]);
		const uint64_t bytes = flowtable_bytes(&o);
		o.detached_max = flowtable_detached_max(&o);
		assert_int_equal(flowtable_bytes(&o), bytes);
		o.detached_max += 1000;
		assert_int_equal(flowtable_bytes(&o),
				 bytes + 1000 * (sizeof(struct flow) + sizeof(struct flow_closed)));
	}
}

static void test_what_is_reserved_is_what_was_said(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	(void)state;
	o.flows_max = 30000;
	for (o.annex_bytes = 0; o.annex_bytes < 200; o.annex_bytes += 57) {
		struct fixture *x = fixture_make(&o);
		const uint8_t *end = (const uint8_t *)(x->t->closed + x->t->options.detached_max);
		const uint64_t bytes =
			(uint64_t)((uint8_t *)(x->t->hot + x->t->n_groups * FLOW_GROUP_SLOTS) -
				   (uint8_t *)x->t->groups) +
			(uint64_t)(end - x->t->slab);

		assert_int_equal(bytes, flowtable_bytes(&o));
		assert_true(bytes <= x->t->memory_hot.len_bytes + x->t->memory_cold.len_bytes);
		assert_int_equal((uintptr_t)x->t->closed % 64, 0);
		fixture_free(x);
	}
}

static void test_links_of_every_size_of_flow(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	(void)state;
	for (o.annex_bytes = 0; o.annex_bytes < 4000; o.annex_bytes += 64) {
		struct fixture *x = fixture_make(&o);

		assert_null(flowtable_linked(x->t, 0));
		for (uint32_t i = 0; i < x->t->slab_flows; i++) {
			struct flow *f = flowtable_flow(x->t, i);

			f->table = x->t;
			assert_int_equal(flow_link(f), i + 1);
			assert_ptr_equal(flowtable_linked(x->t, i + 1), f);
		}
		fixture_free(x);
	}
}

/* The largest tables: a link must not be one off however far the flow is. */
static void test_links_of_flows_far_away(void **state)
{
	struct flowtable t = {.slab = NULL};

	(void)state;
	for (uint64_t lines = 2; lines < 100; lines++) {
		t.flow_bytes = lines * 64;
		t.flow_inverse = UINT64_MAX / lines + 1;
		for (uint64_t i = 0; i < 40; i++) {
			const uint64_t n = (2ULL << 30) - 20 + i;

			for (uint64_t line = n * lines; line < (n + 1) * lines; line += lines - 1)
				assert_int_equal((unsigned __int128)line * t.flow_inverse >> 64, n);
		}
	}
}

/* A packet of any lengths of connection 1. */
static struct flow_hot *meter_lengths(struct fixture *x, bool reverse, uint32_t wire_len,
				      uint32_t l3_len)
{
	const struct spec s = {.c = 1, .reverse = reverse, .time_ns = SECOND_NS};
	uint8_t bytes[PACKET_MADE_BYTES];
	struct packet k;

	packet_make(&k, bytes, &s);
	k.wire_len = wire_len;
	k.l3_len = l3_len;
	return meter_view(x, &k, 0);
}

struct sums {
	uint64_t packets[DIR_N], octets[DIR_N], wire[DIR_N];
};

static void assert_sums(const struct sums *s, const struct flow_counts *c)
{
	for (int d = 0; d < DIR_N; d++) {
		assert_int_equal(c->packets[d], s->packets[d]);
		assert_int_equal(c->octets[d], s->octets[d]);
		assert_int_equal(c->wire_octets[d], s->wire[d]);
	}
}

static void test_excess_of_any_packets_is_exact(void **state)
{
	/* Jumbo frames, plain ones, wrong IP lengths, and all of them by turns. */
	static const struct {
		uint32_t wire, l3;
	} kinds[] = {{9018, 9000}, {60, 20}, {60, 65535}, {65535, 0}, {262144, 20}};
	enum { KINDS = sizeof kinds / sizeof kinds[0], N = 40000 };

	(void)state;
	for (int k = 0; k <= KINDS + 2; k++) {
		struct fixture *x = fixture_make(NULL);
		struct flow_hot *hot = NULL;
		struct sums s = {0};
		struct flow_counts c;

		for (int i = 0; i < N; i++) {
			/* The last ones: mostly lies, then mostly too long, so that carries sink
			 * and rise. */
			const int kind = k < KINDS	    ? k :
					 k == KINDS	    ? i % KINDS :
					 (i / 7000 + k) % 2 ? 2 + i % 2 * (i % 5 == 0) :
							      3;
			const int d = i && i % 3 == 0;

			hot = meter_lengths(x, d, kinds[kind].wire, kinds[kind].l3);
			s.packets[d]++;
			s.octets[d] += kinds[kind].l3;
			s.wire[d] += kinds[kind].wire;
			if (i % 1000)
				continue;
			flow_count(flowtable_flow(x->t, hot->cold), &c);
			assert_sums(&s, &c);
		}
		flush(x);
		assert_int_equal(x->n_records, 1);
		for (int d = 0; d < DIR_N; d++)
			assert_int_equal(x->records[0].l2_octets[d], s.wire[d]);
		fixture_free(x);
	}
}

/* As after days of packets: every counter goes over several times. */
static void test_counters_go_over_more_than_once(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct flow_hot *hot = NULL;
	struct sums s = {0};
	struct flow_counts c;

	(void)state;
	o.slice_timeout_ns = 5 * SECOND_NS;
	struct fixture *x = fixture_make(&o);
	for (int i = 0; i < 40; i++) {
		const int d = i & 1;

		hot = meter_lengths(x, d, 114, 100);
		s.packets[d]++;
		s.octets[d] += 100;
		s.wire[d] += 114;
		/* What stands in the hot line afterwards was counted as well. */
		s.packets[d] += UINT32_MAX - hot->side[d].packets;
		hot->side[d].packets = UINT32_MAX;
		const uint64_t octets = side_octets(&hot->side[d]), full = (1ULL << 48) - 60;
		s.octets[d] += full - octets;
		s.wire[d] += full - octets;
		hot->side[d].octets += full - octets;
	}
	flow_count(flowtable_flow(x->t, hot->cold), &c);
	assert_sums(&s, &c);
	assert_int_equal(flow_packets_now(flowtable_flow(x->t, hot->cold), hot),
			 s.packets[0] + s.packets[1]);
	/* A slice takes all of it, and its flow begins anew. */
	meter(x, (struct spec){.c = 1, .time_ns = 7 * SECOND_NS, .len = 100});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_SLICE);
	for (int d = 0; d < DIR_N; d++) {
		assert_int_equal(x->records[0].packets[d], s.packets[d]);
		assert_int_equal(x->records[0].octets[d], s.octets[d]);
		assert_int_equal(x->records[0].l2_octets[d], s.wire[d]);
	}
	flush(x);
	assert_int_equal(x->records[1].packets[DIR_FWD], 1);
	assert_int_equal(x->records[1].octets[DIR_FWD], 100);
	assert_int_equal(x->records[1].l2_octets[DIR_FWD], 114);
	fixture_free(x);
}

/* A flow of a day, whose last direction comes at its end, and one whose packets come an hour late.
 */
static void test_starts_far_from_the_flows_own(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	(void)state;
	o.idle_timeout_ns = o.active_timeout_ns = TIMEOUT_MAX_NS;
	o.tcp_linger_ns = TIMEOUT_MAX_NS;
	struct fixture *x = fixture_make(&o);
	const uint64_t begin = 1700000000 * SECOND_NS, end = begin + TIMEOUT_MAX_NS - 1;
	for (uint64_t t = begin; t < end; t += HOUR_NS / 4)
		meter(x, (struct spec){.c = 1, .time_ns = t});
	meter(x, (struct spec){.c = 2, .time_ns = end});
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = end});
	meter(x, (struct spec){.c = 2, .time_ns = end - HOUR_NS + 1});
	meter(x, (struct spec){.c = 2, .reverse = true, .time_ns = end - HOUR_NS + 2});
	flush(x);
	assert_int_equal(x->n_records, 2);
	assert_int_equal(x->records[0].dir_start_ns[DIR_FWD], begin);
	assert_int_equal(x->records[0].dir_start_ns[DIR_REV], end);
	assert_int_equal(x->records[0].end_ns, end);
	assert_int_equal(x->records[1].dir_start_ns[DIR_FWD], end - HOUR_NS + 1);
	assert_int_equal(x->records[1].dir_start_ns[DIR_REV], end - HOUR_NS + 2);
	assert_int_equal(x->records[1].dir_end_ns[DIR_REV], end - HOUR_NS + 2);
	assert_int_equal(x->records[1].end_ns, end);
	fixture_free(x);
}

static void test_ids_tell_the_table(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	(void)state;
	o.id_first = 0xfedcULL << FLOW_ID_BITS | 1;
	struct fixture *x = fixture_make(&o);
	for (unsigned int i = 0; i < 3; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	flush(x);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(x->records[i].flow_id == o.id_first + i);
	fixture_free(x);
}

static void test_too_many_out_are_refused(void **state)
{
	struct fixture x = {0};
	struct flowtable_options o = default_options(&x);
	struct flowtable *t = NULL;

	(void)state;
	o.detached_max = FLOW_TABLE_FLOWS_MAX + 1;
	assert_int_equal(flowtable_create(&t, &o), -EINVAL);
	assert_null(t);
}

static uint32_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)(*random >> 20);
}

/* Lets go of some of those that are kept, in any order. */
static void release_some(struct fixture *x, unsigned int n, uint64_t *random)
{
	for (; n && x->n_kept; n--) {
		unsigned int i = next_random(random) % x->n_kept;
		struct flow *f = x->kept[i];

		x->kept[i] = x->kept[--x->n_kept];
		flow_release(f);
	}
}

/* What every kept record says must stay as it was when it left, whatever comes and goes. */
static void check_kept(const struct fixture *x)
{
	for (unsigned int i = 0; i < x->n_kept; i++) {
		struct flow_record r = {0};

		if (x->kept[i]->lost)
			continue;
		flow_to_record(x->kept[i], &r);
		assert_int_equal(r.octets[DIR_FWD], 100 * r.packets[DIR_FWD]);
		assert_int_equal(r.l2_octets[DIR_FWD], 114 * r.packets[DIR_FWD]);
	}
}

static uint64_t packets_told(struct fixture *x)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < x->n_records; i++)
		n += x->records[i].packets[DIR_FWD] + x->records[i].packets[DIR_REV];
	x->n_records = 0;
	return n;
}

/*
 * Slices, cuts and ends, an exporter that holds as much as it may and gives back in any order: the
 * slabs are never larger than was said, and nothing is lost without its name.
 */
static void test_slabs_hold_whatever_comes(void **state)
{
	uint64_t random = 88172645463325252ULL;

	(void)state;
	for (uint32_t detached = 1; detached <= 513; detached += 64) {
		struct fixture dummy = {0};
		struct flowtable_options o = default_options(&dummy);
		uint64_t time_ns = SECOND_NS, packets = 0, told = 0;

		o.flows_max = 128;
		o.detached_max = detached;
		o.idle_timeout_ns = 3 * SECOND_NS;
		o.active_timeout_ns = 7 * SECOND_NS;
		o.slice_timeout_ns = 2 * SECOND_NS;
		struct fixture *x = fixture_make(&o);
		x->keep = true;
		for (int i = 0; i < 20000; i++, packets++) {
			const uint32_t r = next_random(&random);

			time_ns += r % 20000000;
			meter(x, (struct spec){.c = r % 200,
					       .time_ns = time_ns,
					       .protocol = 17,
					       .len = 100});
			if (i % 50 == 0)
				sweep_all(x, time_ns);
			if (i % 500 == 0)
				release_some(x, (r >> 9) % 600, &random);
			if (x->n_kept > RECORDS_MAX / 2)
				release_some(x, RECORDS_MAX, &random);
			take_ended(x);
			told += packets_told(x);
			if (i % 32 == 0)
				check_kept(x);
			assert_true(x->t->slab_used <= x->t->slab_flows);
			assert_true(x->t->closed_used <= detached);
			assert_int_equal(x->counters[TABLE_flows_created],
					 x->counters[TABLE_records] - x->counters[TABLE_slices] +
						 x->t->n_live);
		}
		if (!x->counters[TABLE_records_dropped_detached])
			assert_true(packets >= told);
		x->keep = false;
		release_some(x, RECORDS_MAX, &random);
		take_ended(x);
		flush(x);
		told += packets_told(x);
		if (!x->counters[TABLE_records_dropped_detached])
			assert_int_equal(told, packets);
		assert_int_equal(x->t->n_detached, 0);
		assert_int_equal(x->t->n_out, 0);
		fixture_free(x);
	}
}

/* So many slices may be out that each one's master finds a place, too. */
static void test_slices_leave_room_for_their_masters(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	(void)state;
	o.flows_max = 2000;
	o.detached_max = 1000;
	o.slice_timeout_ns = 2 * SECOND_NS;
	struct fixture *x = fixture_make(&o);
	x->keep = true;
	for (unsigned int i = 0; i < 2000; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	sweep_all(x, 4 * SECOND_NS);
	assert_int_equal(x->n_records, 500);
	assert_int_equal(x->t->n_out, 1000);
	assert_true(x->counters[TABLE_slices_postponed] > 0);
	/* All masters end; those of the slices are lost, and held. */
	flush(x);
	assert_int_equal(x->n_records, 500);
	assert_int_equal(x->counters[TABLE_records_dropped_detached], 2000);
	for (unsigned int i = 0; i < x->n_kept; i++)
		if (x->kept[i]->lost)
			flow_release(x->kept[i]);
	take_ended(x);
	assert_int_equal(x->t->n_detached, 1000);
	/* New flows come all the same, and end by name. */
	for (unsigned int i = 0; i < 2000; i++)
		meter(x, (struct spec){.c = 5000 + i, .time_ns = 5 * SECOND_NS});
	assert_int_equal(x->t->n_active, 2000);
	for (unsigned int i = 0; i < 500; i++)
		flow_release(x->kept[i]);
	x->keep = false;
	take_ended(x);
	assert_int_equal(x->t->n_detached, 0);
	assert_int_equal(x->t->n_out, 0);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flow_costs_256_bytes_at_most),
		cmocka_unit_test(test_what_is_reserved_is_what_was_said),
		cmocka_unit_test(test_links_of_every_size_of_flow),
		cmocka_unit_test(test_links_of_flows_far_away),
		cmocka_unit_test(test_excess_of_any_packets_is_exact),
		cmocka_unit_test(test_counters_go_over_more_than_once),
		cmocka_unit_test(test_starts_far_from_the_flows_own),
		cmocka_unit_test(test_ids_tell_the_table),
		cmocka_unit_test(test_too_many_out_are_refused),
		cmocka_unit_test(test_slabs_hold_whatever_comes),
		cmocka_unit_test(test_slices_leave_room_for_their_masters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
