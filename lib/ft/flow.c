/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows and numbers as those outside see them. */
#include "ft/table.h"

#include <string.h>

u_int64_t pfring_ft_flow_get_id(pfring_ft_flow *flow)
{
	return ((struct flow *)flow)->id;
}

void pfring_ft_flow_free(pfring_ft_flow *flow)
{
	flow_release(flow);
}

void ft_flow_record(pfring_ft_flow *flow, struct flow_record *r)
{
	struct flow *f = flow;
	const struct ft_table *t = f->table->options.owner;

	flow_to_record(f, r);
	dpi_to_record(t->dpi ? flow_dpi(f) : NULL, r);
}

const struct lane_counters *ft_counters(pfring_ft_table *table)
{
	return &((struct ft_table *)table)->counters;
}

void ft_count_drop(pfring_ft_table *table, enum drop_reason reason, uint32_t wire_len)
{
	struct lane_counters *c = &((struct ft_table *)table)->counters;

	c->rx_packets++;
	c->rx_bytes += wire_len;
	c->dropped[reason]++;
}

void ft_count_table(pfring_ft_table *table, enum table_counter counter)
{
	((struct ft_table *)table)->counters.table[counter]++;
}

/* Words of another thread: each is whole, together they may be a packet apart. */
static uint64_t read_word(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

uint64_t ft_flows_active(pfring_ft_table *table)
{
	const struct ft_table *t = table;

	return __atomic_load_n(&t->flows->n_live, __ATOMIC_RELAXED);
}

_Static_assert(DROP_empty < DROP_bad_ip_header, "the parser's reasons are the last ones");

pfring_ft_stats *pfring_ft_get_stats(pfring_ft_table *table)
{
	struct ft_table *t = table;
	const struct lane_counters *c = &t->counters;
	uint64_t no_ip = 0;

	for (int i = DROP_empty; i < DROP_N; i++)
		no_ip += read_word(&c->dropped[i]);
	t->stats.active_flows = ft_flows_active(t);
	t->stats.flows = read_word(&c->table[TABLE_flows_created]);
	t->stats.err_no_mem = read_word(&c->table[TABLE_records_dropped_detached]);
	t->stats.disc_no_ip = no_ip;
	t->stats.err_no_room = read_word(&c->table[TABLE_flows_ended_overflow]);
	t->stats.max_lookup_depth = __atomic_load_n(&t->flows->probe_max, __ATOMIC_RELAXED);
	t->stats.packets = read_word(&c->rx_packets);
	t->stats.bytes = read_word(&c->rx_bytes);
	return &t->stats;
}
