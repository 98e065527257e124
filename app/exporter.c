/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes what the lanes ended, tells every output, and gives the flows back. */
#include "exporter.h"

#include "exporter_change.h"

#include <inttypes.h>
#include <stdlib.h>

#include <rte_ring.h>

#include "ft/ft.h"
#include "log.h"
#include "core/clock.h"

/* Flows taken from one ring at once. */
#define TAKE_MAX 64
/* Nothing to do: a record waits no longer than this for the exporter. */
#define REST_NS 1000000
/* A lossless run waits for an output's queue in such steps, where the output knows no better. */
#define ROOM_WAIT_NS 100000
/* Outputs are asked for trouble this often, and one that stays is told again after so long. */
#define TROUBLE_LOOK_NS (SECOND_NS / 4)
#define TROUBLE_TELL_NS (60 * SECOND_NS)
/* So old may the numbers of metering be that are told. */
#define METERING_LOOK_NS (SECOND_NS / 4)
/* What slewing (at most 0.5 ms a second) does not do between two looks. */
#define CLOCK_STEP_NS ((int64_t)SECOND_NS / 2)
/* A queue that nothing leaves for so long has no reader. */
#define STUCK_NS (10 * SECOND_NS)

/* The lanes' time line is steady; what is told is the wall clock of today. */
static int64_t to_wall_clock_ns(const struct exporter *e)
{
	if (!e->live)
		return 0;
	return (int64_t)(clock_wall_ns() - clock_monotonic_ns()) - e->epoch_offset_ns;
}

static void shift_times(struct flow_record *r, int64_t shift)
{
	r->start_ns += (uint64_t)shift;
	r->end_ns += (uint64_t)shift;
	for (int d = 0; d < DIR_N; d++) {
		if (!r->dir_start_ns[d])
			continue;
		r->dir_start_ns[d] += (uint64_t)shift;
		r->dir_end_ns[d] += (uint64_t)shift;
	}
	r->lists_start_ns += (uint64_t)shift;
}

/* How long the output is left alone: until it may send again, as far as it knows. */
static uint64_t wait_ns(const struct output *o)
{
	uint64_t paced_ns = output_wait_ns(o, clock_wall_ns());

	return paced_ns ? paced_ns : ROOM_WAIT_NS;
}

/* Ends when the program is told to stop: from then on a full queue drops by name. */
static void wait_for_room(struct exporter *e, struct output *o)
{
	while (!output_has_room(o) && !atomic_load_explicit(e->stop, memory_order_relaxed)) {
		counter_add(&e->turns, 1);
		output_poll(o, clock_wall_ns());
		if (!output_has_room(o))
			sleep_ns(wait_ns(o));
	}
}

static void tell(struct exporter *e, pfring_ft_flow *flow)
{
	struct flow_record r;

	ft_flow_record(flow, &r);
	r.sampling_packets = e->sampling;
	if (e->live)
		shift_times(&r, to_wall_clock_ns(e));
	flow_record_order_times(&r);
	top_count(&e->top, &r);
	if (e->privacy)
		privacy_apply(e->privacy, &r);
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		if (!e->live)
			wait_for_room(e, e->outputs[i]);
		output_submit(e->outputs[i], &r);
	}
	e->records++;
	record_ages_add(&e->ages, r.end_ns - r.start_ns);
	pfring_ft_flow_free(flow);
}

static unsigned int take_from_lanes(struct exporter *e)
{
	void *flows[TAKE_MAX];
	unsigned int taken = 0;

	for (unsigned int i = 0; i < e->n_lanes; i++) {
		unsigned int n =
			rte_ring_sc_dequeue_burst(e->lanes[i].ended, flows, TAKE_MAX, NULL);

		for (unsigned int f = 0; f < n; f++)
			tell(e, flows[f]);
		taken += n;
	}
	return taken;
}

/* Only true when looked at before the rings are: what a lane put in last is still found. */
static bool lanes_done(const struct exporter *e)
{
	for (unsigned int i = 0; i < e->n_lanes; i++)
		if (!atomic_load_explicit(&e->lanes[i].done, memory_order_acquire))
			return false;
	return true;
}

bool exporter_unread(const struct exporter *e)
{
	for (unsigned int i = 0; i < e->n_outputs; i++)
		if (!output_reader_gone(e->outputs[i]))
			return false;
	return true;
}

/* A probe that runs for months says when an output begins to fail, and then now and again. */
static void tell_trouble(struct exporter *e)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (now_ns - e->looked_ns < TROUBLE_LOOK_NS)
		return;
	e->looked_ns = now_ns;
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		struct output_trouble *t = &e->trouble[i];
		const struct output_counters *c = output_counters(e->outputs[i]);
		uint64_t dropped = c->dropped[OUTPUT_DROP_transport];
		uint64_t seen = dropped + c->count[OUTPUT_sessions_failed];
		bool more = seen > t->seen;

		t->seen = seen;
		if (!more || (t->told_ns && now_ns - t->told_ns < TROUBLE_TELL_NS))
			continue;
		t->told_ns = now_ns;
		log_warning("output %s (%" PRIu64 " records lost so far)",
			    output_last_error(e->outputs[i]), dropped);
	}
}

static void sum_lane(const struct exporter *e, const struct lane *l, struct output_metering *m)
{
	const struct lane_counters *c = ft_counters(l->table);
	const uint64_t shift = (uint64_t)to_wall_clock_ns(e);
	uint64_t first_ns, last_ns;

	m->packets_observed += counter_read(&c->rx_packets);
	for (int i = 0; i < DROP_N; i++)
		if (i != DROP_sampled_out)
			m->ignored_packets += counter_read(&c->dropped[i]);
	m->ignored_octets += counter_read(&c->ignored_bytes);
	m->packets_selected +=
		counter_read(&c->rx_packets) - counter_read(&c->dropped[DROP_sampled_out]);
	ft_ignored_times(l->table, &first_ns, &last_ns);
	if (first_ns && (!m->first_ignored_ns || first_ns + shift < m->first_ignored_ns))
		m->first_ignored_ns = first_ns + shift;
	if (last_ns && last_ns + shift > m->last_ignored_ns)
		m->last_ignored_ns = last_ns + shift;
}

/* What options records say of metering: the numbers that the probe reports itself. */
static void tell_metering(struct exporter *e)
{
	uint64_t now_ns = clock_wall_ns();
	struct output_metering m = {.sampling_packets = e->sampling,
				    .sampling_random = e->sampling_random};

	if (now_ns - e->metering_ns < METERING_LOOK_NS)
		return;
	e->metering_ns = now_ns;
	for (unsigned int i = 0; i < e->n_lanes; i++)
		sum_lane(e, &e->lanes[i], &m);
	if (e->add_unseen && lanes_done(e))
		e->add_unseen(e->files, &m);
	for (unsigned int i = 0; i < e->n_outputs; i++)
		output_set_metering(e->outputs[i], &m);
}

/* Flow and export times follow the wall clock, wherever it goes; whoever reads them wants to know.
 */
static void watch_clock(struct exporter *e)
{
	int64_t shift_ns = (int64_t)(clock_wall_ns() - clock_monotonic_ns());
	int64_t step_ns = shift_ns - e->clock_shift_ns;

	if (e->clock_shift_ns && (step_ns > CLOCK_STEP_NS || step_ns < -CLOCK_STEP_NS))
		log_notice("the clock was set by %+.3f s; flow and export times go on from there",
			   (double)step_ns / SECOND_NS);
	e->clock_shift_ns = shift_ns;
}

/* Nobody may listen yet: an event is offered again after so long. */
#define EVENT_RETRY_NS (SECOND_NS / 4)

static uint64_t lost_in_table(const struct lane_counters *c)
{
	return counter_read(&c->table[TABLE_records_dropped_detached]) +
	       counter_read(&c->table[TABLE_records_dropped_ring_full]);
}

/* The counters of the moment, of all lanes and of all ZMQ outputs. */
static void fill_event(struct exporter *e, struct export_event *event)
{
	for (unsigned int i = 0; i < e->n_lanes; i++) {
		const struct lane_counters *c = ft_counters(e->lanes[i].table);

		event->bytes += counter_read(&c->rx_bytes);
		event->packets += counter_read(&c->rx_packets);
		event->packet_drops += counter_read(&c->dropped[DROP_lane_ring_full]);
		event->too_many_flows += lost_in_table(c);
	}
	if (e->lost_packets)
		event->packet_drops += e->lost_packets(e->source);
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		const struct output_counters *c = output_counters(e->outputs[i]);

		if (output_spec_of(e->outputs[i])->type != OUTPUT_ZMQ)
			continue;
		event->export_queue_full += c->dropped[OUTPUT_DROP_queue_full];
		event->records_sent += c->count[OUTPUT_sent];
		event->outputs++;
	}
	event->time_s = clock_wall_ns() / SECOND_NS;
	event->uptime_s = (clock_monotonic_ns() - e->started_ns) / SECOND_NS;
}

static void tell_event(struct exporter *e, unsigned int i, uint64_t now_ns)
{
	struct exporter_events *told = &e->events[i];
	struct export_event event = e->about;
	char *json;

	fill_event(e, &event);
	event.source_id = output_spec_of(e->outputs[i])->observation_domain;
	event.interval_ns = now_ns - (told->told_ns ? told->told_ns : e->started_ns);
	event.interval_bytes = event.bytes - told->bytes;
	event.interval_packets = event.packets - told->packets;
	json = export_event_json(&event);
	if (json && output_publish(e->outputs[i], "event", json) == 0) {
		told->told_ns = now_ns;
		told->bytes = event.bytes;
		told->packets = event.packets;
	}
	free(json);
}

/* At first when somebody listens, then at the output's interval. */
static void tell_events(struct exporter *e)
{
	const uint64_t now_ns = clock_monotonic_ns();

	for (unsigned int i = 0; i < e->n_outputs; i++) {
		const struct output_spec *s = output_spec_of(e->outputs[i]);
		struct exporter_events *told = &e->events[i];

		if (s->type != OUTPUT_ZMQ || !s->stats_interval_ns)
			continue;
		if (told->told_ns && now_ns - told->told_ns < s->stats_interval_ns)
			continue;
		if (told->tried_ns && now_ns - told->tried_ns < EVENT_RETRY_NS)
			continue;
		told->tried_ns = now_ns;
		tell_event(e, i, now_ns);
	}
}

/* With the sums at the end. */
static void tell_last_events(struct exporter *e)
{
	for (unsigned int i = 0; i < e->n_outputs; i++)
		if (output_spec_of(e->outputs[i])->type == OUTPUT_ZMQ &&
		    output_spec_of(e->outputs[i])->stats_interval_ns)
			tell_event(e, i, clock_monotonic_ns());
}

/* When every reader went away (| head) the run ends: there is nobody left to tell. */
static void poll_outputs(struct exporter *e)
{
	tell_metering(e);
	tell_events(e);
	for (unsigned int i = 0; i < e->n_outputs; i++)
		output_poll(e->outputs[i], clock_wall_ns());
	if (e->live) {
		watch_clock(e);
		tell_trouble(e);
		exporter_traffic_look(e);
	}
	if (exporter_unread(e))
		atomic_store_explicit(e->stop, true, memory_order_relaxed);
}

/* Records that wait in all outputs, and how long those that have some can be left alone. */
static uint64_t poll_waiting(struct exporter *e, uint64_t *rest_ns)
{
	uint64_t waiting = 0;

	counter_add(&e->turns, 1);
	*rest_ns = REST_NS;
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		uint32_t records = output_poll(e->outputs[i], clock_wall_ns());
		uint64_t alone_ns = wait_ns(e->outputs[i]);

		if (records && alone_ns < *rest_ns)
			*rest_ns = alone_ns;
		waiting += records;
	}
	return waiting;
}

/*
 * With files nothing is dropped for want of time: every queue empties at the pace of its transport,
 * unless one has stood still for long or the program is told to stop.
 */
static void drain_lossless(struct exporter *e)
{
	uint64_t least = UINT64_MAX, moved_ns = clock_monotonic_ns();

	for (unsigned int i = 0; i < e->n_outputs; i++)
		output_drain(e->outputs[i]);
	while (!atomic_load_explicit(e->stop, memory_order_relaxed) &&
	       clock_monotonic_ns() - moved_ns < STUCK_NS) {
		uint64_t rest_ns, waiting = poll_waiting(e, &rest_ns);

		if (!waiting)
			break;
		if (waiting < least) {
			least = waiting;
			moved_ns = clock_monotonic_ns();
		}
		sleep_ns(rest_ns);
	}
}

unsigned int exporter_turn(struct exporter *e)
{
	unsigned int taken;

	counter_add(&e->turns, 1);
	if (atomic_load_explicit(&e->change, memory_order_relaxed))
		exporter_take_change(e);
	taken = take_from_lanes(e);
	poll_outputs(e);
	if (!e->stop_seen_ns && atomic_load_explicit(e->stop, memory_order_relaxed))
		e->stop_seen_ns = clock_monotonic_ns();
	exporter_report_answer(e);
	return taken;
}

/* One bound for flows and outputs together: it runs from when the end was asked for. */
static uint64_t stop_deadline_ns(const struct exporter *e)
{
	uint64_t now_ns = clock_monotonic_ns();

	return (e->stop_seen_ns ? e->stop_seen_ns : now_ns) + e->stop_timeout_ns;
}

void exporter_run(struct exporter *e)
{
	if (!e->started_ns)
		e->started_ns = clock_monotonic_ns();
	for (;;) {
		bool last = lanes_done(e);

		if (exporter_turn(e))
			continue;
		if (last)
			break;
		sleep_ns(REST_NS);
	}
	atomic_store(&e->ended, true);
	if (!e->live)
		drain_lossless(e);
	e->metering_ns = 0; /* once more, with all of it */
	tell_metering(e);
	tell_last_events(e);
	uint64_t deadline = stop_deadline_ns(e);
	for (unsigned int i = 0; i < e->n_outputs; i++)
		output_close(e->outputs[i], deadline);
}
