/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and streams of them. */
#include "frames.h"

#include <math.h>
#include <string.h>

#include "bench.h"

static void put16(uint8_t *p, uint64_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t sum_header(const uint8_t *p)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* Both ends of a flow; the server's port is a small one. */
struct ends {
	uint64_t addr[2][2];
	uint16_t port[2];
};

static struct ends flow_ends(const struct frame_spec *spec, uint64_t flow)
{
	const uint64_t r = mix64(flow + spec->seed), q = mix64(r);
	struct ends e = {
		.addr = {{0x0120fe80b80d0120ULL, r}, {0x0220fe80b80d0120ULL, q}},
		.port = {(uint16_t)(1024 + (q >> 32) % 60000), (uint16_t)(1 + (q >> 48) % 1000)},
	};

	if (spec->kind == FRAME_SYN) {
		e.addr[1][1] = 0x010200c0;
		e.port[1] = 80;
	}
	return e;
}

static void put_l4(uint8_t *l4, const struct ends *e, int from, uint8_t tcp_flags)
{
	put16(l4, e->port[from]);
	put16(l4 + 2, e->port[!from]);
	if (tcp_flags) {
		l4[12] = 5 << 4;
		l4[13] = tcp_flags;
		put16(l4 + 14, 65535);
	}
}

void frame_make(uint8_t *frame, const struct frame_spec *spec, uint64_t flow, bool reverse)
{
	static const uint8_t ether[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	const struct ends e = flow_ends(spec, flow);
	const bool tcp = spec->kind == FRAME_SYN || (spec->kind == FRAME_MIXED && flow & 1);
	const uint8_t flags = !tcp ? 0 : spec->kind == FRAME_SYN ? 0x02 : 0x10;
	const int from = reverse ? 1 : 0;
	uint8_t *ip = frame + 14;

	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, ether, sizeof ether);
	if (spec->ipv6) {
		put16(frame + 12, 0x86dd);
		ip[0] = 6 << 4;
		put16(ip + 4, FRAME_IP_BYTES - 40);
		ip[6] = 17;
		ip[7] = 64;
		memcpy(ip + 8, e.addr[from], 16);
		memcpy(ip + 24, e.addr[!from], 16);
		put_l4(ip + 40, &e, from, 0);
		put16(ip + 44, FRAME_IP_BYTES - 40);
		return;
	}
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, FRAME_IP_BYTES);
	ip[8] = 64;
	ip[9] = tcp ? 6 : 17;
	memcpy(ip + 12, &e.addr[from][1], 4);
	memcpy(ip + 16, &e.addr[!from][1], 4);
	put16(ip + 10, sum_header(ip));
	put_l4(ip + 20, &e, from, flags);
	if (!tcp)
		put16(ip + 24, FRAME_IP_BYTES - 20);
}

/* The place of a random number in a Zipf(1) distribution over n. */
static uint32_t zipf(uint64_t random, uint32_t n)
{
	double u = (double)(random >> 11) * 0x1p-53;
	uint32_t rank = (uint32_t)(exp(u * log((double)n + 1)) - 1);

	return rank < n ? rank : n - 1;
}

static uint64_t flow_of(enum stream_order order, uint32_t i, uint32_t flows)
{
	const uint64_t random = mix64(i ^ 0x5bd1e995ULL << 32);

	if (order == STREAM_EACH_ONCE)
		return i;
	return order == STREAM_ZIPF ? zipf(random, flows) : below(random, flows);
}

int stream_make(struct stream *s, const struct frame_spec *spec, enum stream_order order,
		uint32_t n, uint32_t flows)
{
	const size_t len = (size_t)n * FRAME_BYTES;

	if (s->memory.len_bytes < len) {
		memory_unmap(&s->memory);
		int rc = memory_map(&s->memory, len, MEMORY_NODE_ANY, true);
		if (rc)
			return rc;
	}
	s->frames = s->memory.base;
	s->n = n;
	for (uint32_t i = 0; i < n; i++) {
		bool reverse = spec->kind == FRAME_MIXED && mix64(i) & 1;

		frame_make(s->frames + (size_t)i * FRAME_BYTES, spec, flow_of(order, i, flows),
			   reverse);
	}
	return 0;
}

void stream_free(struct stream *s)
{
	memory_unmap(&s->memory);
	*s = (struct stream){0};
}
