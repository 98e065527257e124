/* SPDX-License-Identifier: BSD-3-Clause */
/* The table's nDPI: names, a module of the caller's, files of custom protocols and categories. */
#include "ft/table.h"

#include "ft/ft.h"
#include "ft/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *pfring_ft_l7_protocol_name(pfring_ft_table *table, pfring_ft_ndpi_protocol *protocol,
				 char *buffer, int buffer_len)
{
	struct ft_table *t = table;

	if (buffer_len <= 0)
		return buffer;
	if (t->dpi)
		return dpi_protocol_name(t->dpi, protocol->master_protocol, protocol->app_protocol,
					 buffer, (size_t)buffer_len);
	snprintf(buffer, (size_t)buffer_len, "Unknown");
	return buffer;
}

u_int16_t pfring_ft_l7_protocol_id(pfring_ft_table *table, const char *name)
{
	struct ft_table *t = table;

	return t->dpi && name ? dpi_protocol_id(t->dpi, name) : 0;
}

int pfring_ft_set_ndpi_handle(pfring_ft_table *table, struct ndpi_detection_module_struct *ndpi)
{
	struct ft_table *t = table;
	struct dpi_options options = t->dpi_options;
	struct dpi *dpi;
	char error[256];
	int rc;

	options.module = ndpi;
	if (!ndpi) {
		ft_log("pfring_ft_set_ndpi_handle: no module was given");
		return -EINVAL;
	}
	if (t->dpi && dpi_module(t->dpi) == ndpi)
		return 0;
	if (t->counters.table[TABLE_flows_created]) {
		ft_log("pfring_ft_set_ndpi_handle: call it before the first packet");
		return -EBUSY;
	}
	rc = dpi_create(&dpi, &options, error, sizeof error);
	if (rc) {
		ft_log("%s", error);
		return rc;
	}
	dpi_destroy(t->dpi);
	t->dpi = dpi;
	return 0;
}

struct ndpi_detection_module_struct *pfring_ft_get_ndpi_handle(pfring_ft_table *table)
{
	struct ft_table *t = table;

	return t->dpi ? dpi_module(t->dpi) : NULL;
}

static int load(struct ft_table *t, const char *path,
		int (*load_file)(struct dpi *, const char *, char *, size_t))
{
	char error[512] = "";
	int rc;

	if (!t->dpi || !path) {
		ft_log("%s",
		       path ? "this table has no nDPI: make it with PFRING_FT_TABLE_FLAGS_DPI" :
			      "no path was given");
		return -EINVAL;
	}
	rc = load_file(t->dpi, path, error, sizeof error);
	if (rc)
		ft_log("%s", error);
	else
		ft_debug("%s loaded", path);
	return rc;
}

int pfring_ft_load_ndpi_protocols(pfring_ft_table *table, const char *path)
{
	return load(table, path, dpi_load_protocols_file);
}

int pfring_ft_load_ndpi_categories(pfring_ft_table *table, const char *path)
{
	return load(table, path, dpi_load_categories_file);
}

int pfring_ft_is_ndpi_available(void)
{
	return 1;
}

/* Where the next string goes, behind the structures. */
static const char *keep_text(char **at, const char *text)
{
	const char *kept = *at;
	size_t bytes = strlen(text) + 1;

	memcpy(*at, text, bytes);
	*at += bytes;
	return kept;
}

int ft_applications(pfring_ft_table *table, struct ipfix_application **out, uint32_t *n)
{
	struct ft_table *t = table;
	uint32_t numbers = t->dpi ? dpi_protocol_numbers(t->dpi) : 0, count = 0;
	struct ipfix_application *list = NULL;
	struct dpi_protocol one;
	size_t bytes = 0;
	char *text;

	*out = NULL;
	*n = 0;
	for (uint32_t i = 0; i < numbers; i++)
		if (dpi_protocol_at(t->dpi, i, &one)) {
			bytes += sizeof *list + strlen(one.name) + strlen(one.category) + 2;
			count++;
		}
	if (!count)
		return 0;
	list = malloc(bytes);
	if (!list)
		return -ENOMEM;
	text = (char *)(list + count);
	count = 0;
	for (uint32_t i = 0; i < numbers; i++) {
		if (!dpi_protocol_at(t->dpi, i, &one))
			continue;
		list[count++] =
			(struct ipfix_application){.id = one.id,
						   .name = keep_text(&text, one.name),
						   .description = "",
						   .category = keep_text(&text, one.category)};
	}
	*out = list;
	*n = count;
	return 0;
}
