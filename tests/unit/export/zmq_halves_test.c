/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libzmq refuses a frame in the middle of a message, or the collector goes away there: a header
 * never meets the payload of another message. zmq_send() is ours here, and fails as it is told.
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zmq_publisher.h"

static struct {
	int refused; /* so many of the next frames that end a message */
	int refused_headers;
	int error;
} fault;

int zmq_send(void *socket, const void *bytes, size_t len, int flags)
{
	static int (*real)(void *, const void *, size_t, int);
	int *left = flags & ZMQ_SNDMORE ? &fault.refused_headers : &fault.refused;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "zmq_send");
	if (*left > 0) {
		(*left)--;
		errno = fault.error;
		return -1;
	}
	return real(socket, bytes, len, flags);
}

static struct zmq_received m;

static uint64_t flow_of_body(void)
{
	const char *id = strstr(m.body, "\"flow_id\":\"");

	assert_non_null(id);
	return strtoull(id + strlen("\"flow_id\":\""), NULL, 16);
}

static struct output *open_pair(struct subscriber *s)
{
	struct output *o = publisher_open((struct output_spec){.zmq_format = ZMQ_JSON_FLOW});
	char endpoint[64];

	*s = subscriber_make(1000);
	subscriber_ask(s, "");
	publisher_endpoint(o, endpoint, sizeof endpoint);
	subscriber_connect(s, endpoint);
	assert_true(publisher_meet(o, s, "flow"));
	return o;
}

/* Any frame may be refused any number of times: all messages arrive, whole and in order. */
static void test_refused_frames(void **state)
{
	struct subscriber s;
	struct output *o = open_pair(&s);
	uint32_t offered = 0, events = 0;

	(void)state;
	srand(1);
	for (uint32_t i = 0; i < 500; i++) {
		fault.refused = rand() % 3;
		fault.refused_headers = rand() % 3;
		fault.error = rand() % 2 ? EAGAIN : EINTR;
		if (i % 5 == 4)
			events += output_publish(o, "event", "{}") == 0;
		else
			publisher_send(o, sample_of_many(offered++));
	}
	fault.refused = fault.refused_headers = 0;
	output_close(o, clock_monotonic_ns() + SECOND_NS);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], offered);
	assert_true(events > 10);
	for (uint32_t i = 0, flows = 0; i < offered + events; i++) {
		assert_true(subscriber_receive(&s, &m));
		if (m.header[0] == 'e') {
			assert_int_equal(message_check(&m, "event", 2), i);
			assert_string_equal(m.body, "{}");
			continue;
		}
		assert_int_equal(message_check(&m, "flow", 2), i);
		assert_int_equal(flow_of_body(), flows++);
	}
	output_free(o);
	subscriber_close(&s);
}

/* The last collector vanishes between header and payload; the next one gets whole messages. */
static void test_the_collector_vanishes_in_mid_message(void **state)
{
	struct subscriber s;
	struct output *o = open_pair(&s);
	char endpoint[64];

	(void)state;
	publisher_endpoint(o, endpoint, sizeof endpoint);
	publisher_send(o, sample_of_many(0));
	assert_true(subscriber_receive(&s, &m));
	fault.refused = 1000000;
	fault.error = EAGAIN;
	publisher_send(o, sample_of_many(1));
	subscriber_close(&s);
	for (int i = 0; i < 5000 && o->transport->ops->has_peer(o->transport, "flow"); i++)
		sleep_ns(1000000);
	publisher_send(o, sample_of_many(2));
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_no_subscriber], 1);

	/* While it is still refused, a new one comes. */
	s = subscriber_make(5000);
	subscriber_ask(&s, "");
	subscriber_connect(&s, endpoint);
	assert_true(publisher_meet(o, &s, "flow"));
	publisher_send(o, sample_of_many(3));
	assert_int_equal(output_counters(o)->count[OUTPUT_queued], 1);
	fault.refused = 0;
	output_poll(o, SAMPLE_NS);
	publisher_send(o, sample_of_many(4));
	for (uint32_t i = 3; i < 5; i++) {
		assert_true(subscriber_receive(&s, &m));
		/* The first collector had a template, too. */
		assert_int_equal(message_check(&m, "flow", 2), i + 1);
		assert_int_equal(flow_of_body(), i);
	}
	publisher_close(o);
	subscriber_close(&s);
}

/* Closing in mid-message: the payload still goes, or the time is over. */
static void test_close_in_mid_message(void **state)
{
	struct subscriber s;
	struct output *o = open_pair(&s);

	(void)state;
	fault.refused = 5;
	publisher_send(o, sample_of_many(0));
	assert_true(fault.refused > 0);
	publisher_close(o);
	assert_true(subscriber_receive(&s, &m));
	assert_int_equal(message_check(&m, "flow", 2), 0);
	assert_int_equal(flow_of_body(), 0);
	subscriber_close(&s);

	o = open_pair(&s);
	fault.refused = 1000000000;
	publisher_send(o, sample_of_many(0));
	output_close(o, clock_monotonic_ns() + 10000000);
	output_free(o);
	assert_false(subscriber_receive(&s, &m));
	fault.refused = 0;
	subscriber_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_frames),
		cmocka_unit_test(test_the_collector_vanishes_in_mid_message),
		cmocka_unit_test(test_close_in_mid_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
