/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options records, read back by their templates. A name with a capital and a number is the rule of
 * the conformance checklist that the test is for: O of options, S of sampling, A of applications, I
 * of type information, L of lists, Q of requirements.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/ipfix_internal.h"
#include "profile_reader.h"

static const struct ipfix_application applications[] = {
	{.id = 7, .name = "HTTP", .description = "", .category = "Web"},
	{.id = 91, .name = "TLS", .description = "Transport Layer Security", .category = "Web"},
	{.id = 1300,
	 .name = "a custom name that is longer than 24",
	 .description = "",
	 .category = ""},
};
#define APPLICATIONS (sizeof applications / sizeof *applications)

static const struct ipfix_numbers numbers = {
	.observation_domain = 17,
	.process_id = 4711,
	.exported_messages = 1001,
	.exported_records = 1002,
	.exported_octets = 1003,
	.ignored_packets = 2001,
	.ignored_octets = 2002,
	.first_ignored_ns = 2003000000,
	.last_ignored_ns = 2004000000,
	.not_sent_records = 3001,
	.not_sent_packets = 3002,
	.not_sent_octets = 3003,
	.first_not_sent_ns = 3004000000,
	.last_not_sent_ns = 3005000000,
	.sampling_packets = 100,
	.packets_observed = 500000,
	.packets_selected = 5000,
};

struct session {
	struct ipfix_profile *p;
	struct reader *reader;
};

static struct session begin(struct ipfix_options o)
{
	struct session s;

	s.p = profile_of(&o);
	ipfix_profile_set_applications(s.p, applications, APPLICATIONS);
	s.reader = reader_of(s.p, o.version == IPFIX_NETFLOW9);
	return s;
}

static void end(struct session *s)
{
	free(s->reader);
	ipfix_profile_destroy(s->p);
}

static struct read_record report(const struct session *s, enum ipfix_report report_, uint32_t i)
{
	return report_through(s->p, s->reader, report_, i, &numbers);
}

static void test_O1_metering_statistics(void **state)
{
	struct session s = begin((struct ipfix_options){0});
	struct read_record r = report(&s, IPFIX_METERING_STATISTICS, 0);

	(void)state;
	assert_int_equal(r.template->n, 5);
	assert_int_equal(r.template->n_scope, 2);
	assert_true(place_of(&r, 0, 149, 0) < 2 && place_of(&r, 0, 143, 0) < 2);
	assert_int_equal(number_of(&r, 0, 149), 17);
	assert_int_equal(number_of(&r, 0, 143), 4711);
	assert_int_equal(number_of(&r, 0, 41), 1001);
	assert_int_equal(number_of(&r, 0, 42), 1002);
	assert_int_equal(number_of(&r, 0, 40), 1003);
	end(&s);
}

static void test_O2_metering_reliability(void **state)
{
	struct session s = begin((struct ipfix_options){0});
	struct read_record r = report(&s, IPFIX_METERING_RELIABILITY, 0);

	(void)state;
	assert_int_equal(r.template->n_scope, 2);
	assert_int_equal(number_of(&r, 0, 149), 17);
	assert_int_equal(number_of(&r, 0, 164), 2001);
	assert_int_equal(number_of(&r, 0, 165), 2002);
	/* Exactly two times: of the first and of the last. */
	assert_int_equal(number_at(&r, place_of(&r, 0, 323, 0)), 2003);
	assert_int_equal(number_at(&r, place_of(&r, 0, 323, 1)), 2004);
	assert_int_equal(place_of(&r, 0, 323, 2), -1);
	end(&s);
}

static void test_O3_exporting_reliability(void **state)
{
	struct session s = begin((struct ipfix_options){0});
	struct read_record r = report(&s, IPFIX_EXPORTING_RELIABILITY, 0);

	(void)state;
	assert_int_equal(r.template->n_scope, 1);
	assert_int_equal(place_of(&r, 0, 144, 0), 0);
	assert_int_equal(number_of(&r, 0, 144), 4711);
	assert_int_equal(number_of(&r, 0, 166), 3001);
	assert_int_equal(number_of(&r, 0, 167), 3002);
	assert_int_equal(number_of(&r, 0, 168), 3003);
	assert_int_equal(number_at(&r, place_of(&r, 0, 323, 0)), 3004);
	assert_int_equal(number_at(&r, place_of(&r, 0, 323, 1)), 3005);
	assert_int_equal(place_of(&r, 0, 323, 2), -1);
	end(&s);
}

/* Which elements of a template the bits of its flow keys name. */
static void assert_keys(const struct session *s, uint32_t i, bool vlan)
{
	struct read_record r = report(s, IPFIX_FLOW_KEYS, i);
	const struct read_template *t = reader_find(s->reader, (uint16_t)number_of(&r, 0, 145));
	uint64_t bits = number_of(&r, 0, 173);
	bool v6 = false, icmp = true;

	assert_non_null(t);
	assert_int_equal(t->id, 256 + i);
	for (unsigned int f = 0; f < t->n; f++) {
		uint16_t id = t->fields[f].pen ? 0 : t->fields[f].id;
		bool key = id == 4 || id == 8 || id == 12 || id == 27 || id == 28 || id == 7 ||
			   id == 11 || (id == 58 && vlan);

		assert_int_equal(bits >> f & 1, key);
		v6 |= id == 27;
		icmp &= id != 7;
	}
	assert_int_equal(v6, i >= 2);
	assert_int_equal(icmp, i % 2);
}

static void test_O4_flow_keys(void **state)
{
	struct session s = begin((struct ipfix_options){0});

	(void)state;
	assert_int_equal(ipfix_report_count(s.p, IPFIX_FLOW_KEYS), 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_keys(&s, i, true);
	end(&s);
}

/* The key is what the operator made it: with the VLAN, or without. */
static void test_Q3_the_flow_key_is_told_as_configured(void **state)
{
	struct session s = begin((struct ipfix_options){.ignore_vlan = true});

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		assert_keys(&s, i, false);
	end(&s);
}

static void test_S1_sampling_and_the_selector_of_flows(void **state)
{
	(void)state;
	for (unsigned int profile = 0; profile < PROFILE_N; profile++) {
		struct session s =
			begin((struct ipfix_options){.profile = (enum element_profile)profile});
		struct read_record r = report(&s, IPFIX_SAMPLING, 0);
		struct ipfix_numbers random = numbers, every = numbers;
		struct read_record flow;

		assert_int_equal(r.template->n_scope, 1);
		assert_int_equal(place_of(&r, 0, 302, 0), 0);
		assert_int_equal(number_of(&r, 0, 302), IPFIX_SELECTOR_ID);
		assert_int_equal(number_of(&r, 0, 304), 1);
		assert_int_equal(number_of(&r, 0, 305), 1);
		assert_int_equal(number_of(&r, 0, 306), 99);
		flow = through(s.p, s.reader, sample_ipv4());
		assert_int_equal(number_of(&flow, 0, 302), IPFIX_SELECTOR_ID);
		random.sampling_random = true;
		r = report_through(s.p, s.reader, IPFIX_SAMPLING, 0, &random);
		assert_int_equal(number_of(&r, 0, 304), 4);
		every.sampling_packets = 0;
		r = report_through(s.p, s.reader, IPFIX_SAMPLING, 0, &every);
		assert_int_equal(number_of(&r, 0, 306), 0);
		end(&s);
	}
}

static void test_S2_selection_counts(void **state)
{
	struct session s = begin((struct ipfix_options){0});
	struct read_record r = report(&s, IPFIX_SELECTION, 0);

	(void)state;
	assert_int_equal(r.template->n_scope, 1);
	assert_int_equal(number_of(&r, 0, 302), IPFIX_SELECTOR_ID);
	assert_int_equal(number_of(&r, 0, 318), 500000);
	assert_int_equal(number_of(&r, 0, 319), 5000);
	end(&s);
}

static void test_S3_counters_are_not_scaled(void **state)
{
	struct session s = begin((struct ipfix_options){.biflow = true});
	struct flow_record flow = sample_ipv4();
	struct read_record r;

	(void)state;
	flow.sampling_packets = 100;
	r = through(s.p, s.reader, flow);
	assert_int_equal(number_of(&r, 0, 2), 10);
	assert_int_equal(number_of(&r, 0, 1), 1500);
	assert_int_equal(number_of(&r, PEN_REVERSE, 2), 12);
	assert_int_equal(number_of(&r, 0, 34), 100);
	end(&s);
}

static void test_A1_applications_compat(void **state)
{
	static const char name[24] = "TLS", description[55] = "Transport Layer Security";
	struct session s = begin((struct ipfix_options){0});
	struct read_record r = report(&s, IPFIX_APPLICATIONS, 2);

	(void)state;
	assert_int_equal(ipfix_report_count(s.p, IPFIX_APPLICATIONS), 1 + APPLICATIONS);
	assert_int_equal(r.template->n, 3);
	assert_int_equal(r.template->n_scope, 1);
	assert_int_equal(place_of(&r, 0, 95, 0), 0);
	assert_bytes(&r, 0, 95, "\x06\0\0\x5b", 4);
	assert_bytes(&r, 0, 96, name, sizeof name);
	assert_bytes(&r, 0, 94, description, sizeof description);
	r = report(&s, IPFIX_APPLICATIONS, 0);
	assert_bytes(&r, 0, 95, "\x06\0\0\0", 4);
	r = report(&s, IPFIX_APPLICATIONS, 3);
	assert_bytes(&r, 0, 96, "a custom name that is lo", 24);
	end(&s);
}

static void test_A2_applications_full(void **state)
{
	struct session s = begin((struct ipfix_options){.profile = PROFILE_FULL});
	struct read_record r = report(&s, IPFIX_APPLICATIONS, 2);

	(void)state;
	/* PANA-L7-PEN, ntop's number, 3 bytes of selector. */
	assert_bytes(&r, 0, 95, "\x14\0\0\x8b\x30\0\0\x5b", 8);
	assert_text(&r, 0, 96, "TLS");
	assert_text(&r, 0, 94, "Transport Layer Security");
	assert_text(&r, 0, 372, "Web");
	r = report(&s, IPFIX_APPLICATIONS, 3);
	assert_text(&r, 0, 96, applications[2].name);
	assert_text(&r, 0, 94, applications[2].name);
	r = through(s.p, s.reader, sample_ipv4());
	assert_bytes(&r, 0, 95, "\x14\0\0\x8b\x30\0\0\x7e", 8);
	end(&s);
}

/* Whatever a flow says stands in the table: names that nDPI knows, and number 0. */
static void test_A3_unknown_is_described_too(void **state)
{
	struct session s = begin((struct ipfix_options){0});
	struct read_record flow = through(s.p, s.reader, sample_icmp());
	struct read_record r = report(&s, IPFIX_APPLICATIONS, 0);

	(void)state;
	assert_int_equal(number_of(&r, 0, 95), 6U << 24);
	assert_memory_equal(r.at[place_of(&r, 0, 96, 0)], "Unknown", 8);
	flow = through(s.p, s.reader, sample_icmp());
	assert_int_equal(number_of(&flow, 0, 95), 6U << 24);
	end(&s);
}

static void test_no_applications_no_template(void **state)
{
	struct ipfix_options without = {0};
	struct ipfix_profile *p = profile_of(&without);
	struct session s = begin((struct ipfix_options){.fields = "-application_id"});

	(void)state;
	assert_int_equal(ipfix_report_count(p, IPFIX_APPLICATIONS), 0);
	assert_int_equal(ipfix_report_count(s.p, IPFIX_APPLICATIONS), 0);
	ipfix_profile_destroy(p);
	end(&s);
}

/* The type record of an enterprise element, or an empty one. */
static struct read_record type_of(const struct session *s, uint32_t pen, uint16_t id)
{
	unsigned int found = 0;
	uint32_t which = 0;

	for (uint32_t i = 0; i < ipfix_report_count(s->p, IPFIX_TYPES); i++) {
		struct read_record r = report(s, IPFIX_TYPES, i);

		if (number_of(&r, 0, 346) != pen || number_of(&r, 0, 303) != id)
			continue;
		which = i;
		found++;
	}
	if (found != 1)
		fail_msg("%u type records of %u/%u", found, pen, id);
	return report(s, IPFIX_TYPES, which);
}

static void assert_types(const struct session *s, const struct read_template *t)
{
	for (unsigned int f = 0; f < t->n; f++)
		if (t->fields[f].pen && t->fields[f].pen != PEN_REVERSE)
			type_of(s, t->fields[f].pen, t->fields[f].id);
}

static void test_I1_every_enterprise_element_has_one_type(void **state)
{
	(void)state;
	for (unsigned int profile = 0; profile < PROFILE_N; profile++) {
		struct session s =
			begin((struct ipfix_options){.profile = (enum element_profile)profile,
						     .biflow = true,
						     .pen = 32473,
						     .fields = "all"});

		for (uint32_t i = 0; i < s.reader->n; i++)
			assert_types(&s, &s.reader->templates[i]);
		type_of(&s, 32473, OWN_RISK_NUMBER); /* in the list */
		end(&s);
	}
}

static void test_I1_what_a_type_says(void **state)
{
	struct session s = begin((struct ipfix_options){.profile = PROFILE_FULL,
							.biflow = true,
							.pen = 32473,
							.fields = "all",
							.missing_sources = NO_PROCESSORS});
	struct read_record r = type_of(&s, 8057, 900);

	(void)state;
	assert_int_equal(r.template->n_scope, 2);
	assert_int_equal(number_of(&r, 0, 339), 3);
	assert_int_equal(number_of(&r, 0, 344), 1);
	assert_int_equal(number_of(&r, 0, 345), 2);
	assert_text(&r, 0, 341, "tcpMss");
	r = type_of(&s, 39499, 337);
	assert_int_equal(number_of(&r, 0, 339), 13);
	assert_int_equal(number_of(&r, 0, 344), 0);
	assert_text(&r, 0, 341, "tlsAlpn");
	r = type_of(&s, 32473, 6);
	assert_int_equal(number_of(&r, 0, 339), 11);
	r = type_of(&s, 35632, 509);
	assert_int_equal(number_of(&r, 0, 344), 5);
	end(&s);
}

static void test_L1_a_list_of_risks(void **state)
{
	static const uint8_t list[] = {3, 0x80, 7, 0, 1, 0, 0, 0x7e, 0xd9, 5, 12};
	struct session s = begin((struct ipfix_options){.profile = PROFILE_FULL, .pen = 32473});
	struct flow_record flow = sample_ipv4();
	struct read_record r = through(s.p, s.reader, flow);

	(void)state;
	assert_bytes(&r, 0, 291, list, sizeof list);
	flow.l7_risk = 0;
	r = through(s.p, s.reader, flow);
	assert_bytes(&r, 0, 291, list, sizeof list - 2);
	flow.l7_risk = UINT64_MAX;
	r = through(s.p, s.reader, flow);
	assert_int_equal(r.len[place_of(&r, 0, 291, 0)], 9 + 64);
	end(&s);
}

/* No enterprise element stands in for one of IANA's: none has the meaning of a row with one. */
static void test_I2_no_own_number_where_IANA_has_one(void **state)
{
	struct session s = begin((struct ipfix_options){.biflow = true});

	(void)state;
	assert_int_equal(ipfix_report_count(s.p, IPFIX_TYPES), 0);
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);

		assert_true(e->pen == 0 || e->pen == PEN_REVERSE || e->pen == 8057 ||
			    e->pen == 39499 || e->pen == 35632 || e->pen == PEN_OWN);
		if (e->pen == PEN_REVERSE) /* there is a forward one to reverse (RFC 5103 6.1) */
			assert_true(element_by_ipfix(0, e->ipfix_id) != ELEMENT_N);
	}
	end(&s);
}

/* One record a field that tells less, in every template that has it; none when nothing does. */
static void test_anonymization(void **state)
{
	struct session s = begin((
		struct ipfix_options){.biflow = true, .privacy = {.addresses = PRIVACY_CRYPTOPAN}});
	const uint32_t n = ipfix_report_count(s.p, IPFIX_ANONYMIZATION);
	unsigned int addresses = 0;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		const struct read_record r = report(&s, IPFIX_ANONYMIZATION, i);
		const uint64_t id = number_of(&r, 0, 303);
		const bool address = id == 8 || id == 12 || id == 27 || id == 28;

		assert_int_equal(r.template->n_scope, 3);
		assert_true(number_of(&r, 0, 145) >= 256);
		assert_true(address || id == 56 || id == 80);
		assert_int_equal(number_of(&r, 0, 346), 0);
		assert_int_equal(number_of(&r, 0, 286), address ? 6 : 2);
		assert_int_equal(number_of(&r, 0, 285), 3);
		addresses += address;
	}
	assert_int_equal(addresses, 2 * s.p->n_templates);
	end(&s);
	/* Of a list the element that it is of. */
	s = begin((struct ipfix_options){.profile = PROFILE_FULL,
					 .fields = "basic pdns_name",
					 .privacy = {.strings = PRIVACY_HASH}});
	const struct read_record of_list = report(&s, IPFIX_ANONYMIZATION, 0);

	assert_int_equal(number_of(&of_list, 0, 346), 8057);
	assert_int_equal(number_of(&of_list, 0, 303), 2);
	end(&s);
	s = begin((struct ipfix_options){.biflow = true});
	assert_int_equal(ipfix_report_count(s.p, IPFIX_ANONYMIZATION), 0);
	end(&s);
}

/* NetFlow version 9: sampling and applications, by the scope System. */
static void test_version_9(void **state)
{
	struct session s = begin((struct ipfix_options){.version = IPFIX_NETFLOW9});
	struct read_record r = report(&s, IPFIX_SAMPLING, 0);

	(void)state;
	assert_int_equal(r.template->n_scope, 1);
	assert_int_equal(r.template->fields[0].id, 1);
	assert_int_equal(number_of(&r, 0, 34), 100);
	assert_int_equal(number_of(&r, 0, 35), 1);
	r = report(&s, IPFIX_APPLICATIONS, 1);
	assert_bytes(&r, 0, 95, "\x06\0\0\x07", 4);
	assert_int_equal(r.len[place_of(&r, 0, 96, 0)], 24);
	for (unsigned int i = 0; i < IPFIX_REPORT_N; i++)
		if (i != IPFIX_SAMPLING && i != IPFIX_APPLICATIONS)
			assert_int_equal(ipfix_report_count(s.p, (enum ipfix_report)i), 0);
	end(&s);
}

static void test_a_record_that_does_not_fit(void **state)
{
	struct session s = begin((struct ipfix_options){.pen = 32473, .fields = "all"});

	(void)state;
	for (unsigned int i = 0; i < IPFIX_REPORT_N; i++) {
		uint8_t *exact = malloc(9);
		struct wbuf w = wbuf_make(exact, 9);

		assert_int_equal(ipfix_report_put(s.p, (enum ipfix_report)i, 0, &numbers, &w), 0);
		assert_false(w.failed);
		assert_ptr_equal(w.at, exact);
		free(exact);
	}
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_O1_metering_statistics),
		cmocka_unit_test(test_O2_metering_reliability),
		cmocka_unit_test(test_O3_exporting_reliability),
		cmocka_unit_test(test_O4_flow_keys),
		cmocka_unit_test(test_Q3_the_flow_key_is_told_as_configured),
		cmocka_unit_test(test_S1_sampling_and_the_selector_of_flows),
		cmocka_unit_test(test_S2_selection_counts),
		cmocka_unit_test(test_S3_counters_are_not_scaled),
		cmocka_unit_test(test_A1_applications_compat),
		cmocka_unit_test(test_A2_applications_full),
		cmocka_unit_test(test_A3_unknown_is_described_too),
		cmocka_unit_test(test_no_applications_no_template),
		cmocka_unit_test(test_I1_every_enterprise_element_has_one_type),
		cmocka_unit_test(test_I1_what_a_type_says),
		cmocka_unit_test(test_I2_no_own_number_where_IANA_has_one),
		cmocka_unit_test(test_L1_a_list_of_risks),
		cmocka_unit_test(test_anonymization),
		cmocka_unit_test(test_version_9),
		cmocka_unit_test(test_a_record_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
