/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks for processors. The last one given back is the next taken: it is in the cache. */
#include "dpi/processor_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/counters.h"
#include "core/memory.h"

struct processor_pool {
	struct memory memory;
	struct processor_block *blocks;
	uint32_t n, n_begun; /* those from n_begun on were never taken */
	uint32_t n_free;
	uint32_t free[]; /* of those before */
};

uint64_t processor_pool_bytes(uint32_t blocks)
{
	return (uint64_t)blocks * (sizeof(struct processor_block) + sizeof(uint32_t));
}

int processor_pool_create(struct processor_pool **out, uint32_t blocks)
{
	struct processor_pool *p = calloc(1, sizeof *p + blocks * sizeof *p->free);
	int rc = p ? memory_map(&p->memory, blocks * sizeof *p->blocks, MEMORY_NODE_ANY, false) :
		     -ENOMEM;

	if (rc) {
		free(p);
		return -ENOMEM;
	}
	p->blocks = p->memory.base;
	p->n = blocks;
	*out = p;
	return 0;
}

void processor_pool_destroy(struct processor_pool *p)
{
	if (!p)
		return;
	memory_unmap(&p->memory);
	free(p);
}

struct processor_block *processor_pool_take(struct processor_pool *p, uint64_t *counters)
{
	struct processor_block *block;

	if (p->n_free) {
		block = &p->blocks[p->free[--p->n_free]];
		memset(block, 0, sizeof *block);
		return block;
	}
	if (p->n_begun < p->n)
		return &p->blocks[p->n_begun++];
	counter_add(&counters[DPI_processor_no_block], 1);
	return NULL;
}

void processor_pool_give(struct processor_pool *p, struct processor_block *block)
{
	p->free[p->n_free++] = (uint32_t)(block - p->blocks);
}
