/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a table and of the flows that leave it. */
#include "ft/table.h"

#include "core/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Ids of different tables differ in their high bits. */
#define TABLE_ID_SHIFT 48

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

static struct flowtable_options flow_options(const struct ft_options *o)
{
	return (struct flowtable_options){
		.flows_max = o->flows_max ? o->flows_max : defaults.flows_max,
		.detached_max = o->detached_max,
		.idle_timeout_ns = o->idle_timeout_ns ? o->idle_timeout_ns :
							defaults.idle_timeout_ns,
		.active_timeout_ns = o->active_timeout_ns ? o->active_timeout_ns :
							    defaults.active_timeout_ns,
		.slice_timeout_ns = o->slice_timeout_ns,
		.tcp_linger_ns = o->tcp_linger_ns,
		.tcp_rst_ends = true,
		.key_rules = {.ignore_vlan = o->ignore_vlan, .icmp_by_id = o->icmp_by_id},
		.annex_bytes = o->dpi ? sizeof(struct dpi_annex) : 0,
		.id_first = (uint64_t)o->table_id << TABLE_ID_SHIFT | 1,
		.numa_node = o->numa_node,
		.prefault = o->prefault,
	};
}

uint64_t ft_table_bytes(const struct ft_options *o)
{
	struct flowtable_options f = flow_options(o);

	return flowtable_bytes(&f);
}

static int create_flows(struct ft_table *t, const struct ft_options *o)
{
	struct flowtable_options f = flow_options(o);

	f.counters = t->counters.table;
	f.owner = t;
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

static int create_dpi(struct ft_table *t, const struct ft_options *o, char *error, size_t error_len)
{
	const struct dpi_options d = {
		.packets_tcp_max = o->dpi_packets_tcp,
		.packets_udp_max = o->dpi_packets_udp,
		.flows_max = o->dpi_flows_max,
		.bytes_max = o->dpi_bytes_max,
		.guess = o->dpi_guess,
		.extra = o->dpi_extra,
		.protocols_path = o->dpi_protocols && *o->dpi_protocols ? o->dpi_protocols : NULL,
		.categories_path = o->dpi_categories && *o->dpi_categories ? o->dpi_categories :
									     NULL,
		.counters = t->counters.dpi,
	};

	int rc = o->dpi ? dpi_create(&t->dpi, &d, error, error_len) : 0;

	if (t->dpi)
		dpi_open(t->dpi);
	return rc;
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
	*t = (struct ft_table){0};
	rc = parser_init(&t->parser, t->counters.notes, o->tunnels);
	if (rc == 0)
		rc = create_flows(t, o);
	if (rc) {
		snprintf(error, error_len,
			 "cannot make a table of %u flows (%llu MB): %s; lower [table] max_flows",
			 o->flows_max, (unsigned long long)(ft_table_bytes(o) >> 20),
			 rc == -EINVAL ? "a value is out of range" : "no memory");
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

pfring_ft_table *pfring_ft_create_table(u_int32_t flags, u_int32_t max_flows,
					u_int32_t flow_idle_timeout,
					u_int32_t flow_lifetime_timeout,
					u_int32_t user_metadata_size)
{
	struct ft_options o = defaults;
	pfring_ft_table *t = NULL;
	char error[256];

	if (user_metadata_size)
		return NULL;
	if (max_flows)
		o.flows_max = max_flows;
	if (flow_idle_timeout)
		o.idle_timeout_ns = flow_idle_timeout * SECOND_NS;
	if (flow_lifetime_timeout)
		o.active_timeout_ns = flow_lifetime_timeout * SECOND_NS;
	o.dpi = flags & (PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_TABLE_FLAGS_DPI_EXTRA);
	o.dpi_extra = flags & PFRING_FT_TABLE_FLAGS_DPI_EXTRA;
	o.dpi_guess = !(flags & PFRING_FT_TABLE_FLAGS_NO_GUESS);
	o.tunnels = flags & PFRING_FT_DECODE_TUNNELS;
	o.ignore_vlan = flags & PFRING_FT_IGNORE_VLAN;
	return ft_table_create(&t, &o, error, sizeof error) == 0 ? t : NULL;
}

void pfring_ft_destroy_table(pfring_ft_table *table)
{
	struct ft_table *t = table;

	if (!t)
		return;
	/* Flows still inside leave unseen: their annex must be given back. */
	t->on_export = (struct ft_callback){0};
	for (int i = 0; i < PFRING_FT_BURSTS_HELD; i++)
		t->bursts[i].n = t->bursts[i].n_metered = 0; /* their bytes may be gone */
	t->held = 0;
	if (t->flows) {
		pfring_ft_flush(t);
		ft_reclaim(t);
	}
	dpi_destroy(t->dpi);
	flowtable_destroy(t->flows);
	parser_fini(&t->parser);
	free(t);
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
		dpi_annex_inherit(t->dpi, flow_dpi(f), flow_dpi(f->master));
		return;
	}
	dpi_finish(t->dpi, flow_dpi(f), &facts);
	if (f->end_reason == END_ACTIVE)
		dpi_annex_inherit(t->dpi, flow_dpi(f->heir), flow_dpi(f));
}

void ft_emit_ended(struct ft_table *t)
{
	struct flow *f;

	while ((f = flow_list_take(&t->flows->ended)) != NULL) {
		if (t->dpi && f->end_reason != END_NONE)
			close_l7(t, f);
		f->heir = NULL;
		if (f->lost || !t->on_export.call)
			flow_release(f);
		else
			t->on_export.call(f, t->on_export.user);
	}
}

void ft_reclaim(struct ft_table *t)
{
	struct flow *f = flowtable_take_freed(t->flows), *next;

	for (; f; f = next) {
		next = f->next;
		if (t->dpi)
			dpi_annex_release(t->dpi, flow_dpi(f));
		flowtable_recycle(t->flows, f);
	}
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
	t->flows->now_ns = t->flows->sweep_last_ns = 0;
}

void pfring_ft_flow_set_flow_slicing(pfring_ft_table *table, u_int32_t flow_slice_timeout)
{
	struct flowtable *f = ((struct ft_table *)table)->flows;

	flowtable_set_timeouts(f, f->options.idle_timeout_ns, f->options.active_timeout_ns,
			       flow_slice_timeout * SECOND_NS);
}

void pfring_ft_set_flow_export_callback(pfring_ft_table *table, pfring_ft_export_flow_func callback,
					void *user)
{
	((struct ft_table *)table)->on_export = (struct ft_callback){callback, user};
}

void pfring_ft_version(char *version)
{
	snprintf(version, 32, "%s", FTPROBE_VERSION);
}

u_int32_t pfring_ft_api_version(void)
{
	return FT_API_VERSION;
}
