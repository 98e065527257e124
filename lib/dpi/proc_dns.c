/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor dns: question and first answer of DNS messages (RFC 1035), one by one. */
#include "dpi/dns_message.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

struct dns {
	struct processor_block *block;
};

struct block {
	struct processor_texts texts;
	struct record_dns record;
};

_Static_assert(sizeof(struct block) + DNS_NAME_MAX + DNS_DATA_MAX < PROCESSOR_BLOCK_BYTES,
	       "room for texts");

/* What is told of a message. */
struct told {
	struct dns_question question;
	char data[DNS_DATA_MAX + 1];
	uint32_t ttl;
	uint16_t udp_size;
	bool dnssec_ok;
};

/* EDNS (RFC 6891 6.1.2): the class is a size, the TTL holds flags. */
static void read_opt(const struct dns_record *r, struct told *t)
{
	t->udp_size = r->class;
	t->dnssec_ok = r->ttl & 0x8000;
}

/* The first answer, and what EDNS says; records that are cut off end it. */
static void read_records(struct dns_message *m, struct told *t)
{
	const uint32_t n = (uint32_t)m->answers + m->authorities + m->additionals;
	struct dns_record r;

	for (uint32_t i = 0; i < n && i < DNS_RECORDS_MAX && dns_record(m, &r); i++) {
		if (i == 0 && m->answers) {
			t->ttl = r.ttl;
			dns_data_text(m, &r, t->data, sizeof t->data);
		} else if (r.type == DNS_OPT) {
			read_opt(&r, t);
		}
	}
}

/* Only the first question counts; others are as rare as they are ill defined. */
static bool read_message(struct dns_message *m, struct told *t)
{
	struct dns_question other;

	t->ttl = t->udp_size = 0;
	t->data[0] = '\0';
	t->dnssec_ok = false;
	t->question.name.len = t->question.type = t->question.class = 0;
	if (m->questions && !dns_question(m, &t->question))
		return false;
	for (uint32_t i = 1; i < m->questions && i < DNS_RECORDS_MAX; i++)
		if (!dns_question(m, &other))
			return true;
	read_records(m, t);
	return true;
}

static void keep(struct block *b, const struct dns_message *m, const struct told *t,
		 const struct processor_packet *p)
{
	struct record_dns *r = &b->record;
	const uint32_t data_len = (uint32_t)strlen(t->data);

	r->answers.values[r->answers.n++] = m->answers;
	r->rcode.values[r->rcode.n++] = m->flags & 0xf;
	r->query_type.values[r->query_type.n++] = t->question.type;
	r->query_class.values[r->query_class.n++] = t->question.class;
	r->ttl.values[r->ttl.n++] = t->ttl;
	r->rdata_len.values[r->rdata_len.n++] = (uint16_t)data_len;
	r->udp_size.values[r->udp_size.n++] = t->udp_size;
	r->dnssec_ok.values[r->dnssec_ok.n++] = t->dnssec_ok;
	r->id.values[r->id.n++] = m->id;
	r->name.values[r->name.n++] = processor_text(&b->texts, t->question.name.text,
						     t->question.name.len, DNS_NAME_MAX, p);
	r->rdata.values[r->rdata.n++] =
		processor_text(&b->texts, t->data, data_len, DNS_DATA_MAX, p);
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct dns_message m;
	struct told told;

	if (!processor_has_port(p, DNS_PORT))
		return PROCESSOR_DONE;
	if (!dns_open(&m, p->payload, p->captured, processor_is_tcp(p)) || !read_message(&m, &told))
		return PROCESSOR_NEXT;

	struct block *b = processor_text_block(state, sizeof *b, p);

	if (!b)
		return PROCESSOR_DONE;
	keep(b, &m, &told, p);
	if (p->options->records_transaction)
		return PROCESSOR_CUT_AFTER;
	return b->record.id.n < p->options->transactions ? PROCESSOR_NEXT : PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct dns *s = state;

	if (!s->block)
		return;
	r->dns = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_DNS;
}

const struct processor_ops *proc_dns(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct dns),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
