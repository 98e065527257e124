/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of numbers and floats in IPFIX, byte by byte (RFC 6313 4.5.1, RFC 7011 6.1.3), and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/ipfix_internal.h"
#include "profile_reader.h"

static const uint16_t lengths[] = {1, 0x0203};
static const uint32_t times[] = {0, 7};
static const uint32_t counts[30] = {[0] = 0x01020304, [29] = UINT32_MAX};

static struct flow_record series(void)
{
	struct flow_record r = sample_ipv4();

	r.lists_start_ns = 1000000 * 0x0102030405ULL + 999999;
	r.packet_lengths = (struct list_u16){lengths, 2};
	r.packet_times = (struct list_time){times, 2};
	r.packet_directions = (struct list_direction){2, 2};
	r.size_histogram[DIR_FWD] = (struct list_u32){counts, 30};
	r.known = KNOWN_NETTISA;
	r.nettisa.mean = 1.5F;
	return r;
}

static void encodes_as(const struct ipfix_options *o, const struct flow_record *r,
		       const void *wanted, size_t len)
{
	struct ipfix_profile *p = profile_of(o);
	uint8_t bytes[16384];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);

	assert_int_not_equal(ipfix_record_put(p, &w, r), 0);
	assert_int_equal(w.at - bytes, len);
	assert_memory_equal(bytes, wanted, len);
	ipfix_profile_destroy(p);
}

static void values(void **state)
{
	static const uint8_t wanted[] =
		"\x0d\x03\x83\xf5\x00\x02\x00\x00\x1f\x79\x00\x01\x02\x03"
		"\x19\x03\x83\xf6\x00\x08\x00\x00\x1f\x79"
		"\x00\x00\x00\x01\x02\x03\x04\x05\x00\x00\x00\x01\x02\x03\x04\x0c"
		"\x09\x03\x83\xf7\x00\x01\x00\x00\x1f\x79" /* no flags: an empty list */
		"\x0b\x03\x83\xf8\x00\x01\x00\x00\x1f\x79\x01\xff"
		"\x3f\xc0\x00\x00";
	const struct ipfix_options o = {
		.profile = PROFILE_FULL, .biflow = true, .fields = "pstats nts_mean"};
	const struct flow_record r = series();

	(void)state;
	encodes_as(&o, &r, wanted, sizeof wanted - 1);
}

/* The element of the template is basicList itself; the types that options tell are those inside. */
static void templates(void **state)
{
	const struct ipfix_options o = {
		.profile = PROFILE_FULL, .biflow = true, .fields = "ppi_pkt_lengths"};
	struct ipfix_profile *p = profile_of(&o);
	uint8_t bytes[64];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);

	(void)state;
	ipfix_template_put(p, 0, &w);
	assert_int_equal(w.at - bytes, 8);
	assert_memory_equal(bytes, "\x01\x00\x00\x01\x01\x23\xff\xff", 8);
	assert_int_equal(p->n_types, 1);
	assert_int_equal(p->types[0].pen, 8057);
	assert_int_equal(p->types[0].id, 1013);
	ipfix_profile_destroy(p);
}

/*
 * With too little room a list is cut after a value, and what comes behind it is an empty list, not
 * nothing: ipfixDump refuses a basicList without its head.
 */
static void cut(void **state)
{
	struct ipfix_options o = {.profile = PROFILE_FULL,
				  .biflow = true,
				  .fields = "s_phists_sizes s_phists_ipt",
				  .record_bytes_max = 64};
	const struct flow_record r = series();
	struct ipfix_profile *p = profile_of(&o);
	uint8_t bytes[256];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);

	(void)state;
	assert_int_not_equal(ipfix_record_put(p, &w, &r), 0);
	assert_true(w.at - bytes <= 64);
	/* 64 bytes: twice a length and a head of 9, and 11 values */
	assert_int_equal(bytes[0], 9 + 11 * 4);
	assert_int_equal(load_be32(bytes + 10), 0x01020304);
	assert_int_equal(bytes[1 + 53], 9);
	assert_memory_equal(bytes + 1 + 53 + 1, "\x03\x84\x25\x00\x04\x00\x00\x1f\x79", 9);
	assert_int_equal(w.at - bytes, 64);
	ipfix_profile_destroy(p);

	o.record_bytes_max = 0;
	p = profile_of(&o);
	w = wbuf_make(bytes, sizeof bytes);
	assert_int_equal(ipfix_record_put(p, &w, &r), 0); /* no room for the longest */
	ipfix_profile_destroy(p);
}

/* Lists of 255 bytes and more have longer lengths, which take room, too. */
static void cut_long(void **state)
{
	static const uint32_t offsets[LIST_VALUES_MAX] = {1};
	struct flow_record r = series();
	static uint8_t bytes[4096];

	(void)state;
	r.packet_times = (struct list_time){offsets, LIST_VALUES_MAX};
	r.bursts[DIR_FWD].start = r.bursts[DIR_FWD].stop = r.packet_times;
	for (uint32_t room = 600; room < 900; room++) {
		struct ipfix_options o = {.profile = PROFILE_FULL,
					  .biflow = true,
					  .fields = "ppi_pkt_times sbi_brst_time_start "
						    "sbi_brst_time_stop",
					  .record_bytes_max = room};
		struct ipfix_profile *p = profile_of(&o);
		struct wbuf w = wbuf_make(bytes, sizeof bytes);

		assert_int_not_equal(ipfix_record_put(p, &w, &r), 0);
		assert_true(w.at - bytes <= room && w.at - bytes > (room < 800 ? room - 12 : 790));
		ipfix_profile_destroy(p);
	}
}

/* What is missing is not sent by default, and is when it is named. */
static void missing(void **state)
{
	const uint64_t all = UINT64_MAX << SOURCE_PROCESSORS;
	struct ipfix_options o = {.profile = PROFILE_FULL, .biflow = true};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct ipfix_profile *p;
		unsigned int n = 0;

		o.missing_sources = i ? all : 0;
		o.fields = i == 2 ? "+pstats" : NULL;
		p = profile_of(&o);
		for (uint32_t f = 0; f < p->templates[0]->n; f++)
			n += element_list_type(p->templates[0]->fields[f].element, false) != NULL;
		assert_int_equal(n, i == 0 ? 16 : i == 1 ? 0 : 4);
		ipfix_profile_destroy(p);
	}
}

/* Lists of a direction go with it, those of both with the first record. */
static void uniflows(void **state)
{
	struct flow_record r = series(), half[DIR_N];

	(void)state;
	r.bursts[DIR_REV].packets = (struct list_u32){counts, 3};
	r.tcp_rtt_us = 5;
	assert_int_equal(flow_record_uniflows(&r, half), 2);
	assert_int_equal(half[0].packet_lengths.n, 2);
	assert_int_equal(half[0].size_histogram[DIR_FWD].n, 30);
	assert_int_equal(half[0].bursts[DIR_REV].packets.n, 0);
	assert_int_equal(half[0].known & KNOWN_NETTISA, KNOWN_NETTISA);
	assert_int_equal(half[1].packet_lengths.n, 0);
	assert_int_equal(half[1].packet_directions.n, 0);
	assert_int_equal(half[1].size_histogram[DIR_FWD].n, 0);
	assert_int_equal(half[1].bursts[DIR_FWD].packets.n, 3);
	assert_int_equal(half[1].tcp_rtt_us, 0);
	assert_int_equal(half[1].known & KNOWN_NETTISA, 0);

	r.packets[DIR_FWD] = 0;
	assert_int_equal(flow_record_uniflows(&r, half), 1);
	assert_int_equal(half[0].packet_lengths.n, 2);
	assert_int_equal(half[0].packet_directions.reverse & 3, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),   cmocka_unit_test(templates), cmocka_unit_test(cut),
		cmocka_unit_test(cut_long), cmocka_unit_test(missing),	 cmocka_unit_test(uniflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
