/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of an IPFIX output. What left stays in the queue, marked, until the peer acknowledged
 * it; when the session is lost, the rest of it is in doubt, or is sent again on the next one. What
 * nobody can have read is always sent again.
 */
#include "export/output_internal.h"

#include "core/clock.h"

/* A transport that takes nothing now is asked again after so long. */
#define RETRY_NS 200000

static struct ipfix_in_flight *in_flight_at(struct ipfix_sender *s, uint32_t i)
{
	return &s->in_flight[(s->in_flight_first + i) % IPFIX_IN_FLIGHT_MAX];
}

bool ipfix_session_has_room(const struct ipfix_sender *s)
{
	return s->in_flight_n < IPFIX_IN_FLIGHT_MAX;
}

void ipfix_session_begin_message(struct output *o, uint32_t records)
{
	struct ipfix_sender *s = &o->ipfix;

	*in_flight_at(s, s->in_flight_n++) =
		(struct ipfix_in_flight){.end_bytes = UINT64_MAX, .records = records};
	queue_mark(&o->queue, records);
}

static void drop_first(struct ipfix_sender *s)
{
	s->in_flight_first = (s->in_flight_first + 1) % IPFIX_IN_FLIGHT_MAX;
	s->in_flight_n--;
}

/* The last message has left in whole, so its end is where the wire is now. */
static void note_end(struct ipfix_sender *s)
{
	struct ipfix_in_flight *last;

	if (!s->in_flight_n || s->rest_bytes)
		return;
	last = in_flight_at(s, s->in_flight_n - 1);
	if (last->end_bytes == UINT64_MAX)
		last->end_bytes = s->session.taken_bytes;
}

static void settle_acknowledged(struct output *o)
{
	struct ipfix_sender *s = &o->ipfix;

	while (s->in_flight_n && in_flight_at(s, 0)->end_bytes <= s->session.acked_bytes) {
		output_settle_sent(o, in_flight_at(s, 0)->records, 0, 0);
		drop_first(s);
	}
}

/* A message that left in part cannot have been read: its records are not in doubt. */
static void settle_lost(struct output *o, bool again)
{
	struct ipfix_sender *s = &o->ipfix;

	for (; s->in_flight_n; drop_first(s)) {
		const struct ipfix_in_flight *m = in_flight_at(s, 0);

		if (m->end_bytes == UINT64_MAX)
			continue;
		if (again)
			counter_add(&o->counters.count[OUTPUT_resent], m->records);
		else
			output_settle_in_doubt(o, m->records);
	}
	queue_unmark(&o->queue);
	s->rest_bytes = 0;
}

/* Sequence numbers begin at 0, templates and options go first (RFC 7011 3.1, 8). */
static void begin_session(struct output *o)
{
	struct ipfix_sender *s = &o->ipfix;

	s->sequence = 0;
	s->lost_seen = output_records_lost(o);
	ipfix_templates_due(s);
	ipfix_reports_due(s);
}

void ipfix_session_look(struct output *o)
{
	struct ipfix_sender *s = &o->ipfix;
	uint32_t number = s->session.number, failures = s->session.failures;

	if (!o->transport->ops->session)
		return;
	o->transport->ops->session(o->transport, &s->session);
	counter_add(&o->counters.count[OUTPUT_sessions], s->session.number - number);
	counter_add(&o->counters.count[OUTPUT_sessions_failed], s->session.failures - failures);
	if (s->session.failures != failures)
		output_note_trouble(o, o->transport->ops->trouble(o->transport));
	note_end(s);
	settle_acknowledged(o);
	if (!s->session.up)
		settle_lost(o, s->session.unread || o->spec.replay == OUTPUT_REPLAY_AT_LEAST_ONCE);
	if (s->session.number != number)
		begin_session(o);
}

void ipfix_session_end(struct output *o)
{
	ipfix_session_look(o);
	settle_lost(o, false);
}

void ipfix_tell_last_numbers(struct output *o, uint64_t deadline_ns)
{
	struct ipfix_sender *s = &o->ipfix;

	if (!o->spec.options_interval_ns || s->templates_due || s->reports_due || !ipfix_is_up(o))
		return;
	s->closing = true;
	ipfix_reports_due(s);
	for (;;) {
		output_poll(o, clock_wall_ns());
		if ((!s->reports_due && !s->rest_bytes) || !ipfix_is_up(o) ||
		    clock_monotonic_ns() >= deadline_ns)
			break;
		sleep_ns(RETRY_NS);
	}
}
