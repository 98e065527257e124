/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of verdicts, each made once: "TLS.Google" stands in memory once for all its flows, and for
 * all modules that come one after the other.
 */
#include "dpi/dpi_private.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int dpi_names_init(struct dpi_names *names)
{
	return memory_map(&names->table, DPI_NAMES_MAX * sizeof(struct dpi_name), MEMORY_NODE_ANY,
			  false);
}

void dpi_names_fini(struct dpi_names *names)
{
	memory_unmap(&names->table);
}

void dpi_names_forget_ids(struct dpi_names *names)
{
	memset(names->by_ids, 0, sizeof names->by_ids);
	names->keys_used = 0;
}

static uint32_t slot_of(uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15ULL >> 40) % DPI_NAME_SLOTS;
}

/* FNV-1a over the whole of a name, which is zeroed behind its texts. */
static uint32_t slot_of_text(const struct dpi_name *n)
{
	const uint8_t *at = (const uint8_t *)n;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < sizeof *n; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ULL;
	return slot_of(hash);
}

/* A pair of one protocol and itself, or none, is that one. */
static void pair_name(struct dpi *d, const struct ndpi_verdict *v, char *to, size_t len)
{
	bool alone = v->app == 0 || v->app == v->master;

	ndpi_compat_name(d->module.ndpi, alone ? 0 : v->master,
			 alone && v->master ? v->master : v->app, to, (unsigned int)len);
}

static void name_make(struct dpi *d, struct dpi_name *n, const struct ndpi_verdict *v)
{
	const char *category =
		ndpi_category_get_name(d->module.ndpi, (ndpi_protocol_category_t)v->category);
	char text[DPI_NAME_BYTES] = "";

	/* Zeroed behind its texts, whatever nDPI leaves there: names are compared as bytes. */
	*n = (struct dpi_name){0};
	pair_name(d, v, text, sizeof text);
	memcpy(n->text, text, strnlen(text, sizeof text - 1));
	if (category)
		memcpy(n->category, category, strnlen(category, sizeof n->category - 1));
}

/* The place of these texts, which may be there from another module; 0 = the first name. */
static uint32_t name_place(struct dpi_names *names, const struct dpi_name *wanted)
{
	struct dpi_name *table = names->table.base;
	uint32_t at = slot_of_text(wanted);

	for (uint32_t i = 0; i < DPI_NAME_SLOTS && names->by_text[at]; i++) {
		if (memcmp(&table[names->by_text[at] - 1], wanted, sizeof *wanted) == 0)
			return names->by_text[at] - 1U;
		at = (at + 1) % DPI_NAME_SLOTS;
	}
	if (names->used == DPI_NAMES_MAX)
		return 0; /* "Unknown", made first */
	table[names->used] = *wanted;
	names->by_text[at] = (uint16_t)++names->used;
	return names->used - 1;
}

const char *dpi_name_intern(struct dpi *d, const struct ndpi_verdict *v)
{
	struct dpi_names *names = &d->names;
	struct dpi_name *table = names->table.base;
	uint64_t ids = (uint64_t)v->category << 32 | (uint32_t)v->master << 16 | v->app;
	uint32_t at = slot_of(ids), place;
	struct dpi_name wanted;

	for (uint32_t i = 0; i < DPI_NAME_SLOTS && names->by_ids[at].name; i++) {
		if (names->by_ids[at].ids == ids)
			return table[names->by_ids[at].name - 1].text;
		at = (at + 1) % DPI_NAME_SLOTS;
	}
	name_make(d, &wanted, v);
	place = name_place(names, &wanted);
	if (names->keys_used < DPI_NAMES_MAX) {
		names->by_ids[at] = (struct dpi_name_key){ids, (uint16_t)(place + 1)};
		names->keys_used++;
	}
	return table[place].text;
}

const char *dpi_name_category(const char *text)
{
	const struct dpi_name *n =
		(const struct dpi_name *)(const void *)(text - offsetof(struct dpi_name, text));

	return n->category;
}

char *dpi_protocol_name(struct dpi *d, uint16_t master_id, uint16_t app_id, char *buffer,
			size_t len)
{
	const struct ndpi_verdict v = {.master = master_id, .app = app_id};

	if (len == 0)
		return buffer;
	buffer[0] = '\0';
	pair_name(d, &v, buffer, len);
	return buffer;
}

uint16_t dpi_protocol_find(struct ndpi_detection_module_struct *m, const char *name)
{
	unsigned int n = ndpi_compat_protocols(m);

	for (unsigned int id = 1; id < n; id++) {
		const char *known = ndpi_get_proto_name(m, (u_int16_t)id);

		if (known && strcasecmp(known, name) == 0)
			return (uint16_t)id;
	}
	return 0;
}

uint32_t dpi_protocol_numbers(struct dpi *d)
{
	return ndpi_compat_protocols(d->module.ndpi);
}

bool dpi_protocol_at(struct dpi *d, uint32_t number, struct dpi_protocol *out)
{
	struct ndpi_detection_module_struct *m = d->module.ndpi;
	const char *name, *unknown = ndpi_get_proto_name(m, NDPI_PROTOCOL_UNKNOWN), *category;

	if (number >= ndpi_compat_protocols(m))
		return false;
	name = ndpi_get_proto_name(m, (u_int16_t)number);
	if (!name || !name[0] || (number && unknown && strcmp(name, unknown) == 0))
		return false;
	category = ndpi_category_get_name(m, ndpi_compat_category(m, (uint16_t)number));
	*out = (struct dpi_protocol){
		.id = (uint16_t)number, .name = name, .category = category ? category : ""};
	return true;
}

/* Names that protocols had in earlier releases of nDPI. */
static const struct {
	const char *old, *name;
} legacy[] = {
	{"SSL", "TLS"},
};

uint16_t dpi_protocol_id(struct dpi *d, const char *name)
{
	uint16_t id = dpi_protocol_find(d->module.ndpi, name);

	for (size_t i = 0; !id && i < sizeof legacy / sizeof legacy[0]; i++)
		if (strcasecmp(legacy[i].old, name) == 0)
			id = dpi_protocol_find(d->module.ndpi, legacy[i].name);
	return id;
}
