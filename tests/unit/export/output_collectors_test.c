/* SPDX-License-Identifier: BSD-3-Clause */
/* Several collectors of one output: failover and balance, to real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/output_internal.h"
#include "ipfix_reader.h"
#include "sample_records.h"
#include "stream_peer.h"

#define COLLECTORS 3

static struct output *open_group(struct peer *p, enum output_group group)
{
	struct output_spec spec = {
		.observation_domain = 77, .reconnect_ns = 20000000, .group = group};
	char text[256] = "ipfix:", error[256];
	struct output *o;

	for (unsigned int i = 0; i < COLLECTORS; i++) {
		peer_make(&p[i], NULL);
		snprintf(text + strlen(text), sizeof text - strlen(text), "%stcp://%s",
			 i ? "," : "", p[i].target);
	}
	assert_int_equal(output_spec_parse(&spec, text, error, sizeof error), 0);
	if (output_open(&o, &spec, error, sizeof error))
		fail_msg("%s", error);
	return o;
}

static void check_identity(const struct output *o)
{
	const struct output_counters *c = output_counters(o);
	uint64_t sum = c->count[OUTPUT_sent] + c->count[OUTPUT_in_doubt] + c->count[OUTPUT_queued];

	for (unsigned int i = 0; i < OUTPUT_DROP_N; i++)
		sum += c->dropped[i];
	assert_int_equal(c->count[OUTPUT_offered], sum);
}

static void submit(struct output *o, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		check_identity(o);
	}
}

/* Both sides go on for so many milliseconds. */
static void pump(struct output *o, struct peer *p, unsigned int ms)
{
	for (; ms; ms--) {
		output_poll(o, clock_wall_ns());
		check_identity(o);
		for (unsigned int i = 0; i < COLLECTORS; i++)
			peer_step(&p[i]);
		sleep_ns(1000000);
	}
}

static uint32_t records_of(const struct peer *p)
{
	struct ipfix_reader reader;
	uint32_t records;

	reader_begin(&reader, 77);
	assert_int_equal(reader_stream(&reader, p->bytes, p->len), p->len);
	records = reader.records;
	reader_end(&reader);
	return records;
}

static void end_group(struct output *o, struct peer *p)
{
	output_close(o, 0);
	check_identity(o);
	output_free(o);
	for (unsigned int i = 0; i < COLLECTORS; i++)
		peer_free(&p[i]);
}

/* Q5: the first that is up gets all; what waited for one that is gone goes to the next. */
static void test_q5_failover(void **state)
{
	struct peer p[COLLECTORS];
	struct output *o = open_group(p, OUTPUT_GROUP_FAILOVER);
	const uint64_t *n = output_counters(o)->count;

	(void)state;
	pump(o, p, 30);
	submit(o, 0, 100);
	pump(o, p, 600);
	assert_int_equal(n[OUTPUT_sent], 100);
	assert_int_equal(records_of(&p[0]), 100);
	assert_int_equal(records_of(&p[1]) + records_of(&p[2]), 0);
	/* The first goes while records wait for it. */
	submit(o, 100, 50);
	peer_stop_listening(&p[0]);
	peer_hang_up(&p[0], true);
	pump(o, p, 600);
	assert_int_equal(records_of(&p[1]), 50);
	assert_non_null(strstr(output_last_error(o), p[0].target));
	/* It comes back, and gets what is new. */
	peer_listen(&p[0]);
	pump(o, p, 100);
	submit(o, 150, 30);
	pump(o, p, 600);
	assert_int_equal(records_of(&p[0]), 30);
	assert_int_equal(records_of(&p[1]), 50);
	assert_int_equal(n[OUTPUT_offered], 180);
	assert_int_equal(n[OUTPUT_sent] + n[OUTPUT_in_doubt], 180);
	assert_int_equal(n[OUTPUT_queued], 0);
	end_group(o, p);
}

/* Each flow goes to one of them, always the same; nobody's share is lost when that one goes. */
static void test_balance(void **state)
{
	struct peer p[COLLECTORS];
	struct output *o = open_group(p, OUTPUT_GROUP_BALANCE);
	uint32_t share[COLLECTORS];

	(void)state;
	pump(o, p, 30);
	submit(o, 0, 3000);
	pump(o, p, 600);
	for (unsigned int i = 0; i < COLLECTORS; i++) {
		share[i] = records_of(&p[i]);
		assert_in_range(share[i], 300, 2400);
	}
	assert_int_equal(share[0] + share[1] + share[2], 3000);
	submit(o, 0, 3000); /* the same flows */
	pump(o, p, 600);
	for (unsigned int i = 0; i < COLLECTORS; i++)
		assert_int_equal(records_of(&p[i]), 2 * share[i]);
	peer_stop_listening(&p[2]);
	peer_hang_up(&p[2], false);
	pump(o, p, 30);
	submit(o, 0, 3000);
	pump(o, p, 600);
	assert_int_equal(records_of(&p[0]) + records_of(&p[1]), 2 * (share[0] + share[1]) + 3000);
	end_group(o, p);
}

static void test_own_traffic_of_all(void **state)
{
	struct peer p[COLLECTORS];
	struct output *o = open_group(p, OUTPUT_GROUP_BALANCE);
	char expression[512], port[16];

	(void)state;
	assert_true(output_own_traffic(o, expression, sizeof expression) > 0);
	for (unsigned int i = 0; i < COLLECTORS; i++) {
		snprintf(port, sizeof port, "port %u)", p[i].port);
		assert_non_null(strstr(expression, port));
	}
	assert_int_equal(output_own_traffic(o, expression, 50), -ENOSPC);
	end_group(o, p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_q5_failover),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_own_traffic_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
