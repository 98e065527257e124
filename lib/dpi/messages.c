/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and responses, and which belong together. Each message is read from the packet that it
 * begins with: a header that is not whole there is not told.
 */
#include "dpi/messages.h"

#include "dpi/processor_texts.h"
#include "record/record.h"

/* RFC 9110 9.1: a method is a token; none that is known is so long. */
enum { METHOD_BYTES_MAX = 32, PROTOCOL_BYTES = 4, VERSION_BYTES_MAX = 16 };
enum { STATUS_DIGITS = 3, STATUS_SWITCHING = 101, STATUS_FINAL = 200 };
/* First byte and major version of a TLS record (RFC 8446 5.1). */
enum { TLS_TYPE_MIN = 20, TLS_TYPE_MAX = 23, TLS_MAJOR = 3 };

struct block {
	struct processor_texts texts;
	union {
		struct record_http http;
		struct record_rtsp rtsp;
	} record;
	uint8_t n; /* transactions begun */
	uint8_t requests, responses;
};

_Static_assert(sizeof(struct block) < PROCESSOR_BLOCK_BYTES / 2, "room for texts");

struct message {
	bool is_request;
	struct piece method, target;
	uint16_t status;
	struct piece headers;
};

/* What a token is made of (RFC 9110 5.6.2). */
static bool is_token(struct piece p)
{
	for (uint32_t i = 0; i < p.len; i++)
		if (p.at[i] <= ' ' || p.at[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", p.at[i]))
			return false;
	return p.len > 0;
}

/* RFC 9112 4 */
static bool read_response(struct message *m, struct piece rest)
{
	struct piece first = {rest.at, rest.len < VERSION_BYTES_MAX ? rest.len : VERSION_BYTES_MAX};
	struct piece version;

	if (!piece_take_word(&first, &version))
		return false;
	m->is_request = false;
	m->status = (uint16_t)piece_number(piece_behind(rest, ' '), STATUS_DIGITS);
	m->headers = piece_behind(rest, '\n');
	return m->status != 0;
}

/* RFC 9112 3. The method is looked at first: what is no text is known by it. */
static bool read_request(struct message *m, struct piece rest, const char *protocol)
{
	struct piece first = {rest.at, rest.len < METHOD_BYTES_MAX ? rest.len : METHOD_BYTES_MAX};

	if (!is_token((struct piece){first.at, first.len != 0}) ||
	    !piece_take_word(&first, &m->method) || !is_token(m->method))
		return false;
	rest = piece_behind(rest, ' ');
	if (!piece_take_word(&rest, &m->target) || !m->target.len || !piece_begins(rest, protocol))
		return false;
	m->is_request = true;
	m->headers = piece_behind(rest, '\n');
	return true;
}

/* The message that the packet begins with; false: it begins with none. */
static bool read_message(struct message *m, const struct messages_kind *kind,
			 const struct processor_packet *p)
{
	const struct piece payload = {(const char *)p->payload, p->captured};

	return piece_begins(payload, kind->protocol) ? read_response(m, payload) :
						       read_request(m, payload, kind->protocol);
}

static struct each_text *text_at(struct block *b, uint16_t at)
{
	return (struct each_text *)(void *)((char *)&b->record + at);
}

static struct each_u16 *status_of(struct block *b, const struct messages_kind *kind)
{
	return (struct each_u16 *)(void *)((char *)&b->record + kind->status_at);
}

/* Room for one more transaction, of which nothing was seen. */
static void open_transaction(struct block *b, const struct messages_kind *kind)
{
	for (uint16_t i = 0; i < kind->texts_n; i++)
		text_at(b, kind->texts[i])->values[b->n] = "";
	b->n++;
	for (uint16_t i = 0; i < kind->texts_n; i++)
		text_at(b, kind->texts[i])->n = b->n;
	status_of(b, kind)->n = b->n;
}

/* One that the transaction before has, too, is kept once. */
static void keep(struct block *b, const struct messages_text *text, uint8_t place,
		 struct piece value, const struct processor_packet *p)
{
	struct each_text *each = text_at(b, text->at);
	const char *before = place ? each->values[place - 1] : "";

	if (value.len > text->chars_max)
		value.len = text->chars_max;
	each->values[place] = processor_text_again(&b->texts, before, value.at, value.len, p);
}

/* Of a name that is there twice the last one counts. */
static void keep_headers(struct block *b, const struct messages_text *wanted, uint8_t place,
			 struct piece headers, const struct processor_packet *p)
{
	uint32_t lines = TEXT_HEADERS_MAX;
	struct piece_header h;

	while (piece_take_header(&headers, &h, &lines))
		for (const struct messages_text *w = wanted; w->name; w++)
			if (piece_is(h.name, w->name))
				keep(b, w, place, h.value, p);
}

/* Names of cookies, as many as are whole, with ; between. */
static void keep_cookies(struct block *b, const struct messages_kind *kind, uint8_t place,
			 struct piece headers, const struct processor_packet *p)
{
	char names[HTTP_COOKIES_MAX];
	uint32_t lines = TEXT_HEADERS_MAX, len = 0;
	struct piece_header h;

	while (piece_take_header(&headers, &h, &lines)) {
		const struct piece name = piece_trim(piece_before(h.value, '='));

		if (!piece_is(h.name, kind->cookies.name) || !name.len ||
		    len + (len > 0) + name.len > kind->cookies.chars_max)
			continue;
		if (len)
			names[len++] = ';';
		memcpy(names + len, name.at, name.len);
		len += name.len;
	}
	if (len)
		keep(b, &kind->cookies, place, (struct piece){names, len}, p);
}

/* A request begins a transaction; with one in a record it may find its response there. */
static void keep_request(struct block *b, const struct messages_kind *kind, const struct message *m,
			 const struct processor_packet *p)
{
	const uint8_t max = processor_transactions_max(p);
	const bool joins = p->options->records_transaction && b->n && !b->requests;
	const uint8_t place = joins ? 0 : b->n;

	if (place >= max)
		return;
	if (!joins)
		open_transaction(b, kind);
	b->requests++;
	keep(b, &kind->method, place, m->method, p);
	keep(b, &kind->target, place, m->target, p);
	keep_headers(b, kind->of_request, place, m->headers, p);
}

/*
 * A response is that of the first request which has none yet. One that says that another follows
 * (RFC 9110 15.2) is not told, unless it is a record's only one.
 */
static void keep_response(struct block *b, const struct messages_kind *kind,
			  const struct message *m, const struct processor_packet *p)
{
	const bool is_last = m->status >= STATUS_FINAL || m->status == STATUS_SWITCHING;
	const uint8_t place = b->responses;

	if (place >= processor_transactions_max(p) ||
	    (!is_last && !p->options->records_transaction))
		return;
	if (place >= b->n)
		open_transaction(b, kind);
	b->responses = place + 1;
	status_of(b, kind)->values[place] = m->status;
	keep_headers(b, kind->of_response, place, m->headers, p);
	if (kind->cookies.chars_max)
		keep_cookies(b, kind, place, m->headers, p);
}

/* A payload before the first message. */
static enum processor_answer skip_other(struct messages *s, const struct processor_packet *p)
{
	const bool tls = p->captured > 1 && p->payload[0] >= TLS_TYPE_MIN &&
			 p->payload[0] <= TLS_TYPE_MAX && p->payload[1] == TLS_MAJOR;

	return tls || ++s->others >= TEXT_OTHERS_MAX ? PROCESSOR_DONE : PROCESSOR_NEXT;
}

enum processor_answer messages_packet(const struct messages_kind *kind, struct messages *s,
				      const struct processor_packet *p)
{
	struct message m;
	struct block *b;

	if (!p->payload_len)
		return PROCESSOR_NEXT;
	if (!read_message(&m, kind, p))
		return s->block ? PROCESSOR_NEXT : skip_other(s, p);
	b = processor_text_block(s, sizeof *b, p);
	if (!b)
		return PROCESSOR_DONE;
	if (m.is_request)
		keep_request(b, kind, &m, p);
	else
		keep_response(b, kind, &m, p);

	const uint8_t max = processor_transactions_max(p);

	return p->options->records_transaction || b->n < max || b->responses < max ?
		       PROCESSOR_NEXT :
		       PROCESSOR_DONE;
}

bool messages_cut_before(const struct messages_kind *kind, const struct messages *s,
			 const struct processor_packet *p)
{
	const struct block *b = (const struct block *)s->block;
	struct message m;

	if (!p->options->records_transaction || !b || !p->payload_len || !read_message(&m, kind, p))
		return false;
	return m.is_request ? b->requests > 0 : b->responses > 0;
}

const void *messages_record(const struct messages *s)
{
	const struct block *b = (const struct block *)s->block;

	return b && b->n ? &b->record : NULL;
}
