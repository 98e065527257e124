/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Templates and data records of IPFIX, read back by their own template records. A name with a
 * capital and a number is the rule of the conformance checklist that the test is for: T of
 * templates, E of encoding, L of lists, M of messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/ipfix_internal.h"
#include "core/words.h"
#include "profile_reader.h"

/* Every combination that an operator can set: profile, biflow, version, own numbers, fields. */
#define CHOICES (PROFILE_N * 2 * 2 * 2 * 2)

static struct ipfix_options choice(unsigned int i)
{
	return (struct ipfix_options){
		.profile = (enum element_profile)(i % PROFILE_N),
		.biflow = i / PROFILE_N % 2,
		.version = i / PROFILE_N / 2 % 2 ? IPFIX_NETFLOW9 : IPFIX_IPFIX,
		.pen = i / PROFILE_N / 4 % 2 ? 32473 : 0,
		.fields = i / PROFILE_N / 8 % 2 ? "all" : NULL,
	};
}

typedef void look_fn(const struct ipfix_options *o, const struct ipfix_profile *p,
		     const struct reader *reader);

static void for_each_choice_without(uint64_t missing_sources, look_fn *look)
{
	for (unsigned int i = 0; i < CHOICES; i++) {
		struct ipfix_options o = choice(i);
		o.missing_sources = missing_sources;
		struct ipfix_profile *p = profile_of(&o);
		struct reader *reader = reader_of(p, o.version == IPFIX_NETFLOW9);

		look(&o, p, reader);
		free(reader);
		ipfix_profile_destroy(p);
	}
}

#define for_each_choice(look) for_each_choice_without(0, look)

static void look_at_ids(const struct ipfix_options *o, const struct ipfix_profile *p,
			const struct reader *reader)
{
	(void)o;
	assert_int_equal(reader->n, ipfix_template_count(p));
	for (uint32_t i = 0; i < reader->n; i++) {
		assert_int_equal(reader->templates[i].id, 256 + i);
		assert_true(reader->templates[i].n > 0);
	}
}

static void test_T1_ids_are_unique_and_fields_are_there(void **state)
{
	(void)state;
	for_each_choice(look_at_ids);
}

static void look_at_options_templates(const struct ipfix_options *o, const struct ipfix_profile *p,
				      const struct reader *reader)
{
	bool v9 = o->version == IPFIX_NETFLOW9;

	for (uint32_t i = 0; i < reader->n; i++) {
		const struct read_template *t = &reader->templates[i];
		struct ipfix_template_info info = ipfix_template_at(p, i);

		assert_int_equal(info.set_id, (v9 ? 0 : 2) + (info.options ? 1 : 0));
		assert_int_equal(t->n_scope > 0, info.options);
		assert_true(t->n > t->n_scope);
		/* An enterprise number that is 0 would be IANA's: the bit has to be clear then. */
		for (unsigned int f = 0; f < t->n; f++)
			assert_true(t->fields[f].id != 0 && t->fields[f].pen != PEN_OWN);
	}
}

static void test_T2_enterprise_bits_and_scopes(void **state)
{
	(void)state;
	for_each_choice(look_at_options_templates);
}

static void test_T6_a_layout_never_changes(void **state)
{
	struct ipfix_options o = {.profile = PROFILE_FULL, .biflow = true, .pen = 32473};
	struct ipfix_profile *p = profile_of(&o), *again = profile_of(&o);
	static uint8_t record[RECORD_BYTES_MAX];

	(void)state;
	for (uint32_t i = 0; i < ipfix_template_count(p); i++) {
		struct flow_record r = sample_number(i);
		uint8_t first[2048], second[2048];
		struct wbuf w = wbuf_make(first, sizeof first);
		struct wbuf to = wbuf_make(record, sizeof record);

		ipfix_template_put(p, i, &w);
		assert_true(ipfix_record_put(p, &to, &r) >= 256);
		w = wbuf_make(second, sizeof second);
		ipfix_template_put(i % 2 ? p : again, i, &w); /* after a restart, too */
		assert_memory_equal(first, second, (size_t)(w.at - second));
	}
	ipfix_profile_destroy(p);
	ipfix_profile_destroy(again);
}

static void look_at_samples(const struct ipfix_options *o, const struct ipfix_profile *p,
			    const struct reader *reader)
{
	(void)o;
	for (unsigned int i = 0; i < SAMPLES; i++) {
		struct flow_record r = sample_number(i);
		struct read_record read = through(p, reader, r);

		assert_int_equal(number_of(&read, 0, 4), r.protocol);
		assert_int_equal(number_of(&read, 0, 2), r.packets[DIR_FWD]);
		assert_int_equal(has_field(&read, 0, 27), r.ip_version == 6);
		assert_int_equal(has_field(&read, 0, 7), !flow_record_is_icmp(&r));
	}
}

static void test_each_sample_reads_back_in_every_form(void **state)
{
	(void)state;
	for_each_choice(look_at_samples);
}

/* The constant templates of profile compat and the element by element way say the same. */
static void test_compat_is_the_same_both_ways(void **state)
{
	(void)state;
	for (unsigned int biflow = 0; biflow < 2; biflow++) {
		struct ipfix_options o = {.biflow = biflow};
		struct ipfix_profile *p = profile_of(&o);

		assert_true(p->compat);
		assert_true(p->short_classes);
		assert_int_equal(p->n_templates, COMPAT_N);
		for (unsigned int i = 0; i < SAMPLES; i++) {
			struct flow_record r = sample_number(i);
			uint8_t fast[512], slow[512];
			struct wbuf f = wbuf_make(fast, sizeof fast);
			struct wbuf s = wbuf_make(slow, sizeof slow);

			p->compat = true;
			assert_int_equal(ipfix_record_put(p, &f, &r),
					 (p->compat = false, ipfix_record_put(p, &s, &r)));
			assert_int_equal(f.at - fast, s.at - slow);
			/* What means nothing is 0 in the one, as the record has it in the other. */
			assert_memory_equal(fast, slow, (size_t)(f.at - fast));
		}
		ipfix_profile_destroy(p);
	}
}

static void look_at_fields(const struct ipfix_options *o, const struct ipfix_profile *p,
			   const struct reader *reader)
{
	(void)p;
	for (uint32_t i = 0; i < reader->n && !o->fields; i++)
		assert_in_range(reader->templates[i].n, 1, 60);
}

/* tshark leaves out longer templates, unless it is told to take them; processors add more. */
static void test_profiles_keep_to_60_fields(void **state)
{
	(void)state;
	for_each_choice_without(UINT64_MAX << SOURCE_tcprtt, look_at_fields);
}

static void look_at_shortest(const struct ipfix_options *o, const struct ipfix_profile *p,
			     const struct reader *reader)
{
	(void)o;
	for (uint32_t i = 0; i < reader->n; i++) {
		uint32_t bytes = 0;

		for (unsigned int f = 0; f < reader->templates[i].n; f++) {
			const struct read_field *field = &reader->templates[i].fields[f];
			bool list = field->pen == 0 && field->id == IPFIX_BASIC_LIST;

			if (list) /* says what it is a list of, even when it is empty */
				bytes += 1 + LIST_HEADER_BYTES;
			else
				bytes += field->width == READ_VARIABLE ? 1 : field->width;
		}
		assert_int_equal(ipfix_template_at(p, i).record_bytes_min, bytes);
	}
}

static void test_M5_the_shortest_record_is_known(void **state)
{
	(void)state;
	for_each_choice(look_at_shortest);
}

static void test_E1_byte_order_and_addresses(void **state)
{
	struct ipfix_options o = {.biflow = true};
	struct ipfix_profile *p = profile_of(&o);
	struct reader *reader = reader_of(p, false);
	struct flow_record r = sample_ipv4(), v6 = sample_ipv6();
	struct read_record read = through(p, reader, r);

	(void)state;
	assert_bytes(&read, 0, 8, "\xc0\x00\x02\x01", 4);
	assert_bytes(&read, 0, 12, "\xc6\x33\x64\xc8", 4);
	assert_bytes(&read, 0, 56, "\x02\x00\x5e\x10\x00\x01", 6);
	assert_bytes(&read, 0, 7, "\x9c\x40", 2);
	assert_bytes(&read, 0, 1, "\0\0\0\0\0\0\x05\xdc", 8);
	assert_bytes(&read, PEN_REVERSE, 1, "\0\0\0\0\0\x01\xe2\x40", 8);
	read = through(p, reader, v6);
	assert_bytes(&read, 0, 27, v6.src_addr, 16);
	assert_bytes(&read, 0, 28, v6.dst_addr, 16);
	free(reader);
	ipfix_profile_destroy(p);
}

static bool is_utf8(const uint8_t *p, size_t len)
{
	unsigned int n;

	for (; len; p += n, len -= n) {
		n = utf8_sequence(p, len);
		if (!n)
			return false;
	}
	return true;
}

/* Strings of the bytes that break decoders: leads without an end, overlong forms, surrogates. */
static void make_hostile(char *text, size_t len, uint64_t seed)
{
	static const uint8_t odd[] = {0xff, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0xe2, 0x82,
				      0xac, 0xf0, 0x9f, 0x98, 'a',  'b',  0x1b, 0x01, 0xc3, 0xa9};
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;

	for (size_t i = 0; i + 1 < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		text[i] = (char)odd[x % sizeof odd];
	}
	text[len - 1] = '\0';
}

static void test_E2_strings_are_utf8(void **state)
{
	struct ipfix_options o = {.profile = PROFILE_FULL,
				  .biflow = true,
				  .record_bytes_max = 900,
				  .missing_sources = NO_PROCESSORS};
	struct ipfix_profile *p = profile_of(&o);
	struct reader *reader = reader_of(p, false);
	char name[700], url[300];

	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct flow_record r = sample_nasty();
		struct read_record read;
		int at;

		make_hostile(name, 1 + seed * 2, seed);
		make_hostile(url, 1 + seed % 299, seed + 1000);
		r.server_name = name;
		r.http_url = url;
		r.http_status = 200;
		r.tls_version = 0;
		r.tls_alpn = r.tls_ja3c = "";
		read = through(p, reader, r);
		at = place_of(&read, 39499, 1, 0);
		assert_true(at >= 0 && is_utf8(read.at[at], read.len[at]));
		at = place_of(&read, 39499, 2, 0);
		assert_true(at >= 0 && is_utf8(read.at[at], read.len[at]));
	}
	free(reader);
	ipfix_profile_destroy(p);
}

/* The full width of a type, 0: it has none. */
static unsigned int natural_width(const char *type)
{
	static const struct {
		const char *type;
		unsigned int width;
	} rows[] = {
		{"unsigned8", 1},   {"unsigned16", 2},	 {"unsigned32", 4},
		{"unsigned64", 8},  {"boolean", 1},	 {"dateTimeMilliseconds", 8},
		{"ipv4Address", 4}, {"ipv6Address", 16}, {"macAddress", 6},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].type, type) == 0)
			return rows[i].width;
	return 0;
}

static void test_E3_only_integers_are_reduced(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);
		unsigned int natural = natural_width(e->type);

		if (!e->templates || !natural)
			continue;
		if (strncmp(e->type, "unsigned", 8) == 0)
			assert_true(e->wire_bytes >= 1 && e->wire_bytes <= natural);
		else
			assert_int_equal(e->wire_bytes, natural);
	}
}

static void test_E4_lengths_of_variable_fields(void **state)
{
	static const unsigned int lengths[] = {0, 1, 8, 254, 255, 256, 300, DPI_STRING_MAX};
	char text[DPI_STRING_MAX + 100], field[DPI_STRING_MAX + 3];

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		unsigned int n = lengths[i];
		uint8_t *to = (uint8_t *)field, *end;

		memset(text, 'x', n);
		text[n] = '\0';
		end = ipfix_variable_put(to, sizeof field - 1, text);
		if (n < 255) {
			assert_int_equal(to[0], n);
			assert_int_equal(end - to, 1 + n);
		} else {
			assert_int_equal(to[0], 255);
			assert_int_equal(load_be16(to + 1), n);
			assert_int_equal(end - to, 3 + n);
		}
		assert_memory_equal(end - n, text, n);
	}
	/* Never more than there is room for, and never half a character. */
	for (unsigned int room = 0; room < 300; room++) {
		uint8_t *exact = malloc(room + 1), *end;

		memset(text, 'x', 512);
		memcpy(text + 250, "\xe2\x82\xac\xe2\x82\xac", 6);
		text[512] = '\0';
		end = ipfix_variable_put(exact, room, text);
		assert_true(end - exact <= room + 1);
		assert_true(is_utf8(exact + (exact[0] == 255 ? 3 : 1),
				    (size_t)(end - exact) - (exact[0] == 255 ? 3 : 1)));
		free(exact);
	}
}

static void test_E5_times(void **state)
{
	struct ipfix_options o = {.profile = PROFILE_FULL, .biflow = true};
	struct ipfix_profile *p = profile_of(&o), *compat;
	struct reader *reader = reader_of(p, false);
	struct flow_record r = sample_ipv4();
	struct read_record read = through(p, reader, r);
	uint64_t ntp = number_of(&read, 0, 156), s = ntp >> 32, fraction = ntp & UINT32_MAX;

	(void)state;
	/* NTP's seconds begin in 1900; a reader that rounds down finds the nanosecond. */
	assert_int_equal(s - 2208988800ULL, SAMPLE_NS / 1000000000);
	assert_int_equal(fraction * 1000000000 >> 32, SAMPLE_NS % 1000000000);
	assert_true(number_of(&read, 0, 157) > ntp);
	assert_true(has_field(&read, PEN_REVERSE, 156) && has_field(&read, PEN_REVERSE, 157));
	assert_false(has_field(&read, 0, 152));
	free(reader);
	ipfix_profile_destroy(p);
	o.profile = PROFILE_COMPAT;
	compat = profile_of(&o);
	reader = reader_of(compat, false);
	read = through(compat, reader, r);
	assert_int_equal(number_of(&read, 0, 152), SAMPLE_NS / 1000000);
	free(reader);
	ipfix_profile_destroy(compat);
}

static void test_E6_booleans(void **state)
{
	struct ipfix_options o = {.pen = 32473, .fields = "+l7_guessed"};
	struct ipfix_profile *p = profile_of(&o);
	struct reader *reader = reader_of(p, false);
	struct flow_record r = sample_icmp6(), not_inspected = sample_icmp();
	struct read_record read = through(p, reader, r);

	(void)state;
	assert_int_equal(number_of(&read, 32473, 6), 1);
	r.l7_flags = L7_INSPECTED;
	read = through(p, reader, r);
	assert_int_equal(number_of(&read, 32473, 6), 2);
	read = through(p, reader, not_inspected);
	assert_int_equal(number_of(&read, 32473, 6), 2);
	free(reader);
	ipfix_profile_destroy(p);
}

static void look_for_lists(const struct ipfix_options *o, const struct ipfix_profile *p,
			   const struct reader *reader)
{
	(void)p;
	for (uint32_t i = 0; i < reader->n; i++)
		for (unsigned int f = 0; f < reader->templates[i].n; f++) {
			const struct read_field *field = &reader->templates[i].fields[f];

			if (field->pen == 0 && field->id == 291)
				assert_true(o->profile == PROFILE_FULL || o->fields);
		}
}

static void test_L2_lists_only_in_profile_full(void **state)
{
	(void)state;
	for_each_choice(look_for_lists);
}

/* Any flow fits the message: strings give way. */
static void test_a_record_is_cut_to_its_room(void **state)
{
	static char longest[DPI_STRING_MAX + 1];
	static uint8_t bytes[RECORD_BYTES_MAX];

	(void)state;
	memset(longest, 'x', DPI_STRING_MAX);
	for (uint32_t room = 500; room < 1600; room += 77) {
		struct ipfix_options o = {.profile = PROFILE_FULL,
					  .biflow = true,
					  .pen = 32473,
					  .record_bytes_max = room,
					  .missing_sources = NO_PROCESSORS};
		struct flow_record r = sample_rich();
		struct ipfix_profile *p;
		char error[256];
		struct wbuf w = wbuf_make(bytes, sizeof bytes);

		if (ipfix_profile_create(&p, &o, error, sizeof error)) {
			assert_true(room < 700 && strstr(error, "messages have room for"));
			continue;
		}
		r.tunnel_type = TUNNEL_NONE; /* several protocols at once: most strings */
		r.mpls_labels_n = 0;
		r.server_name = r.http_url = r.http_user_agent = r.l7_proto = longest;
		r.ssh_client = r.tls_alpn = longest;
		assert_true(ipfix_record_put(p, &w, &r) >= 256);
		assert_true(w.at - bytes <= room && w.at - bytes > room - 10);
		ipfix_profile_destroy(p);
	}
}

static void test_a_record_that_does_not_fit(void **state)
{
	struct flow_record r = sample_ipv6();

	(void)state;
	for (unsigned int profile = 0; profile < PROFILE_N; profile++) {
		struct ipfix_options o = {.profile = (enum element_profile)profile, .biflow = true};
		struct ipfix_profile *p = profile_of(&o);
		uint8_t *exact = malloc(100);
		struct wbuf w = wbuf_make(exact, 100);

		assert_int_equal(ipfix_record_put(p, &w, &r), 0);
		assert_false(w.failed);
		assert_ptr_equal(w.at, exact);
		free(exact);
		ipfix_profile_destroy(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T1_ids_are_unique_and_fields_are_there),
		cmocka_unit_test(test_T2_enterprise_bits_and_scopes),
		cmocka_unit_test(test_T6_a_layout_never_changes),
		cmocka_unit_test(test_each_sample_reads_back_in_every_form),
		cmocka_unit_test(test_compat_is_the_same_both_ways),
		cmocka_unit_test(test_profiles_keep_to_60_fields),
		cmocka_unit_test(test_M5_the_shortest_record_is_known),
		cmocka_unit_test(test_E1_byte_order_and_addresses),
		cmocka_unit_test(test_E2_strings_are_utf8),
		cmocka_unit_test(test_E3_only_integers_are_reduced),
		cmocka_unit_test(test_E4_lengths_of_variable_fields),
		cmocka_unit_test(test_E5_times),
		cmocka_unit_test(test_E6_booleans),
		cmocka_unit_test(test_L2_lists_only_in_profile_full),
		cmocka_unit_test(test_a_record_is_cut_to_its_room),
		cmocka_unit_test(test_a_record_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
