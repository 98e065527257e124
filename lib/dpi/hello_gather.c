/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces of a message, put together. */
#include "dpi/hello_gather.h"

#include <string.h>

static bool take_blocks(struct hello_gather *g, const struct processor_packet *p, uint32_t from,
			uint32_t to)
{
	for (uint32_t i = from / PROCESSOR_BLOCK_BYTES; i <= (to - 1) / PROCESSOR_BLOCK_BYTES;
	     i++) {
		if (!g->blocks[i])
			g->blocks[i] = processor_pool_take(p->all->pool, p->all->counters);
		if (!g->blocks[i])
			return false;
	}
	return true;
}

/* Bytes from..to, of which the first is bytes[0]. */
static void store(struct hello_gather *g, uint32_t from, uint32_t to, const uint8_t *bytes)
{
	while (from < to) {
		const uint32_t at = from % PROCESSOR_BLOCK_BYTES;
		uint32_t n = PROCESSOR_BLOCK_BYTES - at;

		if (n > to - from)
			n = to - from;
		memcpy(g->blocks[from / PROCESSOR_BLOCK_BYTES]->bytes + at, bytes, n);
		bytes += n;
		from += n;
	}
}

/* The gaps in from..to. */
static void store_gaps(struct hello_gather *g, uint32_t from, uint32_t to, const uint8_t *bytes)
{
	uint32_t at = from;

	for (unsigned int i = 0; i < g->n && at < to; i++) {
		const uint32_t begin = g->pieces[i].from, end = g->pieces[i].to;

		if (end <= at)
			continue;
		if (begin > at)
			store(g, at, begin < to ? begin : to, bytes + (at - from));
		at = end;
	}
	if (at < to)
		store(g, at, to, bytes + (at - from));
}

/* Pieces that from..to overlaps or touches become one with it; false: one more is too many. */
static bool join(struct hello_gather *g, uint32_t from, uint32_t to)
{
	unsigned int first = 0, end;

	while (first < g->n && g->pieces[first].to < from)
		first++;
	for (end = first; end < g->n && g->pieces[end].from <= to; end++) {
		if (g->pieces[end].from < from)
			from = g->pieces[end].from;
		if (g->pieces[end].to > to)
			to = g->pieces[end].to;
	}
	if (end == first && g->n == HELLO_PIECES_MAX)
		return false;
	memmove(&g->pieces[first + 1], &g->pieces[end], (g->n - end) * sizeof g->pieces[0]);
	g->pieces[first].from = (uint16_t)from;
	g->pieces[first].to = (uint16_t)to;
	g->n = (uint8_t)(g->n + 1 - (end - first));
	return true;
}

bool hello_gather_put(struct hello_gather *g, const struct processor_packet *p, uint32_t at,
		      struct octets bytes)
{
	const struct hello_gather before = *g;

	if (at >= HELLO_BYTES_MAX || !bytes.len)
		return true;
	const uint32_t room = HELLO_BYTES_MAX - at;
	const uint32_t to = at + (bytes.len < room ? bytes.len : room);

	if (!take_blocks(g, p, at, to) || !join(g, at, to))
		return false;
	struct hello_gather gaps = before;

	memcpy(gaps.blocks, g->blocks, sizeof gaps.blocks);
	store_gaps(&gaps, at, to, bytes.bytes);
	return true;
}

uint32_t hello_gather_len(const struct hello_gather *g)
{
	return g->n && !g->pieces[0].from ? g->pieces[0].to : 0;
}

void hello_gather_copy(const struct hello_gather *g, uint8_t *to, uint32_t len)
{
	for (uint32_t at = 0; at < len; at += PROCESSOR_BLOCK_BYTES) {
		const uint32_t n = len - at;

		memcpy(to + at, g->blocks[at / PROCESSOR_BLOCK_BYTES]->bytes,
		       n < PROCESSOR_BLOCK_BYTES ? n : PROCESSOR_BLOCK_BYTES);
	}
}

void hello_gather_reset(struct hello_gather *g, struct processor_pool *pool)
{
	for (unsigned int i = 0; i < HELLO_BLOCKS; i++)
		if (g->blocks[i])
			processor_pool_give(pool, g->blocks[i]);
	memset(g, 0, sizeof *g);
}
