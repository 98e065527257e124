/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as TLV: the known bytes, and nDPI's own reader finds every element as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/encoder.h"
#include "export/format.h"
#include "export/tlv.h"
#include "record/elements.h"
#include "sample_records.h"

#define ITEMS_MAX 64

struct item {
	uint32_t key;
	bool is_text;
	uint64_t number;
	char text[TLV_TEXT_BYTES_MAX + 1];
};

struct decoded {
	unsigned int n, records;
	struct item items[ITEMS_MAX];
};

static uint8_t message[65536];

static size_t encode(struct encoder *e, const struct flow_record *r)
{
	struct wbuf w = wbuf_make(message, sizeof message);

	tlv_put_start(&w);
	tlv_encode(e, &w, r);
	assert_false(w.failed);
	return (size_t)(w.at - message);
}

static void read_item(ndpi_deserializer *d, ndpi_serialization_type type, struct item *item)
{
	ndpi_string text;
	uint32_t small;

	assert_int_equal(ndpi_deserialize_key_uint32(d, &item->key), 0);
	item->is_text = type == ndpi_serialization_string;
	if (item->is_text) {
		assert_int_equal(ndpi_deserialize_value_string(d, &text), 0);
		assert_true(text.str_len < sizeof item->text);
		memcpy(item->text, text.str, text.str_len);
		item->text[text.str_len] = '\0';
	} else if (type == ndpi_serialization_uint64) {
		assert_int_equal(ndpi_deserialize_value_uint64(d, &item->number), 0);
	} else {
		assert_true(type == ndpi_serialization_uint8 || type == ndpi_serialization_uint16 ||
			    type == ndpi_serialization_uint32);
		assert_int_equal(ndpi_deserialize_value_uint32(d, &small), 0);
		item->number = small;
	}
}

static void decode(struct decoded *out, size_t len)
{
	ndpi_serialization_type type, key_type;
	ndpi_deserializer d;

	out->n = out->records = 0;
	assert_int_equal(ndpi_init_deserializer_buf(&d, message, (u_int32_t)len), 0);
	assert_int_equal(ndpi_deserialize_get_format(&d), ndpi_serialization_format_tlv);
	for (;;) {
		type = ndpi_deserialize_get_item_type(&d, &key_type);
		if (type == ndpi_serialization_unknown)
			break;
		if (type == ndpi_serialization_end_of_record) {
			out->records++;
		} else {
			assert_true(out->n < ITEMS_MAX);
			read_item(&d, type, &out->items[out->n++]);
		}
		ndpi_deserialize_next(&d);
	}
}

/* The item of an element, NULL when there is none; never two. */
static const struct item *find(const struct decoded *d, enum element element)
{
	const struct item *found = NULL;

	for (unsigned int i = 0; i < d->n; i++)
		if (d->items[i].key == element_info(element)->tlv_id) {
			assert_null(found);
			found = &d->items[i];
		}
	return found;
}

static void expect_number(const struct decoded *d, enum element element, uint64_t number)
{
	const struct item *item = find(d, element);

	if (!item || item->is_text || item->number != number)
		fail_msg("%s is not %lu", element_info(element)->symbol, number);
}

static void expect_text(const struct decoded *d, enum element element, const char *text)
{
	const struct item *item = find(d, element);

	if (!item || !item->is_text || strcmp(item->text, text) != 0)
		fail_msg("%s is not %s", element_info(element)->symbol, text);
}

static void expect_none(const struct decoded *d, enum element element)
{
	if (find(d, element))
		fail_msg("%s is there", element_info(element)->symbol);
}

static struct encoder make_encoder(void)
{
	struct encoder e = {0};

	assert_int_equal(tlv_encoder_create(&e.tlv), 0);
	return e;
}

static const uint8_t known[] = {
	0x01, 0x01, 0x2b, 0x08, 0x00, 0x08, 0x31, 0x30, 0x2e, 0x30, 0x2e, 0x30, 0x2e, 0x31, 0x2b,
	0x0c, 0x00, 0x0b, 0x31, 0x39, 0x32, 0x2e, 0x31, 0x36, 0x38, 0x2e, 0x30, 0x2e, 0x31, 0x23,
	0x07, 0x9c, 0x40, 0x23, 0x0b, 0x01, 0xbb, 0x22, 0x04, 0x06, 0x22, 0x3c, 0x04, 0x25, 0x01,
	0x00, 0x00, 0x00, 0x01, 0x2a, 0x05, 0xf2, 0x00, 0x22, 0x02, 0x0a, 0x24, 0x16, 0x65, 0x53,
	0xf1, 0x00, 0x24, 0x15, 0x65, 0x53, 0xf1, 0x0a, 0x32, 0xe0, 0xce, 0x1b, 0x3b, 0xe0, 0xf6,
	0x00, 0x06, 0x39, 0x31, 0x2e, 0x31, 0x32, 0x36, 0xbb, 0x00, 0x0b, 0x33, 0x35, 0x36, 0x33,
	0x32, 0x2e, 0x35, 0x37, 0x36, 0x36, 0x30, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
	0x65, 0x2e, 0x6f, 0x72, 0x67, 0x3a, 0xe0, 0xfb, 0x00, 0x00, 0xc0, 0x3f, 0x01,
};

/* Named keys and fractions, which our records have none of, come from nDPI directly. */
static void test_known_bytes(void **state)
{
	struct encoder encoder = make_encoder();
	struct tlv_encoder *e = encoder.tlv;
	struct wbuf w = wbuf_make(message, sizeof message);

	(void)state;
	tlv_begin(e);
	tlv_put_number(e, 99, 99); /* forgotten by the next line */
	tlv_begin(e);
	tlv_put_string(e, 8, "10.0.0.1");
	tlv_put_string(e, 12, "192.168.0.1");
	tlv_put_number(e, 7, 40000);
	tlv_put_number(e, 11, 443);
	tlv_put_number(e, 4, 6);
	tlv_put_number(e, 60, 4);
	tlv_put_number(e, 1, 5000000000);
	tlv_put_number(e, 2, 10);
	tlv_put_number(e, 22, 1700000000);
	tlv_put_number(e, 21, 1700000010);
	tlv_put_number(e, 57550, 0x1b);
	tlv_put_string(e, 57590, "91.126");
	ndpi_serialize_string_string(&e->serializer, "35632.57660", "example.org");
	ndpi_serialize_uint32_float(&e->serializer, 57595, 1.5f, "%.1f");
	tlv_put_start(&w);
	tlv_end(e, &w);
	assert_false(w.failed);
	assert_int_equal(w.at - message, sizeof known);
	assert_memory_equal(message, known, sizeof known);
	tlv_encoder_destroy(e);
}

/* An IPv4 record in which every value means something. */
static struct flow_record full_record(void)
{
	struct flow_record r = sample_ipv4();

	r.ingress_interface = 3;
	r.sampling_packets = 7;
	r.http_url = "/index.html";
	r.http_status = 404;
	r.dns_query_type = 28;
	r.dns_reply_code = 3;
	return r;
}

static void check_values(const struct decoded *d)
{
	expect_number(d, ELEMENT_FIRST, SAMPLE_NS / 1000000000);
	expect_number(d, ELEMENT_LAST, SAMPLE_NS / 1000000000 + 2);
	expect_number(d, ELEMENT_PROTO, 6);
	expect_number(d, ELEMENT_IP_VERSION, 4);
	expect_text(d, ELEMENT_SRC_IPV4, "192.0.2.1");
	expect_text(d, ELEMENT_DST_IPV4, "198.51.100.200");
	expect_number(d, ELEMENT_SRC_PORT, 40000);
	expect_number(d, ELEMENT_DST_PORT, 443);
	expect_number(d, ELEMENT_VLAN, 100);
	expect_text(d, ELEMENT_SRC_MAC, "02:00:5e:10:00:01");
	expect_text(d, ELEMENT_DST_MAC, "02:00:5e:10:00:ff");
	expect_number(d, ELEMENT_TOS, 0x28);
	expect_number(d, ELEMENT_PACKETS, 10);
	expect_number(d, ELEMENT_REV_PACKETS, 12);
	expect_number(d, ELEMENT_BYTES, 1500);
	expect_number(d, ELEMENT_REV_BYTES, 123456);
	expect_number(d, ELEMENT_TCP_FLAGS, 0x1b);
	expect_number(d, ELEMENT_REV_TCP_FLAGS, 0x13);
	expect_text(d, ELEMENT_END_REASON, "end");
	expect_number(d, ELEMENT_INTERFACE, 4);
	expect_number(d, ELEMENT_SAMPLING, 7);
	expect_text(d, ELEMENT_L7_PROTO_IDS, "91.126");
	expect_number(d, ELEMENT_L7_CONFIDENCE, 6);
	expect_number(d, ELEMENT_L7_RISK, 1 << 5 | 1 << 12);
	expect_text(d, ELEMENT_SERVER_NAME, "www.example.org");
	expect_text(d, ELEMENT_HTTP_URL, "/index.html");
	expect_number(d, ELEMENT_HTTP_STATUS, 404);
	expect_number(d, ELEMENT_DNS_QUERY_TYPE, 28);
	expect_number(d, ELEMENT_DNS_REPLY_CODE, 3);
}

/* Each row with a key is there once, but for those of other flows; nothing else is. */
static void test_every_element(void **state)
{
	static const enum element of_others[] = {ELEMENT_SRC_IPV6, ELEMENT_DST_IPV6,
						 ELEMENT_ICMP_IPV4};
	const unsigned int n_others = sizeof of_others / sizeof *of_others;
	struct encoder e = make_encoder();
	struct flow_record r = full_record();
	static struct decoded d;
	unsigned int with_key = 0;

	(void)state;
	decode(&d, encode(&e, &r));
	assert_int_equal(d.records, 1);
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		with_key += element_info((enum element)i)->tlv_id != 0;
	assert_int_equal(d.n, with_key - n_others);
	for (unsigned int i = 0; i < n_others; i++)
		expect_none(&d, of_others[i]);
	check_values(&d);
	tlv_encoder_destroy(e.tlv);
}

static void test_other_flows(void **state)
{
	struct encoder e = make_encoder();
	struct flow_record r = sample_ipv6();
	static struct decoded d;

	(void)state;
	decode(&d, encode(&e, &r));
	expect_text(&d, ELEMENT_SRC_IPV6, "2001:db8::1");
	expect_text(&d, ELEMENT_DST_IPV6, "2001:db8:0:1::2");
	expect_none(&d, ELEMENT_SRC_IPV4);
	expect_none(&d, ELEMENT_DST_IPV4);
	expect_text(&d, ELEMENT_L7_PROTO_IDS, "0.5");
	r = sample_icmp();
	decode(&d, encode(&e, &r));
	expect_number(&d, ELEMENT_ICMP_IPV4, 8 << 8);
	expect_number(&d, ELEMENT_SRC_PORT, 0);
	expect_none(&d, ELEMENT_L7_PROTO_IDS);
	expect_none(&d, ELEMENT_SERVER_NAME);
	r = sample_icmp6();
	decode(&d, encode(&e, &r));
	expect_none(&d, ELEMENT_SRC_MAC);
	expect_number(&d, ELEMENT_REV_BYTES, 0);
	r = sample_extreme();
	decode(&d, encode(&e, &r));
	expect_number(&d, ELEMENT_BYTES, UINT64_MAX);
	expect_number(&d, ELEMENT_L7_RISK, UINT64_MAX);
	expect_number(&d, ELEMENT_SAMPLING, UINT32_MAX);
	expect_number(&d, ELEMENT_FIRST, 0);
	tlv_encoder_destroy(e.tlv);
}

static void test_hostile_strings(void **state)
{
	static const char clean[] =
		"a\"b\\c\n\r\t\x01\x1b[31m\x7f,\xc3\xa9" UTF8_REPLACEMENT UTF8_REPLACEMENT
			UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT
				UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT
		" " UTF8_REPLACEMENT UTF8_REPLACEMENT;
	struct encoder e = make_encoder();
	struct flow_record r = sample_nasty();
	static struct decoded d;
	char longest[DPI_STRING_MAX + 100], replaced[TLV_TEXT_BYTES_MAX + 1] = "";
	u_int32_t size = ndpi_serializer_get_internal_buffer_size(&e.tlv->serializer);

	(void)state;
	decode(&d, encode(&e, &r));
	expect_text(&d, ELEMENT_SERVER_NAME, clean);
	memset(longest, '\xff', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (int i = 0; i < DPI_STRING_MAX; i++)
		memcpy(replaced + (size_t)3 * i, UTF8_REPLACEMENT, 4);
	r = sample_extreme();
	r.server_name = r.http_url = longest;
	for (int i = 0; i < 100; i++)
		decode(&d, encode(&e, &r));
	expect_text(&d, ELEMENT_SERVER_NAME, replaced);
	expect_text(&d, ELEMENT_HTTP_URL, replaced);
	/* Nothing was allocated on the way. */
	assert_int_equal(ndpi_serializer_get_internal_buffer_size(&e.tlv->serializer), size);
	tlv_encoder_destroy(e.tlv);
}

/* What a message of several records is made of. */
static void test_records_one_behind_the_other(void **state)
{
	struct encoder e = make_encoder();
	struct wbuf w = wbuf_make(message, sizeof message);
	struct flow_record r = sample_ipv4();
	static struct decoded d;

	(void)state;
	r.server_name = "";
	tlv_put_start(&w);
	tlv_encode(&e, &w, &r);
	tlv_encode(&e, &w, &r);
	decode(&d, (size_t)(w.at - message));
	assert_int_equal(d.records, 2);
	tlv_encoder_destroy(e.tlv);
}

static void test_no_room(void **state)
{
	struct encoder e = make_encoder();
	struct flow_record r = sample_ipv4();
	struct wbuf w = wbuf_make(message, 50);

	(void)state;
	tlv_encode(&e, &w, &r);
	assert_true(w.failed);
	tlv_encoder_destroy(e.tlv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes),
		cmocka_unit_test(test_every_element),
		cmocka_unit_test(test_other_flows),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_records_one_behind_the_other),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
