/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor sip: messages of SIP (RFC 3261), on any port. Values are told as the exporter tells
 * them whose fields these are: up to a semicolon, and bare of what is neither letter nor digit at
 * both ends.
 */
#include <ctype.h>

#include "dpi/piece.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

/* Shorter ones are no message: a request line and the headers that all have are longer. */
enum { MESSAGE_BYTES_MIN = 64, TEXT_CHARS_MAX = 127, METHOD_BYTES_MAX = 16 };
enum { TYPE_RESPONSE = 99, STATUS_DIGITS = 3 };

struct sip {
	struct processor_block *block;
	uint8_t others; /* payloads before the first message */
};

struct block {
	struct processor_texts texts;
	struct record_sip record;
};

_Static_assert(sizeof(struct block) < PROCESSOR_BLOCK_BYTES / 2, "room for texts");

static const struct {
	const char *method;
	uint16_t type;
} methods[] = {
	{"INVITE", 1},	{"ACK", 2},	{"CANCEL", 3}, {"BYE", 4},  {"REGISTER", 5},
	{"OPTIONS", 6}, {"PUBLISH", 7}, {"NOTIFY", 8}, {"INFO", 9}, {"SUBSCRIBE", 10},
};

/* How a value becomes a text. */
enum value { VALUE, VALUE_URI, VALUE_LIST };

/* Headers and their short forms (RFC 3261 7.3.3). */
static const struct header {
	const char *name, *compact; /* names in any case of their letters */
	enum value value;
	uint16_t at; /* struct each_text in the record */
} headers[] = {
	{"From", "f", VALUE_URI, offsetof(struct record_sip, calling)},
	{"To", "t", VALUE_URI, offsetof(struct record_sip, called)},
	{"Via", "v", VALUE_LIST, offsetof(struct record_sip, via)},
	{"Call-ID", "i", VALUE, offsetof(struct record_sip, call_id)},
	{"User-Agent", NULL, VALUE, offsetof(struct record_sip, agent)},
	{"CSeq", NULL, VALUE, offsetof(struct record_sip, cseq)},
};

enum { HEADERS_N = sizeof headers / sizeof *headers };

struct message {
	uint16_t type, status;
	struct piece uri, headers;
};

/* HTTP has some of these methods, too. */
static bool read_request(struct message *m, struct piece rest)
{
	struct piece first = {rest.at, rest.len < METHOD_BYTES_MAX ? rest.len : METHOD_BYTES_MAX};
	struct piece method;

	if (!piece_take_word(&first, &method))
		return false;
	for (unsigned int i = 0; i < sizeof methods / sizeof *methods; i++)
		if (piece_is(method, methods[i].method))
			m->type = methods[i].type;
	rest = piece_behind(rest, ' ');
	return m->type && piece_take_word(&rest, &m->uri) && piece_begins(rest, "SIP/");
}

/* The message that the packet is; false: it is none. */
static bool read_message(struct message *m, const struct processor_packet *p)
{
	const struct piece payload = {(const char *)p->payload, p->captured};

	*m = (struct message){.uri = {payload.at, 0}, .headers = piece_behind(payload, '\n')};
	if (p->payload_len < MESSAGE_BYTES_MIN)
		return false;
	if (!piece_begins(payload, "SIP/2.0 "))
		return read_request(m, payload);
	m->type = TYPE_RESPONSE;
	m->status = (uint16_t)piece_number(piece_behind(payload, ' '), STATUS_DIGITS);
	return true;
}

static struct piece bare(struct piece p)
{
	while (p.len && !isalnum((unsigned char)*p.at))
		p = (struct piece){p.at + 1, p.len - 1};
	while (p.len && !isalnum((unsigned char)p.at[p.len - 1]))
		p.len--;
	return piece_before(p, ';');
}

/* The URI in a value with or without a name and parameters; empty when it has none of SIP. */
static struct piece uri_of(struct piece value)
{
	const struct piece sip = piece_find_any_case(value, "sip:");
	const struct piece sips = piece_find_any_case(value, "sips:");
	const struct piece uri = sips.len > sip.len ? sips : sip;
	const struct piece inside = piece_before(uri, '>');

	return inside.len < uri.len ? inside : piece_trim(piece_before(uri, ';'));
}

static struct each_text *text_at(struct block *b, uint16_t at)
{
	return (struct each_text *)(void *)((char *)&b->record + at);
}

static void keep(struct block *b, uint16_t at, struct piece value, const struct processor_packet *p)
{
	struct each_text *each = text_at(b, at);
	const char *before = each->n > 1 ? each->values[each->n - 2] : "";

	if (value.len > TEXT_CHARS_MAX)
		value.len = TEXT_CHARS_MAX;
	each->values[each->n - 1] = processor_text_again(&b->texts, before, value.at, value.len, p);
}

struct list {
	char bytes[TEXT_CHARS_MAX];
	uint32_t len;
};

/* The last one may be cut. */
static void append(struct list *to, struct piece value)
{
	uint32_t room = sizeof to->bytes - to->len;

	if (to->len && room) {
		to->bytes[to->len++] = ';';
		room--;
	}
	if (value.len > room)
		value.len = room;
	memcpy(to->bytes + to->len, value.at, value.len);
	to->len += value.len;
}

static void keep_headers(struct block *b, struct piece rest, const struct processor_packet *p)
{
	struct piece found[HEADERS_N] = {0};
	uint32_t lines = TEXT_HEADERS_MAX;
	struct list list = {.len = 0};
	struct piece_header h;

	while (piece_take_header(&rest, &h, &lines)) {
		unsigned int i = 0;

		h.name = piece_trim(h.name);
		while (i < HEADERS_N && !piece_is_any_case(h.name, headers[i].name) &&
		       !(headers[i].compact && piece_is_any_case(h.name, headers[i].compact)))
			i++;
		if (i == HEADERS_N)
			continue;
		found[i] = headers[i].value == VALUE_URI ? uri_of(h.value) : bare(h.value);
		if (headers[i].value == VALUE_LIST) {
			append(&list, found[i]);
			found[i] = (struct piece){list.bytes, list.len};
		}
	}
	for (unsigned int i = 0; i < HEADERS_N; i++)
		if (found[i].len)
			keep(b, headers[i].at, found[i], p);
}

/* One more message, of which nothing is told yet. */
static void open_message(struct block *b)
{
	for (unsigned int i = 0; i < HEADERS_N; i++) {
		struct each_text *each = text_at(b, headers[i].at);

		each->values[each->n++] = "";
	}
	b->record.uri.values[b->record.uri.n++] = "";
	b->record.type.n++;
	b->record.status.n++;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct sip *s = state;
	struct message m;
	struct block *b;

	if (!p->payload_len)
		return PROCESSOR_NEXT;
	if (!read_message(&m, p))
		return !s->block && ++s->others >= TEXT_OTHERS_MAX ? PROCESSOR_DONE :
								     PROCESSOR_NEXT;
	b = processor_text_block(s, sizeof *b, p);
	if (!b)
		return PROCESSOR_DONE;
	/* a cut that there was no room for comes later */
	if (b->record.type.n >= processor_transactions_max(p))
		return PROCESSOR_NEXT;
	open_message(b);
	b->record.type.values[b->record.type.n - 1] = m.type;
	b->record.status.values[b->record.status.n - 1] = m.status;
	keep(b, offsetof(struct record_sip, uri), bare(m.uri), p);
	keep_headers(b, m.headers, p);
	return p->options->records_transaction || b->record.type.n < processor_transactions_max(p) ?
		       PROCESSOR_NEXT :
		       PROCESSOR_DONE;
}

/* Each message is the first of a record. */
static bool cut_before(const void *state, const struct processor_packet *p)
{
	struct message m;

	(void)state;
	return p->options->records_transaction && read_message(&m, p);
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct sip *s = state;

	if (!s->block)
		return;
	r->sip = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_SIP;
}

const struct processor_ops *proc_sip(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct sip),
		.has_block = true,
		.packet = packet,
		.cut_before = cut_before,
		.to_record = to_record,
	};

	return &ops;
}
