/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An output: its life, its counters, and the identity that holds after every call:
 * offered = sent + in_doubt + queued + dropped.
 */
#include "export/output.h"

#include "core/clock.h"
#include "export/output_internal.h"
#include "export/tlv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* While closing, a transport that takes nothing is asked again after so long. */
#define RETRY_NS 200000

static bool is_group(const struct output *o)
{
	return o->send_step == NULL;
}

static void free_sender(struct output *o)
{
	if (o->send_step == ipfix_send_step)
		ipfix_sender_free(o);
	else if (o->send_step == stream_send_step)
		free(o->stream.before);
	else if (o->send_step == zmq_send_step)
		zmq_sender_free(o);
}

const char *output_name(const struct output *o)
{
	return o->spec.name;
}

const struct output_spec *output_spec_of(const struct output *o)
{
	return &o->spec;
}

/* Records that are neither sent nor dropped, as measured. */
static uint32_t records_waiting(const struct output *o)
{
	return o->queue.records + o->apart + (o->spool ? spool_records(o->spool) : 0);
}

static void count_queued(struct output *o)
{
	uint64_t *count = o->counters.count;

	counter_set(&count[OUTPUT_queued], records_waiting(o));
	if (count[OUTPUT_queued] > count[OUTPUT_queued_max])
		counter_set(&count[OUTPUT_queued_max], count[OUTPUT_queued]);
}

static void note_not_sent(struct output *o, struct queue_sum sum)
{
	o->not_sent.packets += sum.packets;
	o->not_sent.octets += sum.octets;
	if (!o->first_not_sent_ns)
		o->first_not_sent_ns = o->now_ns;
	o->last_not_sent_ns = o->now_ns;
}

static void lose(struct output *o, enum output_drop reason, struct queue_sum sum)
{
	counter_add(&o->counters.dropped[reason], 1);
	note_not_sent(o, sum);
}

/* The oldest record that has not left yet goes; false when all have, in part at least. */
static bool drop_oldest(struct output *o)
{
	if (o->queue.marked || !o->queue.records)
		return false;
	if (o->send_step == stream_send_step && o->stream.head_sent_bytes)
		stream_set_head_apart(o);
	else
		lose(o, OUTPUT_DROP_queue_full, queue_pop(&o->queue, 1));
	if (o->send_step == zmq_send_step)
		o->zmq.records = 0; /* the message that was made has it */
	return true;
}

/* What the spool holds goes on into memory, in order, as far as there is room. */
static void unspool(struct output *o)
{
	struct queued_record q;
	int rc = 0;

	while (o->spool && spool_records(o->spool)) {
		rc = spool_first(o->spool, &q);
		if (rc || !queue_push(&o->queue, &q))
			break;
		spool_pop(o->spool);
	}
	if (!rc)
		return;
	output_note_error(o, -rc);
	counter_add(&o->counters.dropped[OUTPUT_DROP_spool], spool_clear(o->spool));
}

/* Behind what waits on disk, or in memory. OUTPUT_DROP_N, or why not. */
static enum output_drop keep(struct output *o, const struct queued_record *q)
{
	int rc;

	if (!o->spool)
		return queue_push(&o->queue, q) ? OUTPUT_DROP_N : OUTPUT_DROP_queue_full;
	unspool(o);
	if (!spool_records(o->spool) && queue_push(&o->queue, q))
		return OUTPUT_DROP_N;
	rc = spool_push(o->spool, q);
	if (rc && rc != -ENOBUFS)
		output_note_error(o, -rc);
	if (rc == 0)
		counter_add(&o->counters.count[OUTPUT_spooled], 1);
	return rc ? OUTPUT_DROP_spool : OUTPUT_DROP_N;
}

static void submit_one(struct output *o, const struct flow_record *r)
{
	struct queued_record q = {.bytes = o->scratch,
				  .packets = r->packets[DIR_FWD] + r->packets[DIR_REV],
				  .octets = r->octets[DIR_FWD] + r->octets[DIR_REV]};
	enum output_drop reason = OUTPUT_DROP_N;

	counter_add(&o->counters.count[OUTPUT_offered], 1);
	if (!o->transport) {
		reason = OUTPUT_DROP_shutdown;
	} else if (o->reader_gone) {
		reason = OUTPUT_DROP_transport;
	} else {
		q.len_bytes = output_encode(o, r, &q.tag);
		if (!q.len_bytes)
			reason = OUTPUT_DROP_encode_error;
		else
			reason = keep(o, &q);
		while (reason != OUTPUT_DROP_N && q.len_bytes &&
		       o->spec.policy == OUTPUT_DROP_OLDEST && drop_oldest(o))
			reason = keep(o, &q);
	}
	if (reason != OUTPUT_DROP_N)
		lose(o, reason, (struct queue_sum){q.packets, q.octets});
	count_queued(o);
}

void output_submit(struct output *o, const struct flow_record *r)
{
	struct flow_record uniflows[DIR_N];
	unsigned int n;

	if (is_group(o)) {
		collectors_submit(o, r);
		return;
	}
	if (o->spec.biflow == OUTPUT_BIFLOW_YES) {
		submit_one(o, r);
		return;
	}
	n = flow_record_uniflows(r, uniflows);
	for (unsigned int i = 0; i < n; i++)
		submit_one(o, &uniflows[i]);
	counter_add(&o->counters.count[OUTPUT_uniflows], n - 1);
}

void output_set_applications(struct output *o, const struct ipfix_application *list, uint32_t n)
{
	if (is_group(o))
		collectors_set_applications(o, list, n);
	else if (o->spec.type == OUTPUT_IPFIX)
		ipfix_profile_set_applications(o->ipfix.profile, list, n);
}

void output_set_metering(struct output *o, const struct output_metering *m)
{
	struct ipfix_numbers *n = &o->ipfix.numbers;

	if (is_group(o)) {
		collectors_set_metering(o, m);
		return;
	}
	if (o->spec.type != OUTPUT_IPFIX)
		return;
	n->ignored_packets = m->ignored_packets;
	n->ignored_octets = m->ignored_octets;
	n->first_ignored_ns = m->first_ignored_ns;
	n->last_ignored_ns = m->last_ignored_ns;
	n->packets_observed = m->packets_observed;
	n->packets_selected = m->packets_selected;
	n->sampling_packets = m->sampling_packets;
	n->sampling_random = m->sampling_random;
}

void output_set_missing_sources(struct output *o, uint64_t missing_sources)
{
	o->spec.missing_sources = missing_sources;
	if (o->spec.type != OUTPUT_CSV)
		o->encoder.missing_sources = missing_sources;
	if (o->spec.type == OUTPUT_ZMQ && o->zmq.template_json)
		zmq_tell_processors(o);
}

int output_publish(struct output *o, const char *topic, const char *json)
{
	if (o->spec.type != OUTPUT_ZMQ)
		return -ENOTSUP;
	if (!o->transport)
		return -ESHUTDOWN;
	zmq_session_look(o);
	return zmq_publish(o, topic, json);
}

bool output_has_room(const struct output *o)
{
	if (is_group(o))
		return collectors_have_room(o);
	if (o->spool && spool_has_room(o->spool, RECORD_BYTES_MAX))
		return true;
	return !o->transport || o->reader_gone || queue_has_room(&o->queue, RECORD_BYTES_MAX);
}

void output_settle_sent(struct output *o, uint32_t n, uint64_t bytes, uint64_t messages)
{
	queue_pop(&o->queue, n);
	counter_add(&o->counters.count[OUTPUT_sent], n);
	counter_add(&o->counters.count[OUTPUT_sent_bytes], bytes);
	counter_add(&o->counters.count[OUTPUT_sent_messages], messages);
	o->held_since_ns = 0;
	count_queued(o);
}

void output_settle_dropped(struct output *o, uint32_t n, enum output_drop reason)
{
	if (n)
		note_not_sent(o, queue_pop(&o->queue, n));
	counter_add(&o->counters.dropped[reason], n);
	o->held_since_ns = 0;
	count_queued(o);
}

void output_settle_in_doubt(struct output *o, uint32_t n)
{
	queue_pop(&o->queue, n);
	counter_add(&o->counters.count[OUTPUT_in_doubt], n);
	count_queued(o);
}

struct queue_sum output_hold(struct output *o, uint32_t n)
{
	o->apart += n;
	return queue_pop(&o->queue, n);
}

void output_settle_held(struct output *o, uint32_t n, enum output_counter as)
{
	o->apart -= n;
	counter_add(&o->counters.count[as], n);
	count_queued(o);
}

void output_drop_held(struct output *o, uint32_t n, struct queue_sum sum, enum output_drop reason)
{
	o->apart -= n;
	counter_add(&o->counters.dropped[reason], n);
	note_not_sent(o, sum);
	count_queued(o);
}

uint64_t output_records_lost(const struct output *o)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < OUTPUT_DROP_N; i++)
		sum += o->counters.dropped[i];
	return sum;
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
		counter_add(&o->counters.count[OUTPUT_sent], 1);
	else
		counter_add(&o->counters.dropped[OUTPUT_DROP_transport], 1);
	count_queued(o);
}

void output_note_error(struct output *o, int error)
{
	const char *what = strerror(error);

	if (error == EPIPE)
		what = "its reader is gone";
	else if (error == ECONNREFUSED)
		what = "nobody listens there";
	output_note_trouble(o, what);
}

void output_note_trouble(struct output *o, const char *what)
{
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
	if (o->spec.type == OUTPUT_IPFIX && !is_group(o))
		ipfix_look_at_clock(o, now_ns);
	o->now_ns = now_ns;
	if (is_group(o))
		return collectors_poll(o, now_ns);
	if (!o->transport || o->reader_gone)
		return records_waiting(o);
	unspool(o);
	if (o->spec.type == OUTPUT_IPFIX)
		ipfix_session_look(o);
	else if (o->spec.type == OUTPUT_ZMQ)
		zmq_session_look(o);
	if (output_spec_may_spool(&o->spec) && o->counters.count[OUTPUT_sessions])
		o->counters.count[OUTPUT_reconnects] = o->counters.count[OUTPUT_sessions] - 1;
	for (unsigned int i = 0; i < OUTPUT_STEPS_PER_POLL && o->send_step(o, now_ns); i++)
		continue;
	return records_waiting(o);
}

uint64_t output_wait_ns(const struct output *o, uint64_t now_ns)
{
	if (is_group(o))
		return collectors_wait_ns(o, now_ns);
	if (!o->transport || o->spec.type != OUTPUT_IPFIX || !o->spec.lossless)
		return 0;
	return pace_wait_ns(&o->ipfix.pace, o->ipfix.limit_bytes, now_ns);
}

void output_drain(struct output *o)
{
	o->draining = true;
	if (is_group(o))
		collectors_drain(o);
}

static uint64_t retry_ns(const struct output *o)
{
	uint64_t wait_ns = output_wait_ns(o, clock_wall_ns());

	return wait_ns ? wait_ns : RETRY_NS;
}

void output_wait_empty(struct output *o, uint64_t deadline_ns)
{
	while (output_poll(o, clock_wall_ns()) && clock_monotonic_ns() < deadline_ns)
		sleep_ns(retry_ns(o));
}

/* What waits in memory goes back to the disk, in front of what is there. */
static void keep_for_later(struct output *o)
{
	const uint32_t n = o->queue.records, lost = spool_put_back(o->spool, &o->queue);

	output_settle_dropped(o, lost, OUTPUT_DROP_shutdown);
	queue_pop(&o->queue, n - lost);
}

void output_close(struct output *o, uint64_t deadline_ns)
{
	if (is_group(o)) {
		collectors_close(o, deadline_ns);
		return;
	}
	if (!o->transport)
		return;
	output_drain(o);
	output_wait_empty(o, deadline_ns);
	if (o->spec.type == OUTPUT_ZMQ)
		zmq_session_end(o);
	else if (o->apart)
		output_settle_apart(o, false);
	if (o->spec.type == OUTPUT_IPFIX) {
		ipfix_tell_last_numbers(o, deadline_ns);
		ipfix_session_end(o);
	}
	if (o->spool && spool_is_kept(o->spool))
		keep_for_later(o);
	output_settle_dropped(o, o->queue.records, OUTPUT_DROP_shutdown);
	if (o->spool && !spool_is_kept(o->spool))
		counter_add(&o->counters.dropped[OUTPUT_DROP_shutdown], spool_clear(o->spool));
	count_queued(o);
	o->transport->ops->close(o->transport, deadline_ns);
	o->transport = NULL;
}

void output_free(struct output *o)
{
	if (!o)
		return;
	if (is_group(o))
		collectors_free(o);
	if (o->transport)
		o->transport->ops->close(o->transport, 0);
	free_sender(o);
	community_id_destroy(o->encoder.community_id);
	tlv_encoder_destroy(o->encoder.tlv);
	queue_destroy(&o->queue);
	spool_close(o->spool);
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

uint32_t output_own_traffic_moves(const struct output *o)
{
	if (is_group(o))
		return collectors_own_traffic_moves(o);
	return o->transport ? o->transport->moves : 0;
}

int output_own_traffic(const struct output *o, char *expression, size_t len)
{
	if (is_group(o))
		return collectors_own_traffic(o, expression, len);
	if (o->transport && o->transport->ops->own_traffic)
		return o->transport->ops->own_traffic(o->transport, expression, len);
	if (!len)
		return -ENOSPC;
	expression[0] = '\0';
	return 0;
}
