/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of elements: look-ups, templates, and the tests for values that mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "record/elements.h"

static void test_lookup_finds_each_row(void **state)
{
	unsigned int with_ipfix = 0, with_tlv = 0;

	(void)state;
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);

		if (e->ipfix_id) {
			assert_int_equal(element_by_ipfix(e->pen, e->ipfix_id), i);
			with_ipfix++;
		}
		if (e->tlv_id) {
			assert_int_equal(element_by_tlv(e->tlv_id), i);
			with_tlv++;
		}
		assert_true(e->sentence[0] != '\0');
	}
	assert_true(with_ipfix > 20 && with_tlv > 20);
}

static void test_lookup_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(element_by_ipfix(0, 0), ELEMENT_N);
	assert_int_equal(element_by_ipfix(0, 9999), ELEMENT_N);
	assert_int_equal(element_by_ipfix(PEN_REVERSE, 4), ELEMENT_N);
	assert_int_equal(element_by_tlv(0), ELEMENT_N);
	assert_int_equal(element_by_tlv(65535), ELEMENT_N);
}

static void test_known_numbers(void **state)
{
	(void)state;
	assert_int_equal(element_by_ipfix(0, 152), ELEMENT_FIRST);
	assert_int_equal(element_by_ipfix(0, 27), ELEMENT_SRC_IPV6);
	assert_int_equal(element_by_ipfix(PEN_REVERSE, 2), ELEMENT_REV_PACKETS);
	assert_int_equal(element_by_tlv(57590), ELEMENT_L7_PROTO_IDS);
	assert_int_equal(element_by_tlv(23), ELEMENT_REV_BYTES);
	assert_string_equal(element_info(ELEMENT_REV_BYTES)->key, "rev_bytes");
	assert_null(element_info(ELEMENT_SRC_IPV4)->key);
}

static bool in_template(enum element e, enum flow_template t)
{
	return element_info(e)->templates & 1U << t;
}

static void test_templates_hold_what_their_flows_have(void **state)
{
	(void)state;
	for (unsigned int t = 0; t < TEMPLATE_N; t++) {
		bool v6 = t == TEMPLATE_IPV6_PORTS || t == TEMPLATE_IPV6_ICMP;
		bool icmp = t == TEMPLATE_IPV4_ICMP || t == TEMPLATE_IPV6_ICMP;
		enum flow_template id = (enum flow_template)t;

		assert_int_equal(in_template(ELEMENT_SRC_IPV4, id), !v6);
		assert_int_equal(in_template(ELEMENT_DST_IPV6, id), v6);
		assert_int_equal(in_template(ELEMENT_SRC_PORT, id), !icmp);
		assert_int_equal(in_template(ELEMENT_ICMP_IPV4, id), icmp && !v6);
		assert_int_equal(in_template(ELEMENT_ICMP_IPV6, id), icmp && v6);
		assert_true(in_template(ELEMENT_PACKETS, id));
		assert_true(in_template(ELEMENT_REV_BYTES, id));
		/* Reverse flags would overwrite the forward ones in nfcapd. */
		assert_false(in_template(ELEMENT_REV_TCP_FLAGS, id));
	}
}

static void test_record_goes_by_its_template(void **state)
{
	struct flow_record r = {.ip_version = 4, .protocol = 6};

	(void)state;
	assert_int_equal(flow_record_template(&r), TEMPLATE_IPV4_PORTS);
	r.protocol = 1;
	assert_int_equal(flow_record_template(&r), TEMPLATE_IPV4_ICMP);
	r.ip_version = 6;
	r.protocol = 58;
	assert_int_equal(flow_record_template(&r), TEMPLATE_IPV6_ICMP);
	r.protocol = 17;
	assert_int_equal(flow_record_template(&r), TEMPLATE_IPV6_PORTS);
}

static void test_rules(void **state)
{
	struct flow_record r = {.protocol = 6, .dns_query_type = 1};

	(void)state;
	assert_true(WHEN_always(&r, 0));
	assert_false(WHEN_icmp(&r, 0));
	assert_false(WHEN_reverse(&r, 0));
	assert_false(WHEN_mac(&r, 0));
	assert_false(WHEN_tunnel(&r, 0));
	assert_false(WHEN_l7(&r, 0));
	assert_false(WHEN_l7_name(&r, "TLS"));
	assert_false(WHEN_dns(&r, 0));
	assert_false(WHEN_set(&r, ""));
	assert_true(WHEN_set(&r, "x"));
	r.protocol = 58;
	r.packets[DIR_REV] = 1;
	r.dst_mac[5] = 1;
	r.tunnel_type = TUNNEL_GRE;
	r.l7_flags = L7_INSPECTED;
	assert_true(WHEN_icmp(&r, 0));
	assert_true(WHEN_reverse(&r, 0));
	assert_true(WHEN_mac(&r, 0));
	assert_true(WHEN_tunnel(&r, 0));
	assert_true(WHEN_l7(&r, 0));
	assert_true(WHEN_l7_name(&r, "TLS"));
	assert_false(WHEN_l7_name(&r, ""));
	assert_true(WHEN_dns(&r, 0));
}

static void test_end_reasons(void **state)
{
	(void)state;
	assert_string_equal(end_reason_name(END_IDLE), "idle");
	assert_string_equal(end_reason_name(END_ACTIVE), "active");
	assert_string_equal(end_reason_name(END_DETECTED), "end");
	assert_string_equal(end_reason_name(END_FORCED), "forced");
	assert_string_equal(end_reason_name(END_OVERFLOW), "overflow");
	assert_string_equal(end_reason_name(END_SLICE), "slice");
	assert_string_equal(end_reason_name(END_N), "none");
	for (int i = END_IDLE; i <= END_OVERFLOW; i++)
		assert_int_equal(end_reason_ipfix((enum end_reason)i), i);
	assert_int_equal(end_reason_ipfix(END_SLICE), 2);
}

/* What a printer wrote, as a string of the caller's. */
static void print_into(int (*print)(FILE *), char *text, size_t len)
{
	FILE *f = fmemopen(text, len, "w");

	assert_non_null(f);
	assert_int_equal(print(f), 0);
	fclose(f);
}

static void test_pages_name_every_element(void **state)
{
	static char page[65536], schema[65536];
	char quoted[64];

	(void)state;
	print_into(elements_print_markdown, page, sizeof page);
	print_into(elements_print_schema, schema, sizeof schema);
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);

		assert_non_null(strstr(page, e->sentence));
		if (!e->key)
			continue;
		snprintf(quoted, sizeof quoted, "`%s`", e->key);
		assert_non_null(strstr(page, quoted));
		snprintf(quoted, sizeof quoted, "    \"%s\": {", e->key);
		assert_non_null(strstr(schema, quoted));
	}
}

static void test_a_full_disk_is_told(void **state)
{
	FILE *f = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(elements_print_markdown(f), -28);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_finds_each_row),
		cmocka_unit_test(test_lookup_of_nothing),
		cmocka_unit_test(test_known_numbers),
		cmocka_unit_test(test_templates_hold_what_their_flows_have),
		cmocka_unit_test(test_record_goes_by_its_template),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_end_reasons),
		cmocka_unit_test(test_pages_name_every_element),
		cmocka_unit_test(test_a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
