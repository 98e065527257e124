/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record a ZMQ message of two frames: the header that ntop's collectors take in its second
 * version (28 bytes, topic "flow"), and one JSON object.
 */
#include "export/output_internal.h"

#include <errno.h>

/* url[16], u8 version, pad, u16 size, u32 message id (network order), u32 source id. */
#define HEADER_BYTES 28
/* The version byte that says: the payload is JSON. */
#define VERSION_JSON 2

static void make_header(uint8_t header[HEADER_BYTES], uint32_t payload_bytes, uint32_t message_id,
			uint32_t source_id)
{
	memset(header, 0, HEADER_BYTES);
	memcpy(header, "flow", 4);
	header[16] = VERSION_JSON;
	store_be16(header + 18, payload_bytes < UINT16_MAX ? (uint16_t)payload_bytes : UINT16_MAX);
	store_be32(header + 20, message_id);
	memcpy(header + 24, &source_id, sizeof source_id);
}

/* Lossless: the first subscriber gets a moment to come. */
static bool wait_for_subscriber(struct output *o, uint64_t now_ns)
{
	struct zmq_sender *z = &o->zmq;

	if (!o->spec.lossless || z->was_subscribed)
		return false;
	if (!z->waiting_since_ns || now_ns < z->waiting_since_ns)
		z->waiting_since_ns = now_ns;
	return now_ns - z->waiting_since_ns < OUTPUT_SUBSCRIBER_WAIT_NS;
}

static bool send_first(struct output *o)
{
	struct queue_cursor c = queue_walk(&o->queue);
	uint8_t header[HEADER_BYTES];
	struct queued_record record;
	struct iovec frames[2];
	ssize_t taken;

	queue_next(&o->queue, &c, &record);
	make_header(header, record.len_bytes - 1, output_records_gone(o),
		    o->spec.observation_domain);
	frames[0] = (struct iovec){.iov_base = header, .iov_len = sizeof header};
	/* Without the newline: a message has an end of its own. */
	frames[1] =
		(struct iovec){.iov_base = (void *)record.bytes, .iov_len = record.len_bytes - 1};
	taken = o->transport->ops->send(o->transport, frames, 2);
	if (taken == -EAGAIN)
		return false;
	if (taken < 0) {
		output_note_error(o, (int)-taken);
		output_settle_dropped(o, 1, OUTPUT_DROP_transport);
		return false;
	}
	output_settle_sent(o, 1, (uint64_t)taken, 1);
	return true;
}

bool zmq_send_step(struct output *o, uint64_t now_ns)
{
	if (o->transport->ops->has_peer && !o->transport->ops->has_peer(o->transport)) {
		if (o->queue.records && !wait_for_subscriber(o, now_ns))
			output_settle_dropped(o, o->queue.records, OUTPUT_DROP_no_subscriber);
		return false;
	}
	o->zmq.was_subscribed = true;
	return o->queue.records && send_first(o);
}
