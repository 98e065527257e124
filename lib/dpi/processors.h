/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processors: what looks at the packets of a flow beyond counting them. A table is made with a set
 * of them; the state of each lies at a fixed place of every flow's annex, and a processor sees the
 * packets of a flow until it says that it is done with it. Every record of a flow begins anew:
 * after a slice or a cut it tells of its own packets, as its counters do.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "packet/packet.h"
#include "record/record.h"

enum processor {
#define PROCESSOR(name, ...) PROCESSOR_##name,
#include "dpi/processors.def"
	PROCESSOR_N
};

_Static_assert(PROCESSOR_N <= 32, "processors are bits of a word");

#define PROCESSORS_ALL ((uint32_t)((1ULL << PROCESSOR_N) - 1))

struct processor_options {
	bool records_transaction;  /* a record ends with each transaction */
	uint8_t transactions;	   /* told in one record, else; 1 to TRANSACTIONS_MAX */
	bool pstats_include_zeros; /* packets without payload, too */
	bool pstats_skip_dup;	   /* leave out what TCP sent again */
	bool phists_include_zeros;
	bool dnssd_txt; /* TXT records, too */
	uint8_t mqtt_topics; /* told in one record, at most MQTT_TOPICS_MAX */
};

struct processor_ops;
struct processor_pool;
struct processor_crypto;

/* What a table runs, and where their states lie. */
struct processors {
	struct processor_options options;
	struct processor_pool *pool;	 /* NULL: none of them needs it */
	struct processor_crypto *crypto; /* the same */
	uint64_t *counters;		 /* DPI_N words of the lane, borrowed */
	uint32_t n;
	uint32_t bytes; /* of an annex, 0 = none */
	bool guards;	/* one of them may cut before a packet */
	uint32_t set;	/* those that are laid out: bits 1 << enum processor */
	/* Bits of slots: those that run; those that will, once their states are clear. */
	_Atomic uint32_t running;
	uint32_t starting;
	struct {
		const struct processor_ops *ops;
		uint32_t offset; /* in the annex */
	} slots[PROCESSOR_N];
};

/* Bytes of an annex with this set of processors (bits 1 << enum processor). Any thread. */
uint32_t processors_bytes(uint32_t set);

/* Bytes of their pool with so many blocks: 0 when none of the set needs one. Any thread. */
uint64_t processors_pool_bytes(uint32_t set, uint32_t blocks);

/*
 * Lays out the states of a set, all of which run, and takes the pool. counters: DPI_N words of the
 * lane, which it borrows. 0, -ENOMEM, or -ENOTSUP when OpenSSL lacks what one of them needs;
 * processors_fini() gives all back. The table's thread.
 */
int processors_init(struct processors *p, uint32_t set, const struct processor_options *options,
		    uint32_t blocks, uint64_t *counters);
void processors_fini(struct processors *p);

/*
 * Of the laid out ones these are to run (bits 1 << enum processor). Those that are not stop at
 * once, and records tell nothing of them. Those that come in begin with processors_started(), when
 * the annex of every flow has been through processors_clear(), so that nothing is left of an
 * earlier time. True: some come in. The table's thread.
 */
bool processors_choose(struct processors *p, uint32_t set);
void processors_clear(const struct processors *p, void *annex);
void processors_started(struct processors *p);

/*
 * Before a packet is counted: whether the flow's record must be closed, so that the next one begins
 * with it. Only asked when the record has packets, and guards is set. The table's thread.
 */
bool processors_cut_before(const struct processors *p, const void *annex, const struct packet *k,
			   unsigned int direction);

struct processors_answer {
	bool next; /* somebody wants to see the next packet of the record */
	bool cut;  /* the record must be closed with this packet */
};

/*
 * Shows a packet to those that are not done with the flow. The annex is all zero in a new flow, and
 * aligned to 16 bytes. The table's thread.
 */
struct processors_answer processors_packet(const struct processors *p, void *annex,
					   const struct packet *k, unsigned int direction);

/* A slice leaves: it takes what was seen, and the flow begins anew. The table's thread. */
void processors_slice(const struct processors *p, void *slice, void *flow);

/*
 * Fills the fields of a record of which flow_to_record() made the rest, of those processors that
 * run and saw a packet of it; lists live as long as the annex. Any thread, once the flow has ended.
 */
void processors_to_record(const struct processors *p, const void *annex, struct flow_record *r);

/* The flow is gone: its blocks go back to the pool. The table's thread. */
void processors_release(const struct processors *p, void *annex);

/* ---- names; any thread ---- */

const char *processor_name(enum processor processor);

/*
 * Reads names with blanks or commas between, "all" or "none" into a set; "" is none. 0, or -EINVAL
 * with *set untouched and one line in error.
 */
int processors_parse(uint32_t *set, const char *text, char *error, size_t error_len);

/* Bits of enum element_source: the processors that are not in the set. */
uint64_t processors_missing_sources(uint32_t set);

/* What --list-processors prints, and docs/processors.md. 0 or -errno of the stream. */
int processors_print(FILE *to);
int processors_print_markdown(FILE *to);
