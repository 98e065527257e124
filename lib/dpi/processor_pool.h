/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for processors that keep more of a flow than fits its annex: blocks of one size, taken
 * when a table is made. One thread takes and gives back; what is in a block may be read by whoever
 * has the flow.
 */
#pragma once

#include <stdint.h>

#include "core/limits.h"

struct processor_block {
	_Alignas(16) uint8_t bytes[PROCESSOR_BLOCK_BYTES];
};

struct processor_pool;

/* 0 or -ENOMEM. Pages are promised, and touched by their first user. NULL may be destroyed. */
int processor_pool_create(struct processor_pool **out, uint32_t blocks);
void processor_pool_destroy(struct processor_pool *p);
/* What that maps. */
uint64_t processor_pool_bytes(uint32_t blocks);

/* A zeroed block; NULL when all are out, which is counted in counters (DPI_N words). */
struct processor_block *processor_pool_take(struct processor_pool *p, uint64_t *counters);
void processor_pool_give(struct processor_pool *p, struct processor_block *block);
