/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What processors say of application protocols: one struct each, behind a pointer of struct
 * flow_record that is NULL where the processor saw nothing of its protocol. Texts end with a NUL
 * and are never NULL once the struct is there ("" = not seen); they are the bytes of the wire, cut
 * to the bounds of limits.h, and need not be UTF-8. All live as long as the flow.
 */
#pragma once

#include "record/lists.h"

struct record_http {
	struct each_text agent, method, host, referer, url, content_type, server, cookie_names;
	struct each_u16 status;
};

struct record_rtsp {
	struct each_text method, agent, uri, server, content_type;
	struct each_u16 status;
};

struct record_sip {
	struct each_u16 type, status;
	struct each_text cseq, calling, called, call_id, agent, uri, via;
};

struct record_smtp {
	uint32_t commands, mail_count, rcpt_count;
	uint32_t codes, codes_2xx, codes_3xx, codes_4xx, codes_5xx;
	const char *domain, *first_sender, *first_recipient;
};

struct record_ssdp {
	uint16_t location_port;
	const char *nt, *agent, *st, *server;
};

struct record_mqtt {
	uint16_t types, keep_alive;
	uint8_t version, connect_flags, return_code, publish_flags;
	const char *topics;
};

struct record_tls {
	uint16_t version;
	const char *sni, *alpn, *ja4;
	struct octets ja3; /* 16 bytes */
	struct list_u16 extension_types, extension_lengths;
};

struct record_quic {
	const char *sni, *agent;
	uint32_t version, client_version;
	uint64_t token_len; /* all bits set: no Initial was seen */
	struct octets client_id, original_id, server_id, retry_id;
	uint16_t server_port;
	uint8_t multiplexed, zero_rtt, client_hello;
	struct list_u8 packets;
	struct list_u16 extension_types, extension_lengths;
	struct octets extensions;
};

struct record_dns {
	struct each_u16 answers, query_type, query_class, rdata_len, udp_size, id;
	struct each_u8 rcode, dnssec_ok;
	struct each_u32 ttl;
	struct each_text name, rdata;
};

/* One value an answer. */
struct record_passivedns {
	struct list_u16 id, type;
	struct list_u32 ttl;
	struct list_octets address;
	struct list_text name;
};

struct record_ntp {
	struct each_u8 leap, version, mode, stratum, poll, precision;
	struct each_u32 delay, dispersion;
	struct each_text reference_id, reference, origin, receive, sent;
};

struct record_dnssd {
	const char *queries, *responses;
};

struct record_netbios {
	struct each_u8 suffix;
	struct each_text name;
};

struct record_osquery {
	const char *program, *user, *os_name, *os_build, *os_platform, *os_platform_like, *os_arch;
	const char *kernel, *hostname;
	uint16_t os_major, os_minor;
};
