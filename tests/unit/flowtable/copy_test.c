/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of living flows say what their records would; an expiry in steps ends what was there. */
#include "fixture.h"

#include "flowtable/copy.h"

/* All copies as records; how many. */
static unsigned int copy_all(struct fixture *x, struct flow_record *out)
{
	struct flow_copies *c = aligned_alloc(64, (sizeof *c + 63) & ~(size_t)63);
	struct flow *flows[FLOW_COPIES_MAX];
	uint32_t cursor = 0;
	unsigned int n = 0;

	while (flowtable_copy(x->t, &cursor, c, flows))
		for (uint32_t i = 0; i < c->n; i++)
			flow_copy_to_record(c, i, &out[n++]);
	assert_false(flowtable_copy(x->t, &cursor, c, flows));
	assert_int_equal(c->n, 0);
	free(c);
	return n;
}

static const struct flow_record *of_id(const struct flow_record *all, unsigned int n, uint64_t id)
{
	for (unsigned int i = 0; i < n; i++)
		if (all[i].flow_id == id)
			return &all[i];
	fail_msg("no copy of flow %llu", (unsigned long long)id);
	return NULL;
}

/* Packets in both directions, IPv6, tunnels, VLANs, some out of order. */
static void fill(struct fixture *x, unsigned int flows)
{
	for (unsigned int i = 0; i < 5 * flows; i++)
		meter(x, (struct spec){.c = i % flows,
				       .reverse = i / flows % 3 == 1,
				       .ipv6 = i % flows % 4 == 1,
				       .vlan = i % flows % 5 == 2 ? 7 : 0,
				       .tunnel_id = i % flows % 7 == 3 ? 99 : 0,
				       .len = 40 + i % 1000,
				       .flags = ACK,
				       .time_ns = 5 * SECOND_NS + (i ^ 1) * 1000000ULL});
}

static void test_copies_are_the_records(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_record *live = calloc(1024, sizeof *live);
	unsigned int n;

	(void)state;
	fill(x, 500);
	n = copy_all(x, live);
	assert_int_equal(n, 500);
	flush(x);
	assert_int_equal(x->n_records, 500);
	for (unsigned int i = 0; i < n; i++) {
		struct flow_record *told = &x->records[i];
		struct flow_record copy = *of_id(live, n, told->flow_id);

		assert_int_equal(copy.end_reason, END_NONE);
		copy.end_reason = told->end_reason;
		assert_memory_equal(&copy, told, offsetof(struct flow_record, known));
	}
	assert_int_equal(copy_all(x, live), 0);
	free(live);
	fixture_free(x);
}

/* What ended and was given back, or is still out, or was cut and goes on without a packet. */
static void test_only_the_living(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_record *live = calloc(1024, sizeof *live);

	(void)state;
	fill(x, 300);
	x->keep = true;
	for (unsigned int i = 0; i < 100; i++)
		meter(x, (struct spec){.c = 600 + i, .time_ns = 50 * SECOND_NS});
	sweep_all(x, 50 * SECOND_NS); /* the 300 were idle */
	assert_int_equal(x->n_kept, 300);
	assert_int_equal(copy_all(x, live), 100);
	for (unsigned int i = 0; i < 30; i++) {
		struct flow_hot *hot =
			meter(x, (struct spec){.c = 600 + i, .time_ns = 51 * SECOND_NS});

		flowtable_cut(x->t, hot, END_FORCED);
	}
	take_ended(x);
	assert_int_equal(copy_all(x, live), 70);
	for (unsigned int i = 0; i < x->n_kept; i++)
		flow_release(x->kept[i]);
	x->n_kept = 0;
	x->keep = false;
	take_ended(x);
	assert_int_equal(copy_all(x, live), 70);
	free(live);
	fixture_free(x);
}

/* Flows that begin and end while the copy goes on: who was there all the time is in it once. */
static void test_changes_meanwhile(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct flow_copies *c = aligned_alloc(64, (sizeof *c + 63) & ~(size_t)63);
	struct flow *flows[FLOW_COPIES_MAX];
	unsigned int seen[500] = {0};
	uint32_t cursor = 0, turn = 0;

	(void)state;
	fill(x, 500);
	for (; flowtable_copy(x->t, &cursor, c, flows); turn++) {
		for (uint32_t i = 0; i < c->n; i++) {
			struct flow_record r;

			flow_copy_to_record(c, i, &r);
			if (r.src_addr[0] == 10 && r.src_port < 1024 + 500)
				seen[r.src_port - 1024]++;
		}
		for (unsigned int i = 0; i < 20; i++)
			meter(x,
			      (struct spec){.c = 1000 + 20 * turn + i, .time_ns = 10 * SECOND_NS});
	}
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(seen[i], 1);
	free(c);
	fixture_free(x);
}

static void test_expiry(void **state)
{
	struct fixture *x = fixture_make(NULL);
	const uint64_t before = (fill(x, 400), x->t->next_id);
	uint32_t cursor = 0, ended, sum = 0, steps = 0;
	bool more = true;

	(void)state;
	for (; more; steps++) {
		more = flowtable_expire_step(x->t, before, &cursor, 16, &ended);
		assert_true(ended <= 16);
		sum += ended;
		take_ended(x);
		/* Flows that begin later stay. */
		if (steps < 10)
			meter(x, (struct spec){.c = 700 + steps, .time_ns = 10 * SECOND_NS});
	}
	assert_true(steps >= 400 / 16);
	assert_int_equal(sum, 400);
	assert_int_equal(x->n_records, 400);
	for (unsigned int i = 0; i < x->n_records; i++)
		assert_int_equal(x->records[i].end_reason, END_FORCED);
	assert_int_equal(x->t->n_live, 10);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_are_the_records),
		cmocka_unit_test(test_only_the_living),
		cmocka_unit_test(test_changes_meanwhile),
		cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
