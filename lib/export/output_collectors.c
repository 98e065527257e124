/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An output of several collectors. Each is an output of its own with queue, sender and sessions;
 * this one chooses who gets a record, moves what waits for one that is gone, and adds up.
 *
 * A record counts here as offered once. Moving it takes it from the account of one member and puts
 * it into that of another, so that the identity holds for each and for the sum.
 */
#include "export/output_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both directions of a flow, and all its records, have one number. */
static uint32_t flow_number(const struct flow_record *r)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < sizeof r->src_addr; i += sizeof(uint64_t)) {
		uint64_t a, b;

		memcpy(&a, r->src_addr + i, sizeof a);
		memcpy(&b, r->dst_addr + i, sizeof b);
		sum += a + b;
	}
	sum += (uint64_t)r->src_port + r->dst_port + ((uint64_t)r->protocol << 32);
	return (uint32_t)(sum * 0x9e3779b97f4a7c15ULL >> 32);
}

/* The first from `first` on that is up; `first` when none is. */
static unsigned int next_up(const struct collectors *c, unsigned int first)
{
	for (unsigned int i = 0; i < c->n; i++)
		if (ipfix_is_up(c->member[(first + i) % c->n]))
			return (first + i) % c->n;
	return first;
}

static void add_up(struct output *o)
{
	struct collectors *c = &o->collectors;
	const uint64_t queued_max = o->counters.count[OUTPUT_queued_max];
	struct output_counters sum = {0};

	for (unsigned int i = 0; i < c->n; i++) {
		const struct output_counters *m = &c->member[i]->counters;
		uint64_t troubles =
			output_records_lost(c->member[i]) + m->count[OUTPUT_sessions_failed];

		for (unsigned int k = 0; k < OUTPUT_N; k++)
			sum.count[k] += m->count[k];
		for (unsigned int k = 0; k < OUTPUT_DROP_N; k++)
			sum.dropped[k] += m->dropped[k];
		if (troubles != c->troubles[i] && c->member[i]->last_error[0])
			memcpy(o->last_error, c->member[i]->last_error, sizeof o->last_error);
		c->troubles[i] = troubles;
	}
	sum.count[OUTPUT_queued_max] =
		sum.count[OUTPUT_queued] > queued_max ? sum.count[OUTPUT_queued] : queued_max;
	o->counters = sum;
}

/* What waits with one goes to the other, as far as there is room; the rest stays where it is. */
static void move_waiting(struct output *from, struct output *to)
{
	uint32_t marked = from->queue.marked, moved = 0;
	struct queue_cursor c = queue_walk(&from->queue);
	struct queued_record r;

	if (marked) /* on its way, and not settled yet */
		return;
	while (queue_next(&from->queue, &c, &r) && queue_push(&to->queue, &r))
		moved++;
	queue_pop(&from->queue, moved);
	ipfix_note_end(to, ipfix_latest_end_ns(from));
	from->counters.count[OUTPUT_offered] -= moved;
	counter_add(&to->counters.count[OUTPUT_offered], moved);
	from->counters.count[OUTPUT_queued] -= moved;
	counter_add(&to->counters.count[OUTPUT_queued], moved);
}

/* Failover: the first that is up gets all. Balance: those that are up share what the others had. */
static void look_who_is_up(struct output *o)
{
	struct collectors *c = &o->collectors;

	if (o->spec.group == OUTPUT_GROUP_FAILOVER)
		c->active = next_up(c, 0);
	for (unsigned int i = 0; i < c->n; i++) {
		unsigned int heir = o->spec.group == OUTPUT_GROUP_FAILOVER ? c->active :
									     next_up(c, i);

		if (heir != i && !ipfix_is_up(c->member[i]) && c->member[i]->queue.records)
			move_waiting(c->member[i], c->member[heir]);
	}
}

void collectors_submit(struct output *o, const struct flow_record *r)
{
	struct collectors *c = &o->collectors;
	unsigned int i = c->active;

	if (o->spec.group == OUTPUT_GROUP_BALANCE)
		i = next_up(c, flow_number(r) % c->n);
	output_submit(c->member[i], r);
	add_up(o);
}

bool collectors_have_room(const struct output *o)
{
	const struct collectors *c = &o->collectors;

	if (o->spec.group == OUTPUT_GROUP_FAILOVER)
		return output_has_room(c->member[c->active]);
	for (unsigned int i = 0; i < c->n; i++)
		if (!output_has_room(c->member[i]))
			return false;
	return true;
}

uint32_t collectors_poll(struct output *o, uint64_t now_ns)
{
	struct collectors *c = &o->collectors;
	uint32_t waiting = 0;

	for (unsigned int i = 0; i < c->n; i++)
		waiting += output_poll(c->member[i], now_ns);
	look_who_is_up(o);
	add_up(o);
	return waiting;
}

uint64_t collectors_wait_ns(const struct output *o, uint64_t now_ns)
{
	uint64_t least = 0;

	for (unsigned int i = 0; i < o->collectors.n; i++) {
		uint64_t wait_ns = output_wait_ns(o->collectors.member[i], now_ns);

		if (wait_ns && (!least || wait_ns < least))
			least = wait_ns;
	}
	return least;
}

void collectors_set_applications(struct output *o, const struct ipfix_application *list, uint32_t n)
{
	for (unsigned int i = 0; i < o->collectors.n; i++)
		output_set_applications(o->collectors.member[i], list, n);
}

void collectors_set_metering(struct output *o, const struct output_metering *m)
{
	for (unsigned int i = 0; i < o->collectors.n; i++)
		output_set_metering(o->collectors.member[i], m);
}

int collectors_own_traffic(const struct output *o, char *expression, size_t len)
{
	size_t used = 0;

	if (!len)
		return -ENOSPC;
	expression[0] = '\0';
	for (unsigned int i = 0; i < o->collectors.n; i++) {
		int n;

		if (used)
			used += (size_t)snprintf(expression + used, len - used, " or ");
		if (used >= len)
			return -ENOSPC;
		n = output_own_traffic(o->collectors.member[i], expression + used, len - used);
		if (n < 0)
			return n;
		used += (size_t)n;
	}
	return (int)used;
}

uint32_t collectors_own_traffic_moves(const struct output *o)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < o->collectors.n; i++)
		sum += output_own_traffic_moves(o->collectors.member[i]);
	return sum;
}

void collectors_drain(struct output *o)
{
	for (unsigned int i = 0; i < o->collectors.n; i++)
		output_drain(o->collectors.member[i]);
}

/* Together: what one cannot send any more another may. */
void collectors_close(struct output *o, uint64_t deadline_ns)
{
	struct collectors *c = &o->collectors;

	output_drain(o);
	output_wait_empty(o, deadline_ns);
	for (unsigned int i = 0; i < c->n; i++)
		output_close(c->member[i], 0);
	add_up(o);
}

void collectors_free(struct output *o)
{
	for (unsigned int i = 0; i < o->collectors.n; i++)
		output_free(o->collectors.member[i]);
	o->collectors.n = 0;
}

int collectors_open(struct output **out, const struct output_spec *spec, char *error,
		    size_t error_len)
{
	struct output *o = calloc(1, sizeof *o);
	struct output_spec one;
	int result = 0;

	if (!o) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	o->spec = *spec;
	if (!o->spec.name[0])
		output_spec_name(&o->spec);
	while (!result && o->collectors.n < output_spec_collectors(spec)) {
		output_spec_collector(spec, o->collectors.n, &one);
		result =
			output_open(&o->collectors.member[o->collectors.n], &one, error, error_len);
		o->collectors.n += !result;
	}
	if (result)
		output_free(o);
	else
		*out = o;
	return result;
}
