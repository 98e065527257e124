/* SPDX-License-Identifier: BSD-3-Clause */
/* Timeouts that change without a pause: the walk in steps, and packets in between. */
#include "fixture.h"

#include <errno.h>

#define N_FLOWS 900

static const struct flowtable_timeouts other[] = {
	{.idle_ns = 2 * SECOND_NS, .active_ns = 5 * SECOND_NS, .tcp_linger_ns = SECOND_NS},
	{.idle_ns = 86400 * SECOND_NS, .active_ns = 86400 * SECOND_NS, .tcp_linger_ns = 1000},
	{.idle_ns = 300 * SECOND_NS,
	 .active_ns = 200 * SECOND_NS,
	 .slice_ns = 3 * SECOND_NS,
	 .tcp_linger_ns = 20 * SECOND_NS},
};

static void fill(struct fixture *x)
{
	for (unsigned int i = 0; i < N_FLOWS; i++)
		for (int packet = 0; packet < 2; packet++)
			meter(x,
			      (struct spec){.c = i,
					    .reverse = packet && i % 3 == 0,
					    .flags = i % 7 ? ACK : RST,
					    .time_ns = SECOND_NS + i * 20000000ULL + packet * 10});
}

static void count_visit(void *user, struct flow_hot *hot)
{
	uint8_t *seen = user;

	seen[hot->cold]++;
}

/* Whatever the steps, in the end everything is as after one walk; every flow is shown once. */
static void test_steps_make_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		const struct flowtable_timeouts *n = &other[i];
		struct fixture *whole = fixture_make(NULL), *steps = fixture_make(NULL);
		uint8_t *seen = calloc(steps->t->slab_flows, 1);
		unsigned int calls = 0;

		fill(whole);
		fill(steps);
		whole->t->options.tcp_linger_ns = n->tcp_linger_ns;
		assert_int_equal(
			flowtable_set_timeouts(whole->t, n->idle_ns, n->active_ns, n->slice_ns), 0);
		assert_int_equal(flowtable_change_timeouts(steps->t, n), 0);
		flowtable_refit_begin(steps->t);
		for (bool more = true; more; calls++)
			more = flowtable_refit(steps->t, 3, count_visit, seen);
		assert_int_equal(calls, (steps->t->n_groups + 2) / 3);
		assert_false(flowtable_refit(steps->t, 3, count_visit, seen));
		assert_memory_equal(whole->t->groups, steps->t->groups,
				    whole->t->n_groups * sizeof *whole->t->groups);
		assert_memory_equal(whole->t->hot, steps->t->hot,
				    (size_t)whole->t->n_groups * FLOW_GROUP_SLOTS *
					    sizeof *whole->t->hot);
		for (unsigned int f = 0; f < steps->t->slab_flows; f++)
			assert_int_equal(seen[f], f < N_FLOWS);
		free(seen);
		fixture_free(whole);
		fixture_free(steps);
	}
}

/* No packet is lost, and idleness is told by the new times, wherever the walk is. */
static void test_packets_between_the_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		struct fixture *x = fixture_make(NULL);
		const uint64_t last_ns = SECOND_NS + N_FLOWS * 20000000ULL;
		uint64_t packets = 0, sent = 2 * N_FLOWS;
		bool more = true;

		fill(x);
		assert_int_equal(flowtable_change_timeouts(x->t, &other[i]), 0);
		flowtable_refit_begin(x->t);
		for (unsigned int n = 0; more || n < 3 * N_FLOWS; n++, sent++) {
			more = flowtable_refit(x->t, 1, NULL, NULL);
			meter(x, (struct spec){.c = n % (2 * N_FLOWS),
					       .flags = ACK,
					       .time_ns = last_ns + n * 1000000ULL});
			flowtable_sweep(x->t, x->t->now_ns, 2, 10);
			take_ended(x);
		}
		flush(x);
		for (unsigned int r = 0; r < x->n_records; r++) {
			const struct flow_record *f = &x->records[r];

			packets += f->packets[DIR_FWD] + f->packets[DIR_REV];
			assert_true(f->end_ns - f->start_ns <=
				    other[i].active_ns + other[i].idle_ns);
		}
		assert_int_equal(packets, sent);
		fixture_free(x);
	}
}

/* A flow whose connection is over lingers by the new time. */
static void test_linger(void **state)
{
	struct flowtable_timeouts n = {.idle_ns = 30 * SECOND_NS,
				       .active_ns = 120 * SECOND_NS,
				       .tcp_linger_ns = 20 * SECOND_NS};
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .flags = RST, .time_ns = SECOND_NS});
	assert_int_equal(flowtable_change_timeouts(x->t, &n), 0);
	flowtable_refit_begin(x->t);
	assert_false(flowtable_refit(x->t, x->t->n_groups, NULL, NULL));
	sweep_all(x, 20 * SECOND_NS);
	assert_int_equal(x->n_records, 0);
	n.tcp_linger_ns = 3 * SECOND_NS;
	assert_int_equal(flowtable_change_timeouts(x->t, &n), 0);
	flowtable_refit_begin(x->t);
	assert_false(flowtable_refit(x->t, x->t->n_groups, NULL, NULL));
	sweep_all(x, 20 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_DETECTED);
	fixture_free(x);
}

static void test_nonsense_changes_nothing(void **state)
{
	static const struct flowtable_timeouts bad[] = {
		{.active_ns = 1},
		{.idle_ns = 1},
		{.idle_ns = 1, .active_ns = 1, .tcp_linger_ns = TIMEOUT_MAX_NS + 1},
		{.idle_ns = 1, .active_ns = 1, .slice_ns = TIMEOUT_MAX_NS + 1},
	};
	struct fixture *x = fixture_make(NULL);
	struct flowtable before = *x->t;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(flowtable_change_timeouts(x->t, &bad[i]), -EINVAL);
	assert_memory_equal(&before, x->t, sizeof before);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_make_the_same),
		cmocka_unit_test(test_packets_between_the_steps),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_nonsense_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
