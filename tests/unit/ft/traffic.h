/* SPDX-License-Identifier: BSD-3-Clause */
/* Conversations out of a number: web requests and name lookups, sixteen at a time. */
#pragma once

#include "frames.h"

#define TRAFFIC_AT_ONCE 16U
#define TRAFFIC_STEPS	8U

struct traffic_step {
	bool reverse;
	uint8_t tcp_flags;
	const char *payload;
};

/* Packet i of the traffic of a seed; other seeds have other hosts. */
static inline void traffic_make(struct frame *f, uint32_t seed, uint32_t i)
{
	static const struct traffic_step web[TRAFFIC_STEPS] = {
		{false, 0x02, NULL},
		{true, 0x12, NULL},
		{false, 0x10, NULL},
		{false, 0x18, "GET /index.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n"},
		{true, 0x18, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nhello"},
		{false, 0x11, NULL},
		{true, 0x11, NULL},
		{false, 0x10, NULL},
	};
	uint32_t step = i / TRAFFIC_AT_ONCE % TRAFFIC_STEPS;
	uint32_t talk =
		i % TRAFFIC_AT_ONCE + TRAFFIC_AT_ONCE * (i / (TRAFFIC_AT_ONCE * TRAFFIC_STEPS));
	const struct traffic_step *s = &web[step];
	bool is_web = talk % 3, reverse = is_web ? s->reverse : step & 1;
	uint32_t client = 0x0a000000 + (seed << 20) + talk, server = 0xc6336401 + seed;
	uint16_t port = (uint16_t)(20000 + talk % 40000), service = is_web ? 80 : 53;
	const struct frame_spec spec = {
		.src = reverse ? server : client,
		.dst = reverse ? client : server,
		.sport = reverse ? service : port,
		.dport = reverse ? port : service,
		.protocol = is_web ? 6 : 17,
		.tcp_flags = s->tcp_flags,
		.payload = is_web ? s->payload : "\x12\x34\1\1\1\1\1\1\1\1\1\1\1\1\7example\3com",
	};

	frame_make(f, &spec);
}
