/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor passivedns: which addresses and names DNS responses tie together, answer by answer. */
#include "dpi/dns_message.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

struct passivedns {
	struct processor_block *block;
};

struct block {
	struct processor_texts texts;
	struct record_passivedns record;
	uint16_t ids[PASSIVEDNS_ANSWERS_MAX], types[PASSIVEDNS_ANSWERS_MAX];
	uint32_t ttls[PASSIVEDNS_ANSWERS_MAX];
	struct octets addresses[PASSIVEDNS_ANSWERS_MAX];
	const char *names[PASSIVEDNS_ANSWERS_MAX];
	uint32_t n;
};

_Static_assert(sizeof(struct block) + DNS_NAME_MAX + 17 < PROCESSOR_BLOCK_BYTES, "room for texts");

/* An answer's address and the name that goes with it. */
struct tie {
	uint8_t address[16];
	uint32_t address_len;
	struct dns_name name;
};

/* A name has an address; or the address in the name of a PTR record has a name. */
static bool read_tie(const struct dns_message *m, const struct dns_record *r, struct tie *t)
{
	struct rbuf data = r->data;
	const uint32_t len = r->type == DNS_A ? 4 : 16;

	if (r->type == DNS_PTR) {
		t->address_len = dns_reverse_address(&r->name, t->address);
		return t->address_len && dns_data_name(m, &data, &t->name);
	}
	if ((r->type != DNS_A && r->type != DNS_AAAA) || rbuf_left(&data) != len)
		return false;
	memcpy(t->address, data.at, len);
	t->address_len = len;
	t->name = r->name;
	return true;
}

/* Of an address there must be all. */
static bool has_room(const struct block *b, const struct tie *t)
{
	const uint32_t name_len = t->name.len < DNS_NAME_MAX ? t->name.len : DNS_NAME_MAX;

	return b->n < PASSIVEDNS_ANSWERS_MAX &&
	       t->address_len + name_len + 1 <= (size_t)(b->texts.end - b->texts.at);
}

static void keep(struct block *b, uint16_t id, const struct dns_record *r, const struct tie *t,
		 const struct processor_packet *p)
{
	const uint32_t i = b->n++;

	b->ids[i] = id;
	b->types[i] = r->type;
	b->ttls[i] = r->ttl;
	b->addresses[i] = processor_octets(&b->texts, t->address, t->address_len, 16, p);
	b->names[i] = processor_text(&b->texts, t->name.text, t->name.len, DNS_NAME_MAX, p);
}

static void tell(struct block *b)
{
	const uint8_t n = (uint8_t)b->n;

	b->record = (struct record_passivedns){
		.id = {b->ids, n},
		.type = {b->types, n},
		.ttl = {b->ttls, n},
		.address = {b->addresses, n},
		.name = {b->names, n},
	};
}

/* Answers beyond those that are kept are counted. False: there was no memory. */
static bool read_answers(void *state, struct dns_message *m, const struct processor_packet *p)
{
	struct dns_record r;
	struct tie t;

	for (uint32_t i = 0; i < m->answers && i < DNS_RECORDS_MAX && dns_record(m, &r); i++) {
		struct block *b;

		if (!read_tie(m, &r, &t))
			continue;
		b = processor_text_block(state, sizeof *b, p);
		if (!b)
			return false;
		if (!has_room(b, &t)) {
			processor_count_cut(p);
			break;
		}
		keep(b, m->id, &r, &t, p);
		tell(b);
	}
	return true;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct passivedns *s = state;
	struct dns_message m;

	if (!processor_has_port(p, DNS_PORT))
		return PROCESSOR_DONE;
	if (p->view->src_port != DNS_PORT ||
	    !dns_open(&m, p->payload, p->captured, processor_is_tcp(p)) || !dns_is_response(&m) ||
	    !dns_skip_questions(&m))
		return PROCESSOR_NEXT;
	if (!read_answers(state, &m, p))
		return PROCESSOR_DONE;
	if (p->options->records_transaction)
		return PROCESSOR_CUT_AFTER;
	return s->block && ((const struct block *)s->block)->n == PASSIVEDNS_ANSWERS_MAX ?
		       PROCESSOR_DONE :
		       PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct passivedns *s = state;

	if (!s->block)
		return;
	r->passivedns = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_DNS;
}

const struct processor_ops *proc_passivedns(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct passivedns),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
