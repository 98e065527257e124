/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of elements.def as JSON or CSV values: the two differ in quotes, strings and lists.
 * Internal to the encoders.
 */
#pragma once
#include "export/encoder.h"
#include "export/format.h"

#include <stdio.h>

struct value_writer {
	struct wbuf *w;
	const struct flow_record *r;
	struct encoder *encoder;
	bool json;
};

static inline void value_quote(struct value_writer *v)
{
	if (v->json)
		put_u8(v->w, '"');
}

static inline void value_word(struct value_writer *v, const char *word)
{
	value_quote(v);
	put_bytes(v->w, word, strlen(word));
	value_quote(v);
}

static inline void value_schema(struct value_writer *v, uint64_t unused)
{
	(void)unused;
	value_quote(v);
	put_literal(v->w, FLOW_SCHEMA);
	value_quote(v);
}

static inline void value_hex(struct value_writer *v, uint64_t n)
{
	value_quote(v);
	put_hex64(v->w, n);
	value_quote(v);
}

static inline void value_community(struct value_writer *v, const uint8_t *unused)
{
	uint8_t *to;

	(void)unused;
	value_quote(v);
	to = wbuf_take(v->w, COMMUNITY_ID_LEN);
	if (to && !community_id_write(v->encoder->community_id, v->r, (char *)to))
		v->w->failed = true;
	value_quote(v);
}

static inline void value_time(struct value_writer *v, uint64_t unix_ns)
{
	value_quote(v);
	put_rfc3339(v->w, unix_ns);
	value_quote(v);
}

static inline void value_u64(struct value_writer *v, uint64_t n)
{
	put_decimal(v->w, n);
}

static inline void value_u32(struct value_writer *v, uint32_t n)
{
	put_decimal(v->w, n);
}

static inline void value_u16(struct value_writer *v, uint16_t n)
{
	put_decimal(v->w, n);
}

static inline void value_u8(struct value_writer *v, uint8_t n)
{
	put_decimal(v->w, n);
}

#define value_rcode value_u16
#define value_mss   value_u16

/* The label itself, without the rest of its stack entry (RFC 3032 2.1). */
static inline void value_mpls(struct value_writer *v, uint32_t entry)
{
	put_decimal(v->w, entry >> 4);
}

static inline void value_tcp_flags(struct value_writer *v, uint16_t flags)
{
	put_decimal(v->w, flags & 0xff);
}

static inline void value_interface(struct value_writer *v, uint32_t port)
{
	put_decimal(v->w, (uint64_t)port + 1);
}

static inline void value_ip(struct value_writer *v, const uint8_t *addr)
{
	value_quote(v);
	put_ip(v->w, addr, v->r->ip_version);
	value_quote(v);
}

static inline void value_outer_ip(struct value_writer *v, const uint8_t *addr)
{
	value_quote(v);
	put_ip(v->w, addr, v->r->outer_ip_version);
	value_quote(v);
}

static inline void value_mac(struct value_writer *v, const uint8_t *mac)
{
	value_quote(v);
	put_mac(v->w, mac);
	value_quote(v);
}

static inline void value_end_reason(struct value_writer *v, uint8_t reason)
{
	value_word(v, end_reason_name((enum end_reason)reason));
}

static inline void value_tunnel(struct value_writer *v, uint8_t type)
{
	value_word(v, tunnel_type_name((enum tunnel_type)type));
}

static inline void value_guessed(struct value_writer *v, uint8_t l7_flags)
{
	if (l7_flags & L7_GUESSED)
		put_literal(v->w, "true");
	else
		put_literal(v->w, "false");
}

/* A list of bit numbers: [5,12] in JSON, 5 12 in CSV. */
static inline void value_risk(struct value_writer *v, uint64_t bits)
{
	bool first = true;

	if (v->json)
		put_u8(v->w, '[');
	for (; bits; bits &= bits - 1) {
		if (!first)
			put_u8(v->w, v->json ? ',' : ' ');
		put_decimal(v->w, (uint64_t)__builtin_ctzll(bits));
		first = false;
	}
	if (v->json)
		put_u8(v->w, ']');
}

/* Nine digits tell one float from the next (IEEE 754-2008 5.12.2). */
static inline void value_f32(struct value_writer *v, float n)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%.9g", (double)n);

	put_bytes(v->w, text, (size_t)len);
}

/* A list of numbers: [5,12] in JSON, 5 12 in CSV. */
#define VALUE_LIST(v, count, put)                                                                  \
	do {                                                                                       \
		if ((v)->json)                                                                     \
			put_u8((v)->w, '[');                                                       \
		for (unsigned int i = 0; i < (count); i++) {                                       \
			if (i)                                                                     \
				put_u8((v)->w, (v)->json ? ',' : ' ');                             \
			put;                                                                       \
		}                                                                                  \
		if ((v)->json)                                                                     \
			put_u8((v)->w, ']');                                                       \
	} while (0)

static inline void value_list_u8(struct value_writer *v, struct list_u8 list)
{
	VALUE_LIST(v, list.n, put_decimal(v->w, list.values[i]));
}

static inline void value_list_u16(struct value_writer *v, struct list_u16 list)
{
	VALUE_LIST(v, list.n, put_decimal(v->w, list.values[i]));
}

static inline void value_list_u32(struct value_writer *v, struct list_u32 list)
{
	VALUE_LIST(v, list.n, put_decimal(v->w, list.values[i]));
}

static inline void value_list_time(struct value_writer *v, struct list_time list)
{
	VALUE_LIST(v, list.n, put_decimal(v->w, flow_record_list_ms(v->r, list.values[i])));
}

static inline void value_list_direction(struct value_writer *v, struct list_direction list)
{
	VALUE_LIST(v, list.n, if (list.reverse >> i & 1) put_literal(v->w, "-1");
		   else put_u8(v->w, '1'));
}

void csv_put_string(struct wbuf *w, const char *s);
void csv_put_strings(struct wbuf *w, const char *const *texts, uint32_t n);

static inline void value_string(struct value_writer *v, const char *s)
{
	if (v->json)
		json_put_string(v->w, s);
	else
		csv_put_string(v->w, s);
}

/* Two hexadecimal digits a byte. */
static inline void value_octets(struct value_writer *v, struct octets octets)
{
	value_quote(v);
	for (unsigned int i = 0; i < octets.len; i++)
		put_hex8(v->w, octets.bytes[i]);
	value_quote(v);
}

static inline void value_list_text(struct value_writer *v, struct list_text list)
{
	if (v->json)
		VALUE_LIST(v, list.n, value_string(v, list.values[i]));
	else
		csv_put_strings(v->w, list.values, list.n);
}

static inline void value_list_octets(struct value_writer *v, struct list_octets list)
{
	VALUE_LIST(v, list.n, value_octets(v, list.values[i]));
}

/* The value of a transaction, or a list of those of several. */
#define VALUE_EACH(v, each, put)                                                                   \
	do {                                                                                       \
		if ((v)->encoder->transactions) {                                                  \
			const unsigned int i = 0;                                                  \
			put;                                                                       \
		} else {                                                                           \
			VALUE_LIST(v, (each).n, put);                                              \
		}                                                                                  \
	} while (0)
#define value_each_text(v, each)                                                                   \
	do {                                                                                       \
		if ((v)->encoder->transactions)                                                    \
			value_string(v, (each).values[0]);                                         \
		else                                                                               \
			value_list_text(v, (struct list_text){(each).values, (each).n});           \
	} while (0)
#define value_each_u8(v, each) VALUE_EACH(v, each, put_decimal((v)->w, (each).values[i]))
#define value_each_u16	       value_each_u8
#define value_each_u32	       value_each_u8

#define value_ja3	       value_string
