/* SPDX-License-Identifier: BSD-3-Clause */
/* A detection module and what it owns: the pool of states, the names, the strings of verdicts. */
#include "dpi/dpi.h"

#include "dpi/dpi_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CACHE_LINE 64

/* nDPI makes and destroys modules only one at a time. */
static pthread_mutex_t module_lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t bounded_packets(uint32_t wanted, uint32_t otherwise)
{
	if (wanted == 0)
		return otherwise;
	return wanted < UINT8_MAX ? wanted : UINT8_MAX;
}

static void options_take(struct dpi_options *to, const struct dpi_options *from)
{
	*to = *from;
	to->protocols_path = NULL;
	to->categories_path = NULL;
	to->packets_tcp_max = bounded_packets(from->packets_tcp_max, DPI_PACKETS_TCP_DEFAULT);
	to->packets_udp_max = bounded_packets(from->packets_udp_max, DPI_PACKETS_UDP_DEFAULT);
	if (to->flows_max == 0)
		to->flows_max = DPI_FLOWS_DEFAULT;
	if (to->bytes_max == 0)
		to->bytes_max = DPI_BYTES_DEFAULT;
}

static int module_make(struct dpi *d, const struct dpi_options *o, const struct dpi_file_error *e)
{
	int r = 0;

	d->module = ndpi_compat_init(&d->context);
	if (!d->module)
		return -ENOMEM;
	ndpi_compat_all_protocols(d->module);
	ndpi_compat_set_guess(d->module, o->guess);
	if (o->protocols_path)
		r = dpi_load_protocols(d, o->protocols_path, e);
	if (r == 0 && o->categories_path)
		r = dpi_load_categories(d, o->categories_path, e);
	if (r == 0)
		ndpi_finalize_initialization(d->module);
	return r;
}

static int memory_make(struct dpi *d)
{
	size_t flow_bytes = ndpi_detection_get_sizeof_ndpi_flow_struct();
	int r;

	flow_bytes = (flow_bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	d->state_bytes = DPI_STATE_FLOW_OFFSET + flow_bytes;
	d->scratch = calloc(1, flow_bytes);
	if (!d->scratch)
		return -ENOMEM;
	r = memory_map(&d->pool, d->state_bytes * d->options.flows_max, MEMORY_NODE_ANY, false);
	return r ? r : dpi_names_init(&d->names);
}

static int no_memory(const struct dpi_options *o, const struct dpi_file_error *e)
{
	if (e->len)
		snprintf(e->text, e->len,
			 "no memory to inspect %u flows; lower [dpi] flows_max, or use --no-dpi",
			 o->flows_max ? o->flows_max : DPI_FLOWS_DEFAULT);
	return -ENOMEM;
}

int dpi_create(struct dpi **out, const struct dpi_options *options, char *error_text,
	       size_t error_len)
{
	static const struct ndpi_verdict unknown;
	const struct dpi_file_error e = {error_text, error_text ? error_len : 0};
	struct dpi *d = calloc(1, sizeof *d);
	int r;

	if (!d)
		return no_memory(options, &e);
	options_take(&d->options, options);
	int64_t *before = dpi_charge(&d->held_bytes);

	pthread_mutex_lock(&module_lock);
	r = module_make(d, options, &e);
	pthread_mutex_unlock(&module_lock);
	dpi_charge(before);
	if (r == 0)
		r = memory_make(d);
	if (r) {
		dpi_destroy(d);
		return r == -ENOMEM ? no_memory(options, &e) : r;
	}
	d->held_at_create = d->held_bytes;
	dpi_name_intern(d, &unknown); /* the first: what is left when the table is full */
	*out = d;
	return 0;
}

/* Flows that still go on when the module ends: their annexes are worthless from here on. */
static void leftovers_free(struct dpi *d)
{
	for (uint32_t i = 0; i < d->states_touched; i++) {
		struct dpi_state *s = (void *)((char *)d->pool.base + d->state_bytes * i);

		if (s->busy)
			ndpi_free_flow_data(dpi_state_flow(s));
	}
	for (struct dpi_meta *m = d->metas, *next; m; m = next) {
		next = m->next;
		free(m);
	}
}

void dpi_destroy(struct dpi *d)
{
	if (!d)
		return;
	int64_t *before = dpi_charge(NULL);

	leftovers_free(d);
	if (d->module) {
		pthread_mutex_lock(&module_lock);
		ndpi_compat_exit(d->module, d->context);
		pthread_mutex_unlock(&module_lock);
	}
	dpi_charge(before);
	memory_unmap(&d->pool);
	dpi_names_fini(&d->names);
	free(d->scratch);
	free(d);
}

struct ndpi_detection_module_struct *dpi_module(struct dpi *d)
{
	return d->module;
}
