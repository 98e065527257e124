/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Made-up traffic that nDPI knows: DNS, HTTP, TLS and UDP of no kind, over IPv4 and IPv6, in frames
 * of 64 to 512 bytes. The same numbers make the same packets everywhere.
 */
#pragma once

#include <stdint.h>

#define TRAFFIC_FRAME_MAX 512

struct traffic_flow {
	uint32_t seq[2];
	uint32_t packets;
};

struct traffic {
	uint64_t n_packets; /* in all */
	uint32_t n_flows, window;
	uint64_t made;	/* packets */
	uint32_t begun; /* flows */
	uint64_t bytes, ip_bytes;
	struct traffic_flow *flows;
};

/* n_packets >= n_flows >= 1. 0, -EINVAL or -ENOMEM. */
int traffic_open(struct traffic *t, uint64_t n_packets, uint32_t n_flows);
/* The next packet; its length, 0 after the last. */
uint32_t traffic_next(struct traffic *t, uint8_t frame[TRAFFIC_FRAME_MAX]);
void traffic_close(struct traffic *t);
