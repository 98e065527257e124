/* SPDX-License-Identifier: BSD-3-Clause */
/* The items of a record in TLV, or in JSON with its keys: one function a form of value. */
#include "export/tlv.h"

#include "export/format.h"
#include "export/ntop_keys.h"

#include <stdio.h>
#include <string.h>

/* nDPI writes these two before the first item, and again after a reset. */
#define START_BYTES 2
#define TLV_VERSION 1

void tlv_begin(struct tlv_encoder *e)
{
	ndpi_reset_serializer(&e->serializer);
	e->failed = false;
}

/* A key that is a text, with its NUL. */
static void put_key_text(const struct tlv_encoder *e, struct wbuf *w, uint32_t key)
{
	const uint32_t pen = key >> 16, id = key & 0xffff;
	const char *name;

	if (pen == TLV_NAME_KEY >> 16) {
		name = element_info((enum element)id)->key;
		put_bytes(w, name, strlen(name));
		return;
	}
	put_decimal(w, pen == TLV_OWN_KEY >> 16 ? e->own_pen : pen);
	put_u8(w, '.');
	put_decimal(w, id);
}

/* "KEY": in JSON: a number, ntop's name of it, or a text. */
static void json_key(struct tlv_encoder *e, uint32_t key)
{
	const struct ntop_key *name =
		e->format == ZMQ_JSON_NAMES && key < TLV_OWN_KEY ? ntop_key_by_id(key) : NULL;

	put_literal(e->json, ",\"");
	if (key >= TLV_OWN_KEY)
		put_key_text(e, e->json, key);
	else if (name)
		put_bytes(e->json, name->name, strlen(name->name));
	else
		put_decimal(e->json, key);
	put_literal(e->json, "\":");
}

static const char *key_text(const struct tlv_encoder *e, uint32_t key, char text[TLV_KEY_BYTES])
{
	struct wbuf w = wbuf_make(text, TLV_KEY_BYTES);

	put_key_text(e, &w, key);
	put_u8(&w, '\0');
	return w.failed ? "" : text; /* never: names are shorter */
}

void tlv_put_number(struct tlv_encoder *e, uint32_t key, uint64_t v)
{
	char text[TLV_KEY_BYTES];

	if (e->json) {
		json_key(e, key);
		put_decimal(e->json, v);
	} else if (key >= TLV_OWN_KEY) {
		if (ndpi_serialize_string_uint64(&e->serializer, key_text(e, key, text), v))
			e->failed = true;
	} else if (ndpi_serialize_uint32_uint64(&e->serializer, key, v)) {
		e->failed = true;
	}
}

/* Nine digits tell one float from the next (IEEE 754-2008 5.12.2). */
void tlv_put_float(struct tlv_encoder *e, uint32_t key, float v)
{
	char text[TLV_KEY_BYTES], digits[32];
	int len;

	if (e->json) {
		len = snprintf(digits, sizeof digits, "%.9g", (double)v);
		json_key(e, key);
		put_bytes(e->json, digits, (size_t)len);
	} else if (ndpi_serialize_string_float(&e->serializer, key_text(e, key, text), v, "%.9g")) {
		e->failed = true;
	}
}

void tlv_put_text(struct tlv_encoder *e, uint32_t key, struct wbuf *w)
{
	const size_t len = (size_t)(w->at - (uint8_t *)e->text);
	char text[TLV_KEY_BYTES];

	put_u8(w, '\0');
	if (w->failed) {
		e->failed = true;
	} else if (e->json) {
		json_key(e, key);
		json_put_text(e->json, e->text, len);
	} else if (key >= TLV_OWN_KEY) {
		if (ndpi_serialize_string_string(&e->serializer, key_text(e, key, text), e->text))
			e->failed = true;
	} else if (ndpi_serialize_uint32_string(&e->serializer, key, e->text)) {
		e->failed = true;
	}
}

struct wbuf tlv_text_buffer(struct tlv_encoder *e)
{
	return wbuf_make(e->text, sizeof e->text);
}

void tlv_put_string(struct tlv_encoder *e, uint32_t key, const char *s)
{
	struct wbuf w = tlv_text_buffer(e);

	put_utf8(&w, s, DPI_STRING_MAX);
	tlv_put_text(e, key, &w);
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
