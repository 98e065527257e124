/* SPDX-License-Identifier: BSD-3-Clause */
/* A made-up record of which processors say all that they can say of application protocols. */
#pragma once
#include "record/elements.h"
#include "record/record.h"

#define SAMPLE_TEXTS(n, ...)                                                                       \
	{                                                                                          \
		{__VA_ARGS__}, (uint8_t)(n)                                                        \
	}

static inline void sample_web(struct flow_record *r, unsigned int n)
{
	static struct record_http http;
	static struct record_rtsp rtsp;

	http = (struct record_http){
		.agent = SAMPLE_TEXTS(n, "agent/1", ""),
		.method = SAMPLE_TEXTS(n, "GET", "POST"),
		.host = SAMPLE_TEXTS(n, "www.example.org", "www.example.org"),
		.referer = SAMPLE_TEXTS(n, "", "http://www.example.org/, \"a\""),
		.url = SAMPLE_TEXTS(n, "/", "/\xc3\xa4?b;c d"),
		.content_type = SAMPLE_TEXTS(n, "text/html", "image/png"),
		.server = SAMPLE_TEXTS(n, "nginx", "\xff\x01"),
		.cookie_names = SAMPLE_TEXTS(n, "id;lang", ""),
		.status = {{200, 404}, (uint8_t)n},
	};
	rtsp = (struct record_rtsp){
		.method = SAMPLE_TEXTS(n, "OPTIONS", "SETUP"),
		.agent = SAMPLE_TEXTS(n, "player", "player"),
		.uri = SAMPLE_TEXTS(n, "rtsp://192.0.2.1/a", "rtsp://192.0.2.1/b"),
		.server = SAMPLE_TEXTS(n, "streamer", ""),
		.content_type = SAMPLE_TEXTS(n, "", "application/sdp"),
		.status = {{200, 454}, (uint8_t)n},
	};
	r->http = &http;
	r->rtsp = &rtsp;
}

static inline void sample_voice_and_mail(struct flow_record *r, unsigned int n)
{
	static struct record_sip sip;
	static const struct record_smtp smtp = {
		.commands = 0x41f,
		.mail_count = 1,
		.rcpt_count = 2,
		.codes = 0x80000094,
		.codes_2xx = 3,
		.codes_3xx = 4,
		.codes_4xx = 5,
		.codes_5xx = UINT32_MAX,
		.domain = "client.example.com",
		.first_sender = "<alice@example.com>",
		.first_recipient = "<bob@example.org>",
	};

	sip = (struct record_sip){
		.type = {{1, 99}, (uint8_t)n},
		.status = {{0, 180}, (uint8_t)n},
		.cseq = SAMPLE_TEXTS(n, "1 INVITE", "1 INVITE"),
		.calling = SAMPLE_TEXTS(n, "sip:alice@example.com", "sip:alice@example.com"),
		.called = SAMPLE_TEXTS(n, "sip:bob@example.org", "sip:bob@example.org"),
		.call_id = SAMPLE_TEXTS(n, "1@example.com", "1@example.com"),
		.agent = SAMPLE_TEXTS(n, "phone", "exchange"),
		.uri = SAMPLE_TEXTS(n, "sip:bob@example.org", ""),
		.via = SAMPLE_TEXTS(n, "SIP/2.0/UDP a;SIP/2.0/UDP b", "SIP/2.0/UDP a"),
	};
	r->sip = &sip;
	r->smtp = &smtp;
}

static inline void sample_names(struct flow_record *r, unsigned int n)
{
	static struct record_dns dns;
	static struct record_netbios netbios;
	static const uint16_t ids[] = {7, 8}, types[] = {1, 28};
	static const uint32_t ttls[] = {300, UINT32_MAX};
	static const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
	static const struct octets addresses[] = {{address, 4}, {address, 16}};
	static const char *const names[] = {"a.example.org", "b.example.org"};
	static struct record_passivedns passivedns;
	static const struct record_dnssd dnssd = {"_ipp._tcp.local;", "a._ipp._tcp.local;631;a;;;"};

	dns = (struct record_dns){
		.answers = {{0, 2}, (uint8_t)n},
		.query_type = {{28, 28}, (uint8_t)n},
		.query_class = {{1, 1}, (uint8_t)n},
		.rdata_len = {{0, 11}, (uint8_t)n},
		.udp_size = {{1232, 0}, (uint8_t)n},
		.id = {{0xabcd, 0xabcd}, (uint8_t)n},
		.rcode = {{0, 3}, (uint8_t)n},
		.dnssec_ok = {{1, 0}, (uint8_t)n},
		.ttl = {{0, UINT32_MAX}, (uint8_t)n},
		.name = SAMPLE_TEXTS(n, "a.example.org", "a.example.org"),
		.rdata = SAMPLE_TEXTS(n, "", "2001:db8::1"),
	};
	netbios = (struct record_netbios){
		.suffix = {{0x20, 0x1b}, (uint8_t)n},
		.name = SAMPLE_TEXTS(n, "SERVER         ", "GROUP          "),
	};
	passivedns = (struct record_passivedns){
		.id = {ids, 2},
		.type = {types, 2},
		.ttl = {ttls, 2},
		.address = {addresses, 2},
		.name = {names, 2},
	};
	r->dns = &dns;
	r->netbios = &netbios;
	r->passivedns = &passivedns;
	r->dnssd = &dnssd;
}

static inline void sample_encrypted(struct flow_record *r)
{
	static const uint16_t types[] = {0, 0x0a0a, 65281}, lens[] = {20, 0, 1};
	static const uint8_t packets[] = {1, 4, 128}, bytes[] = {1, 2, 3, 0, 5, 6, 7, 8};
	static const struct record_tls tls = {
		.version = 772,
		.sni = "www.example.org",
		.alpn = "h2",
		.ja4 = "t13d1516h2_8daaf6152771_02713d6af862",
		.ja3 = {(const uint8_t *)"0123456789abcdef", 16},
		.extension_types = {types, 3},
		.extension_lengths = {lens, 3},
	};
	static const struct record_quic quic = {
		.sni = "quic.example.org",
		.agent = "browser",
		.version = 1,
		.client_version = 0x6b3343cf,
		.token_len = UINT64_MAX,
		.client_id = {bytes, 8},
		.original_id = {bytes, 4},
		.server_id = {bytes, 1},
		.server_port = 443,
		.multiplexed = 1,
		.zero_rtt = 2,
		.client_hello = 1,
		.packets = {packets, 3},
		.extension_types = {types, 3},
		.extension_lengths = {lens, 3},
		.extensions = {bytes, 8},
	};

	r->tls = &tls;
	r->quic = &quic;
}

static inline void sample_others(struct flow_record *r, unsigned int n)
{
	static struct record_ntp ntp;
	static const struct record_ssdp ssdp = {1900, "device:One:1", "agent", "service:Two:1",
						"os"};
	static const struct record_mqtt mqtt = {
		.types = 0x400f,
		.keep_alive = 60,
		.version = 5,
		.connect_flags = 0xc2,
		.return_code = 0x86,
		.publish_flags = 3,
		.topics = "a/b#c",
	};
	static const struct record_osquery osquery = {
		.program = "curl",
		.user = "alice",
		.os_name = "Debian",
		.os_build = "",
		.os_platform = "debian",
		.os_platform_like = "",
		.os_arch = "x86_64",
		.kernel = "6.1.0",
		.hostname = "host",
		.os_major = 12,
	};

	ntp = (struct record_ntp){
		.leap = {{3, 0}, (uint8_t)n},
		.version = {{4, 4}, (uint8_t)n},
		.mode = {{3, 4}, (uint8_t)n},
		.stratum = {{0, 2}, (uint8_t)n},
		.poll = {{6, 17}, (uint8_t)n},
		.precision = {{0, 0xe8}, (uint8_t)n},
		.delay = {{0, 1}, (uint8_t)n},
		.dispersion = {{0, UINT32_MAX}, (uint8_t)n},
		.reference_id = SAMPLE_TEXTS(n, "INIT", "192.0.2.1"),
		.reference = SAMPLE_TEXTS(n, "0.0", "3976230245.5"),
		.origin = SAMPLE_TEXTS(n, "0.0", "1.0"),
		.receive = SAMPLE_TEXTS(n, "0.0", "2.0"),
		.sent = SAMPLE_TEXTS(n, "1.0", "3.0"),
	};
	r->ntp = &ntp;
	r->ssdp = &ssdp;
	r->mqtt = &mqtt;
	r->osquery = &osquery;
}

/* With n transactions, 1 or 2, on top of another record. What it points at is that of the latest.
 */
static inline struct flow_record sample_protocols(struct flow_record r, unsigned int n)
{
	static const uint8_t content[] = "first\0bytes";

	r.flow_id = 7;
	r.known |= KNOWN_OVPN | KNOWN_WG | KNOWN_SSA;
	r.ovpn_confidence = 80;
	r.wg_confidence = 100;
	r.ssa_confidence = 1;
	r.wg_peer[DIR_FWD] = 0x01020304;
	r.wg_peer[DIR_REV] = UINT32_MAX;
	r.scitag_experiment = 3;
	r.scitag_activity = 14;
	r.idp_content[DIR_FWD] = (struct octets){content, sizeof content - 1};
	r.idp_content[DIR_REV] = (struct octets){content, 5};
	sample_web(&r, n);
	sample_voice_and_mail(&r, n);
	sample_names(&r, n);
	sample_encrypted(&r);
	sample_others(&r, n);
	r.l7_seen = CLASS_L7 & ~(unsigned int)(CLASS_UNNAMED | CLASS_SSH);
	return r;
}
