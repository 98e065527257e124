/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which transport a fragmented datagram has: the first fragment tells, the later ones ask.
 * Fixed size, set-associative, hashed under a secret key. One thread, the lane.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"

struct frag_cache;

/* What makes fragments one datagram (RFC 791 3.2, RFC 8200 4.5). Hashed and compared as it lies. */
struct frag_key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint32_t tunnel_id; /* inner addresses may repeat in another tunnel */
	uint16_t vlan_id;
	uint8_t ip_version;
	uint8_t protocol; /* IPv4; 0 with IPv6, whose later fragments may name another header */
	uint8_t tunnel_type;
	uint8_t zero[3];
};

/* What the first fragment knows. */
struct frag_l4 {
	uint16_t src_port, dst_port; /* ICMP: type and code, identifier */
	uint8_t protocol;
	bool has_ports;
};

/* 0, -ENOMEM, or why there was no secret seed. frag_cache_destroy(NULL) does nothing. */
int frag_cache_create(struct frag_cache **cache);
void frag_cache_destroy(struct frag_cache *c);
/* Another seed, for runs that must repeat; forgets everything. */
void frag_cache_reseed(struct frag_cache *c, const struct hash_seed *seed);

/* Remembers a first fragment. True: another datagram had to give way before its time. */
bool frag_cache_put(struct frag_cache *c, const struct frag_key *key, const struct frag_l4 *l4,
		    uint64_t time_ns);
/* Finds the first fragment of a later one; false: not seen, or too long ago. */
bool frag_cache_get(const struct frag_cache *c, const struct frag_key *key, uint64_t time_ns,
		    struct frag_l4 *l4);
