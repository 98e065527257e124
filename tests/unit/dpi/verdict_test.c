/* SPDX-License-Identifier: BSD-3-Clause */
/* Verdicts and metadata of real payloads, guesses, limits, and how an annex lives. */
#include "traffic.h"

#include "dpi/ndpi_compat.h"

#define JA3C "c9ef07a0ee08039c6038363f725d934c"
#define JA3S "174e7e4992a63f6d419626d97363adb8"
/* nDPI 4.2 writes it in capitals */
#define HASSH	    "E97D07603350D1111EC2B64BF25413C9"
#define HASSH_CURVE "F2F38764CD5879608FA398FA933AFDAD"

struct bench {
	struct dpi *d;
	uint64_t counters[DPI_N];
};

static struct bench *bench_make(struct dpi_options o)
{
	struct bench *b = calloc(1, sizeof *b);

	assert_non_null(b);
	o.counters = b->counters;
	assert_int_equal(dpi_create(&b->d, &o, NULL, 0), 0);
	return b;
}

static void bench_free(struct bench *b)
{
	dpi_destroy(b->d);
	free(b);
}

static int setup(void **state)
{
	*state = bench_make((struct dpi_options){.guess = true, .extra = true});
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

static struct flow_record record_of(const struct talk *t)
{
	struct flow_record r;

	memset(&r, 0xa5, sizeof r);
	dpi_to_record(&t->annex, &r);
	return r;
}

static void http_flow_has_its_request_and_reply(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 80);

	talk_handshake(&t);
	assert_null(t.annex.state); /* no payload, no state */
	talk_text(&t, DIR_FWD, HTTP_REQUEST);
	talk_say(&t, DIR_REV, TALK_ACK, NULL, 0);
	talk_text(&t, DIR_REV, HTTP_REPLY);
	talk_finish(&t);
	assert_int_equal(t.finals, 1);
	assert_null(t.annex.state);
	struct flow_record r = record_of(&t);

	assert_string_equal(r.l7_proto, "HTTP");
	assert_string_equal(r.l7_category, "Web");
	assert_int_equal(r.l7_app_id, NDPI_PROTOCOL_HTTP);
	assert_int_equal(r.l7_flags, L7_INSPECTED);
	assert_int_equal(r.l7_confidence, NDPI_CONFIDENCE_DPI);
	assert_string_equal(r.server_name, "www.example.org");
	assert_non_null(strstr(r.http_url, "/a/b.html?q=1"));
	assert_string_equal(r.http_user_agent, "test-agent/1.0");
	assert_string_equal(r.http_content_type, "text/html");
	assert_int_equal(r.http_status, 404);
	assert_string_equal(r.tls_ja3c, "");
	assert_int_equal(b->counters[DPI_dpi_inspected], 1);
	assert_int_equal(b->counters[DPI_dpi_detected], 1);
	assert_int_equal(b->counters[DPI_dpi_guessed], 0);
	talk_release(&t);
}

static void dns_query_and_reply(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, TALK_UDP, 40000, 53);
	uint8_t m[TALK_BYTES];

	talk_say(&t, DIR_FWD, 0, m, dns_message(m, DNS_QUERY_FLAGS));
	talk_say(&t, DIR_REV, 0, m, dns_message(m, DNS_NXDOMAIN_FLAGS));
	talk_finish(&t);
	struct flow_record r = record_of(&t);

	assert_string_equal(r.l7_proto, "DNS");
	assert_string_equal(r.l7_category, "Network");
	assert_string_equal(r.server_name, "www.example.org");
	assert_int_equal(r.dns_query_type, 1);
	assert_int_equal(r.dns_reply_code, 3);
	assert_string_equal(r.tls_alpn, "");
	assert_int_equal(r.tls_version, 0);
	talk_release(&t);
}

static void tls_hellos(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 443);
	uint8_t m[TALK_BYTES];

	talk_over_ipv6(&t);
	talk_handshake(&t);
	talk_say(&t, DIR_FWD, TALK_ACK, m, tls_client_hello(m, "host.example.net"));
	talk_say(&t, DIR_REV, TALK_ACK, m, tls_server_hello(m));
	talk_finish(&t);
	struct flow_record r = record_of(&t);

	assert_string_equal(r.l7_proto, "TLS");
	assert_string_equal(r.server_name, "host.example.net");
	assert_string_equal(r.tls_alpn, "h2,http/1.1");
	assert_string_equal(r.tls_ja3c, JA3C);
	assert_string_equal(r.tls_ja3s, JA3S);
	assert_int_equal(r.tls_version, 0x0303);
	assert_int_equal(r.dns_query_type, 0);
	talk_release(&t);
}

static void tls_with_a_known_name_is_the_application(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 443);
	uint8_t m[TALK_BYTES];

	talk_handshake(&t);
	talk_say(&t, DIR_FWD, TALK_ACK, m, tls_client_hello(m, "www.google.com"));
	talk_finish(&t);
	struct flow_record r = record_of(&t);

	assert_string_equal(r.l7_proto, "TLS.Google");
	assert_int_equal(r.l7_master_id, NDPI_PROTOCOL_TLS);
	assert_int_equal(r.l7_app_id, dpi_protocol_id(b->d, "google"));
	assert_string_equal(r.tls_ja3c, JA3C);
	talk_release(&t);
}

/* The server's HASSH differs from the client's by the name of its key exchange. */
static void ssh_talk(struct talk *t, bool server_first)
{
	static const char *const banner[] = {"SSH-2.0-Client_8.1\r\n", "SSH-2.0-Server_9.2\r\n"};
	uint8_t m[TALK_BYTES];

	talk_handshake(t);
	talk_text(t, server_first, banner[server_first]);
	talk_text(t, !server_first, banner[!server_first]);
	talk_say(t, DIR_FWD, TALK_ACK, m, ssh_kexinit(m));
	uint32_t n = ssh_kexinit(m);

	memcpy(m + SSH_KEX_AT, "CURVE", 5);
	talk_say(t, DIR_REV, TALK_ACK, m, n);
	talk_finish(t);
}

/* Whoever speaks first, whichever port is the higher: the client is where the SYN came from. */
static void ssh_banners_and_kexinits(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 4; i++) {
		struct talk t = talk_make(b->d, TALK_TCP, i & 2 ? 40000 : 1023, i & 2 ? 22 : 2222);

		ssh_talk(&t, i & 1);
		struct flow_record r = record_of(&t);

		assert_string_equal(r.l7_proto, "SSH");
		assert_string_equal(r.ssh_client, "SSH-2.0-Client_8.1");
		assert_string_equal(r.ssh_server, "SSH-2.0-Server_9.2");
		assert_string_equal(r.ssh_hassh_client, HASSH);
		assert_string_equal(r.ssh_hassh_server, HASSH_CURVE);
		assert_string_equal(r.tls_ja3c, "");
		assert_int_equal(r.dns_query_type, 0);
		talk_release(&t);
	}
}

/* nDPI takes file data for FTP only when it saw the SYN: which came before the state. */
static void a_handshake_before_the_state_counts(void **state)
{
	struct bench *b = *state;
	struct talk with = talk_make(b->d, TALK_TCP, 40000, 35000);
	struct talk without = talk_make(b->d, TALK_TCP, 40001, 35000);
	char listing[401] = "\x89PNG\r\n\x1a\n";

	memset(listing + 8, 'x', sizeof listing - 9);
	talk_handshake(&with);
	for (int i = 0; i < 3; i++) {
		talk_say(&with, DIR_REV, TALK_ACK, listing, sizeof listing - 1);
		talk_say(&without, DIR_REV, TALK_ACK, listing, sizeof listing - 1);
	}
	talk_finish(&with);
	talk_finish(&without);
	assert_string_equal(record_of(&with).l7_proto, "FTP_DATA");
	assert_string_equal(record_of(&without).l7_proto, "Unknown");
	assert_string_equal(record_of(&without).l7_category, "Unspecified");
	assert_int_equal(record_of(&without).l7_flags, L7_INSPECTED);
	assert_int_equal(b->counters[DPI_dpi_unknown], 1);
	talk_release(&with);
	talk_release(&without);
}

static void ports_are_guessed_when_payload_says_nothing(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 443);

	talk_handshake(&t);
	talk_text(&t, DIR_FWD, "?");
	assert_true(talk_finish(&t));
	assert_false(talk_finish(&t));
	struct flow_record r = record_of(&t);

	assert_string_equal(r.l7_proto, "TLS");
	assert_int_equal(r.l7_flags, L7_INSPECTED | L7_GUESSED);
	assert_int_equal(r.l7_confidence, NDPI_CONFIDENCE_MATCH_BY_PORT);
	assert_int_equal(b->counters[DPI_dpi_guessed], 1);
	assert_int_equal(b->counters[DPI_dpi_detected], 0);
	talk_release(&t);
}

static void ports_are_guessed_without_any_payload(void **state)
{
	struct bench *b = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		struct talk t = talk_make(b->d, TALK_TCP, 40000, 22);

		if (v6)
			talk_over_ipv6(&t);
		talk_say(&t, DIR_FWD, TALK_SYN, NULL, 0);
		talk_finish(&t);
		assert_string_equal(record_of(&t).l7_proto, "SSH");
		assert_int_equal(t.annex.flags, L7_INSPECTED | L7_GUESSED);
		talk_release(&t);
	}
	assert_int_equal(b->counters[DPI_dpi_inspected], 0);
	assert_int_equal(b->counters[DPI_dpi_packets], 0);
	assert_int_equal(b->counters[DPI_dpi_guessed], 2);
}

static void no_guess_when_it_is_off(void **state)
{
	struct bench *b = bench_make((struct dpi_options){.extra = true});
	struct talk unseen = talk_make(b->d, TALK_TCP, 40000, 22);
	struct talk vague = talk_make(b->d, TALK_TCP, 40000, 443);

	(void)state;
	talk_say(&unseen, DIR_FWD, TALK_SYN, NULL, 0);
	talk_finish(&unseen);
	talk_text(&vague, DIR_FWD, "?");
	talk_finish(&vague);
	assert_string_equal(record_of(&unseen).l7_proto, "Unknown");
	assert_string_equal(record_of(&vague).l7_proto, "Unknown");
	assert_int_equal(vague.annex.flags, L7_INSPECTED);
	assert_int_equal(b->counters[DPI_dpi_guessed], 0);
	assert_int_equal(b->counters[DPI_dpi_unknown], 1);
	talk_release(&unseen);
	talk_release(&vague);
	bench_free(b);
}

static void packets_max_ends_an_inspection(void **state)
{
	struct bench *b = bench_make(
		(struct dpi_options){.packets_tcp_max = 3, .packets_udp_max = 2, .extra = true});
	struct talk tcp = talk_make(b->d, TALK_TCP, 40000, 40001);
	struct talk udp = talk_make(b->d, TALK_UDP, 40000, 40001);

	(void)state;
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(talk_text(&tcp, DIR_FWD, "????"), i == 3);
		assert_int_equal(talk_text(&udp, DIR_FWD, "????"), i == 2);
	}
	assert_int_equal(b->counters[DPI_dpi_packets], 5);
	assert_int_equal(b->counters[DPI_dpi_unknown], 2);
	assert_null(tcp.annex.state);
	assert_false(talk_finish(&tcp));
	talk_release(&tcp);
	talk_release(&udp);
	bench_free(b);
}

static void without_extra_the_name_is_enough(void **state)
{
	struct bench *b = bench_make((struct dpi_options){.guess = true});
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 80);

	(void)state;
	talk_handshake(&t);
	assert_true(talk_text(&t, DIR_FWD, HTTP_REQUEST));
	assert_false(talk_text(&t, DIR_REV, HTTP_REPLY));
	assert_string_equal(record_of(&t).l7_proto, "HTTP");
	assert_string_equal(record_of(&t).server_name, "www.example.org");
	assert_int_equal(record_of(&t).http_status, 0); /* that is what extra would have brought */
	talk_release(&t);
	bench_free(b);
}

static void keep_states_keeps_what_ndpi_knows(void **state)
{
	struct bench *b = bench_make((struct dpi_options){.extra = true, .keep_states = true});
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 80);

	(void)state;
	talk_handshake(&t);
	assert_non_null(dpi_annex_flow(&t.annex)); /* from the first packet on */
	talk_text(&t, DIR_FWD, HTTP_REQUEST);
	talk_finish(&t);
	assert_true(t.annex.final);
	struct ndpi_flow_struct *f = dpi_annex_flow(&t.annex);

	assert_non_null(f);
	assert_string_equal(f->host_server_name, "www.example.org");
	talk_release(&t);
	assert_null(dpi_annex_flow(&t.annex));
	bench_free(b);
}

static void a_flow_cut_in_two_keeps_its_verdict(void **state)
{
	struct bench *b = *state;
	struct talk first = talk_make(b->d, TALK_TCP, 40000, 80);

	talk_handshake(&first);
	talk_text(&first, DIR_FWD, HTTP_REQUEST);
	talk_finish(&first);
	struct talk second = first;

	memset(&second.annex, 0, sizeof second.annex);
	dpi_annex_inherit(b->d, &second.annex, &first.annex);
	assert_false(talk_text(&second, DIR_REV, HTTP_REPLY));
	assert_false(talk_finish(&second));
	talk_release(&first);
	assert_string_equal(record_of(&second).l7_proto, "HTTP");
	assert_string_equal(record_of(&second).server_name, "www.example.org");
	assert_int_equal(b->counters[DPI_dpi_inspected], 1);
	assert_int_equal(b->counters[DPI_dpi_detected], 1);
	talk_release(&second);
}

static void later_fragments_and_short_packets_are_not_given(void **state)
{
	struct bench *b = *state;
	struct dpi_annex a = {0};
	uint8_t data[40] = {0x45};
	struct packet k = {.data = data,
			   .len = sizeof data,
			   .protocol = TALK_UDP,
			   .payload_len = 4,
			   .flags = PACKET_FRAGMENT | PACKET_LATER_FRAGMENT};

	assert_false(dpi_inspect(b->d, &a, &k, DIR_FWD));
	k.flags = 0;
	k.l3_offset = sizeof data;
	assert_false(dpi_inspect(b->d, &a, &k, DIR_FWD));
	assert_int_equal(b->counters[DPI_dpi_packets], 0);
	assert_null(a.state);
	dpi_annex_release(b->d, &a);
}

static void other_protocols_by_their_number(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, 1, 0, 0);
	struct dpi_flow_facts gre = {
		.src_addr = t.addr[0], .dst_addr = t.addr[1], .ip_version = 4, .protocol = 47};
	struct dpi_annex a = {0};

	assert_true(dpi_finish(b->d, &a, &gre));
	assert_string_equal(a.l7_proto, "GRE");
	dpi_annex_release(b->d, &a);
}

static void dpi_off_says_nothing(void **state)
{
	struct flow_record r;

	(void)state;
	memset(&r, 0xa5, sizeof r);
	dpi_to_record(NULL, &r);
	assert_false(flow_record_has_l7(&r));
	assert_int_equal(r.l7_app_id, 0);
	assert_int_equal(r.l7_risk, 0);
	assert_string_equal(r.l7_proto, "");
	assert_string_equal(r.l7_category, "");
	assert_string_equal(r.server_name, "");
	assert_string_equal(r.ssh_hassh_server, "");
}

static void risks_have_a_score(void **state)
{
	struct bench *b = *state;
	struct talk t = talk_make(b->d, TALK_TCP, 40000, 8081);

	talk_handshake(&t);
	talk_text(&t, DIR_FWD, HTTP_REQUEST);
	talk_finish(&t);
	struct flow_record r = record_of(&t);

	assert_true(r.l7_risk & (1ULL << NDPI_KNOWN_PROTOCOL_ON_NON_STANDARD_PORT));
	assert_true(r.l7_risk_score > 0);
	talk_release(&t);
}

static void names_and_ids(void **state)
{
	struct bench *b = *state;
	char name[32];

	assert_string_equal(dpi_protocol_name(b->d, NDPI_PROTOCOL_TLS,
					      dpi_protocol_id(b->d, "GOOGLE"), name, sizeof name),
			    "TLS.Google");
	assert_string_equal(dpi_protocol_name(b->d, 0, NDPI_PROTOCOL_DNS, name, sizeof name),
			    "DNS");
	assert_string_equal(dpi_protocol_name(b->d, NDPI_PROTOCOL_DNS, 0, name, sizeof name),
			    "DNS");
	assert_string_equal(dpi_protocol_name(b->d, 0, 0, name, sizeof name), "Unknown");
	assert_string_equal(dpi_protocol_name(b->d, NDPI_PROTOCOL_TLS, NDPI_PROTOCOL_SSH, name, 4),
			    "TLS");
	assert_int_equal(dpi_protocol_id(b->d, "tls"), NDPI_PROTOCOL_TLS);
	assert_int_equal(dpi_protocol_id(b->d, "no such protocol"), 0);
	assert_int_equal(dpi_protocol_id(b->d, ""), 0);
	assert_non_null(dpi_module(b->d));
}

static void equal_verdicts_share_their_name(void **state)
{
	struct bench *b = *state;
	const char *first = NULL;

	for (uint16_t i = 0; i < 3; i++) {
		struct talk t = talk_make(b->d, TALK_TCP, (uint16_t)(40000 + i), 80);

		talk_handshake(&t);
		talk_text(&t, DIR_FWD, HTTP_REQUEST);
		talk_finish(&t);
		if (!first)
			first = t.annex.l7_proto;
		assert_ptr_equal(t.annex.l7_proto, first);
		talk_release(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_flow_has_its_request_and_reply),
		cmocka_unit_test(dns_query_and_reply),
		cmocka_unit_test(tls_hellos),
		cmocka_unit_test(tls_with_a_known_name_is_the_application),
		cmocka_unit_test(ssh_banners_and_kexinits),
		cmocka_unit_test(a_handshake_before_the_state_counts),
		cmocka_unit_test(ports_are_guessed_when_payload_says_nothing),
		cmocka_unit_test(ports_are_guessed_without_any_payload),
		cmocka_unit_test(no_guess_when_it_is_off),
		cmocka_unit_test(packets_max_ends_an_inspection),
		cmocka_unit_test(without_extra_the_name_is_enough),
		cmocka_unit_test(keep_states_keeps_what_ndpi_knows),
		cmocka_unit_test(a_flow_cut_in_two_keeps_its_verdict),
		cmocka_unit_test(later_fragments_and_short_packets_are_not_given),
		cmocka_unit_test(other_protocols_by_their_number),
		cmocka_unit_test(dpi_off_says_nothing),
		cmocka_unit_test(risks_have_a_score),
		cmocka_unit_test(names_and_ids),
		cmocka_unit_test(equal_verdicts_share_their_name),
	};
	struct CMUnitTest with_bench[sizeof tests / sizeof tests[0]];

	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		with_bench[i] = tests[i];
		with_bench[i].setup_func = setup;
		with_bench[i].teardown_func = teardown;
	}
	return cmocka_run_group_tests_name("dpi verdict", with_bench, NULL, NULL);
}
