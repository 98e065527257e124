/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records in ZMQ messages of two frames: a header that ntop's collectors take, in three versions,
 * and as many records as count, size and age allow. Messages that are no records (events,
 * templates) share header and numbering, and are plain JSON.
 */
#include "export/event.h"
#include "export/ntop_keys.h"
#include "export/output_internal.h"
#include "export/tlv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define HEADER_BYTES_MAX 36
#define TOPIC_BYTES	 16
/* The version byte says what the payload is, or in the third header that it is the third. */
#define VERSION_JSON   2
#define VERSION_TLV    3
#define VERSION_HEADER 4
/* Flags of the third header. */
#define FLAG_TLV	2
#define FLAG_COMPRESSED 4
/* In place of the first byte of a text: a zlib stream follows (first and second header). */
#define COMPRESSED 0
/* The array around several records of JSON, at its end. */
#define ARRAY_END_BYTES 1

static const char topic_flow[] = "flow";

static int init_deflate(struct zmq_sender *z)
{
	z->packed = malloc(ZMQ_MESSAGE_BYTES_MAX);
	z->deflate = calloc(1, sizeof *z->deflate);
	if (!z->packed || !z->deflate)
		return -ENOMEM;
	if (deflateInit(z->deflate, Z_DEFAULT_COMPRESSION) == Z_OK)
		return 0;
	free(z->deflate);
	z->deflate = NULL;
	return -ENOMEM;
}

static int init_records(struct output *o, char *error, size_t error_len)
{
	const struct output_spec *s = &o->spec;
	const struct tlv_identity who = {
		.instance = s->instance, .ip = s->probe_ip, .source_id = s->observation_domain};
	struct tlv_encoder *e;
	int rc;

	if (s->zmq_format == ZMQ_JSON_FLOW)
		return 0;
	rc = tlv_encoder_create(&o->encoder.tlv);
	if (rc)
		return rc;
	e = o->encoder.tlv;
	e->format = s->zmq_format;
	e->absolute = s->zmq_count == ZMQ_COUNT_ABSOLUTE;
	e->own_pen = s->pen;
	rc = s->instance[0] ? tlv_identify(e, &who) : 0;
	if (rc == 0)
		rc = zmq_l7_ids_read(o, error, error_len);
	return rc;
}

/* The first two headers say of TLV that it is not compressed. */
static bool compresses(const struct output_spec *s)
{
	return s->zmq_compress && (s->zmq_format != ZMQ_TLV || s->zmq_header == ZMQ_HEADER_V3);
}

int zmq_sender_init(struct output *o, char *error, size_t error_len)
{
	struct zmq_sender *z = &o->zmq;
	int rc;

	z->plain = malloc(ZMQ_MESSAGE_BYTES_MAX);
	z->template_json = ntop_template_json(o->spec.missing_sources);
	if (!z->plain || !z->template_json)
		return -ENOMEM;
	rc = zmq_session_init(o);
	if (rc == 0)
		rc = init_records(o, error, error_len);
	if (rc == 0 && compresses(&o->spec))
		rc = init_deflate(z);
	return rc;
}

void zmq_sender_free(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	if (z->deflate)
		deflateEnd(z->deflate);
	free(z->deflate);
	free(z->plain);
	free(z->packed);
	free(z->template_json);
	free(z->l7_ids);
	zmq_session_free(o);
}

/*
 * Collectors of 2024 take the buffer's size from compressed_size, as the machine writes numbers;
 * newer ones from uncompressed_size in network order. So both say the size of the plain payload.
 */
static size_t put_third_header(const struct output *o, uint8_t *header, const struct zmq_message *m)
{
	const uint32_t source_id = o->spec.observation_domain;

	header[16] = VERSION_HEADER;
	header[17] = (uint8_t)((m->tlv ? FLAG_TLV : 0) | (m->compressed ? FLAG_COMPRESSED : 0));
	store_be32(header + 20, m->plain_bytes);
	memcpy(header + 24, &m->plain_bytes, sizeof m->plain_bytes);
	store_be32(header + 28, o->zmq.next_id);
	memcpy(header + 32, &source_id, sizeof source_id);
	return 36;
}

/* The length. Ids tell of lost records, too: as many as they would have filled messages. */
static size_t put_header(struct output *o, uint8_t header[HEADER_BYTES_MAX],
			 const struct zmq_message *m)
{
	const uint32_t source_id = o->spec.observation_domain, batch = o->spec.batch_records;
	const uint64_t lost = output_records_lost(o) - o->zmq.lost_seen;
	const size_t size = m->payload.iov_len;

	o->zmq.next_id += (uint32_t)((lost + batch - 1) / batch);
	o->zmq.lost_seen += lost;
	memset(header, 0, HEADER_BYTES_MAX);
	memcpy(header, m->topic, strnlen(m->topic, TOPIC_BYTES - 1));
	if (o->spec.zmq_header == ZMQ_HEADER_V3)
		return put_third_header(o, header, m);
	header[16] = m->tlv ? VERSION_TLV : VERSION_JSON;
	store_be16(header + 18, size < UINT16_MAX ? (uint16_t)size : UINT16_MAX);
	store_be32(header + 20, o->zmq.next_id);
	if (o->spec.zmq_header == ZMQ_HEADER_V1) {
		header[17] = (uint8_t)source_id;
		return 24;
	}
	memcpy(header + 24, &source_id, sizeof source_id);
	return 28;
}

/* The bytes taken, or -errno as the transport's send. */
static ssize_t send_message(struct output *o, const struct zmq_message *m)
{
	uint8_t header[HEADER_BYTES_MAX];
	const struct iovec frames[2] = {{.iov_base = header, .iov_len = put_header(o, header, m)},
					m->payload};
	ssize_t taken = o->transport->ops->send(o->transport, frames, 2);

	o->zmq.next_id += taken >= 0;
	return taken;
}

/* Of one record in the queue, as it goes into a message. */
static uint32_t record_bytes(const struct output *o, const struct queued_record *r)
{
	return r->len_bytes - (o->spec.zmq_format == ZMQ_JSON_FLOW); /* without the newline */
}

static uint32_t batch_bytes_max(const struct output *o)
{
	return o->zmq.deflate && o->spec.zmq_header != ZMQ_HEADER_V3 ? ZMQ_COMPRESS_BYTES_MAX :
								       ZMQ_BATCH_BYTES;
}

/* Puts records into plain: at least one, then as many as fit. True when no more would. */
static bool collect(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const bool json = o->spec.zmq_format != ZMQ_TLV;
	struct queue_cursor c = queue_walk(&o->queue);
	struct wbuf w = wbuf_make(z->plain, ZMQ_MESSAGE_BYTES_MAX);
	uint32_t parts = 0;
	struct queued_record r;
	bool full = false;

	z->records = 0;
	if (json)
		put_u8(&w, '[');
	else
		tlv_put_start(&w);
	while (!full && queue_next(&o->queue, &c, &r)) {
		uint32_t len = record_bytes(o, &r), more = r.tag ? r.tag : 1;

		full = z->records && (parts + more > ZMQ_BATCH_RECORDS_MAX ||
				      (uint32_t)(w.at - z->plain) + len + 1 + ARRAY_END_BYTES >
					      batch_bytes_max(o));
		if (full)
			break;
		if (json && z->records)
			put_u8(&w, ',');
		put_bytes(&w, r.bytes, len);
		parts += more;
		full = ++z->records >= o->spec.batch_records;
	}
	if (json)
		put_u8(&w, ']');
	z->payload = (struct iovec){z->plain, (size_t)(w.at - z->plain)};
	/* One record alone is an object, which the oldest collectors take. */
	if (json && parts == 1)
		z->payload = (struct iovec){z->plain + 1, z->payload.iov_len - 2};
	z->plain_bytes = (uint32_t)z->payload.iov_len;
	return full;
}

/* Leaves the payload as it is where that is shorter, or too long for old collectors. */
static void compress_payload(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const bool marked = o->spec.zmq_header != ZMQ_HEADER_V3;
	z_stream *s = z->deflate;

	if (!s || (marked && z->plain_bytes > ZMQ_COMPRESS_BYTES_MAX) || deflateReset(s) != Z_OK)
		return;
	s->next_in = z->payload.iov_base;
	s->avail_in = z->plain_bytes;
	z->packed[0] = COMPRESSED;
	s->next_out = z->packed + marked;
	s->avail_out = z->plain_bytes - marked;
	if (deflate(s, Z_FINISH) == Z_STREAM_END)
		z->payload = (struct iovec){z->packed, s->total_out + marked};
}

/* Records wait for others, up to their age. */
static bool may_wait(struct output *o, uint64_t now_ns)
{
	const uint64_t flush_ns = o->spec.flush_ms * 1000000ULL;

	if (o->draining || !output_has_room(o))
		return false;
	if (!o->held_since_ns || now_ns < o->held_since_ns)
		o->held_since_ns = now_ns;
	return now_ns - o->held_since_ns < flush_ns;
}

/* True when a message is ready to be sent. */
static bool make_message(struct output *o, uint64_t now_ns)
{
	const uint32_t waiting = o->queue.records;

	if (!waiting)
		return false;
	if (waiting < o->spec.batch_records && o->queue.used_bytes < batch_bytes_max(o) &&
	    may_wait(o, now_ns))
		return false;
	if (!collect(o) && may_wait(o, now_ns)) {
		o->zmq.records = 0;
		return false;
	}
	compress_payload(o);
	return true;
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

static bool send_records(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const struct zmq_message m = {.topic = topic_flow,
				      .payload = z->payload,
				      .plain_bytes = z->plain_bytes,
				      .tlv = o->spec.zmq_format == ZMQ_TLV,
				      .compressed = z->payload.iov_base == z->packed};
	const uint32_t n = z->records;
	ssize_t taken;

	if (!zmq_session_has_room(o, (uint32_t)m.payload.iov_len))
		return false;
	taken = send_message(o, &m);
	if (taken == -EAGAIN)
		return false;
	z->records = 0;
	if (taken < 0) {
		output_note_error(o, (int)-taken);
		output_settle_dropped(o, n, OUTPUT_DROP_transport);
		return false;
	}
	if (!z->held_info || !z->session.acknowledges) {
		output_settle_sent(o, n, (uint64_t)taken, 1);
		return true;
	}
	counter_add(&o->counters.count[OUTPUT_sent_bytes], (uint64_t)taken);
	counter_add(&o->counters.count[OUTPUT_sent_messages], 1);
	o->held_since_ns = 0;
	zmq_session_note_message(o, &m, n);
	return true;
}

/* What was in flight when the connection was lost, as it was but for its number. */
static bool send_again(struct output *o, struct zmq_message *m)
{
	ssize_t taken;

	m->topic = topic_flow;
	m->tlv = o->spec.zmq_format == ZMQ_TLV;
	taken = send_message(o, m);
	if (taken < 0)
		return false;
	counter_add(&o->counters.count[OUTPUT_sent_bytes], (uint64_t)taken);
	counter_add(&o->counters.count[OUTPUT_sent_messages], 1);
	zmq_session_note_again(o);
	return true;
}

static bool has_peer(struct output *o, const char *topic)
{
	return !o->transport->ops->has_peer || o->transport->ops->has_peer(o->transport, topic);
}

void zmq_tell_processors(struct output *o)
{
	char *json = ntop_template_json(o->spec.missing_sources);

	if (!json)
		return; /* the names of before are right where they are still used */
	free(o->zmq.template_json);
	o->zmq.template_json = json;
	o->zmq.template_seen = UINT32_MAX;
}

/* At the start and for each new subscriber, who all get it, once a second at most. */
static void send_template(struct output *o, uint64_t now_ns)
{
	struct zmq_sender *z = &o->zmq;
	uint32_t joined;

	if (!o->transport->ops->joined)
		return;
	joined = o->transport->ops->joined(o->transport, "template");
	if (joined == z->template_seen)
		return;
	if (z->template_sent_ns && now_ns >= z->template_sent_ns &&
	    now_ns - z->template_sent_ns < ZMQ_TEMPLATE_INTERVAL_NS)
		return;
	if (zmq_publish(o, "template", z->template_json) == -EAGAIN)
		return;
	z->template_seen = joined;
	z->template_sent_ns = now_ns;
}

bool zmq_send_step(struct output *o, uint64_t now_ns)
{
	struct zmq_sender *z = &o->zmq;
	const uint32_t waiting = o->queue.records;
	struct zmq_message again = {0};

	if (!has_peer(o, topic_flow)) {
		z->records = 0;
		if (waiting && !o->spool && !z->held.marked && !wait_for_subscriber(o, now_ns))
			output_settle_dropped(o, waiting, OUTPUT_DROP_no_subscriber);
		return false;
	}
	z->was_subscribed = true;
	if (z->held.marked - z->acked >= ZMQ_IN_FLIGHT_MAX ||
	    (z->session.acknowledges && !z->session.up))
		return false;
	send_template(o, now_ns);
	if (zmq_session_again(o, &again))
		return send_again(o, &again);
	return (z->records || make_message(o, now_ns)) && send_records(o);
}

int zmq_publish(struct output *o, const char *topic, const char *json)
{
	const struct zmq_message m = {.topic = topic,
				      .payload = {.iov_base = (void *)json,
						  .iov_len = strlen(json)},
				      .plain_bytes = (uint32_t)strlen(json)};
	ssize_t taken;

	if (!has_peer(o, topic))
		return -ENOTCONN;
	taken = send_message(o, &m);
	if (taken < 0)
		return (int)taken;
	counter_add(&o->counters.count[OUTPUT_sent_bytes], (uint64_t)taken);
	counter_add(&o->counters.count[OUTPUT_sent_messages], 1);
	return 0;
}
