/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data records of templates that were chosen when the output opened: element by element. What means
 * nothing (null in JSON) is 0 here, or empty.
 */
#include "export/ipfix_internal.h"
#include "export/ipfix_values.h"

#include "core/limits.h"
#include "core/words.h"

#include <stdlib.h>

/* Seconds from 1900, where NTP's time begins, to 1970 (RFC 7011 6.1.9). */
#define NTP_EPOCH_S 2208988800ULL
/* How the values of a basicList belong together (RFC 6313 4.4): all of them hold. */
#define SEMANTIC_ALL_OF 3
/* A length of 255 means that two bytes with the length follow (RFC 7011 7). */
#define LONG_LENGTH 255

struct steps {
	uint8_t *to;
	const struct flow_record *r;
	const struct ipfix_profile *p;
	uint32_t spare; /* bytes that variable fields may still take, beside one each */
};

/* Bytes that are ASCII, in whole words: nearly all text is. */
static size_t ascii_prefix(const uint8_t *p, size_t len)
{
	size_t n = 0;

	for (; len - n >= sizeof(uint64_t); n += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, p + n, sizeof word);
		if (word & 0x8080808080808080ULL)
			break;
	}
	while (n < len && p[n] < 0x80)
		n++;
	return n;
}

uint32_t ipfix_text_put(uint8_t *to, uint32_t room, const char *text)
{
	const uint8_t *from = (const uint8_t *)text;
	size_t len = strnlen(text, DPI_STRING_MAX);
	uint32_t put = (uint32_t)ascii_prefix(from, len < room ? len : room);

	memcpy(to, from, put);
	for (size_t i = put; i < len;) {
		unsigned int n = utf8_sequence(from + i, len - i);
		const void *character = n ? (const void *)(from + i) : "\xef\xbf\xbd";
		unsigned int bytes = n ? n : 3;

		if (room - put < bytes)
			break;
		memcpy(to + put, character, bytes);
		put += bytes;
		i += n ? n : 1;
	}
	return put;
}

/* The length before `len` bytes that stand at to + 1; where they end then. */
static uint8_t *put_length(uint8_t *to, uint32_t len)
{
	if (len < LONG_LENGTH) {
		*to = (uint8_t)len;
		return to + 1 + len;
	}
	memmove(to + 3, to + 1, len);
	*to = LONG_LENGTH;
	store_be16(to + 1, (uint16_t)len);
	return to + 3 + len;
}

/* The longest text whose length and itself take at most room + 1 bytes. */
static uint32_t text_room(uint32_t room)
{
	if (room < LONG_LENGTH)
		return room;
	return room < LONG_LENGTH + 2 ? LONG_LENGTH - 1 : room - 2;
}

uint8_t *ipfix_variable_put(uint8_t *to, uint32_t room, const char *text)
{
	return put_length(to, ipfix_text_put(to + 1, text_room(room), text));
}

static void put_text(struct steps *s, const char *text)
{
	uint8_t *end = ipfix_variable_put(s->to, s->spare, text);

	s->spare -= (uint32_t)(end - s->to) - 1;
	s->to = end;
}

/* Bytes as they are; nothing when there is no room for all. */
static void put_octets(struct steps *s, const uint8_t *bytes, uint32_t len)
{
	uint8_t *end;

	if (len > text_room(s->spare))
		len = 0;
	memcpy(s->to + 1, bytes, len);
	end = put_length(s->to, len);
	s->spare -= (uint32_t)(end - s->to) - 1;
	s->to = end;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The 16 bytes of an MD5 in hexadecimal, as its collectors expect it. */
static void put_ja3(struct steps *s, const char *text)
{
	uint8_t md5[16];
	uint32_t len = 0;

	for (; len < sizeof md5 && text[0]; len++, text += 2) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			break;
		md5[len] = (uint8_t)(high << 4 | low);
	}
	put_octets(s, md5, len == sizeof md5 && !text[0] ? len : 0);
}

/* A list that is begun: what stands before its values. */
struct list {
	uint8_t bytes[LIST_HEADER_BYTES + LIST_VALUES_MAX * sizeof(uint64_t)];
	uint32_t len, width, n; /* n: values that there are and that have room */
};

/* What stands before the values (RFC 6313 4.5.1); enterprise elements are all that there are. */
static void put_list_head(uint8_t *to, uint32_t width, uint32_t pen, uint16_t id)
{
	to[0] = SEMANTIC_ALL_OF;
	store_be16(to + 1, ENTERPRISE_BIT | id);
	store_be16(to + 3, (uint16_t)width);
	store_be32(to + 5, pen);
}

/* It always has room: a list without it is none. */
static void list_head(const struct steps *s, struct list *l, uint32_t pen, uint16_t id)
{
	const uint32_t most = text_room(s->spare + LIST_HEADER_BYTES) - LIST_HEADER_BYTES;

	if (l->n * l->width > most)
		l->n = most / l->width;
	put_list_head(l->bytes, l->width, pen, id);
	l->len = LIST_HEADER_BYTES;
}

static void list_begin(const struct steps *s, struct list *l, enum element element, uint32_t n)
{
	const struct element_info *e = element_info(element);

	l->n = n < LIST_VALUES_MAX ? n : LIST_VALUES_MAX;
	list_head(s, l, e->pen, e->ipfix_id);
}

static void list_put(struct list *l, uint64_t v)
{
	uint8_t wide[8];

	store_be64(wide, v);
	memcpy(l->bytes + l->len, wide + sizeof wide - l->width, l->width);
	l->len += l->width;
}

static void list_end(struct steps *s, const struct list *l)
{
	s->spare += LIST_HEADER_BYTES;
	put_octets(s, l->bytes, l->len);
}

/* RFC 6313 4.5.1: a byte for each risk. */
static void put_risk_list(struct steps *s, uint64_t bits)
{
	struct list l = {.width = 1, .n = 64};

	list_head(s, &l, s->p->options.pen, OWN_RISK_NUMBER);
	for (; bits && l.n; bits &= bits - 1, l.n--)
		list_put(&l, (uint64_t)__builtin_ctzll(bits));
	list_end(s, &l);
}

#define PUT_LIST(s, element, bytes_each, count, value)                                             \
	do {                                                                                       \
		struct list l_ = {.width = (bytes_each)};                                          \
		list_begin(s, &l_, element, count);                                                \
		for (uint32_t i = 0; i < l_.n; i++)                                                \
			list_put(&l_, value);                                                      \
		list_end(s, &l_);                                                                  \
	} while (0)

static void put_list_u8(struct steps *s, enum element element, struct list_u8 v)
{
	PUT_LIST(s, element, sizeof(uint8_t), v.n, v.values[i]);
}

static void put_list_u16(struct steps *s, enum element element, struct list_u16 v)
{
	PUT_LIST(s, element, sizeof(uint16_t), v.n, v.values[i]);
}

static void put_list_u32(struct steps *s, enum element element, struct list_u32 v)
{
	PUT_LIST(s, element, sizeof(uint32_t), v.n, v.values[i]);
}

static void put_list_time(struct steps *s, enum element element, struct list_time v)
{
	PUT_LIST(s, element, sizeof(uint64_t), v.n, flow_record_list_ms(s->r, v.values[i]));
}

static void put_list_direction(struct steps *s, enum element element, struct list_direction v)
{
	PUT_LIST(s, element, sizeof(int8_t), v.n, v.reverse >> i & 1 ? UINT8_MAX : 1);
}

/* Puts value i into at most room bytes; its length. */
typedef uint32_t put_value_fn(uint8_t *to, uint32_t room, const void *values, uint32_t i);

/*
 * A list of what has a length of its own each (RFC 6313 4.5.1): as many as there is room for; the
 * last text may be cut.
 */
static void put_variable_list(struct steps *s, enum element element, uint32_t n, put_value_fn *put,
			      const void *values)
{
	enum { LENGTH_BYTES = 3 };
	uint8_t list[LIST_HEADER_BYTES + 3 * PROCESSOR_BLOCK_BYTES];
	const struct element_info *e = element_info(element);
	const uint32_t room = text_room(s->spare + LIST_HEADER_BYTES);
	const uint32_t end = room < sizeof list ? room : sizeof list;
	uint32_t len = LIST_HEADER_BYTES;

	put_list_head(list, VARIABLE, e->pen, e->ipfix_id);
	for (uint32_t i = 0; i < n && len + LENGTH_BYTES <= end; i++) {
		uint32_t bytes = put(list + len + 1, end - len - LENGTH_BYTES, values, i);

		len = (uint32_t)(put_length(list + len, bytes) - list);
	}
	s->spare += LIST_HEADER_BYTES;
	put_octets(s, list, len);
}

static uint32_t put_text_value(uint8_t *to, uint32_t room, const void *values, uint32_t i)
{
	return ipfix_text_put(to, room, ((const char *const *)values)[i]);
}

static uint32_t put_octets_value(uint8_t *to, uint32_t room, const void *values, uint32_t i)
{
	const struct octets *v = &((const struct octets *)values)[i];
	const uint32_t len = v->len <= room ? v->len : 0;

	memcpy(to, v->bytes, len);
	return len;
}

static void put_list_text(struct steps *s, enum element element, struct list_text v)
{
	put_variable_list(s, element, v.n, put_text_value, v.values);
}

static void put_list_octets(struct steps *s, enum element element, struct list_octets v)
{
	put_variable_list(s, element, v.n, put_octets_value, v.values);
}

static void put_each_text(struct steps *s, enum element element, const struct each_text *v)
{
	if (s->p->options.transactions)
		put_text(s, v->values[0]);
	else
		put_variable_list(s, element, v->n, put_text_value, v->values);
}

static void put_community(struct steps *s)
{
	char text[COMMUNITY_ID_LEN + 1] = "";

	if (!community_id_write(s->p->community_id, s->r, text))
		text[0] = '\0';
	put_text(s, text);
}

/* The fraction is rounded up, so that readers who round down find the nanosecond again. */
static void put_ntp(uint8_t *to, uint64_t unix_ns)
{
	uint64_t s = unix_ns / 1000000000, ns = unix_ns % 1000000000;

	store_be32(to, (uint32_t)(s + NTP_EPOCH_S));
	store_be32(to + 4, (uint32_t)(((ns << 32) + 999999999) / 1000000000));
}

static void put_time(struct steps *s, uint64_t unix_ns)
{
	if (s->p->nanoseconds)
		put_ntp(s->to, unix_ns);
	else
		ipfix_time(s->to, s->r, unix_ns);
	s->to += 8;
}

static void put_application(struct steps *s)
{
	if (!s->p->long_application) {
		ipfix_application(s->to, s->r, 0);
		s->to += WIRE_BYTES_application;
		return;
	}
	store_be32(s->to + 4, ipfix_application_number(s->r));
	s->to[0] = ENGINE_PANA_L7_PEN;
	store_be32(s->to + 1, PEN_NTOP);
	s->to += APPLICATION_PEN_BYTES;
}

static void put_empty_list(struct steps *s, enum element element)
{
	const struct element_info *e = element_info(element);
	const char *of = element_list_type(element, false);
	struct list l = {.width = VARIABLE};

	if (strncmp(of, "unsigned", 8) == 0)
		l.width = (uint32_t)strtoul(of + 8, NULL, 10) / 8;
	list_head(s, &l, e->pen, e->ipfix_id);
	list_end(s, &l);
}

/* What means nothing. */
static void put_null(struct steps *s, enum element element)
{
	uint32_t width = element_wire_bytes(element, s->p->options.transactions);

	if (element_list_type(element, s->p->options.transactions)) {
		put_empty_list(s, element);
		return;
	}
	if (width == VARIABLE)
		width = 1;
	memset(s->to, 0, width);
	if (element == ELEMENT_L7_GUESSED)
		*s->to = 2; /* a boolean is 1 or 2 */
	s->to += width;
}

#define STEP(kind, v)                                                                              \
	do {                                                                                       \
		ipfix_##kind(s->to, s->r, v);                                                      \
		s->to += WIRE_BYTES_##kind;                                                        \
	} while (0)
/* The value of the one transaction, or a list. */
#define PUT_EACH(s, kind, v)                                                                       \
	do {                                                                                       \
		if ((s)->p->options.transactions)                                                  \
			STEP(kind, (v).values[0]);                                                 \
		else                                                                               \
			put_list_##kind(s, element, (struct list_##kind){(v).values, (v).n});      \
	} while (0)

#define step_hex(v)	       STEP(hex, v)
#define step_time(v)	       put_time(s, v)
#define step_u8(v)	       STEP(u8, v)
#define step_u16(v)	       STEP(u16, v)
#define step_u32(v)	       STEP(u32, v)
#define step_u64(v)	       STEP(u64, v)
#define step_rcode(v)	       STEP(rcode, v)
#define step_mss(v)	       STEP(mss, v)
#define step_tcp_flags(v)      STEP(tcp_flags, v)
#define step_ipv4(v)	       STEP(ipv4, v)
#define step_ipv6(v)	       STEP(ipv6, v)
#define step_outer_ip(v)       STEP(outer_ip, v)
#define step_mac(v)	       STEP(mac, v)
#define step_icmp(v)	       STEP(icmp, v)
#define step_end_reason(v)     STEP(end_reason, v)
#define step_dscp(v)	       STEP(dscp, v)
#define step_direction(v)      STEP(direction, v)
#define step_mpls(v)	       STEP(mpls, v)
#define step_segment(v)	       STEP(segment, v)
#define step_gre_key(v)	       STEP(gre_key, v)
#define step_selector(v)       STEP(selector, v)
#define step_interface(v)      STEP(interface, v)
#define step_guessed(v)	       STEP(guessed, v)
#define step_risk(v)	       STEP(risk, v)
#define step_application(v)    put_application(s)
#define step_community(v)      put_community(s)
#define step_tunnel(v)	       put_text(s, tunnel_type_name((enum tunnel_type)(v)))
#define step_risk_list(v)      put_risk_list(s, v)
#define step_ja3(v)	       put_ja3(s, v)
#define step_string(v)	       put_text(s, v)
#define step_f32(v)	       STEP(f32, v)
#define step_list_u8(v)	       put_list_u8(s, element, v)
#define step_list_u16(v)       put_list_u16(s, element, v)
#define step_list_u32(v)       put_list_u32(s, element, v)
#define step_list_time(v)      put_list_time(s, element, v)
#define step_list_direction(v) put_list_direction(s, element, v)
#define step_octets(v)	       put_octets(s, (v).bytes, (v).len)
#define step_list_text(v)      put_list_text(s, element, v)
#define step_list_octets(v)    put_list_octets(s, element, v)
#define step_each_text(v)      put_each_text(s, element, &(v))
#define step_each_u8(v)	       PUT_EACH(s, u8, v)
#define step_each_u16(v)       PUT_EACH(s, u16, v)
#define step_each_u32(v)       PUT_EACH(s, u32, v)
/* In no template. */
#define step_schema(v) ((void)(v))
#define step_ip(v)     ((void)(v))
#define step_l7_ids(v) ((void)(v))

static void put_element(struct steps *s, enum element element)
{
	switch (element) {
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	case ELEMENT_##symbol:                                                                     \
		if (flow_record_has_##source(s->r) && WHEN_##rule(s->r, s->r->member))             \
			step_##kind(s->r->member);                                                 \
		else                                                                               \
			put_null(s, element);                                                      \
		break;
#define WIRE(symbol, pen, id, tlv, key, kind, member, ...)                                         \
	case ELEMENT_##symbol:                                                                     \
		step_##kind(s->r->member);                                                         \
		break;
#include "record/elements.def"
	case ELEMENT_N:
		break;
	}
}

uint8_t *ipfix_steps_put(const struct ipfix_profile *p, const struct ipfix_template *t, uint8_t *to,
			 const struct flow_record *r)
{
	struct steps s = {.to = to, .r = r, .p = p, .spare = t->bytes_max - t->bytes_min};

	for (uint32_t i = 0; i < t->n; i++)
		put_element(&s, t->fields[i].element);
	return s.to;
}
