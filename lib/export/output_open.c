/* SPDX-License-Identifier: BSD-3-Clause */
/* The beginning of an output: defaults, sender, transport. */
#include "core/clock.h"
#include "export/output_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* A queue holds at least some records of any size, or a lossless source would wait for ever. */
#define QUEUE_BYTES_MIN		   (4 * RECORD_BYTES_MAX)
#define OBSERVATION_DOMAIN_DEFAULT 1
static void set_defaults(struct output_spec *spec)
{
	if (!spec->queue_records_max)
		spec->queue_records_max = OUTPUT_QUEUE_RECORDS_DEFAULT;
	if (!spec->queue_bytes_max)
		spec->queue_bytes_max = OUTPUT_QUEUE_BYTES_DEFAULT;
	if (spec->queue_bytes_max < QUEUE_BYTES_MIN)
		spec->queue_bytes_max = QUEUE_BYTES_MIN;
	if (!spec->observation_domain)
		spec->observation_domain = OBSERVATION_DOMAIN_DEFAULT;
	if (!spec->template_resend_ns)
		spec->template_resend_ns = IPFIX_TEMPLATE_RESEND_S * SECOND_NS;
	if (!spec->template_resend_messages)
		spec->template_resend_messages = IPFIX_TEMPLATE_RESEND_MESSAGES;
	if (!spec->reconnect_ns)
		spec->reconnect_ns = STREAM_RECONNECT_DEFAULT_NS;
	if (!spec->batch_records)
		spec->batch_records = ZMQ_BATCH_RECORDS_DEFAULT;
	if (spec->batch_records > ZMQ_BATCH_RECORDS_MAX)
		spec->batch_records = ZMQ_BATCH_RECORDS_MAX;
	if (!spec->flush_ms)
		spec->flush_ms = ZMQ_FLUSH_DEFAULT_MS;
	if (!spec->spool_bytes_max)
		spec->spool_bytes_max = OUTPUT_SPOOL_BYTES_DEFAULT;
	if (!spec->name[0])
		output_spec_name(spec);
}

bool output_spec_may_spool(const struct output_spec *spec)
{
	const char *rest;

	if (spec->type == OUTPUT_ZMQ)
		return spec->mode == OUTPUT_MODE_CONNECT;
	return spec->type == OUTPUT_IPFIX &&
	       (output_target_carrier(spec->target, &rest) == CARRIER_TCP ||
		output_target_carrier(spec->target, &rest) == CARRIER_TLS);
}

/* Whether it goes on where somebody else has begun. */
static bool goes_on(const struct output_spec *spec)
{
	struct stat st;

	if (spec->header_comes)
		return true;
	return spec->append && stat(spec->target, &st) == 0 && st.st_size > 0;
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
	if (o->spec.type == OUTPUT_TEXT && !goes_on(&o->spec))
		text_header(&w);
	else if (o->spec.type == OUTPUT_CSV && !goes_on(&o->spec))
		csv_header(&o->encoder, &w);
	o->stream.before_bytes = (uint32_t)(w.at - o->stream.before);
	return 0;
}

static int make_sender(struct output *o, char *error, size_t error_len)
{
	if (o->spec.type == OUTPUT_IPFIX) {
		o->send_step = ipfix_send_step;
		return ipfix_sender_init(o, error, error_len);
	}
	if (o->spec.type == OUTPUT_ZMQ) {
		o->send_step = zmq_send_step;
		return zmq_sender_init(o, error, error_len);
	}
	return make_stream(o);
}

/* Whose records an earlier process left: encoded as ours would be, or of no use. */
static uint32_t meaning_of(const struct output_spec *s)
{
	const bool ipfix = s->type == OUTPUT_IPFIX; /* templates follow the processors */
	const struct privacy_options *hidden = &s->privacy;
	char text[2048];
	int len = snprintf(text, sizeof text, "%d %d %d %u %d|%s|%s|%s|%d %d %d %d|%s|%s", s->type,
			   s->zmq_format, s->zmq_count, s->pen, s->biflow, s->instance, s->probe_ip,
			   s->ndpi_ids, s->profile, s->version, s->ignore_vlan,
			   (int)s->observation_domain, s->fields, ipfix ? FTPROBE_VERSION : "");

	len += snprintf(text + len, sizeof text - (size_t)len, "|%llx %d|%d %d %u %u|%s",
			ipfix ? (unsigned long long)s->missing_sources : 0, s->transactions,
			hidden->addresses, hidden->strings, hidden->ipv4_bits, hidden->ipv6_bits,
			hidden->key_path);
	return (uint32_t)crc32(0, (const Bytef *)text, (uInt)len);
}

static int make_spool(struct output *o, char *error, size_t error_len)
{
	const struct output_spec *s = &o->spec;
	const struct spool_place place = {.folder = s->spool,
					  .name = s->name,
					  .bytes_max = s->spool_bytes_max,
					  .meaning = meaning_of(s)};
	bool aside;
	int rc;

	if (!s->spool[0] || !output_spec_may_spool(s))
		return 0;
	if (!s->spool_keep)
		return spool_open(&o->spool, s->spool, s->spool_bytes_max, error, error_len);
	rc = spool_open_kept(&o->spool, &place, &aside, error, error_len);
	if (rc)
		return rc;
	if (aside)
		output_note_trouble(o, "its spool was of other settings, or damaged, and is "
				       "named .old now");
	o->counters.count[OUTPUT_recovered] = o->counters.count[OUTPUT_offered] =
		o->counters.count[OUTPUT_queued] = o->counters.count[OUTPUT_queued_max] =
			spool_records(o->spool);
	return 0;
}

int output_make(struct output **out, const struct output_spec *spec, char *error, size_t error_len)
{
	struct output *o = calloc(1, sizeof *o);
	int result;

	error[0] = '\0';
	if (!o)
		return -ENOMEM;
	o->spec = *spec;
	set_defaults(&o->spec);
	o->encoder.local_time = o->spec.local_time;
	o->encoder.missing_sources = o->spec.missing_sources;
	o->encoder.transactions = o->spec.transactions;
	o->scratch = malloc(RECORD_BYTES_MAX);
	result = o->scratch ? 0 : -ENOMEM;
	if (!result)
		result =
			queue_create(&o->queue, o->spec.queue_records_max, o->spec.queue_bytes_max);
	if (!result)
		result = community_id_create(&o->encoder.community_id);
	if (!result)
		result = make_spool(o, error, error_len);
	if (!result)
		result = make_sender(o, error, error_len);
	if (result)
		output_free(o);
	else
		*out = o;
	return result;
}

int output_open_over(struct output **out, const struct output_spec *spec, struct transport *t)
{
	struct output *o;
	char error[256];
	int result = output_make(&o, spec, error, sizeof error);

	if (result)
		return result;
	o->transport = t;
	*out = o;
	return 0;
}

static int open_zmq(struct transport **out, const struct output_spec *spec, char *error,
		    size_t error_len)
{
	const struct zmq_options options = {.endpoint = spec->target,
					    .connect = spec->mode == OUTPUT_MODE_CONNECT,
					    .server_key = spec->zmq_server_key};

	return transport_zmq_open(out, &options, error, error_len);
}

/* With files the collector has to be there: nothing would make the run wait for it later. */
static uint64_t first_session_ns(const struct output_spec *spec)
{
	return spec->lossless ? STREAM_FIRST_SESSION_NS : 0;
}

static struct stream_options stream_options_of(const struct output_spec *spec)
{
	return (struct stream_options){.reconnect_ns = spec->reconnect_ns,
				       .first_session_ns = first_session_ns(spec),
				       .cert_path = spec->cert_path,
				       .key_path = spec->key_path,
				       .ca_path = spec->ca_path,
				       .peer_names = spec->peer_names};
}

int ipfix_transport_open(struct transport **out, const struct output_spec *spec, char *error,
			 size_t error_len)
{
	struct stream_options stream = stream_options_of(spec);
	const struct ipfix_file_options file = {.path = spec->target,
						.rotate_bytes = spec->rotate_bytes,
						.rotate_ns = spec->rotate_ns};

	switch (output_target_carrier(spec->target, &stream.target)) {
	case CARRIER_UDP:
		return transport_udp_open(out, stream.target, error, error_len);
	case CARRIER_TCP:
		return transport_tcp_open(out, &stream, error, error_len);
	case CARRIER_TLS:
		return transport_tls_open(out, &stream, error, error_len);
	case CARRIER_FILE:
		break;
	}
	return transport_ipfix_file_open(out, &file, error, error_len);
}

static int open_transport(struct transport **out, const struct output_spec *spec, char *error,
			  size_t error_len)
{
	switch (spec->type) {
	case OUTPUT_TEXT:
	case OUTPUT_CSV:
	case OUTPUT_JSON:
		return transport_file_open(out, spec->target, spec->append, error, error_len);
	case OUTPUT_ZMQ:
		return open_zmq(out, spec, error, error_len);
	case OUTPUT_IPFIX:
		return ipfix_transport_open(out, spec, error, error_len);
	case OUTPUT_NULL:
		break;
	}
	return transport_null_open(out);
}

static int open_one(struct output **out, const struct output_spec *spec, char *error,
		    size_t error_len)
{
	struct output *o;
	int result = output_make(&o, spec, error, error_len);

	if (result && !error[0])
		snprintf(error, error_len, "cannot make the queue: %s; use a smaller one",
			 strerror(-result));
	if (result)
		return result;
	result = open_transport(&o->transport, &o->spec, error, error_len);
	if (result)
		output_free(o);
	else
		*out = o;
	return result;
}

static int refuse_mtu(const struct output_spec *spec, char *error, size_t error_len)
{
	if (!spec->mtu_bytes ||
	    (spec->mtu_bytes >= IPFIX_UDP_BYTES_MIN && spec->mtu_bytes <= IPFIX_UDP_BYTES_MAX))
		return 0;
	snprintf(error, error_len, "%u bytes is no size of a message: %u to %u are",
		 spec->mtu_bytes, IPFIX_UDP_BYTES_MIN, IPFIX_UDP_BYTES_MAX);
	return -EINVAL;
}

static int check_collector(const struct output_spec *spec, char *error, size_t error_len)
{
	struct stream_options stream = stream_options_of(spec);
	struct output *o;
	int result = output_make(&o, spec, error, error_len);

	if (result)
		return result;
	output_free(o);
	if (output_target_carrier(spec->target, &stream.target) != CARRIER_TLS)
		return 0;
	return transport_tls_check(&stream, error, error_len);
}

int output_check(const struct output_spec *spec, char *error, size_t error_len)
{
	int result = refuse_mtu(spec, error, error_len);
	struct output_spec one;

	if (spec->type != OUTPUT_IPFIX)
		return result;
	for (unsigned int i = 0; !result && i < output_spec_collectors(spec); i++) {
		output_spec_collector(spec, i, &one);
		one.spool_keep = false; /* what lies there is not for a check to touch */
		result = check_collector(&one, error, error_len);
	}
	if (result && !error[0])
		snprintf(error, error_len, "out of memory");
	return result;
}

int output_open(struct output **out, const struct output_spec *spec, char *error, size_t error_len)
{
	int result = refuse_mtu(spec, error, error_len);

	if (result)
		return result;
	if (spec->type == OUTPUT_IPFIX && output_spec_collectors(spec) > 1)
		return collectors_open(out, spec, error, error_len);
	return open_one(out, spec, error, error_len);
}
