/* SPDX-License-Identifier: BSD-3-Clause */
/* ZMQ with real subscribers: all records arrive in order; a slow one costs records by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zmq.h>

#include "core/clock.h"
#include "export/output_internal.h"
#include "sample_records.h"

static void *context, *subscriber;
static char endpoint[128];

static struct output *open_pub(struct output_spec spec)
{
	char error[256] = "", expression[64];
	struct output *o;

	spec.type = OUTPUT_ZMQ;
	spec.zmq_format = ZMQ_JSON_FLOW;
	spec.batch_records = 1;
	snprintf(spec.target, sizeof spec.target, "tcp://127.0.0.1:*");
	if (output_open(&o, &spec, error, sizeof error))
		fail_msg("%s", error);
	assert_true(output_own_traffic(o, expression, sizeof expression) > 0);
	snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", atoi(strrchr(expression, ' ')));
	return o;
}

static void subscribe(const char *topic, int high_water)
{
	int wait_ms = 5000, none = 0;

	context = zmq_ctx_new();
	subscriber = zmq_socket(context, ZMQ_SUB);
	zmq_setsockopt(subscriber, ZMQ_RCVHWM, &high_water, sizeof high_water);
	zmq_setsockopt(subscriber, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
	zmq_setsockopt(subscriber, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, topic, strlen(topic));
	assert_int_equal(zmq_connect(subscriber, endpoint), 0);
}

static void unsubscribe(void)
{
	zmq_close(subscriber);
	zmq_ctx_term(context);
}

/* Template messages are skipped; they take an id each. Returns the id without these. */
static uint32_t read_message(uint32_t number)
{
	static uint32_t templates;
	uint8_t header[64];
	char body[65536];
	int len = zmq_recv(subscriber, header, sizeof header, 0);

	templates = number ? templates : 0;
	if (strcmp((const char *)header, "template") == 0) {
		zmq_recv(subscriber, body, sizeof body, 0);
		len = zmq_recv(subscriber, header, sizeof header, 0);
		templates++;
	}
	assert_int_equal(len, 28);
	assert_string_equal((const char *)header, "flow");
	assert_int_equal(header[16], 2);
	number = load_be32(header + 20) - templates;
	len = zmq_recv(subscriber, body, sizeof body, 0);
	assert_int_equal(load_be16(header + 18), len);
	assert_int_equal(body[0], '{');
	assert_int_equal(body[len - 1], '}');
	return number;
}

static void check_message(uint32_t number)
{
	assert_int_equal(read_message(number), number);
}

static void run_topic(const char *topic)
{
	struct output *o = open_pub((struct output_spec){.lossless = true});

	subscribe(topic, 1000);
	for (uint32_t i = 0; i < 500; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
	}
	output_close(o, clock_monotonic_ns() + 10000000000ULL);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 500);
	for (uint32_t i = 0; i < 500; i++)
		check_message(i);
	output_free(o);
	unsubscribe();
}

static void test_every_record_arrives(void **state)
{
	(void)state;
	run_topic("flow");
	run_topic("");
	run_topic("f");
}

static void test_another_topic_is_no_subscriber(void **state)
{
	struct output *o = open_pub((struct output_spec){.lossless = false});
	struct flow_record r = sample_ipv4();
	struct timespec pause = {.tv_nsec = 300000000};

	(void)state;
	subscribe("event", 1000);
	nanosleep(&pause, NULL);
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_no_subscriber], 1);
	output_close(o, 0);
	output_free(o);
	unsubscribe();
}

/* The subscriber reads nothing: libzmq and the kernel fill up, then our queue, and then there is a
 * name. */
static void test_a_slow_subscriber(void **state)
{
	struct output *o = open_pub((struct output_spec){.queue_records_max = 100});
	const struct output_counters *c = output_counters(o);
	struct timespec pause = {.tv_nsec = 1000000};
	uint32_t latest = 0;
	uint64_t sent;

	(void)state;
	subscribe("flow", 10);
	for (unsigned int i = 0; i < 3000; i++) {
		if (o->transport->ops->has_peer(o->transport, "flow"))
			break;
		nanosleep(&pause, NULL);
	}
	for (uint32_t i = 0; i < 40000; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		output_poll(o, SAMPLE_NS);
	}
	assert_true(c->dropped[OUTPUT_DROP_queue_full] > 0);
	assert_int_equal(c->count[OUTPUT_queued], 100);
	sent = c->count[OUTPUT_sent];
	/* Ids tell of the losses between. */
	for (uint32_t i = 0; i < sent; i++) {
		uint32_t id = read_message(i);

		assert_true(id >= i && (i == 0 || id > latest));
		latest = id;
	}
	unsubscribe();
	output_close(o, clock_monotonic_ns() + 500000000ULL);
	output_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_record_arrives),
		cmocka_unit_test(test_another_topic_is_no_subscriber),
		cmocka_unit_test(test_a_slow_subscriber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
