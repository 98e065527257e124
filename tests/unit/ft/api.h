/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program of the pfring_ft API, for tests: packets made header by header, sent at times in
 * milliseconds, and copies of the flows that were exported. It knows the public headers only.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "ft/pfring_ft_ext.h"

/* When the first packet of a test comes, in seconds since 1970. */
#define API_EPOCH     1700000000U
#define API_FLOWS_MAX 1024
#define API_WIRE_MAX  4096
/* Bytes of the caller's area that are copied. */
#define API_USER_COPIED 8

#define API_CLIENT	0x0a000001U /* 10.0.0.1 */
#define API_SERVER	0x0a000002U

enum { API_ICMP = 1, API_TCP = 6, API_UDP = 17, API_GRE = 47, API_ICMP6 = 58 };
enum { API_FIN = 0x01, API_SYN = 0x02, API_RST = 0x04, API_PSH = 0x08, API_ACK = 0x10 };

/* ---- packets ---- */

struct wire {
	uint32_t n;
	uint32_t more; /* bytes on the wire that were not captured */
	uint8_t b[API_WIRE_MAX];
};

static inline uint8_t *wire_take(struct wire *w, uint32_t n)
{
	uint8_t *at = w->b + w->n;

	assert_true(w->n + n <= API_WIRE_MAX);
	memset(at, 0, n);
	w->n += n;
	return at;
}

static inline void wire_bytes(struct wire *w, const void *bytes, uint32_t n)
{
	memcpy(wire_take(w, n), bytes, n);
}

/* The client is 02:00:00:00:00:01, the server :02. */
static inline void wire_ethernet(struct wire *w, uint16_t type)
{
	wire_bytes(w, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	store_be16(wire_take(w, 2), type);
}

static inline void wire_vlan(struct wire *w, uint16_t id, uint16_t type)
{
	uint8_t *h = wire_take(w, 4);

	store_be16(h, id);
	store_be16(h + 2, type);
}

/* len: bytes behind this header, here and below. */
static inline uint8_t *wire_ipv4(struct wire *w, uint8_t protocol, bool reverse, uint32_t len)
{
	uint8_t *h = wire_take(w, 20);

	h[0] = 0x45;
	store_be16(h + 2, (uint16_t)(20 + len));
	h[8] = 64;
	h[9] = protocol;
	store_be32(h + 12, reverse ? API_SERVER : API_CLIENT);
	store_be32(h + 16, reverse ? API_CLIENT : API_SERVER);
	return h;
}

/* The client is fd00::1, the server fd00::2. */
static inline uint8_t *wire_ipv6(struct wire *w, uint8_t next, bool reverse, uint32_t len)
{
	uint8_t *h = wire_take(w, 40);

	h[0] = 0x60;
	store_be16(h + 4, (uint16_t)len);
	h[6] = next;
	h[7] = 64;
	h[8] = h[24] = 0xfd;
	h[23] = reverse ? 2 : 1;
	h[39] = reverse ? 1 : 2;
	return h;
}

static inline void wire_udp(struct wire *w, uint16_t sport, uint16_t dport, uint32_t len)
{
	uint8_t *h = wire_take(w, 8);

	store_be16(h, sport);
	store_be16(h + 2, dport);
	store_be16(h + 4, (uint16_t)(8 + len));
}

static inline uint8_t *wire_tcp(struct wire *w, uint16_t sport, uint16_t dport, uint8_t flags)
{
	uint8_t *h = wire_take(w, 20);

	store_be16(h, sport);
	store_be16(h + 2, dport);
	h[12] = 0x50;
	h[13] = flags;
	return h;
}

#define API_UDP_PAYLOAD 10
#define API_UDP_BYTES	(14 + 20 + 8 + API_UDP_PAYLOAD)
#define API_UDP_PORT	9999 /* of the server; no protocol lives there */
#define API_TCP_BYTES	(14 + 20 + 20)
#define API_TCP_PORT	9998

static inline struct wire wire_of_udp(uint16_t port, bool reverse)
{
	struct wire w = {0};

	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_UDP, reverse, 8 + API_UDP_PAYLOAD);
	wire_udp(&w, reverse ? API_UDP_PORT : port, reverse ? port : API_UDP_PORT, API_UDP_PAYLOAD);
	wire_take(&w, API_UDP_PAYLOAD);
	return w;
}

/* ---- the program ---- */

/* A flow as it was when it was exported. */
struct api_flow {
	u_int64_t id;
	pfring_ft_flow_key key;
	pfring_ft_flow_value value;
	pfring_ft_action action;
	int users;
	bool has_ndpi;
	u_char user[API_USER_COPIED]; /* where value.user is not NULL */
};

struct api {
	pfring_ft_table *table;
	pfring_ft_ext_pkthdr *ext; /* for the next packets; may be NULL */
	u_int32_t user_bytes;
	unsigned int n; /* exported so far */
	struct api_flow flows[API_FLOWS_MAX];
};

static inline void api_copy(struct api *a, pfring_ft_flow *flow)
{
	struct api_flow *f = &a->flows[a->n];

	assert_true(a->n < API_FLOWS_MAX);
	assert_non_null(flow);
	a->n++;
	f->id = pfring_ft_flow_get_id(flow);
	f->key = *pfring_ft_flow_get_key(flow);
	f->value = *pfring_ft_flow_get_value(flow);
	f->action = pfring_ft_flow_get_action(flow);
	f->users = pfring_ft_flow_get_users(flow);
	f->has_ndpi = pfring_ft_flow_get_ndpi_handle(flow) != NULL;
	if (f->value.user && a->user_bytes >= sizeof f->user)
		memcpy(f->user, f->value.user, sizeof f->user);
}

/* An export callback whose user is the struct api. */
static inline void api_collect(pfring_ft_flow *flow, void *user)
{
	api_copy(user, flow);
	pfring_ft_flow_free(flow);
}

/* A table of some flows, 30 and 120 seconds; its flows are collected. */
static inline struct api *api_open(u_int32_t flags, u_int32_t idle, u_int32_t lifetime,
				   u_int32_t user_bytes)
{
	struct api *a = calloc(1, sizeof *a);

	assert_non_null(a);
	a->user_bytes = user_bytes;
	a->table = pfring_ft_create_table(flags, 1000, idle, lifetime, user_bytes);
	assert_non_null(a->table);
	pfring_ft_set_flow_export_callback(a->table, api_collect, a);
	return a;
}

static inline void api_close(struct api *a)
{
	pfring_ft_destroy_table(a->table);
	free(a);
}

/* The packet's bytes and headers end where they end, and are gone afterwards. */
static inline pfring_ft_action api_send(struct api *a, const struct wire *w, uint32_t ms)
{
	pfring_ft_pcap_pkthdr *h = malloc(sizeof *h);
	u_char *bytes = malloc(w->n ? w->n : 1);
	pfring_ft_action action;

	assert_non_null(h);
	assert_non_null(bytes);
	memcpy(bytes, w->b, w->n);
	*h = (pfring_ft_pcap_pkthdr){
		.ts = {.tv_sec = (time_t)(API_EPOCH + ms / 1000), .tv_usec = ms % 1000 * 1000},
		.caplen = w->n,
		.len = w->n + w->more,
	};
	action = pfring_ft_process(a->table, bytes, h, a->ext);
	free(bytes);
	free(h);
	return action;
}

/* API_UDP_BYTES between the client's port and the server. */
static inline pfring_ft_action api_udp(struct api *a, uint16_t port, bool reverse, uint32_t ms)
{
	const struct wire w = wire_of_udp(port, reverse);

	return api_send(a, &w, ms);
}

/* API_TCP_BYTES without payload. */
static inline pfring_ft_action api_tcp(struct api *a, uint16_t port, bool reverse, uint8_t flags,
				       uint32_t ms)
{
	struct wire w = {0};

	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_TCP, reverse, 20);
	wire_tcp(&w, reverse ? API_TCP_PORT : port, reverse ? port : API_TCP_PORT, flags);
	return api_send(a, &w, ms);
}

/* A payload in either protocol, between the client's and the server's port. */
static inline pfring_ft_action api_text(struct api *a, uint8_t protocol, uint16_t port,
					const char *payload, uint32_t ms)
{
	const uint32_t len = (uint32_t)strlen(payload);
	struct wire w = {0};

	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, protocol, false, len + (protocol == API_TCP ? 20 : 8));
	if (protocol == API_TCP)
		wire_tcp(&w, 40000, port, API_PSH | API_ACK);
	else
		wire_udp(&w, 40000, port, len);
	wire_bytes(&w, payload, len);
	return api_send(a, &w, ms);
}

/* Until the caller may sleep; returns how often more was due. */
static inline unsigned int api_housekeep(struct api *a, uint32_t seconds)
{
	unsigned int more = 0;

	while (pfring_ft_housekeeping(a->table, API_EPOCH + seconds))
		assert_true(++more < 100000);
	return more;
}

/* ---- what is asked often ---- */

static inline void api_assert_time(struct timeval t, uint32_t ms)
{
	assert_int_equal(t.tv_sec, API_EPOCH + ms / 1000);
	assert_int_equal(t.tv_usec, ms % 1000 * 1000);
}

/* A direction has so many packets of one size, from first to last. */
static inline void api_assert_direction(const pfring_ft_flow_dir_value *d, u_int64_t pkts,
					uint32_t packet_bytes, uint32_t first_ms, uint32_t last_ms)
{
	assert_int_equal(d->pkts, pkts);
	assert_int_equal(d->bytes, pkts * packet_bytes);
	api_assert_time(d->first, first_ms);
	api_assert_time(d->last, last_ms);
}

static inline void api_assert_no_packets(const pfring_ft_flow_dir_value *d)
{
	static const pfring_ft_flow_dir_value none;

	assert_int_equal(d->pkts, 0);
	assert_int_equal(d->bytes, 0);
	assert_memory_equal(&d->first, &none.first, sizeof none.first);
	assert_memory_equal(&d->last, &none.last, sizeof none.last);
	assert_int_equal(d->tcp_flags, 0);
}

/* ---- the library's lines ---- */

struct api_lines {
	unsigned int n;
	char last[1024];
};

/* A log callback whose user is the struct api_lines. */
static inline void api_line(const char *line, void *user)
{
	struct api_lines *l = user;
	size_t len = strlen(line);

	assert_true(len > 0 && len < sizeof l->last);
	assert_null(strchr(line, '\n'));
	memcpy(l->last, line, len + 1);
	l->n++;
}
