/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a table and of the flows that leave it. */
#include "ft/table.h"

#include "core/clock.h"
#include "ft/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Ids of different tables differ in their high bits. */
#define TABLE_ID_SHIFT FLOW_ID_BITS

/* Offline, the same trace gives the same bytes. */
#define FIXED_SEED 0x66747072ULL

static const struct ft_options defaults = {
	.flows_max = FLOW_TABLE_FLOWS_DEFAULT,
	.idle_timeout_ns = 30 * SECOND_NS,
	.active_timeout_ns = 120 * SECOND_NS,
	.tcp_linger_ns = 2 * SECOND_NS,
	.secret_seed = true,
	.numa_node = MEMORY_NODE_ANY,
	.dpi_guess = true,
	.dpi_extra = true,
};

static uint32_t annex_bytes(const struct ft_options *o)
{
	if (o->api)
		return (uint32_t)(FT_FLOW_OFFSET + sizeof(struct ft_flow) + o->user_bytes);
	return (uint32_t)(o->dpi ? ANNEX_ALIGNED(sizeof(struct dpi_annex)) : 0) +
	       processors_bytes(o->processors | o->processors_room);
}

/* Programs hold flows for as long as they like; the daemon's exporter does not. */
static uint32_t detached_max(const struct ft_options *o)
{
	if (o->detached_max || !o->api)
		return o->detached_max;
	return o->flows_max / FT_HELD_SHARE + FLOW_DETACHED_MIN;
}

static struct flowtable_options flow_options(const struct ft_options *o)
{
	return (struct flowtable_options){
		.flows_max = o->flows_max ? o->flows_max : defaults.flows_max,
		.detached_max = detached_max(o),
		.idle_timeout_ns = o->idle_timeout_ns ? o->idle_timeout_ns :
							defaults.idle_timeout_ns,
		.active_timeout_ns = o->active_timeout_ns ? o->active_timeout_ns :
							    defaults.active_timeout_ns,
		.slice_timeout_ns = o->slice_timeout_ns,
		.tcp_linger_ns = o->tcp_linger_ns,
		.tcp_rst_ends = true,
		.key_rules = {.ignore_vlan = o->ignore_vlan, .icmp_by_id = o->icmp_by_id},
		.annex_bytes = annex_bytes(o),
		.id_first = (uint64_t)o->table_id << TABLE_ID_SHIFT | 1,
		.numa_node = o->numa_node,
		.prefault = o->prefault,
	};
}

/* Memory for texts of processors, in blocks. */
static uint32_t processor_blocks(const struct ft_options *o)
{
	const uint32_t flows = o->flows_max ? o->flows_max : defaults.flows_max;

	return o->processor_blocks ? o->processor_blocks : flows / PROCESSOR_BLOCKS_SHARE + 1;
}

uint64_t ft_table_bytes(const struct ft_options *o)
{
	struct flowtable_options f = flow_options(o);

	return flowtable_bytes(&f) +
	       processors_pool_bytes(o->processors | o->processors_room, processor_blocks(o));
}

uint32_t ft_detached_max(const struct ft_options *o)
{
	struct flowtable_options f = flow_options(o);

	return flowtable_detached_max(&f);
}

static int create_flows(struct ft_table *t, const struct ft_options *o)
{
	struct flowtable_options f = flow_options(o);

	f.counters = t->counters.table;
	f.owner = t;
	f.device_hashes = o->use_hash;
	if (o->secret_seed) {
		int rc = hash_seed_secret(&f.seed);

		if (rc)
			return rc;
	} else {
		hash_seed_fixed(&f.seed, FIXED_SEED);
		parser_reseed(&t->parser, &f.seed);
	}
	return flowtable_create(&t->flows, &f);
}

/* Those that have room only wait to be chosen. */
static int create_processors(struct ft_table *t, const struct ft_options *o)
{
	int rc = processors_init(&t->processors, o->processors | o->processors_room,
				 &o->processor_options, processor_blocks(o), t->counters.dpi);

	if (rc == 0)
		processors_choose(&t->processors, o->processors);
	return rc;
}

static int create_dpi(struct ft_table *t, const struct ft_options *o, char *error, size_t error_len)
{
	int rc;

	t->dpi_options = (struct dpi_options){
		.packets_tcp_max = o->dpi_packets_tcp,
		.packets_udp_max = o->dpi_packets_udp,
		/* The API promises nDPI's structure of every flow, for as long as the flow. */
		.flows_max = o->api ? t->flows->slab_flows : o->dpi_flows_max,
		.flows_per_s_max = o->dpi_flows_per_s_max,
		.bytes_max = o->dpi_bytes_max,
		.guess = o->dpi_guess,
		.extra = o->dpi_extra,
		.metadata = o->api,
		.keep_states = o->api,
		.counters = t->counters.dpi,
	};
	if (!o->dpi)
		return 0;

	struct dpi_options d = t->dpi_options;
	d.protocols_path = o->dpi_protocols && *o->dpi_protocols ? o->dpi_protocols : NULL;
	d.categories_path = o->dpi_categories && *o->dpi_categories ? o->dpi_categories : NULL;
	rc = dpi_create(&t->dpi, &d, error, error_len);
	if (rc == 0 && !o->api)
		dpi_open(t->dpi);
	return rc;
}

static void tell_refusal(const struct ft_options *o, int rc, char *error, size_t error_len)
{
	if (rc == -ENOTSUP)
		snprintf(error, error_len,
			 "simd %s: not in this processor or build; \"auto\" is %s", o->simd,
			 ft_simd_name(NULL));
	else if (rc == -EINVAL)
		snprintf(error, error_len,
			 "a table of %u flows: allowed are %u to %u, and timeouts of a day",
			 o->flows_max, FLOW_TABLE_FLOWS_MIN, FLOW_TABLE_FLOWS_MAX);
	else
		snprintf(error, error_len,
			 "no memory for a table of %u flows (%llu MB); lower max_flows",
			 o->flows_max, (unsigned long long)(ft_table_bytes(o) >> 20));
}

int ft_table_create(pfring_ft_table **out, const struct ft_options *o, char *error,
		    size_t error_len)
{
	struct ft_table *t = aligned_alloc(64, (sizeof *t + 63) & ~(size_t)63);
	int rc;

	if (!t) {
		snprintf(error, error_len, "no memory for a flow table");
		return -ENOMEM;
	}
	*t = (struct ft_table){
		.api = o->api,
		.use_hash = o->use_hash,
		.user_bytes = o->user_bytes,
		.zmq_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	t->stages = ft_stages_find(o->simd);
	rc = t->stages ? parser_init(&t->parser, t->counters.notes, o->tunnels) : -ENOTSUP;
	if (rc == 0)
		rc = create_flows(t, o);
	if (rc == 0 && !o->api)
		rc = create_processors(t, o);
	if (rc) {
		tell_refusal(o, rc, error, error_len);
	} else {
		rc = create_dpi(t, o, error, error_len);
	}
	if (rc) {
		pfring_ft_destroy_table(t);
		return rc;
	}
	*out = t;
	return 0;
}

/* Seconds that the table can bear; 0 = as many as otherwise. */
static uint64_t timeout_ns(uint32_t seconds, uint64_t otherwise_ns)
{
	uint64_t ns = seconds * SECOND_NS;

	if (!seconds)
		return otherwise_ns;
	return ns < TIMEOUT_MAX_NS ? ns : TIMEOUT_MAX_NS;
}

pfring_ft_table *pfring_ft_create_table(u_int32_t flags, u_int32_t max_flows,
					u_int32_t flow_idle_timeout,
					u_int32_t flow_lifetime_timeout,
					u_int32_t user_metadata_size)
{
	struct ft_options o = defaults;
	pfring_ft_table *t = NULL;
	char error[256];

	if (user_metadata_size > FT_USER_BYTES_MAX) {
		ft_log("user_metadata_size %u: at most %u bytes a flow", user_metadata_size,
		       FT_USER_BYTES_MAX);
		return NULL;
	}
	o.api = true;
	o.user_bytes = user_metadata_size;
	if (max_flows)
		o.flows_max = max_flows;
	o.idle_timeout_ns = timeout_ns(flow_idle_timeout, o.idle_timeout_ns);
	o.active_timeout_ns = timeout_ns(flow_lifetime_timeout, o.active_timeout_ns);
	o.dpi = flags & (PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_TABLE_FLAGS_DPI_EXTRA);
	o.dpi_extra = flags & PFRING_FT_TABLE_FLAGS_DPI_EXTRA;
	o.dpi_guess = !(flags & PFRING_FT_TABLE_FLAGS_NO_GUESS);
	o.tunnels = flags & PFRING_FT_DECODE_TUNNELS;
	o.ignore_vlan = flags & PFRING_FT_IGNORE_VLAN;
	o.use_hash = !(flags & PFRING_FT_IGNORE_HW_HASH);
	if (ft_table_create(&t, &o, error, sizeof error)) {
		ft_log("%s", error);
		return NULL;
	}
	ft_debug("table of %u flows, %llu MB reserved", o.flows_max,
		 (unsigned long long)(ft_table_bytes(&o) >> 20));
	return t;
}

void pfring_ft_destroy_table(pfring_ft_table *table)
{
	struct ft_table *t = table;

	if (!t || ft_called_from_callback(t, __func__))
		return;
	/* Flows still inside leave unseen: their annex must be given back. */
	t->on_export = (struct ft_callback){0};
	t->on_export_list = (struct ft_list_callback){0};
	for (int i = 0; i < PFRING_FT_BURSTS_HELD; i++)
		t->bursts[i].n = t->bursts[i].n_metered = 0; /* their bytes may be gone */
	t->held = 0;
	if (t->flows) {
		pfring_ft_flush(t);
		ft_reclaim(t);
	}
	ft_zmq_free(t->zmq);
	pthread_mutex_destroy(&t->zmq_lock);
	dpi_destroy(t->dpi);
	processors_fini(&t->processors);
	flowtable_destroy(t->flows);
	parser_fini(&t->parser);
	free(t);
}

/* A slice leaves with what processors saw; they watch the flow anew. */
static void close_processors(struct ft_table *t, struct flow *slice)
{
	struct flow *master = flow_master(slice);
	struct flow_hot *hot = flow_hot_line(master);

	processors_slice(&t->processors, flow_processors(t, slice), flow_processors(t, master));
	if (hot)
		ft_watch(t, hot);
}

/*
 * The L7 verdict of a record that leaves: a slice tells what is known by now, everything else is
 * final.
 */
static void close_l7(struct ft_table *t, struct flow *f)
{
	const int src = f->swapped ? 1 : 0;
	const struct dpi_flow_facts facts = {
		.src_addr = f->key.addr[src],
		.dst_addr = f->key.addr[!src],
		.src_port = f->key.port[src],
		.dst_port = f->key.port[!src],
		.ip_version = f->key.ip_version,
		.protocol = f->key.protocol,
	};

	if (f->end_reason == END_SLICE) {
		dpi_annex_inherit(t->dpi, flow_dpi(f), flow_dpi(flow_master(f)));
		return;
	}
	dpi_finish(t->dpi, flow_dpi(f), &facts);
	if (flow_was_cut(f))
		dpi_annex_inherit(t->dpi, flow_dpi(flow_heir(f)), flow_dpi(f));
}

/* Nobody takes it: it goes back to the table at once. */
static bool unwanted(const struct ft_table *t, const struct flow *f)
{
	return f->lost || (!t->on_export.call && !t->on_export_list.call);
}

static void hand_out_list(struct ft_table *t, struct flow_list *list)
{
	struct flow *f;

	if (!list->head)
		return;
	t->on_export_list.call(list, t->on_export_list.user);
	while ((f = flow_list_take(list)) != NULL)
		flow_release(f);
}

static void emit_ended(struct ft_table *t)
{
	struct flow_list list = {0};
	const bool was_inside = t->inside;
	struct flow *f;

	t->inside = true;
	while ((f = flow_list_take(&t->flows->ended)) != NULL) {
		if (t->dpi && f->end_reason != END_NONE)
			close_l7(t, f);
		if (t->processors.n && f->end_reason == END_SLICE)
			close_processors(t, f);
		if (t->api && f->end_reason == END_SLICE)
			ft_close_slice(f);
		if (unwanted(t, f))
			flow_release(f);
		else if (t->on_export_list.call)
			flow_list_append(&list, f);
		else
			t->on_export.call(f, t->on_export.user);
	}
	hand_out_list(t, &list);
	t->inside = was_inside;
}

void ft_reclaim(struct ft_table *t)
{
	struct flow *f = flowtable_take_freed(t->flows), *next;

	for (; f; f = next) {
		next = flow_next(f);
		if (t->dpi)
			dpi_annex_release(t->dpi, flow_dpi(f));
		if (t->processors.pool)
			processors_release(&t->processors, flow_processors(t, f));
		flowtable_recycle(t->flows, f);
	}
}

bool ft_called_from_callback(const struct ft_table *t, const char *function)
{
	if (likely(!t->inside))
		return false;
	ft_log("%s: not from a callback of the same table; nothing was done", function);
	return true;
}

void ft_take_ended(struct ft_table *t)
{
	emit_ended(t);
	ft_reclaim(t);
}

void ft_count_dpi_memory(void)
{
	dpi_count_allocations();
}

uint64_t ft_dpi_memory_bytes(void)
{
	return dpi_allocated_bytes();
}

void ft_restart_time(pfring_ft_table *table)
{
	struct ft_table *t = table;

	pfring_ft_flush(t);
	t->flows->now_ns = t->flows->sweep_last_ns = t->flows->sweep_next_ns = 0;
}

void pfring_ft_flow_set_flow_slicing(pfring_ft_table *table, u_int32_t flow_slice_timeout)
{
	struct flowtable *f = ((struct ft_table *)table)->flows;

	flowtable_set_timeouts(f, f->options.idle_timeout_ns, f->options.active_timeout_ns,
			       timeout_ns(flow_slice_timeout, 0));
}

void pfring_ft_set_tcp_rst_ends(pfring_ft_table *table, int ends)
{
	flowtable_set_tcp_rst_ends(((struct ft_table *)table)->flows, ends != 0);
}

void pfring_ft_flow_expire(pfring_ft_table *table, pfring_ft_flow *flow)
{
	struct ft_table *t = table;
	struct flow_hot *hot = flow_hot_line(flow);

	if (!hot)
		return;
	if (t->inside) {
		flow_doom(flow);
		return;
	}
	ft_reclaim(t);
	flowtable_end(t->flows, hot, END_FORCED);
	ft_take_ended(t);
}
