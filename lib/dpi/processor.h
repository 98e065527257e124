/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a processor is made of. Each proc_NAME.c has one function, proc_NAME(), which returns its
 * operations; a row of processors.def makes it known.
 */
#pragma once

#include "dpi/processor_pool.h"
#include "dpi/processors.h"

enum processor_answer {
	PROCESSOR_NEXT, /* show me the next packet of this flow */
	PROCESSOR_DONE, /* no more of this record */
	/* The flow ends with this packet, of which I want no more; the next begins another one. */
	PROCESSOR_CUT_AFTER,
};

/* A packet of the flow, as processors see it. */
struct processor_packet {
	const struct packet *view;
	const struct processors *all;
	const struct processor_options *options;
	unsigned int direction;	 /* DIR_FWD, DIR_REV */
	uint32_t payload_len;	 /* on the wire */
	const uint8_t *payload;	 /* what was captured of it */
	uint32_t captured;	 /* bytes there */
	uint32_t since_start_ms; /* of the clock's milliseconds, from the record's first packet */
};

struct processor_ops {
	uint32_t state_bytes; /* in every flow */
	/* The state begins with a struct processor_block *, NULL until processor_block() is asked.
	 */
	bool has_block;
	/* Must not read beyond the packet's captured bytes. state: all zero at first. */
	enum processor_answer (*packet)(void *state, const struct processor_packet *p);
	/*
	 * Whether the record must be closed before this packet, which then is shown as the first of
	 * the next one. Only asked with records = transaction. It changes nothing; NULL: never. The
	 * flows of a table with such a processor take the long way until all are done with them.
	 */
	bool (*cut_before)(const void *state, const struct processor_packet *p);
	/* The record ends; counts and times are in r already. Its block may be NULL. */
	void (*to_record)(const void *state, struct flow_record *r);
	bool has_crypto; /* processors.crypto is there */
	/* Gives back what hangs on its block, which is there; NULL: nothing. The table's thread. */
	void (*release)(void *state, struct processor_pool *pool);
};

#define PROCESSOR(name, ...) const struct processor_ops *proc_##name(void);
#include "dpi/processors.def"

/* How many transactions one record tells. */
static inline uint8_t processor_transactions_max(const struct processor_packet *p)
{
	return p->options->records_transaction ? 1 : p->options->transactions;
}

static inline bool processor_has_port(const struct processor_packet *p, uint16_t port)
{
	return p->view->src_port == port || p->view->dst_port == port;
}

/*
 * The block of a state with has_block, zeroed when it is new: bytes at most PROCESSOR_BLOCK_BYTES.
 * NULL: there is none left, which is counted; the answer is then PROCESSOR_DONE.
 */
static inline void *processor_block(void *state, const struct processor_packet *p)
{
	struct processor_block **block = state;

	if (!*block)
		*block = processor_pool_take(p->all->pool, p->all->counters);
	return *block;
}

static inline bool processor_is_tcp(const struct processor_packet *p)
{
	return p->view->flags & PACKET_TCP;
}

/*
 * Bytes of the IP packet that may be read from `at` on, an offset behind its header: what was
 * captured, without the padding of its frame.
 */
static inline uint32_t processor_room(const struct packet *k, uint32_t at)
{
	uint32_t end = k->l3_offset + k->l3_len;

	if (end > k->len)
		end = k->len;
	return at < end ? end - at : 0;
}

/*
 * One packet that was a SYN says nothing of how a flow behaves: most of these are scans.
 * Time-series are left out of such records.
 */
static inline bool processor_is_lone_syn(const struct flow_record *r)
{
	const unsigned int syn = 0x02;

	return r->packets[DIR_FWD] + r->packets[DIR_REV] == 1 &&
	       (r->tcp_flags[DIR_FWD] | r->tcp_flags[DIR_REV]) & syn;
}
