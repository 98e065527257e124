/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data records of profile compat with its own fields: what most probes send all day, so the
 * templates are constants here and a record is a row of stores. Whatever else an operator chooses
 * is written element by element (ipfix_steps.c), in the same order.
 *
 * These are biflows of RFC 5103 whose reverse elements are octets and packets only: collectors that
 * know no biflows let reverse times and flags overwrite the forward ones. A flow without reverse
 * packets has reverse counters of 0. Uniflows lack the two.
 */
#include "export/ipfix_internal.h"
#include "export/ipfix_values.h"

/* Kinds that profile compat does not send. */
#define ipfix_schema(to, r, v)	       ((void)(v))
#define ipfix_community(to, r, v)      ((void)(v))
#define ipfix_ip(to, r, v)	       ((void)(v))
#define ipfix_tunnel(to, r, v)	       ((void)(v))
#define ipfix_risk_list(to, r, v)      ((void)(v))
#define ipfix_l7_ids(to, r, v)	       ((void)(v))
#define ipfix_ja3(to, r, v)	       ((void)(v))
#define ipfix_string(to, r, v)	       ((void)(v))
#define ipfix_list_u8(to, r, v)	       ((void)(v))
#define ipfix_list_u16(to, r, v)       ((void)(v))
#define ipfix_list_u32(to, r, v)       ((void)(v))
#define ipfix_list_time(to, r, v)      ((void)(v))
#define ipfix_list_direction(to, r, v) ((void)(v))
#define ipfix_list_text(to, r, v)      ((void)(v))
#define ipfix_list_octets(to, r, v)    ((void)(v))
#define ipfix_octets(to, r, v)	       ((void)(v))
#define ipfix_each_text(to, r, v)      ((void)(v))
#define ipfix_each_u8(to, r, v)	       ((void)(v))
#define ipfix_each_u16(to, r, v)       ((void)(v))
#define ipfix_each_u32(to, r, v)       ((void)(v))

/* Symbols of reverse elements begin with REV_. */
#define IS_REVERSE(symbol)                                                                         \
	(sizeof #symbol > 4 && #symbol[0] == 'R' && #symbol[1] == 'E' && #symbol[2] == 'V' &&      \
	 #symbol[3] == '_')
#define IS_IN(symbol, templates, sent, biflow)                                                     \
	((sent)&1U << PROFILE_COMPAT && ((biflow) || !IS_REVERSE(symbol)) &&                       \
	 CLASS_MEETS(templates, flow_class))

/*
 * The class is a constant where this is expanded, so only its own fields remain, at places that are
 * known. No group of compat is narrower than its rows (a test proves it).
 */
static inline __attribute__((always_inline)) bool
put_record(struct wbuf *w, const struct flow_record *r, unsigned int flow_class, bool biflow)
{
	uint32_t bytes = 0;
	uint8_t *to;

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, templates, group, sent, ...)    \
	bytes += IS_IN(symbol, templates, sent, biflow) ? WIRE_BYTES_##kind : 0;
#define WIRE(symbol, pen, id, tlv, key, kind, member, templates, group, sent, ...)                 \
	bytes += IS_IN(symbol, templates, sent, biflow) ? WIRE_BYTES_##kind : 0;
#include "record/elements.def"
	to = wbuf_take(w, bytes);
	if (!to)
		return false;
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, templates, group, sent, ...)    \
	if (IS_IN(symbol, templates, sent, biflow)) {                                              \
		ipfix_##kind(to, r, r->member);                                                    \
		to += WIRE_BYTES_##kind;                                                           \
	}
#define WIRE(symbol, pen, id, tlv, key, kind, member, templates, group, sent, ...)                 \
	if (IS_IN(symbol, templates, sent, biflow)) {                                              \
		ipfix_##kind(to, r, r->member);                                                    \
		to += WIRE_BYTES_##kind;                                                           \
	}
#include "record/elements.def"
	return true;
}

#define CLASS_REST (CLASS_UNNAMED | CLASS_PLAIN)

/* Out of line each: together they would not fit the caller's cache lines. */
#define PUT(name, flow_class)                                                                      \
	static bool name##_biflow(struct wbuf *w, const struct flow_record *r)                     \
	{                                                                                          \
		return put_record(w, r, (flow_class) | CLASS_REST, true);                          \
	}                                                                                          \
	static bool name##_uniflow(struct wbuf *w, const struct flow_record *r)                    \
	{                                                                                          \
		return put_record(w, r, (flow_class) | CLASS_REST, false);                         \
	}
PUT(put_ipv4_ports, CLASS_IPV4 | CLASS_PORTS)
PUT(put_ipv4_icmp, CLASS_IPV4 | CLASS_ICMP)
PUT(put_ipv6_ports, CLASS_IPV6 | CLASS_PORTS)
PUT(put_ipv6_icmp, CLASS_IPV6 | CLASS_ICMP)

enum ipfix_compat ipfix_compat_put(struct wbuf *w, const struct flow_record *r, bool biflow)
{
	typedef bool put_fn(struct wbuf *, const struct flow_record *);
	static put_fn *const put[COMPAT_N][2] = {
		[COMPAT_IPV4_PORTS] = {put_ipv4_ports_uniflow, put_ipv4_ports_biflow},
		[COMPAT_IPV4_ICMP] = {put_ipv4_icmp_uniflow, put_ipv4_icmp_biflow},
		[COMPAT_IPV6_PORTS] = {put_ipv6_ports_uniflow, put_ipv6_ports_biflow},
		[COMPAT_IPV6_ICMP] = {put_ipv6_icmp_uniflow, put_ipv6_icmp_biflow},
	};
	unsigned int which = (r->ip_version == 6 ? 2U : 0U) + (flow_record_is_icmp(r) ? 1U : 0U);

	return put[which][biflow](w, r) ? (enum ipfix_compat)which : COMPAT_N;
}
