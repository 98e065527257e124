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

static inline void ipfix_hex(struct wbuf *w, const struct flow_record *r, uint64_t v)
{
	(void)r;
	put_be64(w, v);
}

/* Milliseconds: what every collector reads. */
static inline void ipfix_time(struct wbuf *w, const struct flow_record *r, uint64_t unix_ns)
{
	(void)r;
	put_be64(w, unix_ns / 1000000);
}

static inline void ipfix_u8(struct wbuf *w, const struct flow_record *r, uint8_t v)
{
	(void)r;
	put_u8(w, v);
}

static inline void ipfix_u16(struct wbuf *w, const struct flow_record *r, uint16_t v)
{
	(void)r;
	put_be16(w, v);
}

static inline void ipfix_u32(struct wbuf *w, const struct flow_record *r, uint32_t v)
{
	(void)r;
	put_be32(w, v);
}

static inline void ipfix_u64(struct wbuf *w, const struct flow_record *r, uint64_t v)
{
	(void)r;
	put_be64(w, v);
}

/* Reduced to one byte, which some collectors insist on (RFC 7125 allows it). */
static inline void ipfix_tcp_flags(struct wbuf *w, const struct flow_record *r, uint16_t v)
{
	(void)r;
	put_u8(w, (uint8_t)v);
}

static inline void ipfix_ipv4(struct wbuf *w, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	put_bytes(w, v, 4);
}

static inline void ipfix_ipv6(struct wbuf *w, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	put_bytes(w, v, 16);
}

static inline void ipfix_mac(struct wbuf *w, const struct flow_record *r, const uint8_t *v)
{
	(void)r;
	put_bytes(w, v, 6);
}

static inline void ipfix_icmp(struct wbuf *w, const struct flow_record *r, uint8_t type)
{
	put_u8(w, type);
	put_u8(w, r->icmp_code);
}

static inline void ipfix_end_reason(struct wbuf *w, const struct flow_record *r, uint8_t v)
{
	(void)r;
	put_u8(w, end_reason_ipfix((enum end_reason)v));
}

/* Interfaces count from 1 (RFC 2863 ifIndex); some collectors refuse 0. */
static inline void ipfix_interface(struct wbuf *w, const struct flow_record *r, uint32_t v)
{
	(void)r;
	put_be32(w, v + 1);
}

static inline void ipfix_application(struct wbuf *w, const struct flow_record *r, uint16_t app)
{
	uint16_t id = app ? app : r->l7_master_id;

	if (!flow_record_has_l7(r))
		id = 0;
	put_be32(w, (uint32_t)ENGINE_USER_DEFINED << 24 | id);
}

/* Kinds that no template carries (elements.c checks that): JSON says them. */
#define ipfix_schema(w, r, v)	 ((void)(v))
#define ipfix_community(w, r, v) ((void)(v))
#define ipfix_ip(w, r, v)	 ((void)(v))
#define ipfix_tunnel(w, r, v)	 ((void)(v))
#define ipfix_guessed(w, r, v)	 ((void)(v))
#define ipfix_risk(w, r, v)	 ((void)(v))
#define ipfix_l7_ids(w, r, v)	 ((void)(v))
#define ipfix_string(w, r, v)	 ((void)(v))

/* The template is a constant where this is expanded, so only its own fields remain. */
static inline __attribute__((always_inline)) void
put_record(struct wbuf *w, const struct flow_record *r, enum flow_template t)
{
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, templates, ...)                 \
	if ((templates)&1U << t)                                                                   \
		ipfix_##kind(w, r, r->member);
#define WIRE(symbol, pen, id, tlv, kind, member, templates, ...)                                   \
	if ((templates)&1U << t)                                                                   \
		ipfix_##kind(w, r, r->member);
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
