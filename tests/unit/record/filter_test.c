/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters: what matches, what is refused, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "record/filter.h"

/* A flow of HTTPS from 10.1.2.3 to 192.0.2.9. */
static struct flow_record sample(void)
{
	return (struct flow_record){
		.flow_id = 0x1f,
		.start_ns = 1000000000,
		.end_ns = 31000000000,
		.packets = {10, 20},
		.octets = {1 << 20, 3 << 20},
		.src_addr = {10, 1, 2, 3},
		.dst_addr = {192, 0, 2, 9},
		.src_mac = {2, 0, 0, 0, 0, 1},
		.dst_mac = {2, 0, 0, 0, 0, 2},
		.src_port = 40000,
		.dst_port = 443,
		.tcp_flags = {0x1b, 0x13},
		.ip_version = 4,
		.protocol = 6,
		.l7_flags = L7_INSPECTED,
		.l7_app_id = 126,
		.l7_master_id = 91,
		.l7_proto = "TLS.Google",
		.l7_category = "Web",
		.server_name = "www.Example.org",
		.sampling_packets = 1,
	};
}

static bool matches(const struct flow_record *r, const char *text)
{
	static const struct filter_scope all;
	static struct filter f;
	struct filter_error error;

	if (filter_compile(&f, text, &all, &error)) {
		fprintf(stderr, "%s: %s at %zu\n", text, error.text, error.at);
		fail();
	}
	return filter_matches(&f, r);
}

static const char *const right[] = {
	"",
	"  ",
	"src_ip == 10.0.0.0/8",
	"src_ip = 10.1.2.3",
	"src_ip == 10.1.2.2/31",
	"src_ip != 10.1.2.4",
	"src_ip == 0.0.0.0/0",
	"dst_ip != 2001:db8::1",
	"ip == 192.0.2.9",
	"ip == 10.1.0.0/16",
	"ip != 10.1.2.4",
	"port == 443",
	"port == 40000",
	"port > 39999",
	"port != 80",
	"dst_port == 0x1bb",
	"dst_port>=443",
	"dst_port <= 443",
	"bytes >= 1M",
	"bytes > 1023k",
	"total_bytes == 4M",
	"total_packets < 31",
	"duration == 30s",
	"duration == 30",
	"duration >= 500ms",
	"duration < 1m",
	"duration < 1h",
	"proto == tcp",
	"proto == TCP",
	"proto == 6",
	"proto != udp",
	"l7_proto == tls",
	"l7_proto == google",
	"l7_proto == \"TLS.Google\"",
	"l7_proto != DNS",
	"l7_proto ~ goo",
	"server_name ~ \"example\"",
	"server_name == www.example.ORG",
	"server_name != example.org",
	"src_mac == 02:00:00:00:00:01",
	"dst_mac != 02:00:00:00:00:01",
	"tcp_flags == 0x1b",
	"flow_id == 1f",
	"flow_id == 0x1F",
	"ingress_interface == 1",
	"end_reason == none",
	"first == 1970-01-01T00:00:01Z",
	"first == 1970-01-01T00:00:01.000000000Z",
	"first < 1970-01-01T00:00:01.000000001Z",
	"last >= 1970-01-01T00:00:31Z and first < 1970-01-01T00:00:02Z",
};
static const char *const wrong[] = {
	"src_ip == 11.0.0.0/8",
	"src_ip != 10.1.2.3",
	"src_ip == 2001:db8::/32",
	"ip == 10.2.0.0/16",
	"ip != 192.0.2.9",
	"port == 80",
	"port != 443",
	"bytes > 1M",
	"total_bytes < 4M",
	"duration > 30s",
	"proto == udp",
	"l7_proto == goo",
	"l7_proto != tls",
	"server_name ~ foo",
	"server_name == example.org",
	"src_mac == 02:00:00:00:00:02",
	"l7_proto == \"\"",
	"icmp_type == 0",
	"icmp_type != 0",
	"rev_tos == 0",
	"tunnel_id == 0",
};

static void test_terms(void **state)
{
	const struct flow_record r = sample();

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
		if (!matches(&r, right[i]))
			fail_msg("does not match: %s", right[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (matches(&r, wrong[i]))
			fail_msg("matches: %s", wrong[i]);
}

static void test_connectives(void **state)
{
	const struct flow_record r = sample();

	(void)state;
	assert_true(matches(&r, "src_ip == 10.0.0.0/8 and dst_port == 443 and bytes >= 1M"));
	assert_false(matches(&r, "src_ip == 10.0.0.0/8 and dst_port == 80"));
	assert_true(matches(&r, "dst_port == 80 or dst_port == 443"));
	/* and binds closer: true or (false and false) */
	assert_true(matches(&r, "dst_port == 443 or dst_port == 80 and proto == udp"));
	assert_false(matches(&r, "(dst_port == 443 or dst_port == 80) and proto == udp"));
	/* not binds closer still: (not true) and false, not (true and false) */
	assert_false(matches(&r, "not dst_port == 443 and dst_port == 80"));
	assert_true(matches(&r, "not (dst_port == 443 and dst_port == 80)"));
	assert_true(matches(&r, "not not proto == tcp"));
	assert_true(matches(&r, "!(proto==udp)&&(port==443||port==80)"));
	/* An unknown value is false, and so is its opposite; not turns around. */
	assert_true(matches(&r, "not icmp_type == 0 and not icmp_type != 0"));
}

static void test_ipv6_prefixes(void **state)
{
	struct flow_record r = sample();
	const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8, 0xff, 0x80, [15] = 1};

	(void)state;
	r.ip_version = 6;
	memcpy(r.src_addr, address, sizeof address);
	assert_true(matches(&r, "src_ip == 2001:db8:ff80::1"));
	assert_true(matches(&r, "src_ip == 2001:db8:ff80::/41"));
	assert_true(matches(&r, "src_ip == 2001:db8:ffff::/41"));
	assert_false(matches(&r, "src_ip == 2001:db8:ff00::/41"));
	assert_false(matches(&r, "src_ip == 0.0.0.0/0"));
	assert_true(matches(&r, "src_ip == ::/0"));
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *words;
	} cases[] = {
		{"bytez > 4", 0, "is it bytes?"},
		{"bytes", 5, "is followed by"},
		{"bytes >", 7, "is missing"},
		{"bytes > x", 8, "needs a number"},
		{"bytes > 99999999999999999999", 8, "needs a number"},
		{"bytes > 18446744073709551615k", 8, "needs a number"},
		{"bytes > 1X", 8, "needs a number"},
		{"bytes ~ 1", 6, "is for texts"},
		{"src_ip < 10.0.0.1", 7, "no order"},
		{"l7_proto > a", 9, "no order"},
		{"src_ip == 10.0.0", 10, "no IP address"},
		{"src_ip == 10.0.0.0/33", 10, "0 to 32 bits"},
		{"src_ip == ::/129", 10, "0 to 128 bits"},
		{"src_mac == 02:00", 11, "no MAC"},
		{"proto == tpc", 9, "no protocol"},
		{"duration > 3d", 11, "a duration is"},
		{"end_reason == ended", 14, "no value of"},
		{"first == 3", 9, "a time is"},
		{"first > 1970-01-01T00:00:00", 8, "a time is"},
		{"first > 1970-01-01T00:00:00.1234567890Z", 8, "a time is"},
		{"first > 1970-13-01T00:00:00Z", 8, "a time is"},
		{"schema == 3", 0, "cannot be compared"},
		{"l7_risk == 3", 0, "cannot be compared"},
		{"(bytes > 4", 0, "has no end"},
		{"bytes > 4)", 9, "belongs here"},
		{"bytes > 4 packets > 4", 10, "belongs here"},
		{"bytes > 4 and", 13, "missing at the end"},
		{"and", 0, "no key"},
		{"server_name == \"a", 15, "has no end"},
		{"bytes > 4 ; x", 10, "means nothing"},
		{"\"bytes\" > 4", 1, "a key such as"},
		{"(bytes > 4 proto == 6)", 11, "belongs here"},
	};
	static const struct filter_scope all;
	static struct filter f;
	struct filter_error error;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (filter_compile(&f, cases[i].text, &all, &error) == 0)
			fail_msg("is accepted: %s", cases[i].text);
		if (error.at != cases[i].at || !strstr(error.text, cases[i].words))
			fail_msg("%s: \"%s\" at %zu", cases[i].text, error.text, error.at);
		assert_null(strchr(error.text, '\n'));
	}
}

static void test_scope(void **state)
{
	const struct filter_scope scope = {.missing_sources = 1ULL << SOURCE_tcprtt,
					   .missing_groups = 1U << GROUP_tls};
	static struct filter f;
	struct filter_error error;

	(void)state;
	assert_int_not_equal(filter_compile(&f, "tls_version == 771", &scope, &error), 0);
	assert_non_null(strstr(error.text, "before the flow ends"));
	assert_int_equal(filter_compile(&f, "server_name ~ a and bytes > 1", &scope, &error), 0);
	assert_true(filter_uses(&f, "server_name"));
	assert_false(filter_uses(&f, "l7_proto"));
}

static void test_bounds(void **state)
{
	static const struct filter_scope all;
	static struct filter f;
	struct filter_error error;
	char text[FILTER_BYTES_MAX + 2];
	size_t len = 0;

	(void)state;
	memset(text, '(', sizeof text);
	text[FILTER_BYTES_MAX] = '\0';
	assert_int_not_equal(filter_compile(&f, text, &all, &error), 0);
	assert_non_null(strstr(error.text, "nested deeper"));
	memset(text, ' ', sizeof text);
	text[FILTER_BYTES_MAX + 1] = '\0';
	assert_int_not_equal(filter_compile(&f, text, &all, &error), 0);
	assert_non_null(strstr(error.text, "longer than"));
	while (len + 8 < FILTER_BYTES_MAX)
		len += (size_t)snprintf(text + len, sizeof text - len, "%stos==1", len ? "||" : "");
	assert_int_equal(filter_compile(&f, text, &all, &error), -22);
	assert_non_null(strstr(error.text, "too long"));
}

/* Every key is found by its name, and its getters can be called. */
static void test_fields(void **state)
{
	struct flow_record r = sample();
	unsigned int n = 0;

	(void)state;
	r.tls_alpn = r.tls_ja3c = r.tls_ja3s = r.http_url = r.http_user_agent = "";
	r.http_content_type = r.ssh_client = r.ssh_server = "";
	r.ssh_hassh_client = r.ssh_hassh_server = "";
	for (const struct field *f; (f = field_at(n)) != NULL; n++) {
		assert_ptr_equal(field_find(f->key, strlen(f->key)), f);
		if (!f->is_known(&r))
			continue;
		if (field_sorts(f))
			f->number(&r);
		if (f->form == FIELD_TEXT || f->form == FIELD_APPLICATION)
			assert_non_null(f->text(&r));
		if (f->form == FIELD_ADDRESS || f->form == FIELD_MAC)
			assert_non_null(f->address(&r));
	}
	assert_true(n > 60);
	assert_null(field_find("byte", 4));
	assert_string_equal(field_nearest("total_byte", 10), "total_bytes");
	assert_int_equal(protocol_number("Udp", 3), 17);
	assert_int_equal(protocol_number("u", 1), -1);
	assert_string_equal(protocol_name(58), "icmpv6");
	assert_null(protocol_name(255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),	      cmocka_unit_test(test_connectives),
		cmocka_unit_test(test_ipv6_prefixes), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_scope),	      cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
