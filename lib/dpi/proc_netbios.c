/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor netbios: the name that a NetBIOS name service message asks for (RFC 1002 4.2). */
#include "core/bytes.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

enum { NETBIOS_PORT = 137, HEADER_LEN = 12, QUESTIONS_AT = 4 };
/* A name has 15 characters and a byte that says of what kind, each written as two letters. */
enum { NAME_CHARACTERS = 15, ENCODED_LEN = 2 * (NAME_CHARACTERS + 1) };

struct netbios {
	struct processor_block *block;
};

struct block {
	struct processor_texts texts;
	struct record_netbios record;
};

_Static_assert(sizeof(struct block) < PROCESSOR_BLOCK_BYTES, "room for texts");

/* Half a byte a letter, from A on (RFC 1001 14.1). */
static bool decode(const uint8_t *from, char to[NAME_CHARACTERS + 1])
{
	for (unsigned int i = 0; i <= NAME_CHARACTERS; i++) {
		const unsigned int high = from[2 * i] - 'A', low = from[2 * i + 1] - 'A';

		if (high > 15 || low > 15)
			return false;
		to[i] = (char)(high << 4 | low);
	}
	return true;
}

/* The name of the first question; false: there is none. */
static bool read_name(const struct processor_packet *p, char name[NAME_CHARACTERS + 1])
{
	struct rbuf r = rbuf_make(p->payload, p->captured);
	const uint8_t *header = get_bytes(&r, HEADER_LEN);
	const bool asks = header && load_be16(header + QUESTIONS_AT);
	const uint8_t len = get_u8(&r);
	const uint8_t *encoded = get_bytes(&r, ENCODED_LEN);

	return asks && len == ENCODED_LEN && encoded && decode(encoded, name);
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	char name[NAME_CHARACTERS + 1];

	if (!processor_has_port(p, NETBIOS_PORT))
		return PROCESSOR_DONE;
	if (!read_name(p, name))
		return PROCESSOR_NEXT;

	struct block *b = processor_text_block(state, sizeof *b, p);

	if (!b)
		return PROCESSOR_DONE;
	b->record.name.values[b->record.name.n++] =
		processor_text(&b->texts, name, NAME_CHARACTERS, NAME_CHARACTERS, p);
	b->record.suffix.values[b->record.suffix.n++] = (uint8_t)name[NAME_CHARACTERS];
	return b->record.name.n < processor_transactions_max(p) ? PROCESSOR_NEXT : PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct netbios *s = state;

	if (!s->block)
		return;
	r->netbios = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_NETBIOS;
}

const struct processor_ops *proc_netbios(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct netbios),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
