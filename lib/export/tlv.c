/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records in the TLV of nDPI's serializer, which ntop's collectors read: every row of elements.def
 * that has a key there. Numbers are unsigned, since nDPI shrinks signed ones wrongly.
 */
#include "export/tlv.h"

#include "export/encoder.h"
#include "export/format.h"

#include <errno.h>
#include <stdlib.h>

/* nDPI writes these two before the first item, and again after a reset. */
#define START_BYTES 2
#define TLV_VERSION 1
/* Type, key and number of an item at their longest; or a text of an address. */
#define ITEM_BYTES_MAX 64
/*
 * What is taken once: any record fits, with room for what nDPI wants free beyond an item, so that
 * its buffer never grows.
 */
#define BUFFER_BYTES 32768

#define IS_STRING(member)                                                                          \
	__builtin_types_compatible_p(__typeof__(((struct flow_record *)0)->member), const char *)
/* clang-format off */
enum {
	STRINGS = 0
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, ...) +((tlv) && IS_STRING(member))
#include "record/elements.def"
};
/* clang-format on */
_Static_assert(STRINGS *TLV_TEXT_BYTES_MAX + ELEMENT_N * ITEM_BYTES_MAX <= BUFFER_BYTES / 2,
	       "a record may not fit");

int tlv_encoder_create(struct tlv_encoder **out)
{
	struct tlv_encoder *e = calloc(1, sizeof *e);

	if (!e)
		return -ENOMEM;
	if (ndpi_init_serializer_ll(&e->serializer, ndpi_serialization_format_tlv, BUFFER_BYTES)) {
		free(e);
		return -ENOMEM;
	}
	*out = e;
	return 0;
}

void tlv_encoder_destroy(struct tlv_encoder *e)
{
	if (!e)
		return;
	ndpi_term_serializer(&e->serializer);
	free(e);
}

void tlv_begin(struct tlv_encoder *e)
{
	ndpi_reset_serializer(&e->serializer);
	e->failed = false;
}

void tlv_put_number(struct tlv_encoder *e, uint32_t key, uint64_t v)
{
	if (ndpi_serialize_uint32_uint64(&e->serializer, key, v))
		e->failed = true;
}

static void put_text(struct tlv_encoder *e, uint32_t key, struct wbuf *w)
{
	put_u8(w, '\0');
	if (w->failed || ndpi_serialize_uint32_string(&e->serializer, key, e->text))
		e->failed = true;
}

static struct wbuf text_buffer(struct tlv_encoder *e)
{
	return wbuf_make(e->text, sizeof e->text);
}

void tlv_put_string(struct tlv_encoder *e, uint32_t key, const char *s)
{
	struct wbuf w = text_buffer(e);

	put_utf8(&w, s, DPI_STRING_MAX);
	put_text(e, key, &w);
}

static void put_address(struct tlv_encoder *e, uint32_t key, const uint8_t *addr, uint8_t version)
{
	struct wbuf w = text_buffer(e);

	put_ip(&w, addr, version);
	put_text(e, key, &w);
}

static void tlv_ipv4(struct tlv_encoder *e, uint32_t key, const uint8_t *addr)
{
	put_address(e, key, addr, 4);
}

static void tlv_ipv6(struct tlv_encoder *e, uint32_t key, const uint8_t *addr)
{
	put_address(e, key, addr, 6);
}

static void tlv_mac(struct tlv_encoder *e, uint32_t key, const uint8_t *mac)
{
	struct wbuf w = text_buffer(e);

	put_mac(&w, mac);
	put_text(e, key, &w);
}

static void tlv_time(struct tlv_encoder *e, uint32_t key, uint64_t unix_ns)
{
	tlv_put_number(e, key, unix_ns / 1000000000);
}

static void tlv_tcp_flags(struct tlv_encoder *e, uint32_t key, uint16_t flags)
{
	tlv_put_number(e, key, flags & 0xff);
}

static void tlv_interface(struct tlv_encoder *e, uint32_t key, uint32_t port)
{
	tlv_put_number(e, key, (uint64_t)port + 1);
}

static void tlv_icmp(struct tlv_encoder *e, uint32_t key, uint8_t type)
{
	tlv_put_number(e, key, (uint64_t)type << 8 | e->r->icmp_code);
}

static void tlv_end_reason(struct tlv_encoder *e, uint32_t key, uint8_t reason)
{
	tlv_put_string(e, key, end_reason_name((enum end_reason)reason));
}

/* "master.application" as collectors take it apart: both always there. */
static void tlv_l7_ids(struct tlv_encoder *e, uint32_t key, uint16_t app)
{
	struct wbuf w = text_buffer(e);

	if (!flow_record_has_l7(e->r))
		return;
	put_decimal(&w, e->r->l7_master_id);
	put_u8(&w, '.');
	put_decimal(&w, app);
	put_text(e, key, &w);
}

#define tlv_u8	   tlv_put_number
#define tlv_u16	   tlv_put_number
#define tlv_u32	   tlv_put_number
#define tlv_u64	   tlv_put_number
#define tlv_risk   tlv_put_number
#define tlv_string tlv_put_string
#define tlv_rcode  tlv_put_number
/* Kinds that no row with a key in TLV has. */
#define tlv_schema(e, key, v)	   ((void)(v))
#define tlv_hex(e, key, v)	   ((void)(v))
#define tlv_community(e, key, v)   ((void)(v))
#define tlv_ip(e, key, v)	   ((void)(v))
#define tlv_tunnel(e, key, v)	   ((void)(v))
#define tlv_guessed(e, key, v)	   ((void)(v))
#define tlv_application(e, key, v) ((void)(v))
#define tlv_mss(e, key, v)	   ((void)(v))
#define tlv_mpls(e, key, v)	   ((void)(v))
#define tlv_ja3(e, key, v)	   ((void)(v))
#define tlv_outer_ip(e, key, v)	   ((void)(v))
#define tlv_dscp(e, key, v)	   ((void)(v))
#define tlv_direction(e, key, v)   ((void)(v))
#define tlv_segment(e, key, v)	   ((void)(v))
#define tlv_gre_key(e, key, v)	   ((void)(v))
#define tlv_selector(e, key, v)	   ((void)(v))
#define tlv_risk_list(e, key, v)   ((void)(v))
#define tlv_f32(e, key, v)	      ((void)(v))
#define tlv_list_u8(e, key, v)	      ((void)(v))
#define tlv_list_u16(e, key, v)	      ((void)(v))
#define tlv_list_u32(e, key, v)	      ((void)(v))
#define tlv_list_time(e, key, v)      ((void)(v))
#define tlv_list_direction(e, key, v) ((void)(v))

static void put_items(struct tlv_encoder *e, const struct flow_record *r)
{
	const unsigned int in = flow_record_short_class(r) | CLASS_UNNAMED | CLASS_PLAIN;

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, ...)                                  \
	if ((tlv) != 0 && WHEN_##rule(r, r->member))                                               \
		tlv_##kind(e, tlv, r->member);
#define WIRE(symbol, pen, id, tlv, key, kind, member, templates, ...)                              \
	if ((tlv) != 0 && ((templates) == 0 || CLASS_MEETS(templates, in)))                        \
		tlv_##kind(e, tlv, r->member);
#include "record/elements.def"
}

void tlv_put_start(struct wbuf *w)
{
	put_u8(w, TLV_VERSION);
	put_u8(w, ndpi_serialization_format_tlv);
}

void tlv_end(struct tlv_encoder *e, struct wbuf *w)
{
	const char *bytes;
	u_int32_t len;

	if (ndpi_serialize_end_of_record(&e->serializer))
		e->failed = true;
	bytes = ndpi_serializer_get_buffer(&e->serializer, &len);
	if (e->failed || !bytes || len <= START_BYTES)
		w->failed = true;
	else
		put_bytes(w, bytes + START_BYTES, len - START_BYTES);
}

void tlv_encode(struct encoder *encoder, struct wbuf *w, const struct flow_record *r)
{
	struct tlv_encoder *e = encoder->tlv;

	e->r = r;
	tlv_begin(e);
	put_items(e, r);
	tlv_end(e, w);
}
