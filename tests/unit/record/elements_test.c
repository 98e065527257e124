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
			const enum element first = element_by_ipfix(e->pen, e->ipfix_id);

			assert_int_equal(element_info(first)->ipfix_id, e->ipfix_id);
			assert_int_equal(element_info(first)->pen, e->pen);
			assert_true(first == i || (e->again && !element_info(first)->again));
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
	assert_string_equal(element_info(ELEMENT_SRC_IPV4)->key, "src_ip");
	assert_false(element_info(ELEMENT_SRC_IPV4)->in_json);
}

static bool is_in(enum element e, unsigned int flow_class)
{
	const struct element_info *info = element_info(e);

	return info->sent & 1U << PROFILE_COMPAT && CLASS_MEETS(info->templates, flow_class);
}

static void test_flows_carry_what_they_have(void **state)
{
	(void)state;
	for (unsigned int t = 0; t < 6; t++) {
		bool v6 = t / 3, icmp = t % 3 == 2;
		unsigned int c = (v6 ? CLASS_IPV6 : CLASS_IPV4) | (unsigned int)CLASS_TCP << t % 3 |
				 CLASS_UNNAMED | CLASS_PLAIN;

		assert_int_equal(is_in(ELEMENT_SRC_IPV4, c), !v6);
		assert_int_equal(is_in(ELEMENT_DST_IPV6, c), v6);
		assert_int_equal(is_in(ELEMENT_SRC_PORT, c), !icmp);
		assert_int_equal(is_in(ELEMENT_ICMP_IPV4, c), icmp && !v6);
		assert_int_equal(is_in(ELEMENT_ICMP_IPV6, c), icmp && v6);
		assert_true(is_in(ELEMENT_PACKETS, c));
		assert_true(is_in(ELEMENT_REV_BYTES, c));
		/* Reverse flags would overwrite the forward ones in nfcapd. */
		assert_false(is_in(ELEMENT_REV_TCP_FLAGS, c));
	}
}

/* What the constant templates of lib/export/ipfix.c rely on. */
static void test_compat_asks_for_family_and_ports_only(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);
		bool tcp = e->templates & CLASS_TCP, ports = e->templates & CLASS_PORTS;

		if (!(e->sent & 1U << PROFILE_COMPAT))
			continue;
		assert_int_equal(e->templates & CLASS_L7, CLASS_L7);
		assert_int_equal(e->templates & CLASS_PATH, CLASS_PATH);
		assert_int_equal(tcp, ports);
		assert_true(e->wire_bytes != VARIABLE);
	}
}

static void test_record_has_its_class(void **state)
{
	struct flow_record r = {.ip_version = 4, .protocol = 6};

	(void)state;
	r.tls_alpn = r.tls_ja3c = r.tls_ja3s = r.http_url = r.http_user_agent = "";
	r.http_content_type = r.ssh_client = r.ssh_server = "";
	r.ssh_hassh_client = r.ssh_hassh_server = "";
	assert_int_equal(flow_record_class(&r),
			 CLASS_IPV4 | CLASS_TCP | CLASS_UNNAMED | CLASS_PLAIN);
	r.protocol = 1;
	r.mpls_labels_n = 1;
	assert_int_equal(flow_record_class(&r),
			 CLASS_IPV4 | CLASS_ICMP | CLASS_UNNAMED | CLASS_TUNNEL);
	r.ip_version = 6;
	r.protocol = 58;
	assert_int_equal(flow_record_short_class(&r), CLASS_IPV6 | CLASS_ICMP);
	r.protocol = 17;
	r.mpls_labels_n = 0;
	r.tunnel_type = TUNNEL_GTPU;
	r.tls_ja3c = "x";
	assert_int_equal(flow_record_class(&r),
			 CLASS_IPV6 | CLASS_PORTS | CLASS_TLS | CLASS_TUNNEL);
	/* What processors saw is one more protocol over TCP; over UDP nDPI's may be its form. */
	r.l7_seen = CLASS_QUIC;
	assert_int_equal(flow_record_class(&r) & CLASS_L7, CLASS_QUIC);
	r.protocol = 6;
	r.l7_seen = CLASS_HTTP;
	assert_int_equal(flow_record_class(&r) & CLASS_L7, CLASS_HTTP | CLASS_TLS);
	r.protocol = 17;
	r.l7_seen = 0;
	r.dns_query_type = 1;
	r.http_status = 200;
	r.ssh_server = "SSH-2.0-x";
	assert_int_equal(flow_record_class(&r) & CLASS_L7, CLASS_TLS | CLASS_HTTP | CLASS_DNS);
}

static void test_numbers_are_given_once(void **state)
{
	uint32_t pen, other_pen;
	uint16_t id, other_id;

	(void)state;
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		if (!element_alias((enum element)i, &pen, &id))
			continue;
		/* An alias is nobody else's number, or a collector could not tell the two apart. */
		assert_int_equal(element_by_ipfix(pen, id), ELEMENT_N);
		for (unsigned int k = 0; k < i; k++)
			if (element_alias((enum element)k, &other_pen, &other_id))
				assert_true(other_pen != pen || other_id != id);
	}
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (element_info((enum element)i)->pen == PEN_REVERSE)
			assert_true(element_is_reverse((enum element)i));
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
	assert_false(WHEN_ip(&r, 0) || WHEN_rev_ip(&r, 0));
	assert_false(WHEN_tcp(&r, 0) || WHEN_rev_tcp(&r, 0));
	assert_false(WHEN_mpls(&r, r.mpls_labels[0]));
	assert_false(WHEN_outer(&r, 0));
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
	r.known = KNOWN_IP_REV | KNOWN_TCP_FWD;
	assert_false(WHEN_ip(&r, 0) || WHEN_rev_tcp(&r, 0));
	assert_true(WHEN_rev_ip(&r, 0) && WHEN_tcp(&r, 0));
	r.mpls_labels_n = 2;
	assert_true(WHEN_mpls(&r, r.mpls_labels[1]));
	assert_false(WHEN_mpls(&r, r.mpls_labels[2]));
	assert_false(WHEN_outer(&r, 0));
	r.outer_ip_version = 4;
	assert_true(WHEN_outer(&r, 0));
}

static void test_times_are_put_in_order(void **state)
{
	struct flow_record r = {.start_ns = 100,
				.end_ns = 90,
				.packets = {1, 1},
				.dir_start_ns = {50, 120},
				.dir_end_ns = {40, 110}};

	(void)state;
	flow_record_order_times(&r);
	assert_int_equal(r.start_ns, 100);
	assert_int_equal(r.end_ns, 100);
	for (unsigned int d = 0; d < DIR_N; d++) {
		assert_int_equal(r.dir_start_ns[d], 100);
		assert_int_equal(r.dir_end_ns[d], 100);
	}
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
		if (!e->in_json)
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
		cmocka_unit_test(test_flows_carry_what_they_have),
		cmocka_unit_test(test_compat_asks_for_family_and_ports_only),
		cmocka_unit_test(test_record_has_its_class),
		cmocka_unit_test(test_numbers_are_given_once),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_times_are_put_in_order),
		cmocka_unit_test(test_end_reasons),
		cmocka_unit_test(test_pages_name_every_element),
		cmocka_unit_test(test_a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
