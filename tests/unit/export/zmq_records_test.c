/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What records say to collectors, read back by our own reader: names, large counters, the numbers
 * of another nDPI, who sends; headers; and subscribers who ask for too much.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <json.h>
#include <ndpi_api.h>

#include "export/ntop_keys.h"
#include "export/tlv.h"
#include "export/zmq_reader.h"
#include "zmq_publisher.h"

/* A transport that keeps the last message. */
struct kept {
	struct transport base;
	uint8_t frames[2][ZMQ_MESSAGE_BYTES_MAX];
	size_t bytes[2];
	unsigned int messages;
};

static struct kept kept;

static ssize_t keep_message(struct transport *t, const struct iovec *frames, int n)
{
	struct kept *k = (struct kept *)t;

	assert_int_equal(n, 2);
	for (int i = 0; i < 2; i++) {
		memcpy(k->frames[i], frames[i].iov_base, frames[i].iov_len);
		k->bytes[i] = frames[i].iov_len;
	}
	k->messages++;
	return (ssize_t)(k->bytes[0] + k->bytes[1]);
}

static void keep_close(struct transport *t, uint64_t deadline_ns)
{
	(void)t;
	(void)deadline_ns;
}

static const struct transport_ops keep_ops = {.send = keep_message, .close = keep_close};

static struct output *open_kept(struct output_spec spec)
{
	struct output *o;

	spec.type = OUTPUT_ZMQ;
	if (!spec.batch_records)
		spec.batch_records = 1;
	kept.base.ops = &keep_ops;
	kept.messages = 0;
	assert_int_equal(output_open_over(&o, &spec, &kept.base), 0);
	return o;
}

/* The records of the last message, for the caller to put. */
static struct json_object *records(void)
{
	struct zmq_read read;
	const char *why = zmq_message_read(&read, kept.frames[0], kept.bytes[0], kept.frames[1],
					   kept.bytes[1]);

	if (why)
		fail_msg("%s", why);
	assert_string_equal(read.topic, "flow");
	assert_int_equal(read.source_id, 1);
	return read.body;
}

static uint64_t number(struct json_object *record, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(record, key, &v))
		fail_msg("%s is missing", key);
	return json_object_get_uint64(v);
}

static const char *text(struct json_object *record, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(record, key, &v))
		fail_msg("%s is missing", key);
	return json_object_get_string(v);
}

/* Every form of every header says the same. */
static void test_headers(void **state)
{
	static const size_t bytes[] = {
		[ZMQ_HEADER_V1] = 24, [ZMQ_HEADER_V2] = 28, [ZMQ_HEADER_V3] = 36};

	(void)state;
	for (int i = 0; i < 3 * 3 * 2; i++) {
		const struct output_spec spec = {.zmq_header = (enum zmq_header)(i % 3),
						 .zmq_format = (enum zmq_format)(i / 3 % 3),
						 .zmq_compress = i / 9,
						 .batch_records = 20};
		const bool names = spec.zmq_format == ZMQ_JSON_NAMES;
		struct output *o = open_kept(spec);
		struct json_object *all, *one;

		for (uint32_t n = 0; n < 20; n++) {
			struct flow_record r = sample_of_many(n);

			output_submit(o, &r);
		}
		assert_int_equal(output_poll(o, SAMPLE_NS), 0);
		assert_int_equal(kept.messages, 1);
		assert_int_equal(kept.bytes[0], bytes[spec.zmq_header]);
		all = records();
		assert_int_equal(json_object_array_length(all), 20);
		for (size_t n = 0; n < 20; n++) {
			struct flow_record r = sample_of_many((uint32_t)n);

			one = json_object_array_get_idx(all, n);
			assert_int_equal(number(one, names ? "L4_SRC_PORT" : "7"), r.src_port);
			assert_int_equal(number(one, names ? "IN_BYTES" : "1"), r.octets[0]);
		}
		json_object_put(all);
		output_free(o);
	}
}

/* Collectors count in 32 bits: 10 GiB are told in parts, which together are the record. */
static void test_large_counters(void **state)
{
	struct output *o = open_kept((struct output_spec){.zmq_format = ZMQ_TLV});
	struct flow_record r = sample_ipv4();
	uint64_t octets = 0, packets = 0;
	struct json_object *all;
	size_t n;

	(void)state;
	r.octets[DIR_FWD] = (10ULL << 30) + 7;
	r.packets[DIR_FWD] = 8000003;
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	all = records();
	n = json_object_array_length(all);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		struct json_object *part = json_object_array_get_idx(all, i);

		assert_true(number(part, "1") <= UINT32_MAX);
		octets += number(part, "1");
		packets += number(part, "2");
	}
	assert_int_equal(octets, r.octets[DIR_FWD]);
	assert_int_equal(packets, r.packets[DIR_FWD]);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 1);
	json_object_put(all);
	output_free(o);

	o = open_kept((struct output_spec){.zmq_count = ZMQ_COUNT_ABSOLUTE});
	output_submit(o, &r);
	output_poll(o, SAMPLE_NS);
	all = records();
	assert_int_equal(json_object_array_length(all), 1);
	assert_int_equal(number(json_object_array_get_idx(all, 0), "231"), r.octets[DIR_FWD]);
	assert_int_equal(number(json_object_array_get_idx(all, 0), "298"), r.packets[DIR_FWD]);
	json_object_put(all);
	output_free(o);
}

/* Who sends, and what has no number of others, in both forms. */
static void test_identity_and_own_elements(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		struct output *o = open_kept((struct output_spec){
			.zmq_format = json ? ZMQ_JSON : ZMQ_TLV,
			.instance = "probe-7",
			.probe_ip = "192.0.2.77",
			.pen = 4711,
		});
		struct flow_record r = sample_ipv4();
		struct json_object *all, *one;

		output_submit(o, &r);
		output_poll(o, SAMPLE_NS);
		all = records();
		one = json_object_array_get_idx(all, 0);
		assert_string_equal(text(one, "57594"), "probe-7");
		assert_string_equal(text(one, "57943"), "192.0.2.77");
		assert_int_equal(number(one, "58051"), 0);
		assert_int_equal(number(one, "58061"), 1);
		assert_string_equal(text(one, "4711.1"), "1:s1igm7PE3cqMewMM2uZPY3r6QAI=");
		assert_string_equal(text(one, "4711.4"), "Web");
		assert_string_equal(text(one, "57660"), "www.example.org");
		json_object_put(all);
		output_free(o);
	}
}

static void write_ids(const char *path, const char *lines)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(lines, f);
	fclose(f);
}

/* TLS is 91 here and 191 there; Google is nothing there. */
static void test_other_ndpi(void **state)
{
	static const char path[] = "zmq_records_test.ids";
	struct output_spec spec = {.zmq_format = ZMQ_JSON};
	struct flow_record r = sample_ipv4();
	struct json_object *all;
	struct output *o;
	char error[256];

	(void)state;
	snprintf(spec.ndpi_ids, sizeof spec.ndpi_ids, "%s", path);
	write_ids(path, "# of another version\nId Protocol\n 191\tTLS  TCP\n5 DNS\n");
	o = open_kept(spec);
	output_submit(o, &r);
	output_poll(o, SAMPLE_NS);
	all = records();
	assert_string_equal(text(json_object_array_get_idx(all, 0), "57590"), "191.0");
	assert_int_equal(output_counters(o)->count[OUTPUT_l7_unmapped], 1);
	json_object_put(all);
	output_free(o);
	spec.type = OUTPUT_ZMQ;
	snprintf(spec.target, sizeof spec.target, "tcp://127.0.0.1:*");
	write_ids(path, "TLS 191\n");
	assert_int_equal(output_open(&o, &spec, error, sizeof error), -EINVAL);
	assert_non_null(strstr(error, "zmq_records_test.ids:1"));
	unlink(path);
	assert_int_equal(output_open(&o, &spec, error, sizeof error), -ENOENT);
}

static void check_l7(const char *version, uint16_t app, const char *want)
{
	struct output_spec spec = {.zmq_format = ZMQ_JSON};
	struct flow_record r = sample_ipv4();
	struct json_object *all;
	struct output *o;

	snprintf(spec.ndpi_ids, sizeof spec.ndpi_ids, "%s", version);
	o = open_kept(spec);
	r.l7_app_id = app;
	output_submit(o, &r);
	output_poll(o, SAMPLE_NS);
	all = records();
	assert_string_equal(text(json_object_array_get_idx(all, 0), "57590"), want);
	assert_int_equal(output_counters(o)->count[OUTPUT_l7_unmapped], strstr(want, ".0") != NULL);
	json_object_put(all);
	output_free(o);
}

/* To another version numbers are told that mean the same there; 127 was DCE/RPC once. */
static void test_other_ndpi_by_version(void **state)
{
	struct output_spec spec = {.type = OUTPUT_ZMQ, .target = "tcp://127.0.0.1:*"};
	const char *const other = NDPI_MINOR == 8 ? "4.6" : "4.8";
	char own[16], error[256];
	struct output *o;

	(void)state;
	snprintf(own, sizeof own, "%u.%u", NDPI_MAJOR, NDPI_MINOR);
	check_l7(own, 126, "91.126");
	check_l7(own, 127, "91.127");
	if (NDPI_MAJOR == 4 && NDPI_MINOR <= 12) {
		check_l7(other, 126, "91.126");
		check_l7(other, 127, "91.0");
		check_l7("4.12", 235, NDPI_MINOR == 12 ? "91.235" : "91.0");
	}
	for (int i = 0; i < 3; i++) {
		static const char *const unknown[] = {"3.4", "4.7", "999.0"};

		snprintf(spec.ndpi_ids, sizeof spec.ndpi_ids, "%s", unknown[i]);
		assert_int_equal(output_open(&o, &spec, error, sizeof error), -EINVAL);
		assert_non_null(strstr(error, "ndpiReader -H"));
	}
	snprintf(spec.ndpi_ids, sizeof spec.ndpi_ids, "4.8.1"); /* a file */
	assert_int_equal(output_open(&o, &spec, error, sizeof error), -ENOENT);
}

static struct json_object *template_of(uint64_t missing_sources)
{
	char *json = ntop_template_json(missing_sources);
	struct json_object *all = json_tokener_parse(json);

	free(json);
	assert_non_null(all);
	return all;
}

/* Each key of TLV has a name, and the template tells them all. */
static void test_template(void **state)
{
	struct json_object *all = template_of(UINT64_MAX);

	(void)state;
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (element_info((enum element)i)->tlv_id &&
		    !ntop_key_by_id(element_info((enum element)i)->tlv_id))
			fail_msg("%s has no name", element_info((enum element)i)->symbol);
	assert_null(ntop_key_by_id(3));
	assert_true(json_object_array_length(all) > 30);
	assert_int_equal(number(json_object_array_get_idx(all, 0), "field"), 1);
	assert_string_equal(text(json_object_array_get_idx(all, 0), "name"), "IN_BYTES");
	json_object_put(all);
}

/* Of processors that run it names the keys that are numbers; of the others none. */
static void test_template_of_processors(void **state)
{
	struct json_object *none = template_of(UINT64_MAX);
	struct json_object *one = template_of(~(1ULL << SOURCE_netbios));
	const size_t n = json_object_array_length(none);

	(void)state;
	assert_int_equal(json_object_array_length(one), n + 2);
	assert_int_equal(number(json_object_array_get_idx(one, n), "PEN"), 8057);
	assert_int_equal(number(json_object_array_get_idx(one, n), "field"), 831);
	assert_string_equal(text(json_object_array_get_idx(one, n), "name"), "nb_name");
	assert_string_equal(text(json_object_array_get_idx(one, n), "format"), "ascii");
	json_object_put(one);
	one = template_of(0);
	assert_true(json_object_array_length(one) > n + 150);
	/* what the first two headers can say */
	assert_true(strlen(json_object_to_json_string(one)) < UINT16_MAX);
	json_object_put(one);
	json_object_put(none);
}

/* The next template; records before it are passed over. */
static bool next_template(struct subscriber *s, struct zmq_received *m)
{
	while (subscriber_receive_any(s, m))
		if (strcmp((const char *)m->header, "template") == 0)
			return true;
	return false;
}

/* Processors that come later are named to those who subscribed before. */
static void test_template_of_other_processors(void **state)
{
	struct output *o = publisher_open(
		(struct output_spec){.zmq_format = ZMQ_TLV, .missing_sources = UINT64_MAX});
	struct subscriber s = subscriber_make(2000);
	static struct zmq_received m;
	struct flow_record r = sample_ipv4();
	char endpoint[64];

	(void)state;
	publisher_endpoint(o, endpoint, sizeof endpoint);
	subscriber_ask(&s, "");
	subscriber_connect(&s, endpoint);
	assert_true(publisher_meet(o, &s, "flow"));
	publisher_send(o, r);
	assert_true(next_template(&s, &m));
	assert_null(strstr((const char *)m.body, "nb_name"));
	output_set_missing_sources(o, ~(1ULL << SOURCE_netbios));
	output_submit(o, &r);
	output_poll(o, SAMPLE_NS + 2 * SECOND_NS);
	assert_true(next_template(&s, &m));
	assert_non_null(strstr((const char *)m.body, "nb_name"));
	assert_null(strstr((const char *)m.body, "http_request_url"));
	subscriber_close(&s);
	publisher_close(o);
}

/* Hundreds of thousands of subscriptions, and long ones: records go on to who reads them. */
static void test_flood_of_subscriptions(void **state)
{
	struct output *o = publisher_open((struct output_spec){.zmq_format = ZMQ_JSON_FLOW});
	struct subscriber good = subscriber_make(2000), bad = subscriber_make(10);
	static struct zmq_received m;
	char endpoint[64], topic[1000];
	uint64_t longest_ns = 0;

	(void)state;
	publisher_endpoint(o, endpoint, sizeof endpoint);
	subscriber_ask(&good, "flow");
	subscriber_connect(&good, endpoint);
	assert_true(publisher_meet(o, &good, "flow"));
	subscriber_connect(&bad, endpoint);
	memset(topic, 'x', sizeof topic);
	for (uint32_t i = 0; i < 100000; i++) {
		snprintf(topic, sizeof topic, "%u", i);
		zmq_setsockopt(bad.socket, ZMQ_SUBSCRIBE, topic, i % 1000 ? 6 : sizeof topic);
	}
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t start = clock_monotonic_ns(), took;

		publisher_send(o, sample_of_many(i));
		took = clock_monotonic_ns() - start;
		longest_ns = took > longest_ns ? took : longest_ns;
		assert_true(subscriber_receive(&good, &m));
		message_check(&m, "flow", 2);
	}
	assert_true(longest_ns < SECOND_NS / 4);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 200);
	subscriber_close(&bad);
	publisher_close(o);
	subscriber_close(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_large_counters),
		cmocka_unit_test(test_identity_and_own_elements),
		cmocka_unit_test(test_other_ndpi),
		cmocka_unit_test(test_other_ndpi_by_version),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_template_of_processors),
		cmocka_unit_test(test_template_of_other_processors),
		cmocka_unit_test(test_flood_of_subscriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
