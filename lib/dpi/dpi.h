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
	/*
	 * Given to nDPI a flow before it must decide; 0 = default, at most 255. UDP's holds for all
	 * that is not TCP; TCP's handshake (DPI_HANDSHAKE_PACKETS at most) does not count.
	 */
	uint32_t packets_tcp_max, packets_udp_max;
	uint32_t flows_max;	  /* states in the pool; 0 = default */
	uint32_t flows_per_s_max; /* inspections that begin in a second; 0 = no limit */
	uint64_t bytes_max;	  /* nDPI's allocations beyond its module; 0 = default */
	bool guess;		  /* by port or address when the payload says nothing */
	bool extra;		  /* go on for metadata after the protocol is known */
	bool metadata;	  /* without extra: go on where struct dpi_metadata has more to hold */
	bool keep_states; /* a state from the first packet until dpi_annex_release() (API tables) */
	/* Inspect with this module, finalized or not; NULL = one of our own making. */
	struct ndpi_detection_module_struct *module;
	const char *protocols_path;  /* custom protocols, nDPI's format; NULL = none */
	const char *categories_path; /* custom categories, nDPI's format; NULL = none */
	uint64_t *counters;	     /* DPI_N words of the lane, borrowed */
};

/* In every flow; all zero in a new one. */
struct dpi_annex {
	struct dpi_state *state; /* NULL: not begun, or given back with the verdict */
	struct dpi_meta *meta;	 /* NULL: no metadata */
	const char *l7_proto;	 /* as long as the struct dpi; NULL before nDPI names the flow */
	uint64_t risk;
	uint16_t app_id, master_id, category_id, risk_score;
	uint8_t flags; /* L7_* of record.h */
	uint8_t confidence;
	uint8_t packets; /* given to nDPI, those of the handshake apart */
	bool final;	 /* no packet changes the verdict any more */
	/* Of no interest outside lib/dpi: */
	uint8_t handshake; /* how a TCP flow began */
	uint8_t opening;   /* packets of the handshake given to nDPI */
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
 * Makes a detection module with all protocols on, or adopts options->module, which dpi_destroy()
 * then frees; on failure that one stays the caller's, untouched. The protocols of that one are the
 * caller's choice (nDPI until 4.14 has none on at first). nDPI prints nothing meanwhile. Any
 * thread, even several at once. 0, -ENOMEM, -ENOENT or -EINVAL (a custom file that cannot be read
 * or parsed, or files given together with a module); error_text, if not NULL, says what to do, of a
 * file with its line and what is expected there.
 */
int dpi_create(struct dpi **out, const struct dpi_options *options, char *error_text,
	       size_t error_len);
/*
 * Finalizes the module now, which takes a while and memory; without it the first packet does. Once
 * open, custom files need a new module.
 */
void dpi_open(struct dpi *d);
/*
 * Loads custom protocols, or host names of categories, in nDPI's formats. Files add up; a path that
 * was loaded before is read anew in its place (but protocols add to a module of the caller's, and
 * categories replace those that the caller enabled in it). Before the module is open it is loaded
 * into; later a new module is made with all files so far, and replaces the old one: flows under
 * inspection go on with it (what nDPI knew of them is kept), flows with a verdict keep their ids
 * and names. That takes as long as dpi_create(). 0, -EBUSY (the caller's own module is open),
 * -ENOMEM, -ENOENT or -EINVAL; then nothing has changed, and error_text, if not NULL, says why in
 * one line, with file and line.
 */
int dpi_load_protocols_file(struct dpi *d, const char *path, char *error_text, size_t error_len);
int dpi_load_categories_file(struct dpi *d, const char *path, char *error_text, size_t error_len);
/*
 * Packets given to nDPI a flow before it must decide, as in struct dpi_options; 0 = leave it. For
 * flows that go on, too.
 */
void dpi_set_packets_max(struct dpi *d, uint32_t tcp, uint32_t udp);
/*
 * States and strings of flows that were not released go with it; their annexes must not be used
 * any more, not even to be released.
 */
void dpi_destroy(struct dpi *d);

/*
 * Gives one packet of a flow to nDPI unless the verdict is final. The annex has ids and name as
 * soon as nDPI has, and may get finer ones while nDPI goes on; flags, confidence, risk and metadata
 * come with the final verdict. Directions are DIR_FWD/DIR_REV.
 * A TCP flow takes a state with its first payload, any other with its first packet; later
 * fragments are not given (nDPI reads no reassembled packets). When the pool, the bytes or the
 * inspections of this second of packet time are used up, the flow is marked L7_GAVE_UP and gets
 * what dpi_finish() can guess.
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
 * Another record of the same flow: what goes on after the active timeout, when the verdict is
 * final, or a slice, which takes what is known by now. Each of the two is released.
 */
void dpi_annex_inherit(struct dpi *d, struct dpi_annex *to, const struct dpi_annex *from);
/* Gives back state and metadata; the annex is zero afterwards. */
void dpi_annex_release(struct dpi *d, struct dpi_annex *a);

/*
 * Fills the l7 fields and strings of a record; they live until dpi_annex_release(). Any thread,
 * once the verdict is final or the flow has ended; before that (a slice) the lane thread. With
 * a == NULL (DPI is off) writes the fields of "not inspected".
 */
void dpi_to_record(const struct dpi_annex *a, struct flow_record *r);

/* Which of a flow's metadata its protocol fills. */
enum dpi_metadata_kind {
	DPI_METADATA_NONE,
	DPI_METADATA_DNS, /* mDNS and LLMNR, too */
	DPI_METADATA_TLS, /* QUIC and DTLS, too */
	DPI_METADATA_HTTP,
};

/* What a flow said of itself; "", NULL or 0 where that is not known. */
struct dpi_metadata {
	enum dpi_metadata_kind kind; /* by the flow's master and application */
	const char *server_name;     /* DNS: the name asked for; HTTP: Host; TLS, QUIC: SNI */
	const char *url;	     /* HTTP */
	uint16_t dns_query_type, dns_reply_code, http_response_code;
	const uint8_t *tls_sha1; /* 20 bytes: SHA-1 of the server's certificate */
};

/*
 * The pointers live until dpi_annex_release() once the verdict is final, before that until the
 * flow's next packet. Threads as dpi_to_record().
 */
void dpi_annex_metadata(struct dpi_annex *a, struct dpi_metadata *m);

/*
 * nDPI's name of a protocol pair ("TLS.Google") into buffer; returns buffer. Of a pair of one
 * protocol and itself, or none, the name of that one ("DNS").
 */
char *dpi_protocol_name(struct dpi *d, uint16_t master_id, uint16_t app_id, char *buffer,
			size_t len);
/* nDPI's id of a protocol name, without regard to case; "SSL" is TLS. 0 (Unknown): no such name. */
uint16_t dpi_protocol_id(struct dpi *d, const char *name);
/* A protocol of the module, custom ones included; strings live as long as the module. */
struct dpi_protocol {
	uint16_t id; /* as in verdicts */
	const char *name;
	const char *category; /* "" = none */
};
/* Numbers below this may be protocols; and the protocol of one, false when it is none's. */
uint32_t dpi_protocol_numbers(struct dpi *d);
bool dpi_protocol_at(struct dpi *d, uint32_t number, struct dpi_protocol *out);
/* The module itself, for those who know nDPI; owned by d, until a file replaces it. */
struct ndpi_detection_module_struct *dpi_module(struct dpi *d);
/* The flow's nDPI structure while it exists (keep_states: until release), else NULL. */
struct ndpi_flow_struct *dpi_annex_flow(struct dpi_annex *a);
