/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Most packets, in one go: Ethernet, at most one VLAN tag, IPv4 without options or fragments or
 * IPv6 without extension headers, TCP or UDP, nothing cut, nothing odd. Inline, so that the stages
 * of the pipeline go from the bytes to the key in registers; a whole view is made of such a packet
 * only when somebody looks at it.
 */
#pragma once

#include <string.h>

#include "core/bytes.h"
#include "core/prefetch.h"
#include "packet/packet.h"

/* Bytes of the plain headers, and what they say. */
enum {
	PLAIN_ETHERNET_LEN = 14,
	PLAIN_VLAN_LEN = 4,
	PLAIN_IPV4_LEN = 20,
	PLAIN_IPV6_LEN = 40,
	PLAIN_TCP = 6,
	PLAIN_TCP_LEN = 20,
	PLAIN_UDP = 17,
	PLAIN_UDP_LEN = 8,
	PLAIN_LEN_MIN = PLAIN_ETHERNET_LEN + PLAIN_IPV4_LEN + PLAIN_UDP_LEN,
	/* EtherTypes as they lie in the packet */
	PLAIN_TYPE_VLAN = 0x0081,
	PLAIN_TYPE_IPV4 = 0x0008,
	PLAIN_TYPE_IPV6 = 0xdd86,
};

/* In the first 8 bytes of an IPv4 header: version, length, more fragments and their offset. */
#define PLAIN_IPV4_MASK	 0xff3f0000000000ffULL
#define PLAIN_IPV4_VALUE 0x45ULL

/* Where the headers of a plain packet are, and what was looked at on the way. */
struct plain {
	const uint8_t *l3, *l4;
	uint32_t l3_offset;
	uint32_t l3_len;     /* as the IP header says */
	uint32_t header_len; /* of IP */
	uint32_t l4_len;     /* of the transport header */
	uint16_t vlan_id;
	uint8_t ip_version, protocol;
};

/* The source address; the destination lies behind it. */
static inline const uint8_t *plain_addrs(const struct plain *p)
{
	return p->l3 + (p->ip_version == 4 ? 12 : 8);
}

static inline uint8_t plain_tcp_flags(const struct plain *p)
{
	return p->protocol == PLAIN_TCP ? p->l4[13] : 0;
}

/* One comparison: least <= n <= most, where least <= most. */
static inline bool plain_is_within(uint32_t n, uint32_t least, uint32_t most)
{
	return n - least <= most - least;
}

/* The transport header is all there and says nothing odd. */
static inline __attribute__((always_inline)) bool plain_read_l4(struct plain *p)
{
	const uint32_t room = p->l3_len - p->header_len;

	p->l4 = p->l3 + p->header_len;
	p->l4_len = PLAIN_UDP_LEN;
	if (p->protocol == PLAIN_UDP)
		return load_be16(p->l4 + 4) == room;
	if (unlikely(p->protocol != PLAIN_TCP || room < PLAIN_TCP_LEN))
		return false;
	p->l4_len = (p->l4[12] >> 2) & 0x3cU;
	return plain_is_within(p->l4_len, PLAIN_TCP_LEN, room);
}

static inline __attribute__((always_inline)) bool plain_read_ipv4(struct plain *p, uint32_t len)
{
	const uint64_t first = load_word64(p->l3);

	p->ip_version = 4;
	p->protocol = p->l3[9];
	p->header_len = PLAIN_IPV4_LEN;
	p->l3_len = __builtin_bswap16((uint16_t)(first >> 16));
	return likely((first & PLAIN_IPV4_MASK) == PLAIN_IPV4_VALUE &&
		      plain_is_within(p->l3_len, PLAIN_IPV4_LEN + PLAIN_UDP_LEN, len)) &&
	       plain_read_l4(p);
}

static inline __attribute__((always_inline)) bool plain_read_ipv6(struct plain *p, uint32_t len)
{
	if (unlikely(len < PLAIN_IPV6_LEN + PLAIN_UDP_LEN))
		return false;
	p->ip_version = 6;
	p->protocol = p->l3[6];
	p->header_len = PLAIN_IPV6_LEN;
	p->l3_len = PLAIN_IPV6_LEN + load_be16(p->l3 + 4);
	return likely(p->l3[0] >> 4 == 6 &&
		      plain_is_within(p->l3_len, PLAIN_IPV6_LEN + PLAIN_UDP_LEN, len)) &&
	       plain_read_l4(p);
}

/* The offset is a constant where this is expanded. */
static inline __attribute__((always_inline)) bool
plain_read_ip(struct plain *p, const uint8_t *data, uint32_t len, uint32_t offset)
{
	const uint16_t type = load_word16(data + offset - sizeof type);

	if (unlikely(len < offset + PLAIN_IPV4_LEN + PLAIN_UDP_LEN))
		return false;
	p->l3_offset = offset;
	p->l3 = data + offset;
	if (likely(type == PLAIN_TYPE_IPV4))
		return plain_read_ipv4(p, len - offset);
	return type == PLAIN_TYPE_IPV6 && plain_read_ipv6(p, len - offset);
}

/*
 * Reads a frame of len captured bytes, all there were on the wire. False: it is not plain, and *p
 * means nothing.
 */
static inline __attribute__((always_inline)) bool plain_read(struct plain *p, const uint8_t *data,
							     uint32_t len)
{
	if (unlikely(len < PLAIN_LEN_MIN))
		return false;
	p->vlan_id = 0;
	if (likely(load_word16(data + 12) != PLAIN_TYPE_VLAN))
		return plain_read_ip(p, data, len, PLAIN_ETHERNET_LEN);
	p->vlan_id = load_be16(data + PLAIN_ETHERNET_LEN) & 0x0fff;
	return plain_read_ip(p, data, len, PLAIN_ETHERNET_LEN + PLAIN_VLAN_LEN);
}

/* Whether a packet could be plain by what its source says of it. */
static inline bool plain_may_be(const struct packet *k)
{
	return k->link_type == LINK_ETHERNET && k->len == k->wire_len;
}

/*
 * The view of a plain packet, the same as the other functions of the parser make it
 * (tests/unit/packet/plain_test.c). False: it is not plain, and what the source wrote is untouched.
 */
static inline bool parse_plain(struct packet *k)
{
	struct plain p = {0};

	if (unlikely(!plain_may_be(k) || !plain_read(&p, k->data, k->len)))
		return false;
	*k = (struct packet){
		.data = k->data,
		.time_ns = k->time_ns,
		.len = k->len,
		.wire_len = k->wire_len,
		.port_id = k->port_id,
		.link_type = k->link_type,
		.flags = (uint16_t)((k->flags & PACKET_WIRE_LEN) | PACKET_HAS_MAC |
				    PACKET_HAS_PORTS | (p.protocol == PLAIN_TCP ? PACKET_TCP : 0)),
		.ip_version = p.ip_version,
		.protocol = p.protocol,
		.src_port = load_be16(p.l4),
		.dst_port = load_be16(p.l4 + 2),
		.vlan_id = p.vlan_id,
		.tcp_flags = plain_tcp_flags(&p),
		.ip_tos = p.ip_version == 4 ? p.l3[1] : (uint8_t)(load_be16(p.l3) >> 4),
		.ip_ttl = p.ip_version == 4 ? p.l3[8] : p.l3[7],
		.l3_len = p.l3_len,
		.l3_offset = p.l3_offset,
		.l4_offset = p.l3_offset + p.header_len,
		.outer_l3_offset = p.l3_offset,
		.payload_offset = p.l3_offset + p.header_len + p.l4_len,
		.payload_len = p.l3_len - p.header_len - p.l4_len,
	};
	return true;
}
