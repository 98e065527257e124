/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a packet against the long one: two tables see the same packets, one of them
 * never asks flowtable_meter(), and tell the same records. And what the short way must refuse.
 */
#include "fixture.h"

#define PACKETS 200000

static uint64_t random_state = 88172645463325252ULL;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * n >> 32);
}

/* Mostly what is plain; sometimes late, a jump, a flag, an odd length, another key. */
static void packet_random(struct packet *k, uint8_t bytes[PACKET_MADE_BYTES], uint64_t *now_ns)
{
	static const uint8_t flags[] = {SYN, FIN | ACK, RST, SYN | ACK};
	const struct spec s = {
		.c = random_below(40),
		.reverse = random_below(2),
		.protocol = random_below(3) ? 6 : 17,
		.ipv6 = random_below(4) == 0,
		.vlan = random_below(8) ? 0 : 7,
		.tunnel_id = random_below(16) ? 0 : 9,
		.flags = random_below(20) ? ACK : flags[random_below(4)],
		.len = 40 + random_below(1400),
	};

	*now_ns += random_below(2000) ? random_below(2000000) : random_below(60) * SECOND_NS;
	packet_make(k, bytes, &s);
	if (k->protocol != 6)
		k->tcp_flags = 0;
	k->time_ns = *now_ns - (random_below(50) ? 0 : random_below(3) * SECOND_NS);
	if (random_below(100) == 0)
		k->wire_len = random_below(2) ? k->l3_len / 2 : k->l3_len + 70000;
}

static void assert_same_records(const struct fixture *a, const struct fixture *b)
{
	assert_int_equal(a->n_records, b->n_records);
	for (unsigned int i = 0; i < a->n_records; i++)
		assert_memory_equal(&a->records[i], &b->records[i], sizeof a->records[i]);
	assert_memory_equal(a->counters, b->counters, sizeof a->counters);
}

static void run_both(const struct flowtable_options *o, unsigned int least_short)
{
	struct fixture *shorter = fixture_make(o), *longer = fixture_make(o);
	uint64_t now_ns = 1000 * SECOND_NS;

	longer->long_way = true;
	for (int i = 0; i < PACKETS; i++) {
		uint8_t bytes[PACKET_MADE_BYTES];
		struct packet k;

		packet_random(&k, bytes, &now_ns);
		meter_view(shorter, &k, 0);
		meter_view(longer, &k, 0);
		if (shorter->n_records > RECORDS_MAX - 4096) {
			assert_same_records(shorter, longer);
			shorter->n_records = longer->n_records = 0;
		}
		if (i % 1000 == 0) {
			sweep_all(shorter, now_ns);
			sweep_all(longer, now_ns);
		}
	}
	flush(shorter);
	flush(longer);
	assert_same_records(shorter, longer);
	assert_int_equal(longer->n_short, 0);
	assert_true(shorter->n_short > least_short);
	fixture_free(shorter);
	fixture_free(longer);
}

static void test_both_ways_tell_the_same(void **state)
{
	struct fixture dummy = {0};
	struct flowtable_options o = default_options(&dummy);

	(void)state;
	run_both(&o, PACKETS / 3);
	o.slice_timeout_ns = 3 * SECOND_NS;
	o.idle_timeout_ns = 5 * SECOND_NS;
	run_both(&o, PACKETS / 5);
	/* Too small for its flows: who gives way is the same, too. */
	o.flows_max = 100;
	run_both(&o, 100);
}

/* A slot that was given up holds nobody's flow. */
static void test_a_freed_slot_is_refused(void **state)
{
	struct fixture *x = fixture_make(NULL);
	const struct spec s = {.c = 1, .protocol = 17, .time_ns = SECOND_NS};
	uint8_t bytes[PACKET_MADE_BYTES];
	unsigned int direction;
	struct flow_lookup l;
	struct packet k;

	(void)state;
	meter(x, s);
	meter(x, s);
	assert_int_equal(x->n_short, 1);
	packet_make(&k, bytes, &s);
	flowtable_lookup(x->t, &k, 0, &l);
	flowtable_point(x->t, &l);
	flush(x);
	assert_null(flowtable_meter(x->t, &l, &direction));
	fixture_free(x);
}

/*
 * Devices may hash the directions of a connection differently, which makes two flows: one that took
 * the slot since the other was pointed to it is not taken for the other.
 */
static void test_a_slot_of_another_tag_is_refused(void **state)
{
	struct fixture *x = fixture_make(NULL);
	struct spec s = {.c = 1, .protocol = 17, .time_ns = SECOND_NS, .device_hash = 1};
	uint8_t bytes[PACKET_MADE_BYTES];
	struct flow_lookup first, l;
	unsigned int direction;
	struct packet k;

	(void)state;
	packet_make(&k, bytes, &s);
	flowtable_lookup(x->t, &k, s.device_hash, &first);
	for (uint32_t hash = 2;; hash++) {
		flowtable_lookup(x->t, &k, hash, &l);
		if (l.group == first.group && l.tag != first.tag)
			break;
	}
	flowtable_point(x->t, &l);
	meter(x, s);
	meter(x, s);
	assert_int_equal(x->n_short, 1);
	assert_int_equal(x->t->hot[l.slot].side[DIR_FWD].packets, 2);
	assert_null(flowtable_meter(x->t, &l, &direction));
	fixture_free(x);
}

/* A side that was quiet until its 48 bits have gone round: it is not taken for a packet of now. */
static void test_one_side_quiet_for_days(void **state)
{
	struct fixture *x = fixture_make(NULL);
	const uint64_t start = SECOND_NS, round_ns = 1ULL << HOT_TIME_BITS;
	uint64_t t = start;

	(void)state;
	meter(x, (struct spec){.c = 1, .protocol = 17, .time_ns = t, .reverse = true});
	for (; t < start + round_ns - 15 * SECOND_NS; t += 20 * SECOND_NS) {
		meter(x, (struct spec){.c = 1, .protocol = 17, .time_ns = t});
		if (x->n_records > RECORDS_MAX / 2)
			x->n_records = 0;
	}
	x->n_records = 0;
	sweep_all(x, t + 31 * SECOND_NS);
	assert_int_equal(x->t->n_active, 0);
	assert_int_equal(x->records[x->n_records - 1].end_reason, END_IDLE);
	fixture_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways_tell_the_same),
		cmocka_unit_test(test_a_freed_slot_is_refused),
		cmocka_unit_test(test_a_slot_of_another_tag_is_refused),
		cmocka_unit_test(test_one_side_quiet_for_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
