/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages as they leave, byte by byte (RFC 7011 section 3, 8, 10). A name with a capital and a
 * number is the rule of the conformance checklist that the test is for (docs/ipfix.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "export/ipfix_internal.h"
#include "export/output_internal.h"
#include "ipfix_reader.h"
#include "sample_records.h"

#define DOMAIN 77

/* A transport that keeps what is sent; of one path, or a stream without acknowledgements. */
struct kept {
	struct transport base;
	uint32_t path_bytes, messages;
	uint32_t len[4096];
	uint8_t *at[4096];
};

static ssize_t kept_send(struct transport *base, const struct iovec *pieces, int n)
{
	struct kept *k = (struct kept *)base;

	assert_int_equal(n, 1);
	assert_true(k->messages < 4096);
	k->at[k->messages] = malloc(pieces->iov_len);
	assert_non_null(k->at[k->messages]);
	memcpy(k->at[k->messages], pieces->iov_base, pieces->iov_len);
	k->len[k->messages++] = (uint32_t)pieces->iov_len;
	return (ssize_t)pieces->iov_len;
}

static uint32_t kept_path(struct transport *base)
{
	return ((struct kept *)base)->path_bytes;
}

static void kept_close(struct transport *base, uint64_t deadline_ns)
{
	(void)base;
	(void)deadline_ns;
}

static const struct transport_ops kept_ops = {
	.send = kept_send, .path_bytes = kept_path, .close = kept_close};

static struct output *open_kept(struct kept *k, struct output_spec spec, uint32_t path_bytes)
{
	struct output *o;

	memset(k, 0, sizeof *k);
	k->base.ops = &kept_ops;
	k->path_bytes = path_bytes;
	spec.type = OUTPUT_IPFIX;
	snprintf(spec.target, sizeof spec.target, "udp://kept:1");
	assert_int_equal(output_open_over(&o, &spec, &k->base), 0);
	return o;
}

static void free_kept(struct kept *k, struct output *o)
{
	output_free(o);
	for (uint32_t i = 0; i < k->messages; i++)
		free(k->at[i]);
}

static void submit(struct output *o, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
	}
}

static void send_all(struct output *o, uint64_t *now_ns)
{
	for (output_drain(o); output_poll(o, *now_ns); *now_ns += SECOND_NS / 100)
		continue;
}

/* What is in one message: M1, M2, M4 hold for its bytes alone. */
struct content {
	uint32_t templates, options_templates, data_sets;
};

static struct content look_into(const uint8_t *m, uint32_t len)
{
	struct content c = {0};
	uint32_t at = 16;

	assert_in_range(len, 16 + 4 + 1, 65535);
	assert_int_equal(load_be16(m), 10);
	assert_int_equal(load_be16(m + 2), len);
	while (at < len) {
		uint16_t id = load_be16(m + at), set = load_be16(m + at + 2);

		assert_true(id == 2 || id == 3 || id >= 256);
		assert_true(set > 4 && at + set <= len);
		/* The ids of templates begin at 256, of which a data record begins with none. */
		if (id < 256)
			assert_true(load_be16(m + at + 4) >= 256 && load_be16(m + at + 6) > 0);
		c.templates += id == 2;
		c.options_templates += id == 3;
		c.data_sets += id >= 256;
		at += set;
	}
	assert_int_equal(at, len);
	return c;
}

static void check_form(enum element_profile profile, enum output_biflow biflow, uint32_t path)
{
	static struct kept k;
	struct output *o = open_kept(&k,
				     (struct output_spec){.profile = profile,
							  .biflow = biflow,
							  .observation_domain = DOMAIN,
							  .pen = 32473,
							  .options_interval_ns = 60 * SECOND_NS},
				     path);
	struct content sum = {0};
	struct ipfix_reader reader;
	uint64_t now_ns = SAMPLE_NS;

	submit(o, 300);
	send_all(o, &now_ns);
	reader_begin(&reader, DOMAIN);
	for (uint32_t i = 0; i < k.messages; i++) {
		struct content c = look_into(k.at[i], k.len[i]);

		sum.templates += c.templates;
		sum.options_templates += c.options_templates;
		sum.data_sets += c.data_sets;
		reader_message(&reader, k.at[i], k.len[i]); /* M7, T3, T5, T6 */
	}
	assert_true(sum.templates && sum.options_templates && sum.data_sets);
	assert_int_equal(reader.records, output_counters(o)->count[OUTPUT_sent]);
	assert_int_equal(reader.templates, ipfix_template_count(o->ipfix.profile));
	/* Each template of options in a set of its own: some collectors read only the first. */
	assert_int_equal(sum.options_templates, o->ipfix.profile->n_reports);
	reader_end(&reader);
	free_kept(&k, o);
}

static void test_M1_M2_M4_M7_T3_messages_add_up(void **state)
{
	static const uint32_t paths[] = {1472, 700, 65508};

	(void)state;
	for (int profile = PROFILE_COMPAT; profile <= PROFILE_NTOP; profile++)
		for (int biflow = 0; biflow < 2; biflow++)
			for (size_t i = 0; i < 3; i++)
				check_form((enum element_profile)profile,
					   (enum output_biflow)biflow, paths[i]);
}

/* M6: as configured, and never 0, whichever run it is. */
static void test_M6_the_domain_is_stable(void **state)
{
	static const uint32_t given[] = {0, 1, DOMAIN, UINT32_MAX};

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		static struct kept k;
		uint64_t now_ns = SAMPLE_NS;
		struct output *o = open_kept(
			&k, (struct output_spec){.observation_domain = given[i / 2]}, 1472);

		submit(o, 3);
		send_all(o, &now_ns);
		for (uint32_t m = 0; m < k.messages; m++)
			assert_int_equal(load_be32(k.at[m] + 12), given[i / 2] ? given[i / 2] : 1);
		free_kept(&k, o);
	}
}

/* M8: from 0 on, and over 2^32 to 0 again. */
static void test_M8_numbers_begin_at_0_and_wrap(void **state)
{
	static struct kept k;
	struct output *o = open_kept(&k, (struct output_spec){.flush_lines = true}, 1472);
	uint64_t now_ns = SAMPLE_NS;

	(void)state;
	output_poll(o, now_ns);
	assert_true(k.messages > 0);
	assert_int_equal(load_be32(k.at[0] + 8), 0);
	o->ipfix.sequence = UINT32_MAX - 1;
	for (unsigned int i = 0; i < 3; i++) {
		submit(o, 1);
		now_ns += SECOND_NS / 100;
		output_poll(o, now_ns);
	}
	assert_int_equal(load_be32(k.at[k.messages - 3] + 8), UINT32_MAX - 1);
	assert_int_equal(load_be32(k.at[k.messages - 2] + 8), UINT32_MAX);
	assert_int_equal(load_be32(k.at[k.messages - 1] + 8), 0);
	free_kept(&k, o);
}

/* A4, O6: what options say comes again with the templates. */
static void test_A4_applications_come_with_the_templates(void **state)
{
	static const struct ipfix_application list[] = {
		{.id = 7, .name = "HTTP", .description = "", .category = "Web"},
		{.id = 91, .name = "TLS", .description = "", .category = "Web"}};
	static struct kept k;
	struct output *o = open_kept(&k,
				     (struct output_spec){.observation_domain = DOMAIN,
							  .options_interval_ns = 3600 * SECOND_NS},
				     65508);
	struct ipfix_reader reader;
	uint64_t now_ns = SAMPLE_NS;
	uint32_t once, messages;

	(void)state;
	output_set_applications(o, list, 2);
	reader_begin(&reader, DOMAIN);
	output_poll(o, now_ns);
	for (messages = 0; messages < k.messages; messages++)
		reader_message(&reader, k.at[messages], k.len[messages]);
	once = reader.reports;
	assert_true(once >= 5 + 3); /* with "unknown" */
	output_poll(o, now_ns + IPFIX_TEMPLATE_RESEND_S * SECOND_NS);
	for (; messages < k.messages; messages++)
		reader_message(&reader, k.at[messages], k.len[messages]);
	assert_int_equal(reader.reports, 2 * once);
	assert_int_equal(reader.templates, 2 * ipfix_template_count(o->ipfix.profile));
	reader_end(&reader);
	free_kept(&k, o);
}

/* The last options data record that has 166, and its value. */
static uint64_t not_sent_in(const struct kept *k, uint16_t id)
{
	uint64_t v = UINT64_MAX;

	for (uint32_t i = 0; i < k->messages; i++)
		for (uint32_t at = 16; at < k->len[i]; at += load_be16(k->at[i] + at + 2))
			if (load_be16(k->at[i] + at) == id)
				v = load_be64(k->at[i] + at + 4 + 4);
	return v;
}

/* O3, Q1, M9: what was lost is told by number as well as by a gap. */
static void test_O5_losses_are_told_in_numbers(void **state)
{
	static struct kept k;
	struct output *o = open_kept(&k,
				     (struct output_spec){.queue_records_max = 10,
							  .options_interval_ns = 60 * SECOND_NS},
				     65508);
	uint16_t id = o->ipfix.profile->report_ids[IPFIX_EXPORTING_RELIABILITY];
	uint64_t now_ns = SAMPLE_NS;

	(void)state;
	send_all(o, &now_ns);
	assert_int_equal(not_sent_in(&k, id), 0);
	submit(o, 25);
	assert_int_equal(output_records_lost(o), 15);
	send_all(o, &now_ns);
	assert_int_equal(not_sent_in(&k, id), 0); /* not due yet */
	output_poll(o, now_ns + 61 * SECOND_NS);
	assert_int_equal(not_sent_in(&k, id), 15);
	submit(o, 11);
	output_close(o, clock_monotonic_ns() + SECOND_NS);
	assert_int_equal(not_sent_in(&k, id), 16);
	free_kept(&k, o);
}

/* X1: 4739, and 4740 over TLS. */
static void test_X1_default_ports(void **state)
{
	static const char *const rows[][2] = {{"ipfix:udp://192.0.2.1", "udp://192.0.2.1:4739"},
					      {"ipfix:tcp://192.0.2.1", "tcp://192.0.2.1:4739"},
					      {"ipfix:tls://192.0.2.1", "tls://192.0.2.1:4740"},
					      {"ipfix:tls://[2001:db8::1]",
					       "tls://[2001:db8::1]:4740"},
					      {"ipfix:tcp://c.example:9", "tcp://c.example:9"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output_spec spec = {0};
		char error[256];

		assert_int_equal(output_spec_parse(&spec, rows[i][0], error, sizeof error), 0);
		assert_string_equal(spec.target, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_M1_M2_M4_M7_T3_messages_add_up),
		cmocka_unit_test(test_M6_the_domain_is_stable),
		cmocka_unit_test(test_M8_numbers_begin_at_0_and_wrap),
		cmocka_unit_test(test_A4_applications_come_with_the_templates),
		cmocka_unit_test(test_O5_losses_are_told_in_numbers),
		cmocka_unit_test(test_X1_default_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
