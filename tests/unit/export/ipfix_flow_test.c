/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What IPFIX and NetFlow version 9 say of flows: directions, times, keys, groups of fields, and
 * which fields an operator chose. A name with a capital and a number is the rule of the conformance
 * checklist that the test is for: B of biflows, F of flow semantics, M of messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/ipfix_internal.h"
#include "profile_reader.h"

struct session {
	struct ipfix_profile *p;
	struct reader *reader;
};

static struct session begin(struct ipfix_options o)
{
	struct session s = {.p = profile_of(&o)};

	s.reader = reader_of(s.p, o.version == IPFIX_NETFLOW9);
	return s;
}

static void end(struct session *s)
{
	free(s->reader);
	ipfix_profile_destroy(s->p);
}

static struct read_record read_by(const struct session *s, struct flow_record r)
{
	return through(s->p, s->reader, r);
}

static const struct ipfix_options compat = {.biflow = true};
static const struct ipfix_options full = {.profile = PROFILE_FULL, .biflow = true, .pen = 32473};

static void test_B1_reverse_elements(void **state)
{
	struct session s = begin(full);
	struct flow_record rich = sample_rich();
	struct read_record r = read_by(&s, rich);

	(void)state;
	assert_int_equal(number_of(&r, PEN_REVERSE, 1), 123456);
	assert_int_equal(number_of(&r, PEN_REVERSE, 2), 12);
	assert_int_equal(number_of(&r, PEN_REVERSE, 6), 0x13);
	assert_int_equal(number_of(&r, PEN_REVERSE, 5), 0x48);
	assert_int_equal(number_of(&r, PEN_REVERSE, 192), 58);
	assert_int_equal(number_of(&r, PEN_REVERSE, 52), 57);
	assert_int_equal(number_of(&r, PEN_REVERSE, 53), 59);
	assert_int_equal(number_of(&r, PEN_REVERSE, 186), 65160);
	assert_int_equal(number_of(&r, PEN_REVERSE, 352), 123624);
	/* Who sent the SYN began. */
	assert_int_equal(number_of(&r, 0, 239), 1);
	rich.tcp_flags[DIR_FWD] &= (uint16_t)~2U;
	r = read_by(&s, rich);
	assert_int_equal(number_of(&r, 0, 239), 0);
	end(&s);
}

/* In profile compat reverse octets and packets only, which uniflow collectors add up or skip. */
static void test_B1_compat_has_two_reverse_elements(void **state)
{
	struct session s = begin(compat);
	struct read_record r = read_by(&s, sample_ipv4());
	unsigned int reverse = 0;

	(void)state;
	for (unsigned int f = 0; f < r.template->n; f++)
		reverse += r.template->fields[f].pen == PEN_REVERSE;
	assert_int_equal(reverse, 2);
	end(&s);
}

/* No reverse packets: reverse counters of 0, in the same template. */
static void test_B2_one_way_flows_have_zero_reverse_counters(void **state)
{
	struct session s = begin(compat);
	struct read_record two_ways = read_by(&s, sample_ipv4()), one_way;
	struct flow_record r = sample_ipv4();

	(void)state;
	r.packets[DIR_REV] = r.octets[DIR_REV] = 0;
	one_way = read_by(&s, r);
	assert_ptr_equal(one_way.template, two_ways.template);
	assert_int_equal(number_of(&one_way, PEN_REVERSE, 2), 0);
	end(&s);
}

static void test_B3_no_reverse_of_keys_and_ids(void **state)
{
	static const uint16_t never[] = {4,  7,	 8,   11,  12,	27,  28,  56,  58, 60,
					 80, 95, 145, 148, 149, 173, 239, 302, 136};

	(void)state;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		assert_int_equal(element_by_ipfix(PEN_REVERSE, never[i]), ELEMENT_N);
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (element_info((enum element)i)->pen == PEN_REVERSE)
			assert_true(element_is_reverse((enum element)i));
}

static void test_B4_two_directions_are_all_packets(void **state)
{
	struct session both = begin(compat), one = begin((struct ipfix_options){0});
	struct flow_record half[DIR_N], whole = sample_ipv4();
	struct read_record r = read_by(&both, whole);
	uint64_t packets = number_of(&r, 0, 2) + number_of(&r, PEN_REVERSE, 2);
	uint64_t bytes = number_of(&r, 0, 1) + number_of(&r, PEN_REVERSE, 1);

	(void)state;
	assert_int_equal(flow_record_uniflows(&whole, half), 2);
	for (unsigned int i = 0; i < 2; i++) {
		struct read_record h = read_by(&one, half[i]);

		assert_false(has_field(&h, PEN_REVERSE, 2));
		packets -= number_of(&h, 0, 2);
		bytes -= number_of(&h, 0, 1);
	}
	assert_int_equal(packets, 0);
	assert_int_equal(bytes, 0);
	end(&both);
	end(&one);
}

static void test_uniflows_are_turned_around(void **state)
{
	struct flow_record whole = sample_rich(), half[DIR_N];

	(void)state;
	assert_int_equal(flow_record_uniflows(&whole, half), 2);
	assert_int_equal(half[0].start_ns, whole.dir_start_ns[DIR_FWD]);
	assert_int_equal(half[0].end_ns, whole.dir_end_ns[DIR_FWD]);
	assert_int_equal(half[0].packets[DIR_REV], 0);
	assert_int_equal(half[0].ip_tos, 0x28);
	assert_int_equal(half[1].start_ns, whole.dir_start_ns[DIR_REV]);
	assert_int_equal(half[1].end_ns, whole.dir_end_ns[DIR_REV]);
	assert_int_equal(half[1].dir_start_ns[DIR_FWD], whole.dir_start_ns[DIR_REV]);
	assert_int_equal(half[1].packets[DIR_FWD], 12);
	assert_int_equal(half[1].packets[DIR_REV], 0);
	assert_int_equal(half[1].l2_octets[DIR_FWD], 123624);
	assert_int_equal(half[1].tcp_flags[DIR_FWD], 0x13);
	assert_int_equal(half[1].src_port, 443);
	assert_int_equal(half[1].dst_port, 40000);
	assert_memory_equal(half[1].src_addr, whole.dst_addr, 16);
	assert_memory_equal(half[1].dst_mac, whole.src_mac, 6);
	assert_memory_equal(half[1].outer_src_addr, whole.outer_dst_addr, 16);
	assert_int_equal(half[1].ip_tos, 0x48);
	assert_int_equal(half[1].ip_ttl, 58);
	assert_int_equal(half[1].ttl_min[DIR_FWD], 57);
	assert_int_equal(half[1].tcp_mss[DIR_FWD], 1440);
	assert_int_equal(half[1].tcp_syn_bytes, 0);
	assert_int_equal(half[1].known, KNOWN_IP_FWD | KNOWN_TCP_FWD);
	assert_int_equal(half[0].known, KNOWN_IP_FWD | KNOWN_TCP_FWD);
	assert_int_equal(half[1].flow_id, whole.flow_id);
	assert_string_equal(half[1].server_name, whole.server_name);
	whole.packets[DIR_REV] = 0;
	assert_int_equal(flow_record_uniflows(&whole, half), 1);
	whole.packets[DIR_FWD] = 0; /* the end of a sliced flow that was quiet since */
	assert_int_equal(flow_record_uniflows(&whole, half), 1);
	whole.packets[DIR_REV] = 3;
	assert_int_equal(flow_record_uniflows(&whole, half), 1);
	assert_int_equal(half[0].src_port, 443);
	assert_int_equal(half[0].packets[DIR_FWD], 3);
}

static void test_F1_end_reasons(void **state)
{
	static const struct {
		enum end_reason reason;
		unsigned int number;
	} rows[] = {{END_IDLE, 1},   {END_ACTIVE, 2},	{END_DETECTED, 3},
		    {END_FORCED, 4}, {END_OVERFLOW, 5}, {END_SLICE, 2}};
	struct session s = begin(compat);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct flow_record flow = sample_ipv4();
		struct read_record r;

		flow.end_reason = rows[i].reason;
		r = read_by(&s, flow);
		assert_int_equal(number_of(&r, 0, 136), rows[i].number);
	}
	end(&s);
}

static void test_F3_bytes_are_IP_lengths(void **state)
{
	struct session s = begin(compat);
	struct read_record r = read_by(&s, sample_ipv4());

	(void)state;
	assert_int_equal(number_of(&r, 0, 1), 1500);
	assert_int_equal(number_of(&r, 0, 352), 1640);
	end(&s);
}

static void assert_times(const struct session *s, const struct flow_record *flow,
			 const uint16_t ids[2])
{
	struct read_record r = read_by(s, *flow);

	assert_true(number_of(&r, 0, ids[0]) <= number_of(&r, 0, ids[1]));
	if (!has_field(&r, PEN_REVERSE, ids[0]))
		return;
	assert_true(number_of(&r, 0, ids[0]) <= number_of(&r, PEN_REVERSE, ids[0]));
	assert_true(number_of(&r, PEN_REVERSE, ids[0]) <= number_of(&r, PEN_REVERSE, ids[1]));
	assert_true(number_of(&r, PEN_REVERSE, ids[1]) <= number_of(&r, 0, ids[1]));
}

/* Whatever a clock did while the flow lived. */
static void test_F4_start_is_not_after_end(void **state)
{
	static const uint16_t ms[2] = {152, 153}, ns[2] = {156, 157};
	struct session c = begin(compat), f = begin(full);

	(void)state;
	for (unsigned int i = 0; i < 64; i++) {
		struct flow_record r = sample_ipv4();

		r.end_ns = i & 1 ? r.start_ns - 1000000000 : r.end_ns;
		r.dir_start_ns[DIR_FWD] -= i & 2 ? 5000000000ULL : 0;
		r.dir_end_ns[DIR_FWD] += i & 4 ? 5000000000ULL : 0;
		r.dir_start_ns[DIR_REV] += i & 8 ? 9000000000ULL : 0;
		r.dir_end_ns[DIR_REV] -= i & 16 ? 9000000000ULL : 0;
		r.start_ns += i & 32 ? 100 : 0;
		assert_times(&c, &r, ms);
		assert_times(&f, &r, ns);
	}
	end(&c);
	end(&f);
}

static void test_M3_export_time_is_not_before_the_end(void **state)
{
	const uint64_t s = 1000000000;

	(void)state;
	assert_int_equal(ipfix_export_time_s(5 * s, 4 * s), 5);
	assert_int_equal(ipfix_export_time_s(5 * s + 1, 5 * s), 6);
	assert_int_equal(ipfix_export_time_s(5 * s, 5 * s + 1), 6);
	assert_int_equal(ipfix_export_time_s(5 * s, 100 * s), 100);
}

static void test_F5_where_it_was_seen(void **state)
{
	struct session s = begin(full), c = begin(compat);
	struct read_record r = read_by(&s, sample_rich());

	(void)state;
	assert_int_equal(number_of(&r, 0, 58), 100);
	assert_int_equal(number_of(&r, 0, 245), 200);
	assert_bytes(&r, 0, 70, "\x03\xe8\x16", 3);
	assert_bytes(&r, 0, 71, "\x00\x06\x41", 3);
	assert_bytes(&r, 0, 72, "\0\0\0", 3);
	assert_int_equal(number_of(&r, 0, 60), 4);
	assert_int_equal(number_of(&r, 0, 10), 1);
	assert_bytes(&r, 0, 351, "\x01\0\0\0\0\0\x10\x92", 8);
	assert_int_equal(number_of(&r, 0, 296), 0);
	assert_int_equal(number_of(&r, 35632, 106), 4242);
	assert_text(&r, 32473, 2, "vxlan");
	assert_bytes(&r, 32473, 14, sample_rich().outer_src_addr, 16);
	r = read_by(&c, sample_rich());
	assert_int_equal(number_of(&r, 0, 58), 100);
	assert_int_equal(number_of(&r, 0, 245), 200);
	end(&s);
	end(&c);
}

static void test_outer_ipv4_and_gre(void **state)
{
	struct session s = begin(full);
	struct flow_record flow = sample_rich();
	struct read_record r;

	(void)state;
	flow.tunnel_type = TUNNEL_GRE;
	flow.outer_ip_version = 4;
	memcpy(flow.outer_src_addr, "\xc0\0\x02\x07", 4);
	r = read_by(&s, flow);
	assert_int_equal(number_of(&r, 0, 296), 4242);
	assert_int_equal(number_of(&r, 0, 351), 0);
	assert_bytes(&r, 32473, 14, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x07", 16);
	flow.outer_ip_version = 0;
	r = read_by(&s, flow);
	assert_bytes(&r, 32473, 14, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	end(&s);
}

static void test_F6_icmp_is_not_in_ports(void **state)
{
	struct session s = begin(compat);
	struct read_record r = read_by(&s, sample_icmp());

	(void)state;
	assert_int_equal(number_of(&r, 0, 32), 8 << 8);
	assert_false(has_field(&r, 0, 7) || has_field(&r, 0, 11) || has_field(&r, 0, 139));
	r = read_by(&s, sample_icmp6());
	assert_int_equal(number_of(&r, 0, 139), 135 << 8);
	assert_false(has_field(&r, 0, 7) || has_field(&r, 0, 32));
	end(&s);
}

/* What metering did not look at is 0, not what the memory held. */
static void test_unknown_facts_are_zero(void **state)
{
	struct session s = begin(full);
	struct flow_record flow = sample_rich();
	struct read_record r;

	(void)state;
	r = read_by(&s, flow);
	assert_int_equal(number_of(&r, 0, 209), 1U << 2 | 1U << 8);
	assert_int_equal(number_of(&r, 8057, 900), 1460);
	assert_int_equal(number_of(&r, 8057, 901), 1440);
	assert_int_equal(number_of(&r, 8057, 902), 60);
	assert_int_equal(number_of(&r, 0, 197), 0x40);
	flow.known = 0;
	r = read_by(&s, flow);
	assert_int_equal(number_of(&r, 0, 209), 0);
	assert_int_equal(number_of(&r, 0, 52), 0);
	assert_int_equal(number_of(&r, PEN_REVERSE, 5), 0);
	end(&s);
}

/* Fields of a protocol stand in templates of flows with that protocol only. */
static void test_groups_have_templates_of_their_own(void **state)
{
	struct session s = begin((struct ipfix_options){
		.profile = PROFILE_FULL, .biflow = true, .missing_sources = NO_PROCESSORS});
	struct flow_record flow = sample_ipv4();
	struct read_record r = read_by(&s, flow);

	(void)state;
	assert_text(&r, 8057, 808, "www.example.org");
	assert_int_equal(number_of(&r, 39499, 333), 772);
	assert_bytes(&r, 39499, 357,
		     "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef", 16);
	assert_false(has_field(&r, 39499, 2) || has_field(&r, 8057, 3));
	assert_false(has_field(&r, 0, 70) || has_field(&r, 35632, 539));
	r = read_by(&s, sample_ipv6());
	assert_int_equal(number_of(&r, 8057, 3), 28);
	assert_int_equal(number_of(&r, 8057, 1), 3);
	assert_text(&r, 8057, 2, "example.com");
	assert_false(has_field(&r, 8057, 808) || has_field(&r, 0, 186));
	flow.http_url = "/index.html"; /* and TLS */
	r = read_by(&s, flow);
	assert_text(&r, 39499, 2, "/index.html");
	assert_text(&r, 8057, 808, "www.example.org");
	flow = sample_icmp();
	r = read_by(&s, flow);
	assert_false(has_field(&r, 8057, 808) || has_field(&r, 0, 186));
	end(&s);
}

static void test_ntop_has_ntops_numbers(void **state)
{
	struct session s = begin((struct ipfix_options){.profile = PROFILE_NTOP, .biflow = true});
	struct read_record r = read_by(&s, sample_ipv4());

	(void)state;
	assert_int_equal(number_of(&r, 0, 24), 12);
	assert_int_equal(number_of(&r, 0, 23), 123456);
	assert_false(has_field(&r, PEN_REVERSE, 2));
	assert_int_equal(number_of(&r, 35632, 118), 126);
	assert_text(&r, 35632, 119, "TLS.Google");
	assert_text(&r, 35632, 188, "www.example.org");
	assert_int_equal(number_of(&r, 0, 152), SAMPLE_NS / 1000000);
	end(&s);
}

static void test_version_9(void **state)
{
	struct session s = begin((struct ipfix_options){
		.version = IPFIX_NETFLOW9, .biflow = true, .profile = PROFILE_FULL, .pen = 32473});
	struct read_record r = read_by(&s, sample_rich());

	(void)state;
	assert_int_equal(number_of(&r, 0, 24), 12);
	assert_int_equal(number_of(&r, 0, 23), 123456);
	assert_int_equal(number_of(&r, 0, 1), 1500);
	assert_int_equal(number_of(&r, 0, 152), SAMPLE_NS / 1000000);
	for (uint32_t i = 0; i < s.reader->n; i++)
		for (unsigned int f = 0; f < s.reader->templates[i].n; f++) {
			assert_int_equal(s.reader->templates[i].fields[f].pen, 0);
			assert_true(s.reader->templates[i].fields[f].width < 256);
		}
	end(&s);
}

static void test_fields_that_were_chosen(void **state)
{
	struct session s =
		begin((struct ipfix_options){.biflow = true, .fields = "-src_mac,-link +ttl"});
	struct read_record r = read_by(&s, sample_ipv4());

	(void)state;
	assert_false(has_field(&r, 0, 56) || has_field(&r, 0, 58) || has_field(&r, 0, 352));
	assert_int_equal(number_of(&r, 0, 192), 64);
	assert_true(has_field(&r, 0, 152));
	end(&s);
	s = begin((struct ipfix_options){.fields = "src_ip, dst_ip packets\tserver_name"});
	r = read_by(&s, sample_ipv6());
	assert_int_equal(r.template->n, 4);
	assert_int_equal(r.template->fields[0].id, 27);
	assert_text(&r, 8057, 2, "example.com");
	r = read_by(&s, sample_nasty());
	assert_true(has_field(&r, 8057, 808) || has_field(&r, 39499, 1));
	end(&s);
	s = begin((struct ipfix_options){.fields = "default tcp", .biflow = true});
	r = read_by(&s, sample_rich());
	assert_true(has_field(&r, 0, 186) && has_field(&r, 0, 152));
	end(&s);
}

static void assert_refused(struct ipfix_options o, const char *why)
{
	struct ipfix_profile *p = NULL;
	char error[256] = "";

	assert_int_equal(ipfix_profile_create(&p, &o, error, sizeof error), -22);
	assert_null(p);
	if (!strstr(error, why) || strchr(error, '\n'))
		fail_msg("%s: %s", o.fields, error);
}

static void test_fields_that_are_refused(void **state)
{
	const struct ipfix_options v9 = {.version = IPFIX_NETFLOW9, .fields = "server_name"};

	(void)state;
	assert_refused((struct ipfix_options){.fields = "src_ipp"}, "did you mean src_ip?");
	assert_refused((struct ipfix_options){.fields = "basic +nonsense9"},
		       "there is no nonsense9");
	assert_refused((struct ipfix_options){.fields = "community_id"}, "pen = NUMBER");
	assert_refused(v9, "NetFlow version 9 cannot carry server_name");
	assert_refused((struct ipfix_options){.fields = "rev_packets"}, "needs biflow = yes");
	assert_refused((struct ipfix_options){.fields = "-default"}, "some flows would have none");
	assert_refused((struct ipfix_options){.fields = "src_port"}, "some flows would have none");
	assert_refused((struct ipfix_options){.fields = "schema"}, "cannot be sent");
	assert_refused((struct ipfix_options){.fields = "default", .record_bytes_max = 64},
		       "messages have room for 64");
}

static void test_an_own_number(void **state)
{
	struct session s = begin((struct ipfix_options){.pen = 12345, .fields = "+community_id"});
	struct read_record r = read_by(&s, sample_ipv4());

	(void)state;
	assert_text(&r, 12345, 1, "1:s1igm7PE3cqMewMM2uZPY3r6QAI=");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_B1_reverse_elements),
		cmocka_unit_test(test_B1_compat_has_two_reverse_elements),
		cmocka_unit_test(test_B2_one_way_flows_have_zero_reverse_counters),
		cmocka_unit_test(test_B3_no_reverse_of_keys_and_ids),
		cmocka_unit_test(test_B4_two_directions_are_all_packets),
		cmocka_unit_test(test_uniflows_are_turned_around),
		cmocka_unit_test(test_F1_end_reasons),
		cmocka_unit_test(test_F3_bytes_are_IP_lengths),
		cmocka_unit_test(test_F4_start_is_not_after_end),
		cmocka_unit_test(test_M3_export_time_is_not_before_the_end),
		cmocka_unit_test(test_F5_where_it_was_seen),
		cmocka_unit_test(test_outer_ipv4_and_gre),
		cmocka_unit_test(test_F6_icmp_is_not_in_ports),
		cmocka_unit_test(test_unknown_facts_are_zero),
		cmocka_unit_test(test_groups_have_templates_of_their_own),
		cmocka_unit_test(test_ntop_has_ntops_numbers),
		cmocka_unit_test(test_version_9),
		cmocka_unit_test(test_fields_that_were_chosen),
		cmocka_unit_test(test_fields_that_are_refused),
		cmocka_unit_test(test_an_own_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
