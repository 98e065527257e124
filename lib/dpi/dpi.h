/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The nDPI binding: one detection module a lane, a bounded pool of inspection states, and a small
 * annex in every flow that holds the state while it lasts and the verdict for ever after.
 * All functions that take a struct dpi belong to the thread that owns it unless said otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/packet.h"
#include "record/record.h"

struct ndpi_detection_module_struct;
struct ndpi_flow_struct;

struct dpi;	  /* one a lane */
struct dpi_state; /* a flow under inspection, from the pool */
struct dpi_meta;  /* strings of a verdict */

struct dpi_options {
	uint32_t packets_tcp_max; /* given to nDPI a flow before it must decide; 0 = default, */
	uint32_t packets_udp_max; /* at most 255; UDP's holds for all that is not TCP */
	uint32_t flows_max;	  /* states in the pool; 0 = default */
	uint64_t bytes_max;	  /* nDPI's allocations beyond its module; 0 = default */
	bool guess;		  /* by port or address when the payload says nothing */
	bool extra;		  /* go on for metadata after the protocol is known */
	bool keep_states; /* a state from the first packet until dpi_annex_release() (API tables) */
	const char *protocols_path;  /* custom protocols, nDPI's format; NULL = none */
	const char *categories_path; /* custom categories, nDPI's format; NULL = none */
	uint64_t *counters;	     /* DPI_N words of the lane, borrowed */
};

/* In every flow; all zero in a new one. */
struct dpi_annex {
	struct dpi_state *state; /* NULL: not begun, or given back with the verdict */
	struct dpi_meta *meta;	 /* NULL: no metadata */
	const char *l7_proto;	 /* as long as the struct dpi; NULL before the verdict */
	uint64_t risk;
	uint16_t app_id, master_id, category_id, risk_score;
	uint8_t flags; /* L7_* of record.h */
	uint8_t confidence;
	uint8_t packets;   /* given to nDPI, saturating */
	bool final;	   /* no packet changes the verdict any more */
	uint8_t handshake; /* how a TCP flow began; of no interest outside lib/dpi */
};

/*
 * Makes nDPI's allocations counted and bounded for the whole process (nDPI's allocator is process
 * wide). Call once, before any dpi_create(); only the daemon does. Thread-safe afterwards.
 * Without it the bytes of dpi_options.bytes_max bound the strings of verdicts only.
 */
void dpi_count_allocations(void);
/* Bytes that nDPI holds in the whole process, 0 without dpi_count_allocations(). Any thread. */
uint64_t dpi_allocated_bytes(void);

/*
 * Makes a detection module with all protocols on; nDPI prints nothing meanwhile. Any thread, even
 * several at once. 0, -ENOMEM, -ENOENT or -EINVAL (a custom file that cannot be read or parsed);
 * error_text, if not NULL, says what to do, of a file with its line and what is expected there.
 */
int dpi_create(struct dpi **out, const struct dpi_options *options, char *error_text,
	       size_t error_len);
/*
 * States and strings of flows that were not released go with it; their annexes must not be used
 * any more, not even to be released.
 */
void dpi_destroy(struct dpi *d);

/*
 * Gives one packet of a flow to nDPI unless the verdict is final. Directions are DIR_FWD/DIR_REV.
 * A TCP flow takes a state with its first payload, any other with its first packet; later
 * fragments are not given (nDPI reads no reassembled packets). When the pool or the bytes are used
 * up the flow is marked L7_GAVE_UP and gets what dpi_finish() can guess.
 * True when the verdict became final with this packet.
 */
bool dpi_inspect(struct dpi *d, struct dpi_annex *a, const struct packet *k,
		 unsigned int direction);

/*
 * What dpi_finish() needs of a flow: addresses in network order (4 or 16 bytes), ports in host
 * order.
 */
struct dpi_flow_facts {
	const uint8_t *src_addr, *dst_addr;
	uint16_t src_port, dst_port;
	uint8_t ip_version, protocol;
};

/*
 * The flow ends: makes the verdict final with what there is (a guess when allowed). True when it
 * did so now.
 */
bool dpi_finish(struct dpi *d, struct dpi_annex *a, const struct dpi_flow_facts *facts);

/*
 * The flow goes on under a new record (active timeout): the verdict, final by then, and its strings
 * are handed on. Each of the two is released.
 */
void dpi_annex_inherit(struct dpi_annex *to, const struct dpi_annex *from);
/* Gives back state and metadata; the annex is zero afterwards. */
void dpi_annex_release(struct dpi *d, struct dpi_annex *a);

/*
 * Fills the l7 fields and strings of a record; they live until dpi_annex_release(). Any thread,
 * once the verdict is final or the flow has ended. With a == NULL (DPI is off) writes the fields of
 * "not inspected".
 */
void dpi_to_record(const struct dpi_annex *a, struct flow_record *r);

/* nDPI's name of a protocol pair ("TLS.Google") into buffer; returns buffer. */
char *dpi_protocol_name(struct dpi *d, uint16_t master_id, uint16_t app_id, char *buffer,
			size_t len);
/* nDPI's id of a protocol name, compared without case; 0 (Unknown) when there is none. */
uint16_t dpi_protocol_id(struct dpi *d, const char *name);
/* The module itself, for those who know nDPI; owned by d. */
struct ndpi_detection_module_struct *dpi_module(struct dpi *d);
/* The flow's nDPI structure while it exists, else NULL. */
struct ndpi_flow_struct *dpi_annex_flow(struct dpi_annex *a);
