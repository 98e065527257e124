/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows of packet bytes: a count of packets each, no list of what is in use.
 */
#include "packet_windows.h"

#include <errno.h>
#include <stdlib.h>

#include "poison.h"

/* Copied packets begin on cache lines: a short one is one line, and prefetches hit. */
#define LINE_BYTES 64

_Static_assert(PACKET_WINDOWS >= 4, "a window is free when the current one and one more are not");
_Static_assert(PACKET_WINDOW_FILL_BYTES >= PACKET_BYTES_MAX, "the largest packet fits");
_Static_assert(SOURCE_WINDOWS_BYTES >= (PFRING_FT_BURSTS_HELD + 1) * PFRING_FT_BURST_MAX * 16384U,
	       "what a table holds fits, jumbo frames too");

int packet_windows_create(struct packet_windows *w)
{
	uint8_t *memory = aligned_alloc(LINE_BYTES, SOURCE_WINDOWS_BYTES);

	if (!memory)
		return -ENOMEM;
	poison(memory, SOURCE_WINDOWS_BYTES);
	*w = (struct packet_windows){.memory = memory};
	for (unsigned int i = 0; i < PACKET_WINDOWS; i++)
		w->windows[i].bytes = memory + (size_t)i * PACKET_WINDOW_BYTES;
	return 0;
}

void packet_windows_destroy(struct packet_windows *w)
{
	if (w->memory)
		unpoison(w->memory, SOURCE_WINDOWS_BYTES);
	free(w->memory);
	*w = (struct packet_windows){0};
}

struct packet_window *packet_windows_turn(struct packet_windows *w)
{
	for (unsigned int i = 0; i < PACKET_WINDOWS; i++) {
		struct packet_window *next = &w->windows[i];

		if (next == w->current || next->n_out)
			continue;
		next->used_bytes = PACKET_WINDOW_BYTES;
		poison(next->bytes, PACKET_WINDOW_BYTES);
		w->current = next;
		return next;
	}
	return NULL;
}

uint8_t *packet_windows_take(struct packet_windows *w, size_t len_bytes)
{
	size_t room = (len_bytes + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1);
	uint8_t *bytes;

	if (!w->current || w->current->used_bytes + room > PACKET_WINDOW_FILL_BYTES) {
		if (!packet_windows_turn(w))
			return NULL;
		w->current->used_bytes = 0;
	}
	bytes = w->current->bytes + w->current->used_bytes;
	w->current->used_bytes += room;
	unpoison(bytes, len_bytes);
	return bytes;
}

void *packet_windows_lend(struct packet_windows *w)
{
	w->current->n_out++;
	return w->current;
}

void packet_windows_give_back(const pfring_ft_packet *packets, unsigned int n)
{
	/* Most come from one window: it is told once. */
	for (unsigned int i = 0, same; i < n; i += same) {
		struct packet_window *window = packets[i].cookie;

		for (same = 0; i + same < n && packets[i + same].cookie == window; same++)
			poison(packets[i + same].data, packets[i + same].caplen);
		window->n_out -= same;
	}
}
