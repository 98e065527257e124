/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of probes for ntop's collectors, read. Every length is a stranger's. */
#include "export/zmq_reader.h"

#include "core/bytes.h"
#include "core/limits.h"

#include <json.h>
#include <ndpi_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VERSION_TLV    3
#define VERSION_HEADER 4
#define FLAG_TLV       2
#define FLAG_PACKED    4
/* An item has a byte of types at least, so a payload ends the loop over it. */
#define KEY_TEXT_BYTES 256

struct input {
	const uint8_t *at, *end;
	bool failed; /* it ends in the middle of something */
};

static const uint8_t *take(struct input *in, size_t n)
{
	const uint8_t *p = in->at;

	if (in->failed || (size_t)(in->end - in->at) < n) {
		in->failed = true;
		return NULL;
	}
	in->at += n;
	return p;
}

static uint64_t take_number(struct input *in, unsigned int bytes)
{
	const uint8_t *p = take(in, bytes);
	uint64_t v = 0;

	for (unsigned int i = 0; p && i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

/* What is signed is extended from its width. */
static int64_t take_signed(struct input *in, unsigned int bytes)
{
	const unsigned int shift = 64 - 8 * bytes;

	return (int64_t)(take_number(in, bytes) << shift) >> shift;
}

static struct json_object *take_text(struct input *in)
{
	const size_t len = (size_t)take_number(in, 2);
	const uint8_t *p = take(in, len);

	return p ? json_object_new_string_len((const char *)p, (int)len) : NULL;
}

static struct json_object *take_float(struct input *in)
{
	const uint8_t *p = take(in, sizeof(float));
	float v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return json_object_new_double((double)v);
}

/* NULL: a type that does not stand in flows, or no more bytes. */
static struct json_object *take_value(struct input *in, unsigned int type)
{
	switch (type) {
	case ndpi_serialization_uint8:
	case ndpi_serialization_uint16:
	case ndpi_serialization_uint32:
	case ndpi_serialization_uint64:
		return json_object_new_uint64(
			take_number(in, 1U << (type - ndpi_serialization_uint8)));
	case ndpi_serialization_int8:
	case ndpi_serialization_int16:
	case ndpi_serialization_int32:
	case ndpi_serialization_int64:
		return json_object_new_int64(
			take_signed(in, 1U << (type - ndpi_serialization_int8)));
	case ndpi_serialization_float:
		return take_float(in);
	case ndpi_serialization_string:
		return take_text(in);
	default:
		return NULL;
	}
}

static bool take_key(struct input *in, unsigned int type, char key[KEY_TEXT_BYTES])
{
	const uint8_t *p;
	size_t len;

	if (type >= ndpi_serialization_uint8 && type <= ndpi_serialization_uint32) {
		snprintf(key, KEY_TEXT_BYTES, "%u",
			 (unsigned int)take_number(in, 1U << (type - ndpi_serialization_uint8)));
		return !in->failed;
	}
	if (type != ndpi_serialization_string)
		return false;
	len = (size_t)take_number(in, 2);
	p = take(in, len);
	if (!p || len >= KEY_TEXT_BYTES)
		return false;
	memcpy(key, p, len);
	key[len] = '\0';
	return true;
}

static const char *take_item(struct input *in, unsigned int types, struct json_object *record)
{
	struct json_object *value;
	char key[KEY_TEXT_BYTES];

	if (!take_key(in, types >> 4, key))
		return "a key in TLV cannot be read";
	value = take_value(in, types & 15);
	if (!value || in->failed) {
		json_object_put(value);
		return "a value in TLV cannot be read";
	}
	json_object_object_add(record, key, value);
	return NULL;
}

static const char *read_tlv(struct zmq_read *out, struct input *in)
{
	struct json_object *record = NULL;
	const char *why = NULL;

	if (take_number(in, 2) != 0x0101)
		return "the payload is no TLV of version 1";
	out->body = json_object_new_array();
	while (!why && in->at < in->end) {
		const unsigned int types = (unsigned int)take_number(in, 1);

		if (!record)
			record = json_object_new_object();
		if ((types & 15) != ndpi_serialization_end_of_record) {
			why = take_item(in, types, record);
			continue;
		}
		json_object_array_add(out->body, record);
		record = NULL;
	}
	if (record && !why)
		why = "the last record in TLV has no end";
	json_object_put(record);
	return why;
}

static const char *read_json(struct zmq_read *out, const struct input *in)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *body = NULL, *array;

	if (!t)
		return "there is no memory";
	json_tokener_set_flags(t, JSON_TOKENER_VALIDATE_UTF8);
	body = json_tokener_parse_ex(t, (const char *)in->at, (int)(in->end - in->at));
	/* A number alone ends only where it is told so, and is no body anyway. */
	json_tokener_free(t);
	if (!json_object_is_type(body, json_type_object) &&
	    !json_object_is_type(body, json_type_array)) {
		json_object_put(body);
		return "the payload is no JSON object or array";
	}
	if (strcmp(out->topic, "flow") == 0 && json_object_is_type(body, json_type_object)) {
		array = json_object_new_array();
		json_object_array_add(array, body);
		body = array;
	}
	out->body = body;
	return NULL;
}

/* Into memory that is the caller's to free(); NULL when it does not unpack within the bound. */
static uint8_t *unpack(struct input *in)
{
	uint8_t *plain = malloc(ZMQ_MESSAGE_BYTES_MAX);
	uLongf len = ZMQ_MESSAGE_BYTES_MAX;

	if (plain && uncompress(plain, &len, in->at, (uLong)(in->end - in->at)) == Z_OK) {
		*in = (struct input){.at = plain, .end = plain + len};
		return plain;
	}
	free(plain);
	return NULL;
}

struct head {
	uint8_t version, flags;
};

static const char *read_header(struct zmq_read *out, struct head *head, const uint8_t *h, size_t n)
{
	memcpy(out->topic, h, 16);
	*head = (struct head){.version = h[16]};
	out->id = load_be32(h + 20);
	switch (n) {
	case 24:
		out->source_id = h[17];
		break;
	case 28:
		memcpy(&out->source_id, h + 24, sizeof out->source_id);
		break;
	default:
		head->flags = h[17];
		out->id = load_be32(h + 28);
		memcpy(&out->source_id, h + 32, sizeof out->source_id);
		break;
	}
	if (head->version == 0 || head->version > VERSION_HEADER)
		return "the version in the header is not known";
	return NULL;
}

const char *zmq_message_read(struct zmq_read *out, const void *header, size_t header_bytes,
			     const void *payload, size_t payload_bytes)
{
	struct input in = {.at = payload, .end = (const uint8_t *)payload + payload_bytes};
	uint8_t *plain = NULL;
	struct head head;
	const char *why;
	bool packed, tlv;

	memset(out, 0, sizeof *out);
	if (header_bytes != 24 && header_bytes != 28 && header_bytes != 36)
		return "a header of this length is not known";
	if (payload_bytes == 0 || payload_bytes > ZMQ_MESSAGE_BYTES_MAX)
		return "the payload is empty, or longer than collectors take";
	why = read_header(out, &head, header, header_bytes);
	if (why)
		return why;
	tlv = head.version == VERSION_TLV || (head.flags & FLAG_TLV);
	packed = head.flags & FLAG_PACKED;
	if (!tlv && head.version != VERSION_HEADER && *in.at == 0) {
		packed = true;
		in.at++;
	}
	if (packed) {
		plain = unpack(&in);
		if (!plain)
			return "the payload does not decompress within its bound";
	}
	why = tlv ? read_tlv(out, &in) : read_json(out, &in);
	if (why) {
		json_object_put(out->body);
		out->body = NULL;
	}
	free(plain);
	return why;
}
