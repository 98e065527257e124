/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms of ZMQ messages: TLV, compressed JSON, and events between records, in one numbering. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <json.h>
#include <zlib.h>

#include "export/event.h"
#include "zmq_publisher.h"

static struct zmq_received m;

/* A publisher that connects to a subscriber of all topics. */
static struct output *open_pair(struct output_spec spec, struct subscriber *s, const char *topic)
{
	struct output *o;

	*s = subscriber_make(5000);
	subscriber_ask(s, topic);
	subscriber_bind(s);
	spec.mode = OUTPUT_MODE_CONNECT;
	snprintf(spec.target, sizeof spec.target, "%s", s->endpoint);
	o = publisher_open(spec);
	if (strcmp(topic, "event") != 0)
		assert_true(publisher_meet(o, s, "flow"));
	else
		assert_true(publisher_meet(o, s, "event"));
	return o;
}

static void close_pair(struct output *o, struct subscriber *s)
{
	publisher_close(o);
	subscriber_close(s);
}

/* What the encoders write, without the newline of a line of JSON. */
static size_t encode_json(char *text, size_t len, const struct flow_record *r)
{
	struct encoder e = {0};
	struct wbuf w = wbuf_make(text, len);

	assert_int_equal(community_id_create(&e.community_id), 0);
	json_encode(&e, &w, r);
	community_id_destroy(e.community_id);
	assert_false(w.failed);
	return (size_t)(w.at - (uint8_t *)text) - 1;
}

static void test_tlv(void **state)
{
	struct subscriber s;
	/* compression is for text only */
	struct output *o = open_pair(
		(struct output_spec){.zmq_format = ZMQ_TLV, .zmq_compress = true}, &s, "");
	struct encoder e = {0};
	uint8_t expected[8192];

	(void)state;
	assert_int_equal(tlv_encoder_create(&e.tlv), 0);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct flow_record r = sample_number(i);
		struct wbuf w = wbuf_make(expected, sizeof expected);

		publisher_send(o, r);
		assert_true(subscriber_receive(&s, &m));
		assert_int_equal(message_check(&m, "flow", 3), i);
		tlv_put_start(&w);
		tlv_encode(&e, &w, &r);
		assert_int_equal(w.at - expected, m.body_bytes);
		assert_memory_equal(m.body, expected, m.body_bytes);
	}
	tlv_encoder_destroy(e.tlv);
	close_pair(o, &s);
}

/* The collector's way: a first byte of 0 says that a zlib stream follows. */
static size_t inflate_body(char *text, size_t len)
{
	uLongf out = len;

	assert_int_equal(m.body[0], 0);
	assert_int_equal(uncompress((Bytef *)text, &out, (const Bytef *)m.body + 1,
				    (uLong)m.body_bytes - 1),
			 Z_OK);
	return out;
}

static void test_compression(void **state)
{
	struct subscriber s;
	struct output *o =
		open_pair((struct output_spec){.zmq_format = ZMQ_JSON_FLOW, .zmq_compress = true},
			  &s, "flow");
	static char expected[RECORD_BYTES_MAX], text[RECORD_BYTES_MAX];

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		struct flow_record r = i < SAMPLES ? sample_number(i) : sample_of_many(i);
		size_t len = encode_json(expected, sizeof expected, &r);

		publisher_send(o, r);
		assert_true(subscriber_receive(&s, &m));
		assert_int_equal(message_check(&m, "flow", 2), i);
		assert_true((size_t)m.body_bytes < len);
		assert_int_equal(inflate_body(text, sizeof text), len);
		assert_memory_equal(text, expected, len);
	}
	close_pair(o, &s);
}

/* Old collectors inflate into 16 KB: what is longer goes as it is. */
static void test_long_text_is_not_compressed(void **state)
{
	struct subscriber s;
	struct output *o =
		open_pair((struct output_spec){.zmq_format = ZMQ_JSON_FLOW, .zmq_compress = true},
			  &s, "flow");
	static char expected[RECORD_BYTES_MAX], longest[DPI_STRING_MAX + 1];
	struct flow_record r = sample_nasty();
	size_t len;

	(void)state;
	memset(longest, 1, sizeof longest - 1);
	r.server_name = r.http_url = r.http_user_agent = r.http_content_type = r.tls_alpn =
		r.ssh_client = longest;
	len = encode_json(expected, sizeof expected, &r);
	assert_true(len > ZMQ_COMPRESS_BYTES_MAX);
	publisher_send(o, r);
	assert_true(subscriber_receive(&s, &m));
	assert_int_equal(message_check(&m, "flow", 2), 0);
	assert_int_equal(m.body_bytes, len);
	assert_memory_equal(m.body, expected, len);
	close_pair(o, &s);
}

static void check_numbering(struct output_spec spec, uint8_t version)
{
	struct subscriber s;
	struct output *o = open_pair(spec, &s, "");
	uint32_t number = 0, source = 0;

	for (uint32_t i = 0; i < 30; i++) {
		bool event = i % 3 == 1;

		if (event)
			assert_int_equal(output_publish(o, "event", "{\"time\":1}"), 0);
		else
			publisher_send(o, sample_of_many(i));
		assert_true(subscriber_receive(&s, &m));
		assert_int_equal(message_check(&m, event ? "event" : "flow", event ? 2 : version),
				 number++);
		if (event)
			assert_string_equal(m.body, "{\"time\":1}");
		memcpy(&source, m.header + 24, sizeof source);
		assert_int_equal(source, 1);
	}
	/* In mode connect they count once they are acknowledged. */
	for (int i = 0; i < 5000 && output_poll(o, SAMPLE_NS); i++)
		sleep_ns(1000000);
	assert_int_equal(output_counters(o)->count[OUTPUT_offered], 20);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 20);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent_messages], 31);
	close_pair(o, &s);
}

static void test_events_share_the_numbering(void **state)
{
	(void)state;
	check_numbering((struct output_spec){.zmq_format = ZMQ_JSON_FLOW}, 2);
	check_numbering((struct output_spec){.zmq_format = ZMQ_TLV}, 3);
	check_numbering((struct output_spec){.zmq_format = ZMQ_TLV, .zmq_compress = true}, 3);
}

/* An event that nobody asked for takes no number, and records need a subscriber of their own. */
static void test_topics_are_told_apart(void **state)
{
	struct subscriber s;
	struct output *o = open_pair((struct output_spec){.zmq_format = ZMQ_TLV}, &s, "flow");

	(void)state;
	publisher_send(o, sample_of_many(0));
	assert_int_equal(output_publish(o, "event", "{}"), -ENOTCONN);
	publisher_send(o, sample_of_many(1));
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(subscriber_receive(&s, &m));
		assert_int_equal(message_check(&m, "flow", 3), i);
	}
	close_pair(o, &s);

	o = open_pair((struct output_spec){.zmq_format = ZMQ_TLV}, &s, "event");
	publisher_send(o, sample_of_many(0));
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_no_subscriber], 1);
	assert_int_equal(output_publish(o, "event", "{}"), 0);
	assert_true(subscriber_receive(&s, &m));
	/* The record that was lost has a number, too. */
	assert_int_equal(message_check(&m, "event", 2), 1);
	close_pair(o, &s);
}

static void test_publish_says_why_not(void **state)
{
	struct output_spec file = {.type = OUTPUT_NULL};
	static char much[ZMQ_MESSAGE_BYTES_MAX + 2];
	struct subscriber s;
	struct output *o;
	char error[128];

	(void)state;
	assert_int_equal(output_open(&o, &file, error, sizeof error), 0);
	assert_int_equal(output_publish(o, "event", "{}"), -ENOTSUP);
	publisher_close(o);
	o = open_pair((struct output_spec){.zmq_format = ZMQ_JSON_FLOW}, &s, "");
	memset(much, ' ', sizeof much - 1);
	assert_int_equal(output_publish(o, "event", much), -EMSGSIZE);
	assert_int_equal(output_publish(o, "event", "{}"), 0);
	assert_true(subscriber_receive(&s, &m));
	assert_int_equal(message_check(&m, "event", 2), 0);
	output_close(o, 0);
	assert_int_equal(output_publish(o, "event", "{}"), -ESHUTDOWN);
	output_free(o);
	subscriber_close(&s);
}

static struct json_object *get(struct json_object *from, const char *a, const char *b)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(from, a, &value))
		return NULL;
	if (!b)
		return value;
	return json_object_object_get_ex(value, b, &from) ? from : NULL;
}

static uint64_t number(struct json_object *from, const char *a, const char *b)
{
	struct json_object *value = get(from, a, b);

	if (!value)
		fail_msg("%s.%s is missing", a, b ? b : "");
	return json_object_get_uint64(value);
}

static void test_event_json(void **state)
{
	const struct export_event e = {
		.if_name = "eth\"0\xff",
		.if_ip = "192.0.2.7",
		.if_speed_mbps = 10000,
		.probe_ip = "192.0.2.8",
		.version = "1.2.3",
		.time_s = 1700000000,
		.bytes = UINT64_MAX,
		.packets = 5,
		.interval_ns = 2000000000,
		.interval_bytes = 250,
		.interval_packets = 9,
		.lifetime_s = 120,
		.idle_s = 30,
		.export_queue_full = 3,
		.too_many_flows = 4,
		.records_sent = 77,
		.outputs = 1,
	};
	char *text = export_event_json(&e);
	struct json_object *root = json_tokener_parse(text);

	(void)state;
	assert_non_null(root);
	assert_string_equal(json_object_get_string(get(root, "iface", "name")),
			    "eth\"0\xef\xbf\xbd");
	assert_string_equal(json_object_get_string(get(root, "iface", "ip")), "192.0.2.7");
	assert_int_equal(number(root, "iface", "speed"), 10000);
	assert_string_equal(json_object_get_string(get(root, "probe", "ip")), "192.0.2.8");
	assert_string_equal(json_object_get_string(get(root, "probe", "version")), "1.2.3");
	assert_int_equal(number(root, "time", NULL), 1700000000);
	assert_true(number(root, "bytes", NULL) == UINT64_MAX);
	assert_int_equal(number(root, "packets", NULL), 5);
	assert_int_equal(number(root, "avg", "bps"), 1000);
	assert_int_equal(number(root, "avg", "pps"), 4);
	assert_int_equal(number(root, "timeout", "lifetime"), 120);
	assert_int_equal(number(root, "timeout", "collected_lifetime"), 120);
	assert_int_equal(number(root, "timeout", "idle"), 30);
	assert_int_equal(number(root, "drops", "export_queue_full"), 3);
	assert_int_equal(number(root, "drops", "too_many_flows"), 4);
	assert_int_equal(number(root, "zmq", "num_flow_exports"), 77);
	assert_int_equal(number(root, "zmq", "num_zmq_exporters"), 1);
	json_object_put(root);
	free(text);
}

/* What is not known has no key. */
static void test_event_json_of_little(void **state)
{
	const struct export_event e = {.if_name = "", .time_s = 1};
	char *text = export_event_json(&e);
	struct json_object *root = json_tokener_parse(text);

	(void)state;
	assert_non_null(root);
	assert_null(get(root, "iface", "name"));
	assert_null(get(root, "iface", "speed"));
	assert_null(get(root, "iface", "ip"));
	assert_null(get(root, "probe", "ip"));
	assert_null(get(root, "avg", NULL));
	json_object_put(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlv),
		cmocka_unit_test(test_compression),
		cmocka_unit_test(test_long_text_is_not_compressed),
		cmocka_unit_test(test_events_share_the_numbering),
		cmocka_unit_test(test_topics_are_told_apart),
		cmocka_unit_test(test_publish_says_why_not),
		cmocka_unit_test(test_event_json),
		cmocka_unit_test(test_event_json_of_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
