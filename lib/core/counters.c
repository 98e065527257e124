/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and sums of the counters. */
#include "core/counters.h"

#include <stddef.h>

static const struct counter_text drops[] = {
	[DROP_NONE] = {"none", "not dropped"},
#define DROP(name, sentence) [DROP_##name] = {#name, sentence},
#include "core/counters.def"
};

static const struct counter_text notes[] = {
#define NOTE(name, sentence) [NOTE_##name] = {#name, sentence},
#include "core/counters.def"
};

static const struct counter_text table_counters[] = {
#define TABLE(name, sentence) [TABLE_##name] = {#name, sentence},
#include "core/counters.def"
};

static const struct counter_text dpi_counters[] = {
#define DPI(name, sentence) [DPI_##name] = {#name, sentence},
#include "core/counters.def"
};

static const struct counter_text output_drops[] = {
#define OUTPUT_DROP(name, sentence) [OUTPUT_DROP_##name] = {#name, sentence},
#include "core/counters.def"
};

static const struct counter_text output_counters[] = {
#define OUTPUT(name, sentence) [OUTPUT_##name] = {#name, sentence},
#include "core/counters.def"
};

const struct counter_text *drop_reason_text(enum drop_reason reason)
{
	return &drops[reason];
}

const struct counter_text *packet_note_text(enum packet_note note)
{
	return &notes[note];
}

const struct counter_text *table_counter_text(enum table_counter counter)
{
	return &table_counters[counter];
}

const struct counter_text *dpi_counter_text(enum dpi_counter counter)
{
	return &dpi_counters[counter];
}

const struct counter_text *output_drop_text(enum output_drop reason)
{
	return &output_drops[reason];
}

const struct counter_text *output_counter_text(enum output_counter counter)
{
	return &output_counters[counter];
}

/* The struct is nothing but 64-bit words. */
_Static_assert(sizeof(struct lane_counters) == 8 * (5 + DROP_N + NOTE_N + TABLE_N + DPI_N),
	       "a counter that is no u64");

void lane_counters_add(struct lane_counters *to, const struct lane_counters *from)
{
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof *to / sizeof *t; i++)
		t[i] += __atomic_load_n(&f[i], __ATOMIC_RELAXED);
}
