/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor ntp: the header of NTP messages of version 4 (RFC 5905 7.3). */
#include <stdio.h>

#include "core/bytes.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

enum { NTP_PORT = 123, VERSION = 4, MODE_CLIENT = 3, MODE_SERVER = 4 };
/* Higher ones mean that it is not NTP. */
enum { STRATUM_MAX = 16, POLL_MAX = 17 };

struct ntp {
	struct processor_block *block;
};

struct block {
	struct processor_texts texts;
	struct record_ntp record;
};

/* Five texts of a message. */
enum { TEXT_BYTES_MAX = 20 };
_Static_assert(sizeof(struct block) + 5 * (TEXT_BYTES_MAX + 1) < PROCESSOR_BLOCK_BYTES,
	       "room for texts");

/* The fields of the header in their order. */
struct header {
	uint8_t flags, stratum, poll, precision;
	uint32_t delay, dispersion;
	uint8_t reference_id[4];
	uint64_t times[4]; /* reference, origin, receive, transmit */
};

static bool read_header(const struct processor_packet *p, struct header *h)
{
	struct rbuf r = rbuf_make(p->payload, p->captured);
	const uint8_t *id;

	h->flags = get_u8(&r);
	h->stratum = get_u8(&r);
	h->poll = get_u8(&r);
	h->precision = get_u8(&r);
	h->delay = get_be32(&r);
	h->dispersion = get_be32(&r);
	id = get_bytes(&r, sizeof h->reference_id);
	for (unsigned int i = 0; i < 4; i++)
		h->times[i] = get_be64(&r);
	if (r.failed)
		return false;
	memcpy(h->reference_id, id, sizeof h->reference_id);
	return true;
}

static bool is_told(const struct header *h)
{
	const unsigned int mode = h->flags & 7;

	return (h->flags >> 3 & 7) == VERSION && (mode == MODE_CLIENT || mode == MODE_SERVER) &&
	       h->stratum <= STRATUM_MAX && h->poll <= POLL_MAX;
}

/* A word where the sender is not synchronised (RFC 5905 7.4), else like an address. */
static const char *reference_text(struct block *b, const struct header *h,
				  const struct processor_packet *p)
{
	const uint8_t *id = h->reference_id;
	char text[TEXT_BYTES_MAX];
	bool word = h->stratum == 0;

	for (unsigned int i = 0; i < 4; i++)
		word &= id[i] >= 'A' && id[i] <= 'Z';
	if (word)
		return processor_text(&b->texts, id, 4, 4, p);
	const int len = snprintf(text, sizeof text, "%u.%u.%u.%u", id[0], id[1], id[2], id[3]);

	return processor_text(&b->texts, text, (uint32_t)len, sizeof text, p);
}

/* Seconds since 1900, and millionths. */
static const char *time_text(struct block *b, uint64_t time, const struct processor_packet *p)
{
	const uint64_t us = ((time & UINT32_MAX) * 1000000) >> 32;
	char text[TEXT_BYTES_MAX];
	const int len =
		snprintf(text, sizeof text, "%u.%06u", (uint32_t)(time >> 32), (uint32_t)us);

	return processor_text(&b->texts, text, (uint32_t)len, sizeof text, p);
}

static void keep(struct block *b, const struct header *h, const struct processor_packet *p)
{
	struct record_ntp *r = &b->record;

	r->leap.values[r->leap.n++] = h->flags >> 6;
	r->version.values[r->version.n++] = h->flags >> 3 & 7;
	r->mode.values[r->mode.n++] = h->flags & 7;
	r->stratum.values[r->stratum.n++] = h->stratum;
	r->poll.values[r->poll.n++] = h->poll;
	r->precision.values[r->precision.n++] = h->precision;
	r->delay.values[r->delay.n++] = h->delay;
	r->dispersion.values[r->dispersion.n++] = h->dispersion;
	r->reference_id.values[r->reference_id.n++] = reference_text(b, h, p);
	r->reference.values[r->reference.n++] = time_text(b, h->times[0], p);
	r->origin.values[r->origin.n++] = time_text(b, h->times[1], p);
	r->receive.values[r->receive.n++] = time_text(b, h->times[2], p);
	r->sent.values[r->sent.n++] = time_text(b, h->times[3], p);
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct header h;

	if (!processor_has_port(p, NTP_PORT))
		return PROCESSOR_DONE;
	if (!read_header(p, &h) || !is_told(&h))
		return PROCESSOR_NEXT;

	struct block *b = processor_text_block(state, sizeof *b, p);

	if (!b)
		return PROCESSOR_DONE;
	keep(b, &h, p);
	if (p->options->records_transaction)
		return PROCESSOR_CUT_AFTER;
	return b->record.leap.n < p->options->transactions ? PROCESSOR_NEXT : PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct ntp *s = state;

	if (!s->block)
		return;
	r->ntp = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_NTP;
}

const struct processor_ops *proc_ntp(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct ntp),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
