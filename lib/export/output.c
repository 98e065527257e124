/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An output: its life, its counters, and the identity that holds after every call:
 * offered = sent + in_doubt + queued + dropped.
 */
#include "export/output.h"

#include "core/clock.h"
#include "export/output_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A queue holds at least some records of any size, or a lossless source would wait for ever. */
#define QUEUE_BYTES_MIN		   (4 * RECORD_BYTES_MAX)
#define OBSERVATION_DOMAIN_DEFAULT 1
/* While closing, a transport that takes nothing is asked again after so long. */
#define RETRY_NS 200000

static void set_defaults(struct output_spec *spec)
{
	if (!spec->queue_records_max)
		spec->queue_records_max = OUTPUT_QUEUE_RECORDS_DEFAULT;
	if (!spec->queue_bytes_max)
		spec->queue_bytes_max = OUTPUT_QUEUE_BYTES_DEFAULT;
	if (spec->queue_bytes_max < QUEUE_BYTES_MIN)
		spec->queue_bytes_max = QUEUE_BYTES_MIN;
	if (!spec->mtu_bytes)
		spec->mtu_bytes = IPFIX_UDP_BYTES_DEFAULT;
	if (!spec->observation_domain)
		spec->observation_domain = OBSERVATION_DOMAIN_DEFAULT;
	if (!spec->name[0])
		output_spec_name(spec);
}

/* A stream begins with the header line of text and CSV. */
static int make_stream(struct output *o)
{
	struct wbuf w;

	o->send_step = stream_send_step;
	o->stream.before = malloc(RECORD_BYTES_MAX);
	if (!o->stream.before)
		return -ENOMEM;
	w = wbuf_make(o->stream.before, RECORD_BYTES_MAX);
	if (o->spec.type == OUTPUT_TEXT)
		text_header(&w);
	else if (o->spec.type == OUTPUT_CSV)
		csv_header(&w);
	o->stream.before_bytes = (uint32_t)(w.at - o->stream.before);
	return 0;
}

static int make_sender(struct output *o)
{
	if (o->spec.type == OUTPUT_IPFIX) {
		o->send_step = ipfix_send_step;
		o->ipfix.templates_due = true;
		o->ipfix.message = malloc(o->spec.mtu_bytes);
		return o->ipfix.message ? 0 : -ENOMEM;
	}
	if (o->spec.type == OUTPUT_ZMQ) {
		o->send_step = zmq_send_step;
		return zmq_sender_init(o);
	}
	return make_stream(o);
}

static void free_sender(struct output *o)
{
	if (o->send_step == ipfix_send_step)
		free(o->ipfix.message);
	else if (o->send_step == stream_send_step)
		free(o->stream.before);
	else if (o->send_step == zmq_send_step)
		zmq_sender_free(o);
}

int output_open_over(struct output **out, const struct output_spec *spec, struct transport *t)
{
	struct output *o;
	int error;

	if (spec->mtu_bytes &&
	    (spec->mtu_bytes < IPFIX_UDP_BYTES_MIN || spec->mtu_bytes > IPFIX_UDP_BYTES_MAX))
		return -EINVAL;
	o = calloc(1, sizeof *o);
	if (!o)
		return -ENOMEM;
	o->spec = *spec;
	set_defaults(&o->spec);
	o->encoder.local_time = o->spec.local_time;
	o->scratch = malloc(RECORD_BYTES_MAX);
	error = o->scratch ? 0 : -ENOMEM;
	if (!error)
		error = queue_create(&o->queue, o->spec.queue_records_max, o->spec.queue_bytes_max);
	if (!error)
		error = community_id_create(&o->encoder.community_id);
	if (!error)
		error = make_sender(o);
	if (error) {
		output_free(o);
		return error;
	}
	o->transport = t;
	*out = o;
	return 0;
}

static int open_zmq(struct transport **out, const struct output_spec *spec, char *error,
		    size_t error_len)
{
	const struct zmq_options options = {.endpoint = spec->target,
					    .connect = spec->zmq_connect,
					    .server_key = spec->zmq_server_key};

	return transport_zmq_open(out, &options, error, error_len);
}

static int open_transport(struct transport **out, const struct output_spec *spec, char *error,
			  size_t error_len)
{
	switch (spec->type) {
	case OUTPUT_TEXT:
	case OUTPUT_CSV:
	case OUTPUT_JSON:
		return transport_file_open(out, spec->target, error, error_len);
	case OUTPUT_ZMQ:
		return open_zmq(out, spec, error, error_len);
	case OUTPUT_IPFIX:
		return transport_udp_open(out, output_spec_udp_target(spec), error, error_len);
	case OUTPUT_NULL:
		break;
	}
	return transport_null_open(out);
}

int output_open(struct output **out, const struct output_spec *spec, char *error, size_t error_len)
{
	struct transport *t;
	int result = open_transport(&t, spec, error, error_len);

	if (result)
		return result;
	result = output_open_over(out, spec, t);
	if (result) {
		t->ops->close(t, 0);
		if (result == -EINVAL)
			snprintf(error, error_len, "%u bytes is no size of a message: %u to %u are",
				 spec->mtu_bytes, IPFIX_UDP_BYTES_MIN, IPFIX_UDP_BYTES_MAX);
		else
			snprintf(error, error_len, "cannot make the queue: %s; use a smaller one",
				 strerror(-result));
	}
	return result;
}

const char *output_name(const struct output *o)
{
	return o->spec.name;
}

/* Encodes into scratch; the length, 0 when it failed. */
static uint32_t encode(struct output *o, const struct flow_record *r)
{
	struct wbuf w = wbuf_make(o->scratch, RECORD_BYTES_MAX);

	switch (o->spec.type) {
	case OUTPUT_TEXT:
		text_encode(&o->encoder, &w, r);
		break;
	case OUTPUT_CSV:
		csv_encode(&o->encoder, &w, r);
		break;
	case OUTPUT_ZMQ:
		if (o->encoder.tlv) {
			tlv_encode(&o->encoder, &w, r);
			break;
		}
		/* fall through */
	case OUTPUT_JSON:
		json_encode(&o->encoder, &w, r);
		break;
	case OUTPUT_IPFIX:
		ipfix_encode(&w, r);
		break;
	case OUTPUT_NULL:
		put_u8(&w, 0); /* a record has to weigh something */
		break;
	}
	return w.failed ? 0 : (uint32_t)(w.at - o->scratch);
}

/* Records that are neither sent nor dropped, as measured. */
static uint32_t records_waiting(const struct output *o)
{
	return o->queue.records + o->apart;
}

static void count_queued(struct output *o)
{
	uint64_t *count = o->counters.count;

	count[OUTPUT_queued] = records_waiting(o);
	if (count[OUTPUT_queued] > count[OUTPUT_queued_max])
		count[OUTPUT_queued_max] = count[OUTPUT_queued];
}

void output_submit(struct output *o, const struct flow_record *r)
{
	enum output_drop reason = OUTPUT_DROP_N;
	uint32_t len;

	o->counters.count[OUTPUT_offered]++;
	if (!o->transport) {
		reason = OUTPUT_DROP_shutdown;
	} else if (o->reader_gone) {
		reason = OUTPUT_DROP_transport;
	} else {
		len = encode(o, r);
		if (!len)
			reason = OUTPUT_DROP_encode_error;
		else if (!queue_push(&o->queue, o->scratch, len, flow_record_template(r)))
			reason = OUTPUT_DROP_queue_full;
	}
	if (reason != OUTPUT_DROP_N)
		o->counters.dropped[reason]++;
	count_queued(o);
}

int output_publish(struct output *o, const char *topic, const char *json)
{
	if (!o->transport)
		return -ESHUTDOWN;
	if (o->spec.type != OUTPUT_ZMQ)
		return -ENOTSUP;
	return zmq_publish(o, topic, json);
}

bool output_has_room(const struct output *o)
{
	return !o->transport || o->reader_gone || queue_has_room(&o->queue, RECORD_BYTES_MAX);
}

void output_settle_sent(struct output *o, uint32_t n, uint64_t bytes, uint64_t messages)
{
	queue_pop(&o->queue, n);
	o->counters.count[OUTPUT_sent] += n;
	o->counters.count[OUTPUT_sent_bytes] += bytes;
	o->counters.count[OUTPUT_sent_messages] += messages;
	o->held_since_ns = 0;
	count_queued(o);
}

void output_settle_dropped(struct output *o, uint32_t n, enum output_drop reason)
{
	queue_pop(&o->queue, n);
	o->counters.dropped[reason] += n;
	o->held_since_ns = 0;
	count_queued(o);
}

void output_set_apart(struct output *o)
{
	queue_pop(&o->queue, 1);
	o->apart = 1;
	count_queued(o);
}

void output_settle_apart(struct output *o, bool sent)
{
	o->apart = 0;
	if (sent)
		o->counters.count[OUTPUT_sent]++;
	else
		o->counters.dropped[OUTPUT_DROP_transport]++;
	count_queued(o);
}

void output_note_error(struct output *o, int error)
{
	const char *what = strerror(error);

	if (error == EPIPE)
		what = "its reader is gone";
	else if (error == ECONNREFUSED)
		what = "nobody listens there";
	snprintf(o->last_error, sizeof o->last_error, "%s: %s", o->spec.name, what);
}

bool output_may_wait(struct output *o, uint64_t now_ns)
{
	if (o->draining || o->spec.flush_lines || !output_has_room(o))
		return false;
	if (!o->held_since_ns || now_ns < o->held_since_ns)
		o->held_since_ns = now_ns;
	return now_ns - o->held_since_ns < OUTPUT_FLUSH_NS;
}

uint32_t output_records_gone(const struct output *o)
{
	return (uint32_t)(o->counters.count[OUTPUT_offered] - records_waiting(o));
}

uint32_t output_poll(struct output *o, uint64_t now_ns)
{
	if (!o->transport || o->reader_gone)
		return records_waiting(o);
	for (unsigned int i = 0; i < OUTPUT_STEPS_PER_POLL && o->send_step(o, now_ns); i++)
		continue;
	return records_waiting(o);
}

uint64_t output_wait_ns(const struct output *o, uint64_t now_ns)
{
	if (!o->transport || o->spec.type != OUTPUT_IPFIX || !o->spec.lossless)
		return 0;
	return pace_wait_ns(&o->ipfix.pace, o->spec.mtu_bytes, now_ns);
}

void output_drain(struct output *o)
{
	o->draining = true;
}

static uint64_t retry_ns(const struct output *o)
{
	uint64_t wait_ns = output_wait_ns(o, clock_wall_ns());

	return wait_ns ? wait_ns : RETRY_NS;
}

void output_close(struct output *o, uint64_t deadline_ns)
{
	if (!o->transport)
		return;
	output_drain(o);
	while (output_poll(o, clock_wall_ns()) && clock_monotonic_ns() < deadline_ns)
		sleep_ns(retry_ns(o));
	if (o->apart)
		output_settle_apart(o, false);
	output_settle_dropped(o, o->queue.records, OUTPUT_DROP_shutdown);
	o->transport->ops->close(o->transport, deadline_ns);
	o->transport = NULL;
}

void output_free(struct output *o)
{
	if (!o)
		return;
	if (o->transport)
		o->transport->ops->close(o->transport, 0);
	free_sender(o);
	community_id_destroy(o->encoder.community_id);
	tlv_encoder_destroy(o->encoder.tlv);
	queue_destroy(&o->queue);
	free(o->scratch);
	free(o);
}

const struct output_counters *output_counters(const struct output *o)
{
	return &o->counters;
}

const char *output_last_error(const struct output *o)
{
	return o->last_error;
}

bool output_reader_gone(const struct output *o)
{
	return o->reader_gone;
}

int output_own_traffic(const struct output *o, char *expression, size_t len)
{
	if (o->transport && o->transport->ops->own_traffic)
		return o->transport->ops->own_traffic(o->transport, expression, len);
	if (!len)
		return -ENOSPC;
	expression[0] = '\0';
	return 0;
}
