/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of encoded records. */
#include "export/queue.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define ENTRY_ALIGN 8U
/* A queue that is kept short stays within so much of its memory: a message's worth may be moved. */
#define WARM_BYTES   (256U << 10)
#define LITTLE_BYTES 4096U
/* In place of a length: the next record begins at the start of the ring. */
#define LEN_WRAP UINT32_MAX

struct entry {
	uint32_t len_bytes;
	uint32_t tag;
	uint64_t packets, octets;
	uint8_t bytes[];
};

static uint64_t entry_bytes(uint32_t len_bytes)
{
	return (sizeof(struct entry) + (uint64_t)len_bytes + ENTRY_ALIGN - 1) &
	       ~(uint64_t)(ENTRY_ALIGN - 1);
}

static struct entry *entry_at(const struct record_queue *q, uint64_t offset)
{
	return (struct entry *)(q->base + offset);
}

int queue_create(struct record_queue *q, uint32_t records_max, uint64_t bytes_max)
{
	uint64_t size = (bytes_max + 4095) & ~4095ULL;
	void *base;

	if (!records_max || !bytes_max)
		return -EINVAL;
	/* No memory_map(): huge pages are for tables, and most of a queue is never touched. */
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	*q = (struct record_queue){.base = base, .size_bytes = size, .records_max = records_max};
	return 0;
}

void queue_destroy(struct record_queue *q)
{
	if (q->base)
		munmap(q->base, q->size_bytes);
	memset(q, 0, sizeof *q);
}

/* Bytes that are skipped at the end of the ring so that the entry lies in one piece. */
static uint64_t gap_before(const struct record_queue *q, uint64_t need)
{
	uint64_t to_end = q->size_bytes - q->tail;

	return need <= to_end ? 0 : to_end;
}

bool queue_has_room(const struct record_queue *q, uint32_t len_bytes)
{
	uint64_t need = entry_bytes(len_bytes);

	if (q->records >= q->records_max)
		return false;
	return q->used_bytes + gap_before(q, need) + need <= q->size_bytes;
}

bool queue_push(struct record_queue *q, const struct queued_record *r)
{
	uint64_t need = entry_bytes(r->len_bytes);
	uint64_t gap;
	struct entry *e;

	if (!queue_has_room(q, r->len_bytes))
		return false;
	gap = gap_before(q, need);
	if (gap) {
		entry_at(q, q->tail)->len_bytes = LEN_WRAP;
		q->tail = 0;
	}
	e = entry_at(q, q->tail);
	e->len_bytes = r->len_bytes;
	e->tag = r->tag;
	e->packets = r->packets;
	e->octets = r->octets;
	memcpy(e->bytes, r->bytes, r->len_bytes);
	q->tail += need;
	if (q->tail == q->size_bytes)
		q->tail = 0;
	q->used_bytes += gap + need;
	q->records++;
	return true;
}

struct queue_cursor queue_walk(const struct record_queue *q)
{
	return (struct queue_cursor){.at = q->mark, .left = q->records - q->marked};
}

bool queue_next(const struct record_queue *q, struct queue_cursor *c, struct queued_record *out)
{
	const struct entry *e;

	if (!c->left)
		return false;
	e = entry_at(q, c->at);
	if (e->len_bytes == LEN_WRAP) {
		c->at = 0;
		e = entry_at(q, 0);
	}
	out->bytes = e->bytes;
	out->len_bytes = e->len_bytes;
	out->tag = e->tag;
	out->packets = e->packets;
	out->octets = e->octets;
	c->at += entry_bytes(e->len_bytes);
	if (c->at == q->size_bytes)
		c->at = 0;
	c->left--;
	return true;
}

/* From the start again when nothing is left, or little: those pages are warm. */
static void back_to_start(struct record_queue *q)
{
	bool little = q->head >= WARM_BYTES && q->tail > q->head && q->used_bytes <= LITTLE_BYTES;

	if (q->records && !little)
		return;
	if (q->records)
		memmove(q->base, q->base + q->head, q->used_bytes);
	else
		q->used_bytes = 0;
	q->mark = q->marked ? q->mark - q->head : 0;
	q->head = 0;
	q->tail = q->used_bytes;
}

void queue_mark(struct record_queue *q, uint32_t n)
{
	struct queue_cursor c = queue_walk(q);
	struct queued_record r;

	for (; n && queue_next(q, &c, &r); n--)
		q->marked++;
	q->mark = c.at;
}

void queue_unmark(struct record_queue *q)
{
	q->marked = 0;
	q->mark = q->head;
}

struct queue_sum queue_pop(struct record_queue *q, uint32_t n)
{
	struct queue_sum sum = {0};

	for (; n && q->records; n--) {
		const struct entry *e = entry_at(q, q->head);
		uint64_t len;

		if (e->len_bytes == LEN_WRAP) {
			q->used_bytes -= q->size_bytes - q->head;
			q->head = 0;
			e = entry_at(q, 0);
		}
		sum.packets += e->packets;
		sum.octets += e->octets;
		len = entry_bytes(e->len_bytes);
		q->used_bytes -= len;
		q->head += len;
		if (q->head == q->size_bytes)
			q->head = 0;
		q->records--;
		if (q->marked)
			q->marked--;
	}
	if (!q->marked)
		q->mark = q->head;
	back_to_start(q);
	return sum;
}
