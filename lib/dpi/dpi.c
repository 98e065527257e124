/* SPDX-License-Identifier: BSD-3-Clause */
/* A detection module, and what stands beside it: pool of states, names, strings of verdicts. */
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
	to->module = NULL;
	to->packets_tcp_max = bounded_packets(from->packets_tcp_max, DPI_PACKETS_TCP_DEFAULT);
	to->packets_udp_max = bounded_packets(from->packets_udp_max, DPI_PACKETS_UDP_DEFAULT);
	if (to->flows_max == 0)
		to->flows_max = DPI_FLOWS_DEFAULT;
	if (to->bytes_max == 0)
		to->bytes_max = DPI_BYTES_DEFAULT;
}

int dpi_module_make(struct dpi_module *m, const struct dpi_options *o)
{
	pthread_mutex_lock(&module_lock);
	*m = (struct dpi_module){0};
	m->ndpi = ndpi_compat_init(&m->context);
	if (m->ndpi) {
		ndpi_compat_all_protocols(m->ndpi);
		ndpi_compat_set_guess(m->ndpi, o->guess);
	}
	pthread_mutex_unlock(&module_lock);
	return m->ndpi ? 0 : -ENOMEM;
}

/* Harmless for a module that its maker finalized already. */
void dpi_module_open(struct dpi_module *m, const struct dpi_options *o)
{
	pthread_mutex_lock(&module_lock);
	if (m->adopted && !o->guess)
		ndpi_compat_set_guess(m->ndpi, false);
	ndpi_finalize_initialization(m->ndpi);
	m->open = true;
	pthread_mutex_unlock(&module_lock);
}

void dpi_module_free(struct dpi_module *m)
{
	if (!m->ndpi)
		return;
	pthread_mutex_lock(&module_lock);
	ndpi_compat_exit(m->ndpi, m->context);
	pthread_mutex_unlock(&module_lock);
	*m = (struct dpi_module){0};
}

/* A module of our own with the files that the options name. */
static int module_of_options(struct dpi *d, const struct dpi_options *o,
			     const struct dpi_file_error *e)
{
	int64_t *before = dpi_charge(&d->held_bytes);
	int r = dpi_module_make(&d->module, &d->options);

	dpi_charge(before);
	if (r == 0 && o->protocols_path)
		r = dpi_load_file(d, DPI_FILE_PROTOCOLS, o->protocols_path, e);
	if (r == 0 && o->categories_path)
		r = dpi_load_file(d, DPI_FILE_CATEGORIES, o->categories_path, e);
	return r;
}

static int memory_make(struct dpi *d)
{
	size_t flow_bytes = ndpi_detection_get_sizeof_ndpi_flow_struct();
	int r;

	flow_bytes = (flow_bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	d->state_bytes = DPI_STATE_FLOW_OFFSET + flow_bytes;
	const size_t pool_bytes = d->state_bytes * d->options.flows_max;

	d->scratch = calloc(1, flow_bytes);
	if (!d->scratch)
		return -ENOMEM;
	r = d->options.keep_states ? memory_map_sparse(&d->pool, pool_bytes) :
				     memory_map(&d->pool, pool_bytes, MEMORY_NODE_ANY, false);
	return r ? r : dpi_names_init(&d->names);
}

static int no_memory(const struct dpi_options *o, const struct dpi_file_error *e)
{
	if (e->len)
		snprintf(e->text, e->len,
			 "no memory to inspect %u flows; lower flows_max, or do without nDPI",
			 o->flows_max ? o->flows_max : DPI_FLOWS_DEFAULT);
	return -ENOMEM;
}

static int with_files(const struct dpi_file_error *e)
{
	if (e->len)
		snprintf(e->text, e->len,
			 "a module of your own comes without files: load them once it is adopted");
	return -EINVAL;
}

int dpi_create(struct dpi **out, const struct dpi_options *options, char *error_text,
	       size_t error_len)
{
	static const struct ndpi_verdict unknown;
	const struct dpi_file_error e = {error_text, error_text ? error_len : 0, true};
	struct dpi *d;
	int r = 0;

	if (options->module && (options->protocols_path || options->categories_path))
		return with_files(&e);
	d = calloc(1, sizeof *d);
	if (!d)
		return no_memory(options, &e);
	options_take(&d->options, options);
	dpi_governor_init(&d->governor, options->flows_per_s_max);
	if (!options->module)
		r = module_of_options(d, options, &e);
	if (r == 0)
		r = memory_make(d);
	if (r) {
		dpi_destroy(d);
		return r == -ENOMEM ? no_memory(options, &e) : r;
	}
	if (options->module)
		d->module = (struct dpi_module){
			.ndpi = options->module,
			.adopted = true,
			.closed = ndpi_compat_is_finalized(options->module),
		};
	dpi_name_intern(d, &unknown); /* the first: what is left when the table is full */
	*out = d;
	return 0;
}

void dpi_open(struct dpi *d)
{
	if (d->module.open)
		return;
	int64_t *before = dpi_charge(&d->held_bytes);

	dpi_module_open(&d->module, &d->options);
	dpi_charge(before);
	d->held_at_open = d->held_bytes; /* there is no flow yet */
}

void dpi_set_packets_max(struct dpi *d, uint32_t tcp, uint32_t udp)
{
	d->options.packets_tcp_max = bounded_packets(tcp, d->options.packets_tcp_max);
	d->options.packets_udp_max = bounded_packets(udp, d->options.packets_udp_max);
}

/* Flows that still go on when the module ends: their annexes are worthless from here on. */
static void leftovers_free(struct dpi *d)
{
	for (uint32_t i = 0; i < d->states_touched; i++) {
		struct dpi_state *s = dpi_state_at(d, i);

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
	dpi_module_free(&d->module);
	dpi_charge(before);
	dpi_files_forget(d);
	memory_unmap(&d->pool);
	dpi_names_fini(&d->names);
	free(d->scratch);
	free(d);
}

struct ndpi_detection_module_struct *dpi_module(struct dpi *d)
{
	return d->module.ndpi;
}
