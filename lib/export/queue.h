/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of encoded records in one ring of bytes. A record lies in one piece, so that transports
 * send it from where it is. One thread.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct record_queue {
	uint8_t *base;
	uint64_t size_bytes;
	uint64_t head, tail; /* offsets of the first record, and of the next one */
	uint64_t used_bytes; /* from head to tail, with headers and gaps */
	uint32_t records;
	uint32_t records_max;
	/*
	 * Records from the head on that were handed on and stay until that is acknowledged; and
	 * where the next one is.
	 */
	uint32_t marked;
	uint64_t mark;
};

/* One record in the queue. */
struct queued_record {
	const uint8_t *bytes;
	uint32_t len_bytes;
	uint32_t tag;		  /* of the encoder: the IPFIX template */
	uint64_t packets, octets; /* of the flow, for the account of what is lost */
};

/* What records were about, in sum. */
struct queue_sum {
	uint64_t packets, octets;
};

/* Walks the queue from its head; changes nothing. */
struct queue_cursor {
	uint64_t at;
	uint32_t left;
};

/* bytes_max is rounded up to pages, which use touches. 0, -EINVAL (a bound is 0) or -ENOMEM. */
int queue_create(struct record_queue *q, uint32_t records_max, uint64_t bytes_max);
void queue_destroy(struct record_queue *q);

/* Copies a record in. False when there is no room. */
bool queue_push(struct record_queue *q, const struct queued_record *r);

/* Whether a record of so many bytes fits now. */
bool queue_has_room(const struct record_queue *q, uint32_t len_bytes);

/* From the first record that is not marked. */
struct queue_cursor queue_walk(const struct record_queue *q);
/* The next record; false at the end. Valid until records are popped. */
bool queue_next(const struct record_queue *q, struct queue_cursor *c, struct queued_record *out);

/* Marks the next n records; n is at most what is not marked. Or none is marked any more. */
void queue_mark(struct record_queue *q, uint32_t n);
void queue_unmark(struct record_queue *q);

/* Removes n records from the head, marked or not; n is at most q->records. What they were about. */
struct queue_sum queue_pop(struct record_queue *q, uint32_t n);
