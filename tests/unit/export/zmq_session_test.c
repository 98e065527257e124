/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mode connect: a collector that ends in order and comes back gets each record once and in order,
 * from memory and from disk; one that is killed leaves records in doubt, which replay decides.
 * Batches by count, size and age; who gives way in a full queue; keys that do not fit.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "zmq_publisher.h"
#include "zmq_told.h"

static struct zmq_received m;

static const char *const socket_path = "ipc:///tmp/ftprobe-zmq-session-test";

static struct subscriber bind_at(const char *endpoint)
{
	struct subscriber s = subscriber_make(300);

	subscriber_ask(&s, "flow");
	for (int i = 0; i < 200 && zmq_bind(s.socket, endpoint); i++)
		sleep_ns(10000000);
	return s;
}

static uint64_t flow_of_body(const char **at)
{
	const char *id = strstr(*at, "\"flow_id\":\"");

	if (!id)
		return UINT64_MAX;
	*at = id + 1;
	return strtoull(id + strlen("\"flow_id\":\""), NULL, 16);
}

/* Reads until nothing comes; the number of the next flow. */
static uint32_t read_in_order(struct output *o, struct subscriber *s, uint32_t next, uint32_t until)
{
	for (int quiet = 0; quiet < 10 && next < until;) {
		const char *at = m.body;

		output_poll(o, clock_wall_ns());
		if (!subscriber_receive(s, &m)) {
			quiet++;
			continue;
		}
		for (uint64_t flow = flow_of_body(&at); flow != UINT64_MAX;
		     flow = flow_of_body(&at))
			assert_int_equal(flow, next++);
	}
	return next;
}

/* The same where a large record found no room, and a small one after it did: how many came. */
static uint32_t read_rising(struct output *o, struct subscriber *s, uint32_t n)
{
	uint64_t least = 0;
	uint32_t got = 0;

	for (int quiet = 0; quiet < 10 && got < n;) {
		const char *at = m.body;

		output_poll(o, clock_wall_ns());
		if (!subscriber_receive(s, &m)) {
			quiet++;
			continue;
		}
		for (uint64_t flow = flow_of_body(&at); flow != UINT64_MAX;
		     flow = flow_of_body(&at), got++) {
			assert_true(flow >= least);
			least = flow + 1;
		}
	}
	return got;
}

static void submit_flows(struct output *o, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		if (i % 50 == 0)
			output_poll(o, clock_wall_ns());
		assert_true(identity_holds(o));
	}
}

static struct output *open_to(const char *endpoint, struct output_spec spec)
{
	spec.mode = OUTPUT_MODE_CONNECT;
	spec.zmq_format = ZMQ_JSON_FLOW;
	snprintf(spec.target, sizeof spec.target, "%s", endpoint);
	return publisher_open(spec);
}

static void poll_until_sent(struct output *o, uint64_t n)
{
	for (int i = 0; i < 5000 && output_counters(o)->count[OUTPUT_sent] < n; i++) {
		output_poll(o, clock_wall_ns());
		sleep_ns(1000000);
	}
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], n);
}

/* Away from the start, there, away in order, and there again. */
static void check_restart(const char *given, struct output_spec spec)
{
	struct subscriber s;
	struct output *o;
	char endpoint[128];
	uint32_t next;

	snprintf(endpoint, sizeof endpoint, "%s", given);
	if (!given[0]) {
		s = subscriber_make(100);
		subscriber_bind(&s);
		snprintf(endpoint, sizeof endpoint, "%s", s.endpoint);
		subscriber_close(&s);
	}
	o = open_to(endpoint, spec);
	submit_flows(o, 0, 1000);
	s = bind_at(endpoint);
	next = read_in_order(o, &s, 0, 1000);
	assert_int_equal(next, 1000);
	poll_until_sent(o, 1000);
	zmq_setsockopt(s.socket, ZMQ_UNSUBSCRIBE, "flow", 4);
	for (int i = 0; i < 5000 && o->transport->ops->has_peer(o->transport, "flow"); i++) {
		int events;
		size_t len = sizeof events;

		zmq_getsockopt(s.socket, ZMQ_EVENTS, &events, &len);
		sleep_ns(1000000);
	}
	submit_flows(o, 1000, 1500);
	subscriber_close(&s);
	submit_flows(o, 1500, 3000);
	assert_true(output_counters(o)->count[OUTPUT_spooled] > 1000);
	s = bind_at(endpoint);
	next = read_in_order(o, &s, 1000, 3000);
	assert_int_equal(next, 3000);
	poll_until_sent(o, 3000);
	assert_int_equal(output_counters(o)->count[OUTPUT_in_doubt], 0);
	assert_int_equal(output_counters(o)->count[OUTPUT_reconnects], 1);
	assert_true(identity_holds(o));
	publisher_close(o);
	subscriber_close(&s);
}

static void test_restart_in_order(void **state)
{
	const struct output_spec spec = {
		.spool = "/tmp", .queue_records_max = 100, .batch_records = 20, .flush_ms = 5};

	(void)state;
	check_restart("", spec);
	check_restart(socket_path, spec);
}

/* What waits when the probe ends, on disk and in memory, is sent by the next one, in order. */
static void test_kept_over_a_restart(void **state)
{
	struct output_spec spec = {.spool = "/tmp",
				   .spool_keep = true,
				   .queue_records_max = 100,
				   .batch_records = 20,
				   .flush_ms = 5};
	const struct output_counters *c;
	struct subscriber s;
	struct output *o;

	(void)state;
	snprintf(spec.name, sizeof spec.name, "kept-%d", (int)getpid());
	for (uint32_t i = 0; i < 3; i++) {
		o = open_to(socket_path, spec);
		c = output_counters(o);
		assert_int_equal(c->count[OUTPUT_recovered], i * 1000);
		assert_int_equal(c->count[OUTPUT_offered], i * 1000);
		submit_flows(o, i * 1000, i * 1000 + 1000);
		output_close(o, 0);
		assert_int_equal(c->count[OUTPUT_queued], i * 1000 + 1000);
		assert_true(identity_holds(o));
		output_free(o);
	}
	/* Encoded otherwise, they are nothing to it. */
	spec.pen = 4711;
	o = open_to(socket_path, spec);
	assert_int_equal(output_counters(o)->count[OUTPUT_recovered], 0);
	assert_non_null(strstr(output_last_error(o), ".old"));
	publisher_close(o);
	char path[128], old[160];

	snprintf(path, sizeof path, "/tmp/ftprobe-%s.spool", spec.name);
	snprintf(old, sizeof old, "%s.old", path);
	assert_int_equal(rename(old, path), 0);
	spec.pen = 0;
	s = bind_at(socket_path);
	o = open_to(socket_path, spec);
	assert_int_equal(read_in_order(o, &s, 0, 3000), 3000);
	poll_until_sent(o, 3000);
	assert_true(identity_holds(o));
	publisher_close(o);
	subscriber_close(&s);
	assert_int_equal(access(path, F_OK), -1);
}

/* A collector that reads some and is killed with the rest unread. */
static pid_t start_reader(const char *endpoint, unsigned int messages)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	struct subscriber s = subscriber_make(5000);
	int few = 2, small = 4096;

	zmq_setsockopt(s.socket, ZMQ_RCVHWM, &few, sizeof few);
	zmq_setsockopt(s.socket, ZMQ_RCVBUF, &small, sizeof small);
	zmq_setsockopt(s.socket, ZMQ_SUBSCRIBE, "flow", 4);
	if (zmq_bind(s.socket, endpoint))
		_exit(1);
	for (unsigned int i = 0; i < messages; i++)
		subscriber_receive_any(&s, &m);
	pause();
	_exit(0);
}

static void check_killed(enum output_replay replay)
{
	struct subscriber s = subscriber_make(100);
	const struct output_counters *c;
	char endpoint[128];
	uint64_t before;
	struct output *o;
	pid_t pid;

	subscriber_bind(&s);
	snprintf(endpoint, sizeof endpoint, "%s", s.endpoint);
	subscriber_close(&s);
	pid = start_reader(endpoint, 3);
	o = open_to(endpoint,
		    (struct output_spec){
			    .spool = "/tmp", .batch_records = 30, .flush_ms = 5, .replay = replay});
	c = output_counters(o);
	for (int i = 0; i < 5000 && !o->transport->ops->has_peer(o->transport, "flow"); i++)
		sleep_ns(1000000);
	submit_flows(o, 0, 20000);
	for (int i = 0; i < 300; i++) {
		output_poll(o, clock_wall_ns());
		sleep_ns(1000000);
	}
	before = c->count[OUTPUT_sent];
	assert_true(before > 0 && before < 20000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 5000 && !c->count[OUTPUT_sessions_failed]; i++) {
		output_poll(o, clock_wall_ns());
		sleep_ns(1000000);
	}
	assert_true(identity_holds(o));
	/* Its kernel took no more than it acknowledged, so little is in doubt, or nothing. */
	if (replay == OUTPUT_REPLAY_AT_LEAST_ONCE)
		assert_int_equal(c->count[OUTPUT_in_doubt], 0);
	else
		assert_int_equal(c->count[OUTPUT_resent], 0);
	/* The next one gets all the rest, in order. */
	uint32_t next = (uint32_t)(c->count[OUTPUT_sent] + c->count[OUTPUT_in_doubt]);
	s = bind_at(endpoint);
	assert_int_equal(read_in_order(o, &s, next, 20000), 20000);
	poll_until_sent(o, 20000 - c->count[OUTPUT_in_doubt]);
	assert_true(identity_holds(o));
	publisher_close(o);
	subscriber_close(&s);
}

static void test_killed(void **state)
{
	(void)state;
	check_killed(OUTPUT_REPLAY_AT_MOST_ONCE);
	check_killed(OUTPUT_REPLAY_AT_LEAST_ONCE);
}

/*
 * Ten messages of two records: two are acknowledged, five left, half of another, too. The end of
 * the connection leaves three in doubt, or to be sent again; the others never arrived.
 */
static void check_lost(enum output_replay replay)
{
	const bool again = replay == OUTPUT_REPLAY_AT_LEAST_ONCE;
	struct told t = {.base.ops = &told_ops,
			 .view = {.number = 1, .up = true, .acknowledges = true}};
	const struct output_spec spec = {.type = OUTPUT_ZMQ,
					 .mode = OUTPUT_MODE_CONNECT,
					 .batch_records = 2,
					 .spool = "/tmp",
					 .replay = replay};
	const struct output_counters *c;
	struct output *o;

	assert_int_equal(output_open_over(&o, &spec, &t.base), 0);
	c = output_counters(o);
	submit_flows(o, 0, 20);
	assert_int_equal(output_poll(o, SAMPLE_NS), 20);
	assert_int_equal(c->count[OUTPUT_sent_messages], 10);
	t.view.acked_bytes = 200;
	t.view.left_bytes = 550;
	assert_int_equal(output_poll(o, SAMPLE_NS), 16);
	assert_int_equal(c->count[OUTPUT_sent], 4);
	t.view.up = false;
	t.view.failures++;
	t.base.ops = &told_ops;
	output_poll(o, SAMPLE_NS);
	assert_int_equal(c->count[OUTPUT_in_doubt], again ? 0 : 6);
	assert_int_equal(c->count[OUTPUT_resent], again ? 6 : 0);
	assert_int_equal(c->count[OUTPUT_sessions_failed], 1);
	assert_non_null(strstr(output_last_error(o), "it is gone"));
	assert_true(identity_holds(o));
	t.view =
		(struct session_view){.number = 2, .up = true, .acknowledges = true, .failures = 1};
	output_poll(o, SAMPLE_NS);
	t.view.acked_bytes = t.view.left_bytes = t.view.taken_bytes;
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	assert_int_equal(c->count[OUTPUT_sent], again ? 20 : 14);
	assert_int_equal(c->count[OUTPUT_reconnects], 1);
	assert_true(identity_holds(o));
	output_free(o);
}

static void test_lost_connections(void **state)
{
	(void)state;
	check_lost(OUTPUT_REPLAY_AT_MOST_ONCE);
	check_lost(OUTPUT_REPLAY_AT_LEAST_ONCE);
}

/* Nobody reads: the newest or the oldest give way, and the others stay. */
static void test_policy(void **state)
{
	struct output_spec spec = {
		.spool = "/tmp", .spool_bytes_max = 1 << 20, .queue_records_max = 100};
	struct output *o = open_to(socket_path, spec);
	const uint64_t all = 2000;

	(void)state;
	submit_flows(o, 0, (uint32_t)all);
	assert_true(output_counters(o)->dropped[OUTPUT_DROP_spool] > 0);
	struct subscriber s = bind_at(socket_path);
	uint32_t kept = (uint32_t)output_counters(o)->count[OUTPUT_queued];
	assert_int_equal(read_rising(o, &s, kept), kept);
	publisher_close(o);
	subscriber_close(&s);

	spec.policy = OUTPUT_DROP_OLDEST;
	o = open_to(socket_path, spec);
	submit_flows(o, 0, (uint32_t)all);
	kept = (uint32_t)output_counters(o)->count[OUTPUT_queued];
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_queue_full], all - kept);
	s = bind_at(socket_path);
	assert_int_equal(read_in_order(o, &s, (uint32_t)all - kept, (uint32_t)all), all);
	assert_true(identity_holds(o));
	publisher_close(o);
	subscriber_close(&s);
}

/* A message leaves when it has its records, or when the first of them has waited long enough. */
static void test_batches(void **state)
{
	struct output *o = publisher_open((struct output_spec){
		.zmq_format = ZMQ_JSON_FLOW, .batch_records = 10, .flush_ms = 50});
	const struct output_counters *c = output_counters(o);
	struct subscriber s = subscriber_make(1000);
	char endpoint[64];

	(void)state;
	subscriber_ask(&s, "flow");
	publisher_endpoint(o, endpoint, sizeof endpoint);
	subscriber_connect(&s, endpoint);
	assert_true(publisher_meet(o, &s, "flow"));
	for (uint32_t i = 0; i < 25; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
	}
	assert_int_equal(output_poll(o, SAMPLE_NS), 5);
	assert_int_equal(c->count[OUTPUT_sent_messages], 2);
	assert_int_equal(output_poll(o, SAMPLE_NS + 49999999), 5);
	assert_int_equal(output_poll(o, SAMPLE_NS + 50000000), 0);
	assert_int_equal(c->count[OUTPUT_sent_messages], 3);
	assert_int_equal(read_in_order(o, &s, 0, 25), 25);
	publisher_close(o);
	subscriber_close(&s);
}

/* What libzmq only tells to who asks: the keys do not fit. */
static void test_wrong_key_is_said(void **state)
{
	char public[41], secret[41], other[41], unused[41];
	struct subscriber s = subscriber_make(40);
	struct output_spec spec = {.mode = OUTPUT_MODE_CONNECT};
	int on = 1;

	(void)state;
	assert_int_equal(zmq_curve_keypair(public, secret), 0);
	assert_int_equal(zmq_curve_keypair(other, unused), 0);
	zmq_setsockopt(s.socket, ZMQ_CURVE_SERVER, &on, sizeof on);
	zmq_setsockopt(s.socket, ZMQ_CURVE_SECRETKEY, secret, 41);
	subscriber_bind(&s);
	for (int with_key = 0; with_key < 2; with_key++) {
		snprintf(spec.zmq_server_key, sizeof spec.zmq_server_key, "%s",
			 with_key ? other : "");
		snprintf(spec.target, sizeof spec.target, "%s", s.endpoint);
		struct output *o = publisher_open(spec);

		for (int i = 0; i < 3000 && !output_last_error(o)[0]; i++) {
			output_poll(o, clock_wall_ns());
			sleep_ns(1000000);
		}
		assert_non_null(strstr(output_last_error(o), "server_key"));
		assert_true(output_counters(o)->count[OUTPUT_sessions_failed] > 0);
		publisher_close(o);
	}
	subscriber_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_in_order),
		cmocka_unit_test(test_kept_over_a_restart),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_lost_connections),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_wrong_key_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
