/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What processors say of application protocols, in IPFIX: lists of a flow's transactions (RFC 6313
 * 4.5.1), or the value of a record's only one; read back by nothing but the templates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/ipfix_internal.h"
#include "profile_reader.h"

enum { CESNET = 8057, FLOWMON = 39499, BASIC_LIST = 291, LIST_HEAD_BYTES = 9, ALL_OF = 3 };

/* Place of the list whose values are this element, -1: nowhere. */
static int list_place(const struct read_record *r, uint32_t pen, uint16_t id)
{
	for (unsigned int i = 0; i < r->template->n; i++) {
		const struct read_field *f = &r->template->fields[i];

		if (f->pen || f->id != BASIC_LIST)
			continue;
		assert_true(r->len[i] >= LIST_HEAD_BYTES);
		assert_int_equal(r->at[i][0], ALL_OF);
		if (load_be16(r->at[i] + 1) == (0x8000 | id) && load_be32(r->at[i] + 5) == pen)
			return (int)i;
	}
	return -1;
}

/* Value `nth` of a list; *n: of how many. */
static const uint8_t *list_value(const struct read_record *r, int place, unsigned int nth,
				 uint32_t *len, unsigned int *n)
{
	const uint8_t *p = r->at[place] + LIST_HEAD_BYTES, *end = r->at[place] + r->len[place];
	const uint16_t width = load_be16(r->at[place] + 3);
	const uint8_t *found = NULL;

	for (*n = 0; p < end; ++*n) {
		uint32_t bytes = width;

		if (width == READ_VARIABLE)
			bytes = *p++;
		if (width == READ_VARIABLE && bytes == 255) {
			bytes = load_be16(p);
			p += 2;
		}
		if (*n == nth) {
			found = p;
			*len = bytes;
		}
		p += bytes;
	}
	assert_ptr_equal(p, end);
	return found;
}

static void assert_texts(const struct read_record *r, uint32_t pen, uint16_t id, const char *first,
			 const char *second)
{
	const char *const texts[] = {first, second};

	for (unsigned int i = 0; i < 2; i++) {
		const int place = list_place(r, pen, id);
		const uint8_t *value;
		unsigned int n;
		uint32_t len = 0;

		assert_true(place >= 0);
		value = list_value(r, place, i, &len, &n);
		assert_int_equal(n, 2);
		assert_int_equal(len, strlen(texts[i]));
		assert_memory_equal(value, texts[i], len);
	}
}

static void assert_numbers(const struct read_record *r, uint32_t pen, uint16_t id, uint64_t first,
			   uint64_t second)
{
	const uint64_t numbers[] = {first, second};

	for (unsigned int i = 0; i < 2; i++) {
		const int place = list_place(r, pen, id);
		const uint8_t *value;
		uint64_t number = 0;
		unsigned int n;
		uint32_t len = 0;

		assert_true(place >= 0);
		value = list_value(r, place, i, &len, &n);
		assert_int_equal(n, 2);
		for (uint32_t b = 0; b < len; b++)
			number = number << 8 | value[b];
		assert_int_equal(number, numbers[i]);
	}
}

/* What is there once, in both ways, of protocols over TCP, over UDP, and over both. */
static void check_tcp(const struct read_record *r)
{
	assert_text(r, CESNET, 820, "client.example.com");
	assert_text(r, CESNET, 813, "<alice@example.com>");
	assert_int_equal(number_of(r, CESNET, 810), 0x41f);
	assert_int_equal(number_of(r, CESNET, 819), UINT32_MAX);
	assert_int_equal(number_of(r, CESNET, 1033), 0x400f);
	assert_text(r, CESNET, 1039, "a/b#c");
}

static void check_udp(const struct read_record *r)
{
	assert_int_equal(number_of(r, CESNET, 821), 1900);
	assert_text(r, CESNET, 824, "device:One:1");
	assert_text(r, CESNET, 823, "agent");
	assert_text(r, CESNET, 825, "service:Two:1");
	assert_text(r, CESNET, 822, "os");
	assert_text(r, CESNET, 890, "quic.example.org");
	assert_int_equal(number_of(r, CESNET, 894), UINT64_MAX);
	assert_bytes(r, CESNET, 895, "\1\2\3\0\5\6\7\x08", 8);
	assert_text(r, CESNET, 827, "a._ipp._tcp.local;631;a;;;");
	assert_int_equal(number_of(r, CESNET, 1102), UINT32_MAX);
}

static void check_once(const struct read_record *r)
{
	assert_text(r, CESNET, 809, "t13d1516h2_8daaf6152771_02713d6af862");
	assert_text(r, CESNET, 852, "curl");
	assert_int_equal(number_of(r, CESNET, 828), 80);
	assert_bytes(r, CESNET, 850, "first\0bytes", 11);
	assert_numbers(r, CESNET, 11, 1, 28);
	assert_texts(r, CESNET, 2, "a.example.org",
		     list_place(r, CESNET, 200) >= 0 ? "a.example.org" : "b.example.org");
}

static struct read_record read_sample(struct ipfix_options *o, bool udp,
				      const struct reader **reader)
{
	struct flow_record sample = sample_protocols(sample_ipv4(), o->transactions ? 1 : 2);

	struct ipfix_profile *p = profile_of(o);
	struct reader *made = reader_of(p, false);
	struct read_record r;

	sample.protocol = udp ? 17 : 6;
	r = through(p, made, sample);

	*reader = made;
	ipfix_profile_destroy(p);
	return r;
}

static void lists(void **state)
{
	struct ipfix_options o = {.profile = PROFILE_FULL, .biflow = true};
	const struct reader *reader;
	struct read_record r = read_sample(&o, false, &reader);

	(void)state;
	check_once(&r);
	check_tcp(&r);
	assert_texts(&r, FLOWMON, 20, "agent/1", "");
	assert_texts(&r, CESNET, 200, "GET", "POST");
	assert_texts(&r, FLOWMON, 1, "www.example.org", "www.example.org");
	assert_texts(&r, FLOWMON, 3, "", "http://www.example.org/, \"a\"");
	assert_texts(&r, FLOWMON, 2, "/", "/\xc3\xa4?b;c d");
	assert_texts(&r, FLOWMON, 10, "text/html", "image/png");
	assert_texts(&r, CESNET, 202, "id;lang", "");
	assert_numbers(&r, FLOWMON, 12, 200, 404);
	assert_texts(&r, CESNET, 1042, "rtsp://192.0.2.1/a", "rtsp://192.0.2.1/b");
	assert_texts(&r, CESNET, 1044, "", "application/sdp");
	assert_texts(&r, CESNET, 1045, "streamer", "");
	assert_numbers(&r, CESNET, 1043, 200, 454);
	assert_numbers(&r, CESNET, 100, 1, 99);
	assert_numbers(&r, CESNET, 101, 0, 180);
	assert_texts(&r, CESNET, 105, "SIP/2.0/UDP a;SIP/2.0/UDP b", "SIP/2.0/UDP a");
	assert_texts(&r, CESNET, 107, "sip:bob@example.org", "");
	assert_numbers(&r, CESNET, 5, 0, UINT32_MAX);
	free((void *)(uintptr_t)reader);
	r = read_sample(&o, true, &reader);
	check_once(&r);
	check_udp(&r);
	assert_numbers(&r, CESNET, 25, 0, UINT32_MAX);
	assert_texts(&r, CESNET, 27, "0.0", "3976230245.5");
	assert_texts(&r, CESNET, 831, "SERVER         ", "GROUP          ");
	free((void *)(uintptr_t)reader);
}

static void values(void **state)
{
	struct ipfix_options o = {.profile = PROFILE_FULL, .biflow = true, .transactions = true};
	const struct reader *reader;
	struct read_record r = read_sample(&o, false, &reader);

	(void)state;
	check_once(&r);
	check_tcp(&r);
	assert_text(&r, FLOWMON, 20, "agent/1");
	assert_text(&r, CESNET, 200, "GET");
	assert_text(&r, FLOWMON, 1, "www.example.org");
	assert_text(&r, FLOWMON, 2, "/");
	assert_text(&r, CESNET, 201, "nginx");
	assert_text(&r, CESNET, 202, "id;lang");
	assert_int_equal(number_of(&r, FLOWMON, 12), 200);
	assert_text(&r, CESNET, 1040, "OPTIONS");
	assert_int_equal(number_of(&r, CESNET, 1043), 200);
	assert_int_equal(number_of(&r, CESNET, 100), 1);
	assert_text(&r, CESNET, 103, "sip:alice@example.com");
	assert_text(&r, CESNET, 108, "1 INVITE");
	assert_int_equal(number_of(&r, CESNET, 10), 0xabcd);
	free((void *)(uintptr_t)reader);
	r = read_sample(&o, true, &reader);
	check_once(&r);
	check_udp(&r);
	assert_text(&r, CESNET, 26, "INIT");
	assert_int_equal(number_of(&r, CESNET, 832), 0x20);
	free((void *)(uintptr_t)reader);
}

/* With little room texts are cut, numbers are not, and the record still ends where it says. */
static void little_room(void **state)
{
	(void)state;
	for (uint32_t room = 600; room < 3000; room += 7) {
		struct ipfix_options o = {
			.profile = PROFILE_FULL, .biflow = true, .record_bytes_max = room};
		struct ipfix_profile *p = NULL;
		struct flow_record sample = sample_protocols(sample_ipv4(), 2);
		char error[256];
		struct read_record r;
		struct reader *reader;

		if (ipfix_profile_create(&p, &o, error, sizeof error))
			continue;
		reader = reader_of(p, false);
		r = through(p, reader, sample);
		assert_int_equal(number_of(&r, CESNET, 819), UINT32_MAX);
		free(reader);
		ipfix_profile_destroy(p);
	}
}

/* Numbers that rows share are in a template once; what is of lists says itself what it is of. */
static void assert_each_once(const struct ipfix_template *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_false(t->fields[i].pen == t->fields[j].pen &&
				     t->fields[i].id == t->fields[j].id &&
				     (t->fields[i].pen || t->fields[i].id != BASIC_LIST));
}

static void no_number_twice(void **state)
{
	static const enum element_profile profiles[] = {PROFILE_COMPAT, PROFILE_FULL, PROFILE_NTOP};
	static const char *const fields[] = {"", "all"};

	(void)state;
	for (unsigned int i = 0; i < 3 * 2 * 2 * (SOURCE_N + 2); i++) {
		const unsigned int missing = i / 12;
		struct ipfix_options o = {.profile = profiles[i % 3],
					  .fields = fields[i / 3 % 2],
					  .transactions = i / 6 % 2,
					  .biflow = true,
					  .pen = 4711};
		struct ipfix_profile *p;
		char error[256];

		o.missing_sources = missing < SOURCE_N ? 1ULL << missing : 0;
		if (missing == SOURCE_N)
			o.missing_sources = UINT64_MAX;
		assert_int_equal(ipfix_profile_create(&p, &o, error, sizeof error), 0);
		for (uint32_t t = 0; t < p->n_templates; t++)
			assert_each_once(p->templates[t]);
		ipfix_profile_destroy(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(values),
		cmocka_unit_test(little_room),
		cmocka_unit_test(no_number_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
