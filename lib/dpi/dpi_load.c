/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Custom protocols and categories, loaded into a module that is not open yet, or else into a new
 * one that takes its place under the flows.
 */
#include "dpi/dpi_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const struct dpi_file_error *e, const char *path, const char *why, int error)
{
	if (e->len)
		snprintf(e->text, e->len, "%s: %s", path, why);
	return error;
}

static bool list_has(const struct dpi_file_list *list, const char *path)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (strcmp(list->paths[i], path) == 0)
			return true;
	return false;
}

static int list_add(struct dpi_file_list *list, const char *path, const struct dpi_file_error *e)
{
	char *copy;

	if (list->n == DPI_FILES_MAX)
		return refuse(e, path, "too many files are loaded, put some into one", -EINVAL);
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	list->paths[list->n++] = copy;
	return 0;
}

void dpi_files_forget(struct dpi *d)
{
	for (int kind = 0; kind < DPI_FILE_N; kind++)
		while (d->files[kind].n)
			free(d->files[kind].paths[--d->files[kind].n]);
}

/* What the numbers of protocols in one module are in another, 0 where its name is gone. */
struct translation {
	uint16_t *to; /* NULL: all stay as they are */
	unsigned int n;
};

static int translation_make(struct translation *t, const struct dpi_module *old,
			    const struct dpi_module *fresh)
{
	bool differs = false;

	*t = (struct translation){.n = ndpi_compat_protocols(old->ndpi)};
	t->to = calloc(t->n + 1, sizeof *t->to);
	if (!t->to)
		return -ENOMEM;
	unsigned int n_fresh = ndpi_compat_protocols(fresh->ndpi);

	for (unsigned int id = 1; id < t->n; id++) {
		const char *name = ndpi_get_proto_name(old->ndpi, (u_int16_t)id);
		const char *same = id < n_fresh ? ndpi_get_proto_name(fresh->ndpi, (u_int16_t)id) :
						  NULL;

		t->to[id] = name && same && strcasecmp(name, same) == 0 ? (uint16_t)id :
			    name ? dpi_protocol_find(fresh->ndpi, name) :
				   0;
		differs |= t->to[id] != id;
	}
	if (!differs) {
		free(t->to);
		t->to = NULL;
	}
	return 0;
}

static void flow_translate(const struct translation *t, struct ndpi_flow_struct *f)
{
	u_int16_t *ids[NDPI_COMPAT_FLOW_IDS];

	ndpi_compat_flow_ids(f, ids);
	for (unsigned int i = 0; i < NDPI_COMPAT_FLOW_IDS; i++)
		*ids[i] = *ids[i] < t->n ? t->to[*ids[i]] : 0;
	if (*ids[0] == 0) { /* the application is gone, its master is not */
		*ids[0] = *ids[1];
		*ids[1] = 0;
	}
}

static void flows_translate(struct dpi *d, const struct translation *t)
{
	for (uint32_t i = 0; t->to && i < d->states_touched; i++) {
		struct dpi_state *s = dpi_state_at(d, i);

		if (s->busy)
			flow_translate(t, dpi_state_flow(s));
	}
}

/* A module with all files so far. */
static int module_make_again(struct dpi *d, struct dpi_module *m, const struct dpi_file_error *e)
{
	const struct dpi_file_list *protocols = &d->files[DPI_FILE_PROTOCOLS];
	const struct dpi_file_list *categories = &d->files[DPI_FILE_CATEGORIES];
	int r = dpi_module_make(m, &d->options);

	for (unsigned int i = 0; i < protocols->n && r == 0; i++)
		r = dpi_read_protocols(m->ndpi, protocols->paths[i], e);
	if (r == 0 && categories->n)
		r = dpi_read_categories(m->ndpi, categories, e);
	if (r == 0 && d->module.open)
		dpi_module_open(m, &d->options);
	return r;
}

static int module_replace(struct dpi *d, const struct dpi_file_error *e)
{
	struct dpi_module fresh = {0};
	struct translation t = {0};
	int64_t fresh_bytes = 0;
	int64_t *before = dpi_charge(&fresh_bytes);
	int r = module_make_again(d, &fresh, e);

	if (r == 0)
		r = translation_make(&t, &d->module, &fresh);
	if (r) {
		dpi_module_free(&fresh);
		dpi_charge(before);
		return r;
	}
	flows_translate(d, &t);
	free(t.to);
	/* What is left is the flows'. */
	dpi_charge(&d->held_bytes);
	dpi_module_free(&d->module);
	dpi_charge(before);
	d->module = fresh;
	d->held_bytes += fresh_bytes;
	d->held_at_open = fresh_bytes;
	dpi_names_forget_ids(&d->names);
	return 0;
}

static int module_extend(struct dpi *d, enum dpi_file kind, const char *path,
			 const struct dpi_file_error *e)
{
	int64_t *before = dpi_charge(&d->held_bytes);
	int r = kind == DPI_FILE_PROTOCOLS ?
			dpi_read_protocols(d->module.ndpi, path, e) :
			dpi_read_categories(d->module.ndpi, &d->files[kind], e);

	dpi_charge(before);
	return r;
}

/* NULL, or why a module of the caller's takes no such file any more. */
static const char *closed_to(const struct dpi *d, enum dpi_file kind)
{
	if (!d->module.adopted)
		return NULL;
	if (d->module.open)
		return "a module of your own takes files before the first packet only";
	if (kind == DPI_FILE_PROTOCOLS && d->module.closed)
		return "a module of your own takes protocols before it is finalized only";
	return NULL;
}

int dpi_load_file(struct dpi *d, enum dpi_file kind, const char *path,
		  const struct dpi_file_error *e)
{
	struct dpi_file_list *list = &d->files[kind];
	const bool known = list_has(list, path);
	const char *why = closed_to(d, kind);
	int r = 0;

	if (why)
		return refuse(e, path, why, -EBUSY);
	if (!known)
		r = list_add(list, path, e);
	if (r == 0) {
		/* nDPI cannot forget protocols; of categories it forgets all anyway. */
		bool anew = known && kind == DPI_FILE_PROTOCOLS && !d->module.adopted;

		r = d->module.open || anew ? module_replace(d, e) : module_extend(d, kind, path, e);
		if (r && !known)
			free(list->paths[--list->n]);
	}
	return r == -ENOMEM ? refuse(e, path, "no memory to load the file", r) : r;
}

int dpi_load_protocols_file(struct dpi *d, const char *path, char *error_text, size_t error_len)
{
	const struct dpi_file_error e = {error_text, error_text ? error_len : 0, false};

	return dpi_load_file(d, DPI_FILE_PROTOCOLS, path, &e);
}

int dpi_load_categories_file(struct dpi *d, const char *path, char *error_text, size_t error_len)
{
	const struct dpi_file_error e = {error_text, error_text ? error_len : 0, false};

	return dpi_load_file(d, DPI_FILE_CATEGORIES, path, &e);
}
