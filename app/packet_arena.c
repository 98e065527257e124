/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring of packet bytes: a comparison or two a packet, no list of what is in use.
 */
#include "packet_arena.h"

#include <errno.h>
#include <stdlib.h>

#include "poison.h"

/* Packets begin on cache lines: a short one is one line, and prefetches hit. */
#define LINE_BYTES 64

static size_t room(size_t len)
{
	return len ? (len + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1) : LINE_BYTES;
}

int packet_arena_create(struct packet_arena *a, size_t len_bytes, size_t soft_bytes)
{
	uint8_t *base;

	len_bytes = room(len_bytes);
	base = aligned_alloc(LINE_BYTES, len_bytes);
	if (!base)
		return -ENOMEM;
	poison(base, len_bytes);
	*a = (struct packet_arena){
		.base = base,
		.len_bytes = len_bytes,
		.soft_bytes = soft_bytes < len_bytes ? soft_bytes : len_bytes,
	};
	return 0;
}

void packet_arena_destroy(struct packet_arena *a)
{
	if (a->base)
		unpoison(a->base, a->len_bytes);
	free(a->base);
	*a = (struct packet_arena){0};
}

/* Where so many bytes may begin, or false. */
static bool place(struct packet_arena *a, size_t size, size_t *at)
{
	bool start_over = !a->wrapped && size <= a->tail && a->n_used;

	if (a->wrapped ? a->tail - a->head < size : a->len_bytes - a->head < size && !start_over)
		return false;
	if (start_over && (a->head >= a->soft_bytes || a->len_bytes - a->head < size)) {
		a->wrapped = true;
		a->head = 0;
	}
	*at = a->head;
	return true;
}

uint8_t *packet_arena_take(struct packet_arena *a, size_t len, void **mark)
{
	size_t at;

	if (!place(a, room(len), &at))
		return NULL;
	a->head = at + room(len);
	a->n_used++;
	unpoison(a->base + at, len);
	*mark = a->base + a->head;
	return a->base + at;
}

void packet_arena_give_back(struct packet_arena *a, const void *mark, unsigned int n)
{
	size_t end = (size_t)((const uint8_t *)mark - a->base);

	/* What is in use at the beginning of a wrapped ring ends at the tail or before it. */
	if (a->wrapped && end <= a->tail) {
		poison(a->base + a->tail, a->len_bytes - a->tail);
		a->wrapped = false;
		a->tail = 0;
	}
	poison(a->base + a->tail, end - a->tail);
	a->tail = end;
	a->n_used -= n;
	if (!a->n_used) {
		a->head = a->tail = 0;
		a->wrapped = false;
	}
}
