/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows begin one after the other, evenly, and a packet belongs to one of those that began last, so
 * that many flows are open at once and each has its packets in order.
 */
#include "traffic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define ETHER_BYTES 14
#define FRAME_MIN   64

enum flow_kind { KIND_DNS, KIND_HTTP, KIND_TLS, KIND_UDP };
enum { SYN = 0x02, PSH = 0x08, ACK = 0x10 };

struct frame {
	uint8_t *bytes;
	uint32_t len;
};

static void put(struct frame *f, const void *bytes, uint32_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static void put_n(struct frame *f, uint64_t value, unsigned int n_bytes)
{
	while (n_bytes--)
		f->bytes[f->len++] = (uint8_t)(value >> 8 * n_bytes);
}

static void put_text(struct frame *f, const char *text)
{
	put(f, text, (uint32_t)strlen(text));
}

static void set16(struct frame *f, uint32_t at, uint32_t value)
{
	f->bytes[at] = (uint8_t)(value >> 8);
	f->bytes[at + 1] = (uint8_t)value;
}

/* What is known of a flow by its number alone. */
struct identity {
	enum flow_kind kind;
	bool ipv6;
	uint64_t random;
	uint16_t port[2];
};

static struct identity identify(uint32_t flow)
{
	static const uint16_t servers[] = {53, 80, 443, 0};
	static const enum flow_kind kinds[10] = {KIND_DNS,  KIND_DNS,  KIND_DNS, KIND_HTTP,
						 KIND_HTTP, KIND_HTTP, KIND_TLS, KIND_TLS,
						 KIND_TLS,  KIND_UDP};
	const uint64_t r = mix64(flow);
	struct identity id = {.kind = kinds[r % 10], .ipv6 = r >> 8 & 1, .random = r};

	id.port[0] = (uint16_t)(20000 + (r >> 16) % 40000);
	id.port[1] = servers[id.kind] ? servers[id.kind] : (uint16_t)(20000 + (r >> 32) % 40000);
	return id;
}

static void put_addresses(struct frame *f, const struct identity *id, uint32_t flow, int from)
{
	for (int i = 0; i < 2; i++) {
		const bool server = (i == 0) == (from == 1);

		if (id->ipv6)
			put_n(f, 0x20010db800000000ULL + server, 8);
		if (id->ipv6)
			put_n(f, 0, 4);
		/* 10.0.0.0/8 and 172.16.0.0/12: no client is a server */
		put_n(f, server ? 0xac100000 + (id->random >> 40 & 0xfffff) : 0x0a000000 + flow, 4);
	}
}

static void put_dns(struct frame *f, const struct identity *id, bool answer)
{
	char label[16];

	put_n(f, id->random >> 48, 2);
	put_n(f, answer ? 0x8180 : 0x0100, 2);
	put_n(f, 1ULL << 48 | (uint64_t)answer << 32, 8);
	put_n(f, 8, 1);
	snprintf(label, sizeof label, "h%07x", (unsigned int)(id->random >> 36 & 0xfffffff));
	put(f, label, 8);
	put(f, "\7example\3org", 13);
	put_n(f, 1ULL << 16 | 1, 4);
	if (!answer)
		return;
	put_n(f, 0xc00c00010001ULL, 6);
	put_n(f, 300ULL << 16 | 4, 6);
	put_n(f, 0xc0000201, 4);
}

static void put_client_hello(struct frame *f, const struct identity *id)
{
	const uint32_t record = f->len;
	char host[32];
	uint32_t host_len = (uint32_t)snprintf(host, sizeof host, "s%06x.example.net",
					       (unsigned int)(id->random >> 40));

	put_n(f, 0x1603010000, 5);
	put_n(f, 0x01000000, 4);
	put_n(f, 0x0303, 2);
	for (int i = 0; i < 4; i++)
		put_n(f, mix64(id->random + (uint64_t)i), 8);
	put_n(f, 0, 1);			       /* no session */
	put_n(f, 0x000413011302ULL, 6);	       /* two suites */
	put_n(f, 0x0100, 2);		       /* no compression */
	put_n(f, 9 + host_len + 8 + 8 + 4, 2); /* extensions: */
	put_n(f, host_len + 5, 4);	       /* server_name */
	put_n(f, host_len + 3, 2);
	put_n(f, host_len, 3);
	put(f, host, host_len);
	put_n(f, 0x000a000400020017ULL, 8); /* one group */
	put_n(f, 0x000d000400020403ULL, 8); /* one signature */
	put_n(f, 0x00230000, 4);	    /* an empty ticket */
	set16(f, record + 3, f->len - record - 5);
	set16(f, record + 7, f->len - record - 9);
}

static void put_http(struct frame *f, const struct identity *id, bool answer)
{
	static const char response[] = "HTTP/1.1 200 OK\r\nServer: x\r\n"
				       "Content-Type: text/html\r\nContent-Length: 99999\r\n\r\n";
	char request[160];

	if (answer) {
		put_text(f, response);
		return;
	}
	snprintf(request, sizeof request,
		 "GET /%x HTTP/1.1\r\nHost: www%u.example.com\r\nUser-Agent: bench/1\r\n\r\n",
		 (unsigned int)(id->random >> 40), (unsigned int)(id->random >> 20 & 1023));
	put_text(f, request);
}

/* So many bytes that say nothing. */
static void put_filler(struct frame *f, uint64_t random, uint32_t until)
{
	while (f->len < until)
		f->bytes[f->len++] = (uint8_t)(0x80 | (random = mix64(random)));
}

static uint32_t length_of(const struct identity *id, uint32_t k)
{
	return FRAME_MIN + below(mix64(id->random + k), TRAFFIC_FRAME_MAX - FRAME_MIN + 1);
}

static void put_payload(struct frame *f, const struct identity *id, uint32_t k, int from)
{
	const uint32_t until = length_of(id, k);

	if (id->kind == KIND_DNS) {
		put_dns(f, id, from == 1);
		return;
	}
	if (id->kind == KIND_UDP || k > 4) {
		if (id->kind == KIND_TLS && until > f->len + 5) {
			put_n(f, 0x170303, 3);
			put_n(f, until - f->len - 2, 2);
		}
		put_filler(f, id->random + k, until);
		return;
	}
	if (k < 3)
		return;
	if (id->kind == KIND_HTTP)
		put_http(f, id, from == 1);
	else if (k == 3)
		put_client_hello(f, id);
	else
		put_filler(f, id->random, until);
}

static void put_tcp(struct frame *f, const struct identity *id, struct traffic_flow *state,
		    int from)
{
	static const uint8_t flags[3] = {SYN, SYN | ACK, ACK};
	const uint32_t k = state->packets;

	put_n(f, id->port[from], 2);
	put_n(f, id->port[!from], 2);
	put_n(f, state->seq[from], 4);
	put_n(f, k ? state->seq[!from] : 0, 4);
	put_n(f, 5 << 4, 1);
	put_n(f, k < 3 ? flags[k] : PSH | ACK, 1);
	put_n(f, 65535ULL << 32, 6);
	const uint32_t start = f->len;
	put_payload(f, id, k, from);
	state->seq[from] += f->len - start + (k < 2);
}

static void put_udp(struct frame *f, const struct identity *id, uint32_t k, int from)
{
	const uint32_t start = f->len;

	put_n(f, id->port[from], 2);
	put_n(f, id->port[!from], 2);
	put_n(f, 0, 4);
	put_payload(f, id, k, from);
	set16(f, start + 4, f->len - start);
}

static void close_ipv4(struct frame *f)
{
	uint32_t sum = 0;

	set16(f, ETHER_BYTES + 2, f->len - ETHER_BYTES);
	for (uint32_t i = 0; i < 20; i += 2)
		sum += (uint32_t)f->bytes[ETHER_BYTES + i] << 8 | f->bytes[ETHER_BYTES + i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	set16(f, ETHER_BYTES + 10, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
}

static void put_ip(struct frame *f, const struct identity *id, uint32_t flow, int from)
{
	const bool tcp = id->kind == KIND_HTTP || id->kind == KIND_TLS;

	put_n(f, id->ipv6 ? 0x86dd : 0x0800, 2);
	if (id->ipv6) {
		put_n(f, 6ULL << 28, 4);
		put_n(f, (tcp ? 6ULL : 17ULL) << 8 | 64, 4);
	} else {
		put_n(f, 0x45000000, 4);
		put_n(f, 0x4000, 4);
		put_n(f, 64ULL << 24 | (tcp ? 6ULL : 17ULL) << 16, 4);
	}
	put_addresses(f, id, flow, from);
}

static uint32_t make(struct traffic *t, uint32_t flow, uint8_t *bytes)
{
	struct traffic_flow *state = &t->flows[flow];
	const struct identity id = identify(flow);
	const int from = state->packets & 1;
	struct frame f = {.bytes = bytes};

	put_n(&f, from ? 0x020000000002ULL : 0x020000000001ULL, 6);
	put_n(&f, from ? 0x020000000001ULL : 0x020000000002ULL, 6);
	put_ip(&f, &id, flow, from);
	if (id.kind == KIND_HTTP || id.kind == KIND_TLS)
		put_tcp(&f, &id, state, from);
	else
		put_udp(&f, &id, state->packets, from);
	if (id.ipv6)
		set16(&f, ETHER_BYTES + 4, f.len - ETHER_BYTES - 40);
	else
		close_ipv4(&f);
	state->packets++;
	t->ip_bytes += f.len - ETHER_BYTES;
	while (f.len < FRAME_MIN)
		f.bytes[f.len++] = 0;
	t->bytes += f.len;
	return f.len;
}

int traffic_open(struct traffic *t, uint64_t n_packets, uint32_t n_flows)
{
	if (n_flows == 0 || n_packets < n_flows || n_flows > 1U << 24)
		return -EINVAL;
	*t = (struct traffic){
		.n_packets = n_packets, .n_flows = n_flows, .window = n_flows / 8 + 1};
	t->flows = calloc(n_flows, sizeof *t->flows);
	return t->flows ? 0 : -ENOMEM;
}

uint32_t traffic_next(struct traffic *t, uint8_t frame[TRAFFIC_FRAME_MAX])
{
	const uint64_t i = t->made;

	if (i == t->n_packets)
		return 0;
	t->made++;
	if (i * t->n_flows / t->n_packets >= t->begun)
		return make(t, t->begun++, frame);
	const uint32_t open = t->begun < t->window ? t->begun : t->window;
	return make(t, t->begun - 1 - below(mix64(i), open), frame);
}

void traffic_close(struct traffic *t)
{
	free(t->flows);
	*t = (struct traffic){0};
}
