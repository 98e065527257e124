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
#include <string.h>

/* Type, key and number of an item at their longest; or a text of an address. */
#define ITEM_BYTES_MAX 64
/*
 * What is taken once: any record fits, with room for what nDPI wants free beyond an item, so that
 * its buffer never grows.
 */
#define BUFFER_BYTES 131072
/* Of a processor's: the key and a list of numbers, or one value, or those of transactions. */
#define LIST_BYTES_MAX		 (TLV_KEY_BYTES + LIST_VALUES_MAX * 15)
#define PROCESSOR_ITEM_BYTES_MAX (TLV_KEY_BYTES + TRANSACTIONS_MAX * 11)

#define IS_STRING(member)                                                                          \
	__builtin_types_compatible_p(__typeof__(((struct flow_record *)0)->member), const char *)
#define IS_LIST(member, type)                                                                      \
	__builtin_types_compatible_p(__typeof__(((struct flow_record *)0)->member), struct type)
#define IS_NUMBERS(member)                                                                         \
	(IS_LIST(member, list_u8) || IS_LIST(member, list_u16) || IS_LIST(member, list_u32) ||     \
	 IS_LIST(member, list_time))
/* clang-format off */
enum {
	STRINGS = 0
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, ...) +((tlv) && IS_STRING(member))
#include "record/elements.def"
	, ITEMS = 0
#define FIELD(symbol, pen, id, tlv, ...) +((tlv) || (pen) == PEN_OWN)
#define WIRE(symbol, pen, id, tlv, ...) +((tlv) != 0)
#include "record/elements.def"
	, PROCESSOR_LISTS = 0
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	+(SOURCE_##source >= SOURCE_PROCESSORS && IS_NUMBERS(member))
#include "record/elements.def"
	, PROCESSOR_ITEMS = 0
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	+(SOURCE_##source >= SOURCE_PROCESSORS && !IS_NUMBERS(member))
#include "record/elements.def"
};
_Static_assert(STRINGS * TLV_TEXT_BYTES_MAX + ITEMS * ITEM_BYTES_MAX +
		       PROCESSOR_LISTS * LIST_BYTES_MAX +
		       PROCESSOR_ITEMS * PROCESSOR_ITEM_BYTES_MAX +
		       RECORD_PROTOCOLS * PROCESSOR_BLOCK_BYTES * 3 <= RECORD_BYTES_MAX &&
	       RECORD_BYTES_MAX <= BUFFER_BYTES * 3 / 4, "a record may not fit");
/* clang-format on */

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

static void tlv_string(struct tlv_encoder *e, uint32_t key, const char *s)
{
	if (s[0])
		tlv_put_string(e, key, s);
}

static void put_address(struct tlv_encoder *e, uint32_t key, const uint8_t *addr, uint8_t version)
{
	struct wbuf w = tlv_text_buffer(e);

	put_ip(&w, addr, version);
	tlv_put_text(e, key, &w);
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
	struct wbuf w = tlv_text_buffer(e);

	put_mac(&w, mac);
	tlv_put_text(e, key, &w);
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
	struct wbuf w = tlv_text_buffer(e);

	if (!flow_record_has_l7(e->r))
		return;
	put_decimal(&w, collector_l7(e, e->r->l7_master_id));
	put_u8(&w, '.');
	put_decimal(&w, collector_l7(e, app));
	tlv_put_text(e, key, &w);
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
	struct wbuf w = tlv_text_buffer(e);
	char *to = (char *)wbuf_take(&w, COMMUNITY_ID_LEN);

	(void)unused;
	if (!e->community_id)
		return;
	if (to && !community_id_write(e->community_id, e->r, to))
		w.failed = true;
	tlv_put_text(e, key, &w);
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

/* Kinds that neither these nor rows with a key in TLV have; tlv_processors.c has some. */
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

static void encode_one(struct tlv_encoder *e, struct wbuf *w, const struct flow_record *r,
		       uint64_t processors)
{
	uint8_t *start = w->at;

	e->r = r;
	e->json = e->format == ZMQ_TLV ? NULL : w;
	tlv_begin(e);
	put_items(e, r);
	if (e->own_pen)
		put_own_items(e, r);
	if (processors)
		tlv_put_processors(e, r, ~processors);
	end_record(e, w);
	if (e->json && !w->failed)
		*start = '{'; /* in the place of the first comma */
}

/* So many parts make counters that fit 32 bits; texts and what processors say are told once. */
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

/* Bits of their sources. */
#define ALL_PROCESSORS ((1ULL << SOURCE_N) - (1ULL << SOURCE_PROCESSORS))

void tlv_encode(struct encoder *encoder, struct wbuf *w, const struct flow_record *r)
{
	struct tlv_encoder *e = encoder->tlv;
	const uint64_t processors = ALL_PROCESSORS & ~encoder->missing_sources;
	struct flow_record part;

	e->parts = parts_of(e, r);
	e->community_id = encoder->community_id;
	e->transactions = encoder->transactions;
	if (e->parts == 1) {
		encode_one(e, w, r, processors);
		return;
	}
	part = *r;
	for (uint32_t i = 0; i < e->parts && !w->failed; i++) {
		take_part(&part, r, i, e->parts);
		if (i && e->format != ZMQ_TLV)
			put_u8(w, ',');
		encode_one(e, w, &part, i ? 0 : processors);
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
