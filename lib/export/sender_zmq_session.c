/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of a ZMQ output. In mode connect, messages that left are held until the collector's
 * machine acknowledged them and its program must have read them. ZMQ has no word for the latter,
 * so it is told from what can be seen: a message is read when the collector's kernel holds it no
 * more, and as many came behind it as libzmq keeps for a program; or when the collector went on
 * reading for doubt_ns. When the connection is lost, what is held is in doubt, or is sent again;
 * what cannot have arrived is sent again in any case. A collector that says farewell reads what is
 * on its way. Where libzmq serves any number of subscribers, taken is sent.
 */
#include "export/output_internal.h"

#include <errno.h>
#include <stdlib.h>

int zmq_session_init(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	if (o->spec.mode != OUTPUT_MODE_CONNECT)
		return 0;
	z->held_info = calloc(ZMQ_HELD_MAX, sizeof *z->held_info);
	return z->held_info ? queue_create(&z->held, ZMQ_HELD_MAX, ZMQ_HELD_BYTES) : -ENOMEM;
}

void zmq_session_free(struct output *o)
{
	queue_destroy(&o->zmq.held);
	free(o->zmq.held_info);
}

static struct zmq_held *held_at(struct zmq_sender *z, uint32_t i)
{
	return &z->held_info[(z->held_first + i) % ZMQ_HELD_MAX];
}

/* Forgets the first message; what it was about. */
static struct queue_sum release_first(struct output *o, uint32_t *records)
{
	struct zmq_sender *z = &o->zmq;

	*records = held_at(z, 0)->records;
	z->held_first = (z->held_first + 1) % ZMQ_HELD_MAX;
	z->acked -= z->acked > 0;
	z->read -= z->read > 0;
	return queue_pop(&z->held, 1);
}

static void settle_first(struct output *o, enum output_counter as)
{
	uint32_t records;

	release_first(o, &records);
	output_settle_held(o, records, as);
}

/* Sends faster than its kernel acknowledges, or small messages: the oldest are sure enough. */
bool zmq_session_has_room(struct output *o, uint32_t len_bytes)
{
	struct zmq_sender *z = &o->zmq;

	if (!z->held_info)
		return true;
	if (z->held.marked - z->acked >= ZMQ_IN_FLIGHT_MAX)
		return false;
	while (!queue_has_room(&z->held, len_bytes)) {
		if (!z->acked)
			return false;
		settle_first(o, OUTPUT_sent);
	}
	return true;
}

static bool is_calm(const struct session_view *v)
{
	return v->unread_bytes <= ZMQ_CALM_BYTES &&
	       v->taken_bytes <= v->acked_bytes + ZMQ_CALM_BYTES;
}

static void count_calm_time(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const uint64_t before_ns = z->looked_ns, now_ns = o->now_ns;
	const uint64_t step_ns = before_ns && now_ns > before_ns ? now_ns - before_ns : 0;

	z->looked_ns = now_ns;
	if (z->session.up && is_calm(&z->session))
		z->calm_ns += step_ns < ZMQ_CALM_STEP_NS ? step_ns : ZMQ_CALM_STEP_NS;
}

/* Whether the first message, which is acknowledged, is known to be read, as far as that goes. */
static bool first_is_sure(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	if (o->draining || !o->spec.doubt_ns || z->session.leaves)
		return true;
	return z->read > ZMQ_READER_MESSAGES ||
	       (z->read && z->calm_ns - held_at(z, 0)->calm_ns >= o->spec.doubt_ns);
}

static void settle_acknowledged(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const struct session_view *v = &z->session;
	const uint64_t read = v->acked_bytes > v->unread_bytes ? v->acked_bytes - v->unread_bytes :
								 0;

	while (z->acked < z->held.marked && held_at(z, z->acked)->end_bytes <= v->acked_bytes)
		z->acked++;
	for (; z->read < z->acked && held_at(z, z->read)->end_bytes <= read; z->read++)
		held_at(z, z->read)->calm_ns = z->calm_ns;
	while (z->acked && first_is_sure(o))
		settle_first(o, OUTPUT_sent);
}

/* Of a session that is over. */
static void settle_lost(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const bool again = o->spec.replay == OUTPUT_REPLAY_AT_LEAST_ONCE;

	for (uint32_t i = 0, in_flight = z->held.marked; i < in_flight; i++) {
		const struct zmq_held *m = held_at(z, again ? i : 0);

		if (m->end_bytes > z->session.left_bytes)
			break;
		if (again)
			counter_add(&o->counters.count[OUTPUT_resent], m->records);
		else
			settle_first(o, OUTPUT_in_doubt);
	}
	queue_unmark(&z->held);
	z->acked = z->read = 0;
}

static void mark_sent(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	held_at(z, z->held.marked)->end_bytes = o->transport->ops->taken_bytes(o->transport);
	queue_mark(&z->held, 1);
}

void zmq_session_note_message(struct output *o, const struct zmq_message *m, uint32_t records)
{
	struct zmq_sender *z = &o->zmq;
	struct queued_record q = {.bytes = m->payload.iov_base,
				  .len_bytes = (uint32_t)m->payload.iov_len};
	const struct queue_sum sum = output_hold(o, records);

	q.packets = sum.packets;
	q.octets = sum.octets;
	*held_at(z, z->held.records) = (struct zmq_held){
		.records = records, .plain_bytes = m->plain_bytes, .compressed = m->compressed};
	queue_push(&z->held, &q); /* zmq_session_has_room() said so */
	mark_sent(o);
}

void zmq_session_note_again(struct output *o)
{
	mark_sent(o);
}

bool zmq_session_again(const struct output *o, struct zmq_message *m)
{
	const struct zmq_sender *z = &o->zmq;
	struct queue_cursor c = queue_walk(&z->held);
	const struct zmq_held *info;
	struct queued_record q;

	if (!z->held_info || !queue_next(&z->held, &c, &q))
		return false;
	info = held_at((struct zmq_sender *)(uintptr_t)z, z->held.marked);
	m->payload = (struct iovec){.iov_base = (void *)(uintptr_t)q.bytes, .iov_len = q.len_bytes};
	m->plain_bytes = info->plain_bytes;
	m->compressed = info->compressed;
	return true;
}

void zmq_session_look(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const uint32_t number = z->session.number, failures = z->session.failures;

	if (!o->transport->ops->session)
		return;
	o->transport->ops->session(o->transport, &z->session);
	counter_add(&o->counters.count[OUTPUT_sessions], z->session.number - number);
	counter_add(&o->counters.count[OUTPUT_sessions_failed], z->session.failures - failures);
	if (z->session.failures != failures)
		output_note_trouble(o, o->transport->ops->trouble(o->transport));
	if (!z->held_info)
		return;
	count_calm_time(o);
	settle_acknowledged(o);
	if (!z->session.up)
		settle_lost(o);
}

void zmq_session_end(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	struct queue_sum sum;
	uint32_t records;

	zmq_session_look(o);
	if (!z->held_info)
		return;
	while (z->held.marked)
		settle_first(o, OUTPUT_in_doubt);
	while (z->held.records) {
		sum = release_first(o, &records);
		output_drop_held(o, records, sum, OUTPUT_DROP_shutdown);
	}
}
