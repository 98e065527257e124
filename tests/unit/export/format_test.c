/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, addresses and times as text, against the C library; UTF-8 against RFC 3629. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "export/format.h"

static char text[256];
static struct wbuf w;

static struct wbuf *fresh(void)
{
	memset(text, 0, sizeof text);
	w = wbuf_make(text, sizeof text - 1);
	return &w;
}

static void test_decimal(void **state)
{
	uint64_t v = 0;
	char wanted[32];

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)v);
		put_decimal(fresh(), v);
		assert_string_equal(text, wanted);
		snprintf(wanted, sizeof wanted, "%020llu", (unsigned long long)v);
		put_decimal_padded(fresh(), v, 20);
		assert_string_equal(text, wanted);
		v = i < 1200 ? v + 1 : v * 3 + i;
	}
	put_decimal(fresh(), UINT64_MAX);
	assert_string_equal(text, "18446744073709551615");
	put_decimal_padded(fresh(), 12345, 3);
	assert_string_equal(text, "345");
}

static void test_hex_and_mac(void **state)
{
	(void)state;
	put_hex64(fresh(), 0x0123456789abcdefULL);
	assert_string_equal(text, "0123456789abcdef");
	put_mac(fresh(), (const uint8_t *)"\x00\x1b\xff\x10\x0a\xa0");
	assert_string_equal(text, "00:1b:ff:10:0a:a0");
}

static void check_ipv6(const uint8_t addr[16])
{
	char wanted[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, addr, wanted, sizeof wanted);
	if (strchr(wanted, '.') && strncmp(wanted, "::ffff:", 7) != 0)
		return; /* the C library dots "IPv4-compatible" addresses, which RFC 5952 does not
			 */
	put_ip(fresh(), addr, 6);
	assert_string_equal(text, wanted);
}

static void test_addresses(void **state)
{
	uint8_t addr[16];

	(void)state;
	srand(1);
	put_ip(fresh(), (const uint8_t *)"\xc0\x00\x02\xff", 4);
	assert_string_equal(text, "192.0.2.255");
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int mask = (unsigned int)rand(); /* which groups are zero */

		for (unsigned int g = 0; g < 8; g++) {
			unsigned int v = (unsigned int)rand() >> (rand() & 15);

			store_be16(addr + 2 * g, mask >> g & 1 ? 0 : (uint16_t)v);
		}
		check_ipv6(addr);
	}
	inet_pton(AF_INET6, "::ffff:192.0.2.1", addr);
	check_ipv6(addr);
	inet_pton(AF_INET6, "::", addr);
	check_ipv6(addr);
}

static void check_time(uint64_t seconds, uint32_t ns)
{
	char wanted[64], date[32];
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(wanted, sizeof wanted, "%s.%09uZ", date, ns);
	put_rfc3339(fresh(), seconds * 1000000000 + ns);
	assert_string_equal(text, wanted);
}

static void test_times(void **state)
{
	(void)state;
	put_rfc3339(fresh(), 1767323045123456789ULL);
	assert_string_equal(text, "2026-01-02T03:04:05.123456789Z");
	check_time(0, 0);
	check_time(951782400, 1);	   /* 2000-02-29 */
	check_time(4107542399, 999999999); /* 2100-02-28, no leap year */
	check_time(18446744073, 709551615);
	for (uint64_t s = 0; s < 18446744073; s += 40000003)
		check_time(s, (uint32_t)(s % 1000000000));
}

static void test_scaled(void **state)
{
	static const struct {
		uint64_t v;
		const char *wanted;
	} rows[] = {{0, "0"},		{999, "999"},	     {1000, "1.0K"},
		    {1999, "1.9K"},	{10000, "10K"},	     {999999, "999K"},
		    {1000000, "1.0M"},	{123456789, "123M"}, {9999999999ULL, "9.9G"},
		    {UINT64_MAX, "18E"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_scaled(fresh(), rows[i].v);
		assert_string_equal(text, rows[i].wanted);
	}
}

static void test_a_full_buffer_stays_failed(void **state)
{
	struct wbuf small = wbuf_make(text, 10);

	(void)state;
	put_decimal(&small, 12345678);
	put_decimal(&small, 12345678);
	assert_true(small.failed);
	put_u8(&small, 'x');
	assert_int_equal(small.at - (uint8_t *)text, 8);
}

/* Decodes by the rules of RFC 3629, written the other way round: by the value, not by the bytes. */
static unsigned int reference_sequence(const uint8_t *p, size_t n)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned int len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : 4;
	uint32_t value = p[0] & (len == 1 ? 0x7f : 0xffU >> (len + 1));

	if ((len == 4 && p[0] >> 3 != 30) || len > n)
		return 0;
	for (unsigned int i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < smallest[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return len;
}

static void test_utf8(void **state)
{
	uint8_t p[4];

	(void)state;
	for (uint32_t head = 0; head < 0x10000; head++) {
		static const uint8_t tails[][2] = {{0x80, 0x80}, {0xbf, 0xbf}, {0x41, 0x80},
						   {0x80, 0x41}, {0xc0, 0x80}, {0x80, 0xff}};

		for (size_t t = 0; t < sizeof tails / sizeof *tails; t++) {
			store_be16(p, (uint16_t)head);
			memcpy(p + 2, tails[t], 2);
			for (size_t n = 1; n <= 4; n++)
				assert_int_equal(utf8_sequence(p, n), reference_sequence(p, n));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimal),	  cmocka_unit_test(test_hex_and_mac),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_times),
		cmocka_unit_test(test_scaled),	  cmocka_unit_test(test_a_full_buffer_stays_failed),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
