/* SPDX-License-Identifier: BSD-3-Clause */
/* Timeouts, TCP ends, slices, jumps of time: exact, and the same whoever notices them. */
#include "fixture.h"

static void test_idle_timeout_is_exact(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	meter(x, (struct spec){.c = 1, .time_ns = 31 * SECOND_NS - 1});
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 1, .time_ns = 61 * SECOND_NS - 1});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_IDLE);
	assert_int_equal(x->records[0].packets[DIR_FWD], 2);
	assert_int_equal(x->records[0].end_ns, 31 * SECOND_NS - 1);
	fixture_free(x);
}

static void test_sweep_ends_idle_flows(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS + i});
	sweep_all(x, 30 * SECOND_NS);
	assert_int_equal(x->n_records, 0);
	/* Age units are coarse: half a second late at most. */
	sweep_all(x, 32 * SECOND_NS);
	assert_int_equal(x->n_records, 100);
	assert_int_equal(x->counters[TABLE_flows_ended_idle], 100);
	fixture_free(x);
}

static void test_active_timeout_cuts_and_goes_on(void **state)
{
	struct fixture *x = fixture_make(NULL);
	uint64_t packets = 0;

	(void)state;
	for (unsigned int s = 1; s <= 301; s++)
		meter(x, (struct spec){.c = 1, .reverse = s > 2, .time_ns = s * SECOND_NS});
	flush(x);
	assert_int_equal(x->n_records, 3);
	for (unsigned int i = 0; i < 3; i++) {
		const struct flow_record *r = &x->records[i];
		assert_true(r->end_ns - r->start_ns < 120 * SECOND_NS);
		assert_int_equal(r->src_port, 1025); /* direction is inherited */
		assert_int_equal(r->end_reason, i < 2 ? END_ACTIVE : END_FORCED);
		packets += r->packets[DIR_FWD] + r->packets[DIR_REV];
	}
	assert_int_equal(packets, 301);
	assert_int_equal(x->records[1].packets[DIR_FWD], 0);
	assert_int_equal(x->counters[TABLE_flows_created], 3);
	assert_int_not_equal(x->records[0].flow_id, x->records[1].flow_id);
	fixture_free(x);
}

static void test_cut_flow_without_further_packets_makes_no_record(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.active_timeout_ns = 10 * SECOND_NS;
	x = fixture_make(&o);
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	sweep_all(x, 12 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_ACTIVE);
	assert_int_equal(x->t->n_active, 1);
	sweep_all(x, 35 * SECOND_NS);
	assert_int_equal(x->t->n_active, 0);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->counters[TABLE_flows_created], 1);
	assert_int_equal(x->t->n_detached, 0);
	fixture_free(x);
}

/* However many of them end at once, they take no place of a record. */
static void test_cut_flows_that_end_cost_no_record(void **state)
{
	enum { HUSKS = 6000, OTHERS = 40 };
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	const uint64_t begin = 1000 * SECOND_NS;

	(void)state;
	o.flows_max = 2 * HUSKS;
	struct fixture *x = fixture_make(&o);
	assert_true(HUSKS > x->t->options.detached_max);
	for (uint64_t s = 0; s < 120; s += 20)
		for (unsigned int c = 0; c < HUSKS; c++)
			meter(x, (struct spec){.c = c, .time_ns = begin + s * SECOND_NS});
	sweep_all(x, begin + 121 * SECOND_NS);
	assert_int_equal(x->n_records, HUSKS);
	assert_int_equal(x->t->n_active, HUSKS);
	x->n_records = 0;
	for (unsigned int c = HUSKS; c < HUSKS + OTHERS; c++)
		meter(x, (struct spec){.c = c, .time_ns = begin + 122 * SECOND_NS});
	/* A gap: all of them end in the steps of one settling. */
	meter(x, (struct spec){.time_ns = begin + 3600 * SECOND_NS});
	assert_int_equal(x->n_records, OTHERS);
	assert_int_equal(x->counters[TABLE_records_dropped_detached], 0);
	assert_int_equal(x->t->n_out, 0);
	fixture_free(x);
}

static void test_fin_from_both_sides_lingers(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS, .flags = FIN | ACK});
	meter(x,
	      (struct spec){.c = 1, .reverse = true, .time_ns = SECOND_NS + 1, .flags = FIN | ACK});
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS + 2, .flags = ACK});
	assert_int_equal(x->n_records, 0);
	sweep_all(x, 4 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_DETECTED);
	assert_int_equal(x->records[0].packets[DIR_FWD], 2);
	fixture_free(x);
}

static void test_one_fin_is_no_end(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS, .flags = FIN | ACK});
	sweep_all(x, 5 * SECOND_NS);
	assert_int_equal(x->n_records, 0);
	sweep_all(x, 40 * SECOND_NS);
	assert_int_equal(x->records[0].end_reason, END_IDLE);
	fixture_free(x);
}

static void test_rst_ends_and_only_a_syn_opens(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS, .flags = SYN});
	meter(x,
	      (struct spec){.c = 1, .reverse = true, .time_ns = SECOND_NS + 1, .flags = RST | ACK});
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = SECOND_NS + 2, .flags = ACK});
	meter(x,
	      (struct spec){.c = 1, .reverse = true, .time_ns = SECOND_NS + 3, .flags = SYN | ACK});
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS + 4, .flags = SYN});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_DETECTED);
	assert_int_equal(x->records[0].packets[DIR_REV], 3);
	assert_int_equal(x->t->n_active, 1);
	fixture_free(x);
}

static void test_port_reused_after_the_senders_fin(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS, .flags = FIN | ACK});
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS + 5, .flags = SYN});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_DETECTED);
	fixture_free(x);
}

static void test_slices_sum_up_to_the_flow(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;
	uint64_t packets = 0, octets = 0;

	(void)state;
	o.slice_timeout_ns = 5 * SECOND_NS;
	x = fixture_make(&o);
	for (unsigned int s = 1; s <= 21; s++)
		meter(x,
		      (struct spec){
			      .c = 1, .reverse = s & 1, .time_ns = s * SECOND_NS, .len = 40 + s});
	flush(x);
	assert_int_equal(x->n_records, 5);
	for (unsigned int i = 0; i < x->n_records; i++) {
		const struct flow_record *r = &x->records[i];
		assert_int_equal(r->end_reason, i < 4 ? END_SLICE : END_FORCED);
		assert_int_equal(r->flow_id, x->records[0].flow_id);
		assert_true(r->end_ns - r->start_ns < 5 * SECOND_NS);
		packets += r->packets[DIR_FWD] + r->packets[DIR_REV];
		octets += r->octets[DIR_FWD] + r->octets[DIR_REV];
	}
	assert_int_equal(packets, 21);
	assert_int_equal(octets, 21 * 40 + 21 * 22 / 2);
	assert_int_equal(x->counters[TABLE_flows_created], 1);
	fixture_free(x);
}

static void test_master_outlives_its_slices(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.slice_timeout_ns = 5 * SECOND_NS;
	x = fixture_make(&o);
	x->keep = true;
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	meter(x, (struct spec){.c = 1, .time_ns = 10 * SECOND_NS});
	flush(x);
	assert_int_equal(x->n_kept, 2);
	struct flow *slice = x->kept[0], *master = x->kept[1];
	assert_ptr_equal(flow_master(slice), master);
	assert_int_equal(master->users, 2);
	flow_release(master);
	assert_null(flowtable_take_freed(x->t));
	flow_release(slice);
	struct flow *freed = flowtable_take_freed(x->t);
	assert_non_null(freed);
	struct flow *next = flow_next(freed);
	assert_ptr_equal(next, freed == master ? slice : master);
	assert_null(flow_next(next));
	flowtable_recycle(x->t, freed);
	flowtable_recycle(x->t, next);
	x->keep = false;
	fixture_free(x);
}

static void test_a_jump_forward_ends_what_is_due_only(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.idle_timeout_ns = 10 * 3600 * SECOND_NS;
	o.active_timeout_ns = 20 * 3600 * SECOND_NS;
	x = fixture_make(&o);
	meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS});
	meter(x, (struct spec){.c = 2, .time_ns = 9 * 3600 * SECOND_NS});
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 3, .time_ns = 11 * 3600 * SECOND_NS});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_IDLE);
	/* Years later: everything is over, and the times told are still right. */
	meter(x, (struct spec){.c = 4, .time_ns = 400ULL * 86400 * SECOND_NS});
	assert_int_equal(x->n_records, 3);
	assert_int_equal(x->records[1].end_reason, END_IDLE);
	flush(x);
	assert_int_equal(x->records[3].start_ns, 400ULL * 86400 * SECOND_NS);
	fixture_free(x);
}

static void test_time_that_begins_anew_ends_all_flows(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = 100000 * SECOND_NS});
	/* A little out of order is the same flow, and its record begins with the earlier packet. */
	meter(x, (struct spec){.c = 1, .time_ns = 99999 * SECOND_NS});
	assert_int_equal(x->n_records, 0);
	meter(x, (struct spec){.c = 2, .time_ns = SECOND_NS});
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].start_ns, 99999 * SECOND_NS);
	assert_int_equal(x->records[0].end_ns, 100000 * SECOND_NS);
	assert_int_equal(x->records[0].packets[DIR_FWD], 2);
	fixture_free(x);
}

static void test_a_late_first_packet_of_a_direction(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = 1000 * SECOND_NS});
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = 1000 * SECOND_NS - 100});
	flush(x);
	assert_int_equal(x->records[0].dir_start_ns[DIR_REV], 1000 * SECOND_NS - 100);
	assert_int_equal(x->records[0].dir_end_ns[DIR_REV], 1000 * SECOND_NS - 100);
	assert_int_equal(x->records[0].end_ns, 1000 * SECOND_NS);
	fixture_free(x);
}

/*
 * A fixed sequence of pseudo-random packets, swept in very different ways. Twice the timeouts
 * change, at a moment when nothing is due.
 */
static unsigned int run_random(struct fixture *x, int sweeps)
{
	static const uint64_t idle_s[] = {7, 1}, active_s[] = {29, 5}, slice_s[] = {0, 3};

	uint64_t random = 88172645463325252ULL, time_ns = SECOND_NS;

	for (int i = 0; i < 7000; i++) {
		const int change = i / 2500 - 1;

		if (i && i % 2500 == 0) {
			while (flowtable_settle(x->t, time_ns, 50))
				take_ended(x);
			take_ended(x);
			assert_int_equal(flowtable_set_timeouts(x->t, idle_s[change] * SECOND_NS,
								active_s[change] * SECOND_NS,
								slice_s[change] * SECOND_NS),
					 0);
		}
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		time_ns += (random >> 20) % 40000000;
		if ((random >> 50) % 997 == 0)
			time_ns += 20 * SECOND_NS;
		meter(x, (struct spec){
				 .c = (unsigned int)(random % 61),
				 .reverse = (random >> 8) & 1,
				 .protocol = (random >> 9) % 3 ? 6 : 17,
				 .flags = (uint8_t)((random >> 40) % 23 ? ACK : (random >> 45) % 8),
				 .time_ns = time_ns,
				 .len = 40 + (uint32_t)(random >> 52),
				 .ipv6 = (random >> 30) & 1,
			 });
		if (sweeps == 1)
			flowtable_sweep(x->t, time_ns, 3, 2);
		if (sweeps == 2)
			sweep_all(x, time_ns);
		take_ended(x);
	}
	flush(x);
	return x->n_records;
}

static int by_content(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_record));
}

static void test_records_do_not_depend_on_sweeps(void **state)
{
	static struct flow_record first[RECORDS_MAX];
	unsigned int n_first = 0;

	(void)state;
	for (int sweeps = 0; sweeps < 3; sweeps++) {
		struct fixture dummy = {0};
		struct flowtable_options o = default_options(&dummy);
		o.idle_timeout_ns = 3 * SECOND_NS;
		o.active_timeout_ns = 11 * SECOND_NS;
		o.slice_timeout_ns = 2 * SECOND_NS;
		struct fixture *x = fixture_make(&o);
		unsigned int n = run_random(x, sweeps);

		/*
		 * Ids are given in the order of events, and a husk may take one that it never
		 * tells.
		 */
		for (unsigned int i = 0; i < n; i++)
			x->records[i].flow_id = 0;
		qsort(x->records, n, sizeof x->records[0], by_content);
		if (sweeps == 0) {
			n_first = n;
			memcpy(first, x->records, sizeof first);
		}
		assert_true(n > 100);
		assert_int_equal(n, n_first);
		assert_memory_equal(first, x->records, n * sizeof first[0]);
		fixture_free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_timeout_is_exact),
		cmocka_unit_test(test_sweep_ends_idle_flows),
		cmocka_unit_test(test_active_timeout_cuts_and_goes_on),
		cmocka_unit_test(test_cut_flow_without_further_packets_makes_no_record),
		cmocka_unit_test(test_cut_flows_that_end_cost_no_record),
		cmocka_unit_test(test_fin_from_both_sides_lingers),
		cmocka_unit_test(test_one_fin_is_no_end),
		cmocka_unit_test(test_rst_ends_and_only_a_syn_opens),
		cmocka_unit_test(test_port_reused_after_the_senders_fin),
		cmocka_unit_test(test_slices_sum_up_to_the_flow),
		cmocka_unit_test(test_master_outlives_its_slices),
		cmocka_unit_test(test_a_jump_forward_ends_what_is_due_only),
		cmocka_unit_test(test_time_that_begins_anew_ends_all_flows),
		cmocka_unit_test(test_a_late_first_packet_of_a_direction),
		cmocka_unit_test(test_records_do_not_depend_on_sweeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
