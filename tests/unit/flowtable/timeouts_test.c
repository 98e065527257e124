/* SPDX-License-Identifier: BSD-3-Clause */
/* Timeouts that change while flows are in the table, and packets without a time. */
#include "fixture.h"

#include <errno.h>

static struct fixture *make_with(uint64_t idle_s, uint64_t active_s, uint64_t slice_s)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	o.idle_timeout_ns = idle_s * SECOND_NS;
	o.active_timeout_ns = active_s * SECOND_NS;
	o.slice_timeout_ns = slice_s * SECOND_NS;
	return fixture_make(&o);
}

static void set(struct fixture *x, uint64_t idle_s, uint64_t active_s, uint64_t slice_s)
{
	assert_int_equal(flowtable_set_timeouts(x->t, idle_s * SECOND_NS, active_s * SECOND_NS,
						slice_s * SECOND_NS),
			 0);
	take_ended(x);
	assert_int_equal(x->n_records, 0);
	assert_true(flowtable_sweep_due(x->t, x->t->now_ns));
}

static void test_nonsense_is_refused_and_changes_nothing(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	struct flowtable before = *x->t;
	assert_int_equal(flowtable_set_timeouts(x->t, 0, 1, 1), -EINVAL);
	assert_int_equal(flowtable_set_timeouts(x->t, 1, 0, 1), -EINVAL);
	assert_int_equal(flowtable_set_timeouts(x->t, TIMEOUT_MAX_NS + 1, 1, 1), -EINVAL);
	assert_int_equal(flowtable_set_timeouts(x->t, 1, TIMEOUT_MAX_NS + 1, 1), -EINVAL);
	assert_int_equal(flowtable_set_timeouts(x->t, 1, 1, TIMEOUT_MAX_NS + 1), -EINVAL);
	assert_memory_equal(&before, x->t, sizeof before);
	assert_int_equal(
		flowtable_set_timeouts(x->t, TIMEOUT_MAX_NS, TIMEOUT_MAX_NS, TIMEOUT_MAX_NS), 0);
	fixture_free(x);
}

/* Ages far beyond what a due byte or a coarse deadline can tell: none may look young. */
#define AGES 300

static void test_shorter_idle_timeout_at_the_sweep(void **state)
{
	struct fixture *x = make_with(86400, 86400, 0);
	const uint64_t now = 80000 * SECOND_NS;

	(void)state;
	for (unsigned int i = 0; i < AGES; i++)
		meter(x, (struct spec){.c = i, .time_ns = now - (AGES - i) * 7 * SECOND_NS});
	meter(x, (struct spec){.c = 1000, .time_ns = now - SECOND_NS});
	sweep_all(x, now);
	assert_int_equal(x->n_records, 0);
	set(x, 2, 86400, 0);
	sweep_all(x, now);
	assert_int_equal(x->n_records, AGES);
	assert_int_equal(x->counters[TABLE_flows_ended_idle], AGES);
	assert_int_equal(x->t->n_active, 1);
	/* The one that is left: a unit of the due byte late at most. */
	sweep_all(x, now + SECOND_NS - 1);
	assert_int_equal(x->t->n_active, 1);
	sweep_all(x, now + SECOND_NS + 2 * SECOND_NS / 32);
	assert_int_equal(x->t->n_active, 0);
	fixture_free(x);
}

static void test_shorter_idle_timeout_at_the_packet(void **state)
{
	struct fixture *x = make_with(30, 120, 0);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	meter(x, (struct spec){.c = 2, .time_ns = 6 * SECOND_NS + 1});
	set(x, 5, 120, 0);
	meter(x, (struct spec){.c = 2, .time_ns = 11 * SECOND_NS});
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 1, .time_ns = 11 * SECOND_NS});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_IDLE);
	assert_int_equal(x->records[0].end_ns, SECOND_NS);
	fixture_free(x);
}

static void test_shorter_active_timeout(void **state)
{
	const uint64_t now = 80000 * SECOND_NS;

	(void)state;
	for (int sweeps = 0; sweeps < 2; sweeps++) {
		struct fixture *x = make_with(86400, 86400, 0);

		for (unsigned int i = 0; i < AGES; i++)
			meter(x,
			      (struct spec){.c = i, .time_ns = now - (AGES - i) * 7 * SECOND_NS});
		for (unsigned int i = 0; i < AGES; i++)
			meter(x, (struct spec){.c = i, .time_ns = now});
		set(x, 4, 5, 0);
		if (sweeps)
			sweep_all(x, now + 1);
		/* Half of them come a little late. */
		for (unsigned int i = 0; i < AGES; i++)
			meter(x, (struct spec){.c = i, .time_ns = now + 1 - (i & 1) * 50000000});
		assert_int_equal(x->n_records, AGES);
		assert_int_equal(x->counters[TABLE_flows_ended_active], AGES);
		for (unsigned int i = 0; i < AGES; i++)
			assert_int_equal(x->records[i].packets[DIR_FWD], 2);
		flush(x);
		assert_int_equal(x->n_records, 2 * AGES);
		fixture_free(x);
	}
}

static void test_longer_timeouts(void **state)
{
	struct fixture *x = make_with(2, 10, 0);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	meter(x, (struct spec){.c = 2, .time_ns = 2 * SECOND_NS});
	set(x, 300, 1000, 0);
	sweep_all(x, 300 * SECOND_NS);
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 1, .time_ns = 300 * SECOND_NS});
	assert_int_equal(x->n_records, 0);
	sweep_all(x, 310 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_IDLE);
	assert_int_equal(x->records[0].start_ns, 2 * SECOND_NS);
	for (unsigned int s = 400; s <= 1000; s += 100)
		meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	assert_int_equal(x->n_records, 1);
	meter(x, (struct spec){.c = 1, .time_ns = 1001 * SECOND_NS});
	assert_int_equal(x->n_records, 2);
	assert_int_equal(x->records[1].end_reason, END_ACTIVE);
	assert_int_equal(x->records[1].packets[DIR_FWD], 9);
	fixture_free(x);
}

static void test_slicing_begins_and_stops(void **state)
{
	struct fixture *x = make_with(30, 1000, 0);
	uint64_t packets = 0;

	(void)state;
	for (unsigned int s = 1; s <= 20; s++)
		meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	set(x, 30, 1000, 5);
	/* One slice with all that is overdue, then one every 5 s. */
	for (unsigned int s = 21; s <= 31; s++)
		meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	assert_int_equal(x->n_records, 3);
	assert_int_equal(x->records[0].packets[DIR_FWD], 20);
	assert_int_equal(x->records[0].end_ns, 20 * SECOND_NS);
	assert_int_equal(x->records[1].packets[DIR_FWD], 5);
	assert_int_equal(x->records[2].packets[DIR_FWD], 5);
	assert_int_equal(flowtable_set_timeouts(x->t, 30 * SECOND_NS, 1000 * SECOND_NS, 0), 0);
	for (unsigned int s = 32; s <= 60; s++)
		meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	flush(x);
	assert_int_equal(x->n_records, 4);
	for (unsigned int i = 0; i < x->n_records; i++) {
		packets += x->records[i].packets[DIR_FWD];
		assert_int_equal(x->records[i].end_reason, i < 3 ? END_SLICE : END_FORCED);
	}
	assert_int_equal(packets, 60);
	assert_int_equal(x->counters[TABLE_flows_created], 1);
	fixture_free(x);
}

static void test_a_quiet_master_and_a_husk_bear_a_change(void **state)
{
	struct fixture *x = make_with(30, 40, 3);
	struct flow_hot *hot;

	(void)state;
	hot = meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	sweep_all(x, 5 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	x->n_records = 0;
	set(x, 30, 40, 2);
	sweep_all(x, 10 * SECOND_NS);
	assert_int_equal(x->n_records, 0);
	for (unsigned int s = 11; s <= 39; s++)
		meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	sweep_all(x, 43 * SECOND_NS);
	assert_int_equal(hot->state & FLOW_HUSK, FLOW_HUSK);
	x->n_records = 0;
	set(x, 60, 5, 0);
	sweep_all(x, 90 * SECOND_NS);
	assert_int_equal(x->t->n_active, 1);
	meter(x, (struct spec){.c = 1, .time_ns = 90 * SECOND_NS});
	meter(x, (struct spec){.c = 1, .time_ns = 95 * SECOND_NS - 1});
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 1, .time_ns = 95 * SECOND_NS});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_ACTIVE);
	fixture_free(x);
}

static void test_doom_outlives_a_change(void **state)
{
	(void)state;
	for (int sweeps = 0; sweeps < 2; sweeps++) {
		struct fixture *x = make_with(2, 10, 0);
		struct flow_hot *hot = meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});

		flow_doom(flowtable_flow(x->t, hot->cold));
		set(x, 3000, 4000, 0);
		if (sweeps)
			sweep_all(x, SECOND_NS);
		else
			meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
		assert_int_equal(x->n_records, 1);
		assert_int_equal(x->records[0].end_reason, END_FORCED);
		fixture_free(x);
	}
}

static void test_rst_may_be_no_end(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	flowtable_set_tcp_rst_ends(x->t, false);
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS, .flags = RST});
	meter(x, (struct spec){.c = 2, .time_ns = SECOND_NS, .flags = RST});
	sweep_all(x, 5 * SECOND_NS);
	assert_int_equal(x->n_records, 0);
	flowtable_set_tcp_rst_ends(x->t, true);
	/* From now on: an old RST and a FIN of one side are no end. */
	meter(x, (struct spec){.c = 1, .time_ns = 6 * SECOND_NS, .flags = FIN});
	meter(x, (struct spec){.c = 2, .time_ns = 6 * SECOND_NS, .flags = RST});
	sweep_all(x, 10 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].src_port, 1026);
	assert_int_equal(x->records[0].end_reason, END_DETECTED);
	fixture_free(x);
}

static void test_packets_without_a_time(void **state)
{
	struct fixture *x = make_with(30, 120, 5);
	struct flow_counts c;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		for (unsigned int p = 0; p < 10; p++)
			meter(x, (struct spec){.c = i, .reverse = p % 5 == 4, .len = 100});
		sweep_all(x, 0);
	}
	assert_int_equal(x->n_records, 0);
	struct flow_hot *hot = meter(x, (struct spec){.c = 200});
	flow_count(flowtable_flow(x->t, hot->cold), &c);
	assert_int_equal(c.start_ns[DIR_FWD], 1);
	assert_int_equal(c.end_ns[DIR_FWD], 1);
	assert_int_equal(c.start_ns[DIR_REV], 0);
	assert_int_equal(c.end_ns[DIR_REV], 0);
	flush(x);
	assert_int_equal(x->n_records, 101);
	for (unsigned int i = 0; i < 100; i++) {
		const struct flow_record *r = &x->records[i];

		assert_int_equal(r->packets[DIR_FWD], 8);
		assert_int_equal(r->packets[DIR_REV], 2);
		assert_int_equal(r->octets[DIR_FWD], 800);
		assert_int_equal(r->end_reason, END_FORCED);
		assert_true(r->start_ns == 1 && r->end_ns == 1);
		assert_true(r->dir_start_ns[DIR_REV] == 1 && r->dir_end_ns[DIR_REV] == 1);
	}
	fixture_free(x);
}

static void test_slices_of_a_flow_that_began_without_a_time(void **state)
{
	struct fixture *x = make_with(30, 120, 5);

	(void)state;
	meter(x, (struct spec){.c = 1});
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = 4 * SECOND_NS});
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = 6 * SECOND_NS});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_SLICE);
	assert_int_equal(x->records[0].start_ns, 1);
	assert_int_equal(x->records[0].end_ns, 4 * SECOND_NS);
	assert_int_equal(x->records[0].packets[DIR_FWD], 1);
	assert_int_equal(x->records[0].packets[DIR_REV], 1);
	/* Time that passes ends such a flow like any other. */
	sweep_all(x, 40 * SECOND_NS);
	assert_int_equal(x->n_records, 3);
	assert_int_equal(x->records[1].packets[DIR_REV], 1);
	assert_int_equal(x->records[2].end_reason, END_IDLE);
	fixture_free(x);
}

static void test_a_late_packet_without_a_time(void **state)
{
	struct fixture *x = make_with(30, 120, 0);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = 5 * SECOND_NS});
	meter(x, (struct spec){.c = 1});
	meter(x, (struct spec){.c = 1, .reverse = true});
	flush(x);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].start_ns, 1);
	assert_int_equal(x->records[0].dir_start_ns[DIR_FWD], 1);
	assert_int_equal(x->records[0].dir_end_ns[DIR_FWD], 5 * SECOND_NS);
	assert_int_equal(x->records[0].dir_start_ns[DIR_REV], 1);
	assert_int_equal(x->records[0].packets[DIR_FWD], 2);
	fixture_free(x);
}

static void test_packets_that_lose_their_time(void **state)
{
	struct fixture *x = make_with(30, 120, 0);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = 1700000000 * SECOND_NS});
	sweep_all(x, 1700000000 * SECOND_NS);
	meter(x, (struct spec){.c = 1});
	meter(x, (struct spec){.c = 1});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_FORCED);
	/* Sweeps go by the new time, too. */
	assert_true(flowtable_sweep_due(x->t, SECOND_NS));
	meter(x, (struct spec){.c = 1, .time_ns = 1700000001 * SECOND_NS});
	assert_int_equal(x->n_records, 2);
	assert_int_equal(x->records[1].packets[DIR_FWD], 2);
	assert_int_equal(x->records[1].start_ns, 1);
	assert_int_equal(x->records[1].end_ns, 1);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nonsense_is_refused_and_changes_nothing),
		cmocka_unit_test(test_shorter_idle_timeout_at_the_sweep),
		cmocka_unit_test(test_shorter_idle_timeout_at_the_packet),
		cmocka_unit_test(test_shorter_active_timeout),
		cmocka_unit_test(test_longer_timeouts),
		cmocka_unit_test(test_slicing_begins_and_stops),
		cmocka_unit_test(test_a_quiet_master_and_a_husk_bear_a_change),
		cmocka_unit_test(test_doom_outlives_a_change),
		cmocka_unit_test(test_rst_may_be_no_end),
		cmocka_unit_test(test_packets_without_a_time),
		cmocka_unit_test(test_slices_of_a_flow_that_began_without_a_time),
		cmocka_unit_test(test_a_late_packet_without_a_time),
		cmocka_unit_test(test_packets_that_lose_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
