/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conversations for the tests of lib/dpi: packets with real headers and payloads, made byte by byte
 * and put through the parser as any other packet.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "dpi/dpi.h"
#include "packet/parse.h"

#define TALK_BYTES 2048

enum { TALK_TCP = 6, TALK_UDP = 17 };
enum { TALK_FIN = 0x01, TALK_SYN = 0x02, TALK_PSH = 0x08, TALK_ACK = 0x10 };

/* A conversation; the client is 10.0.0.1 or 2001:db8::1, the server .2 or ::2. */
struct talk {
	struct dpi *d;
	struct dpi_annex annex;
	uint8_t ip_version, protocol;
	uint16_t client_port, server_port;
	uint32_t seq[DIR_N];
	uint64_t time_ns;
	uint64_t notes[NOTE_N];
	bool final; /* some packet made the verdict final */
	unsigned int finals;
	uint8_t addr[DIR_N][16];
};

static inline struct talk talk_make(struct dpi *d, uint8_t protocol, uint16_t client_port,
				    uint16_t server_port)
{
	struct talk t = {.d = d,
			 .ip_version = 4,
			 .protocol = protocol,
			 .client_port = client_port,
			 .server_port = server_port,
			 .seq = {1000, 5000},
			 .time_ns = 1700000000000000000ULL,
			 .addr = {{10, 0, 0, 1}, {10, 0, 0, 2}}};

	return t;
}

static inline void talk_over_ipv6(struct talk *t)
{
	static const uint8_t net[16] = {0x20, 0x01, 0x0d, 0xb8};

	t->ip_version = 6;
	for (int i = 0; i < DIR_N; i++) {
		memcpy(t->addr[i], net, 16);
		t->addr[i][15] = (uint8_t)(i + 1);
	}
}

static inline uint32_t talk_l3(const struct talk *t, uint8_t *to, unsigned int dir, uint32_t l4_len)
{
	if (t->ip_version == 6) {
		to[0] = 0x60;
		store_be16(to + 4, (uint16_t)l4_len);
		to[6] = t->protocol;
		to[7] = 64;
		memcpy(to + 8, t->addr[dir], 16);
		memcpy(to + 24, t->addr[!dir], 16);
		return 40;
	}
	to[0] = 0x45;
	store_be16(to + 2, (uint16_t)(20 + l4_len));
	to[8] = 64;
	to[9] = t->protocol;
	memcpy(to + 12, t->addr[dir], 4);
	memcpy(to + 16, t->addr[!dir], 4);
	return 20;
}

static inline uint32_t talk_l4(struct talk *t, uint8_t *to, unsigned int dir, uint8_t tcp_flags,
			       uint32_t payload_len)
{
	store_be16(to, dir ? t->server_port : t->client_port);
	store_be16(to + 2, dir ? t->client_port : t->server_port);
	if (t->protocol == TALK_UDP) {
		store_be16(to + 4, (uint16_t)(8 + payload_len));
		return 8;
	}
	store_be32(to + 4, t->seq[dir]);
	store_be32(to + 8, tcp_flags & TALK_ACK ? t->seq[!dir] : 0);
	to[12] = 5 << 4;
	to[13] = tcp_flags;
	store_be16(to + 14, 64000);
	t->seq[dir] += payload_len + (tcp_flags & (TALK_SYN | TALK_FIN) ? 1 : 0);
	return 20;
}

/* One packet to DPI, from memory that ends where the packet ends. Returns what dpi_inspect() said.
 */
static inline bool talk_say(struct talk *t, unsigned int dir, uint8_t tcp_flags,
			    const void *payload, uint32_t payload_len)
{
	uint8_t b[TALK_BYTES] = {0};
	uint32_t l4_len = (t->protocol == TALK_TCP ? 20 : 8) + payload_len;
	uint32_t n = talk_l3(t, b, dir, l4_len);
	struct parser p;

	assert_true(n + l4_len <= TALK_BYTES);
	n += talk_l4(t, b + n, dir, tcp_flags, payload_len);
	if (payload_len)
		memcpy(b + n, payload, payload_len);
	n += payload_len;
	uint8_t *exact = malloc(n);

	assert_non_null(exact);
	memcpy(exact, b, n);
	struct packet k = {.data = exact,
			   .len = n,
			   .wire_len = n,
			   .time_ns = t->time_ns,
			   .link_type = LINK_RAW_IP,
			   .flags = PACKET_WIRE_LEN};

	t->time_ns += 1000000;
	assert_int_equal(parser_init(&p, t->notes, false), 0);
	parse_packet(&p, &k);
	assert_int_equal(k.drop, DROP_NONE);
	bool final = dpi_inspect(t->d, &t->annex, &k, dir);

	parser_fini(&p);
	free(exact);
	t->finals += final;
	return final;
}

static inline bool talk_text(struct talk *t, unsigned int dir, const char *payload)
{
	return talk_say(t, dir, TALK_PSH | TALK_ACK, payload, (uint32_t)strlen(payload));
}

static inline void talk_handshake(struct talk *t)
{
	assert_false(talk_say(t, DIR_FWD, TALK_SYN, NULL, 0));
	assert_false(talk_say(t, DIR_REV, TALK_SYN | TALK_ACK, NULL, 0));
	assert_false(talk_say(t, DIR_FWD, TALK_ACK, NULL, 0));
}

static inline bool talk_finish(struct talk *t)
{
	struct dpi_flow_facts facts = {
		.src_addr = t->addr[0],
		.dst_addr = t->addr[1],
		.src_port = t->client_port,
		.dst_port = t->server_port,
		.ip_version = t->ip_version,
		.protocol = t->protocol,
	};
	bool now = dpi_finish(t->d, &t->annex, &facts);

	t->finals += now;
	return now;
}

static inline void talk_release(struct talk *t)
{
	static const struct dpi_annex zero;

	dpi_annex_release(t->d, &t->annex);
	assert_memory_equal(&t->annex, &zero, sizeof zero);
}

/* ---- limits ---- */

/* Bytes of address space that this process has. */
static inline rlim_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* ---- payloads ---- */

#define HTTP_REQUEST                                                                               \
	"GET /a/b.html?q=1 HTTP/1.1\r\nHost: www.example.org\r\n"                                  \
	"User-Agent: test-agent/1.0\r\nAccept: */*\r\n\r\n"
#define HTTP_REPLY                                                                                 \
	"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno"

static inline uint32_t dns_message(uint8_t *to, uint16_t flags)
{
	static const uint8_t question[] = "\3www\7example\3org\0\0\1\0\1"; /* A IN */
	struct wbuf w = wbuf_make(to, TALK_BYTES);

	put_be16(&w, 0x1234);
	put_be16(&w, flags);
	put_be16(&w, 1);
	put_be16(&w, 0);
	put_be16(&w, 0);
	put_be16(&w, 0);
	put_bytes(&w, question, sizeof question - 1);
	return (uint32_t)(w.at - to);
}

#define DNS_QUERY_FLAGS	   0x0100
#define DNS_NXDOMAIN_FLAGS 0x8183

/* Writes a length of `bytes` bytes at `at`: that of what lies behind it. */
static inline void length_set(struct wbuf *w, uint8_t *at, unsigned int bytes)
{
	size_t n = (size_t)(w->at - at) - bytes;

	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(n >> 8 * (bytes - 1 - i));
}

static inline void tls_extension(struct wbuf *w, uint16_t type, const void *body, uint16_t len)
{
	put_be16(w, type);
	put_be16(w, len);
	put_bytes(w, body, len);
}

/* RFC 8446 4.1.2 and RFC 6066 3: the record and handshake headers, then the body. */
static inline uint8_t *tls_hello_begin(struct wbuf *w, uint8_t type)
{
	put_u8(w, 22);
	put_be16(w, 0x0301);
	uint8_t *record = wbuf_take(w, 2);

	put_u8(w, type);
	wbuf_take(w, 3);
	put_be16(w, 0x0303);
	for (uint8_t i = 0; i < 32; i++)
		put_u8(w, (uint8_t)(7 * i + 1));
	put_u8(w, 0); /* no session id */
	return record;
}

static inline uint32_t tls_hello_end(struct wbuf *w, uint8_t *record, const uint8_t *to)
{
	length_set(w, record + 3, 3);
	length_set(w, record, 2);
	assert_false(w->failed);
	return (uint32_t)(w->at - to);
}

/* JA3 "771,49199-47,0-10-11-16,29-23,0" */
static inline uint32_t tls_client_hello(uint8_t *to, const char *server_name)
{
	static const uint8_t groups[] = {0, 4, 0, 29, 0, 23}, points[] = {1, 0};
	static const uint8_t alpn[] = "\0\14\2h2\10http/1.1";
	struct wbuf w = wbuf_make(to, TALK_BYTES);
	uint8_t *record = tls_hello_begin(&w, 1), *extensions;
	uint16_t n = (uint16_t)strlen(server_name);

	put_be16(&w, 4);
	put_be16(&w, 0xc02f);
	put_be16(&w, 0x002f);
	put_be16(&w, 0x0100); /* one compression method: none */
	extensions = wbuf_take(&w, 2);
	put_be16(&w, 0);
	put_be16(&w, (uint16_t)(n + 5));
	put_be16(&w, (uint16_t)(n + 3));
	put_u8(&w, 0);
	put_be16(&w, n);
	put_bytes(&w, server_name, n);
	tls_extension(&w, 10, groups, sizeof groups);
	tls_extension(&w, 11, points, sizeof points);
	tls_extension(&w, 16, alpn, sizeof alpn - 1);
	length_set(&w, extensions, 2);
	return tls_hello_end(&w, record, to);
}

/* JA3S "771,49199," */
static inline uint32_t tls_server_hello(uint8_t *to)
{
	struct wbuf w = wbuf_make(to, TALK_BYTES);
	uint8_t *record = tls_hello_begin(&w, 2);

	put_be16(&w, 0xc02f);
	put_u8(&w, 0);
	return tls_hello_end(&w, record, to);
}

/* RFC 5246 7.4.2: one certificate, in a record of its own. */
static inline uint32_t tls_certificate(uint8_t *to, const uint8_t *der, uint32_t der_len)
{
	struct wbuf w = wbuf_make(to, TALK_BYTES);

	put_u8(&w, 22);
	put_be16(&w, 0x0303);
	uint8_t *record = wbuf_take(&w, 2);

	put_u8(&w, 11);
	uint8_t *message = wbuf_take(&w, 3), *list = wbuf_take(&w, 3), *one = wbuf_take(&w, 3);

	put_bytes(&w, der, der_len);
	length_set(&w, one, 3);
	length_set(&w, list, 3);
	length_set(&w, message, 3);
	length_set(&w, record, 2);
	assert_false(w.failed);
	return (uint32_t)(w.at - to);
}

/* Where the key exchange is named, behind: packet and padding length, message, cookie, length. */
#define SSH_KEX_AT (4 + 1 + 1 + 16 + 4)

/* RFC 4253 7.1; HASSH is the MD5 of "curve25519-sha256;aes128-ctr;hmac-sha2-256;none". */
static inline uint32_t ssh_kexinit(uint8_t *to)
{
	static const char *const lists[10] = {
		"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
		"hmac-sha2-256",     "none",	    "none",	  "",		""};
	struct wbuf w = wbuf_make(to, TALK_BYTES);

	wbuf_take(&w, 4);
	put_u8(&w, 4); /* padding */
	put_u8(&w, 20);
	for (uint8_t i = 0; i < 16; i++)
		put_u8(&w, i);
	for (int i = 0; i < 10; i++) {
		put_be32(&w, (uint32_t)strlen(lists[i]));
		put_bytes(&w, lists[i], strlen(lists[i]));
	}
	put_u8(&w, 0);
	put_be32(&w, 0);
	put_be32(&w, 0); /* the padding */
	length_set(&w, to, 4);
	assert_false(w.failed);
	return (uint32_t)(w.at - to);
}
