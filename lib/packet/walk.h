/* SPDX-License-Identifier: BSD-3-Clause */
/* What the functions of the parser hand to each other on the way through one packet. */
#pragma once

#include "packet/parse.h"

#define WALK_LIKELY(x)	 __builtin_expect(!!(x), 1)
#define WALK_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WALK_RARE	 __attribute__((noinline))

struct walk {
	struct parser *parser;
	struct packet *k;
	uint32_t len;	/* captured bytes: nothing is read from here on */
	uint32_t limit; /* where the layer around the IP header ends; beyond len in a cut packet */
	uint32_t end;	/* where the IP packet says it ends */
	uint32_t notes; /* bits of enum packet_note */
	uint8_t depth;	/* tunnels left behind */
	uint8_t drop;	/* enum drop_reason, when a function said false */
};

_Static_assert(NOTE_N <= 32, "walk.notes is too small");

static inline void walk_note(struct walk *w, enum packet_note note)
{
	w->notes |= 1U << note;
}

static inline bool walk_drop(struct walk *w, enum drop_reason reason)
{
	w->drop = (uint8_t)reason;
	return false;
}

/* Where readable bytes of the IP packet end. */
static inline uint32_t walk_end(const struct walk *w)
{
	return w->end < w->len ? w->end : w->len;
}

/*
 * An IP header at `at` <= w->len and everything behind it up to the application's bytes. False:
 * there is no view, w->drop says why. An inner header (w->depth > 0) whose length does not fit
 * its tunnel is no view either.
 */
bool parse_ipv4(struct walk *w, uint32_t at);
bool parse_ipv6(struct walk *w, uint32_t at);

/* The transport header at `at`, by k->protocol. Never fails: what is odd is noted. */
void parse_l4(struct walk *w, uint32_t at);
/* There is no readable transport header at `at`. */
void parse_no_l4(struct walk *w, uint32_t at);

/* Goes on into the tunnels behind the view that was made, as deep as they decode. */
void parse_tunnels(struct walk *w);
