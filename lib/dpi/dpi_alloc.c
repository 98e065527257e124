/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts what nDPI allocates. Its allocator is process-wide, so the total stands in shards, one a
 * thread as long as there are not more threads than shards; beside it each module is charged for
 * what happens under it, which is what its budget is compared with.
 */
#include "dpi/dpi_private.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Threads that allocate without sharing a cache line: the lanes, and the main thread. */
#define SHARDS (LANES_MAX * 2)

static struct {
	_Alignas(64) _Atomic int64_t bytes;
} shards[SHARDS];

static _Atomic unsigned int threads_seen;
static _Thread_local unsigned int shard_number; /* + 1, 0 = none yet */
static _Thread_local int64_t *charged;

int64_t *dpi_charge(int64_t *held_bytes)
{
	int64_t *before = charged;

	charged = held_bytes;
	return before;
}

static void count(int64_t bytes)
{
	if (!shard_number)
		shard_number =
			1 +
			atomic_fetch_add_explicit(&threads_seen, 1, memory_order_relaxed) % SHARDS;
	atomic_fetch_add_explicit(&shards[shard_number - 1].bytes, bytes, memory_order_relaxed);
	if (charged)
		*charged += bytes;
}

static void *counted(void *p)
{
	if (p)
		count((int64_t)malloc_usable_size(p));
	return p;
}

static void *counting_malloc(size_t len)
{
	return counted(malloc(len));
}

static void *counting_calloc(size_t n, size_t len)
{
	return counted(calloc(n, len));
}

static void counting_free(void *p)
{
	if (p)
		count(-(int64_t)malloc_usable_size(p));
	free(p);
}

static void *counting_realloc(void *p, size_t len)
{
	int64_t before = p ? (int64_t)malloc_usable_size(p) : 0;
	void *q = realloc(p, len);

	if (q)
		count((int64_t)malloc_usable_size(q) - before);
	return q;
}

static void *counting_aligned_malloc(size_t alignment, size_t len)
{
	void *p = NULL;

	return posix_memalign(&p, alignment, len) == 0 ? counted(p) : NULL;
}

void dpi_count_allocations(void)
{
	static const struct ndpi_compat_allocator allocator = {
		.malloc = counting_malloc,
		.free = counting_free,
		.calloc = counting_calloc,
		.realloc = counting_realloc,
		.aligned_malloc = counting_aligned_malloc,
	};

	ndpi_compat_set_allocator(&allocator);
}

uint64_t dpi_allocated_bytes(void)
{
	int64_t sum = 0;

	for (unsigned int i = 0; i < SHARDS; i++)
		sum += atomic_load_explicit(&shards[i].bytes, memory_order_relaxed);
	return sum > 0 ? (uint64_t)sum : 0;
}
