/* SPDX-License-Identifier: BSD-3-Clause */
/* nDPI in a plain loop: open addressing, exact keys, one state a flow until its verdict. */
#include "dpi_plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ndpi_api.h>

#include "dpi/ndpi_compat.h"
#include "flowtable/key.h"

struct plain_flow {
	uint64_t key[2];
	struct ndpi_flow_struct *state;
	uint64_t packets, bytes, last_ns;
	uint32_t given;
	bool used, final;
};

struct dpi_plain {
	struct parser parser;
	uint64_t notes[NOTE_N], counters[DPI_N];
	struct hash_seed seed;
	struct dpi *dpi; /* for its module */
	struct ndpi_detection_module_struct *module;
	struct plain_flow *flows;
	uint32_t mask, packets_max;
	struct dpi_plain_sums sums;
};

static const struct flow_key_rules rules;

int dpi_plain_open(struct dpi_plain **out, uint32_t flows_max, uint32_t packets_max)
{
	struct dpi_plain *p = calloc(1, sizeof *p);
	const struct dpi_options o = {.guess = true, .counters = p ? p->counters : NULL};
	char error[256];
	int rc;

	if (!p)
		return -ENOMEM;
	p->packets_max = packets_max;
	for (p->mask = 1; p->mask < 2 * flows_max; p->mask *= 2)
		continue;
	p->flows = calloc(p->mask--, sizeof *p->flows);
	hash_seed_fixed(&p->seed, 1);
	rc = p->flows ? parser_init(&p->parser, p->notes, false) : -ENOMEM;
	if (rc == 0)
		rc = dpi_create(&p->dpi, &o, error, sizeof error);
	if (rc) {
		dpi_plain_close(p);
		return rc;
	}
	dpi_open(p->dpi);
	p->module = dpi_module(p->dpi);
	*out = p;
	return 0;
}

static struct plain_flow *flow_of(struct dpi_plain *p, const struct packet *k)
{
	struct flow_lookup l;
	uint32_t at = (uint32_t)flow_lookup_make(&l, k, &rules, &p->seed) & p->mask;

	while (p->flows[at].used && memcmp(p->flows[at].key, l.key, sizeof l.key) != 0)
		at = (at + 1) & p->mask;
	struct plain_flow *f = &p->flows[at];
	if (!f->used) {
		*f = (struct plain_flow){.key = {l.key[0], l.key[1]}, .used = true};
		p->sums.flows++;
	}
	return f;
}

static void conclude(struct dpi_plain *p, struct plain_flow *f, struct ndpi_verdict v)
{
	if (f->state && !v.app)
		v = ndpi_compat_giveup(p->module, f->state, true);
	p->sums.detected += v.app || v.master;
	f->final = true;
	if (f->state)
		ndpi_free_flow(f->state);
	f->state = NULL;
}

static void inspect(struct dpi_plain *p, struct plain_flow *f, const struct packet *k)
{
	const uint32_t len = k->len - k->l3_offset;

	if (!f->state)
		f->state = ndpi_flow_malloc(SIZEOF_FLOW_STRUCT);
	if (!f->state)
		return;
	if (!f->given)
		memset(f->state, 0, SIZEOF_FLOW_STRUCT);
	f->given++;
	p->sums.calls++;
	struct ndpi_verdict v = ndpi_compat_process(p->module, f->state, k->data + k->l3_offset,
						    (uint16_t)len, k->time_ns / 1000000);
	if (v.app || f->given == p->packets_max)
		conclude(p, f, v);
}

void dpi_plain_packet(struct dpi_plain *p, struct packet *k)
{
	parse_packet(&p->parser, k);
	if (k->drop != DROP_NONE)
		return;
	struct plain_flow *f = flow_of(p, k);

	f->packets++;
	f->bytes += k->l3_len;
	f->last_ns = k->time_ns;
	p->sums.packets++;
	p->sums.ip_bytes += k->l3_len;
	if (!f->final)
		inspect(p, f, k);
}

void dpi_plain_end(struct dpi_plain *p)
{
	const struct ndpi_verdict none = {0};

	for (uint32_t i = 0; i <= p->mask; i++) {
		if (p->flows[i].used && !p->flows[i].final)
			conclude(p, &p->flows[i], none);
		p->flows[i].used = false;
	}
}

const struct dpi_plain_sums *dpi_plain_sums(const struct dpi_plain *p)
{
	return &p->sums;
}

void dpi_plain_close(struct dpi_plain *p)
{
	if (!p)
		return;
	if (p->module)
		dpi_plain_end(p);
	dpi_destroy(p->dpi);
	parser_fini(&p->parser);
	free(p->flows);
	free(p);
}
