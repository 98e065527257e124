/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash of a device, and tables of a handful of flows. */
#include "fixture.h"

static void test_device_hash_of_both_directions(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		meter(x, (struct spec){.c = i, .time_ns = 1, .device_hash = i * 2654435761U | 1});
	for (unsigned int i = 0; i < 1000; i++)
		meter(x, (struct spec){.c = i,
				       .reverse = true,
				       .time_ns = 1,
				       .device_hash = i * 2654435761U | 1});
	assert_int_equal(x->t->n_active, 1000);
	assert_int_equal(x->counters[TABLE_flows_created], 1000);
	flush(x);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(x->records[i].packets[DIR_FWD], 1);
		assert_int_equal(x->records[i].packets[DIR_REV], 1);
	}
	fixture_free(x);
}

static void test_two_device_hashes_are_two_flows(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	for (unsigned int turn = 0; turn < 3; turn++) {
		meter(x, (struct spec){.c = 1, .time_ns = 1});
		meter(x, (struct spec){.c = 1, .time_ns = 1, .device_hash = 1});
		meter(x, (struct spec){.c = 1, .time_ns = 1, .device_hash = 2});
		meter(x, (struct spec){.c = 1, .time_ns = 1, .device_hash = UINT32_MAX});
		meter(x, (struct spec){.c = 1, .time_ns = 1, .device_hash = 1, .ipv6 = true});
		meter(x, (struct spec){.c = 1, .time_ns = 1, .device_hash = 2, .ipv6 = true});
	}
	assert_int_equal(x->t->n_active, 6);
	flush(x);
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(x->records[i].packets[DIR_FWD], 3);
	fixture_free(x);
}

static void test_one_device_hash_for_all_fills_no_group(void **state)
{
	static const uint32_t hashes[] = {1, 0xdeadbeef, UINT32_MAX};

	(void)state;
	for (size_t h = 0; h < sizeof hashes / sizeof hashes[0]; h++) {
		struct fixture dummy = {0};
		struct flowtable_options o = default_options(&dummy);

		o.flows_max = 4000;
		struct fixture *x = fixture_make(&o);
		for (int turn = 0; turn < 2; turn++)
			for (unsigned int i = 0; i < 4000; i++)
				meter(x, (struct spec){.c = i,
						       .reverse = turn,
						       .time_ns = SECOND_NS,
						       .device_hash = hashes[h]});
		assert_int_equal(x->t->n_active, 4000);
		assert_int_equal(x->counters[TABLE_flows_created], 4000);
		assert_int_equal(x->counters[TABLE_flows_ended_overflow], 0);
		/* As deep as without a hash, not as deep as it may get. */
		assert_true(x->t->probe_max <= 3);
		fixture_free(x);
	}
}

static uint64_t ended_of(const struct fixture *x)
{
	return x->counters[TABLE_flows_ended_idle] + x->counters[TABLE_flows_ended_active] +
	       x->counters[TABLE_flows_ended_end] + x->counters[TABLE_flows_ended_forced] +
	       x->counters[TABLE_flows_ended_overflow];
}

static struct fixture *make_tiny(uint32_t flows_max)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	o.flows_max = flows_max;
	return fixture_make(&o);
}

static void test_tiny_tables_are_exact(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 17; n++) {
		struct fixture *x = make_tiny(n);
		uint64_t packets = 0;

		for (unsigned int i = 0; i < 10 * n; i++) {
			meter(x, (struct spec){.c = i, .time_ns = SECOND_NS + i * 100000000ULL});
			/* Its answer finds it, whoever had to go. */
			meter(x, (struct spec){.c = i,
					       .reverse = true,
					       .time_ns = SECOND_NS + i * 100000000ULL});
			assert_int_equal(x->t->n_active, i < n ? i + 1 : n);
			assert_int_equal(x->counters[TABLE_flows_created], i + 1);
			assert_int_equal(ended_of(x) + x->t->n_active, i + 1);
		}
		assert_int_equal(x->counters[TABLE_flows_ended_overflow], 9 * n);
		assert_true(x->t->slab_used <= n + 1);
		flush(x);
		assert_int_equal(x->n_records, 10 * n);
		for (unsigned int i = 0; i < x->n_records; i++)
			packets += x->records[i].packets[DIR_FWD] + x->records[i].packets[DIR_REV];
		assert_int_equal(packets, 20 * n);
		for (int g = 0; g < (int)x->t->n_groups; g++) {
			assert_int_equal(x->t->groups[g].used, 0);
			assert_int_equal(x->t->groups[g].overflow, 0);
		}
		fixture_free(x);
	}
}

static void test_tiny_tables_at_one_moment(void **state)
{
	static const uint32_t sizes[] = {1, 2, 15};

	(void)state;
	for (int s = 0; s < 3; s++) {
		struct fixture *x = make_tiny(sizes[s]);

		/* All at time 0: no flow is older than another, and nothing is due. */
		for (unsigned int i = 0; i < 10 * sizes[s]; i++)
			meter(x, (struct spec){.c = i, .device_hash = i});
		assert_int_equal(x->t->n_active, sizes[s]);
		assert_int_equal(x->counters[TABLE_flows_ended_overflow], 9 * sizes[s]);
		assert_int_equal(ended_of(x) + x->t->n_active, x->counters[TABLE_flows_created]);
		fixture_free(x);
	}
}

static void test_expired_and_doomed_flows_make_room_first(void **state)
{
	struct fixture *x = make_tiny(1);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	struct flow_hot *hot = meter(x, (struct spec){.c = 2, .time_ns = 40 * SECOND_NS});
	assert_int_equal(x->records[0].end_reason, END_IDLE);
	flow_doom(flowtable_flow(x->t, hot->cold));
	meter(x, (struct spec){.c = 3, .time_ns = 40 * SECOND_NS});
	assert_int_equal(x->n_records, 2);
	assert_int_equal(x->records[1].end_reason, END_FORCED);
	assert_int_equal(x->counters[TABLE_flows_ended_overflow], 0);
	/* One that was cut, and has no packet since, gives way without a record. */
	for (unsigned int s = 41; s <= 159; s++)
		meter(x, (struct spec){.c = 3, .time_ns = s * SECOND_NS});
	sweep_all(x, 165 * SECOND_NS);
	assert_int_equal(x->n_records, 3);
	meter(x, (struct spec){.c = 4, .time_ns = 165 * SECOND_NS});
	assert_int_equal(x->n_records, 3);
	assert_int_equal(x->t->n_active, 1);
	assert_int_equal(x->counters[TABLE_flows_created], 4);
	assert_int_equal(ended_of(x), 3);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_hash_of_both_directions),
		cmocka_unit_test(test_two_device_hashes_are_two_flows),
		cmocka_unit_test(test_one_device_hash_for_all_fills_no_group),
		cmocka_unit_test(test_tiny_tables_are_exact),
		cmocka_unit_test(test_tiny_tables_at_one_moment),
		cmocka_unit_test(test_expired_and_doomed_flows_make_room_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
