/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of a ZMQ output. In mode connect, what left stays in the queue, marked, until the
 * collector's machine acknowledged it; when the connection is lost, what may have arrived is in
 * doubt, or is sent again, and what cannot have arrived is sent again in any case. Where libzmq
 * serves any number of subscribers, or the path has no acknowledgements (ipc), taken is sent.
 */
#include "export/output_internal.h"

static struct zmq_in_flight *in_flight_at(struct zmq_sender *z, uint32_t i)
{
	return &z->in_flight[(z->in_flight_first + i) % ZMQ_IN_FLIGHT_MAX];
}

bool zmq_session_has_room(const struct output *o)
{
	return o->zmq.in_flight_n < ZMQ_IN_FLIGHT_MAX;
}

static void drop_first(struct zmq_sender *z)
{
	z->in_flight_first = (z->in_flight_first + 1) % ZMQ_IN_FLIGHT_MAX;
	z->in_flight_n--;
}

static void settle_acknowledged(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const uint64_t held_since_ns = o->held_since_ns;

	while (z->in_flight_n && in_flight_at(z, 0)->end_bytes <= z->session.acked_bytes) {
		output_settle_sent(o, in_flight_at(z, 0)->records, 0, 0);
		drop_first(z);
	}
	o->held_since_ns = held_since_ns; /* others still wait for company */
}

/* Of a session that is over. */
static void settle_lost(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const bool again = o->spec.replay == OUTPUT_REPLAY_AT_LEAST_ONCE;

	for (; z->in_flight_n; drop_first(z)) {
		const struct zmq_in_flight *m = in_flight_at(z, 0);

		if (m->end_bytes > z->session.left_bytes)
			continue;
		if (again)
			o->counters.count[OUTPUT_resent] += m->records;
		else
			output_settle_in_doubt(o, m->records);
	}
	queue_unmark(&o->queue);
	z->records = 0;
}

void zmq_session_note_message(struct output *o, uint32_t records)
{
	struct zmq_sender *z = &o->zmq;

	*in_flight_at(z, z->in_flight_n++) = (struct zmq_in_flight){
		.end_bytes = o->transport->ops->taken_bytes(o->transport), .records = records};
	queue_mark(&o->queue, records);
}

void zmq_session_look(struct output *o)
{
	struct zmq_sender *z = &o->zmq;
	const uint32_t number = z->session.number, failures = z->session.failures;

	if (!o->transport->ops->session)
		return;
	o->transport->ops->session(o->transport, &z->session);
	o->counters.count[OUTPUT_sessions] += z->session.number - number;
	o->counters.count[OUTPUT_sessions_failed] += z->session.failures - failures;
	if (z->session.failures != failures)
		output_note_trouble(o, o->transport->ops->trouble(o->transport));
	settle_acknowledged(o);
	if (!z->session.up)
		settle_lost(o);
}

void zmq_session_end(struct output *o)
{
	struct zmq_sender *z = &o->zmq;

	zmq_session_look(o);
	for (; z->in_flight_n; drop_first(z))
		output_settle_in_doubt(o, in_flight_at(z, 0)->records);
	queue_unmark(&o->queue);
}
