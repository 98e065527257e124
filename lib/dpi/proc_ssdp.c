/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor ssdp: what is announced and searched for by UPnP's discovery, to port 1900. Services
 * and devices are told without their "urn:"; each text of a list is there once.
 */
#include <string.h>

#include "dpi/piece.h"
#include "dpi/processor.h"
#include "record/elements.h"

enum { SSDP_PORT = 1900, SERVICES_BYTES = 511, PROGRAMS_BYTES = 255, PORT_DIGITS = 5 };

struct ssdp {
	struct processor_block *block;
};

struct block {
	struct record_ssdp record;
	char nt[SERVICES_BYTES], st[SERVICES_BYTES];
	char agent[PROGRAMS_BYTES], server[PROGRAMS_BYTES];
};

_Static_assert(sizeof(struct block) <= PROCESSOR_BLOCK_BYTES, "it fits");

static bool has_entry(const char *list, struct piece value)
{
	for (const char *at = list; *at;) {
		const size_t len = strcspn(at, ";");

		if (strncmp(at, value.at, value.len) == 0 &&
		    (at[value.len] == ';' || !at[value.len]))
			return true;
		at += len + (at[len] == ';');
	}
	return false;
}

/* One that does not fit is left out. */
static void add_entry(char *list, size_t list_bytes, struct piece value)
{
	size_t len = strlen(list);

	value.len = (uint32_t)strnlen(value.at, value.len);
	if (!value.len || len + (len > 0) + value.len >= list_bytes || has_entry(list, value))
		return;
	if (len)
		list[len++] = ';';
	memcpy(list + len, value.at, value.len);
	list[len + value.len] = '\0';
}

/* Of http://HOST:PORT/..., where HOST may be [IPv6]; 0: none is there. */
static uint16_t port_of(struct piece url)
{
	struct piece host = piece_behind(piece_behind(url, '/'), '/');
	uint32_t port;

	host = piece_before(host, '/');
	if (host.len && *host.at == '[')
		host = piece_behind(host, ']');
	port = piece_number(piece_behind(host, ':'), PORT_DIGITS);
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void add_urn(char *list, struct piece value)
{
	static const char urn[] = "urn:";

	if (value.len > sizeof urn - 1 &&
	    piece_is_any_case((struct piece){value.at, sizeof urn - 1}, urn))
		add_entry(list, SERVICES_BYTES, piece_trim(piece_behind(value, ':')));
}

static void read_notify(struct block *b, const struct piece_header *h)
{
	if (piece_is_any_case(h->name, "NT"))
		add_urn(b->nt, h->value);
	else if (piece_is_any_case(h->name, "SERVER"))
		add_entry(b->server, sizeof b->server, h->value);
	else if (piece_is_any_case(h->name, "LOCATION") && port_of(h->value))
		b->record.location_port = port_of(h->value);
}

static void read_search(struct block *b, const struct piece_header *h)
{
	if (piece_is_any_case(h->name, "ST"))
		add_urn(b->st, h->value);
	else if (piece_is_any_case(h->name, "USER-AGENT"))
		add_entry(b->agent, sizeof b->agent, h->value);
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct piece payload = {(const char *)p->payload, p->captured};
	const bool notify = piece_begins(payload, "NOTIFY ");
	struct piece rest = piece_behind(payload, '\n');
	uint32_t lines = TEXT_HEADERS_MAX;
	struct piece_header h;
	struct block *b;

	if (!processor_has_port(p, SSDP_PORT))
		return PROCESSOR_DONE;
	if (p->view->dst_port != SSDP_PORT || (!notify && !piece_begins(payload, "M-SEARCH ")))
		return PROCESSOR_NEXT;
	b = processor_block(state, p);
	if (!b)
		return PROCESSOR_DONE;
	while (piece_take_header(&rest, &h, &lines)) {
		if (notify)
			read_notify(b, &h);
		else
			read_search(b, &h);
	}
	b->record.nt = b->nt;
	b->record.st = b->st;
	b->record.agent = b->agent;
	b->record.server = b->server;
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct ssdp *s = state;

	if (!s->block)
		return;
	r->ssdp = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_SSDP;
}

const struct processor_ops *proc_ssdp(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct ssdp),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
