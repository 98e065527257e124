/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet as the stages see it: where its bytes are, what the parser found in them, and
 * nothing that outlives the burst.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/limits.h"

/* What the first byte of a packet belongs to. */
enum link_type {
	LINK_ETHERNET,
	LINK_RAW_IP,	 /* IPv4 or IPv6 by version nibble */
	LINK_NULL,	 /* BSD loopback, address family in host order of the writer */
	LINK_LOOP,	 /* OpenBSD loopback, address family in network order */
	LINK_LINUX_SLL,	 /* Linux cooked capture, 16 bytes */
	LINK_LINUX_SLL2, /* Linux cooked capture v2, 20 bytes */
	LINK_PPP,	 /* PPP, with or without HDLC address and control bytes */
	LINK_PPP_ETHER,	 /* PPPoE session header first (DLT 51) */
	LINK_N
};

/* Bits of packet.flags. */
enum {
	PACKET_FRAGMENT = 1 << 0,	/* part of a fragmented datagram */
	PACKET_LATER_FRAGMENT = 1 << 1, /* not its first part: the transport header is elsewhere */
	PACKET_CUT = 1 << 2,		/* captured length < wire length */
	PACKET_HAS_MAC = 1 << 3,
	PACKET_HAS_PORTS = 1 << 4, /* src_port, dst_port were read (or found in the cache) */
	PACKET_TCP = 1 << 5,	   /* tcp_flags was read */
	PACKET_WIRE_LEN = 1 << 6,  /* wire_len is the true one, not what was captured */
	PACKET_TUNNELLED = 1 << 7, /* the key is that of an inner header */
};

/*
 * Filled in two steps: the source writes the first block, parse_packet() the rest. Multi-byte
 * fields are in host order, offsets count from data.
 */
struct packet {
	const uint8_t *data;
	uint64_t time_ns;
	uint32_t len;	   /* bytes that may be read */
	uint32_t wire_len; /* bytes on the wire */
	uint16_t port_id;
	uint8_t link_type; /* enum link_type */

	uint8_t drop; /* enum drop_reason; anything but DROP_NONE ends its way here */
	uint16_t flags;
	uint8_t ip_version, protocol;
	uint16_t src_port, dst_port;
	uint16_t vlan_id, vlan_inner_id; /* of the outermost frame, 0 = none */
	uint8_t tcp_flags;
	uint8_t ip_tos, ip_ttl;
	uint8_t tunnel_type; /* enum tunnel_type of the innermost tunnel left behind */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id; /* of echo and other query messages, else 0 */
	uint32_t tunnel_id;
	uint32_t l3_len;	       /* IP length as its header says, what a record counts */
	uint32_t l3_offset, l4_offset; /* of the header that the flow is keyed by */
	uint32_t outer_l3_offset;      /* of the header around the innermost tunnel; without one
					  l3_offset */
	uint32_t payload_offset, payload_len; /* application bytes captured, 0 when there are none
					       */
	uint16_t mac_offset;  /* destination, source: 12 bytes, with PACKET_HAS_MAC */
	uint16_t mpls_offset; /* of the first stack of labels, down to its bottom; 0 = none */
};

/* Headers below IP are at most so long each; the longest is NSH's of 63 words. */
#define L2_HEADER_BYTES_MAX 256
_Static_assert(L2_HEADERS_MAX *L2_HEADER_BYTES_MAX <= UINT16_MAX, "offsets of 16 bits");

/* The addresses of the header that the flow is keyed by: 4 or 16 bytes, in network order. */
static inline const uint8_t *packet_src_addr(const struct packet *k)
{
	return k->data + k->l3_offset + (k->ip_version == 6 ? 8 : 12);
}

static inline const uint8_t *packet_dst_addr(const struct packet *k)
{
	return k->data + k->l3_offset + (k->ip_version == 6 ? 24 : 16);
}

/* The addresses of the link, NULL when it has none. */
static inline const uint8_t *packet_mac(const struct packet *k)
{
	return k->flags & PACKET_HAS_MAC ? k->data + k->mac_offset : NULL;
}

/*
 * Application bytes that the packet had on the wire, whatever was captured of them: a later
 * fragment counts what it holds, one whose transport header is not all there nothing.
 */
static inline uint32_t packet_payload_wire_len(const struct packet *k)
{
	const uint32_t header_len = k->payload_offset - k->l3_offset;

	if (!(k->flags & (PACKET_CUT | PACKET_LATER_FRAGMENT)))
		return k->payload_len;
	if (!(k->flags & PACKET_LATER_FRAGMENT) && k->payload_offset == k->l4_offset)
		return k->payload_len;
	return k->l3_len > header_len ? k->l3_len - header_len : 0;
}
