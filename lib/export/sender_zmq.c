/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record a ZMQ message of two frames: the header that ntop's collectors take in its second
 * version (28 bytes), and JSON, JSON compressed, or nDPI's TLV. Messages that are no records
 * (events) share header and numbering, and are plain JSON.
 */
#include "export/output_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

/* url[16], u8 version, pad, u16 size, u32 message id (network order), u32 source id. */
#define HEADER_BYTES 28
/* The version byte says what the payload is. */
#define VERSION_JSON 2
#define VERSION_TLV  3
/* In place of the first byte of a text: a zlib stream follows. */
#define COMPRESSED 0

static const char topic_flow[] = "flow";

static int init_deflate(struct zmq_sender *z)
{
	z->deflate = calloc(1, sizeof *z->deflate);
	if (!z->deflate)
		return -ENOMEM;
	if (deflateInit(z->deflate, Z_DEFAULT_COMPRESSION) == Z_OK)
		return 0;
	free(z->deflate);
	z->deflate = NULL;
	return -ENOMEM;
}

int zmq_sender_init(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	if (!o->spec.zmq_tlv && !o->spec.zmq_compress)
		return 0;
	z->payload = malloc(ZMQ_MESSAGE_BYTES_MAX);
	if (!z->payload)
		return -ENOMEM;
	return o->spec.zmq_tlv ? tlv_encoder_create(&o->encoder.tlv) : init_deflate(z);
}

void zmq_sender_free(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	if (z->deflate)
		deflateEnd(z->deflate);
	free(z->deflate);
	free(z->payload);
}

static void make_header(struct output *o, uint8_t header[HEADER_BYTES], const char *topic,
			size_t payload_bytes)
{
	const uint32_t message_id = output_records_gone(o) + o->zmq.published;
	const uint32_t source_id = o->spec.observation_domain;
	const bool tlv = topic == topic_flow && o->spec.zmq_tlv;

	memset(header, 0, HEADER_BYTES);
	memcpy(header, topic, strnlen(topic, 15));
	header[16] = tlv ? VERSION_TLV : VERSION_JSON;
	store_be16(header + 18, payload_bytes < UINT16_MAX ? (uint16_t)payload_bytes : UINT16_MAX);
	store_be32(header + 20, message_id);
	memcpy(header + 24, &source_id, sizeof source_id);
}

/* The bytes taken, or -errno as the transport's send. */
static ssize_t send_message(struct output *o, const char *topic, struct iovec payload)
{
	uint8_t header[HEADER_BYTES];
	const struct iovec frames[2] = {{.iov_base = header, .iov_len = sizeof header}, payload};

	make_header(o, header, topic, payload.iov_len);
	return o->transport->ops->send(o->transport, frames, 2);
}

/* The length of what now stands in payload; 0 when the text is better sent as it is. */
static size_t compress_text(struct zmq_sender *z, const struct iovec *text)
{
	z_stream *s = z->deflate;

	if (text->iov_len > ZMQ_COMPRESS_BYTES_MAX || deflateReset(s) != Z_OK)
		return 0;
	s->next_in = text->iov_base;
	s->avail_in = (uInt)text->iov_len;
	z->payload[0] = COMPRESSED;
	s->next_out = z->payload + 1;
	s->avail_out = (uInt)text->iov_len - 1;
	return deflate(s, Z_FINISH) == Z_STREAM_END ? 1 + s->total_out : 0;
}

static struct iovec make_payload(struct output *o, const struct queued_record *record)
{
	struct zmq_sender *z = &o->zmq;
	struct iovec payload = {.iov_base = (void *)record->bytes, .iov_len = record->len_bytes};

	if (o->spec.zmq_tlv) {
		struct wbuf w = wbuf_make(z->payload, ZMQ_MESSAGE_BYTES_MAX);

		tlv_put_start(&w);
		put_bytes(&w, record->bytes, record->len_bytes);
		return (struct iovec){z->payload, (size_t)(w.at - z->payload)};
	}
	payload.iov_len--; /* without the newline: a message has an end of its own */
	if (z->deflate) {
		size_t len = compress_text(z, &payload);

		if (len)
			return (struct iovec){z->payload, len};
	}
	return payload;
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
	struct queued_record record;
	ssize_t taken;

	queue_next(&o->queue, &c, &record);
	taken = send_message(o, topic_flow, make_payload(o, &record));
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

static bool has_peer(struct output *o, const char *topic)
{
	return !o->transport->ops->has_peer || o->transport->ops->has_peer(o->transport, topic);
}

bool zmq_send_step(struct output *o, uint64_t now_ns)
{
	if (!has_peer(o, topic_flow)) {
		if (o->queue.records && !wait_for_subscriber(o, now_ns))
			output_settle_dropped(o, o->queue.records, OUTPUT_DROP_no_subscriber);
		return false;
	}
	o->zmq.was_subscribed = true;
	return o->queue.records && send_first(o);
}

int zmq_publish(struct output *o, const char *topic, const char *json)
{
	ssize_t taken;

	if (!has_peer(o, topic))
		return -ENOTCONN;
	taken = send_message(o, topic,
			     (struct iovec){.iov_base = (void *)json, .iov_len = strlen(json)});
	if (taken < 0)
		return (int)taken;
	o->zmq.published++;
	o->counters.count[OUTPUT_sent_bytes] += (uint64_t)taken;
	o->counters.count[OUTPUT_sent_messages]++;
	return 0;
}
