/* SPDX-License-Identifier: BSD-3-Clause */
/* Names before the verdict, what a flow said of itself, and states that stay until release. */
#include "traffic.h"

#include "dpi/ndpi_compat.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t counters[DPI_N];

static struct dpi *make(struct dpi_options o)
{
	struct dpi *d = NULL;

	memset(counters, 0, sizeof counters);
	o.counters = counters;
	assert_int_equal(dpi_create(&d, &o, NULL, 0), 0);
	return d;
}

static struct dpi_metadata metadata_of(struct talk *t)
{
	struct dpi_metadata m;

	memset(&m, 0xa5, sizeof m);
	dpi_annex_metadata(&t->annex, &m);
	return m;
}

static void nothing_is_known_at_first(void **state)
{
	struct dpi_annex a = {0};
	struct dpi_metadata m;

	(void)state;
	memset(&m, 0xa5, sizeof m);
	dpi_annex_metadata(&a, &m);
	assert_int_equal(m.kind, DPI_METADATA_NONE);
	assert_string_equal(m.server_name, "");
	assert_string_equal(m.url, "");
	assert_null(m.tls_sha1);
	assert_int_equal(m.dns_query_type | m.dns_reply_code | m.http_response_code, 0);
}

static void a_name_is_told_before_the_verdict(void **state)
{
	struct dpi *d = make((struct dpi_options){.guess = true, .extra = true});
	struct talk t = talk_make(d, TALK_TCP, 40000, 80);
	struct dpi_annex slice = {0};
	struct flow_record r;

	(void)state;
	talk_handshake(&t);
	assert_false(talk_text(&t, DIR_FWD, HTTP_REQUEST));
	assert_int_equal(t.annex.app_id, NDPI_PROTOCOL_HTTP);
	assert_string_equal(t.annex.l7_proto, "HTTP");
	assert_int_equal(t.annex.category_id, NDPI_PROTOCOL_CATEGORY_WEB);
	assert_int_equal(t.annex.flags, L7_INSPECTED);
	assert_int_equal(t.annex.confidence, 0);
	assert_int_equal(counters[DPI_dpi_detected], 0);
	dpi_annex_inherit(d, &slice, &t.annex);
	dpi_to_record(&slice, &r);
	assert_string_equal(r.l7_proto, "HTTP");
	assert_string_equal(r.l7_category, "Web");
	assert_string_equal(r.server_name, "www.example.org");
	dpi_annex_release(d, &slice);
	assert_true(talk_text(&t, DIR_REV, HTTP_REPLY));
	assert_int_equal(t.annex.confidence, NDPI_CONFIDENCE_DPI);
	assert_int_equal(counters[DPI_dpi_detected], 1);
	talk_release(&t);
	dpi_destroy(d);
}

/* A server that speaks first is known as TLS; who it is stands in what the client says. */
static void a_name_becomes_finer(void **state)
{
	struct dpi *d = make((struct dpi_options){.guess = true, .extra = true});
	struct talk t = talk_make(d, TALK_TCP, 40000, 443);
	uint8_t m[TALK_BYTES];

	(void)state;
	talk_handshake(&t);
	assert_false(talk_say(&t, DIR_REV, TALK_ACK, m, tls_server_hello(m)));
	assert_string_equal(t.annex.l7_proto, "TLS");
	assert_int_equal(t.annex.app_id, NDPI_PROTOCOL_TLS);
	assert_false(talk_say(&t, DIR_FWD, TALK_ACK, m, tls_client_hello(m, "www.google.com")));
	assert_string_equal(t.annex.l7_proto, "TLS.Google");
	assert_int_equal(t.annex.master_id, NDPI_PROTOCOL_TLS);
	assert_int_equal(t.annex.app_id, NDPI_PROTOCOL_GOOGLE);
	assert_int_equal(counters[DPI_dpi_detected], 0);
	assert_true(talk_finish(&t));
	assert_string_equal(t.annex.l7_proto, "TLS.Google");
	assert_int_equal(counters[DPI_dpi_detected], 1);
	talk_release(&t);
	dpi_destroy(d);
}

/* The same words before and after the verdict, with what extra is given. */
static void http_says_host_url_and_code(struct dpi_options o)
{
	struct dpi *d = make(o);
	struct talk t = talk_make(d, TALK_TCP, 40000, 80);

	talk_handshake(&t);
	talk_text(&t, DIR_FWD, HTTP_REQUEST);
	assert_false(t.annex.final);
	struct dpi_metadata m = metadata_of(&t);

	assert_int_equal(m.kind, DPI_METADATA_HTTP);
	assert_string_equal(m.server_name, "www.example.org");
	assert_non_null(strstr(m.url, "/a/b.html?q=1"));
	assert_int_equal(m.http_response_code, 0);
	talk_text(&t, DIR_REV, HTTP_REPLY);
	assert_true(t.annex.final);
	m = metadata_of(&t);
	assert_int_equal(m.kind, DPI_METADATA_HTTP);
	assert_string_equal(m.server_name, "www.example.org");
	assert_non_null(strstr(m.url, "/a/b.html?q=1"));
	assert_int_equal(m.http_response_code, 404);
	assert_null(m.tls_sha1);
	talk_release(&t);
	dpi_destroy(d);
}

static void dns_says_name_type_and_code(struct dpi_options o)
{
	struct dpi *d = make(o);
	struct talk t = talk_make(d, TALK_UDP, 40000, 53);
	uint8_t b[TALK_BYTES];

	talk_say(&t, DIR_FWD, 0, b, dns_message(b, DNS_QUERY_FLAGS));
	assert_false(t.annex.final);
	struct dpi_metadata m = metadata_of(&t);

	assert_int_equal(m.kind, DPI_METADATA_DNS);
	assert_string_equal(m.server_name, "www.example.org");
	assert_int_equal(m.dns_query_type, 1);
	assert_int_equal(m.dns_reply_code, 0);
	talk_say(&t, DIR_REV, 0, b, dns_message(b, DNS_NXDOMAIN_FLAGS));
	for (int i = 0; i < 2; i++) { /* by nDPI's flow, then by the copy */
		m = metadata_of(&t);
		assert_string_equal(m.server_name, "www.example.org");
		assert_int_equal(m.dns_query_type, 1);
		assert_int_equal(m.dns_reply_code, 3);
		assert_string_equal(m.url, "");
		talk_finish(&t);
	}
	talk_release(&t);
	dpi_destroy(d);
}

static void sha1_of(uint8_t *to, const void *data, size_t len)
{
	unsigned int n = 0;

	assert_int_equal(EVP_Digest(data, len, to, &n, EVP_sha1(), NULL), 1);
	assert_int_equal(n, 20);
}

/* A sequence with anything in it: the fingerprint is that of the bytes. */
static void certificate_fill(uint8_t *der, size_t len)
{
	for (size_t i = 0; i < len; i++)
		der[i] = (uint8_t)(11 * i + 3);
	der[0] = 0x30;
	der[1] = 0x82;
	store_be16(der + 2, (uint16_t)(len - 4));
}

static void tls_says_name_and_certificate(struct dpi_options o)
{
	struct dpi *d = make(o);
	struct talk t = talk_make(d, TALK_TCP, 40000, 443);
	uint8_t b[TALK_BYTES], der[700], sha1[20];
	struct dpi_metadata m;
	uint32_t n;

	certificate_fill(der, sizeof der);
	sha1_of(sha1, der, sizeof der);
	talk_handshake(&t);
	talk_say(&t, DIR_FWD, TALK_ACK, b, tls_client_hello(b, "host.example.net"));
	assert_false(t.annex.final);
	m = metadata_of(&t);
	assert_int_equal(m.kind, DPI_METADATA_TLS);
	assert_string_equal(m.server_name, "host.example.net");
	assert_null(m.tls_sha1);
	talk_say(&t, DIR_REV, TALK_ACK, b, tls_server_hello(b));
	n = tls_certificate(b, der, sizeof der);
	talk_say(&t, DIR_REV, TALK_ACK, b, n / 2); /* in two segments */
	assert_null(metadata_of(&t).tls_sha1);
	talk_say(&t, DIR_REV, TALK_ACK, b + n / 2, n - n / 2);
	for (int i = 0; i < 2; i++) {
		m = metadata_of(&t);
		assert_int_equal(m.kind, DPI_METADATA_TLS);
		assert_string_equal(m.server_name, "host.example.net");
		assert_non_null(m.tls_sha1);
		assert_memory_equal(m.tls_sha1, sha1, sizeof sha1);
		assert_string_equal(m.url, "");
		assert_int_equal(m.http_response_code, 0);
		talk_finish(&t);
	}
	assert_string_equal(t.annex.l7_proto, "TLS");
	talk_release(&t);
	dpi_destroy(d);
}

static void metadata_with_all_extra(void **state)
{
	const struct dpi_options o = {.guess = true, .extra = true};

	(void)state;
	http_says_host_url_and_code(o);
	dns_says_name_type_and_code(o);
	tls_says_name_and_certificate(o);
}

static void metadata_without_extra(void **state)
{
	const struct dpi_options o = {.guess = true, .metadata = true};

	(void)state;
	http_says_host_url_and_code(o);
	dns_says_name_type_and_code(o);
	tls_says_name_and_certificate(o);
}

static void metadata_in_kept_states(void **state)
{
	const struct dpi_options o = {.guess = true, .metadata = true, .keep_states = true};

	(void)state;
	http_says_host_url_and_code(o);
	dns_says_name_type_and_code(o);
	tls_says_name_and_certificate(o);
}

/* Other protocols end with their name, as without the option. */
static void metadata_goes_on_for_no_other_protocol(void **state)
{
	struct dpi *d = make((struct dpi_options){.guess = true, .metadata = true});
	struct talk t = talk_make(d, TALK_TCP, 40000, 22);

	(void)state;
	talk_handshake(&t);
	talk_text(&t, DIR_FWD, "SSH-2.0-Client_8.1\r\n");
	talk_text(&t, DIR_REV, "SSH-2.0-Server_9.2\r\n");
	assert_true(t.annex.final);
	assert_string_equal(t.annex.l7_proto, "SSH");
	assert_int_equal(metadata_of(&t).kind, DPI_METADATA_NONE);
	talk_release(&t);
	dpi_destroy(d);
}

static void packets_max_changes_at_any_time(void **state)
{
	struct dpi *d = make((struct dpi_options){.extra = true});
	struct talk tcp = talk_make(d, TALK_TCP, 40000, 40001);
	struct talk udp = talk_make(d, TALK_UDP, 40000, 40001);

	(void)state;
	for (int i = 1; i <= 5; i++) {
		assert_false(talk_text(&tcp, DIR_FWD, "????"));
		assert_false(talk_text(&udp, DIR_FWD, "????"));
	}
	dpi_set_packets_max(d, 3, 0); /* less than the flow had */
	assert_true(talk_text(&tcp, DIR_FWD, "????"));
	assert_false(talk_text(&udp, DIR_FWD, "????"));
	dpi_set_packets_max(d, 0, 7);
	assert_true(talk_text(&udp, DIR_FWD, "????"));
	talk_release(&tcp);
	tcp = talk_make(d, TALK_TCP, 40000, 40001);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(talk_text(&tcp, DIR_FWD, "????"), i == 3);
	talk_release(&tcp);
	dpi_set_packets_max(d, UINT32_MAX, UINT32_MAX);
	tcp = talk_make(d, TALK_TCP, 40000, 40001);
	for (int i = 1; i <= 255; i++)
		assert_int_equal(talk_text(&tcp, DIR_FWD, "????"), i == 255);
	talk_release(&tcp);
	talk_release(&udp);
	dpi_destroy(d);
}

/* Bytes of memory that this process has touched. */
static size_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long all, pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &all, &pages), 2);
	fclose(f);
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void many_kept_states_cost_what_is_used(void **state)
{
	size_t before = resident();
	struct dpi *d = make((struct dpi_options){.flows_max = 1000000, .keep_states = true});
	struct talk t[64];

	(void)state;
	dpi_open(d);
	for (uint16_t i = 0; i < 64; i++) {
		t[i] = talk_make(d, TALK_TCP, (uint16_t)(40000 + i), 80);
		talk_handshake(&t[i]);
		talk_text(&t[i], DIR_FWD, HTTP_REQUEST);
		assert_non_null(dpi_annex_flow(&t[i].annex));
	}
	assert_true(resident() - before < (size_t)100 << 20); /* of 700 MB */
	for (int i = 0; i < 32; i++)
		talk_release(&t[i]);
	dpi_destroy(d); /* with 32 states still out */
}

static void a_flow_beyond_the_pool_is_named_at_its_end(void **state)
{
	struct dpi *d = make((struct dpi_options){
		.flows_max = 1, .guess = true, .extra = true, .keep_states = true});
	struct talk first = talk_make(d, TALK_TCP, 40000, 80);
	struct talk second = talk_make(d, TALK_TCP, 40001, 80);

	(void)state;
	talk_handshake(&first);
	talk_handshake(&second);
	talk_text(&second, DIR_FWD, HTTP_REQUEST);
	assert_int_equal(second.annex.flags, L7_INSPECTED | L7_GAVE_UP);
	assert_int_equal(second.annex.app_id, 0);
	assert_null(second.annex.l7_proto);
	assert_null(dpi_annex_flow(&second.annex));
	talk_text(&first, DIR_FWD, HTTP_REQUEST);
	talk_text(&first, DIR_REV, HTTP_REPLY);
	assert_true(first.annex.final);
	struct ndpi_flow_struct *f = dpi_annex_flow(&first.annex);

	assert_non_null(f);
	assert_int_equal(f->http.response_status_code, 404);
	assert_true(talk_finish(&second));
	assert_string_equal(second.annex.l7_proto, "HTTP");
	assert_true(second.annex.flags & L7_GUESSED);
	assert_ptr_equal(dpi_annex_flow(&first.annex), f);
	talk_release(&first);
	assert_null(dpi_annex_flow(&first.annex));
	talk_release(&second);
	second = talk_make(d, TALK_TCP, 40001, 80);
	assert_false(talk_say(&second, DIR_FWD, TALK_SYN, NULL, 0));
	assert_ptr_equal(dpi_annex_flow(&second.annex), f); /* its place is free again */
	talk_release(&second);
	dpi_destroy(d);
}

static void names_of_one_protocol_stand_alone(void **state)
{
	struct dpi *d = make((struct dpi_options){0});
	char name[32];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_string_equal(dpi_protocol_name(d, i != 1 ? NDPI_PROTOCOL_DNS : 0,
						      i != 2 ? NDPI_PROTOCOL_DNS : 0, name,
						      sizeof name),
				    "DNS");
	assert_int_equal(dpi_protocol_id(d, "SSL"), NDPI_PROTOCOL_TLS);
	assert_int_equal(dpi_protocol_id(d, "ssl"), NDPI_PROTOCOL_TLS);
	dpi_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(a_name_is_told_before_the_verdict),
		cmocka_unit_test(a_name_becomes_finer),
		cmocka_unit_test(metadata_with_all_extra),
		cmocka_unit_test(metadata_without_extra),
		cmocka_unit_test(metadata_in_kept_states),
		cmocka_unit_test(metadata_goes_on_for_no_other_protocol),
		cmocka_unit_test(packets_max_changes_at_any_time),
		cmocka_unit_test(many_kept_states_cost_what_is_used),
		cmocka_unit_test(a_flow_beyond_the_pool_is_named_at_its_end),
		cmocka_unit_test(names_of_one_protocol_stand_alone),
	};

	return cmocka_run_group_tests_name("dpi metadata", tests, NULL, NULL);
}
