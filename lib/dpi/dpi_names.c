/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of verdicts, each made once: "TLS.Google" stands in memory once for all its flows. */
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

static uint32_t slot_of(uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15ULL >> 40) % DPI_NAME_SLOTS;
}

static void name_make(struct dpi *d, struct dpi_name *n, const struct ndpi_verdict *v)
{
	ndpi_compat_name(d->module, v->master, v->app, n->text, sizeof n->text);
	n->category = ndpi_category_get_name(d->module, (ndpi_protocol_category_t)v->category);
}

const char *dpi_name_intern(struct dpi *d, const struct ndpi_verdict *v)
{
	struct dpi_names *names = &d->names;
	struct dpi_name *table = names->table.base;
	uint64_t key = (uint64_t)v->category << 32 | (uint32_t)v->master << 16 | v->app;
	uint32_t at = slot_of(key);

	for (uint32_t i = 0; i < DPI_NAME_SLOTS && names->slot[at]; i++) {
		struct dpi_name *n = &table[names->slot[at] - 1];

		if (n->key == key)
			return n->text;
		at = (at + 1) % DPI_NAME_SLOTS;
	}
	if (names->used == DPI_NAMES_MAX)
		return table[0].text; /* "Unknown", made first */
	struct dpi_name *n = &table[names->used++];

	n->key = key;
	name_make(d, n, v);
	names->slot[at] = (uint16_t)names->used;
	return n->text;
}

const char *dpi_name_category(const char *text)
{
	const struct dpi_name *n =
		(const struct dpi_name *)(const void *)(text - offsetof(struct dpi_name, text));

	return n->category ? n->category : "";
}

char *dpi_protocol_name(struct dpi *d, uint16_t master_id, uint16_t app_id, char *buffer,
			size_t len)
{
	if (len == 0)
		return buffer;
	buffer[0] = '\0';
	ndpi_compat_name(d->module, master_id, app_id, buffer, (unsigned int)len);
	return buffer;
}

uint16_t dpi_protocol_id(struct dpi *d, const char *name)
{
	unsigned int n = ndpi_get_num_supported_protocols(d->module);

	for (unsigned int id = 1; id < n; id++) {
		const char *known = ndpi_get_proto_name(d->module, (u_int16_t)id);

		if (known && strcasecmp(known, name) == 0)
			return (uint16_t)id;
	}
	return 0;
}
