/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as JSON objects: a key a row of elements.def. */
#include "core/limits.h"
#include "export/value.h"

/* Every record fits: strings at their longest, where each byte becomes \u00XX, and all the rest. */
#define ESCAPED_BYTES_MAX      6
#define KEYS_AND_NUMBERS_BYTES 10240
#define IS_STRING(member)                                                                          \
	__builtin_types_compatible_p(__typeof__(((struct flow_record *)0)->member), const char *)
/* clang-format off */
enum {
	STRINGS = 0
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	+(SOURCE_##source < SOURCE_PROCESSORS && IS_STRING(member))
#include "record/elements.def"
};
_Static_assert(STRINGS * (DPI_STRING_MAX * ESCAPED_BYTES_MAX + 2) + KEYS_AND_NUMBERS_BYTES +
			       RECORD_PROTOCOLS * PROCESSOR_BLOCK_BYTES * ESCAPED_BYTES_MAX <=
		       RECORD_BYTES_MAX, "a record may not fit");
/* clang-format on */

/* Bytes that stand for themselves in a JSON string (RFC 8259 section 7) and are ASCII. */
static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void put_escaped(struct wbuf *w, uint8_t byte)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_forms[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	uint8_t escape[6] = {'\\', byte};

	if (byte < 0x20 && short_forms[byte]) {
		escape[1] = (uint8_t)short_forms[byte];
	} else if (byte < 0x20) {
		memcpy(escape + 1, "u00", 3);
		escape[4] = (uint8_t)hex[byte >> 4];
		escape[5] = (uint8_t)hex[byte & 15];
		put_bytes(w, escape, 6);
		return;
	}
	put_bytes(w, escape, 2);
}

void json_put_text(struct wbuf *w, const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;

	put_u8(w, '"');
	for (size_t i = 0; i < len;) {
		size_t plain = i;
		unsigned int n;

		while (plain < len && is_plain(p[plain]))
			plain++;
		put_bytes(w, p + i, plain - i);
		i = plain;
		if (i == len)
			break;
		n = utf8_sequence(p + i, len - i);
		if (n > 1)
			put_bytes(w, p + i, n);
		else if (n == 1)
			put_escaped(w, p[i]);
		else
			put_literal(w, UTF8_REPLACEMENT);
		i += n ? n : 1;
	}
	put_u8(w, '"');
}

void json_put_string(struct wbuf *w, const char *s)
{
	json_put_text(w, s, strnlen(s, DPI_STRING_MAX));
}

void json_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r)
{
	struct value_writer v = {.w = w, .r = r, .encoder = e, .json = true};
	uint8_t *start = w->at;

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	if (!SOURCE_IS_MISSING(SOURCE_##source, e->missing_sources) &&                             \
	    flow_record_has_##source(r)) {                                                         \
		put_literal(w, ",\"" #key "\":");                                                  \
		if (WHEN_##rule(r, r->member))                                                     \
			value_##kind(&v, r->member);                                               \
		else                                                                               \
			put_literal(w, "null");                                                    \
	}
#include "record/elements.def"
	put_literal(w, "}\n");
	if (!w->failed)
		*start = '{'; /* in the place of the first comma */
}
