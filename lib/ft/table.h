/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside lib/ft: one table with its parser, flows, inspection, callbacks, and the bursts in flight.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "dpi/dpi.h"
#include "flowtable/table.h"
#include "ft/ft.h"
#include "ft/rules.h"
#include "ft/stages.h"
#include "ft/zmq.h"
#include "packet/parse.h"

/* Packets that travel through the stages together. */
struct burst {
	unsigned int n;			       /* packets */
	unsigned int n_metered;		       /* of them, those that belong to a flow */
	struct flow_lookup lookups[BURST_MAX]; /* of the metered ones, close together */
	pfring_ft_packet packets[BURST_MAX];
	struct packet views[BURST_MAX]; /* of the packets that somebody looks at */
};

_Static_assert(BURST_MAX == PFRING_FT_BURST_MAX, "the API promises the same bound");

struct ft_callback {
	pfring_ft_export_flow_func call;
	void *user;
};

struct ft_list_callback {
	pfring_ft_export_list_func call;
	void *user;
};

struct ft_packet_callback {
	pfring_ft_flow_packet_func call;
	void *user;
};

/* Threads that read pfring_ft_get_stats() of a table, each into memory of its own. */
#define FT_STATS_READERS 32

struct ft_table {
	struct lane_counters counters;
	struct parser parser;
	struct flowtable *flows;
	struct dpi *dpi;     /* NULL = off */
	struct processors processors;
	bool api;	     /* made by pfring_ft_create_table(): flows have a struct ft_flow */
	bool use_hash;	     /* of the device */
	bool inside;	     /* a callback is running: flows end after it */
	atomic_bool attends; /* packets are shown to callbacks or judged */
	atomic_bool judged;  /* pfring_ft_flow_set_action() was called */
	uint32_t user_bytes; /* of the caller in every flow */
	struct ft_rules rules;
	struct ft_callback on_new_flow, on_export;
	struct ft_list_callback on_export_list;
	struct ft_packet_callback on_packet, on_l7;
	const pfring_ft_pcap_pkthdr *header; /* of the packet of pfring_ft_process(), else NULL */
	const pfring_ft_ext_pkthdr *ext_header;
	struct dpi_options dpi_options; /* what inspection is made with, when it is made later */
	struct ft_zmq *_Atomic zmq;	/* NULL = off; changes under the lock */
	pthread_mutex_t zmq_lock;
	_Atomic u_int32_t zmq_buffered, zmq_exported, zmq_dropped; /* as of the latest poll */
	const struct ft_stages *stages;				   /* for this processor */
	struct burst bursts[PFRING_FT_BURSTS_HELD];
	unsigned int turn;   /* which of the bursts is loaded next */
	unsigned int held;   /* packets in the bursts */
	uint32_t reclaim_at; /* flows out at which those that came back are looked for */
	uint64_t first_ignored_ns, last_ignored_ns;	  /* packets dropped, but for sampling */
	_Atomic pthread_t stats_reader[FT_STATS_READERS]; /* 0 = free */
	pfring_ft_stats stats[FT_STATS_READERS];
};

/* Parts of the annex are aligned as it is. */
#define ANNEX_ALIGNED(bytes) (((bytes) + 15) & ~(size_t)15)

/* The inspection's part of a flow's annex. */
static inline struct dpi_annex *flow_dpi(struct flow *f)
{
	return (struct dpi_annex *)f->annex;
}

/* The processors' part, behind it: in tables that have some, none of which is of the API. */
static inline void *flow_processors(const struct ft_table *t, struct flow *f)
{
	return f->annex + (t->dpi ? ANNEX_ALIGNED(sizeof(struct dpi_annex)) : 0);
}

/* What tables of the API keep of a flow, behind the inspection's part; all zero in a new one. */
struct ft_flow {
	uint64_t sliced_packets; /* that left in slices: shunts count the whole flow */
	uint64_t judged_by;	 /* the rules and the protocol that policy stands on, 0 = none */
	struct ft_policy policy; /* what the rules say */
	_Atomic uint8_t action;	 /* of the latest packet */
	_Atomic uint8_t forced;	 /* by pfring_ft_flow_set_action(), plus 1; 0 = not */
	bool told;		 /* pfring_ft_set_l7_detected_callback() */
	struct {
		uint16_t device_id;
		uint8_t port_id;
	} came[DIR_N]; /* with the first packet since the last slice */
	pfring_ft_flow_key key;
	pfring_ft_flow_value value;
	_Alignas(16) u_char user[]; /* the caller's area */
};

_Static_assert(offsetof(struct ft_flow, user) ==
		       offsetof(struct ft_flow, value) + sizeof(pfring_ft_flow_value),
	       "the caller's area follows the value, as programs know it");

/* Where it begins. */
#define FT_FLOW_OFFSET ANNEX_ALIGNED(sizeof(struct dpi_annex))

static inline struct ft_flow *flow_api(struct flow *f)
{
	return (struct ft_flow *)(f->annex + FT_FLOW_OFFSET);
}

/* ICMP and ICMPv6 have a type and a code for ports. */
static inline bool flow_is_icmp(const struct flow *f)
{
	return f->key.protocol == 1 || f->key.protocol == 58;
}

/* A packet that was counted in its flow just now. */
struct metered {
	struct flow_hot *hot;
	const struct packet *view;
	pfring_ft_packet *packet;
	unsigned int direction;
	bool begins; /* its flow begins with it */
};

/*
 * Flows that ended leave by the export callback, each with its final verdict; those that came back
 * are reclaimed.
 */
void ft_take_ended(struct ft_table *t);
/* Flows that came back give up their annex and become available. */
void ft_reclaim(struct ft_table *t);
/* What must not happen inside a callback: true, and one line, when it does. */
bool ft_called_from_callback(const struct ft_table *t, const char *function);
/* One of PFRING_FT_ACTION_*; false, and one line, when it is not. */
bool ft_action_is_good(const char *function, pfring_ft_action action);
/* After every change of callbacks and rules: whether packets must be shown to anybody. */
void ft_attention(struct ft_table *t);
/* In tables of the API that attend: before and after the packet's inspection. */
void ft_tell_new_flow(struct ft_table *t, const struct metered *m);
pfring_ft_action ft_attend(struct ft_table *t, const struct metered *m);
/* A slice leaves: what it takes over from its master. Tables of the API only. */
void ft_close_slice(struct flow *slice);

/* A record begins: those who look at packets want to see them. */
static inline void ft_watch(const struct ft_table *t, struct flow_hot *hot)
{
	if (t->dpi || t->processors.n)
		hot->state |= t->processors.guards ? FLOW_WATCHED | FLOW_GUARDED : FLOW_WATCHED;
}

/* Whose flow it is. */
static inline struct ft_table *flow_table(const struct flow *f)
{
	return f->table->options.owner;
}
