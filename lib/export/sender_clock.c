/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Export times of IPFIX: when a message leaves, and never before the end of a flow in it (RFC 7011
 * 3.1, RFC 5102 5.9). Files may bring any time. The clock may be set back while records wait that
 * were made by the old time: those still go at their time, what comes later by the new one.
 */
#include "export/output_internal.h"

#include "core/clock.h"

static bool old_ones_wait(const struct output *o)
{
	return (int32_t)(output_records_gone(o) - o->ipfix.before_step_until) < 0;
}

void ipfix_note_end(struct output *o, uint64_t end_ns)
{
	if (end_ns > o->ipfix.latest_end_ns)
		o->ipfix.latest_end_ns = end_ns < IPFIX_TIME_MAX_NS ? end_ns : IPFIX_TIME_MAX_NS;
}

void ipfix_look_at_clock(struct output *o, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;

	if (now_ns >= o->now_ns)
		return;
	s->before_step_end_ns = ipfix_latest_end_ns(o);
	s->before_step_until = (uint32_t)o->counters.count[OUTPUT_offered];
	s->latest_end_ns = 0;
}

uint64_t ipfix_latest_end_ns(const struct output *o)
{
	const struct ipfix_sender *s = &o->ipfix;

	if (s->before_step_end_ns > s->latest_end_ns && old_ones_wait(o))
		return s->before_step_end_ns;
	return s->latest_end_ns;
}
