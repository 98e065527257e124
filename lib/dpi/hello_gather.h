/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes that come in pieces and in any order, such as a ClientHello in several TCP segments or
 * QUIC datagrams: kept in blocks of the pool until they are whole. Overlaps: what came first stays.
 */
#pragma once

#include "dpi/processor.h"

#define HELLO_BLOCKS (HELLO_BYTES_MAX / PROCESSOR_BLOCK_BYTES)

_Static_assert(HELLO_BYTES_MAX % PROCESSOR_BLOCK_BYTES == 0, "whole blocks");

/* Lies in a block, which is zero at first; blocks are taken when they are needed. */
struct hello_gather {
	struct processor_block *blocks[HELLO_BLOCKS];
	uint8_t n;
	struct {
		uint16_t from, to;
	} pieces[HELLO_PIECES_MAX]; /* in order, none touches another */
};

/*
 * Keeps bytes at an offset; what is beyond HELLO_BYTES_MAX is left out. False: there is no memory,
 * or there are too many gaps; then nothing changed.
 */
bool hello_gather_put(struct hello_gather *g, const struct processor_packet *p, uint32_t at,
		      struct octets bytes);

/* How many bytes there are from the beginning on without a gap. */
uint32_t hello_gather_len(const struct hello_gather *g);

/* Copies the first of these. */
void hello_gather_copy(const struct hello_gather *g, uint8_t *to, uint32_t len);

/* Forgets all, and gives the blocks back. The table's thread. */
void hello_gather_reset(struct hello_gather *g, struct processor_pool *pool);
