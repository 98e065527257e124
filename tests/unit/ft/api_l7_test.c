/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What flows tell of their L7: the trace of real programs in tests/pcap/demo, whose names, answers
 * and certificate another dissector reads the same; and how the packets of one DNS flow say it.
 */
#include "api.h"

#include <pcap/pcap.h>
#include <stdio.h>

/* An exported flow with copies of what its pointers point to. */
struct l7_flow {
	u_int16_t sport, master, app;
	u_int8_t ip_version, protocol;
	char name[64], server[256], url[256];
	u_int16_t query_type, code;
	bool has_sha1;
	u_int8_t sha1[20];
	u_int8_t icmp_type, icmp_code;
	u_int32_t flags;
};

struct l7 {
	pfring_ft_table *table;
	unsigned int n, detected;
	struct l7_flow flows[200];
};

static void copy_text(char *to, size_t len, const char *from)
{
	assert_non_null(from); /* "" where it is not known */
	snprintf(to, len, "%s", from);
}

static void copy_metadata(struct l7_flow *f, pfring_ft_flow_value *v)
{
	switch (f->master) {
	case 5:
		copy_text(f->server, sizeof f->server, v->l7_metadata.dns.query);
		f->query_type = v->l7_metadata.dns.queryType;
		f->code = v->l7_metadata.dns.replyCode;
		break;
	case 7:
		copy_text(f->server, sizeof f->server, v->l7_metadata.http.serverName);
		copy_text(f->url, sizeof f->url, v->l7_metadata.http.url);
		f->code = v->l7_metadata.http.responseCode;
		break;
	case 91:
		copy_text(f->server, sizeof f->server, v->l7_metadata.tls.serverName);
		f->has_sha1 = v->l7_metadata.tls.sha1_certificate_fingerprint != NULL;
		if (f->has_sha1)
			memcpy(f->sha1, v->l7_metadata.tls.sha1_certificate_fingerprint, 20);
		break;
	}
	if (f->protocol == API_ICMP || f->protocol == API_ICMP6) {
		f->icmp_type = v->l7_metadata.icmp.type;
		f->icmp_code = v->l7_metadata.icmp.code;
	}
}

static void collect_l7(pfring_ft_flow *flow, void *user)
{
	struct l7 *l = user;
	struct l7_flow *f = &l->flows[l->n++];
	const pfring_ft_flow_key *k = pfring_ft_flow_get_key(flow);
	pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	assert_true(l->n < 200);
	f->sport = k->sport;
	f->ip_version = k->ip_version;
	f->protocol = k->protocol;
	f->master = v->l7_protocol.master_protocol;
	f->app = v->l7_protocol.app_protocol;
	f->flags = v->flags;
	pfring_ft_l7_protocol_name(l->table, &v->l7_protocol, f->name, sizeof f->name);
	copy_metadata(f, v);
	pfring_ft_flow_free(flow);
}

static void count_detected(const u_char *data, pfring_ft_packet_metadata *metadata,
			   pfring_ft_flow *flow, void *user)
{
	(void)data;
	(void)metadata;
	assert_true(pfring_ft_flow_get_value(flow)->l7_protocol.app_protocol != 0);
	++*(unsigned int *)user;
}

/* All packets of a trace, as any pcap program hands them in. */
static struct l7 *run_trace(u_int32_t flags, const char *name)
{
	char error[PCAP_ERRBUF_SIZE], path[512];
	struct l7 *l = calloc(1, sizeof *l);
	struct pcap_pkthdr *h;
	const u_char *data;

	assert_non_null(l);
	l->table = pfring_ft_create_table(flags, 0, 0, 0, 0);
	assert_non_null(l->table);
	pfring_ft_set_flow_export_callback(l->table, collect_l7, l);
	pfring_ft_set_l7_detected_callback(l->table, count_detected, &l->detected);
	snprintf(path, sizeof path, SOURCE_ROOT "/tests/pcap/%s/input.pcap", name);
	pcap_t *p = pcap_open_offline(path, error);

	assert_non_null(p);
	while (pcap_next_ex(p, &h, &data) == 1)
		pfring_ft_process(l->table, data, (const pfring_ft_pcap_pkthdr *)(const void *)h,
				  NULL);
	pcap_close(p);
	pfring_ft_flush(l->table);
	pfring_ft_destroy_table(l->table);
	return l;
}

static const struct l7_flow *flow_from(const struct l7 *l, u_int16_t sport)
{
	const struct l7_flow *found = NULL;

	for (unsigned int i = 0; i < l->n; i++) {
		if (l->flows[i].sport != sport)
			continue;
		assert_null(found);
		found = &l->flows[i];
	}
	assert_non_null(found);
	return found;
}

/* Plain DNS: nDPI gives no master, so master = app. */
static void test_pfring_ft_flow_get_value_dns(void **state)
{
	static const struct {
		u_int16_t sport;
		const char *query;
		u_int16_t type, code;
	} want[] = {
		{20001, "www.example.org", 1, 0},     {20002, "www.example.org", 28, 0},
		{20003, "example.org", 15, 0},	      {20004, "example.org", 16, 0},
		{20005, "nowhere.example.org", 1, 3}, {20006, "www.example.org", 1, 0},
		{20007, "api.example.net", 28, 0},    {20008, "example.org", 16, 0},
	};
	struct l7 *l = run_trace(PFRING_FT_TABLE_FLAGS_DPI, "demo");

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		const struct l7_flow *f = flow_from(l, want[i].sport);

		assert_string_equal(f->name, "DNS");
		assert_int_equal(f->master, 5);
		assert_int_equal(f->app, 5);
		assert_string_equal(f->server, want[i].query);
		assert_int_equal(f->query_type, want[i].type);
		assert_int_equal(f->code, want[i].code);
		assert_int_equal(f->flags, 0);
	}
	free(l);
}

static void test_pfring_ft_flow_get_value_http(void **state)
{
	static const u_int32_t flags[] = {PFRING_FT_TABLE_FLAGS_DPI,
					  PFRING_FT_TABLE_FLAGS_DPI |
						  PFRING_FT_TABLE_FLAGS_DPI_EXTRA,
					  PFRING_FT_TABLE_FLAGS_DPI_EXTRA};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct l7 *l = run_trace(flags[i], "demo");
		const struct l7_flow *ok = flow_from(l, 20009), *post = flow_from(l, 20012);

		assert_string_equal(ok->name, "HTTP");
		assert_int_equal(ok->master, 7);
		assert_int_equal(ok->app, 7);
		assert_string_equal(ok->server, "www.example.org");
		/* nDPI's form of it: with the host */
		assert_non_null(strstr(ok->url, "/index.html"));
		assert_int_equal(ok->code, 200);
		assert_int_equal(post->code, 404);
		assert_non_null(strstr(post->url, "/form"));
		free(l);
	}
}

static void test_pfring_ft_flow_get_value_tls(void **state)
{
	static const struct {
		u_int16_t sport;
		const char *server;
	} want[] = {
		{20014, "www.example.org"},
		{20015, "api.example.net"},
		{20016, "www.example.org"},
		{20017, "cdn.example.com"},
	};
	static const u_int8_t sha1[20] = {0x3d, 0x0c, 0xcf, 0xb2, 0x27, 0x08, 0xce,
					  0x6a, 0x2d, 0x9c, 0x44, 0xa2, 0x04, 0x64,
					  0x31, 0x7b, 0x42, 0x25, 0xf2, 0xef};
	struct l7 *l = run_trace(PFRING_FT_TABLE_FLAGS_DPI, "demo");

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		const struct l7_flow *f = flow_from(l, want[i].sport);

		assert_string_equal(f->name, "TLS");
		assert_int_equal(f->master, 91);
		assert_int_equal(f->app, 91);
		assert_string_equal(f->server, want[i].server);
		assert_true(f->has_sha1);
		assert_memory_equal(f->sha1, sha1, 20);
	}
	free(l);
}

static void test_pfring_ft_flow_get_value_icmp(void **state)
{
	unsigned int seen[2] = {0};

	(void)state;
	for (int dpi = 0; dpi < 2; dpi++) {
		struct l7 *l = run_trace(dpi ? PFRING_FT_TABLE_FLAGS_DPI : 0, "demo");

		for (unsigned int i = 0; i < l->n; i++) {
			const struct l7_flow *f = &l->flows[i];

			if (f->protocol == API_ICMP && f->icmp_type == 8)
				seen[dpi]++;
			/* the answer of a neighbour came before the ping */
			if (f->protocol == API_ICMP6 && f->icmp_type == 136)
				seen[dpi]++;
			if (f->protocol == API_ICMP)
				assert_string_equal(f->name, dpi ? "ICMP" : "Unknown");
			else if (!dpi)
				assert_string_equal(f->name, "Unknown");
		}
		assert_int_equal(seen[dpi], 2);
		assert_true(dpi ? l->detected > 15 : l->detected == 0);
		free(l);
	}
}

/* What the packet callback sees of one DNS flow: the query, then its answer. */
struct dns_steps {
	int calls;
};

static void dns_step(const u_char *data, pfring_ft_packet_metadata *metadata, pfring_ft_flow *flow,
		     void *user)
{
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);
	struct dns_steps *s = user;

	(void)data;
	(void)metadata;
	s->calls++;
	assert_int_equal(v->l7_protocol.master_protocol, 5);
	assert_int_equal(v->l7_protocol.app_protocol, 5);
	assert_string_equal(v->l7_metadata.dns.query, "www.example.org");
	assert_int_equal(v->l7_metadata.dns.queryType, 1);
	assert_int_equal(v->l7_metadata.dns.replyCode, s->calls == 1 ? 0 : 3);
}

#define QUESTION "\3www\7example\3org\0\0\1\0\1"

static void test_pfring_ft_flow_get_value_dns_live(void **state)
{
	static const char messages[2][12] = {"\x12\x34\x01\0\0\1\0\0\0\0\0\0",
					     "\x12\x34\x81\x83\0\1\0\0\0\0\0\0"};
	struct api *a = api_open(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 0);
	const uint32_t len = 12 + sizeof QUESTION - 1;
	struct dns_steps s = {0};

	(void)state;
	pfring_ft_set_flow_packet_callback(a->table, dns_step, &s);
	for (int reverse = 0; reverse < 2; reverse++) {
		struct wire w = {0};

		wire_ethernet(&w, 0x0800);
		wire_ipv4(&w, API_UDP, reverse, 8 + len);
		wire_udp(&w, reverse ? 53 : 40000, reverse ? 40000 : 53, len);
		wire_bytes(&w, messages[reverse], 12);
		wire_bytes(&w, QUESTION, sizeof QUESTION - 1);
		api_send(a, &w, (uint32_t)reverse);
	}
	assert_int_equal(s.calls, 2);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_flow_get_value_dns),
		cmocka_unit_test(test_pfring_ft_flow_get_value_http),
		cmocka_unit_test(test_pfring_ft_flow_get_value_tls),
		cmocka_unit_test(test_pfring_ft_flow_get_value_icmp),
		cmocka_unit_test(test_pfring_ft_flow_get_value_dns_live),
	};

	return cmocka_run_group_tests_name("pfring_ft L7", tests, NULL, NULL);
}
