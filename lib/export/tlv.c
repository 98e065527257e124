/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records in the TLV of nDPI's serializer, which ntop's collectors read: every row of elements.def
 * that has a key there. Numbers are unsigned, since nDPI shrinks signed ones wrongly.
 */
#include "export/tlv.h"

#include "export/encoder.h"
#include "export/format.h"
#include "export/ntop_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	, ITEMS = 0
#define FIELD(symbol, pen, id, tlv, ...) +((tlv) || (pen) == PEN_OWN)
#define WIRE(symbol, pen, id, tlv, ...) +((tlv) != 0)
#include "record/elements.def"
};
/* clang-format on */
_Static_assert(STRINGS *TLV_TEXT_BYTES_MAX + ITEMS * ITEM_BYTES_MAX <= BUFFER_BYTES / 2,
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

/* "KEY": in JSON: a number, ntop's name of it, or PEN.NUMBER. */
static void json_key(struct tlv_encoder *e, uint32_t key)
{
	const struct ntop_key *name =
		e->format == ZMQ_JSON_NAMES && key < TLV_OWN_KEY ? ntop_key_by_id(key) : NULL;

	put_literal(e->json, ",\"");
	if (key >= TLV_OWN_KEY) {
		put_decimal(e->json, e->own_pen);
		put_u8(e->json, '.');
	}
	if (name)
		put_bytes(e->json, name->name, strlen(name->name));
	else
		put_decimal(e->json, key & (TLV_OWN_KEY - 1));
	put_literal(e->json, "\":");
}

static const char *own_key(const struct tlv_encoder *e, uint32_t key, char text[32])
{
	snprintf(text, 32, "%u.%u", e->own_pen, key - TLV_OWN_KEY);
	return text;
}

void tlv_put_number(struct tlv_encoder *e, uint32_t key, uint64_t v)
{
	char own[32];

	if (e->json) {
		json_key(e, key);
		put_decimal(e->json, v);
	} else if (key >= TLV_OWN_KEY) {
		if (ndpi_serialize_string_uint64(&e->serializer, own_key(e, key, own), v))
			e->failed = true;
	} else if (ndpi_serialize_uint32_uint64(&e->serializer, key, v)) {
		e->failed = true;
	}
}

static void put_text(struct tlv_encoder *e, uint32_t key, struct wbuf *w)
{
	char own[32];

	put_u8(w, '\0');
	if (w->failed) {
		e->failed = true;
	} else if (e->json) {
		json_key(e, key);
		json_put_string(e->json, e->text);
	} else if (key >= TLV_OWN_KEY) {
		if (ndpi_serialize_string_string(&e->serializer, own_key(e, key, own), e->text))
			e->failed = true;
	} else if (ndpi_serialize_uint32_string(&e->serializer, key, e->text)) {
		e->failed = true;
	}
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

static void tlv_string(struct tlv_encoder *e, uint32_t key, const char *s)
{
	if (s[0])
		tlv_put_string(e, key, s);
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

/* nDPI's number as the collector's nDPI has it; 0 = unknown there. */
static uint16_t collector_l7(const struct tlv_encoder *e, uint16_t id)
{
	if (!e->l7_ids)
		return id;
	return id < e->l7_ids_n ? e->l7_ids[id] : 0;
}

static void count_unmapped(struct tlv_encoder *e)
{
	const struct flow_record *r = e->r;
	const uint16_t id = r->l7_app_id ? r->l7_app_id : r->l7_master_id;

	if (e->l7_ids && flow_record_has_l7(r) && id && !collector_l7(e, id))
		e->l7_unmapped++;
}

/* "master.application" as collectors take it apart: both always there. */
static void tlv_l7_ids(struct tlv_encoder *e, uint32_t key, uint16_t app)
{
	struct wbuf w = text_buffer(e);

	if (!flow_record_has_l7(e->r))
		return;
	put_decimal(&w, collector_l7(e, e->r->l7_master_id));
	put_u8(&w, '.');
	put_decimal(&w, collector_l7(e, app));
	put_text(e, key, &w);
}

#define tlv_u8	  tlv_put_number
#define tlv_u16	  tlv_put_number
#define tlv_u32	  tlv_put_number
#define tlv_u64	  tlv_put_number
#define tlv_risk  tlv_put_number
#define tlv_rcode tlv_put_number
#define tlv_ja3	  tlv_put_string
/* Kinds that only our own elements have. */
static void tlv_community(struct tlv_encoder *e, uint32_t key, const uint8_t *unused)
{
	struct wbuf w = text_buffer(e);
	char *to = (char *)wbuf_take(&w, COMMUNITY_ID_LEN);

	(void)unused;
	if (!e->community_id)
		return;
	if (to && !community_id_write(e->community_id, e->r, to))
		w.failed = true;
	put_text(e, key, &w);
}

static void tlv_tunnel(struct tlv_encoder *e, uint32_t key, uint8_t type)
{
	tlv_put_string(e, key, tunnel_type_name((enum tunnel_type)type));
}

static void tlv_guessed(struct tlv_encoder *e, uint32_t key, uint8_t flags)
{
	tlv_put_number(e, key, (flags & L7_GUESSED) != 0);
}

static void tlv_outer_ip(struct tlv_encoder *e, uint32_t key, const uint8_t *addr)
{
	put_address(e, key, addr, e->r->outer_ip_version);
}

/* Kinds that neither these nor rows with a key in TLV have. */
#define tlv_schema(e, key, v)	      ((void)(v))
#define tlv_hex(e, key, v)	      ((void)(v))
#define tlv_ip(e, key, v)	      ((void)(v))
#define tlv_application(e, key, v)    ((void)(v))
#define tlv_mss(e, key, v)	      ((void)(v))
#define tlv_mpls(e, key, v)	      ((void)(v))
#define tlv_dscp(e, key, v)	      ((void)(v))
#define tlv_direction(e, key, v)      ((void)(v))
#define tlv_segment(e, key, v)	      ((void)(v))
#define tlv_gre_key(e, key, v)	      ((void)(v))
#define tlv_selector(e, key, v)	      ((void)(v))
#define tlv_risk_list(e, key, v)      ((void)(v))
#define tlv_f32(e, key, v)	      ((void)(v))
#define tlv_list_u8(e, key, v)	      ((void)(v))
#define tlv_list_u16(e, key, v)	      ((void)(v))
#define tlv_list_u32(e, key, v)	      ((void)(v))
#define tlv_list_time(e, key, v)      ((void)(v))
#define tlv_list_direction(e, key, v) ((void)(v))
#define tlv_list_text(e, key, v)      ((void)(v))
#define tlv_list_octets(e, key, v)    ((void)(v))
#define tlv_octets(e, key, v)	      ((void)(v))
#define tlv_each_text(e, key, v)      ((void)(v))
#define tlv_each_u8(e, key, v)	      ((void)(v))
#define tlv_each_u16(e, key, v)	      ((void)(v))
#define tlv_each_u32(e, key, v)	      ((void)(v))

/* The keys of counters since the beginning of the flow. */
static uint32_t counter_key(const struct tlv_encoder *e, uint32_t key)
{
	static const uint16_t absolute[25] = {[1] = 231, [2] = 298, [23] = 232, [24] = 299};

	return e->absolute && key < 25 && absolute[key] ? absolute[key] : key;
}

static void put_items(struct tlv_encoder *e, const struct flow_record *r)
{
	const unsigned int in = (flow_record_class(r) & ~(unsigned int)CLASS_TUNNEL) | CLASS_PLAIN;

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, ...)                                  \
	if ((tlv) != 0 && WHEN_##rule(r, r->member))                                               \
		tlv_##kind(e, counter_key(e, tlv), r->member);
#define WIRE(symbol, pen, id, tlv, key, kind, member, templates, ...)                              \
	if ((tlv) != 0 && ((templates) == 0 || CLASS_MEETS(templates, in)))                        \
		tlv_##kind(e, tlv, r->member);
#include "record/elements.def"
	count_unmapped(e);
}

/* What only we say of a flow, under the operator's enterprise number. */
static void put_own_items(struct tlv_encoder *e, const struct flow_record *r)
{
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, ...)                                  \
	if ((pen) == PEN_OWN && (tlv) == 0 && WHEN_##rule(r, r->member))                           \
		tlv_##kind(e, TLV_OWN_KEY + (id), r->member);
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

/* Items that are the same in every record lie ready, and are copied behind the others. */
static void end_record(struct tlv_encoder *e, struct wbuf *w)
{
	if (e->json) {
		put_bytes(w, e->identity, e->identity_bytes);
		put_u8(w, '}');
	} else if (e->identity_bytes) {
		const uint8_t end = ndpi_serialization_end_of_record;
		uint8_t *before;

		tlv_end(e, w);
		if (w->failed)
			return;
		before = w->at - 1;
		put_bytes(w, e->identity, e->identity_bytes);
		if (w->failed)
			return;
		memmove(before, before + 1, e->identity_bytes);
		w->at[-1] = end;
	} else {
		tlv_end(e, w);
	}
	if (e->failed)
		w->failed = true;
}

static void encode_one(struct tlv_encoder *e, struct wbuf *w, const struct flow_record *r)
{
	uint8_t *start = w->at;

	e->r = r;
	e->json = e->format == ZMQ_TLV ? NULL : w;
	tlv_begin(e);
	put_items(e, r);
	if (e->own_pen)
		put_own_items(e, r);
	end_record(e, w);
	if (e->json && !w->failed)
		*start = '{'; /* in the place of the first comma */
}

/* So many parts make counters that fit 32 bits; texts are told once. */
static uint32_t parts_of(const struct tlv_encoder *e, const struct flow_record *r)
{
	uint64_t most = 0;

	for (unsigned int d = 0; d < DIR_N; d++) {
		most = r->octets[d] > most ? r->octets[d] : most;
		most = r->packets[d] > most ? r->packets[d] : most;
	}
	if (e->absolute || most <= UINT32_MAX)
		return 1;
	most = (most - 1) / UINT32_MAX + 1;
	return most <= ZMQ_RECORD_PARTS_MAX ? (uint32_t)most : 1;
}

static void take_part(struct flow_record *part, const struct flow_record *whole, uint32_t i,
		      uint32_t n)
{
	for (unsigned int d = 0; d < DIR_N; d++) {
		part->octets[d] = whole->octets[d] / n + (i < whole->octets[d] % n);
		part->packets[d] = whole->packets[d] / n + (i < whole->packets[d] % n);
	}
	if (i)
		part->server_name = part->http_url = "";
}

void tlv_encode(struct encoder *encoder, struct wbuf *w, const struct flow_record *r)
{
	struct tlv_encoder *e = encoder->tlv;
	struct flow_record part;

	e->parts = parts_of(e, r);
	e->community_id = encoder->community_id;
	if (e->parts == 1) {
		encode_one(e, w, r);
		return;
	}
	part = *r;
	for (uint32_t i = 0; i < e->parts && !w->failed; i++) {
		take_part(&part, r, i, e->parts);
		if (i && e->format != ZMQ_TLV)
			put_u8(w, ',');
		encode_one(e, w, &part);
	}
}

int tlv_identify(struct tlv_encoder *e, const struct tlv_identity *who)
{
	struct wbuf w = wbuf_make(e->identity, sizeof e->identity);

	e->json = e->format == ZMQ_TLV ? NULL : &w;
	tlv_begin(e);
	if (who->ip && who->ip[0]) {
		tlv_put_string(e, 130, who->ip);
		tlv_put_string(e, 57943, who->ip);
	}
	if (who->instance && who->instance[0])
		tlv_put_string(e, 57594, who->instance);
	tlv_put_number(e, 58051, 0); /* flows of packets */
	tlv_put_number(e, 58061, who->source_id);
	if (!e->json)
		tlv_end(e, &w);
	if (w.failed || e->failed)
		return -ENOSPC;
	/* Without the end of a record. */
	e->identity_bytes = (uint32_t)(w.at - (uint8_t *)e->identity) - (e->json ? 0 : 1);
	return 0;
}
