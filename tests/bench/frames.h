/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of 64 bytes, made of flow numbers: the same number makes the same addresses and ports. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"

#define FRAME_BYTES 64
/* Of the frame, without its Ethernet header. */
#define FRAME_IP_BYTES 50

enum frame_kind {
	FRAME_UDP,
	FRAME_MIXED, /* UDP, or TCP with ACK, by the number of the flow; both directions */
	FRAME_SYN,   /* TCP SYN to one address and port; IPv4 only */
};

struct frame_spec {
	enum frame_kind kind;
	bool ipv6;
	uint64_t seed; /* other seeds make other flows */
};

void frame_make(uint8_t *frame, const struct frame_spec *spec, uint64_t flow, bool reverse);

enum stream_order { STREAM_UNIFORM, STREAM_ZIPF, STREAM_EACH_ONCE };

/* Frames in the order in which they come. */
struct stream {
	struct memory memory;
	uint8_t *frames;
	uint32_t n;
};

/* n packets of so many flows, in the memory that s has, when that is enough. 0 or -ENOMEM. */
int stream_make(struct stream *s, const struct frame_spec *spec, enum stream_order order,
		uint32_t n, uint32_t flows);
void stream_free(struct stream *s);
