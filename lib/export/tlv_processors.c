/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What processors say of a flow, in TLV and in JSON with its keys. ntop has no numbers for it, so
 * its keys are texts (tlv.h). Collectors refuse nDPI's own lists in flows; here a list is a text,
 * a line of CSV (RFC 4180).
 */
#include "export/tlv.h"

#include "export/format.h"
#include "record/elements.h"

#include <math.h>

/* A list as a line of CSV: `put` writes value i into w. */
#define PUT_LIST(e, key, count, put)                                                               \
	do {                                                                                       \
		struct wbuf w = tlv_text_buffer(e);                                                \
		for (unsigned int i = 0; i < (count); i++) {                                       \
			if (i)                                                                     \
				put_u8(&w, ',');                                                   \
			put;                                                                       \
		}                                                                                  \
		if ((count) != 0)                                                                  \
			tlv_put_text(e, key, &w);                                                  \
	} while (0)

static void tlv_list_u8(struct tlv_encoder *e, uint32_t key, struct list_u8 list)
{
	PUT_LIST(e, key, list.n, put_decimal(&w, list.values[i]));
}

static void tlv_list_u16(struct tlv_encoder *e, uint32_t key, struct list_u16 list)
{
	PUT_LIST(e, key, list.n, put_decimal(&w, list.values[i]));
}

static void tlv_list_u32(struct tlv_encoder *e, uint32_t key, struct list_u32 list)
{
	PUT_LIST(e, key, list.n, put_decimal(&w, list.values[i]));
}

static void tlv_list_time(struct tlv_encoder *e, uint32_t key, struct list_time list)
{
	PUT_LIST(e, key, list.n, put_decimal(&w, flow_record_list_ms(e->r, list.values[i])));
}

static void tlv_list_direction(struct tlv_encoder *e, uint32_t key, struct list_direction list)
{
	PUT_LIST(e, key, list.n, if (list.reverse >> i & 1) put_u8(&w, '-'); put_u8(&w, '1'));
}

static void put_hex(struct wbuf *w, struct octets octets)
{
	for (unsigned int i = 0; i < octets.len; i++)
		put_hex8(w, octets.bytes[i]);
}

static void tlv_octets(struct tlv_encoder *e, uint32_t key, struct octets octets)
{
	struct wbuf w = tlv_text_buffer(e);

	put_hex(&w, octets);
	tlv_put_text(e, key, &w);
}

static void tlv_list_octets(struct tlv_encoder *e, uint32_t key, struct list_octets list)
{
	PUT_LIST(e, key, list.n, put_hex(&w, list.values[i]));
}

/* A quote is doubled (RFC 4180 2.7); it never stands inside a character of UTF-8. */
static void put_quoted(struct wbuf *w, const char *s)
{
	const size_t len = strnlen(s, DPI_STRING_MAX);
	size_t n;

	put_u8(w, '"');
	for (size_t i = 0; i < len; i += n) {
		n = strcspn(s + i, "\"") + 1;
		put_utf8(w, s + i, n < len - i ? n : len - i);
		if (i + n <= len && s[i + n - 1] == '"')
			put_u8(w, '"');
	}
	put_u8(w, '"');
}

static void put_field(struct wbuf *w, const char *s)
{
	if (s[strcspn(s, "\",\r\n")])
		put_quoted(w, s);
	else
		put_utf8(w, s, DPI_STRING_MAX);
}

static void tlv_list_text(struct tlv_encoder *e, uint32_t key, struct list_text list)
{
	bool any = false;

	for (unsigned int i = 0; i < list.n; i++)
		any |= list.values[i][0] != '\0';
	if (any)
		PUT_LIST(e, key, list.n, put_field(&w, list.values[i]));
}

static void tlv_string(struct tlv_encoder *e, uint32_t key, const char *s)
{
	if (s[0])
		tlv_put_string(e, key, s);
}

/* The value of a transaction, or a list of those of several. */
static void tlv_each_text(struct tlv_encoder *e, uint32_t key, struct each_text each)
{
	if (e->transactions)
		tlv_string(e, key, each.values[0]);
	else
		tlv_list_text(e, key, (struct list_text){each.values, each.n});
}

#define TLV_EACH(e, key, each)                                                                     \
	do {                                                                                       \
		if ((e)->transactions)                                                             \
			tlv_put_number(e, key, (each).values[0]);                                  \
		else                                                                               \
			PUT_LIST(e, key, (each).n, put_decimal(&w, (each).values[i]));             \
	} while (0)

static void tlv_each_u8(struct tlv_encoder *e, uint32_t key, struct each_u8 each)
{
	TLV_EACH(e, key, each);
}

static void tlv_each_u16(struct tlv_encoder *e, uint32_t key, struct each_u16 each)
{
	TLV_EACH(e, key, each);
}

static void tlv_each_u32(struct tlv_encoder *e, uint32_t key, struct each_u32 each)
{
	TLV_EACH(e, key, each);
}

static void tlv_f32(struct tlv_encoder *e, uint32_t key, float v)
{
	if (isfinite(v))
		tlv_put_float(e, key, v);
}

/* The label itself, without the rest of its stack entry (RFC 3032 2.1). */
static void tlv_mpls(struct tlv_encoder *e, uint32_t key, uint32_t entry)
{
	tlv_put_number(e, key, entry >> 4);
}

#define tlv_u8	tlv_put_number
#define tlv_u16 tlv_put_number
#define tlv_u32 tlv_put_number
#define tlv_u64 tlv_put_number
#define tlv_mss tlv_put_number
/* Kinds that no processor gives, but of elements of our own, which tlv.c tells. */
#define tlv_schema(e, key, v)	  ((void)(v))
#define tlv_hex(e, key, v)	  ((void)(v))
#define tlv_community(e, key, v)  ((void)(v))
#define tlv_time(e, key, v)	  ((void)(v))
#define tlv_rcode(e, key, v)	  ((void)(v))
#define tlv_tcp_flags(e, key, v)  ((void)(v))
#define tlv_ip(e, key, v)	  ((void)(v))
#define tlv_outer_ip(e, key, v)	  ((void)(v))
#define tlv_mac(e, key, v)	  ((void)(v))
#define tlv_end_reason(e, key, v) ((void)(v))
#define tlv_tunnel(e, key, v)	  ((void)(v))
#define tlv_interface(e, key, v)  ((void)(v))
#define tlv_guessed(e, key, v)	  ((void)(v))
#define tlv_risk(e, key, v)	  ((void)(v))
#define tlv_ja3(e, key, v)	  ((void)(v))

void tlv_put_processors(struct tlv_encoder *e, const struct flow_record *r,
			uint64_t missing_sources)
{
#define FIELD(symbol, pen, id, tlv, name, kind, rule, member, text, in, group, sent, source, ...)  \
	if (TLV_IS_OF_PROCESSOR(SOURCE_##source, pen, tlv) &&                                      \
	    !SOURCE_IS_MISSING(SOURCE_##source, missing_sources) && flow_record_has_##source(r) && \
	    WHEN_##rule(r, r->member))                                                             \
		tlv_##kind(e, TLV_PROCESSOR_KEY(ELEMENT_##symbol, SOURCE_##source, pen, id),       \
			   r->member);
#include "record/elements.def"
}
