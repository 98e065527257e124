/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records one after the other into a file or a pipe. A record that was written in part is finished
 * before anything else is, whatever happened between, so that no line is torn.
 */
#include "export/output_internal.h"
#include <errno.h>

/* Bytes that make a batch worth a system call. */
#define BATCH_BYTES 32768

struct batch {
	struct iovec pieces[1 + OUTPUT_BATCH_RECORDS]; /* what goes before, then records */
	uint32_t records;
	uint64_t bytes;
};

static void add_piece(struct batch *b, int n, const uint8_t *bytes, uint32_t len_bytes)
{
	b->pieces[n] = (struct iovec){.iov_base = (void *)bytes, .iov_len = len_bytes};
	b->bytes += len_bytes;
}

/* What goes before (maybe nothing), and records. */
static void collect(struct output *o, struct batch *b)
{
	struct stream_sender *s = &o->stream;
	struct queue_cursor c = queue_walk(&o->queue);
	uint32_t skip = s->head_sent_bytes;
	struct queued_record record;

	b->records = 0;
	b->bytes = 0;
	add_piece(b, 0, s->before + s->before_sent_bytes, s->before_bytes - s->before_sent_bytes);
	while (b->records < OUTPUT_BATCH_RECORDS && queue_next(&o->queue, &c, &record)) {
		b->records++;
		add_piece(b, (int)b->records, record.bytes + skip, record.len_bytes - skip);
		skip = 0;
	}
}

/* Pops the records that left completely; remembers how far the next one came. */
static void settle(struct output *o, const struct batch *b, uint64_t taken)
{
	struct stream_sender *s = &o->stream;
	uint64_t of_before = taken < b->pieces[0].iov_len ? taken : b->pieces[0].iov_len;
	uint64_t left = taken - of_before;
	uint32_t done = 0;

	s->before_sent_bytes += (uint32_t)of_before;
	if (o->apart && s->before_sent_bytes == s->before_bytes)
		output_settle_apart(o, true);
	while (done < b->records && left >= b->pieces[1 + done].iov_len)
		left -= b->pieces[1 + done++].iov_len;
	if (done)
		s->head_sent_bytes = 0;
	s->head_sent_bytes += (uint32_t)left;
	output_settle_sent(o, done, taken, done);
}

/* Keeps the rest of a record that was written in part, so that its line gets its end. */
void stream_set_head_apart(struct output *o)
{
	struct stream_sender *s = &o->stream;
	struct queue_cursor c = queue_walk(&o->queue);
	struct queued_record head;

	queue_next(&o->queue, &c, &head);
	s->before_bytes = head.len_bytes - s->head_sent_bytes;
	memcpy(s->before, head.bytes + s->head_sent_bytes, s->before_bytes);
	s->before_sent_bytes = 0;
	s->head_sent_bytes = 0;
	output_set_apart(o);
}

/* The reader is gone: all is refused. A disk is full: this batch is, the next one tries again. */
static void refuse(struct output *o, struct batch *b, int error)
{
	output_note_error(o, error);
	if (error == EPIPE) {
		o->reader_gone = true;
		if (o->apart)
			output_settle_apart(o, false);
		output_settle_dropped(o, o->queue.records, OUTPUT_DROP_transport);
		return;
	}
	if (o->stream.head_sent_bytes) {
		stream_set_head_apart(o);
		b->records--;
	}
	output_settle_dropped(o, b->records, OUTPUT_DROP_transport);
}

bool stream_send_step(struct output *o, uint64_t now_ns)
{
	struct batch b;
	ssize_t taken;

	collect(o, &b);
	if (!b.bytes)
		return false;
	if (b.records < OUTPUT_BATCH_RECORDS && b.bytes < BATCH_BYTES && output_may_wait(o, now_ns))
		return false;
	taken = o->transport->ops->send(o->transport, b.pieces, 1 + (int)b.records);
	if (taken == -EAGAIN)
		return false;
	if (taken < 0) {
		refuse(o, &b, (int)-taken);
		return false;
	}
	settle(o, &b, (uint64_t)taken);
	return (uint64_t)taken == b.bytes;
}
