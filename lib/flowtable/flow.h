/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of a flow: a hot line that every packet touches, a tag group that finds it, a cold
 * record that is touched when the flow begins, is inspected, or ends, and a closed part with what
 * an ended one counted. The cold record is the flow's identity: its address is the same from the
 * first packet until flow_release().
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
	FLOW_GUARDED = 1 << 3,	 /* somebody above may cut it before a packet is counted */
	FLOW_CLOSING = 1 << 4,	 /* FIN from both sides or RST: lingers for its last packets */
	FLOW_HUSK = 1 << 5,	 /* no packet yet (begun or cut just now): makes no record */
	FLOW_WATCHED = 1 << 6,	 /* somebody above wants to see every packet */
	FLOW_DOOMED = 1 << 7,	 /* told to end: does so at the next look */
	FLOW_DISTANCE_SHIFT = 8, /* 5 bits: groups from the home group */
	FLOW_DISTANCE_MASK = 31 << FLOW_DISTANCE_SHIFT,
	FLOW_RST = 1 << 13, /* what every packet asks for is in the low byte */
};

_Static_assert(FLOW_PROBE_GROUPS_MAX <= (FLOW_DISTANCE_MASK >> FLOW_DISTANCE_SHIFT) + 1,
	       "the distance from the home group must fit its bits");

/* A packet of such a flow goes the long way: flowtable_claim() and flowtable_account(). */
#define FLOW_NOT_PLAIN (FLOW_CLOSING | FLOW_HUSK | FLOW_DOOMED | FLOW_GUARDED)

/* Times modulo 2^48 ns; see flowtable_expand_time(). */
#define HOT_TIME_BITS 48
#define HOT_TIME_MASK ((1ULL << HOT_TIME_BITS) - 1)
/* Where they begin in flow_side.last. */
#define SIDE_TIME_SHIFT 16
/* What flow_side.octets holds. */
#define SIDE_OCTETS_BITS 48
#define SIDE_OCTETS_MASK ((1ULL << SIDE_OCTETS_BITS) - 1)
#define SIDE_FLAGS_SHIFT 48
#define SIDE_CARRY_SHIFT 56

/*
 * What one direction counted since its record began, packed so that a packet reads and writes three
 * words of it. Counters that are full go on in the carries, here and in the cold record.
 */
struct __attribute__((packed, aligned(4))) flow_side {
	uint64_t octets; /* 48 bits of IP octets, 8 of TCP flags, 8 of excess carry (of 2^15) */
	uint64_t last;	 /* 16 bits of excess: wire less IP length; 48 of the last packet's time */
	uint32_t packets;
};

/* One cache line a flow. */
struct flow_hot {
	uint64_t key[2]; /* 0, 0 in a free slot */
	struct flow_side side[DIR_N];
	uint32_t cold; /* index of the cold record */
	uint16_t state;
	uint16_t deadline; /* of the next cut or slice, coarse */
};

_Static_assert(sizeof(struct flow_hot) == 64, "a hot line is one cache line");

static inline uint64_t side_octets(const struct flow_side *s)
{
	return s->octets & SIDE_OCTETS_MASK;
}

static inline uint8_t side_tcp_flags(const struct flow_side *s)
{
	return (uint8_t)(s->octets >> SIDE_FLAGS_SHIFT);
}

/* Signed: it is below zero where the IP header says more than there was on the wire. */
static inline int16_t side_excess(const struct flow_side *s)
{
	return (int16_t)s->last;
}

static inline int8_t side_excess_carry(const struct flow_side *s)
{
	return (int8_t)(s->octets >> SIDE_CARRY_SHIFT);
}

static inline uint64_t side_last(const struct flow_side *s)
{
	return s->last >> SIDE_TIME_SHIFT;
}

static inline void side_set_last(struct flow_side *s, uint64_t time_ns)
{
	s->last = time_ns << SIDE_TIME_SHIFT | (uint16_t)s->last;
}

static inline void side_set_excess(struct flow_side *s, int16_t excess, int8_t carry)
{
	s->last = (s->last & ~0xffffULL) | (uint16_t)excess;
	s->octets = (s->octets & ~(0xffULL << SIDE_CARRY_SHIFT)) | (uint64_t)(uint8_t)carry
									   << SIDE_CARRY_SHIFT;
}

/* Nothing is counted yet; the time of the last packet stays. */
static inline void side_clear(struct flow_side *s)
{
	s->octets = 0;
	s->last &= ~0xffffULL;
	s->packets = 0;
}

/* Tags and ages of 16 slots: a lookup, the sweep and an eviction read this before any hot line. */
struct flow_group {
	uint16_t tag[FLOW_GROUP_SLOTS]; /* 0 = free */
	uint8_t due[FLOW_GROUP_SLOTS];	/* when the sweep must look, in age units modulo 256 */
	uint16_t overflow; /* flows of this or an earlier home that are stored further on */
	uint8_t used;
	uint8_t spare[13];
};

_Static_assert(sizeof(struct flow_group) == 64, "a tag group is one cache line");

/* What one of each carry stands for. */
#define CARRY_PACKETS	       (1ULL << 31)
#define CARRY_OCTETS	       (1ULL << 48)
#define CARRY_EXCESS_SHIFT     22 /* of the cold record */
#define CARRY_EXCESS	       (1LL << CARRY_EXCESS_SHIFT)
#define CARRY_EXCESS_HOT_SHIFT 15
#define CARRY_EXCESS_HOT       (1LL << CARRY_EXCESS_HOT_SHIFT)

/* What an ended flow or a slice counted. One line, while its record is out. */
struct flow_closed {
	uint64_t packets[DIR_N], octets[DIR_N];
	uint64_t end_ns[DIR_N]; /* without any packet the first is the flow's last one */
	int64_t excess_fwd : 56, tcp_flags_fwd : 8;
	int64_t excess_rev : 56, tcp_flags_rev : 8;
};

_Static_assert(sizeof(struct flow_closed) == 64, "a closed part is one cache line");

/* Starts lie around the flow's own, so that 48 bits tell them (39 h either way); 0 = none. */
#define FLOW_START_BITS 48
#define FLOW_START_ZERO (1ULL << (FLOW_START_BITS - 1))

/* Of an id, the part that counts: at a million flows a second it lasts nine years. */
#define FLOW_ID_BITS 48
#define FLOW_ID_MASK ((1ULL << FLOW_ID_BITS) - 1)

struct flowtable;

/*
 * The cold record. Written by the table's thread until the flow is handed out, read-only after.
 * Links are the number of a cold record plus 1, 0 = none.
 */
struct flow {
	struct flowtable *table;
	_Atomic uint32_t users; /* the table or the exporter, and one for each slice that lives */
	uint32_t place;		/* in the table: of its hot line; ended: of its closed part */
	union {
		int32_t excess_carry[DIR_N]; /* while it is in the table */
		struct {
			uint32_t next; /* in the list of ended flows, the stack of freed ones */
			uint32_t kin;  /* a slice's master; who goes on after the active timeout */
		};
	};
	uint64_t id : FLOW_ID_BITS, octets_carry_fwd : 8, octets_carry_rev : 8;
	uint64_t flow_start_ns; /* what the active timeout counts from */
	/* First packets since the last slice, see flow_start(). */
	uint64_t start_fwd : FLOW_START_BITS, packets_carry_fwd : 16;
	uint64_t start_rev : FLOW_START_BITS, packets_carry_rev : 16;
	struct flow_key key;
	uint8_t mac[12]; /* destination, source of the first packet; zero when there is none */
	uint16_t vlan_id, vlan_inner_id; /* of the first packet */
	uint16_t port_id;
	uint8_t ip_tos, ip_ttl, icmp_type, icmp_code;
	uint8_t end_reason : 7;	      /* enum end_reason, END_NONE while it lives */
	uint8_t lost : 1;	      /* no record may leave: nothing counted, freed at once */
	uint8_t : 0;		      /* what follows is written apart from that */
	bool swapped : 1;	      /* as FLOW_SWAPPED */
	bool slice : 1;		      /* both never change: any thread may ask */
	_Alignas(16) uint8_t annex[]; /* the layers above own it; zero at first */
};

_Static_assert(sizeof(struct flow) == 128, "a cold record is two cache lines");

/* The first packet of a direction since the last slice, 0 = none. */
static inline uint64_t flow_start(const struct flow *f, unsigned int direction)
{
	uint64_t start = direction == DIR_FWD ? f->start_fwd : f->start_rev;

	return start ? f->flow_start_ns + start - FLOW_START_ZERO : 0;
}

static inline void flow_set_start(struct flow *f, unsigned int direction, uint64_t start_ns)
{
	uint64_t start = start_ns - f->flow_start_ns + FLOW_START_ZERO;

	if (direction == DIR_FWD)
		f->start_fwd = start;
	else
		f->start_rev = start;
}

/* In the order in which they ended. */
struct flow_list {
	struct flow *head, *tail;
};
