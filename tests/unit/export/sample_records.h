/* SPDX-License-Identifier: BSD-3-Clause */
/* Made-up records that tests of the outputs share; addresses from the documentation ranges. */
#pragma once
#include "record/record.h"
#include "sample_protocols.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* 2026-01-02T03:04:05.123456789Z */
#define SAMPLE_NS 1767323045123456789ULL

/* Every string points somewhere, as the contract of struct flow_record says. */
static inline struct flow_record sample_empty(void)
{
	return (struct flow_record){
		.ip_version = 4,
		.end_reason = END_IDLE,
		.sampling_packets = 1,
		.l7_proto = "",
		.l7_category = "",
		.server_name = "",
		.tls_alpn = "",
		.tls_ja3c = "",
		.tls_ja3s = "",
		.http_url = "",
		.http_user_agent = "",
		.http_content_type = "",
		.ssh_client = "",
		.ssh_server = "",
		.ssh_hassh_client = "",
		.ssh_hassh_server = "",
	};
}

static inline struct flow_record sample_ipv4(void)
{
	struct flow_record r = sample_empty();

	r.flow_id = 0x0123456789abcdefULL;
	r.start_ns = r.dir_start_ns[DIR_FWD] = SAMPLE_NS;
	r.end_ns = r.dir_end_ns[DIR_REV] = SAMPLE_NS + 2500000000ULL;
	r.dir_start_ns[DIR_REV] = SAMPLE_NS + 1000;
	r.dir_end_ns[DIR_FWD] = SAMPLE_NS + 2000000000ULL;
	r.packets[DIR_FWD] = 10;
	r.packets[DIR_REV] = 12;
	r.octets[DIR_FWD] = 1500;
	r.octets[DIR_REV] = 123456;
	r.l2_octets[DIR_FWD] = 1640;
	r.l2_octets[DIR_REV] = 123624;
	inet_pton(AF_INET, "192.0.2.1", r.src_addr);
	inet_pton(AF_INET, "198.51.100.200", r.dst_addr);
	memcpy(r.src_mac, "\x02\x00\x5e\x10\x00\x01", 6);
	memcpy(r.dst_mac, "\x02\x00\x5e\x10\x00\xff", 6);
	r.src_port = 40000;
	r.dst_port = 443;
	r.vlan_id = 100;
	r.tcp_flags[DIR_FWD] = 0x1b;
	r.tcp_flags[DIR_REV] = 0x13;
	r.protocol = 6;
	r.ip_tos = 0x28;
	r.ip_ttl = 64;
	r.end_reason = END_DETECTED;
	r.l7_flags = L7_INSPECTED;
	r.l7_app_id = 126;
	r.l7_master_id = 91;
	r.l7_category_id = 5;
	r.l7_confidence = 6;
	r.l7_risk = 1ULL << 5 | 1ULL << 12;
	r.l7_risk_score = 150;
	r.l7_proto = "TLS.Google";
	r.l7_category = "Web";
	r.server_name = "www.example.org";
	r.tls_version = 772;
	r.tls_alpn = "h2,http/1.1";
	r.tls_ja3c = "0123456789abcdef0123456789abcdef";
	return r;
}

static inline struct flow_record sample_ipv6(void)
{
	struct flow_record r = sample_ipv4();

	r.ip_version = 6;
	r.flow_id = 2;
	r.protocol = 17;
	r.dst_port = 53;
	inet_pton(AF_INET6, "2001:db8::1", r.src_addr);
	inet_pton(AF_INET6, "2001:db8:0:1::2", r.dst_addr);
	memset(r.tcp_flags, 0, sizeof r.tcp_flags);
	r.vlan_id = 0;
	r.end_reason = END_IDLE;
	r.l7_app_id = 5;
	r.l7_master_id = 0;
	r.l7_proto = "DNS";
	r.server_name = "example.com";
	r.dns_query_type = 28;
	r.dns_reply_code = 3;
	r.tls_version = 0;
	r.tls_alpn = r.tls_ja3c = "";
	return r;
}

static inline struct flow_record sample_icmp(void)
{
	struct flow_record r = sample_ipv4();

	r.flow_id = 3;
	r.protocol = 1;
	r.icmp_type = 8;
	r.icmp_code = 0;
	r.src_port = r.dst_port = 0;
	memset(r.tcp_flags, 0, sizeof r.tcp_flags);
	r.end_reason = END_ACTIVE;
	r.l7_flags = 0;
	r.l7_proto = r.l7_category = r.server_name = r.tls_alpn = r.tls_ja3c = "";
	r.tls_version = 0;
	return r;
}

static inline struct flow_record sample_icmp6(void)
{
	struct flow_record r = sample_ipv6();

	r.flow_id = 4;
	r.protocol = 58;
	r.icmp_type = 135;
	r.icmp_code = 0;
	r.src_port = r.dst_port = 0;
	r.packets[DIR_REV] = r.octets[DIR_REV] = r.l2_octets[DIR_REV] = 0;
	r.dir_start_ns[DIR_REV] = r.dir_end_ns[DIR_REV] = 0;
	r.end_reason = END_SLICE;
	r.l7_flags = L7_INSPECTED | L7_GUESSED;
	memset(r.src_mac, 0, sizeof r.src_mac);
	memset(r.dst_mac, 0, sizeof r.dst_mac);
	return r;
}

/* Every number at its largest. */
static inline struct flow_record sample_extreme(void)
{
	struct flow_record r = sample_ipv6();

	r.flow_id = UINT64_MAX;
	r.protocol = 255;
	memset(r.src_addr, 0xff, sizeof r.src_addr);
	memset(r.dst_addr, 0xff, sizeof r.dst_addr);
	memset(r.src_mac, 0xff, sizeof r.src_mac);
	memset(r.packets, 0xff, sizeof r.packets);
	memset(r.octets, 0xff, sizeof r.octets);
	memset(r.l2_octets, 0xff, sizeof r.l2_octets);
	r.start_ns = 0;
	r.end_ns = r.dir_start_ns[DIR_REV] = r.dir_end_ns[DIR_REV] = UINT64_MAX;
	r.src_port = r.dst_port = r.vlan_id = r.vlan_inner_id = UINT16_MAX;
	r.tunnel_type = TUNNEL_VXLAN_GPE;
	r.tunnel_id = r.sampling_packets = UINT32_MAX;
	r.ingress_interface = 99;
	r.ip_tos = r.ip_ttl = 255;
	r.l7_risk = UINT64_MAX;
	r.l7_app_id = r.l7_master_id = r.l7_category_id = r.l7_risk_score = UINT16_MAX;
	r.end_reason = END_OVERFLOW;
	return r;
}

/* TCP in VXLAN over IPv6, below two MPLS labels, with all that metering may know of both ways. */
static inline struct flow_record sample_rich(void)
{
	struct flow_record r = sample_ipv4();

	r.flow_id = 6;
	r.known = KNOWN_IP_FWD | KNOWN_IP_REV | KNOWN_TCP_FWD | KNOWN_TCP_REV;
	r.rev_tos = 0x48;
	r.rev_ttl = 58;
	r.ttl_min[DIR_FWD] = 63;
	r.ttl_max[DIR_FWD] = 65;
	r.ttl_min[DIR_REV] = 57;
	r.ttl_max[DIR_REV] = 59;
	r.ip_flags[DIR_FWD] = 0x40;
	r.tcp_window[DIR_FWD] = 64240;
	r.tcp_window[DIR_REV] = 65160;
	r.tcp_mss[DIR_FWD] = 1460;
	r.tcp_mss[DIR_REV] = 1440;
	r.tcp_syn_bytes = 60;
	r.tcp_options[DIR_FWD] = 1ULL << 2 | 1ULL << 8;
	r.tcp_options[DIR_REV] = 1ULL << 2;
	r.mpls_labels_n = 2;
	r.mpls_labels[0] = 16001 << 4 | 3 << 1;
	r.mpls_labels[1] = 100 << 4 | 1;
	r.tunnel_type = TUNNEL_VXLAN;
	r.tunnel_id = 4242;
	r.outer_ip_version = 6;
	inet_pton(AF_INET6, "2001:db8:f::1", r.outer_src_addr);
	inet_pton(AF_INET6, "2001:db8:f::2", r.outer_dst_addr);
	r.vlan_inner_id = 200;
	return r;
}

/* Strings as strangers send them. */
#define NASTY_HOST                                                                                 \
	"a\"b\\c\n\r\t\x01\x1b[31m\x7f,\xc3\xa9\xff\xc0\xaf\xed\xa0\x80"                           \
	"\xf4\x90\x80\x80 \xe2\x82"

static inline struct flow_record sample_nasty(void)
{
	struct flow_record r = sample_ipv4();

	r.flow_id = 5;
	r.server_name = NASTY_HOST;
	r.http_url = "/<script>'\"; DROP TABLE flows;--";
	r.ssh_client = "\xf0\x9f\x98\x80\xc2\x85";
	r.end_reason = END_FORCED;
	return r;
}

static inline struct flow_record sample_all_protocols(void)
{
	return sample_protocols(sample_ipv4(), 2);
}

#define SAMPLES 8

static inline struct flow_record sample_number(unsigned int i)
{
	static struct flow_record (*const makers[SAMPLES])(void) = {
		sample_ipv4,	sample_ipv6,  sample_icmp, sample_icmp6,
		sample_extreme, sample_nasty, sample_rich, sample_all_protocols,
	};

	return makers[i % SAMPLES]();
}

/* One of many: IPv4 and IPv6, ports and counts by the number; what sums are made of. */
static inline struct flow_record sample_of_many(uint32_t i)
{
	struct flow_record r = sample_ipv4();

	if (i % 4 == 3)
		r = sample_ipv6();
	else if (i % 4 == 2)
		r = sample_icmp();
	r.flow_id = i;
	if (i % 4 != 2)
		r.src_port = (uint16_t)(1024 + i % 60000);
	r.packets[DIR_FWD] = 1 + i % 7;
	r.octets[DIR_FWD] = 100 + i;
	r.packets[DIR_REV] = i % 5;
	r.octets[DIR_REV] = i % 5 ? 200 + i : 0;
	return r;
}
