/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and texts that tell less, and the key for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "export/privacy.h"
#include "sample_records.h"

/* The key and pairs of addresses that the authors of Crypto-PAn published with their program. */
static const uint8_t known_key[] = {21,	 34, 23,  141, 51, 164, 207, 128, 19,  10,  91,
				    22,	 73, 144, 125, 16, 216, 152, 143, 131, 121, 121,
				    101, 39, 98,  87,  76, 45,	42,  132, 34,  2};
static const char *const known_pairs[][2] = {
	{"128.11.68.132", "135.242.180.132"},
	{"129.118.74.4", "134.136.186.123"},
	{"130.132.252.244", "133.68.164.234"},
};

static char key_path[] = "/tmp/ftprobe-privacy-XXXXXX";

static int write_key(const void *bytes, size_t n, mode_t mode)
{
	FILE *f = fopen(key_path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
	return chmod(key_path, mode);
}

static struct privacy_options options_of(const char *addresses, enum privacy_strings strings)
{
	struct privacy_options o = {.strings = strings};
	char error[256];

	assert_int_equal(privacy_parse_addresses(&o, addresses, error, sizeof error), 0);
	return o;
}

static struct privacy *privacy_of(const char *addresses, enum privacy_strings strings)
{
	const struct privacy_options o = options_of(addresses, strings);
	struct privacy *p;
	char error[256];

	assert_int_equal(privacy_create(&p, &o, error, sizeof error), 0);
	return p;
}

static struct privacy *by_known_key(enum privacy_strings strings)
{
	char how[64];

	write_key(known_key, sizeof known_key, 0600);
	snprintf(how, sizeof how, "cryptopan:%s", key_path);
	return privacy_of(how, strings);
}

static void bad_settings(void **state)
{
	static const char *const bad[] = {"",
					  "none",
					  "truncate:",
					  "truncate:24",
					  "truncate:33,48",
					  "truncate:24,129",
					  "truncate:24,48x",
					  "cryptopan:"};
	struct privacy_options o = {.ipv4_bits = 7};
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		error[0] = '\0';
		assert_int_not_equal(privacy_parse_addresses(&o, bad[i], error, sizeof error), 0);
		assert_non_null(strstr(error, "keep, truncate:"));
		assert_int_equal(o.ipv4_bits, 7);
	}
}

static void keys(void **state)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n";
	const struct {
		size_t n;
		mode_t mode;
		const char *says;
	} cases[] = {
		{32, 0600, NULL},
		{64, 0600, NULL},
		{65, 0400, NULL},
		{31, 0600, "a key has 32 bytes"},
		{63, 0600, "a key has 32 bytes"},
		{32, 0640, "chmod 600"},
	};
	struct privacy_options o;
	struct privacy *p;
	char how[64], error[256];

	(void)state;
	snprintf(how, sizeof how, "cryptopan:%s", key_path);
	o = options_of(how, PRIVACY_STRINGS_KEEP);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_key(hex, cases[i].n, cases[i].mode);
		if (!cases[i].says) {
			assert_int_equal(privacy_create(&p, &o, error, sizeof error), 0);
			privacy_destroy(p);
			continue;
		}
		assert_int_not_equal(privacy_create(&p, &o, error, sizeof error), 0);
		assert_non_null(strstr(error, cases[i].says));
	}
	o = options_of("cryptopan:/nowhere/key", PRIVACY_STRINGS_KEEP);
	assert_int_equal(privacy_create(&p, &o, error, sizeof error), -ENOENT);
	assert_non_null(strstr(error, "/nowhere/key"));
}

static void prefixes_stay_common(void **state)
{
	struct privacy *p = by_known_key(PRIVACY_STRINGS_KEEP);

	(void)state;
	for (size_t i = 0; i < sizeof known_pairs / sizeof *known_pairs; i++) {
		struct flow_record r = sample_ipv4();
		char text[INET_ADDRSTRLEN];

		inet_pton(AF_INET, known_pairs[i][0], r.src_addr);
		privacy_apply(p, &r);
		inet_ntop(AF_INET, r.src_addr, text, sizeof text);
		assert_string_equal(text, known_pairs[i][1]);
	}
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct flow_record r = sample_ipv6();
		unsigned int same = 0;

		memcpy(r.dst_addr, r.src_addr, 16);
		r.dst_addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		privacy_apply(p, &r);
		while (same < 128 &&
		       !((r.src_addr[same / 8] ^ r.dst_addr[same / 8]) & 0x80 >> same % 8))
			same++;
		assert_int_equal(same, bit);
	}
	privacy_destroy(p);
}

static void truncated(void **state)
{
	static const uint8_t zero[16];
	struct privacy *p = privacy_of("truncate:23,48", PRIVACY_STRINGS_KEEP);
	struct flow_record r = sample_ipv4(), was = r;

	(void)state;
	r.outer_ip_version = was.outer_ip_version = 6;
	memset(r.outer_src_addr, 0xff, 16);
	memset(r.src_addr, 0xff, 4);
	privacy_apply(p, &r);
	assert_memory_equal(r.src_addr, "\xff\xff\xfe\0", 4);
	assert_memory_equal(r.outer_src_addr, "\xff\xff\xff\xff\xff\xff", 6);
	assert_memory_equal(r.outer_src_addr + 6, zero, 10);
	assert_memory_equal(r.src_mac, was.src_mac, 3);
	assert_memory_equal(r.src_mac + 3, zero, 3);
	assert_string_equal(r.server_name, was.server_name);
	privacy_destroy(p);
}

/* Whoever asked for names goes to these addresses next. */
static void addresses_in_answers(void **state)
{
	const char *names[] = {"a.example", "b.example"};
	const uint8_t v6[16] = "0123456789abcde";
	const struct octets addresses[] = {{(const uint8_t *)"\xc0\0\2\x7b", 4}, {v6, 16}};
	const struct record_passivedns ties = {.address = {addresses, 2}, .name = {names, 2}};
	struct privacy *p = privacy_of("truncate:24,64", PRIVACY_STRINGS_KEEP);
	struct flow_record r = sample_ipv4();

	(void)state;
	r.passivedns = &ties;
	privacy_apply(p, &r);
	assert_int_equal(r.passivedns->address.n, 2);
	assert_int_equal(r.passivedns->address.values[0].len, 4);
	assert_memory_equal(r.passivedns->address.values[0].bytes, "\xc0\0\2\0", 4);
	assert_memory_equal(r.passivedns->address.values[1].bytes, "01234567\0\0\0\0\0\0\0\0", 16);
	assert_string_equal(r.passivedns->name.values[0], "a.example");
	assert_int_equal(addresses[0].bytes[3], 0x7b);
	privacy_destroy(p);
	p = privacy_of("truncate:24,64", PRIVACY_DROP);
	r.passivedns = &ties;
	privacy_apply(p, &r);
	assert_int_equal(r.passivedns->address.values[1].len, 0);
	privacy_destroy(p);
}

/* What of a record is text from payload, in structs of protocols, too, which stay as they were. */
static void texts(void **state)
{
	const char *names[] = {"a.example", "b.example"};
	const struct octets addresses[] = {{(const uint8_t *)"\1\2\3\4", 4},
					   {(const uint8_t *)"\1\2\3\5", 4}};
	const struct record_passivedns ties = {.address = {addresses, 2}, .name = {names, 2}};
	struct record_http http = {.host = {{"www.example.org", ""}, 2}};
	struct privacy *p = by_known_key(PRIVACY_HASH);
	struct flow_record r = sample_ipv4();
	const char *ja3 = r.tls_ja3c;

	(void)state;
	http.agent = http.method = http.referer = http.url = http.content_type = http.host;
	http.server = http.cookie_names = http.host;
	r.http = &http;
	r.passivedns = &ties;
	r.idp_content[DIR_FWD] = (struct octets){(const uint8_t *)"secret", 6};
	privacy_apply(p, &r);
	assert_int_equal(strlen(r.server_name), 16);
	assert_string_equal(r.server_name, r.http->host.values[0]); /* both www.example.org */
	assert_string_equal(r.http->host.values[1], "");
	assert_string_equal(http.host.values[0], "www.example.org");
	assert_int_equal(strlen(r.passivedns->name.values[1]), 16);
	assert_string_not_equal(r.passivedns->name.values[0], r.passivedns->name.values[1]);
	assert_int_equal(r.passivedns->address.values[1].len, 16);
	assert_string_equal(names[1], "b.example");
	assert_int_equal(r.idp_content[DIR_FWD].len, 16);
	assert_string_equal(r.l7_proto, sample_ipv4().l7_proto);
	assert_string_equal(r.tls_ja3c, ja3);
	privacy_destroy(p);
	p = privacy_of("keep", PRIVACY_DROP);
	r = sample_ipv4();
	r.idp_content[DIR_FWD] = (struct octets){(const uint8_t *)"secret", 6};
	privacy_apply(p, &r);
	assert_string_equal(r.server_name, "");
	assert_int_equal(r.idp_content[DIR_FWD].len, 0);
	assert_memory_equal(r.src_addr, sample_ipv4().src_addr, 4);
	privacy_destroy(p);
}

/* Without a key of the operator's, another run hashes otherwise. */
static void a_key_of_this_run(void **state)
{
	struct privacy *a = privacy_of("keep", PRIVACY_HASH), *b = privacy_of("keep", PRIVACY_HASH);
	struct flow_record one = sample_ipv4(), other = one;

	(void)state;
	privacy_apply(a, &one);
	privacy_apply(b, &other);
	assert_string_not_equal(one.server_name, other.server_name);
	privacy_destroy(a);
	privacy_destroy(b);
}

static void techniques(void **state)
{
	const struct privacy_options pan = {.addresses = PRIVACY_CRYPTOPAN,
					    .strings = PRIVACY_HASH};
	const struct privacy_options pan_only = {.addresses = PRIVACY_CRYPTOPAN};
	const struct privacy_options cut = {.addresses = PRIVACY_TRUNCATE, .strings = PRIVACY_DROP};

	(void)state;
	assert_int_equal(privacy_technique(&pan, ELEMENT_SRC_IPV4), PRIVACY_STRUCTURE_PERMUTED);
	assert_int_equal(privacy_technique(&pan, ELEMENT_SRC_MAC), PRIVACY_PRECISION_DEGRADED);
	assert_int_equal(privacy_technique(&pan, ELEMENT_SERVER_NAME), PRIVACY_PERMUTED);
	assert_int_equal(privacy_technique(&pan, ELEMENT_PACKETS), PRIVACY_NONE);
	assert_int_equal(privacy_technique(&cut, ELEMENT_DST_IPV6), PRIVACY_PRECISION_DEGRADED);
	assert_int_equal(privacy_technique(&cut, ELEMENT_PDNS_NAME), PRIVACY_PRECISION_DEGRADED);
	assert_int_equal(privacy_technique(&cut, ELEMENT_L7_PROTO), PRIVACY_NONE);
	assert_int_equal(privacy_technique(&pan_only, ELEMENT_PDNS_IP), PRIVACY_STRUCTURE_PERMUTED);
	assert_int_equal(privacy_technique(&pan_only, ELEMENT_PDNS_NAME), PRIVACY_NONE);
	assert_int_equal(privacy_technique(&pan, ELEMENT_PDNS_IP), PRIVACY_PERMUTED);
}

static int make_path(void **state)
{
	const int fd = mkstemp(key_path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(key_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_settings),		cmocka_unit_test(keys),
		cmocka_unit_test(prefixes_stay_common), cmocka_unit_test(truncated),
		cmocka_unit_test(addresses_in_answers), cmocka_unit_test(texts),
		cmocka_unit_test(a_key_of_this_run),	cmocka_unit_test(techniques),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
