/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of a flow: a hot line that every packet touches, a tag group that finds it, and a cold
 * record that is touched when the flow begins, is inspected, or ends. The cold record is the flow's
 * identity: its address is the same from the first packet until flow_release().
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "flowtable/key.h"
#include "record/record.h"

/* Bits of flow_hot.state. */
enum {
	FLOW_SWAPPED = 1 << 0, /* the first packet's source is the second address of the key */
	FLOW_FIN_FWD = 1 << 1, /* FIN seen in that direction */
	FLOW_FIN_REV = 1 << 2,
	FLOW_RST = 1 << 3,
	FLOW_CLOSING = 1 << 4,	 /* FIN from both sides or RST: lingers for its last packets */
	FLOW_HUSK = 1 << 5,	 /* no packet yet (begun or cut just now): makes no record */
	FLOW_WATCHED = 1 << 6,	 /* somebody above wants to see every packet */
	FLOW_DOOMED = 1 << 7,	 /* told to end: does so at the next look */
	FLOW_DISTANCE_SHIFT = 8, /* 5 bits: groups from the home group */
	FLOW_DISTANCE_MASK = 31 << FLOW_DISTANCE_SHIFT,
};

_Static_assert(FLOW_PROBE_GROUPS_MAX <= (FLOW_DISTANCE_MASK >> FLOW_DISTANCE_SHIFT) + 1,
	       "the distance from the home group must fit its bits");

/* Times modulo 2^48 ns; see flowtable_expand_time(). */
#define HOT_TIME_BITS 48
#define HOT_TIME_MASK ((1ULL << HOT_TIME_BITS) - 1)

/* One cache line a flow. Counters hold what came since the last fold into the cold record. */
struct flow_hot {
	uint64_t key[2];
	uint32_t packets[DIR_N];
	uint64_t octets_fwd : 48, tcp_flags_fwd : 8, tcp_flags_rev : 8;
	uint64_t octets_rev : 48, deadline : 16; /* of the next cut or slice, coarse */
	uint64_t last_fwd : HOT_TIME_BITS, state : 16;
	uint64_t last_rev : HOT_TIME_BITS, spare : 16;
	int16_t l2_excess[DIR_N]; /* wire length less IP length; negative if the IP header lies */
	uint32_t cold;		  /* index of the cold record */
};

_Static_assert(sizeof(struct flow_hot) == 64, "a hot line is one cache line");

/* Tags and ages of 16 slots: a lookup, the sweep and an eviction read this before any hot line. */
struct flow_group {
	uint16_t tag[FLOW_GROUP_SLOTS]; /* 0 = free */
	uint8_t due[FLOW_GROUP_SLOTS];	/* when the sweep must look, in age units modulo 256 */
	uint16_t overflow; /* flows of this or an earlier home that are stored further on */
	uint8_t used;
	uint8_t spare[13];
};

_Static_assert(sizeof(struct flow_group) == 64, "a tag group is one cache line");

struct flowtable;

/* The cold record. Written by the table's thread until the flow is handed out, read-only after. */
struct flow {
	struct flow *next;   /* in the list of ended flows, then in the stack of freed ones */
	struct flow *master; /* of a slice: whom it is part of; never changes */
	struct flow *heir;   /* cut at the active timeout: who goes on; until it is handed out */
	struct flowtable *table;
	_Atomic uint32_t users; /* the table or the exporter, and one for each slice that lives */
	uint32_t slot;		/* of the hot line, while it is in the table */
	uint64_t id;
	uint64_t flow_start_ns;	  /* what the active timeout counts from */
	uint64_t start_ns[DIR_N]; /* first packet since the last slice; 0 = none */
	uint64_t end_ns[DIR_N];
	uint64_t last_ns; /* last packet of the flow, also when the record has none */
	uint64_t packets[DIR_N], octets[DIR_N]; /* folded from the hot line */
	int64_t l2_excess[DIR_N];
	struct flow_key key;
	uint8_t mac[12]; /* destination, source of the first packet; zero when there is none */
	uint16_t vlan_id, vlan_inner_id; /* of the first packet */
	uint16_t port_id;
	uint8_t tcp_flags[DIR_N];
	uint8_t ip_tos, ip_ttl, icmp_type, icmp_code;
	uint8_t end_reason;	      /* enum end_reason, END_NONE while it lives */
	bool swapped;		      /* as FLOW_SWAPPED */
	bool lost;		      /* no record may leave: counted, freed at once */
	_Alignas(16) uint8_t annex[]; /* the layers above own it; zero at first */
};

/* In the order in which they ended. */
struct flow_list {
	struct flow *head, *tail;
};

static inline void flow_list_append(struct flow_list *l, struct flow *f)
{
	f->next = NULL;
	if (l->tail)
		l->tail->next = f;
	else
		l->head = f;
	l->tail = f;
}

static inline struct flow *flow_list_take(struct flow_list *l)
{
	struct flow *f = l->head;

	if (f) {
		l->head = f->next;
		if (!l->head)
			l->tail = NULL;
	}
	return f;
}
