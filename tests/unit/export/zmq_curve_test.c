/* SPDX-License-Identifier: BSD-3-Clause */
/* Encrypted ZMQ: the collector is the CURVE server, whoever of the two binds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zmq_publisher.h"

struct keys {
	char public[41], secret[41];
};

static struct keys make_keys(void)
{
	struct keys k;

	assert_int_equal(zmq_curve_keypair(k.public, k.secret), 0);
	return k;
}

static struct subscriber make_server(const struct keys *k, int wait_ms)
{
	struct subscriber s = subscriber_make(wait_ms);
	int on = 1;

	assert_int_equal(zmq_setsockopt(s.socket, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
	assert_int_equal(zmq_setsockopt(s.socket, ZMQ_CURVE_SECRETKEY, k->secret, 41), 0);
	subscriber_ask(&s, "flow");
	return s;
}

static void check_delivery(struct output *o, struct subscriber *s)
{
	static struct zmq_received m;

	assert_true(publisher_meet(o, s, "flow"));
	for (uint32_t i = 0; i < 10; i++)
		publisher_send(o, sample_of_many(i));
	for (uint32_t i = 0; i < 10; i++) {
		assert_true(subscriber_receive(s, &m));
		assert_int_equal(message_check(&m, "flow", 3), i);
	}
	/* In mode connect it counts once it is acknowledged. */
	for (int i = 0; i < 5000 && output_poll(o, SAMPLE_NS); i++)
		sleep_ns(1000000);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 10);
}

static void to_hex(char hex[81], const char *text, const char *format)
{
	for (int i = 0; i < 40; i++)
		snprintf(hex + 2 * (size_t)i, 3, format, (unsigned char)text[i]);
}

static void test_the_probe_binds(void **state)
{
	struct keys k = make_keys();
	struct subscriber s = make_server(&k, 5000);
	struct output_spec spec = {.mode = OUTPUT_MODE_BIND};
	struct output *o;
	char endpoint[64];

	(void)state;
	memcpy(spec.zmq_server_key, k.public, sizeof k.public);
	o = publisher_open(spec);
	publisher_endpoint(o, endpoint, sizeof endpoint);
	subscriber_connect(&s, endpoint);
	check_delivery(o, &s);
	publisher_close(o);
	subscriber_close(&s);
}

/* The key in each of its forms. */
static void test_the_probe_connects(void **state)
{
	static const char *const formats[] = {NULL, "%02X", "%02x"};

	(void)state;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct keys k = make_keys();
		struct subscriber s = make_server(&k, 5000);
		struct output_spec spec = {.mode = OUTPUT_MODE_CONNECT};
		struct output *o;

		subscriber_bind(&s);
		snprintf(spec.target, sizeof spec.target, "%s", s.endpoint);
		if (formats[i])
			to_hex(spec.zmq_server_key, k.public, formats[i]);
		else
			memcpy(spec.zmq_server_key, k.public, sizeof k.public);
		o = publisher_open(spec);
		check_delivery(o, &s);
		publisher_close(o);
		subscriber_close(&s);
	}
}

/* A key of another server, or none: nothing arrives, and every record is dropped by name. */
static void check_nothing_arrives(const char *key)
{
	struct keys k = make_keys();
	struct subscriber s = make_server(&k, 40);
	struct output_spec spec = {.mode = OUTPUT_MODE_CONNECT};
	static struct zmq_received m;
	struct output *o;

	subscriber_bind(&s);
	snprintf(spec.target, sizeof spec.target, "%s", s.endpoint);
	memcpy(spec.zmq_server_key, key, strlen(key) + 1);
	o = publisher_open(spec);
	for (uint32_t i = 0; i < 10; i++) {
		publisher_send(o, sample_of_many(i));
		assert_false(subscriber_receive(&s, &m));
	}
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 0);
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_no_subscriber], 10);
	publisher_close(o);
	subscriber_close(&s);
}

static void test_wrong_key(void **state)
{
	struct keys other = make_keys();

	(void)state;
	check_nothing_arrives(other.public);
	check_nothing_arrives("");
}

static void check_refused(const char *key)
{
	struct output_spec spec = {.type = OUTPUT_ZMQ, .target = "tcp://127.0.0.1:*"};
	struct output *o = NULL;
	char error[256] = "";

	snprintf(spec.zmq_server_key, sizeof spec.zmq_server_key, "%s", key);
	assert_int_equal(output_open(&o, &spec, error, sizeof error), -EKEYREJECTED);
	assert_null(o);
	assert_non_null(strstr(error, "40 characters of Z85 or 80 of hexadecimal"));
	assert_null(strchr(error, '\n'));
}

static void test_malformed_keys(void **state)
{
	struct keys k = make_keys();
	char text[96], hex[81];

	(void)state;
	check_refused("x");
	snprintf(text, sizeof text, "%.39s", k.public);
	check_refused(text);
	snprintf(text, sizeof text, "%sx", k.public);
	check_refused(text);
	snprintf(text, sizeof text, "%s", k.public);
	text[7] = '~'; /* not a character of Z85 */
	check_refused(text);
	to_hex(hex, k.public, "%02X");
	snprintf(text, sizeof text, "%.79s", hex);
	check_refused(text);
	snprintf(text, sizeof text, "%s0", hex);
	check_refused(text);
	snprintf(text, sizeof text, "%s", hex);
	text[9] = 'g';
	check_refused(text);
	snprintf(text, sizeof text, "%s", hex);
	memcpy(text + 10, "00", 2);
	check_refused(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_probe_binds),
		cmocka_unit_test(test_the_probe_connects),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_malformed_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
