/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vocabulary between metering and export: one flow as the outputs see it. Made on the
 * exporter's stack from a flow that ended (or was sliced), valid until that flow is freed.
 */
#pragma once
#include "core/tunnel.h"
#include "record/l7.h"

#include <stdbool.h>
#include <stdint.h>

/* Values 1 to 5 are those of IPFIX flowEndReason (136); a slice is told as active timeout there. */
enum end_reason {
	END_NONE = 0,
	END_IDLE = 1,
	END_ACTIVE = 2,
	END_DETECTED = 3,
	END_FORCED = 4,
	END_OVERFLOW = 5,
	END_SLICE = 6,
	END_N
};

/* As users read it: idle active end forced overflow slice. */
const char *end_reason_name(enum end_reason reason);
/* The value for IPFIX element 136 (RFC 5102 5.11.3). */
uint8_t end_reason_ipfix(enum end_reason reason);

/* Bits of flow_record.l7_flags. */
enum {
	L7_GUESSED = 1 << 0,   /* by port or address, not by payload */
	L7_INSPECTED = 1 << 1, /* DPI was on for this flow; else all l7 fields mean nothing */
	L7_GAVE_UP = 1 << 2
}; /* no state was free: not inspected */

/* Bits of flow_record.known: these members of a direction were filled. */
enum {
	KNOWN_IP_FWD = 1 << 0,	/* ttl_min, ttl_max, ip_flags */
	KNOWN_IP_REV = 1 << 1,	/* the same, rev_tos and rev_ttl */
	KNOWN_TCP_FWD = 1 << 2, /* tcp_window, tcp_options */
	KNOWN_TCP_REV = 1 << 3,
	KNOWN_NETTISA = 1 << 4, /* nettisa */
	KNOWN_OVPN = 1 << 5,	/* ovpn_confidence */
	KNOWN_SSA = 1 << 6,	/* ssa_confidence */
	KNOWN_WG = 1 << 7	/* wg_confidence, wg_peer */
};

/* Those of both directions together. */
#define KNOWN_COMMON (KNOWN_NETTISA | KNOWN_OVPN | KNOWN_SSA | KNOWN_WG)

enum { DIR_FWD = 0, DIR_REV = 1, DIR_N = 2 };

/* Packets of one direction that follow each other closely. */
struct record_bursts {
	struct list_u32 packets, bytes;
	struct list_time start, stop;
};

/* Statistics of a flow's packets as a time series, both directions together; times in us. */
struct record_nettisa {
	float mean, stdev, kurtosis, root_mean_square, average_dispersion;
	float mean_scaled_time, mean_difftimes, min_difftimes, max_difftimes;
	float time_distribution, switching_ratio;
	uint16_t min, max;
};

/* The structs of l7.h: X(name) for each, of struct record_NAME. */
#define FLOW_RECORD_PARTS(X)                                                                       \
	X(http)                                                                                    \
	X(rtsp)                                                                                    \
	X(tls)                                                                                     \
	X(dns)                                                                                     \
	X(passivedns)                                                                              \
	X(sip)                                                                                     \
	X(ntp)                                                                                     \
	X(smtp)                                                                                    \
	X(osquery)                                                                                 \
	X(ssdp)                                                                                    \
	X(dnssd)                                                                                   \
	X(netbios)                                                                                 \
	X(quic)                                                                                    \
	X(mqtt)

/*
 * Directions: index DIR_FWD is that of the first packet seen. Times are nanoseconds on the lane's
 * time line (the packet's own time offline). Addresses: IPv4 in the first 4 bytes, network order.
 * Strings are NUL-terminated UTF-8 as nDPI left them, never NULL ("" = not known), owned by the
 * flow.
 */
struct flow_record {
	uint64_t flow_id;
	uint64_t start_ns, end_ns;    /* of the record: first and last packet */
	uint64_t dir_start_ns[DIR_N]; /* 0 when the direction has no packet */
	uint64_t dir_end_ns[DIR_N];
	uint64_t packets[DIR_N];
	uint64_t octets[DIR_N];	   /* IP length of the header that the flow is keyed by */
	uint64_t l2_octets[DIR_N]; /* wire length of the frames */
	uint8_t src_addr[16], dst_addr[16];
	uint8_t src_mac[6], dst_mac[6]; /* of the first packet, zero when the link has none */
	uint16_t src_port, dst_port;	/* host order, 0 where the protocol has none */
	uint16_t vlan_id;		/* outermost, 0 = none */
	uint16_t vlan_inner_id;		/* second tag, 0 = none */
	uint16_t tcp_flags[DIR_N];	/* OR of the flags byte, RFC 9293 */
	uint8_t ip_version;		/* 4 or 6 */
	uint8_t protocol;		/* IANA protocol number */
	uint8_t icmp_type, icmp_code;	/* of the first packet; only for ICMP and ICMPv6 */
	uint8_t ip_tos;			/* of the first packet */
	uint8_t ip_ttl;			/* of the first packet */
	uint8_t end_reason;		/* enum end_reason */
	uint8_t tunnel_type;		/* enum tunnel_type: innermost tunnel around the key */
	uint32_t tunnel_id;		/* VNI, TEID, GRE key, session id; 0 = none */
	uint32_t ingress_interface;	/* port number, 0-based */
	uint32_t sampling_packets;	/* 1 packet in so many was metered */

	/*
	 * What metering may know beyond that; `known` says of which direction (KNOWN_*). The first
	 * packet is that of the direction.
	 */
	uint8_t known;
	uint8_t rev_tos; /* of the first reverse packet */
	uint8_t rev_ttl; /* of the first reverse packet */
	uint8_t ttl_min[DIR_N];
	uint8_t ttl_max[DIR_N];
	uint8_t ip_flags[DIR_N]; /* IPv4: top 3 bits of the fragment word, in place (0x40 = DF) */
	uint8_t mpls_labels_n;	 /* entries of mpls_labels, from the top of the stack */
	uint16_t tcp_window[DIR_N];  /* of the first packet, not scaled */
	uint16_t tcp_mss[DIR_N];     /* option of the SYN; 0 = none */
	uint16_t tcp_syn_bytes;	     /* IP length of the first packet when a bare SYN; 0 = none */
	uint64_t tcp_options[DIR_N]; /* kinds seen: bit 1 << kind, kinds 0 to 63 */
	uint32_t mpls_labels[3];     /* 24 bits: label, traffic class, bottom of stack; 0 = none */
	uint8_t outer_ip_version;    /* of the header around the tunnel: 4, 6; 0 = not known */
	uint8_t outer_src_addr[16], outer_dst_addr[16]; /* IPv4 in the first 4 bytes */
	uint64_t tcp_rtt_us;		/* SYN to the ACK of its answer; 0 = not seen */
	uint64_t lists_start_ns;	/* what the times of lists count from */
	struct list_u16 packet_lengths; /* of the first packets, payload */
	struct list_time packet_times;
	struct list_u8 packet_flags;
	struct list_direction packet_directions;
	struct list_u32 size_histogram[DIR_N], gap_histogram[DIR_N];
	struct record_bursts bursts[DIR_N];
	struct record_nettisa nettisa;

	/* What processors say of an application protocol; NULL: nothing (l7.h). */
	uint32_t l7_seen; /* bits of enum flow_class */
	uint8_t ovpn_confidence, ssa_confidence, wg_confidence;
	uint8_t scitag_activity;
	uint16_t scitag_experiment;
	uint32_t wg_peer[DIR_N];
	struct octets idp_content[DIR_N];
#define MEMBER(name) const struct record_##name *name;
	FLOW_RECORD_PARTS(MEMBER)
#undef MEMBER

	uint16_t l7_app_id, l7_master_id; /* nDPI's numbers, 0 = unknown or none */
	uint16_t l7_category_id;
	uint16_t l7_risk_score;
	uint64_t l7_risk; /* nDPI's risk bits */
	uint8_t l7_flags;
	uint8_t l7_confidence; /* nDPI's ndpi_confidence_t */
	uint16_t tls_version;
	uint16_t http_status;
	uint16_t dns_query_type, dns_reply_code;
	const char *l7_proto;	 /* as nDPI prints it: TLS.Google */
	const char *l7_category; /* nDPI's name of the category */
	const char *server_name; /* SNI, Host or query name */
	const char *tls_alpn, *tls_ja3c, *tls_ja3s;
	const char *http_url, *http_user_agent, *http_content_type;
	const char *ssh_client, *ssh_server, *ssh_hassh_client, *ssh_hassh_server;
};

static inline bool flow_record_is_icmp(const struct flow_record *r)
{
	return r->protocol == 1 || r->protocol == 58;
}

/* Whether the link has MAC addresses at all. */
static inline bool flow_record_has_macs(const struct flow_record *r)
{
	uint8_t any = 0;

	for (unsigned int i = 0; i < sizeof r->src_mac; i++)
		any |= r->src_mac[i] | r->dst_mac[i];
	return any != 0;
}

/* Milliseconds since 1970 of a list's value. */
static inline uint64_t flow_record_list_ms(const struct flow_record *r, uint32_t after_ms)
{
	return r->lists_start_ns / 1000000 + after_ms;
}

/*
 * Puts times in order: end not before start, each direction within the record. Metering is to be
 * right by itself; a clock that was set back while a flow lived is not its fault.
 */
void flow_record_order_times(struct flow_record *r);

/* What processors say in structs of their own (l7.h) is not told. */
void flow_record_forget_parts(struct flow_record *r);

/*
 * The record as uniflows, for outputs without biflows: one for each direction that has packets,
 * forward first; the reverse one is turned around, so that its first packet's direction is forward.
 * What is of both directions together goes with the first of two. A record without packets stays
 * one. Strings and lists are shared with r. Returns how many, 1 or 2.
 */
unsigned int flow_record_uniflows(const struct flow_record *r, struct flow_record out[DIR_N]);

static inline bool flow_record_has_l7(const struct flow_record *r)
{
	return r->l7_flags & L7_INSPECTED;
}
