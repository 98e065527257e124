/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes to a packet view: one function a header, every read bounded by the captured length.
 * Nothing here fails: a packet that makes no flow gets a drop reason, an odd one a note.
 */
#pragma once

#include "packet/packet.h"

struct frag_cache;
struct hash_seed;

/* A parser belongs to one lane. */
struct parser {
	struct frag_cache *frags; /* owned by the parser; NULL: later fragments get no ports */
	uint64_t *notes;	  /* NOTE_N counters of the lane, borrowed */
	bool tunnels;		  /* decapsulate */
};

/*
 * Makes a parser; notes is an array of NOTE_N counters that must outlive it.
 * 0, -ENOMEM, or why there was no secret seed. parser_fini() frees what it owns.
 */
int parser_init(struct parser *p, uint64_t *notes, bool tunnels);
void parser_fini(struct parser *p);

/*
 * Replaces the secret seed of the fragment cache and forgets all fragments: a run that must
 * repeat to the byte does this before its first packet, for the seed decides which fragments
 * compete for a place.
 */
void parser_reseed(struct parser *p, const struct hash_seed *seed);

/*
 * Parses k->data[0..k->len). The source has set data, len, wire_len, time_ns, port_id, link_type
 * and PACKET_WIRE_LEN in flags; everything else is written here. Packets must come in order of
 * their arrival: later fragments find the ports of their first one (RFC 791, RFC 8200 4.5).
 */
void parse_packet(struct parser *p, struct packet *k);
void parse_packet_burst(struct parser *p, struct packet *packets, unsigned int n);
/* parse_packet() of what parse_plain() refused, or of tunnels. */
void parse_any_packet(struct parser *p, struct packet *k);

/*
 * A hash of the outermost IP address pair, the same for both directions and for all fragments of
 * a datagram: what a distributor needs before any lane has parsed the packet. Non-IP gives 0.
 * Reads at most len bytes, changes nothing, any thread.
 */
uint32_t packet_symmetric_hash(const uint8_t *data, uint32_t len, enum link_type link);

/*
 * As packet_symmetric_hash(), of the address pair that the packet's flow is keyed by when tunnels
 * are looked into: an inner flow may travel in several outer ones. k is as a source leaves it; what
 * the parser writes into it is undone by the next parse_packet(). Any thread.
 */
uint32_t packet_inner_hash(struct packet *k);
