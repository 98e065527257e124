/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records and templates of IPFIX (RFC 7011), as biflows of RFC 5103 whose reverse elements are
 * octets and packets only: collectors that know no biflows let reverse times and flags overwrite
 * the forward ones. A flow without reverse packets has reverse counters of 0.
 */
#include "export/encoder.h"

/* Template ids begin at 256 (RFC 7011 3.4.1). */
#define TEMPLATE_ID_FIRST 256
/* The enterprise bit of a field specifier (RFC 7011 3.2). */
#define ENTERPRISE_BIT 0x8000
/* Classification engine "user-defined" (RFC 6759 4.1): nDPI's numbers are in no registry. */
#define ENGINE_USER_DEFINED 6

/* Bytes of a value in a record, by its kind. */
enum {
#define KIND(kind, member_bytes, wire_bytes, ...) WIRE_BYTES_##kind = wire_bytes,
#include "record/elements.def"
};

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

/* Reduced to one byte, which some collectors insist on (RFC 7125 allows it). */
static inline void ipfix_tcp_flags(uint8_t *to, const struct flow_record *r, uint16_t v)
{
	(void)r;
	*to = (uint8_t)v;
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

static inline void ipfix_mac(uint8_t *to, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	memcpy(to, v, 6);
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

static inline void ipfix_application(uint8_t *to, const struct flow_record *r, uint16_t app)
{
	uint16_t id = app ? app : r->l7_master_id;

	if (!flow_record_has_l7(r))
		id = 0;
	store_be32(to, (uint32_t)ENGINE_USER_DEFINED << 24 | id);
}

/* Kinds that no template carries (elements.c checks that): JSON says them. */
#define ipfix_schema(to, r, v)	  ((void)(v))
#define ipfix_community(to, r, v) ((void)(v))
#define ipfix_ip(to, r, v)	  ((void)(v))
#define ipfix_tunnel(to, r, v)	  ((void)(v))
#define ipfix_guessed(to, r, v)	  ((void)(v))
#define ipfix_risk(to, r, v)	  ((void)(v))
#define ipfix_l7_ids(to, r, v)	  ((void)(v))
#define ipfix_string(to, r, v)	  ((void)(v))

/*
 * The template is a constant where this is expanded, so only its own fields remain, at places that
 * are known.
 */
static inline __attribute__((always_inline)) void
put_record(struct wbuf *w, const struct flow_record *r, enum flow_template t)
{
	uint32_t bytes = 0;
	uint8_t *to;

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, templates, ...)                 \
	bytes += (templates)&1U << t ? WIRE_BYTES_##kind : 0;
#define WIRE(symbol, pen, id, tlv, kind, member, templates, ...)                                   \
	bytes += (templates)&1U << t ? WIRE_BYTES_##kind : 0;
#include "record/elements.def"
	to = wbuf_take(w, bytes);
	if (!to)
		return;
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, templates, ...)                 \
	if ((templates)&1U << t) {                                                                 \
		ipfix_##kind(to, r, r->member);                                                    \
		to += WIRE_BYTES_##kind;                                                           \
	}
#define WIRE(symbol, pen, id, tlv, kind, member, templates, ...)                                   \
	if ((templates)&1U << t) {                                                                 \
		ipfix_##kind(to, r, r->member);                                                    \
		to += WIRE_BYTES_##kind;                                                           \
	}
#include "record/elements.def"
}

void ipfix_encode(struct wbuf *w, const struct flow_record *r)
{
	switch (flow_record_template(r)) {
	case TEMPLATE_IPV4_PORTS:
		put_record(w, r, TEMPLATE_IPV4_PORTS);
		break;
	case TEMPLATE_IPV4_ICMP:
		put_record(w, r, TEMPLATE_IPV4_ICMP);
		break;
	case TEMPLATE_IPV6_PORTS:
		put_record(w, r, TEMPLATE_IPV6_PORTS);
		break;
	case TEMPLATE_IPV6_ICMP:
		put_record(w, r, TEMPLATE_IPV6_ICMP);
		break;
	case TEMPLATE_N:
		break;
	}
}

uint16_t ipfix_template_id(enum flow_template t)
{
	return (uint16_t)(TEMPLATE_ID_FIRST + t);
}

void ipfix_put_template(struct wbuf *w, enum flow_template t)
{
	uint8_t *count_at;
	uint16_t fields = 0;

	put_be16(w, ipfix_template_id(t));
	count_at = wbuf_take(w, 2);
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);

		if (!(e->templates & 1U << t))
			continue;
		put_be16(w, e->pen ? e->ipfix_id | ENTERPRISE_BIT : e->ipfix_id);
		put_be16(w, e->wire_bytes);
		if (e->pen)
			put_be32(w, e->pen);
		fields++;
	}
	if (count_at)
		store_be16(count_at, fields);
}
