/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of bytes with one writer and one reader. Positions only grow; the place is the position
 * modulo the size, which is a power of two. Entries are cache-line aligned and in one piece; the
 * end of the memory is skipped when an entry does not fit there.
 *
 * It does not deadlock: the consumer gives back all it took before it sleeps, and then the whole
 * ring is free; the ring is at least 4 of the largest packets, so one fits wherever the writer
 * stands. Sleeping is a futex each way. Who sleeps says from which position on it wants to be
 * woken, far enough away that a wake-up pays for many packets; a time limit covers the rest.
 */
#include "packet_ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"
#include "poison.h"

#define LINE_BYTES 64
/* Some microseconds: what the other side needs for a burst. */
#define SPINS 256
/* The lane looks after other things so often, and a slow pipe's packets wait no longer. */
#define CONSUMER_SLEEP_NS 1000000
/* Only a limit: the consumer wakes the producer. */
#define PRODUCER_SLEEP_NS 10000000
#define RING_BYTES_MAX	  (4ULL << 30)

enum kind { ENTRY_PACKET, ENTRY_SKIP, ENTRY_MARK };

struct entry {
	pfring_ft_packet packet;
	uint32_t size; /* to the next entry */
	uint8_t kind;
};

/* Bytes follow their entry's header; the largest entry, in lines. */
#define HEADER_BYTES	LINE_BYTES
#define ENTRY_BYTES_MAX (HEADER_BYTES + PACKET_BYTES_MAX)

_Static_assert(sizeof(struct entry) <= HEADER_BYTES, "the header is one line");
_Static_assert(PACKET_BYTES_MAX % LINE_BYTES == 0, "entries are lines");
_Static_assert((PACKET_RING_BYTES_MIN & (PACKET_RING_BYTES_MIN - 1)) == 0, "positions are masked");
_Static_assert(PACKET_RING_BYTES_MIN >= 2 * ENTRY_BYTES_MAX, "skip and entry fit an empty ring");

/* One side's way to sleep: the futex word is 1 while it does. */
struct sleeper {
	_Atomic uint32_t asleep;
	_Atomic uint64_t wake_at; /* the other side's position from which on it is woken */
};

struct packet_ring {
	uint8_t *base;
	size_t size_bytes;

	/* the producer's line, and what it knows of the consumer */
	_Alignas(LINE_BYTES) _Atomic uint64_t head;
	uint64_t tail_seen;
	atomic_bool ended;
	uint64_t end_ns; /* written before ended */
	/* the consumer's: released up to tail, received up to next */
	_Alignas(LINE_BYTES) _Atomic uint64_t tail;
	uint64_t next, head_seen;
	uint64_t n_out;
	bool at_mark;
	_Atomic uint64_t now_ns; /* written by the consumer only */
	_Alignas(LINE_BYTES) struct sleeper producer;
	_Alignas(LINE_BYTES) struct sleeper consumer;
};

/* ---- sleeping ---- */

static void futex_wait(_Atomic uint32_t *word, uint32_t value, long limit_ns)
{
	struct timespec limit = {.tv_nsec = limit_ns};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &limit, NULL, 0);
}

static void wake(struct sleeper *s)
{
	if (atomic_exchange(&s->asleep, 0))
		syscall(SYS_futex, &s->asleep, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* After position was moved: wakes the other side when it waits for that. */
static void wake_from(struct sleeper *s, uint64_t position)
{
	/* Sequentially consistent: sleep_until() sees the position, or this sees it asleep. */
	if (atomic_load(&s->asleep) && position >= atomic_load(&s->wake_at))
		wake(s);
}

/* Sleeps once, unless position reaches wake_at (or *over is set) first. */
static void sleep_until(struct sleeper *s, const _Atomic uint64_t *position, uint64_t wake_at,
			const atomic_bool *over, long limit_ns)
{
	atomic_store(&s->wake_at, wake_at);
	atomic_store(&s->asleep, 1);
	if (atomic_load(position) < wake_at && !(over && atomic_load(over)))
		futex_wait(&s->asleep, 1, limit_ns);
	atomic_store(&s->asleep, 0);
}

/* ---- both sides ---- */

int packet_ring_create(struct packet_ring **out, size_t size_bytes)
{
	size_t size = PACKET_RING_BYTES_MIN;
	struct packet_ring *r;

	if (size_bytes > RING_BYTES_MAX)
		return -EINVAL;
	while (size < size_bytes)
		size *= 2;
	r = aligned_alloc(LINE_BYTES, sizeof *r);
	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof *r);
	r->size_bytes = size;
	r->base = aligned_alloc(LINE_BYTES, size);
	if (!r->base) {
		free(r);
		return -ENOMEM;
	}
	poison(r->base, size);
	*out = r;
	return 0;
}

void packet_ring_destroy(struct packet_ring *r)
{
	if (!r)
		return;
	unpoison(r->base, r->size_bytes);
	free(r->base);
	free(r);
}

static struct entry *entry_at(const struct packet_ring *r, uint64_t position)
{
	return (struct entry *)(r->base + (position & (r->size_bytes - 1)));
}

/* ---- the producer ---- */

static bool has_room(struct packet_ring *r, uint64_t head, size_t size)
{
	if (head + size - r->tail_seen <= r->size_bytes)
		return true;
	r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	return head + size - r->tail_seen <= r->size_bytes;
}

/* Waits for room, then rather for a quarter of the ring than for one packet. */
static void wait_room(struct packet_ring *r, uint64_t head, size_t size)
{
	size_t wanted = size > r->size_bytes / 4 ? size : r->size_bytes / 4;

	for (unsigned int i = 0; i < SPINS && !has_room(r, head, size); i++)
		__builtin_ia32_pause();
	while (!has_room(r, head, size))
		sleep_until(&r->producer, &r->tail, head + wanted - r->size_bytes, NULL,
			    PRODUCER_SLEEP_NS);
}

/* Room in one piece, its header written but for the packet; the position after it in *after. */
static struct entry *take_room(struct packet_ring *r, size_t size, uint64_t *after)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t to_end = r->size_bytes - (head & (r->size_bytes - 1));
	size_t skip = to_end < size ? to_end : 0;
	struct entry *e;

	wait_room(r, head, skip + size);
	if (skip) {
		e = entry_at(r, head);
		unpoison(e, HEADER_BYTES);
		e->kind = ENTRY_SKIP;
		e->size = (uint32_t)skip;
	}
	e = entry_at(r, head + skip);
	unpoison(e, size);
	e->size = (uint32_t)size;
	*after = head + skip + size;
	return e;
}

static void publish(struct packet_ring *r, uint64_t head)
{
	atomic_store(&r->head, head);
	wake_from(&r->consumer, head);
}

static size_t entry_size(uint32_t caplen)
{
	return HEADER_BYTES + ((caplen + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1));
}

void packet_ring_push(struct packet_ring *r, const pfring_ft_packet *packet)
{
	uint32_t caplen = packet->caplen < PACKET_BYTES_MAX ? packet->caplen : PACKET_BYTES_MAX;
	uint8_t *bytes;
	uint64_t after;
	struct entry *e = take_room(r, entry_size(caplen), &after);

	bytes = (uint8_t *)e + HEADER_BYTES;
	memcpy(bytes, packet->data, caplen);
	e->packet = *packet;
	e->packet.data = bytes;
	e->packet.caplen = caplen;
	e->kind = ENTRY_PACKET;
	poison(bytes + caplen, e->size - HEADER_BYTES - caplen);
	publish(r, after);
}

void packet_ring_mark(struct packet_ring *r, uint64_t now_ns)
{
	uint64_t after;
	struct entry *e = take_room(r, HEADER_BYTES, &after);

	e->kind = ENTRY_MARK;
	e->packet.time_ns = now_ns;
	publish(r, after);
	wake(&r->consumer);
}

void packet_ring_end(struct packet_ring *r, uint64_t now_ns)
{
	r->end_ns = now_ns;
	atomic_store(&r->ended, true);
	wake(&r->consumer);
}

/* ---- the consumer ---- */

static void poison_range(const struct packet_ring *r, uint64_t from, uint64_t to)
{
	size_t to_end = r->size_bytes - (from & (r->size_bytes - 1));
	size_t first = to - from < to_end ? to - from : to_end;

	poison(entry_at(r, from), first);
	poison(r->base, to - from - first);
}

static void give_back(struct packet_ring *r, uint64_t tail)
{
	poison_range(r, atomic_load_explicit(&r->tail, memory_order_relaxed), tail);
	atomic_store(&r->tail, tail);
	wake_from(&r->producer, tail);
}

/* Something new, perhaps after a sleep. */
static bool has_entry(struct packet_ring *r)
{
	if (r->next != r->head_seen)
		return true;
	r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
	return r->next != r->head_seen;
}

/* With nothing out: a skip or a mark that was passed is free as well. */
static void wait_entry(struct packet_ring *r)
{
	if (atomic_load_explicit(&r->tail, memory_order_relaxed) != r->next)
		give_back(r, r->next);
	for (unsigned int i = 0; i < SPINS && !has_entry(r); i++)
		__builtin_ia32_pause();
	if (!has_entry(r) && !atomic_load(&r->ended))
		sleep_until(&r->consumer, &r->head, r->next + r->size_bytes / 8, &r->ended,
			    CONSUMER_SLEEP_NS);
}

static void reach(struct packet_ring *r, uint64_t now_ns)
{
	if (now_ns > atomic_load_explicit(&r->now_ns, memory_order_relaxed))
		atomic_store_explicit(&r->now_ns, now_ns, memory_order_relaxed);
}

/* The next packet, or false: none, or a mark comes first. */
static bool next_packet(struct packet_ring *r, pfring_ft_packet *packet)
{
	while (!r->at_mark && has_entry(r)) { /* a skip is followed by what did not fit */
		const struct entry *e = entry_at(r, r->next);

		r->next += e->size;
		if (e->kind == ENTRY_SKIP)
			continue;
		reach(r, e->packet.time_ns);
		if (e->kind == ENTRY_MARK) {
			r->at_mark = true;
			break;
		}
		*packet = e->packet;
		packet->cookie = (void *)(uintptr_t)r->next;
		return true;
	}
	return false;
}

int packet_ring_receive(void *self, pfring_ft_packet *packets, unsigned int max)
{
	struct packet_ring *r = self;
	bool ended;
	unsigned int n = 0;

	if (!r->n_out && !r->at_mark && !has_entry(r))
		wait_entry(r);
	ended = atomic_load(&r->ended); /* before the last look at what is there */
	while (n < max && next_packet(r, &packets[n]))
		n++;
	r->n_out += n;
	if (n == 0 && max && ended && !r->at_mark && !has_entry(r)) {
		reach(r, r->end_ns);
		return INPUT_END;
	}
	return (int)n;
}

void packet_ring_release(void *self, const pfring_ft_packet *packets, unsigned int n)
{
	struct packet_ring *r = self;
	uint64_t tail;

	if (!n)
		return;
	tail = (uint64_t)(uintptr_t)packets[n - 1].cookie;
	r->n_out -= n;
	give_back(r, r->n_out ? tail : r->next);
}

bool packet_ring_marked(void *self)
{
	struct packet_ring *r = self;

	if (!r->at_mark)
		return false;
	r->at_mark = false;
	atomic_store_explicit(&r->now_ns, 0, memory_order_relaxed);
	return true;
}

uint64_t packet_ring_now_ns(void *self)
{
	struct packet_ring *r = self;

	return atomic_load_explicit(&r->now_ns, memory_order_relaxed);
}
