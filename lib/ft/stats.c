/* SPDX-License-Identifier: BSD-3-Clause */
/* A table's numbers for those outside its thread: words that are each whole. */
#include "ft/metering.h"
#include "ft/table.h"

static uint64_t read_word(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

const struct lane_counters *ft_counters(pfring_ft_table *table)
{
	return &((struct ft_table *)table)->counters;
}

void ft_count_drop(pfring_ft_table *table, enum drop_reason reason, uint32_t wire_len)
{
	struct ft_table *t = table;
	struct lane_counters *c = &t->counters;

	counter_add(&c->rx_packets, 1);
	counter_add(&c->rx_bytes, wire_len);
	counter_add(&c->dropped[reason], 1);
	if (reason == DROP_sampled_out)
		return;
	counter_add(&c->ignored_bytes, wire_len);
	ft_note_ignored(t, t->flows->now_ns);
}

void ft_note_ignored(struct ft_table *t, uint64_t time_ns)
{
	if (!t->first_ignored_ns)
		__atomic_store_n(&t->first_ignored_ns, time_ns, __ATOMIC_RELAXED);
	if (time_ns > t->last_ignored_ns)
		__atomic_store_n(&t->last_ignored_ns, time_ns, __ATOMIC_RELAXED);
}

void ft_ignored_times(pfring_ft_table *table, uint64_t *first_ns, uint64_t *last_ns)
{
	const struct ft_table *t = table;

	*first_ns = read_word(&t->first_ignored_ns);
	*last_ns = read_word(&t->last_ignored_ns);
}

void ft_count_table(pfring_ft_table *table, enum table_counter counter)
{
	counter_add(&((struct ft_table *)table)->counters.table[counter], 1);
}

uint64_t ft_flows_active(pfring_ft_table *table)
{
	const struct ft_table *t = table;

	return __atomic_load_n(&t->flows->n_live, __ATOMIC_RELAXED);
}

_Static_assert(DROP_empty < DROP_bad_ip_header, "the parser's reasons are the last ones");

static uint64_t packets_without_ip(const struct lane_counters *c)
{
	uint64_t n = 0;

	for (int i = DROP_empty; i < DROP_N; i++)
		n += read_word(&c->dropped[i]);
	return n;
}

/*
 * The place of the calling thread, without a lock or an allocation. Threads beyond the bound share
 * the last place, whose words are still each whole.
 */
static pfring_ft_stats *place_of_reader(struct ft_table *t)
{
	const pthread_t self = pthread_self();

	for (int i = 0; i < FT_STATS_READERS; i++) {
		pthread_t owner = 0;

		if (atomic_compare_exchange_strong_explicit(&t->stats_reader[i], &owner, self,
							    memory_order_acq_rel,
							    memory_order_acquire) ||
		    owner == self)
			return &t->stats[i];
	}
	return &t->stats[FT_STATS_READERS - 1];
}

pfring_ft_stats *pfring_ft_get_stats(pfring_ft_table *table)
{
	struct ft_table *t = table;
	const struct lane_counters *c = &t->counters;
	pfring_ft_stats *s = place_of_reader(t);

	s->active_flows = ft_flows_active(t);
	s->flows = read_word(&c->table[TABLE_flows_created]);
	s->err_no_room = read_word(&c->table[TABLE_flows_ended_overflow]);
	s->err_no_mem = read_word(&c->table[TABLE_records_dropped_detached]);
	s->disc_no_ip = packets_without_ip(c);
	s->max_lookup_depth = __atomic_load_n(&t->flows->probe_max, __ATOMIC_RELAXED);
	s->packets = read_word(&c->rx_packets);
	s->bytes = read_word(&c->rx_bytes);
	return s;
}

/* Where each counter lies, and its name. */
static const struct {
	const char *name;
	size_t offset;
} words[] = {
	{"rx_packets", offsetof(struct lane_counters, rx_packets)},
	{"rx_bytes", offsetof(struct lane_counters, rx_bytes)},
	{"metered_packets", offsetof(struct lane_counters, metered_packets)},
	{"metered_bytes", offsetof(struct lane_counters, metered_bytes)},
/* clang-format off */
#define DROP(name, sentence) {"drop_" #name, offsetof(struct lane_counters, dropped[DROP_##name])},
#define NOTE(name, sentence) {"note_" #name, offsetof(struct lane_counters, notes[NOTE_##name])},
#define TABLE(name, sentence) {#name, offsetof(struct lane_counters, table[TABLE_##name])},
#define DPI(name, sentence) {#name, offsetof(struct lane_counters, dpi[DPI_##name])},
#include "core/counters.def"
	/* clang-format on */
};

void pfring_ft_for_each_counter(pfring_ft_table *table, pfring_ft_counter_func callback, void *user)
{
	const char *counters = (const char *)&((struct ft_table *)table)->counters;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		callback(words[i].name,
			 read_word((const uint64_t *)(const void *)(counters + words[i].offset)),
			 user);
}
