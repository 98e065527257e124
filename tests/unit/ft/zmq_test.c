/* SPDX-License-Identifier: BSD-3-Clause */
/* A table exports itself: packets in, messages at a collector. A test a function of the API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <json.h>
#include <zlib.h>

#include "zmq_table.h"

/* ---- what arrives ---- */

static uint64_t json_number(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		fail_msg("%s is missing", key);
	return json_object_get_uint64(v);
}

static const char *json_text(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		fail_msg("%s is missing", key);
	return json_object_get_string(v);
}

static void check_json_flow(const char *text, unsigned int i)
{
	struct json_object *o = json_tokener_parse(text);

	assert_non_null(o);
	assert_string_equal(json_text(o, "8"), "10.0.0.1");
	assert_int_equal(json_number(o, "7"), FIRST_PORT + i);
	assert_int_equal(json_number(o, "11"), 80);
	assert_int_equal(json_number(o, "2"), 1);
	assert_int_equal(json_number(o, "24"), 1);
	assert_int_equal(json_number(o, "1"), 40 + 33);
	assert_string_equal(json_text(o, "57590"), "0.7");
	assert_string_equal(json_text(o, "58011"), "h.test");
	assert_int_equal(json_number(o, "22"), 1700000000);
	json_object_put(o);
}

enum { COMPRESSED_JSON, PLAIN_JSON, TLV };

static void check_flow(int form, unsigned int i)
{
	static char text[65536];
	uLongf len = sizeof text - 1;

	if (form == TLV) {
		check_tlv_flow(i);
	} else if (form == PLAIN_JSON) {
		check_json_flow(m.body, i);
	} else {
		assert_int_equal(m.body[0], 0);
		assert_int_equal(uncompress((Bytef *)text, &len, (const Bytef *)m.body + 1,
					    (uLong)m.body_bytes - 1),
				 Z_OK);
		text[len] = '\0';
		check_json_flow(text, i);
	}
}

/* ---- the functions ---- */

static void check_export(int form, bool probe_mode)
{
	struct subscriber s = make_collector("", 20);
	pfring_ft_table *t = make_table();
	char endpoint[128];

	subscriber_bind(&s);
	snprintf(endpoint, sizeof endpoint, "%s", s.endpoint);
	if (!probe_mode) { /* the table binds the port instead */
		assert_int_equal(zmq_unbind(s.socket, s.endpoint), 0);
		sleep_ns(50000000);
		subscriber_connect(&s, s.endpoint);
		memcpy(endpoint, "zmq", 3);
	}
	pfring_ft_zmq_export_configure(t, endpoint, NULL, probe_mode, form == PLAIN_JSON,
				       form != TLV);
	pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow, t);
	run_flows(t, 50);
	for (unsigned int i = 0; i < 50; i++) {
		assert_true(receive(t, &s));
		assert_int_equal(message_check(&m, "flow", form == TLV ? 3 : 2), i);
		check_flow(form, i);
	}
	settle(t, 50);
	assert_int_equal(numbers(t).dropped_flows, 0);
	assert_int_equal(numbers(t).num_buffered_records, 0);
	pfring_ft_housekeeping(t, EPOCH_S + 3);
	assert_int_equal(((struct ft_table *)t)->flows->n_detached, 0);
	pfring_ft_destroy_table(t);
	subscriber_close(&s);
}

static void test_pfring_ft_zmq_export_flow(void **state)
{
	(void)state;
	for (int form = COMPRESSED_JSON; form <= TLV; form++) {
		check_export(form, false);
		check_export(form, true);
	}
}

/* Without an export, or without a table, flows are freed all the same. */
static void test_pfring_ft_zmq_export_flow_to_nobody(void **state)
{
	(void)state;
	for (int with_user = 0; with_user < 2; with_user++) {
		pfring_ft_table *t = make_table();

		pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow,
						   with_user ? t : NULL);
		run_flows(t, 50);
		pfring_ft_housekeeping(t, EPOCH_S + 3);
		assert_int_equal(pfring_ft_get_stats(t)->flows, 50);
		assert_int_equal(((struct ft_table *)t)->flows->n_detached, 0);
		assert_int_equal(numbers(t).exported_flows, 0);
		assert_int_equal(numbers(t).dropped_flows, 0);
		pfring_ft_destroy_table(t);
	}
	pfring_ft_zmq_export_flow(NULL, NULL);
}

static struct json_object *part_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		fail_msg("%s is missing", key);
	return v;
}

static void check_event(uint64_t packets, uint64_t bytes, uint64_t exports)
{
	struct json_object *o = json_tokener_parse(m.body);
	uint64_t now_s = clock_wall_ns() / SECOND_NS;
	char version[32];

	assert_non_null(o);
	pfring_ft_version(version);
	assert_string_equal(json_text(part_of(o, "iface"), "name"), "eth0");
	assert_string_equal(json_text(part_of(o, "iface"), "ip"), "192.0.2.1");
	assert_int_equal(json_number(part_of(o, "iface"), "speed"), 40000);
	assert_string_equal(json_text(part_of(o, "probe"), "ip"), "192.0.2.2");
	assert_string_equal(json_text(part_of(o, "probe"), "version"), version);
	assert_int_equal(json_number(o, "packets"), packets);
	assert_int_equal(json_number(o, "bytes"), bytes);
	assert_in_range(json_number(o, "time"), now_s - 5, now_s);
	assert_int_equal(json_number(part_of(o, "timeout"), "lifetime"), 60);
	assert_int_equal(json_number(part_of(o, "timeout"), "collected_lifetime"), 60);
	assert_int_equal(json_number(part_of(o, "timeout"), "idle"), 30);
	assert_int_equal(json_number(part_of(o, "drops"), "export_queue_full"), 0);
	assert_int_equal(json_number(part_of(o, "zmq"), "num_flow_exports"), exports);
	assert_int_equal(json_number(part_of(o, "zmq"), "num_zmq_exporters"), 1);
	/* An average says what the interval had: packets in this one, none in a later one. */
	assert_true((json_number(part_of(o, "avg"), "pps") > 0) == (exports == 5));
	json_object_put(o);
}

static void export_stats(pfring_ft_table *t)
{
	pfring_ft_zmq_export_stats(t, "eth0", 40000, "192.0.2.1", "192.0.2.2");
}

/* Between flows, as events, without a gap in the numbers. */
static void test_pfring_ft_zmq_export_stats(void **state)
{
	struct subscriber s = make_collector("", 20);
	pfring_ft_table *t = make_table();
	const uint64_t bytes = 5 * (14 + 40 + 33 + 14 + 40);
	uint32_t source, other;

	(void)state;
	export_stats(t); /* without an export, nothing happens */
	pfring_ft_zmq_export_stats(NULL, NULL, 0, NULL, NULL);
	subscriber_bind(&s);
	pfring_ft_zmq_export_configure(t, s.endpoint, NULL, 1, 0, 0);
	pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow, t);
	run_flows(t, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_true(receive(t, &s));
		assert_int_equal(message_check(&m, "flow", 3), i);
	}
	memcpy(&source, m.header + 24, sizeof source);
	settle(t, 5);
	export_stats(t);
	assert_true(receive(t, &s));
	assert_int_equal(message_check(&m, "event", 2), 5);
	memcpy(&other, m.header + 24, sizeof other);
	assert_int_equal(source, other);
	check_event(10, bytes, 5);
	pfring_ft_set_flow_export_callback(t, NULL, NULL);
	sleep_ns(20000000);
	pfring_ft_zmq_export_stats(t, NULL, 0, NULL, NULL);
	assert_true(receive(t, &s));
	assert_int_equal(message_check(&m, "event", 2), 6);
	assert_null(strstr(m.body, "\"name\""));
	assert_non_null(strstr(m.body, "\"avg\":{\"bps\":0,\"pps\":0}"));
	pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow, t);
	run_flows(t, 1);
	assert_true(receive(t, &s));
	assert_int_equal(message_check(&m, "flow", 3), 7);
	pfring_ft_destroy_table(t);
	subscriber_close(&s);
}

/* Nobody listens: records wait for a first collector, then they are dropped and counted. */
static void test_pfring_ft_zmq_get_stats(void **state)
{
	pfring_ft_table *t = make_table();
	pfring_ft_export_stats n;

	(void)state;
	pfring_ft_zmq_get_stats(t, NULL);
	memset(&n, 0xff, sizeof n);
	pfring_ft_zmq_get_stats(NULL, &n);
	assert_int_equal(n.num_buffered_records | n.exported_flows | n.dropped_flows, 0);
	n = numbers(t);
	assert_int_equal(n.num_buffered_records | n.exported_flows | n.dropped_flows, 0);
	pfring_ft_zmq_export_configure(t, "tcp://127.0.0.1:*", NULL, 0, 0, 1);
	pfring_ft_set_flow_export_callback(t, pfring_ft_zmq_export_flow, t);
	run_flows(t, 20);
	n = numbers(t);
	assert_int_equal(n.num_buffered_records, 20);
	assert_int_equal(n.exported_flows | n.dropped_flows, 0);
	sleep_ns(OUTPUT_SUBSCRIBER_WAIT_NS + 50000000);
	pfring_ft_housekeeping(t, EPOCH_S);
	n = numbers(t);
	assert_int_equal(n.dropped_flows, 20);
	assert_int_equal(n.exported_flows | n.num_buffered_records, 0);
	pfring_ft_destroy_table(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_zmq_export_flow),
		cmocka_unit_test(test_pfring_ft_zmq_export_flow_to_nobody),
		cmocka_unit_test(test_pfring_ft_zmq_export_stats),
		cmocka_unit_test(test_pfring_ft_zmq_get_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
