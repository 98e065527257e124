/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Collectors that are killed or stopped: what counts as sent has been read, what may not have been
 * is in doubt or comes again, and nothing else is missing.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "zmq_told.h"

#define FLOWS 60000

/* How a collector is found by its killer. */
enum state { READING, HUNG, STOPPED };

static struct zmq_received m;

/* What the collectors have read; in memory that their processes share. */
static struct {
	uint32_t times[FLOWS];
	uint32_t last; /* flow of the latest record */
	uint32_t disordered;
	uint32_t records;
} * seen;

static void read_body(void)
{
	const char *at = m.body;

	while ((at = strstr(at, "\"flow_id\":\""))) {
		uint32_t flow;

		at += strlen("\"flow_id\":\"");
		flow = (uint32_t)strtoul(at, NULL, 16);
		if (flow >= FLOWS || (seen->records && flow <= seen->last))
			__atomic_add_fetch(&seen->disordered, 1, __ATOMIC_RELAXED);
		else
			seen->times[flow]++;
		seen->last = flow;
		__atomic_add_fetch(&seen->records, 1, __ATOMIC_RELAXED);
	}
}

/* Reads on, or hangs after some messages while libzmq goes on taking more. */
static pid_t start_collector(const char *endpoint, enum state state)
{
	const pid_t pid = fork();

	if (pid)
		return pid;
	struct subscriber s = subscriber_make(5000);

	zmq_setsockopt(s.socket, ZMQ_SUBSCRIBE, "flow", 4);
	if (zmq_bind(s.socket, endpoint))
		_exit(1);
	for (unsigned int i = 0; state != HUNG || i < 50; i++)
		if (subscriber_receive_any(&s, &m))
			read_body();
	for (;;)
		pause();
}

static struct output *open_to(const char *endpoint, enum output_replay replay)
{
	struct output_spec spec = {.mode = OUTPUT_MODE_CONNECT,
				   .zmq_format = ZMQ_JSON_FLOW,
				   .spool = "/tmp",
				   .batch_records = 30,
				   .flush_ms = 5,
				   .doubt_ns = 60 * SECOND_NS,
				   .replay = replay};

	snprintf(spec.target, sizeof spec.target, "%s", endpoint);
	return publisher_open(spec);
}

static void submit(struct output *o, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		if (i % 50 == 0)
			output_poll(o, clock_wall_ns());
	}
	assert_true(identity_holds(o));
}

static void poll_for_ms(struct output *o, int ms)
{
	for (int i = 0; i < ms; i++) {
		output_poll(o, clock_wall_ns());
		sleep_ns(1000000);
	}
}

static void free_endpoint(char endpoint[128])
{
	struct subscriber s = subscriber_make(100);

	subscriber_bind(&s);
	snprintf(endpoint, 128, "%s", s.endpoint);
	subscriber_close(&s);
}

/* The next collector gets what is left; then the output ends in order. */
static void read_the_rest(struct output *o, const char *endpoint)
{
	pid_t pid;
	uint32_t before = UINT32_MAX;

	seen->last = 0;
	seen->records = 0;
	pid = start_collector(endpoint, READING);
	for (int quiet = 0, looks = 0; quiet < 3 && looks < 100; looks++) {
		poll_for_ms(o, 200);
		quiet = o->zmq.session.up && seen->records == before ? quiet + 1 : 0;
		before = seen->records;
	}
	output_close(o, clock_monotonic_ns() + 5 * SECOND_NS);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void check_killed(const char *given, enum state state, enum output_replay replay)
{
	const struct output_counters *c;
	uint32_t missing = 0, twice = 0;
	char endpoint[128];
	struct output *o;
	pid_t pid;

	snprintf(endpoint, sizeof endpoint, "%s", given);
	if (!given[0])
		free_endpoint(endpoint);
	memset(seen, 0, sizeof *seen);
	pid = start_collector(endpoint, state);
	o = open_to(endpoint, replay);
	c = output_counters(o);
	for (int i = 0; i < 5000 && !o->transport->ops->has_peer(o->transport, "flow"); i++)
		sleep_ns(1000000);
	submit(o, 0, FLOWS / 2);
	poll_for_ms(o, state == READING ? 5 : 50);
	if (state == STOPPED)
		kill(pid, SIGSTOP);
	submit(o, FLOWS / 2, FLOWS);
	poll_for_ms(o, state == READING ? 5 : 100);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(seen->disordered, 0);
	for (int i = 0; i < 5000 && !c->count[OUTPUT_sessions_failed]; i++)
		poll_for_ms(o, 1);
	assert_true(c->count[OUTPUT_sessions_failed] > 0);
	assert_true(identity_holds(o));
	/* What counts as sent is the beginning, and was read. */
	for (uint32_t i = 0; i < c->count[OUTPUT_sent]; i++)
		assert_int_equal(seen->times[i], 1);
	read_the_rest(o, endpoint);
	assert_int_equal(seen->disordered, 0);
	for (uint32_t i = 0; i < FLOWS; i++) {
		missing += seen->times[i] == 0;
		twice += seen->times[i] > 1;
	}
	assert_true(identity_holds(o));
	assert_int_equal(c->count[OUTPUT_queued], 0);
	assert_int_equal(c->count[OUTPUT_sent] + c->count[OUTPUT_in_doubt], FLOWS);
	if (replay == OUTPUT_REPLAY_AT_LEAST_ONCE) {
		assert_int_equal(missing, 0);
		assert_int_equal(c->count[OUTPUT_in_doubt], 0);
		assert_true(twice <= c->count[OUTPUT_resent]);
	} else {
		assert_int_equal(twice, 0);
		assert_true(missing <= c->count[OUTPUT_in_doubt]);
	}
	output_free(o);
}

static void check_everywhere(enum state state)
{
	const char *const ipc = "ipc:///tmp/ftprobe-zmq-kill-test";

	check_killed("", state, OUTPUT_REPLAY_AT_MOST_ONCE);
	check_killed("", state, OUTPUT_REPLAY_AT_LEAST_ONCE);
	check_killed(ipc, state, OUTPUT_REPLAY_AT_MOST_ONCE);
	check_killed(ipc, state, OUTPUT_REPLAY_AT_LEAST_ONCE);
}

static void test_killed_while_it_reads(void **state)
{
	(void)state;
	check_everywhere(READING);
}

static void test_killed_when_it_hangs(void **state)
{
	(void)state;
	check_everywhere(HUNG);
}

static void test_killed_when_stopped(void **state)
{
	(void)state;
	check_everywhere(STOPPED);
}

static void offer(struct output *o, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
	}
}

/* A message of one record each poll. */
static struct output *open_told(struct told *t, struct output_spec spec)
{
	struct output *o;

	*t = (struct told){.base.ops = &told_ops,
			   .view = {.number = 1, .up = true, .acknowledges = true}};
	spec.type = OUTPUT_ZMQ;
	spec.mode = OUTPUT_MODE_CONNECT;
	spec.batch_records = 1;
	assert_int_equal(output_open_over(&o, &spec, &t->base), 0);
	return o;
}

static void acknowledge(struct told *t)
{
	t->view.acked_bytes = t->view.left_bytes = t->view.taken_bytes;
}

/* So many messages behind a message say that it was read, but not what the kernel still holds. */
static void test_sure_by_count(void **state)
{
	struct told t;
	struct output *o = open_told(&t, (struct output_spec){.doubt_ns = 10 * SECOND_NS});
	const struct output_counters *c = output_counters(o);

	(void)state;
	for (uint32_t i = 0; i < ZMQ_READER_MESSAGES + 100; i++) {
		offer(o, i, i + 1);
		output_poll(o, SAMPLE_NS);
		acknowledge(&t);
		output_poll(o, SAMPLE_NS);
		assert_int_equal(c->count[OUTPUT_sent],
				 i < ZMQ_READER_MESSAGES ? 0 : i + 1 - ZMQ_READER_MESSAGES);
	}
	t.view.unread_bytes = 20 * 100;
	offer(o, 0, 50);
	output_poll(o, SAMPLE_NS);
	acknowledge(&t);
	output_poll(o, SAMPLE_NS);
	assert_int_equal(c->count[OUTPUT_sent], 130);
	t.view.unread_bytes = 0;
	output_poll(o, SAMPLE_NS);
	assert_int_equal(c->count[OUTPUT_sent], 150);
	output_free(o);
}

/* Time does it, too, unless the collector is seen not to read meanwhile. */
static void test_sure_by_time(void **state)
{
	struct told t;
	struct output *o = open_told(&t, (struct output_spec){.doubt_ns = 3 * SECOND_NS});
	const struct output_counters *c = output_counters(o);
	uint64_t now_ns = SAMPLE_NS;

	(void)state;
	offer(o, 0, 10);
	output_poll(o, now_ns);
	acknowledge(&t);
	output_poll(o, now_ns);
	for (int i = 0; i < 2; i++)
		output_poll(o, now_ns += SECOND_NS);
	assert_int_equal(c->count[OUTPUT_sent], 0);
	t.view.unread_bytes = ZMQ_CALM_BYTES + 1;
	for (int i = 0; i < 100; i++)
		output_poll(o, now_ns += SECOND_NS);
	/* Sent, and not even acknowledged. */
	t.view.unread_bytes = 0;
	t.view.taken_bytes += ZMQ_CALM_BYTES + 1;
	for (int i = 0; i < 100; i++)
		output_poll(o, now_ns += SECOND_NS);
	assert_int_equal(c->count[OUTPUT_sent], 0);
	assert_int_equal(c->count[OUTPUT_queued], 10);
	acknowledge(&t);
	/* A clock that is set proves a second at most. */
	output_poll(o, now_ns -= 1000 * SECOND_NS);
	assert_int_equal(c->count[OUTPUT_sent], 0);
	output_poll(o, now_ns += SECOND_NS);
	assert_int_equal(c->count[OUTPUT_sent], 10);
	output_free(o);
}

/* All of what was acknowledged just now is in doubt when the connection ends, but not after it. */
static void test_farewell(void **state)
{
	for (int farewell = 0; farewell < 2; farewell++) {
		struct told t;
		struct output *o = open_told(&t, (struct output_spec){.doubt_ns = SECOND_NS});
		const struct output_counters *c = output_counters(o);

		(void)state;
		offer(o, 0, 10);
		output_poll(o, SAMPLE_NS);
		acknowledge(&t);
		t.view.leaves = farewell;
		output_poll(o, SAMPLE_NS);
		t.view.up = false;
		t.view.failures++;
		output_poll(o, SAMPLE_NS);
		assert_int_equal(c->count[OUTPUT_sent], farewell ? 10 : 0);
		assert_int_equal(c->count[OUTPUT_in_doubt], farewell ? 0 : 10);
		assert_true(identity_holds(o));
		output_free(o);
	}
}

/* What is held is bounded: the oldest that were acknowledged go, and then no more is sent. */
static void test_held_is_bounded(void **state)
{
	struct told t;
	struct output *o = open_told(&t, (struct output_spec){.doubt_ns = 10 * SECOND_NS});
	const struct output_counters *c = output_counters(o);

	(void)state;
	t.view.unread_bytes = 1 << 30;
	for (uint32_t i = 0; i < ZMQ_HELD_MAX + 10; i++) {
		offer(o, 0, 1);
		output_poll(o, SAMPLE_NS);
		acknowledge(&t);
	}
	assert_int_equal(c->count[OUTPUT_sent], 10);
	output_poll(o, SAMPLE_NS);
	offer(o, 0, ZMQ_IN_FLIGHT_MAX + 7);
	output_poll(o, SAMPLE_NS);
	assert_int_equal(c->count[OUTPUT_sent], 10 + ZMQ_IN_FLIGHT_MAX);
	assert_int_equal(o->queue.records, 7);
	/* Close settles all, and has no time. */
	output_close(o, 0);
	assert_int_equal(c->count[OUTPUT_in_doubt], ZMQ_IN_FLIGHT_MAX);
	assert_int_equal(c->dropped[OUTPUT_DROP_shutdown], 7);
	assert_true(identity_holds(o));
	output_free(o);
}

/* The oldest that has not left gives way, whatever is in flight. */
static void test_drop_oldest_in_flight(void **state)
{
	struct told t;
	struct output *o = open_told(&t, (struct output_spec){.doubt_ns = SECOND_NS,
							      .queue_records_max = 10,
							      .policy = OUTPUT_DROP_OLDEST});
	const struct output_counters *c = output_counters(o);
	struct queue_cursor at;
	struct queued_record q;

	(void)state;
	offer(o, 0, 5);
	output_poll(o, SAMPLE_NS);
	assert_int_equal(o->queue.records, 0);
	t.view.up = false; /* as long as nobody looks, what is in flight is */
	for (uint32_t i = 5; i < 25; i++) {
		struct flow_record r = sample_of_many(i);

		r.src_port = (uint16_t)i;
		output_submit(o, &r);
	}
	assert_int_equal(c->dropped[OUTPUT_DROP_queue_full], 10);
	assert_int_equal(c->count[OUTPUT_queued], 15);
	at = queue_walk(&o->queue);
	assert_true(queue_next(&o->queue, &at, &q));
	assert_non_null(memmem(q.bytes, q.len_bytes, "\x22\x07\x0f", 3)); /* port 15 */
	assert_true(identity_holds(o));
	output_free(o);
}

static int make_seen(void **state)
{
	(void)state;
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return seen == MAP_FAILED ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_while_it_reads),
		cmocka_unit_test(test_killed_when_it_hangs),
		cmocka_unit_test(test_killed_when_stopped),
		cmocka_unit_test(test_sure_by_count),
		cmocka_unit_test(test_sure_by_time),
		cmocka_unit_test(test_farewell),
		cmocka_unit_test(test_held_is_bounded),
		cmocka_unit_test(test_drop_oldest_in_flight),
	};

	return cmocka_run_group_tests(tests, make_seen, NULL);
}
