/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet frames with IPv4 and TCP or UDP, for tests that start at bytes. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "core/bytes.h"

struct frame {
	uint8_t bytes[256];
	uint32_t len;
};

struct frame_spec {
	uint32_t src, dst; /* IPv4 addresses, host order */
	uint16_t sport, dport;
	uint8_t protocol, tcp_flags;
	const char *payload;
};

static inline void frame_make(struct frame *f, const struct frame_spec *s)
{
	uint32_t l4 = s->protocol == 6 ? 20 : 8;
	uint32_t payload = s->payload ? (uint32_t)strlen(s->payload) : 0;
	uint8_t *ip = f->bytes + 14, *t = ip + 20;

	memset(f, 0, sizeof *f);
	memcpy(f->bytes, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0", 14);
	ip[0] = 0x45;
	store_be16(ip + 2, (uint16_t)(20 + l4 + payload));
	ip[8] = 64;
	ip[9] = s->protocol;
	store_be32(ip + 12, s->src);
	store_be32(ip + 16, s->dst);
	store_be16(t, s->sport);
	store_be16(t + 2, s->dport);
	if (s->protocol == 6) {
		t[12] = 0x50;
		t[13] = s->tcp_flags;
	} else {
		store_be16(t + 4, (uint16_t)(8 + payload));
	}
	if (payload)
		memcpy(t + l4, s->payload, payload);
	f->len = 14 + 20 + l4 + payload;
}
