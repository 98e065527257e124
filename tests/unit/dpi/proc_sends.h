/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow of one client and one server whose packets are given as payload. */
#pragma once

#include "proc_fixture.h"

enum { SENDS_CLIENT_PORT = 40000 };

static inline void sends_ports(uint8_t *l4, uint16_t server_port, unsigned int direction)
{
	store_be16(l4 + 2 * direction, SENDS_CLIENT_PORT);
	store_be16(l4 + 2 * !direction, server_port);
}

static inline void sends_udp(struct proc_fixture *x, uint16_t port, unsigned int direction,
			     const void *bytes, uint32_t n)
{
	struct build b = {0};

	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 17);
	sends_ports(build_udp(&b, 0, 0), port, direction);
	build_bytes(&b, bytes, n);
	proc_packet(x, &b, direction, 1);
}

struct sends {
	const void *bytes;
	uint32_t n;
	uint32_t seq;
};

static inline void sends_tcp(struct proc_fixture *x, uint16_t port, unsigned int direction,
			     struct sends s)
{
	struct build b = {0};
	uint8_t *h;

	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 6);
	h = build_tcp(&b, 0, 0);
	sends_ports(h, port, direction);
	store_be32(h + 4, s.seq);
	build_bytes(&b, s.bytes, s.n);
	proc_packet(x, &b, direction, 1);
}

/* Digits of hexadecimal and blanks; returns how many bytes. */
static inline uint32_t sends_hex(uint8_t *to, uint32_t room, const char *text)
{
	uint32_t n = 0;

	while (*text) {
		char pair[3] = {text[0], text[0] == ' ' ? '\0' : text[1], '\0'};

		text += pair[1] ? 2 : 1;
		if (!pair[1])
			continue;
		assert_true(n < room);
		to[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}
