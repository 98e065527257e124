/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast messages may leave that nothing ever acknowledges: as the reader's buffer has room,
 * where the transport sees it. Else, so that none is lost, at a rate that a reader with Linux's
 * default buffer keeps up with; live in bursts that fit into that buffer.
 *
 * All bytes are of that buffer: what the kernel allocates for a message, not only its length.
 */
#pragma once
#include "export/transport.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed it is ready, but for `live`. One thread. */
struct pace {
	int64_t credit_bytes;
	uint64_t until_ns;  /* no more credit before */
	uint64_t credit_ns; /* when there was credit last */
	uint64_t step_ns;   /* how long the full buffer is left alone next */
	bool proven;	    /* what was sent was seen in the reader's buffer */
	bool sighted;	    /* the credit is room that was seen */
	bool look_now;	    /* what was sent may still be in there */
	bool live;	    /* the rate is that of live traffic: losses elsewhere are possible */
};

/* What a message of so many bytes takes of a reader's buffer, at most. */
uint64_t pace_cost_bytes(uint32_t message_bytes);

/*
 * Whether a message of at most so many bytes may leave now; the clock may be any, and may be set.
 * Looks at the reader when what it had room for is spent, else asks no one.
 */
bool pace_allows(struct pace *p, struct transport *t, uint32_t message_bytes, uint64_t now_ns);

/* A message left. */
void pace_spend(struct pace *p, uint32_t message_bytes);

/* How long nothing may leave, at most IPFIX_PACE_STEP_MAX_NS; 0 when something may. */
uint64_t pace_wait_ns(const struct pace *p, uint32_t message_bytes, uint64_t now_ns);
