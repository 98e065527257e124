/* SPDX-License-Identifier: BSD-3-Clause */
/* pfring_ft_zmq_export_configure(): what it takes, what it refuses, and how it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zmq_table.h"

#define LINE_MAX_LEN 512

/* The library's lines. */
static struct {
	unsigned int n;
	char last[LINE_MAX_LEN];
} said;

static void take_line(const char *line, void *user)
{
	(void)user;
	said.n++;
	snprintf(said.last, sizeof said.last, "%s", line);
}

/* The line of a call that failed; there was one. */
static void expect_line(unsigned int before, const char *part)
{
	assert_int_equal(said.n, before + 1);
	if (!strstr(said.last, part))
		fail_msg("\"%s\" is not in: %s", part, said.last);
	assert_null(strchr(said.last, '\n'));
}

static const struct {
	const char *endpoint, *key;
	u_int8_t probe_mode;
	const char *part;
} refused[] = {
	{NULL, NULL, 0, "endpoint"},
	{"", NULL, 0, "tcp://"},
	{"x5556", NULL, 0, "tcp://"},
	{"udp://127.0.0.1:5556", NULL, 0, "tcp://"},
	{"tcp://127.0.0.1:99999", NULL, 0, "tcp://"},
	{"tcp://*:5556", NULL, 1, "in place of *"},
	{"tcp://*:5556c", NULL, 0, "in place of *"},
	{"tcp://no-such-device:5556", NULL, 0, "tcp://*:PORT"},
	{"tcp://127.0.0.1:*", "", 0, "server key"},
	{"tcp://127.0.0.1:*", "short", 0, "40 characters of Z85"},
	{"tcp://127.0.0.1:*",
	 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
	 "0123456789012345678901234567890123456789",
	 0, "server key"},
};

/* What is refused is told in a line, and ends the export that was there. */
static void test_pfring_ft_zmq_export_configure_refuses(void **state)
{
	pfring_ft_table *t = make_table();
	struct ft_table *inside = t;

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		unsigned int before = said.n;

		pfring_ft_zmq_export_configure(t, "tcp://127.0.0.1:*", NULL, 0, 1, 1);
		assert_int_equal(said.n, before);
		assert_non_null(inside->zmq);
		pfring_ft_zmq_export_configure(t, refused[i].endpoint, refused[i].key,
					       refused[i].probe_mode, 1, 1);
		expect_line(before, refused[i].part);
		assert_null(inside->zmq);
	}
	unsigned int before = said.n;
	pfring_ft_zmq_export_configure(NULL, "tcp://127.0.0.1:*", NULL, 0, 1, 1);
	expect_line(before, "table");
	pfring_ft_destroy_table(t);
}

/* Once more at the same port: the old export is closed first, numbers begin anew. */
static void test_pfring_ft_zmq_export_configure(void **state)
{
	struct subscriber s = make_collector("flow", 20), other = subscriber_make(0);
	pfring_ft_table *t = make_table();
	unsigned int before;

	(void)state;
	subscriber_bind(&other); /* a port in use */
	before = said.n;
	pfring_ft_zmq_export_configure(t, other.endpoint, NULL, 0, 1, 1);
	expect_line(before, "another program has this port");
	subscriber_bind(&s);
	zmq_unbind(s.socket, s.endpoint);
	sleep_ns(50000000);
	subscriber_connect(&s, s.endpoint);
	pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow, t);
	for (int round = 0; round < 3; round++) {
		pfring_ft_zmq_export_configure(t, s.endpoint, NULL, 0, 1, 1);
		run_flows(t, 5);
		for (unsigned int i = 0; i < 5; i++) {
			assert_true(receive(t, &s));
			assert_int_equal(message_check(&m, "flow", 2), i);
		}
		settle(t, 5);
	}
	assert_int_equal(said.n, before + 1);
	pfring_ft_destroy_table(t);
	subscriber_close(&s);
	subscriber_close(&other);
}

/* A trailing c, as users of such collectors write it, and an encrypted way to the collector. */
static void test_pfring_ft_zmq_export_configure_curve(void **state)
{
	struct subscriber s = make_collector("flow", 20);
	pfring_ft_table *t = make_table();
	char public[41], secret[41], endpoint[130];
	int on = 1;

	(void)state;
	assert_int_equal(zmq_curve_keypair(public, secret), 0);
	assert_int_equal(zmq_setsockopt(s.socket, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
	assert_int_equal(zmq_setsockopt(s.socket, ZMQ_CURVE_SECRETKEY, secret, sizeof secret), 0);
	subscriber_bind(&s);
	snprintf(endpoint, sizeof endpoint, "%sc", s.endpoint);
	pfring_ft_zmq_export_configure(t, endpoint, public, 0, 0, 0);
	pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow, t);
	run_flows(t, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_true(receive(t, &s));
		assert_int_equal(message_check(&m, "flow", 3), i);
		check_tlv_flow(i);
	}
	pfring_ft_destroy_table(t);
	subscriber_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_zmq_export_configure),
		cmocka_unit_test(test_pfring_ft_zmq_export_configure_refuses),
		cmocka_unit_test(test_pfring_ft_zmq_export_configure_curve),
	};

	pfring_ft_set_log_callback(take_line, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
