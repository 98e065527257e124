/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of elements.def that have a width of their own in IPFIX: one function a kind, which
 * writes exactly that many bytes. Internal to the encoders.
 */
#pragma once
#include "core/bytes.h"
#include "record/elements.h"
#include "record/record.h"

/* Bytes of a value in a record, by its kind. */
enum {
#define KIND(kind, member_bytes, wire_bytes, ...) WIRE_BYTES_##kind = wire_bytes,
#include "record/elements.def"
};

/* Classification engines (RFC 6759 4.1): nDPI's numbers are in no registry of IANA's. */
#define ENGINE_USER_DEFINED 6
#define ENGINE_PANA_L7_PEN  20
/* The enterprise that gave nDPI's numbers. */
#define PEN_NTOP 35632U

static inline void ipfix_hex(uint8_t *to, const struct flow_record *r, uint64_t v)
{
	(void)r;
	store_be64(to, v);
}

/* Milliseconds: what every collector reads. */
static inline void ipfix_time(uint8_t *to, const struct flow_record *r, uint64_t unix_ns)
{
	(void)r;
	store_be64(to, unix_ns / 1000000);
}

static inline void ipfix_u8(uint8_t *to, const struct flow_record *r, uint8_t v)
{
	(void)r;
	*to = v;
}

static inline void ipfix_u16(uint8_t *to, const struct flow_record *r, uint16_t v)
{
	(void)r;
	store_be16(to, v);
}

static inline void ipfix_u32(uint8_t *to, const struct flow_record *r, uint32_t v)
{
	(void)r;
	store_be32(to, v);
}

static inline void ipfix_u64(uint8_t *to, const struct flow_record *r, uint64_t v)
{
	(void)r;
	store_be64(to, v);
}

/* RFC 7011 6.1.3: IEEE single precision. */
static inline void ipfix_f32(uint8_t *to, const struct flow_record *r, float v)
{
	uint32_t bits;

	(void)r;
	memcpy(&bits, &v, sizeof bits);
	store_be32(to, bits);
}

/* Reduced to one byte, which some collectors insist on (RFC 7125 allows it). */
static inline void ipfix_tcp_flags(uint8_t *to, const struct flow_record *r, uint16_t v)
{
	(void)r;
	*to = (uint8_t)v;
}

static inline void ipfix_rcode(uint8_t *to, const struct flow_record *r, uint16_t v)
{
	(void)r;
	*to = v > 255 ? 255 : (uint8_t)v;
}

static inline void ipfix_mss(uint8_t *to, const struct flow_record *r, uint16_t v)
{
	(void)r;
	store_be32(to, v);
}

static inline void ipfix_dscp(uint8_t *to, const struct flow_record *r, uint8_t tos)
{
	(void)r;
	*to = tos >> 2;
}

/* RFC 5103 6.3: who sent a SYN began; without one the first packet seen decided, by chance. */
static inline void ipfix_direction(uint8_t *to, const struct flow_record *r, uint16_t flags)
{
	const uint16_t syn = 0x02;

	*to = r->protocol != 6 || flags & syn ? 1 : 0;
}

static inline void ipfix_ipv4(uint8_t *to, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	memcpy(to, v, 4);
}

static inline void ipfix_ipv6(uint8_t *to, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	memcpy(to, v, 16);
}

static inline void ipfix_outer_ip(uint8_t *to, const struct flow_record *r, const uint8_t *v)
{
	if (r->outer_ip_version == 6) {
		memcpy(to, v, 16);
		return;
	}
	memset(to, 0, 10);
	memset(to + 10, 0xff, 2);
	memcpy(to + 12, v, 4);
}

static inline void ipfix_mac(uint8_t *to, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	memcpy(to, v, 6);
}

static inline void ipfix_mpls(uint8_t *to, const struct flow_record *r, uint32_t entry)
{
	(void)r;
	store_be16(to, (uint16_t)(entry >> 8));
	to[2] = (uint8_t)entry;
}

static inline void ipfix_icmp(uint8_t *to, const struct flow_record *r, uint8_t type)
{
	to[0] = type;
	to[1] = r->icmp_code;
}

static inline void ipfix_end_reason(uint8_t *to, const struct flow_record *r, uint8_t v)
{
	(void)r;
	*to = end_reason_ipfix((enum end_reason)v);
}

/* Interfaces count from 1 (RFC 2863 ifIndex); some collectors refuse 0. */
static inline void ipfix_interface(uint8_t *to, const struct flow_record *r, uint32_t v)
{
	(void)r;
	store_be32(to, v + 1);
}

static inline void ipfix_selector(uint8_t *to, const struct flow_record *r, uint32_t v)
{
	const uint64_t the_only_one = 1;

	(void)r;
	(void)v;
	store_be64(to, the_only_one);
}

/* layer2SegmentId: a byte that says what it is, 1 = VXLAN, and the number. */
static inline void ipfix_segment(uint8_t *to, const struct flow_record *r, uint32_t id)
{
	bool vxlan = r->tunnel_type == TUNNEL_VXLAN || r->tunnel_type == TUNNEL_VXLAN_GPE;

	store_be64(to, vxlan ? 1ULL << 56 | id : 0);
}

static inline void ipfix_gre_key(uint8_t *to, const struct flow_record *r, uint32_t id)
{
	store_be32(to, r->tunnel_type == TUNNEL_GRE ? id : 0);
}

/* What the options records of RFC 6759 name: 0 = unknown, or not inspected. */
static inline uint16_t ipfix_application_number(const struct flow_record *r)
{
	if (!flow_record_has_l7(r))
		return 0;
	return r->l7_app_id ? r->l7_app_id : r->l7_master_id;
}

static inline void ipfix_application(uint8_t *to, const struct flow_record *r, uint16_t app)
{
	(void)app;
	store_be32(to, (uint32_t)ENGINE_USER_DEFINED << 24 | ipfix_application_number(r));
}

/* RFC 7011 6.1.5: 1 is true, 2 is false. */
static inline void ipfix_guessed(uint8_t *to, const struct flow_record *r, uint8_t l7_flags)
{
	(void)r;
	*to = l7_flags & L7_GUESSED ? 1 : 2;
}

static inline void ipfix_risk(uint8_t *to, const struct flow_record *r, uint64_t v)
{
	(void)r;
	store_be64(to, v);
}
