/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor smtp: commands and replies of a mail transfer (RFC 5321) on port 25. The first line of
 * each packet is read, as the exporter does whose fields these are.
 */
#include <ctype.h>
#include <string.h>

#include "dpi/piece.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

enum { SMTP_PORT = 25, TEXT_CHARS_MAX = 254, COMMAND_BYTES_MAX = 31, CODE_DIGITS = 3 };
enum { CODE_READY = 220, CODE_SEND_MAIL = 354 };

#define COMMAND_UNKNOWN 0x8000U
#define CODE_SPAM	0x40000000U
#define CODE_UNKNOWN	0x80000000U

struct smtp {
	struct processor_block *block;
};

struct block {
	struct processor_texts texts;
	struct record_smtp record;
	bool seen;    /* something that is told */
	bool in_mail; /* between DATA and the line with a dot */
	bool asked_for_tls;
};

_Static_assert(sizeof(struct block) + 3 * (TEXT_CHARS_MAX + 1) < PROCESSOR_BLOCK_BYTES, "room");

/* Bit i of commands: that one was seen. */
static const char *const commands[] = {
	"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT",
};

/* Bit i of codes. */
static const uint16_t codes[] = {
	211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452,
	455, 500, 501, 502, 503, 504, 550, 551, 552, 553, 554, 555,
};

static uint32_t code_bit(uint32_t code)
{
	for (unsigned int i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i] == code)
			return 1U << i;
	return CODE_UNKNOWN;
}

/* One that refuses DATA ends what the mail would have been. */
static void count_reply(struct block *b, uint32_t code, struct piece payload)
{
	struct record_smtp *r = &b->record;
	uint32_t *const classes[] = {&r->codes_2xx, &r->codes_3xx, &r->codes_4xx, &r->codes_5xx};
	const uint32_t class = code / 100;

	r->codes |= code_bit(code);
	if (piece_find_any_case(payload, "SPAM").len)
		r->codes |= CODE_SPAM;
	if (class >= 2 && class <= 5) {
		++*classes[class - 2];
		b->seen = true;
	}
	if (code != CODE_SEND_MAIL && class > 3)
		b->in_mail = false;
}

/* false: what comes is encrypted (RFC 3207 4). */
static bool read_reply(struct block *b, struct piece payload)
{
	const uint32_t code = piece_number(payload, CODE_DIGITS);
	const bool answers_tls = b->asked_for_tls;

	/* a code, and what separates it from its text */
	if (payload.len <= CODE_DIGITS + 1 || !isdigit((unsigned char)payload.at[0]) ||
	    !isdigit((unsigned char)payload.at[1]) || !isdigit((unsigned char)payload.at[2]) ||
	    (payload.at[CODE_DIGITS] != ' ' && payload.at[CODE_DIGITS] != '-'))
		return true;
	b->asked_for_tls = false;
	count_reply(b, code, payload);
	return !answers_tls || code != CODE_READY;
}

/* The first one is kept. */
static void keep(struct block *b, const char **text, struct piece value,
		 const struct processor_packet *p)
{
	if (!**text)
		*text = processor_text(&b->texts, value.at, value.len, TEXT_CHARS_MAX, p);
}

static bool is_upper(struct piece word)
{
	for (uint32_t i = 0; i < word.len; i++)
		if (word.at[i] < 'A' || word.at[i] > 'Z')
			return false;
	return true;
}

static void count_command(struct block *b, struct piece word)
{
	struct record_smtp *r = &b->record;

	for (unsigned int i = 0; i < sizeof commands / sizeof *commands; i++)
		if (piece_is(word, commands[i]))
			r->commands |= 1U << i;
	if (!is_upper(word))
		r->commands |= COMMAND_UNKNOWN;
	r->mail_count += piece_is(word, "MAIL");
	r->rcpt_count += piece_is(word, "RCPT");
	b->in_mail = piece_is(word, "DATA");
	b->asked_for_tls = piece_is(word, "STARTTLS");
	b->seen = true;
}

static void read_command(struct block *b, struct piece payload, const struct processor_packet *p)
{
	struct record_smtp *r = &b->record;
	const struct piece line = piece_before(payload, '\r');
	const struct piece word = piece_before(line, ' '), rest = piece_behind(line, ' ');

	if (line.len == payload.len || word.len > COMMAND_BYTES_MAX)
		return;
	count_command(b, word);
	if (piece_is(word, "HELO") || piece_is(word, "EHLO"))
		keep(b, &r->domain, rest, p);
	else if (piece_is(word, "MAIL"))
		keep(b, &r->first_sender, piece_behind(rest, ':'), p);
	else if (piece_is(word, "RCPT"))
		keep(b, &r->first_recipient, piece_behind(rest, ':'), p);
}

/* Lines of a mail end with one that is a dot (RFC 5321 4.1.1.4). */
static bool ends_mail(struct piece payload)
{
	static const char end[] = "\r\n.\r\n";
	const uint32_t end_len = sizeof end - 1;

	if (piece_is(payload, end + 2))
		return true;
	return payload.len >= end_len &&
	       memcmp(payload.at + payload.len - end_len, end, end_len) == 0;
}

/* false: nothing more can be read. */
static bool read_packet(struct block *b, const struct processor_packet *p)
{
	const struct piece payload = {(const char *)p->payload, p->captured};

	if (p->view->src_port == SMTP_PORT)
		return read_reply(b, payload);
	if (!b->in_mail)
		read_command(b, payload, p);
	else if (p->captured == p->payload_len && ends_mail(payload))
		b->in_mail = false;
	return true;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct smtp *s = state;
	const bool is_new = !s->block;
	struct block *b;

	if (!processor_has_port(p, SMTP_PORT))
		return PROCESSOR_DONE;
	if (!p->captured)
		return PROCESSOR_NEXT;
	b = processor_text_block(s, sizeof *b, p);
	if (!b)
		return PROCESSOR_DONE;
	if (is_new)
		b->record.domain = b->record.first_sender = b->record.first_recipient = "";
	return read_packet(b, p) ? PROCESSOR_NEXT : PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct block *b = (const struct block *)((const struct smtp *)state)->block;

	if (!b || !b->seen)
		return;
	r->smtp = &b->record;
	r->l7_seen |= CLASS_SMTP;
}

const struct processor_ops *proc_smtp(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct smtp),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
