/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor dnssd: services that multicast DNS (RFC 6762, RFC 6763) asks for and tells. */
#include <stdio.h>
#include <strings.h>

#include "dpi/dns_message.h"
#include "dpi/processor.h"
#include "dpi/processor_texts.h"
#include "record/elements.h"

enum { MDNS_PORT = 5353, NO_PORT = -1 };

struct dnssd {
	struct processor_block *block;
};

/* What records say of one name. */
struct service {
	const char *name, *target, *hinfo, *txt;
	int32_t port; /* NO_PORT: no SRV was seen */
};

struct block {
	struct processor_texts texts;
	struct record_dnssd record;
	char queries[DNSSD_TEXT_MAX + 1], responses[DNSSD_TEXT_MAX + 1];
	struct service services[DNSSD_SERVICES_MAX];
	uint32_t n;
};

_Static_assert(sizeof(struct block) + DNS_NAME_MAX < PROCESSOR_BLOCK_BYTES, "room for texts");

/* Whether an entry is among those that each end with a semicolon. */
static bool is_among(const char *list, const char *entry)
{
	const size_t len = strlen(entry);

	for (const char *at = list; *at; at += strcspn(at, ";") + 1)
		if (strncasecmp(at, entry, len) == 0 && at[len] == ';')
			return true;
	return false;
}

/* Only whole entries are told. */
static void add_query(struct block *b, const struct dns_name *name,
		      const struct processor_packet *p)
{
	const size_t used = strlen(b->queries);

	if (is_among(b->queries, name->text))
		return;
	if (used + name->len + 1 > DNSSD_TEXT_MAX) {
		processor_count_cut(p);
		return;
	}
	memcpy(b->queries + used, name->text, name->len);
	memcpy(b->queries + used + name->len, ";", 2);
}

static bool is_arpa(const struct dns_name *name)
{
	static const char arpa[] = "arpa";
	const uint32_t len = sizeof arpa - 1;

	return name->len >= len && strcasecmp(name->text + name->len - len, arpa) == 0;
}

static struct service *service_of(struct block *b, const struct dns_name *name,
				  const struct processor_packet *p)
{
	struct service *s;

	for (uint32_t i = 0; i < b->n; i++)
		if (strcasecmp(b->services[i].name, name->text) == 0)
			return &b->services[i];
	if (b->n == DNSSD_SERVICES_MAX) {
		processor_count_cut(p);
		return NULL;
	}
	s = &b->services[b->n++];
	*s = (struct service){.target = "", .hinfo = "", .txt = "", .port = NO_PORT};
	s->name = processor_text(&b->texts, name->text, name->len, DNSSD_TEXT_MAX, p);
	return s;
}

/* Port and target of a service; what a name says of its host; what it says of itself. */
static void add_record(struct block *b, const struct dns_message *m, const struct dns_record *r,
		       const struct processor_packet *p)
{
	enum { SRV_PORT_AT = 4 };
	const bool txt = r->type == DNS_TXT && p->options->dnssd_txt;
	struct rbuf data = r->data;
	char text[DNSSD_TEXT_MAX + 1];
	struct dns_name target;
	struct service *s;

	if (r->type != DNS_SRV && r->type != DNS_HINFO && !txt)
		return;
	s = service_of(b, &r->name, p);
	if (!s)
		return;
	if (r->type == DNS_SRV) {
		get_bytes(&data, SRV_PORT_AT);
		const uint16_t port = get_be16(&data);

		if (data.failed || s->port != NO_PORT || !dns_data_name(m, &data, &target))
			return;
		s->port = port;
		s->target = processor_text(&b->texts, target.text, target.len, DNSSD_TEXT_MAX, p);
		return;
	}
	const char **to = txt ? &s->txt : &s->hinfo;
	if ((*to)[0])
		return;
	dns_data_text(m, r, text, sizeof text);
	*to = processor_text(&b->texts, text, (uint32_t)strlen(text), DNSSD_TEXT_MAX, p);
}

/* name;port;target;hinfo;txt; of each service, whole ones only. */
static void tell_services(struct block *b)
{
	size_t used = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct service *s = &b->services[i];
		const size_t room = sizeof b->responses - used;
		const int n = snprintf(b->responses + used, room, "%s;%d;%s;%s;%s;", s->name,
				       (int)s->port, s->target, s->hinfo, s->txt);

		if (n < 0 || (size_t)n >= room)
			break;
		used += (size_t)n;
	}
	b->responses[used] = '\0';
}

static void read_message(struct block *b, struct dns_message *m, const struct processor_packet *p)
{
	const uint32_t n = (uint32_t)m->answers + m->authorities + m->additionals;
	struct dns_question q;
	struct dns_record r;

	for (uint32_t i = 0; i < m->questions; i++) {
		if (i == DNS_RECORDS_MAX || !dns_question(m, &q))
			return;
		if (!dns_is_response(m) && q.name.len && !is_arpa(&q.name))
			add_query(b, &q.name, p);
	}
	if (!dns_is_response(m))
		return;
	for (uint32_t i = 0; i < n && i < DNS_RECORDS_MAX && dns_record(m, &r); i++)
		add_record(b, m, &r, p);
	tell_services(b);
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct dns_message m;
	struct block *b;

	if (!processor_has_port(p, MDNS_PORT))
		return PROCESSOR_DONE;
	if (!dns_open(&m, p->payload, p->captured, processor_is_tcp(p)))
		return PROCESSOR_NEXT;
	b = processor_text_block(state, sizeof *b, p);
	if (!b)
		return PROCESSOR_DONE;
	b->record = (struct record_dnssd){b->queries, b->responses};
	read_message(b, &m, p);
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct dnssd *s = state;

	if (!s->block)
		return;
	r->dnssd = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_DNSSD;
}

const struct processor_ops *proc_dnssd(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct dnssd),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
