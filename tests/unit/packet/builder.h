/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets built header by header, outermost first; build_done() writes the lengths. And a bench
 * that parses a copy which ends where the packet ends, so that a sanitizer sees every read too far.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/tunnel.h"
#include "packet/parse.h"

#define BUILD_MAX      4096
#define BUILD_OPEN_MAX 16

/* Which length a header has, and of what. */
enum build_length { BUILD_IPV4, BUILD_IPV6, BUILD_UDP };

struct build {
	uint32_t n, n_open;
	struct {
		uint32_t at;
		enum build_length kind;
	} open[BUILD_OPEN_MAX];
	uint8_t b[BUILD_MAX];
};

static inline uint8_t *build_take(struct build *p, uint32_t n)
{
	assert_true(p->n + n <= BUILD_MAX);
	uint8_t *at = p->b + p->n;
	memset(at, 0, n);
	p->n += n;
	return at;
}

static inline void build_bytes(struct build *p, const void *bytes, uint32_t n)
{
	memcpy(build_take(p, n), bytes, n);
}

static inline void build_u8(struct build *p, uint8_t v)
{
	*build_take(p, 1) = v;
}

static inline void build_be16(struct build *p, uint16_t v)
{
	store_be16(build_take(p, 2), v);
}

static inline void build_be32(struct build *p, uint32_t v)
{
	store_be32(build_take(p, 4), v);
}

static inline uint8_t *build_open(struct build *p, uint32_t n, enum build_length kind)
{
	assert_true(p->n_open < BUILD_OPEN_MAX);
	p->open[p->n_open].at = p->n;
	p->open[p->n_open++].kind = kind;
	return build_take(p, n);
}

static inline void build_ethernet(struct build *p, uint16_t type)
{
	build_bytes(p, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
	build_be16(p, type);
}

static inline void build_vlan(struct build *p, uint16_t id, uint16_t type)
{
	build_be16(p, 0x6000 | id);
	build_be16(p, type);
}

static inline void build_mpls(struct build *p, uint32_t label, bool bottom)
{
	build_be32(p, label << 12 | (bottom ? 0x100 : 0) | 64);
}

/* 10.0.0.1 to 10.0.0.2, TTL 64, TOS 0x28; returns the header for changes. */
static inline uint8_t *build_ipv4(struct build *p, uint8_t protocol)
{
	uint8_t *h = build_open(p, 20, BUILD_IPV4);

	memcpy(h, "\x45\x28\0\0\x12\x34\0\0\x40\0\0\0\x0a\0\0\x01\x0a\0\0\x02", 20);
	h[9] = protocol;
	return h;
}

/* fd00::1 to fd00::2, hop limit 63, class 0x28. */
static inline uint8_t *build_ipv6(struct build *p, uint8_t next)
{
	uint8_t *h = build_open(p, 40, BUILD_IPV6);

	store_be32(h, 0x62800000);
	h[6] = next;
	h[7] = 63;
	h[8] = h[24] = 0xfd;
	h[23] = 1;
	h[39] = 2;
	return h;
}

static inline uint8_t *build_udp(struct build *p, uint16_t src, uint16_t dst)
{
	uint8_t *h = build_open(p, 8, BUILD_UDP);

	store_be16(h, src);
	store_be16(h + 2, dst);
	return h;
}

static inline uint8_t *build_tcp(struct build *p, uint16_t src, uint16_t dst)
{
	uint8_t *h = build_take(p, 20);

	store_be16(h, src);
	store_be16(h + 2, dst);
	h[12] = 0x50;
	h[13] = 0x18;
	return h;
}

/* The usual end: TCP 1000 to 80 with n bytes. */
static inline void build_ipv4_tcp(struct build *p, uint32_t n)
{
	build_ipv4(p, 6);
	build_tcp(p, 1000, 80);
	build_take(p, n);
}

static inline void build_done(struct build *p)
{
	for (uint32_t i = 0; i < p->n_open; i++) {
		uint8_t *h = p->b + p->open[i].at;
		uint16_t n = (uint16_t)(p->n - p->open[i].at);
		switch (p->open[i].kind) {
		case BUILD_IPV4:
			store_be16(h + 2, n);
			break;
		case BUILD_IPV6:
			store_be16(h + 4, (uint16_t)(n - 40));
			break;
		case BUILD_UDP:
			store_be16(h + 4, n);
			break;
		}
	}
	p->n_open = 0;
}

/* A parser, what it counted, and the packet parsed last. */
struct bench {
	struct parser parser;
	uint64_t notes[NOTE_N];
	uint64_t time_ns;
	enum link_type link;
	uint32_t wire_more; /* bytes on the wire that were not captured */
	bool wire_unknown;
	uint8_t *copy;
	struct packet k;
};

static inline void bench_open(struct bench *t, bool tunnels)
{
	memset(t, 0, sizeof *t);
	assert_int_equal(parser_init(&t->parser, t->notes, tunnels), 0);
}

static inline void bench_close(struct bench *t)
{
	parser_fini(&t->parser);
	free(t->copy);
	t->copy = NULL;
}

/* What holds of every packet. */
static inline void bench_check(const struct packet *k)
{
	uint32_t l3_min = k->ip_version == 6 ? 40 : 20;

	if (k->drop) {
		assert_true(k->drop < DROP_N);
		assert_int_equal(k->l3_len, 0);
		return;
	}
	assert_true(k->ip_version == 4 || k->ip_version == 6);
	assert_true(k->outer_l3_offset <= k->l3_offset);
	assert_true(k->l3_offset + l3_min <= k->len);
	assert_true(k->l3_offset + l3_min <= k->l4_offset);
	assert_true(k->l4_offset <= k->payload_offset);
	assert_true(k->payload_offset + k->payload_len <= k->len);
	assert_int_equal(!!(k->flags & PACKET_TUNNELLED), k->tunnel_type != TUNNEL_NONE);
	assert_true(!(k->flags & PACKET_LATER_FRAGMENT) || k->payload_len == 0);
}

/* Parses the first n bytes of b. */
static inline struct packet *bench_parse(struct bench *t, const uint8_t *b, uint32_t n)
{
	free(t->copy);
	t->copy = malloc(n ? n : 1);
	assert_non_null(t->copy);
	memcpy(t->copy, b, n);
	memset(&t->k, 0xa5, sizeof t->k);
	t->k.data = t->copy;
	t->k.len = n;
	t->k.wire_len = n + t->wire_more;
	t->k.time_ns = t->time_ns;
	t->k.link_type = (uint8_t)t->link;
	t->k.flags = t->wire_unknown ? 0 : PACKET_WIRE_LEN;
	memset(t->notes, 0, sizeof t->notes);
	parse_packet(&t->parser, &t->k);
	bench_check(&t->k);
	return &t->k;
}

static inline struct packet *bench_run(struct bench *t, struct build *p)
{
	build_done(p);
	return bench_parse(t, p->b, p->n);
}

/* One note and no other. */
static inline void bench_only_note(const struct bench *t, enum packet_note note)
{
	for (int i = 0; i < NOTE_N; i++)
		assert_int_equal(t->notes[i], i == (int)note);
}

static inline void bench_no_note(const struct bench *t)
{
	bench_only_note(t, NOTE_N);
}

/* The view of build_ipv4_tcp() with its IP header at l3. */
static inline void bench_is_tcp(const struct packet *k, uint32_t l3, uint32_t n)
{
	assert_int_equal(k->drop, DROP_NONE);
	assert_int_equal(k->ip_version, 4);
	assert_int_equal(k->protocol, 6);
	assert_int_equal(k->l3_offset, l3);
	assert_int_equal(k->l4_offset, l3 + 20);
	assert_int_equal(k->payload_offset, l3 + 40);
	assert_int_equal(k->payload_len, n);
	assert_int_equal(k->l3_len, 40 + n);
	assert_int_equal(k->src_port, 1000);
	assert_int_equal(k->dst_port, 80);
	assert_int_equal(k->tcp_flags, 0x18);
	assert_true(k->flags & PACKET_HAS_PORTS);
	assert_true(k->flags & PACKET_TCP);
}
