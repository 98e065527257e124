/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the memory allows: one line of 64 bytes read and written for each packet, at random places
 * of as many bytes as the hot lines of a table have, on the pages that a table has.
 */
#include "bench.h"

#include <string.h>

#include "core/prefetch.h"
#include "drive.h"
#include "lines.h"

#define LINE_WORDS 8
/* Below so many lines in flight the loop is no limit: something else slowed it down. */
#define IN_FLIGHT_MIN 8.0

int lines_map(struct lines *l, uint32_t flows)
{
	const uint64_t slots = (uint64_t)flows * 100 / FLOW_LOAD_PERCENT;
	int rc;

	l->random = 1;
	l->n = (uint32_t)((slots / FLOW_GROUP_SLOTS + FLOW_PROBE_GROUPS_MAX) * FLOW_GROUP_SLOTS);
	rc = memory_map(&l->memory, (size_t)l->n * 64, MEMORY_NODE_ANY, true);
	l->words = l->memory.base;
	return rc;
}

static inline uint64_t *line_at(const struct lines *l, uint64_t random)
{
	return l->words + (size_t)below(random, l->n) * LINE_WORDS;
}

/* A cheap step that no prefetcher of the hardware foresees. */
static inline uint64_t step(uint64_t x)
{
	return x * 0xd1342543de82ef95ULL + 0x9e3779b97f4a7c15ULL;
}

/* The lines of one burst are fetched while those of the burst before are written. */
static __attribute__((noinline)) void touch_ahead(struct lines *l, uint32_t n, uint32_t depth)
{
	uint64_t *ahead[2][64], x = l->random;
	uint32_t turn = 0;

	for (uint32_t i = 0; i < depth; i++)
		ahead[1][i] = line_at(l, x = step(x));
	for (uint32_t done = 0; done < n; done += depth, turn ^= 1) {
		for (uint32_t i = 0; i < depth; i++) {
			ahead[turn][i] = line_at(l, x = step(x));
			prefetch_line(ahead[turn][i]);
		}
		for (uint32_t i = 0; i < depth; i++) {
			uint64_t *line = ahead[turn ^ 1][i];

			line[0]++;
			line[3] += 50;
			line[7] = x;
		}
	}
	l->random = x;
}

__attribute__((noinline)) uint64_t lines_chain(struct lines *l, uint32_t n)
{
	uint64_t x = l->random;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t *line = line_at(l, x);

		x = step(x + line[0]);
		line[0] &= 7;
		line[3] += 50;
	}
	return l->random = x;
}

/* The best depth is the limit: the first try of each chooses. */
static uint32_t best_depth(struct lines *l, uint32_t n)
{
	static const uint32_t depths[] = {16, 32, 64};
	uint64_t best_ns = UINT64_MAX;
	uint32_t best = 32;

	for (unsigned int i = 0; i < sizeof depths / sizeof *depths; i++) {
		uint64_t start = thread_ns();

		touch_ahead(l, n, depths[i]);
		uint64_t ns = thread_ns() - start;
		if (ns < best_ns) {
			best_ns = ns;
			best = depths[i];
		}
	}
	return best;
}

static double row_least(const struct bench_row *r)
{
	double least = r->tries ? r->ns[0] : 0;

	for (unsigned int i = 1; i < r->tries; i++)
		least = r->ns[i] < least ? r->ns[i] : least;
	return least;
}

static void measure(struct bench *b, struct lines *l, struct bench_row *limit,
		    struct bench_row *latency)
{
	const uint32_t n = drive_packets(b), chain_n = n / 8;
	const uint32_t depth = best_depth(l, n);
	uint64_t used = 0;

	for (unsigned int try = 0; try < b->tries; try++) {
		uint64_t start = thread_ns(), middle;

		touch_ahead(l, n, depth);
		middle = thread_ns();
		used += lines_chain(l, chain_n);
		bench_sample(limit, middle - start, n);
		bench_sample(latency, thread_ns() - middle, chain_n);
	}
	const double flight = row_least(latency) / row_least(limit);

	bench_note(limit, "%.1f ns latency, %.1f lines in flight, %.0f MB, %u ahead%s",
		   row_least(latency), flight, (double)l->n * 64 / 1e6, depth, used ? "" : " ");
	if (flight < IN_FLIGHT_MIN && b->size != BENCH_TINY && l->memory.pages != MEMORY_PLAIN)
		bench_void(limit, "below %.0f in flight it is no limit", IN_FLIGHT_MIN);
}

static const char *pages_name(const struct memory *m)
{
	static const char *const names[] = {[MEMORY_PLAIN] = "4 KB",
					    [MEMORY_TRANSPARENT_HUGE] = "2 MB, transparent",
					    [MEMORY_HUGETLB] = "2 MB, hugetlb"};

	return names[m->pages];
}

void bench_memory(struct bench *b)
{
	unsigned int n;
	const struct bench_scale *scales = bench_scales(b, &n);

	for (unsigned int i = 0; i < n; i++) {
		struct lines l = {0};
		char limit[32], latency[32];

		snprintf(limit, sizeof limit, "mem_limit_%s", scales[i].name);
		snprintf(latency, sizeof latency, "mem_latency_%s", scales[i].name);
		if (!bench_wants(b, limit) && !bench_wants(b, latency))
			continue;
		if (lines_map(&l, scales[i].flows)) {
			bench_void(bench_row(b, limit), "no memory");
			continue;
		}
		b->pages = pages_name(&l.memory);
		measure(b, &l, bench_row(b, limit), bench_row(b, latency));
		memory_unmap(&l.memory);
	}
}
