/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/dpi share and nobody else may see. */
#pragma once

#include "core/limits.h"
#include "core/memory.h"
#include "dpi/dpi.h"
#include "dpi/ndpi_compat.h"

/* Twice DPI_NAMES_MAX, so that probing is short and ends. */
#define DPI_NAME_SLOTS (2 * DPI_NAMES_MAX)

/* A verdict's texts, made once, never moved: an annex points to .text and finds .category by it. */
struct dpi_name {
	char category[DPI_CATEGORY_BYTES];
	char text[DPI_NAME_BYTES];
};

/* The ids of a verdict; what they mean ends with the module that gave them. */
struct dpi_name_key {
	uint64_t ids;
	uint16_t name; /* index + 1, 0 = empty */
};

struct dpi_names {
	struct memory table; /* struct dpi_name[DPI_NAMES_MAX], touched as they come */
	uint32_t used, keys_used;
	uint16_t by_text[DPI_NAME_SLOTS]; /* index + 1, 0 = empty */
	struct dpi_name_key by_ids[DPI_NAME_SLOTS];
	_Static_assert(DPI_NAMES_MAX < UINT16_MAX, "a slot holds an index + 1");
};

#define DPI_SHA1_BYTES 20

enum dpi_text {
	DPI_TEXT_SERVER_NAME,
	DPI_TEXT_TLS_ALPN,
	DPI_TEXT_TLS_JA3C,
	DPI_TEXT_TLS_JA3S,
	DPI_TEXT_HTTP_URL,
	DPI_TEXT_HTTP_USER_AGENT,
	DPI_TEXT_HTTP_CONTENT_TYPE,
	DPI_TEXT_SSH_CLIENT,
	DPI_TEXT_SSH_SERVER,
	DPI_TEXT_SSH_HASSH_CLIENT,
	DPI_TEXT_SSH_HASSH_SERVER,
	DPI_TEXT_TLS_SHA1, /* DPI_SHA1_BYTES, not a text */
	DPI_TEXT_N
};

/* One allocation: this and the texts behind it. Listed, so that dpi_destroy() finds what is left.
 */
struct dpi_meta {
	struct dpi_meta *next, **link;
	uint32_t len_bytes; /* of the allocation */
	uint32_t users;	    /* annexes that point here, see dpi_annex_inherit() */
	uint16_t tls_version, http_status, dns_query_type, dns_reply_code;
	uint16_t offset[DPI_TEXT_N]; /* from the beginning of this struct, 0 = none */
	char texts[];
};

/* nDPI's flow lies FLOW_OFFSET bytes behind it, in its cache lines. */
struct dpi_state {
	struct dpi_state *next_free;
	bool busy;
};

#define DPI_STATE_FLOW_OFFSET 64

/* A bit a port. */
#define DPI_PORT_WORDS (65536 / 32)

struct dpi_module {
	struct ndpi_detection_module_struct *ndpi;
	void *context; /* of newer nDPI; NULL when adopted */
	bool adopted;  /* made by the caller */
	bool closed;   /* adopted finalized: it takes no protocols any more */
	bool open;     /* finalized by us */
};

enum dpi_file { DPI_FILE_PROTOCOLS, DPI_FILE_CATEGORIES, DPI_FILE_N };

/* Paths in the order in which they were loaded first. */
struct dpi_file_list {
	char *paths[DPI_FILES_MAX];
	unsigned int n;
};

/* A token bucket, see dpi_governor.c. */
struct dpi_governor {
	uint64_t credit, time_ns;
	uint32_t per_second; /* 0 = no limit */
	bool begun;
};

/* What guesses need not ask nDPI again, see dpi_guess.c. */
struct dpi_guesses {
	uint64_t strangers[DPI_STRANGERS];
	uint32_t ports_asked[DPI_PORT_WORDS], ports_dissected[DPI_PORT_WORDS];
};

struct dpi {
	struct dpi_module module;
	struct dpi_options options; /* defaults filled in; paths and module not kept */
	struct dpi_file_list files[DPI_FILE_N];
	struct memory pool;
	size_t state_bytes;
	struct dpi_state *free;
	uint32_t states_touched;	  /* of options.flows_max: the others were never used */
	struct ndpi_flow_struct *scratch; /* of a flow without a state; else clear */
	struct dpi_meta *metas;
	int64_t held_bytes;   /* nDPI's allocations made under this module, see dpi_charge() */
	int64_t held_at_open; /* of them, the module's own */
	int64_t meta_bytes;
	uint64_t last_ms;
	struct dpi_governor governor;
	struct dpi_guesses guesses;
	struct dpi_names names;
};

static inline struct dpi_state *dpi_state_at(struct dpi *d, uint32_t i)
{
	return (struct dpi_state *)(void *)((char *)d->pool.base + d->state_bytes * i);
}

static inline struct ndpi_flow_struct *dpi_state_flow(struct dpi_state *s)
{
	return (struct ndpi_flow_struct *)((char *)s + DPI_STATE_FLOW_OFFSET);
}

/*
 * From here on, what nDPI allocates and frees on this thread is counted in *held_bytes as well;
 * returns who was charged before, to be set again.
 */
int64_t *dpi_charge(int64_t *held_bytes);

/* The name of a verdict; never NULL. Lane thread. */
const char *dpi_name_intern(struct dpi *d, const struct ndpi_verdict *v);
/* The category's name of what dpi_name_intern() returned. Any thread. */
const char *dpi_name_category(const char *text);
int dpi_names_init(struct dpi_names *names);
/* Ids may mean something else from now on; texts that were handed out stay. */
void dpi_names_forget_ids(struct dpi_names *names);
void dpi_names_fini(struct dpi_names *names);

/*
 * Copies what nDPI knows of a flow; NULL when that is nothing or memory is short. handshake is that
 * of the flow's annex. Lane thread.
 */
struct dpi_meta *dpi_meta_make(struct dpi *d, const struct ndpi_flow_struct *f, uint8_t handshake);
void dpi_meta_free(struct dpi *d, struct dpi_meta *m);

/* By the flow's master and application. */
enum dpi_metadata_kind dpi_metadata_kind(const struct dpi_annex *a);

void dpi_governor_init(struct dpi_governor *g, uint32_t per_second);
/* Whether an inspection may begin at this packet time; it is paid for once it did. */
bool dpi_governor_allows(struct dpi_governor *g, uint64_t time_ns);
void dpi_governor_spend(struct dpi_governor *g);

/* Bits of dpi_annex.handshake: how a TCP flow began, up to its first payload. */
enum {
	DPI_SEEN_SYN = 1 << 0,
	DPI_SEEN_SYN_ACK = 1 << 1,
	DPI_SEEN_ACK = 1 << 2,
	DPI_SEEN_OTHER = 1 << 3,   /* the first packet was no SYN */
	DPI_SEEN_REVERSE = 1 << 4, /* it came in DIR_REV */
	DPI_SEEN_PAYLOAD = 1 << 5,
	DPI_SEEN_SERVER_FIRST = 1 << 6, /* the first payload came from where the SYN went */
	DPI_SEEN_LOW_CLIENT = 1 << 7,	/* the SYN came from the lower port */
};

/* Largest packet that is made: IPv6 and TCP headers. */
#define DPI_MADE_BYTES 60

/* Notes a packet of a flow; what comes after the first payload of TCP is of no interest. */
void dpi_handshake_note(struct dpi_annex *a, const struct packet *k, unsigned int direction);
/* Shows nDPI the noted packets; k is the first one with payload, not yet processed. */
void dpi_handshake_replay(struct dpi *d, struct dpi_annex *a, const struct packet *k,
			  unsigned int direction);
/*
 * What nDPI says of a flow with these addresses and ports and no payload; d->scratch, clear before,
 * is as nDPI leaves it.
 */
struct ndpi_verdict dpi_guess(struct dpi *d, const struct dpi_flow_facts *facts);
/* Frees what nDPI keeps of d->scratch, and zeroes it. */
void dpi_scratch_clear(struct dpi *d);
/* Shows nDPI a first packet without payload of such a flow. */
struct ndpi_verdict dpi_process_facts(struct dpi *d, struct ndpi_flow_struct *f,
				      const struct dpi_flow_facts *facts);

/* Protocol with this name in a module, 0 = none. */
uint16_t dpi_protocol_find(struct ndpi_detection_module_struct *m, const char *name);

/* 0 or -ENOMEM. Any thread, as the other two. */
int dpi_module_make(struct dpi_module *m, const struct dpi_options *o);
void dpi_module_open(struct dpi_module *m, const struct dpi_options *o);
void dpi_module_free(struct dpi_module *m);

/* Says in words what is wrong with a file of custom protocols or categories. */
struct dpi_file_error {
	char *text;
	size_t len;
	bool of_option; /* the path is that of a setting, which the words name */
};

/* Checks the file, then loads it; on failure the module is as before. */
int dpi_read_protocols(struct ndpi_detection_module_struct *m, const char *path,
		       const struct dpi_file_error *e);
/* The same with files of categories; what other such files brought before is forgotten. */
int dpi_read_categories(struct ndpi_detection_module_struct *m, const struct dpi_file_list *files,
			const struct dpi_file_error *e);

/* As dpi_load_protocols_file(), by kind. */
int dpi_load_file(struct dpi *d, enum dpi_file kind, const char *path,
		  const struct dpi_file_error *e);
void dpi_files_forget(struct dpi *d);
