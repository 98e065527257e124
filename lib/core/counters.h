/* SPDX-License-Identifier: BSD-3-Clause */
/* The counters of counters.def as enums, names and one struct a lane. */
#pragma once

#include <stdint.h>

enum drop_reason {
	DROP_NONE,
#define DROP(name, sentence) DROP_##name,
#include "core/counters.def"
	DROP_N
};

enum packet_note {
#define NOTE(name, sentence) NOTE_##name,
#include "core/counters.def"
	NOTE_N
};

enum table_counter {
#define TABLE(name, sentence) TABLE_##name,
#include "core/counters.def"
	TABLE_N
};

enum dpi_counter {
#define DPI(name, sentence) DPI_##name,
#include "core/counters.def"
	DPI_N
};

enum output_drop {
#define OUTPUT_DROP(name, sentence) OUTPUT_DROP_##name,
#include "core/counters.def"
	OUTPUT_DROP_N
};

enum output_counter {
#define OUTPUT(name, sentence) OUTPUT_##name,
#include "core/counters.def"
	OUTPUT_N
};

/*
 * Adds to a counter that other threads may read at any time. It has one writer, so no lock is
 * needed: an ordinary load, add and store, each whole.
 */
static inline void counter_add(uint64_t *word, uint64_t n)
{
	__atomic_store_n(word, *word + n, __ATOMIC_RELAXED);
}

/* The same, for what goes up and down. */
static inline void counter_set(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Of a counter of another thread. */
static inline uint64_t counter_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/*
 * What one lane counts: words with one writer, the lane, see counter_add(). At every instant
 * rx_packets = metered_packets + the sum of dropped[].
 */
struct lane_counters {
	uint64_t rx_packets;
	uint64_t rx_bytes; /* wire length */
	uint64_t metered_packets;
	uint64_t metered_bytes; /* IP length */
	uint64_t ignored_bytes; /* wire length of what was dropped, but for sampled_out */
	uint64_t dropped[DROP_N];
	uint64_t notes[NOTE_N];
	uint64_t table[TABLE_N];
	uint64_t dpi[DPI_N];
};

/* One writer, the exporter: offered = sent + in_doubt + queued + the sum of dropped[]. */
struct output_counters {
	uint64_t count[OUTPUT_N];
	uint64_t dropped[OUTPUT_DROP_N];
};

/* One counter as users see it. */
struct counter_text {
	const char *name, *sentence;
};

const struct counter_text *drop_reason_text(enum drop_reason reason);
const struct counter_text *packet_note_text(enum packet_note note);
const struct counter_text *table_counter_text(enum table_counter counter);
const struct counter_text *dpi_counter_text(enum dpi_counter counter);
const struct counter_text *output_drop_text(enum output_drop reason);
const struct counter_text *output_counter_text(enum output_counter counter);

/* Adds every counter of `from` to `to`: lanes to a total. */
void lane_counters_add(struct lane_counters *to, const struct lane_counters *from);
