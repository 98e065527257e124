/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as CSV (RFC 4180): the columns are the keys of JSON, in the same order. */
#include "core/limits.h"
#include "export/value.h"

/* How many bytes at p make a character, and what is written for it; a NUL byte never comes. */
static unsigned int put_character(struct wbuf *w, const uint8_t *p, size_t len, const char *quote)
{
	unsigned int n = utf8_sequence(p, len);

	if (n == 0) {
		put_literal(w, UTF8_REPLACEMENT);
		return 1;
	}
	if (*p == '"')
		put_bytes(w, quote, strlen(quote));
	else
		put_bytes(w, p, n);
	return n;
}

static void put_characters(struct wbuf *w, const char *s, const char *quote)
{
	const size_t len = strnlen(s, DPI_STRING_MAX);

	for (size_t i = 0; i < len;)
		i += put_character(w, (const uint8_t *)s + i, len - i, quote);
}

static bool needs_quotes(const char *s)
{
	return s[strcspn(s, "\",\r\n ")] != '\0';
}

/* RFC 4180 2.7: a quote is doubled. */
void csv_put_string(struct wbuf *w, const char *s)
{
	const bool quoted = needs_quotes(s);

	if (quoted)
		put_u8(w, '"');
	put_characters(w, s, "\"\"");
	if (quoted)
		put_u8(w, '"');
}

/*
 * Several texts in one column, with a blank between: each that is empty or has such a character is
 * in quotes of its own, which are doubled by those of the column.
 */
void csv_put_strings(struct wbuf *w, const char *const *texts, uint32_t n)
{
	bool quoted = false;

	for (uint32_t i = 0; i < n; i++)
		quoted |= !*texts[i] || needs_quotes(texts[i]);
	if (quoted)
		put_u8(w, '"');
	for (uint32_t i = 0; i < n; i++) {
		const char *around = !*texts[i] || needs_quotes(texts[i]) ? "\"\"" : "";

		if (i)
			put_u8(w, ' ');
		put_bytes(w, around, strlen(around));
		put_characters(w, texts[i], "\"\"\"\"");
		put_bytes(w, around, strlen(around));
	}
	if (quoted)
		put_u8(w, '"');
}

void csv_header(const struct encoder *e, struct wbuf *w)
{
	uint8_t *end;

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	if (!SOURCE_IS_MISSING(SOURCE_##source, e->missing_sources))                               \
		put_literal(w, #key ",");
#include "record/elements.def"
	end = w->at;
	if (!w->failed)
		end[-1] = '\n';
}

void csv_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r)
{
	struct value_writer v = {.w = w, .r = r, .encoder = e, .json = false};

#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	if (!SOURCE_IS_MISSING(SOURCE_##source, e->missing_sources)) {                             \
		if (flow_record_has_##source(r) && WHEN_##rule(r, r->member))                      \
			value_##kind(&v, r->member);                                               \
		put_u8(w, ',');                                                                    \
	}
#include "record/elements.def"
	if (!w->failed)
		w->at[-1] = '\n';
}
