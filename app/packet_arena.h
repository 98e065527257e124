/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes of packets that are handed out and given back in the same order: a ring in which each
 * packet is in one piece. It starts over at its beginning as soon as it may, so that few packets in
 * flight stay in the cache.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * In use is [tail, head), or, once wrapped, [tail, its end) and [0, head). head == tail and nothing
 * in use is the same as new.
 */
struct packet_arena {
	uint8_t *base;
	size_t len_bytes, soft_bytes;
	size_t head, tail;
	uint64_t n_used; /* packets not given back */
	bool wrapped;
};

/* 0 or -ENOMEM. Over soft_bytes it would rather start over than go on. One thread. */
int packet_arena_create(struct packet_arena *a, size_t len_bytes, size_t soft_bytes);
void packet_arena_destroy(struct packet_arena *a);

/*
 * Room for len bytes (0 too), cache-line aligned, or NULL: give packets back first. Never NULL when
 * nothing is in use and len is at most len_bytes, so a caller who gives everything back goes on.
 * mark is what gives it back.
 */
uint8_t *packet_arena_take(struct packet_arena *a, size_t len, void **mark);
/* Gives back the n oldest packets; mark is that of the last of them. */
void packet_arena_give_back(struct packet_arena *a, const void *mark, unsigned int n);
