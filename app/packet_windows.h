/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the bytes of packets stay until they are given back: a few windows, taken in turn. The
 * first one that is free is next, so that few packets in flight stay in two windows and in the
 * cache. A window is filled at once and its packets lie where they came to lie, or packet by
 * packet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "ft/pfring_ft_ext.h"

/* Two windows in turn are what shall stay in the cache. */
#define PACKET_WINDOW_FILL_BYTES (SOURCE_WINDOWS_CACHE_BYTES / 2)
/* The rest is for what the window before left over: less than one record. */
#define PACKET_WINDOW_BYTES (2 * PACKET_WINDOW_FILL_BYTES)
#define PACKET_WINDOWS	    (SOURCE_WINDOWS_BYTES / PACKET_WINDOW_BYTES)

struct packet_window {
	uint8_t *bytes;	   /* PACKET_WINDOW_BYTES; cache-line aligned */
	uint32_t n_out;	   /* packets that lie in it, handed out and not given back */
	size_t used_bytes; /* of the current one: those that a packet to be copied may not have */
};

struct packet_windows {
	uint8_t *memory;
	struct packet_window *current; /* being filled or read; NULL before the first */
	struct packet_window windows[PACKET_WINDOWS];
};

/* 0 or -ENOMEM. One thread. */
int packet_windows_create(struct packet_windows *w);
void packet_windows_destroy(struct packet_windows *w);

/*
 * Goes on to a free window, all of which is the caller's, or NULL: give packets back first. Never
 * NULL when no packet is out. What lies in the window before stays until the next turn, or as long
 * as its packets are out.
 */
struct packet_window *packet_windows_turn(struct packet_windows *w);
/*
 * Room for len_bytes (0 too, at most PACKET_BYTES_MAX) in the current window, cache-line aligned,
 * or NULL as packet_windows_turn().
 */
uint8_t *packet_windows_take(struct packet_windows *w, size_t len_bytes);
/* A packet that lies in the current window is handed out; its cookie. */
void *packet_windows_lend(struct packet_windows *w);
/* Packets come back, in any order. */
void packet_windows_give_back(const pfring_ft_packet *packets, unsigned int n);
