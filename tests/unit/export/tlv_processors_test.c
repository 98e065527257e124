/* SPDX-License-Identifier: BSD-3-Clause */
/* What processors say, over ZMQ: the same in TLV as in both forms of JSON, and as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <json.h>

#include "export/tlv.h"
#include "export/zmq_reader.h"
#include "sample_protocols.h"
#include "sample_records.h"

/* Rows that say nothing of the sample: os_build and os_platform_like of osquery, quic_retry_scid.
 */
#define NOT_THERE 3

static uint8_t message[ZMQ_MESSAGE_BYTES_MAX];

struct form {
	enum zmq_format format;
	bool transactions;
	uint64_t missing_sources;
};

/* The message of a record, read as our collectors do: an array of objects. */
static struct json_object *sent(const struct flow_record *r, struct form form, uint32_t *parts)
{
	struct wbuf w = wbuf_make(message, sizeof message);
	struct encoder e = {.transactions = form.transactions,
			    .missing_sources = form.missing_sources};
	uint8_t header[28] = "flow";
	struct zmq_read m;
	const char *why;

	assert_int_equal(tlv_encoder_create(&e.tlv), 0);
	e.tlv->format = form.format;
	header[16] = form.format == ZMQ_TLV ? 3 : 2;
	if (form.format == ZMQ_TLV)
		tlv_put_start(&w);
	else
		put_u8(&w, '[');
	tlv_encode(&e, &w, r);
	if (form.format != ZMQ_TLV)
		put_u8(&w, ']');
	assert_false(w.failed);
	*parts = e.tlv->parts;
	tlv_encoder_destroy(e.tlv);
	why = zmq_message_read(&m, header, sizeof header, message, (size_t)(w.at - message));
	if (why)
		fail_msg("%s", why);
	assert_int_equal(json_object_array_length(m.body), *parts);
	return m.body;
}

/* Everything that processors can say; a flow of several packets. */
static struct flow_record sample(unsigned int n)
{
	static const uint16_t lengths[] = {0, 1460, 65535};
	static const uint32_t times[] = {0, 7, 1000}, sizes[] = {1, 0, UINT32_MAX};
	static const uint8_t flags[] = {2, 18, 16};
	struct flow_record r = sample_protocols(sample_ipv4(), n);

	r.known |= KNOWN_IP_FWD | KNOWN_IP_REV | KNOWN_TCP_FWD | KNOWN_TCP_REV | KNOWN_NETTISA;
	r.lists_start_ns = SAMPLE_NS;
	r.packet_lengths = (struct list_u16){lengths, 3};
	r.packet_times = (struct list_time){times, 3};
	r.packet_flags = (struct list_u8){flags, 3};
	r.packet_directions = (struct list_direction){2, 3};
	for (unsigned int d = 0; d < DIR_N; d++) {
		r.size_histogram[d] = r.gap_histogram[d] = (struct list_u32){sizes, 3};
		r.bursts[d].packets = r.bursts[d].bytes = (struct list_u32){sizes, 3};
		r.bursts[d].start = r.bursts[d].stop = (struct list_time){times, 3};
	}
	r.nettisa = (struct record_nettisa){.mean = 1.5f, .stdev = 0.1f, .min = 1, .max = 1460};
	r.tcp_mss[DIR_FWD] = r.tcp_mss[DIR_REV] = 1460;
	r.tcp_syn_bytes = 60;
	r.tcp_rtt_us = 1000;
	r.mpls_labels_n = 3;
	r.mpls_labels[0] = r.mpls_labels[1] = r.mpls_labels[2] = 100 << 4 | 1;
	return r;
}

static const char *value(struct json_object *record, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(record, key, &v))
		fail_msg("%s is not there", key);
	return json_object_get_string(v);
}

static const struct {
	const char *key, *flow, *transaction;
} expected[] = {
	{"8057.1013", "0,1460,65535", NULL},
	{"8057.1015", "2,18,16", NULL},
	{"8057.1016", "1,-1,1", NULL},
	{"8057.1060", "1,0,4294967295", NULL},
	{"8057.1020", "1.5", NULL},
	{"8057.1022", "1460", NULL},
	{"8057.900", "1460", NULL},
	{"mpls_label_1", "100", NULL},
	{"39499.20", "agent/1,", "agent/1"},
	{"8057.200", "GET,POST", "GET"},
	{"39499.12", "200,404", "200"},
	{"8057.5", "0,4294967295", "0"},
	{"pdns_id", "7,8", NULL},
	{"8057.11", "1,28", NULL},
	{"pdns_name", "a.example.org,b.example.org", NULL},
	{"pdns_ip", "20010db8,20010db8000000000000000000000001", NULL},
	{"39499.357", "30313233343536373839616263646566", NULL},
	{"39499.2", "/,/\xc3\xa4?b;c d", "/"},
	{"8057.201", "nginx,\xef\xbf\xbd\x01", "nginx"},
	{"8057.827", "a._ipp._tcp.local;631;a;;;", NULL},
	{"39499.3", ",\"http://www.example.org/, \"\"a\"\"\"", NULL},
	{"8057.850", "6669727374006279746573", NULL},
	{"8057.894", "18446744073709551615", NULL},
	{"8057.1102", "4294967295", NULL},
	{"8057.1200", "3", NULL},
};

static void check_values(struct json_object *record, bool transactions)
{
	for (unsigned int i = 0; i < sizeof expected / sizeof *expected; i++) {
		const char *want = transactions && expected[i].transaction ?
					   expected[i].transaction :
					   expected[i].flow;

		/* a list that is one value of which there is none has no key */
		if (transactions && strcmp(expected[i].key, "39499.3") == 0)
			assert_false(json_object_object_get_ex(record, "39499.3", NULL));
		else
			assert_string_equal(value(record, expected[i].key), want);
	}
	assert_true(json_object_get_double(json_object_object_get(record, "8057.1023")) > 0.0999);
}

/* Numbers stay numbers, and a key that came twice would be one key fewer in an object. */
static void test_values(void **state)
{
	const enum zmq_format formats[] = {ZMQ_TLV, ZMQ_JSON, ZMQ_JSON_NAMES};
	struct flow_record r;
	int n[2] = {0};
	uint32_t parts;

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct form form = {.format = formats[i / 2], .transactions = i % 2};
		struct json_object *all, *first;

		r = sample(form.transactions ? 1 : 2);
		all = sent(&r, form, &parts);
		first = json_object_array_get_idx(all, 0);
		check_values(first, form.transactions);
		assert_true(json_object_is_type(json_object_object_get(first, "8057.1022"),
						json_type_int));
		if (!n[i % 2])
			n[i % 2] = json_object_object_length(first);
		assert_int_equal(json_object_object_length(first), n[i % 2]);
		json_object_put(all);
	}
}

/* No element's key is that of another one; all that may be told are told of some record. */
static void test_every_row(void **state)
{
	struct flow_record r = sample(2);
	const struct form none = {.missing_sources = UINT64_MAX}, all = {0};
	struct json_object *with, *without;
	unsigned int unique = 0;
	bool is_name;
	uint32_t parts;

	(void)state;
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		unique += element_has_tlv_text((enum element)i, &is_name);
	with = sent(&r, all, &parts);
	without = sent(&r, none, &parts);
	assert_int_equal(json_object_object_length(json_object_array_get_idx(with, 0)) -
				 json_object_object_length(json_object_array_get_idx(without, 0)),
			 (int)unique - NOT_THERE);
	json_object_put(with);
	json_object_put(without);
}

/* What a processor that does not run would say is not there, nor what it did not see. */
static void test_missing(void **state)
{
	const struct form no_http = {.missing_sources = 1ULL << SOURCE_http};
	struct flow_record r = sample(2);
	struct json_object *all, *first;
	uint32_t parts;

	(void)state;
	r.dns = NULL;
	r.packet_lengths.n = 0;
	all = sent(&r, no_http, &parts);
	first = json_object_array_get_idx(all, 0);
	assert_false(json_object_object_get_ex(first, "8057.200", NULL));
	assert_false(json_object_object_get_ex(first, "8057.14", NULL));
	assert_false(json_object_object_get_ex(first, "8057.1013", NULL));
	assert_string_equal(value(first, "8057.1040"), "OPTIONS,SETUP");
	json_object_put(all);
}

/* Counters beyond 32 bits: what processors say stands in the first part, once. */
static void test_parts(void **state)
{
	struct flow_record r = sample(2);
	struct json_object *all;
	uint32_t parts;

	(void)state;
	r.octets[DIR_FWD] = 10ULL * UINT32_MAX;
	all = sent(&r, (struct form){0}, &parts);
	assert_int_equal(parts, 10);
	for (uint32_t i = 0; i < parts; i++)
		assert_int_equal(json_object_object_get_ex(json_object_array_get_idx(all, i),
							   "8057.811", NULL),
				 i == 0);
	json_object_put(all);
}

/* Texts at their longest, of bytes that are quotes or no text: cut like others, quoted rightly. */
static void test_long_lists(void **state)
{
	static char quotes[DPI_STRING_MAX + 100], garbage[DPI_STRING_MAX + 100];
	struct flow_record r = sample_ipv4();
	struct record_http http = {.status = {{0}, TRANSACTIONS_MAX}};
	struct json_object *all;
	const char *text;
	uint32_t parts;

	(void)state;
	memset(quotes, '"', sizeof quotes - 1);
	memset(garbage, 0xff, sizeof garbage - 1);
	http.url.n = http.agent.n = TRANSACTIONS_MAX;
	for (unsigned int i = 0; i < TRANSACTIONS_MAX; i++) {
		http.url.values[i] = quotes;
		http.agent.values[i] = garbage;
	}
	r.http = &http;
	for (unsigned int i = 0; i < 2; i++) {
		all = sent(&r, (struct form){.format = i ? ZMQ_JSON : ZMQ_TLV}, &parts);
		text = value(json_object_array_get_idx(all, 0), "39499.2");
		assert_int_equal(strlen(text), TRANSACTIONS_MAX * (2 * DPI_STRING_MAX + 3) - 1);
		assert_int_equal(strspn(text, "\""), 2 * DPI_STRING_MAX + 2);
		text = value(json_object_array_get_idx(all, 0), "39499.20");
		assert_int_equal(strlen(text), TRANSACTIONS_MAX * (3 * DPI_STRING_MAX + 1) - 1);
		json_object_put(all);
	}
}

/* A record with everything does not make nDPI's buffer grow. */
static void test_no_malloc(void **state)
{
	static uint8_t to[RECORD_BYTES_MAX];
	struct flow_record r = sample(2);
	struct encoder e = {0};
	u_int32_t size;

	(void)state;
	assert_int_equal(tlv_encoder_create(&e.tlv), 0);
	size = ndpi_serializer_get_internal_buffer_size(&e.tlv->serializer);
	for (int i = 0; i < 100; i++) {
		struct wbuf w = wbuf_make(to, sizeof to);

		tlv_encode(&e, &w, &r);
		assert_false(w.failed);
	}
	assert_int_equal(ndpi_serializer_get_internal_buffer_size(&e.tlv->serializer), size);
	tlv_encoder_destroy(e.tlv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_missing),	   cmocka_unit_test(test_parts),
		cmocka_unit_test(test_long_lists), cmocka_unit_test(test_no_malloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
