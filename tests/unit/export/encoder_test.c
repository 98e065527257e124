/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The encoders of text on the sample records. JSON is read back by json-c in schema_test.py; here
 * stand exact bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/limits.h"
#include "export/encoder.h"
#include "sample_protocols.h"
#include "sample_records.h"

static struct encoder encoder;
static char text[RECORD_BYTES_MAX + 1];

static int setup(void **state)
{
	(void)state;
	return community_id_create(&encoder.community_id);
}

static int teardown(void **state)
{
	(void)state;
	community_id_destroy(encoder.community_id);
	return 0;
}

typedef void encode_fn(struct encoder *e, struct wbuf *w, const struct flow_record *r);

static const char *encoded(encode_fn *encode, struct flow_record r)
{
	struct wbuf w = wbuf_make(text, RECORD_BYTES_MAX);

	encode(&encoder, &w, &r);
	assert_false(w.failed);
	*w.at = '\0';
	return text;
}

#define JSON_IPV4                                                                                  \
	"{\"schema\":\"ftprobe.flow/1\",\"flow_id\":\"0123456789abcdef\","                         \
	"\"community_id\":\"1:s1igm7PE3cqMewMM2uZPY3r6QAI=\","                                     \
	"\"first\":\"2026-01-02T03:04:05.123456789Z\","                                            \
	"\"last\":\"2026-01-02T03:04:07.623456789Z\","                                             \
	"\"rev_first\":\"2026-01-02T03:04:05.123457789Z\","                                        \
	"\"rev_last\":\"2026-01-02T03:04:07.623456789Z\","                                         \
	"\"proto\":6,\"ip_version\":4,\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"198.51.100.200\","     \
	"\"src_port\":40000,\"dst_port\":443,\"icmp_type\":null,\"icmp_code\":null,"               \
	"\"vlan\":100,\"vlan_inner\":0,"                                                           \
	"\"mpls_label_1\":null,\"mpls_label_2\":null,\"mpls_label_3\":null,"                       \
	"\"src_mac\":\"02:00:5e:10:00:01\","                                                       \
	"\"dst_mac\":\"02:00:5e:10:00:ff\",\"tos\":40,\"rev_tos\":null,\"ttl\":64,"                \
	"\"ttl_min\":null,\"ttl_max\":null,\"rev_ttl\":null,\"rev_ttl_min\":null,"                 \
	"\"rev_ttl_max\":null,\"ip_flags\":null,\"rev_ip_flags\":null,"                            \
	"\"packets\":10,\"rev_packets\":12,\"bytes\":1500,\"rev_bytes\":123456,"                   \
	"\"l2_bytes\":1640,\"rev_l2_bytes\":123624,\"tcp_flags\":27,\"rev_tcp_flags\":19,"         \
	"\"tcp_window\":null,\"rev_tcp_window\":null,\"tcp_options\":null,"                        \
	"\"rev_tcp_options\":null,\"tcp_mss\":null,\"rev_tcp_mss\":null,"                          \
	"\"tcp_syn_bytes\":null,"                                                                  \
	"\"end_reason\":\"end\",\"tunnel_type\":null,\"tunnel_id\":null,"                          \
	"\"outer_src_ip\":null,\"outer_dst_ip\":null,"                                             \
	"\"ingress_interface\":1,\"sampling\":1,"                                                  \
	"\"l7_proto\":\"TLS.Google\",\"l7_app_id\":126,\"l7_master_id\":91,"                       \
	"\"l7_category\":\"Web\",\"l7_category_id\":5,\"l7_guessed\":false,"                       \
	"\"l7_confidence\":6,\"l7_risk\":[5,12],\"l7_risk_score\":150,"                            \
	"\"server_name\":\"www.example.org\",\"tls_version\":772,"                                 \
	"\"tls_alpn\":\"h2,http/1.1\",\"tls_ja3c\":\"0123456789abcdef0123456789abcdef\","          \
	"\"tls_ja3s\":null,\"http_url\":null,\"http_user_agent\":null,"                            \
	"\"http_content_type\":null,\"http_status\":null,\"dns_query_type\":null,"                 \
	"\"dns_reply_code\":null,\"ssh_client\":null,\"ssh_server\":null,"                         \
	"\"ssh_hassh_client\":null,\"ssh_hassh_server\":null,"                                     \
	"\"tcp_rtt\":null,\"ppi_pkt_lengths\":[],\"ppi_pkt_times\":[],"                            \
	"\"ppi_pkt_flags\":[],\"ppi_pkt_directions\":[],\"s_phists_sizes\":[],"                    \
	"\"d_phists_sizes\":[],\"s_phists_ipt\":[],\"d_phists_ipt\":[],"                           \
	"\"sbi_brst_packets\":[],\"sbi_brst_bytes\":[],"                                           \
	"\"sbi_brst_time_start\":[],\"sbi_brst_time_stop\":[],"                                    \
	"\"dbi_brst_packets\":[],\"dbi_brst_bytes\":[],"                                           \
	"\"dbi_brst_time_start\":[],\"dbi_brst_time_stop\":[],\"nts_mean\":null,"                  \
	"\"nts_min\":null,\"nts_max\":null,\"nts_stdev\":null,"                                    \
	"\"nts_kurtosis\":null,\"nts_root_mean_square\":null,"                                     \
	"\"nts_average_dispersion\":null,\"nts_mean_scaled_time\":null,"                           \
	"\"nts_mean_difftimes\":null,\"nts_min_difftimes\":null,"                                  \
	"\"nts_max_difftimes\":null,\"nts_time_distribution\":null,"                               \
	"\"nts_switching_ratio\":null}\n"

static void test_json_whole(void **state)
{
	(void)state;
	assert_string_equal(encoded(json_encode, sample_ipv4()), JSON_IPV4);
}

static void assert_has(const char *haystack, const char *needle)
{
	if (!strstr(haystack, needle))
		fail_msg("no %s in %s", needle, haystack);
}

static void test_json_values(void **state)
{
	const char *json;

	(void)state;
	json = encoded(json_encode, sample_icmp());
	assert_has(json, "\"src_port\":0,\"dst_port\":0,\"icmp_type\":8,\"icmp_code\":0,");
	assert_has(json, "\"l7_proto\":null,\"l7_app_id\":null,\"l7_master_id\":null,"
			 "\"l7_category\":null,\"l7_category_id\":null,\"l7_guessed\":null,"
			 "\"l7_confidence\":null,\"l7_risk\":null,\"l7_risk_score\":null,"
			 "\"server_name\":null,");
	json = encoded(json_encode, sample_icmp6());
	assert_has(json, "\"rev_first\":null,\"rev_last\":null,");
	assert_has(json, "\"src_mac\":null,\"dst_mac\":null,");
	assert_has(json, "\"l7_guessed\":true,");
	assert_has(json, "\"end_reason\":\"slice\",");
	assert_has(json, "\"dns_query_type\":28,\"dns_reply_code\":null,");
	json = encoded(json_encode, sample_ipv6());
	assert_has(json, "\"src_ip\":\"2001:db8::1\",\"dst_ip\":\"2001:db8:0:1::2\",");
	assert_has(json, "\"dns_query_type\":28,\"dns_reply_code\":3,");
	json = encoded(json_encode, sample_extreme());
	assert_has(json, "\"packets\":18446744073709551615,");
	assert_has(json, "\"first\":\"1970-01-01T00:00:00.000000000Z\",");
	assert_has(json, "\"last\":\"2554-07-21T23:34:33.709551615Z\",");
	assert_has(json, "\"tunnel_type\":\"vxlan-gpe\",\"tunnel_id\":4294967295,");
	assert_has(json, "\"ingress_interface\":100,\"sampling\":4294967295,");
}

/* What metering may know beyond the rest, when it does. */
static void test_json_of_a_rich_record(void **state)
{
	struct flow_record r = sample_rich();
	const char *json = encoded(json_encode, r);

	(void)state;
	assert_has(json, "\"mpls_label_1\":16001,\"mpls_label_2\":100,\"mpls_label_3\":null,");
	assert_has(json, "\"tos\":40,\"rev_tos\":72,\"ttl\":64,\"ttl_min\":63,\"ttl_max\":65,"
			 "\"rev_ttl\":58,\"rev_ttl_min\":57,\"rev_ttl_max\":59,"
			 "\"ip_flags\":64,\"rev_ip_flags\":0,");
	assert_has(json, "\"tcp_window\":64240,\"rev_tcp_window\":65160,\"tcp_options\":260,"
			 "\"rev_tcp_options\":4,\"tcp_mss\":1460,\"rev_tcp_mss\":1440,"
			 "\"tcp_syn_bytes\":60,");
	assert_has(json, "\"tunnel_type\":\"vxlan\",\"tunnel_id\":4242,"
			 "\"outer_src_ip\":\"2001:db8:f::1\",\"outer_dst_ip\":\"2001:db8:f::2\",");
	r.outer_ip_version = 4;
	memcpy(r.outer_src_addr, "\xc0\0\x02\x09", 4);
	assert_has(encoded(json_encode, r), "\"outer_src_ip\":\"192.0.2.9\",");
}

static void test_json_strings(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"\"\\/", "\"\\\"\\\\/\""},
		{"\b\t\n\f\r\x01\x1f\x7f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
		 "\"a\xef\xbf\xbd"
		 "b\""},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"x\xe2\x82", "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wbuf w = wbuf_make(text, sizeof text - 1);

		json_put_string(&w, rows[i].in);
		*w.at = '\0';
		assert_string_equal(text, rows[i].out);
	}
}

/* The bound of limits.h holds for what strangers can make of every string. */
static void test_json_at_its_longest(void **state)
{
	static char longest[DPI_STRING_MAX + 100];
	struct flow_record r = sample_extreme();

	(void)state;
	memset(longest, 1, sizeof longest - 1);
	r.l7_proto = r.l7_category = r.server_name = r.tls_alpn = r.tls_ja3c = r.tls_ja3s = longest;
	r.http_url = r.http_user_agent = r.http_content_type = longest;
	r.ssh_client = r.ssh_server = r.ssh_hassh_client = r.ssh_hassh_server = longest;
	assert_true(strlen(encoded(json_encode, r)) > 13 * DPI_STRING_MAX * 6);
}

static void test_a_record_that_does_not_fit(void **state)
{
	struct flow_record r = sample_ipv4();

	(void)state;
	for (size_t len = 0; len < 1300; len += 7) {
		char *exact = malloc(len + 1);
		struct wbuf w = wbuf_make(exact, len);

		json_encode(&encoder, &w, &r);
		assert_int_equal(w.failed, len < sizeof JSON_IPV4 - 1);
		w = wbuf_make(exact, len < 300 ? len : 300);
		csv_encode(&encoder, &w, &r);
		assert_true(w.failed);
		w = wbuf_make(exact, len < 60 ? len : 60);
		text_encode(&encoder, &w, &r);
		assert_true(w.failed);
		free(exact);
	}
}

static unsigned int count_of(const char *s, char c)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

static void test_csv(void **state)
{
	struct wbuf w = wbuf_make(text, sizeof text - 1);
	const struct encoder all = {0};
	unsigned int commas;
	const char *csv;

	(void)state;
	csv_header(&all, &w);
	*w.at = '\0';
	assert_int_equal(strncmp(text, "schema,flow_id,community_id,first,last,", 39), 0);
	assert_string_equal(strchr(text, '\n'), "\n");
	commas = count_of(text, ',');
	csv = encoded(csv_encode, sample_icmp());
	assert_int_equal(count_of(csv, ','), commas);
	assert_has(csv, ",0,0,8,0,100,0,,,,02:00:5e:10:00:01,");
	csv = encoded(csv_encode, sample_ipv4());
	assert_has(csv, ",TLS.Google,126,91,Web,5,false,6,5 12,150,www.example.org,772,"
			"\"h2,http/1.1\",0123456789abcdef0123456789abcdef,,,");
	csv = encoded(csv_encode, sample_nasty());
	assert_has(csv, ",\"a\"\"b\\c\n\r\t\x01\x1b[31m\x7f,\xc3\xa9\xef\xbf\xbd");
}

/* A long address takes from the blanks behind it: the columns after it stand where they always do.
 */
static void test_long_text_cells_find_back(void **state)
{
	struct wbuf w = wbuf_make(text, sizeof text - 1);
	struct flow_record r = sample_ipv6();
	size_t column;

	(void)state;
	text_header(&w);
	*w.at = '\0';
	column = (size_t)(strstr(text, "END ") - text);
	assert_int_equal(strstr(encoded(text_encode, r), "idle ") - text, column);
	inet_pton(AF_INET6, "fe80::1234:5678:9abc", r.src_addr);
	inet_pton(AF_INET6, "ff02::2", r.dst_addr);
	assert_int_equal(strstr(encoded(text_encode, r), "idle ") - text, column);
}

static void test_text(void **state)
{
	struct wbuf w = wbuf_make(text, sizeof text - 1);
	const char *line;

	(void)state;
	text_header(&w);
	*w.at = '\0';
	assert_string_equal(text, "START          SECONDS PROTO SOURCE              DESTINATION"
				  "           PACKETS     BYTES END    L7             SERVER\n");
	line = encoded(text_encode, sample_ipv4());
	assert_string_equal(line, "01-02 03:04:05   2.500 TCP   192.0.2.1:40000     "
				  "198.51.100.200:443      10/12 1.5K/123K end    TLS.Google     "
				  "www.example.org\n");
	line = encoded(text_encode, sample_icmp());
	assert_string_equal(line, "01-02 03:04:05   2.500 ICMP  192.0.2.1           "
				  "198.51.100.200          10/12 1.5K/123K active -\n");
	line = encoded(text_encode, sample_ipv6());
	assert_has(line, "[2001:db8::1]:40000 [2001:db8:0:1::2]:53 ");
	/* What could command a terminal does not reach it. */
	line = encoded(text_encode, sample_nasty());
	for (const char *p = line; p[1]; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	assert_null(strstr(line, "\xc2\x85"));
}

/* Where nDPI has no name of a server, processors may. */
static void test_text_of_processors(void **state)
{
	static struct record_http http = {.host = {{"", "second.example.org"}, 2}};
	struct flow_record r = sample_protocols(sample_ipv4(), 2);

	(void)state;
	assert_has(encoded(text_encode, r), " www.example.org\n");
	r.server_name = "";
	r.tls = NULL;
	assert_has(encoded(text_encode, r), " quic.example.org\n");
	r.quic = NULL;
	r.http = &http;
	assert_has(encoded(text_encode, r), " second.example.org\n");
	r.http = NULL;
	assert_has(encoded(text_encode, r), " a.example.org\n");
	r.dns = NULL;
	assert_has(encoded(text_encode, r), " TLS.Google\n");
}

static void test_text_in_local_time(void **state)
{
	(void)state;
	setenv("TZ", "IST-05:30", 1);
	tzset();
	encoder.local_time = true;
	assert_int_equal(strncmp(encoded(text_encode, sample_ipv4()), "01-02 08:34:05", 14), 0);
	encoder.local_time = false;
	assert_int_equal(strncmp(encoded(text_encode, sample_ipv4()), "01-02 03:04:05", 14), 0);
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_whole),
		cmocka_unit_test(test_json_values),
		cmocka_unit_test(test_json_of_a_rich_record),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_json_at_its_longest),
		cmocka_unit_test(test_a_record_that_does_not_fit),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_of_processors),
		cmocka_unit_test(test_long_text_cells_find_back),
		cmocka_unit_test(test_text_in_local_time),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
