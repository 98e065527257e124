/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow in the table: what it counted so far, who reads that, and its end on demand. */
#include "fixture.h"

#include <pthread.h>

static struct flow *flow_of(struct fixture *x, const struct flow_hot *hot)
{
	return flowtable_flow(x->t, hot->cold);
}

static void same_counts(const struct flow_counts *c, const struct flow_record *r)
{
	for (int d = 0; d < DIR_N; d++) {
		assert_int_equal(c->packets[d], r->packets[d]);
		assert_int_equal(c->octets[d], r->octets[d]);
		assert_int_equal(c->wire_octets[d], r->l2_octets[d]);
		assert_int_equal(c->start_ns[d], r->dir_start_ns[d]);
		assert_int_equal(c->end_ns[d], r->dir_end_ns[d]);
		assert_int_equal(c->tcp_flags[d], r->tcp_flags[d]);
	}
}

static struct flow_hot *meter_some(struct fixture *x)
{
	meter(x, (struct spec){.c = 1, .time_ns = 5 * SECOND_NS, .len = 100, .flags = SYN});
	meter(x, (struct spec){.c = 1, .time_ns = 4 * SECOND_NS, .len = 50, .flags = ACK});
	return meter(x, (struct spec){.c = 1,
				      .reverse = true,
				      .time_ns = 7 * SECOND_NS,
				      .len = 60,
				      .flags = PSH});
}

static void test_live_counts_are_those_of_the_record(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_counts live, ended;

	(void)state;
	struct flow_hot *hot = meter_some(x), hot_before;
	struct flow *f = flow_of(x, hot), before;

	memcpy(&hot_before, hot, sizeof *hot);
	memcpy(&before, f, sizeof *f);
	assert_ptr_equal(flow_hot_line(f), hot);
	flow_count(f, &live);
	assert_memory_equal(hot, &hot_before, sizeof *hot);
	assert_memory_equal(f, &before, sizeof *f);
	assert_int_equal(live.packets[DIR_FWD], 2);
	assert_int_equal(live.octets[DIR_FWD], 150);
	assert_int_equal(live.wire_octets[DIR_FWD], 178);
	assert_int_equal(live.start_ns[DIR_FWD], 4 * SECOND_NS);
	assert_int_equal(live.end_ns[DIR_FWD], 5 * SECOND_NS);
	assert_int_equal(live.tcp_flags[DIR_FWD], SYN | ACK);
	assert_int_equal(live.packets[DIR_REV], 1);
	assert_int_equal(live.end_ns[DIR_REV], 7 * SECOND_NS);
	assert_int_equal(live.last_ns, 7 * SECOND_NS);

	x->keep = true;
	flush(x);
	assert_int_equal(x->n_kept, 1);
	assert_ptr_equal(x->kept[0], f);
	assert_null(flow_hot_line(f));
	flow_count(f, &ended);
	assert_int_equal(ended.last_ns, live.last_ns);
	same_counts(&ended, &x->records[0]);
	same_counts(&live, &x->records[0]);
	flow_release(f);
	x->keep = false;
	fixture_free(x);
}

static void test_live_counts_beyond_the_hot_line(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_counts c;

	(void)state;
	struct flow_hot *hot = meter(x, (struct spec){.c = 1, .time_ns = 1, .len = 100});
	hot->side[DIR_FWD].packets = UINT32_MAX;
	hot->side[DIR_FWD].octets = (1ULL << 48) - 50;
	side_set_excess(&hot->side[DIR_FWD], INT16_MAX, 0);
	meter(x, (struct spec){.c = 1, .time_ns = 2, .len = 100});
	flow_count(flow_of(x, hot), &c);
	assert_true(c.packets[DIR_FWD] == UINT32_MAX + 1ULL);
	assert_true(c.octets[DIR_FWD] == (1ULL << 48) + 50);
	assert_true(c.wire_octets[DIR_FWD] == (1ULL << 48) + 50 + INT16_MAX + 14);
	assert_int_equal(c.packets[DIR_REV], 0);
	assert_int_equal(c.start_ns[DIR_REV], 0);
	assert_int_equal(c.end_ns[DIR_REV], 0);
	fixture_free(x);
}

static void test_wire_octets_below_ip_octets(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_counts c;

	(void)state;
	struct flow_hot *hot = meter(x, (struct spec){.c = 1, .time_ns = 1, .len = 100});
	side_set_excess(&hot->side[DIR_FWD], -30, 0);
	flow_count(flow_of(x, hot), &c);
	assert_int_equal(c.wire_octets[DIR_FWD], 70);
	flush(x);
	assert_int_equal(x->records[0].l2_octets[DIR_FWD], 70);
	fixture_free(x);
}

static void test_live_counts_begin_anew_with_a_slice(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);
	struct flow_counts c;
	struct fixture *x;

	(void)state;
	o.slice_timeout_ns = 5 * SECOND_NS;
	x = fixture_make(&o);
	struct flow_hot *hot = meter_some(x);
	struct flow *f = flow_of(x, hot);
	sweep_all(x, 10 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_SLICE);
	assert_int_equal(x->records[0].packets[DIR_FWD], 2);
	assert_ptr_equal(flow_hot_line(f), hot);
	flow_count(f, &c);
	for (int d = 0; d < DIR_N; d++) {
		assert_int_equal(c.packets[d], 0);
		assert_int_equal(c.octets[d], 0);
		assert_int_equal(c.wire_octets[d], 0);
		assert_int_equal(c.start_ns[d], 0);
		assert_int_equal(c.end_ns[d], 0);
		assert_int_equal(c.tcp_flags[d], 0);
	}
	assert_int_equal(c.last_ns, 7 * SECOND_NS);
	meter(x, (struct spec){.c = 1, .time_ns = 11 * SECOND_NS, .len = 70});
	flow_count(f, &c);
	assert_int_equal(c.packets[DIR_FWD], 1);
	assert_int_equal(c.octets[DIR_FWD], 70);
	assert_int_equal(c.start_ns[DIR_FWD], 11 * SECOND_NS);
	assert_int_equal(c.packets[DIR_REV], 0);
	flush(x);
	same_counts(&c, &x->records[1]);
	fixture_free(x);
}

static void test_doomed_flow_ends_at_its_next_packet(void **state)
{
	/* Also when that packet is older than the one before it, opens or closes a connection. */
	static const struct spec next[] = {
		{.time_ns = 5000 * SECOND_NS + 1, .flags = ACK},
		{.time_ns = 5000 * SECOND_NS, .flags = ACK},
		{.time_ns = 5000 * SECOND_NS - 1, .flags = SYN},
		{.time_ns = 4990 * SECOND_NS, .flags = ACK},
		{.time_ns = 1500 * SECOND_NS, .flags = FIN},
		{.time_ns = 5001 * SECOND_NS, .flags = RST},
		{.time_ns = 5060 * SECOND_NS, .flags = ACK},
		{.time_ns = 9000 * SECOND_NS, .flags = ACK},
		{.time_ns = 900000 * SECOND_NS, .flags = ACK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
		struct fixture *x = fixture_make(NULL);

		flow_doom(flow_of(x, meter(x, (struct spec){.time_ns = 5000 * SECOND_NS})));
		assert_int_equal(x->n_records, 0);
		struct flow_hot *hot = meter(x, next[i]);
		assert_int_equal(x->n_records, 1);
		assert_int_equal(x->records[0].end_reason, END_FORCED);
		assert_int_equal(x->records[0].packets[DIR_FWD], 1);
		assert_int_equal(x->counters[TABLE_flows_ended_forced], 1);
		assert_int_equal(x->counters[TABLE_flows_created], 2);
		assert_int_equal(hot->state & FLOW_DOOMED, 0);
		assert_int_equal(x->t->n_active, 1);
		fixture_free(x);
	}
}

static void test_flow_doomed_before_its_packet_is_counted(void **state)
{
	struct fixture *x = fixture_make(NULL);
	const struct spec s = {.c = 1, .time_ns = SECOND_NS};
	uint8_t bytes[PACKET_MADE_BYTES];
	struct flow_lookup l;
	struct packet k;

	(void)state;
	for (int sweeps = 0; sweeps < 2; sweeps++) {
		packet_make(&k, bytes, &s);
		assert_true(flowtable_time(x->t, k.time_ns));
		flowtable_lookup(x->t, &k, 0, &l);
		struct flow_hot *hot = flowtable_claim(x->t, &k, &l);
		flow_doom(flow_of(x, hot));
		flowtable_account(x->t, hot, &k, &l);
		assert_int_equal(x->n_records, sweeps);
		if (sweeps)
			sweep_all(x, SECOND_NS);
		else
			meter(x, s);
		assert_int_equal(x->n_records, sweeps + 1);
		assert_int_equal(x->records[sweeps].end_reason, END_FORCED);
		assert_int_equal(x->records[sweeps].packets[DIR_FWD], 1);
		flush(x);
		x->n_records = 1;
	}
	fixture_free(x);
}

static void test_doomed_flow_ends_at_the_sweep(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		struct flow_hot *hot =
			meter(x, (struct spec){.c = i, .time_ns = SECOND_NS, .flags = FIN});
		meter(x, (struct spec){.c = i,
				       .reverse = true,
				       .time_ns = SECOND_NS,
				       .flags = i & 1 ? FIN : 0});
		if (i % 10 == 3)
			flow_doom(flow_of(x, hot));
	}
	sweep_all(x, SECOND_NS);
	assert_int_equal(x->n_records, 10);
	assert_int_equal(x->t->n_active, 90);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(x->records[i].end_reason, END_FORCED);
		assert_int_equal(x->records[i].packets[DIR_REV], 1);
	}
	fixture_free(x);
}

static void test_doomed_flow_ends_at_a_flush(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	/* Idle long since, or over by FIN: the end that was asked for comes first. */
	flow_doom(flow_of(x, meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS})));
	meter(x, (struct spec){.c = 2, .time_ns = SECOND_NS});
	struct flow_hot *over =
		meter(x, (struct spec){.c = 3, .time_ns = 40 * SECOND_NS, .flags = RST});
	assert_int_not_equal(over->state & FLOW_CLOSING, 0);
	flow_doom(flow_of(x, over));
	flush(x);
	assert_int_equal(x->n_records, 3);
	assert_int_equal(x->records[0].src_port, 1025);
	assert_int_equal(x->records[0].end_reason, END_FORCED);
	assert_int_equal(x->records[1].end_reason, END_IDLE);
	assert_int_equal(x->records[2].end_reason, END_FORCED);
	fixture_free(x);
}

/* A flow that was cut at the active timeout, and goes on without a packet. */
static struct flow *make_husk(struct fixture *x)
{
	struct flow_hot *hot = NULL;

	for (unsigned int s = 1; s <= 119; s += 2)
		hot = meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	sweep_all(x, 130 * SECOND_NS);
	assert_int_equal(x->n_records, 1);
	assert_int_equal(x->records[0].end_reason, END_ACTIVE);
	assert_int_not_equal(hot->state & FLOW_HUSK, 0);
	return flow_of(x, hot);
}

static void test_doomed_husk_makes_no_record(void **state)
{
	(void)state;
	for (int look = 0; look < 3; look++) {
		struct fixture *x = fixture_make(NULL);

		flow_doom(make_husk(x));
		if (look == 0)
			sweep_all(x, 130 * SECOND_NS);
		else if (look == 1)
			flush(x);
		else
			meter(x,
			      (struct spec){.c = 1, .reverse = true, .time_ns = 131 * SECOND_NS});
		assert_int_equal(x->n_records, 1);
		assert_int_equal(x->t->n_active, look == 2);
		assert_int_equal(x->t->n_detached, 0);
		assert_int_equal(x->counters[TABLE_flows_ended_forced], 0);
		flush(x);
		/* What came after it is another flow: with a direction of its own. */
		assert_int_equal(x->n_records, look == 2 ? 2 : 1);
		if (look == 2)
			assert_int_equal(x->records[1].src_port, 80);
		fixture_free(x);
	}
}

static void test_husk_that_lives_keeps_its_direction(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	make_husk(x);
	meter(x, (struct spec){.c = 1, .reverse = true, .time_ns = 131 * SECOND_NS});
	flush(x);
	assert_int_equal(x->records[1].src_port, 1025);
	fixture_free(x);
}

static void test_doom_does_nothing_to_a_flow_that_ended(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	x->keep = true;
	struct flow *old = flow_of(x, meter(x, (struct spec){.c = 1, .time_ns = SECOND_NS}));
	for (unsigned int s = 2; s <= 121; s++)
		meter(x, (struct spec){.c = 1, .time_ns = s * SECOND_NS});
	/* Its heir sits in the same slot. */
	assert_int_equal(old->end_reason, END_ACTIVE);
	assert_null(flow_hot_line(old));
	flow_doom(old);
	meter(x, (struct spec){.c = 1, .time_ns = 122 * SECOND_NS});
	sweep_all(x, 122 * SECOND_NS);
	assert_int_equal(x->n_kept, 1);
	assert_int_equal(x->t->n_active, 1);
	assert_int_equal(old->end_reason, END_ACTIVE);
	flow_release(old);
	x->keep = false;
	fixture_free(x);
}

static void test_doom_does_nothing_to_a_husk_that_ended(void **state)
{
	struct fixture *x = fixture_make(NULL);

	(void)state;
	struct flow *husk = make_husk(x);
	const uint32_t slot = husk->place;
	x->keep = true;
	sweep_all(x, 160 * SECOND_NS);
	assert_int_equal(x->n_kept, 1);
	assert_ptr_equal(x->kept[0], husk);
	assert_null(flow_hot_line(husk));
	/* The same key comes to the same slot, as another flow. */
	struct flow_hot *hot = meter(x, (struct spec){.c = 1, .time_ns = 160 * SECOND_NS});
	assert_int_equal(flow_of(x, hot)->place, slot);
	flow_doom(husk);
	assert_int_equal(hot->state & FLOW_DOOMED, 0);
	flow_release(husk);
	x->keep = false;
	fixture_free(x);
}

/* What another thread sees of a table at work. */
struct watch {
	struct lane_counters lane;
	struct fixture *x;
	_Atomic bool stop;
	uint64_t created_seen, active_most;
	bool went_back;
};

static void *watch_counters(void *self)
{
	struct watch *w = self;

	do {
		struct lane_counters seen = {0};
		uint32_t active = __atomic_load_n(&w->x->t->n_active, __ATOMIC_RELAXED);

		lane_counters_add(&seen, &w->lane);
		w->went_back |= seen.table[TABLE_flows_created] < w->created_seen;
		w->created_seen = seen.table[TABLE_flows_created];
		if (active > w->active_most)
			w->active_most = active;
	} while (!w->stop);
	return NULL;
}

static void test_counters_are_read_by_another_thread(void **state)
{
	struct watch *w = calloc(1, sizeof *w);
	pthread_t thread;

	(void)state;
	w->x = fixture_make(NULL);
	w->x->t->options.counters = w->lane.table;
	assert_int_equal(pthread_create(&thread, NULL, watch_counters, w), 0);
	for (unsigned int i = 0; i < 10000; i++)
		meter(w->x, (struct spec){.c = i, .time_ns = SECOND_NS + i * 1000000ULL});
	w->stop = true;
	pthread_join(thread, NULL);
	watch_counters(w);
	assert_false(w->went_back);
	assert_int_equal(w->created_seen, 10000);
	assert_int_equal(w->active_most, w->x->t->options.flows_max);
	fixture_free(w->x);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_counts_are_those_of_the_record),
		cmocka_unit_test(test_live_counts_beyond_the_hot_line),
		cmocka_unit_test(test_wire_octets_below_ip_octets),
		cmocka_unit_test(test_live_counts_begin_anew_with_a_slice),
		cmocka_unit_test(test_doomed_flow_ends_at_its_next_packet),
		cmocka_unit_test(test_flow_doomed_before_its_packet_is_counted),
		cmocka_unit_test(test_doomed_flow_ends_at_the_sweep),
		cmocka_unit_test(test_doomed_flow_ends_at_a_flush),
		cmocka_unit_test(test_doomed_husk_makes_no_record),
		cmocka_unit_test(test_husk_that_lives_keeps_its_direction),
		cmocka_unit_test(test_doom_does_nothing_to_a_flow_that_ended),
		cmocka_unit_test(test_doom_does_nothing_to_a_husk_that_ended),
		cmocka_unit_test(test_counters_are_read_by_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
