/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hash tables of fixed size. An address has a few places; when all are taken, the smallest
 * gives way to a larger flow, so that millions of small hosts crowd out each other only.
 */
#include "flow_top.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* Places of an address. */
#define WAYS 8

int flow_top_init(struct flow_top *t, uint64_t now_ns)
{
	*t = (struct flow_top){
		.now_ns = now_ns,
		.hosts = calloc(FLOW_TOP_HOSTS, sizeof *t->hosts),
		.applications = calloc(FLOW_TOP_APPLICATIONS, sizeof *t->applications),
	};
	if (t->hosts && t->applications)
		return 0;
	flow_top_free(t);
	return -ENOMEM;
}

void flow_top_free(struct flow_top *t)
{
	free(t->hosts);
	free(t->applications);
	t->hosts = t->applications = NULL;
}

static uint32_t hash_bytes(const void *p, size_t n)
{
	const uint8_t *at = p;
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	while (n--)
		h = (h ^ *at++) * 0x100000001b3ULL;
	return (uint32_t)(h ^ h >> 32);
}

static double rate_of(const struct flow_top *t, const struct flow_record *r, uint64_t bytes)
{
	uint64_t age_ns = t->now_ns > r->start_ns ? t->now_ns - r->start_ns : 0;

	if (age_ns < SECOND_NS)
		age_ns = SECOND_NS;
	return 8.0 * (double)bytes * SECOND_NS / (double)age_ns;
}

static void add(struct talker *to, uint64_t bytes, double rate)
{
	to->flows++;
	to->bytes += bytes;
	to->bits_per_s += rate;
}

static void add_host(struct flow_top *t, const uint8_t *address, uint8_t version, uint64_t bytes,
		     double rate)
{
	const size_t len = version == 6 ? 16 : 4;
	const uint32_t set = hash_bytes(address, len) % (FLOW_TOP_HOSTS / WAYS);
	struct talker *first = &t->hosts[set * WAYS], *least = first;

	for (struct talker *h = first; h < first + WAYS; h++) {
		if (!h->flows) {
			least = h;
			break;
		}
		if (h->ip_version == version && memcmp(h->address, address, len) == 0) {
			add(h, bytes, rate);
			return;
		}
		if (h->bits_per_s < least->bits_per_s)
			least = h;
	}
	if (least->flows) {
		const bool gives_way = rate > least->bits_per_s;

		t->crowded_out++;
		t->crowded_out_bits_per_s += gives_way ? least->bits_per_s : rate;
		if (!gives_way)
			return;
	}
	*least = (struct talker){.ip_version = version};
	memcpy(least->address, address, len);
	add(least, bytes, rate);
}

/* Those of one name; where there is no place, among "others". */
static struct talker *application(struct flow_top *t, const char *name)
{
	static const char others[] = "others";
	uint32_t at = hash_bytes(name, strlen(name)) % (FLOW_TOP_APPLICATIONS - 1);

	for (unsigned int i = 0; i < WAYS; i++, at = (at + 1) % (FLOW_TOP_APPLICATIONS - 1)) {
		struct talker *a = &t->applications[at];

		if (!a->name[0])
			snprintf(a->name, sizeof a->name, "%s", name);
		if (strncmp(a->name, name, sizeof a->name - 1) == 0)
			return a;
	}
	memcpy(t->applications[FLOW_TOP_APPLICATIONS - 1].name, others, sizeof others);
	return &t->applications[FLOW_TOP_APPLICATIONS - 1];
}

void flow_top_see(void *self, const struct flow_record *r)
{
	struct flow_top *t = self;
	const uint64_t bytes = r->octets[DIR_FWD] + r->octets[DIR_REV];
	const double rate = rate_of(t, r, bytes);
	const char *name = flow_record_has_l7(r) && r->l7_proto[0] ? r->l7_proto : "not known";

	t->flows++;
	t->bits_per_s += rate;
	add_host(t, r->src_addr, r->ip_version, bytes, rate);
	add_host(t, r->dst_addr, r->ip_version, bytes, rate);
	add(application(t, name), bytes, rate);
}

/* Bytes decide where rates are equal. */
static bool before(const struct talker *a, const struct talker *b)
{
	if (a->bits_per_s > b->bits_per_s || a->bits_per_s < b->bits_per_s)
		return a->bits_per_s > b->bits_per_s;
	return a->bytes > b->bytes;
}

static unsigned int largest(const struct talker *all, unsigned int n_all, const struct talker **out,
			    unsigned int n)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < n_all; i++) {
		unsigned int at = found;

		if (!all[i].flows)
			continue;
		for (; at > 0 && before(&all[i], out[at - 1]); at--)
			if (at < n)
				out[at] = out[at - 1];
		if (at >= n)
			continue;
		out[at] = &all[i];
		found += found < n;
	}
	return found;
}

unsigned int flow_top_hosts(const struct flow_top *t, const struct talker **out, unsigned int n)
{
	return largest(t->hosts, FLOW_TOP_HOSTS, out, n);
}

unsigned int flow_top_applications(const struct flow_top *t, const struct talker **out,
				   unsigned int n)
{
	return largest(t->applications, FLOW_TOP_APPLICATIONS, out, n);
}
