/* SPDX-License-Identifier: BSD-3-Clause */
/* A small hash by name, read once at the end. */
#include "top.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return h;
}

static struct top_entry *entry_of(struct top *t, const char *name)
{
	uint32_t at = name_hash(name) % TOP_SLOTS;

	for (uint32_t i = 0; i < TOP_SLOTS; i++, at = (at + 1) % TOP_SLOTS) {
		struct top_entry *e = &t->entries[at];

		if (!e->name[0])
			snprintf(e->name, sizeof e->name, "%s", name);
		if (strncmp(e->name, name, sizeof e->name - 1) == 0)
			return e;
	}
	return NULL;
}

void top_count(struct top *t, const struct flow_record *r)
{
	struct top_entry *e = entry_of(t, flow_record_has_l7(r) ? r->l7_proto : "not inspected");

	if (!e) {
		t->not_counted++;
		return;
	}
	e->flows += r->end_reason != END_SLICE;
	e->packets += r->packets[DIR_FWD] + r->packets[DIR_REV];
	e->octets += r->octets[DIR_FWD] + r->octets[DIR_REV];
}

/* Name decides where bytes are equal, so that the same run prints the same. */
static bool before(const struct top_entry *a, const struct top_entry *b)
{
	return a->octets != b->octets ? a->octets > b->octets : strcmp(a->name, b->name) < 0;
}

unsigned int top_largest(const struct top *t, const struct top_entry **largest, unsigned int n)
{
	unsigned int found = 0;

	for (uint32_t i = 0; i < TOP_SLOTS; i++) {
		const struct top_entry *e = &t->entries[i];
		unsigned int at = found;

		if (!e->name[0])
			continue;
		while (at > 0 && before(e, largest[at - 1])) {
			if (at < n)
				largest[at] = largest[at - 1];
			at--;
		}
		if (at < n) {
			largest[at] = e;
			found += found < n;
		}
	}
	return found;
}
