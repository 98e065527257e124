/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, the life of a flow, and what happens when the table is full. */
#include "fixture.h"

#include <errno.h>
#include <pthread.h>

static void test_create_refuses_nonsense(void **state)
{
	struct fixture x = {0};
	struct flowtable_options o = default_options(&x);
	struct flowtable *t = NULL;

	(void)state;
	o.flows_max = FLOW_TABLE_FLOWS_MIN - 1;
	assert_int_equal(flowtable_create(&t, &o), -EINVAL);
	o = default_options(&x);
	o.idle_timeout_ns = 0;
	assert_int_equal(flowtable_create(&t, &o), -EINVAL);
	o = default_options(&x);
	o.active_timeout_ns = TIMEOUT_MAX_NS + 1;
	assert_int_equal(flowtable_create(&t, &o), -EINVAL);
	assert_null(t);
}

static void test_both_directions_are_one_flow(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		x->n_records = 0;
		meter(x,
		      (struct spec){
			      .c = 1, .time_ns = SECOND_NS, .len = 100, .flags = ACK, .ipv6 = v6});
		meter(x, (struct spec){.c = 1,
				       .reverse = true,
				       .time_ns = 2 * SECOND_NS,
				       .len = 60,
				       .flags = PSH,
				       .ipv6 = v6});
		meter(x, (struct spec){.c = 1,
				       .time_ns = 3 * SECOND_NS,
				       .len = 50,
				       .flags = PSH,
				       .ipv6 = v6});
		assert_int_equal(x->t->n_active, 1);
		flush(x);
		assert_int_equal(x->n_records, 1);
		const struct flow_record *r = &x->records[0];
		assert_int_equal(r->packets[DIR_FWD], 2);
		assert_int_equal(r->packets[DIR_REV], 1);
		assert_int_equal(r->octets[DIR_FWD], 150);
		assert_int_equal(r->octets[DIR_REV], 60);
		assert_int_equal(r->l2_octets[DIR_FWD], 178);
		assert_int_equal(r->l2_octets[DIR_REV], 74);
		assert_int_equal(r->tcp_flags[DIR_FWD], ACK | PSH);
		assert_int_equal(r->tcp_flags[DIR_REV], PSH);
		assert_int_equal(r->start_ns, SECOND_NS);
		assert_int_equal(r->end_ns, 3 * SECOND_NS);
		assert_int_equal(r->dir_start_ns[DIR_REV], 2 * SECOND_NS);
		assert_int_equal(r->dir_end_ns[DIR_REV], 2 * SECOND_NS);
		assert_int_equal(r->src_port, 1025);
		assert_int_equal(r->dst_port, 80);
		assert_int_equal(r->src_addr[1], 0);
		assert_int_equal(r->dst_addr[1], 1);
		assert_int_equal(r->end_reason, END_FORCED);
		assert_int_equal(r->ip_version, v6 ? 6 : 4);
	}
	fixture_free(x);
}

static void test_direction_is_that_of_the_first_packet(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = 1});
	meter(x, (struct spec){.c = 1, .time_ns = 2});
	flush(x);
	assert_int_equal(x->records[0].src_port, 80);
	assert_int_equal(x->records[0].packets[DIR_FWD], 1);
	assert_int_equal(x->records[0].packets[DIR_REV], 1);
	fixture_free(x);
}

static void test_what_tells_flows_apart(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	meter(x, (struct spec){.c = 1, .time_ns = 1});
	meter(x, (struct spec){.c = 1, .time_ns = 1, .protocol = 17});
	meter(x, (struct spec){.c = 1, .time_ns = 1, .vlan = 7});
	meter(x, (struct spec){.c = 1, .time_ns = 1, .ipv6 = true});
	meter(x, (struct spec){.c = 1, .time_ns = 1, .tunnel_id = 5});
	meter(x, (struct spec){.c = 1, .time_ns = 1, .tunnel_id = 6});
	meter(x, (struct spec){.c = 2, .time_ns = 1});
	assert_int_equal(x->t->n_active, 7);
	fixture_free(x);
}

static void test_vlan_may_be_ignored(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.key_rules.ignore_vlan = true;
	x = fixture_make(&o);
	meter(x, (struct spec){.c = 1, .time_ns = 1, .vlan = 7});
	meter(x, (struct spec){.c = 1, .time_ns = 1, .vlan = 8});
	assert_int_equal(x->t->n_active, 1);
	flush(x);
	assert_int_equal(x->records[0].vlan_id, 7);
	fixture_free(x);
}

static void test_full_table_gives_up_the_oldest(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;
	uint64_t packets = 0;

	(void)state;
	o.flows_max = 64;
	x = fixture_make(&o);
	for (unsigned int i = 0; i < 640; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS + i * 10000000ULL});
	assert_int_equal(x->t->n_active, 64);
	assert_int_equal(x->counters[TABLE_flows_created], 640);
	assert_int_equal(x->counters[TABLE_flows_ended_overflow], 640 - 64);
	flush(x);
	for (unsigned int i = 0; i < x->n_records; i++)
		packets += x->records[i].packets[DIR_FWD];
	assert_int_equal(packets, 640);
	assert_int_equal(x->n_records, 640);
	fixture_free(x);
}

static void test_no_overflow_below_the_limit(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.flows_max = 4000;
	x = fixture_make(&o);
	for (unsigned int i = 0; i < 4000; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	assert_int_equal(x->t->n_active, 4000);
	assert_int_equal(x->counters[TABLE_flows_ended_overflow], 0);
	/* All are found again, also those stored away from home. */
	for (unsigned int i = 0; i < 4000; i++)
		meter(x, (struct spec){.c = i, .reverse = true, .time_ns = SECOND_NS});
	assert_int_equal(x->counters[TABLE_flows_created], 4000);
	fixture_free(x);
}

static void test_expired_flows_go_before_living_ones(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.flows_max = 64;
	x = fixture_make(&o);
	for (unsigned int i = 0; i < 64; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	/* All 64 are idle by now, though nobody has swept: none may be called overflow. */
	for (unsigned int i = 0; i < 64; i++)
		meter(x, (struct spec){.c = 1000 + i, .time_ns = 40 * SECOND_NS + i});
	assert_int_equal(x->counters[TABLE_flows_ended_overflow], 0);
	assert_int_equal(x->counters[TABLE_flows_ended_idle], 64);
	fixture_free(x);
}

static void test_records_are_lost_by_name_when_nobody_gives_back(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct fixture *x;

	(void)state;
	o.flows_max = 64;
	o.detached_max = 100;
	x = fixture_make(&o);
	x->keep = true;
	for (unsigned int i = 0; i < 400; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	assert_int_equal(x->n_records, 100);
	assert_int_equal(x->counters[TABLE_records], 400 - 64);
	assert_int_equal(x->counters[TABLE_records_dropped_detached], 400 - 64 - 100);
	assert_int_equal(x->t->n_active, 64);
	for (unsigned int i = 0; i < x->n_kept; i++)
		flow_release(x->kept[i]);
	x->keep = false;
	take_ended(x);
	assert_int_equal(x->t->n_detached, 0);
	fixture_free(x);
}

static void *release_all(void *self)
{
	struct fixture *x = self;

	for (unsigned int i = 0; i < x->n_kept; i++)
		flow_release(x->kept[i]);
	return NULL;
}

static void test_flows_come_back_from_another_thread(void **state)
{
	struct fixture *x = fixture_make(NULL);
	pthread_t thread;

	(void)state;
	x->keep = true;
	for (unsigned int i = 0; i < 1000; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	flush(x);
	assert_int_equal(x->n_kept, 1000);
	assert_int_equal(pthread_create(&thread, NULL, release_all, x), 0);
	while (x->t->n_detached)
		take_ended(x);
	pthread_join(thread, NULL);
	x->keep = false;
	/* All records can be taken again. */
	for (unsigned int i = 0; i < 1000; i++)
		meter(x, (struct spec){.c = i, .time_ns = SECOND_NS});
	assert_true(x->t->slab_used <= 1024);
	fixture_free(x);
}

static void test_counters_beyond_the_hot_line(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_hot *hot;

	(void)state;
	hot = meter(x, (struct spec){.c = 1, .time_ns = 1, .len = 100});
	hot->side[DIR_FWD].packets = UINT32_MAX;
	hot->side[DIR_FWD].octets = (1ULL << 48) - 50;
	side_set_excess(&hot->side[DIR_FWD], INT16_MAX, 0);
	meter(x, (struct spec){.c = 1, .time_ns = 2, .len = 100});
	flush(x);
	assert_true(x->records[0].packets[DIR_FWD] == UINT32_MAX + 1ULL);
	assert_true(x->records[0].octets[DIR_FWD] == (1ULL << 48) + 50);
	assert_true(x->records[0].l2_octets[DIR_FWD] == (1ULL << 48) + 50 + INT16_MAX + 14);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_refuses_nonsense),
		cmocka_unit_test(test_both_directions_are_one_flow),
		cmocka_unit_test(test_direction_is_that_of_the_first_packet),
		cmocka_unit_test(test_what_tells_flows_apart),
		cmocka_unit_test(test_vlan_may_be_ignored),
		cmocka_unit_test(test_full_table_gives_up_the_oldest),
		cmocka_unit_test(test_no_overflow_below_the_limit),
		cmocka_unit_test(test_expired_flows_go_before_living_ones),
		cmocka_unit_test(test_records_are_lost_by_name_when_nobody_gives_back),
		cmocka_unit_test(test_flows_come_back_from_another_thread),
		cmocka_unit_test(test_counters_beyond_the_hot_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
