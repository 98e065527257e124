/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ends of the packet's way: receive, process, verdict, emit. The middle is lib/ft/pipeline.c.
 */
#include "lane.h"

#include <rte_ring.h>

#include "core/clock.h"
#include "lane_query.h"

/* How often a waiting lane looks at the exporter's ring. */
#define RING_WAIT_NS 50000
/* How often a lane that tells its flows itself does so before its ring is full. */
#define TELL_NS 1000000

/* The probe watches: whatever the verdict, a packet ends here. */
static void verdict(struct lane *l, const pfring_ft_packet *packets, unsigned int n)
{
	if (n)
		l->input.release(l->input.self, packets, n);
}

static bool may_wait_for_exporter(const struct lane *l)
{
	if (!l->live)
		return true;
	return l->give_up_ns && clock_monotonic_ns() < l->give_up_ns;
}

/* The table's export callback. A full ring costs the record, by name, never the lane. */
static void emit(pfring_ft_flow *flow, void *self)
{
	struct lane *l = self;

	while (rte_ring_sp_enqueue(l->ended, flow) != 0) {
		if (l->tell) {
			l->tell(l->teller);
			continue;
		}
		if (!may_wait_for_exporter(l)) {
			ft_count_table(l->table, TABLE_records_dropped_ring_full);
			pfring_ft_flow_free(flow);
			return;
		}
		counter_add(&l->turns, 1);
		sleep_ns(RING_WAIT_NS);
	}
}

/* A record waits no longer for a lane that tells it than it would for the exporter. */
static void tell_now_and_again(struct lane *l)
{
	uint64_t now_ns;

	if (!l->tell)
		return;
	now_ns = clock_read_ns(CLOCK_MONOTONIC_COARSE); /* costs a fifth of the exact time */
	if (now_ns - l->told_ns < TELL_NS)
		return;
	l->told_ns = now_ns;
	l->tell(l->teller);
}

/* No packet: timeouts go on; then the CPU rests. */
static void idle(struct lane *l)
{
	uint64_t reached_ns = l->input.now_ns(l->input.self);

	if (l->input.time_restarts && l->input.time_restarts(l->input.self)) {
		pfring_ft_housekeeping_ns(l->table, reached_ns);
		ft_restart_time(l->table);
	}
	if (!l->live)
		return;
	if (pfring_ft_housekeeping_ns(l->table, reached_ns) == 0 && !l->refits)
		idle_rest(&l->idle, &l->input);
}

/*
 * One burst, from the input through the table and back, with times where they are wanted: packets
 * that came, or INPUT_END, and in *n_out those that went.
 */
static inline __attribute__((always_inline)) int turn(struct lane *l, struct lane_marks *marks,
						      unsigned int *n_out)
{
	pfring_ft_packet *in = pfring_ft_own_burst(l->table);
	int n_in = l->input.receive(l->input.self, in, l->burst);

	if (n_in == INPUT_END)
		return n_in;
	lane_load_mark(marks, LANE_STAGE_RECEIVE);
	admit_burst(&l->admit, l->table, in, (unsigned int)n_in);
	lane_load_mark(marks, LANE_STAGE_ADMIT);
	*n_out = pfring_ft_process_burst(l->table, in, (unsigned int)n_in, NULL);
	lane_load_mark(marks, LANE_STAGE_PROCESS);
	verdict(l, pfring_ft_own_burst(l->table), *n_out);
	lane_load_mark(marks, LANE_STAGE_RELEASE);
	return n_in;
}

static __attribute__((noinline)) int measured_turn(struct lane *l, unsigned int *n_out)
{
	struct lane_marks marks = {.begin_ns = clock_monotonic_ns()};
	int n_in = turn(l, &marks, n_out);

	if (n_in != INPUT_END)
		lane_load_add(&l->load, &marks, (unsigned int)n_in);
	return n_in;
}

/* What others ask, if they do; true when there was something to do, and may be more. */
static inline bool answer(struct lane *l)
{
	if (!l->query || !atomic_load_explicit(&l->query->asked, memory_order_relaxed))
		return false;
	return lane_query_step(l);
}

/* True when the input ended, false when the program stopped before. */
static bool receive_and_process(struct lane *l)
{
	while (!atomic_load_explicit(l->stop, memory_order_relaxed)) {
		counter_add(&l->turns, 1);
		unsigned int n_out = 0, question = report_question(&l->report.gate);
		int n_in = lane_load_is_due(&l->load) ? measured_turn(l, &n_out) :
							turn(l, NULL, &n_out);

		if (n_in == INPUT_END)
			return true;
		if (question)
			lane_report_answer(l, question);
		tell_now_and_again(l);
		lane_settings_take(l, n_in != 0);
		if (answer(l) || n_in) {
			lane_load_work(&l->load);
			idle_wake(&l->idle);
			continue;
		}
		lane_load_rest(&l->load);
		if (!n_out)
			idle(l);
	}
	return false;
}

/* The program stopped while a reader still filled this input: nobody may wait for it for ever. */
static void discard_input(struct lane *l)
{
	pfring_ft_packet packets[PFRING_FT_BURST_MAX];
	int n;

	while ((n = l->input.receive(l->input.self, packets, PFRING_FT_BURST_MAX)) != INPUT_END) {
		for (int i = 0; i < n; i++)
			ft_count_drop(l->table, DROP_lane_stopped, packets[i].len);
		verdict(l, packets, (unsigned int)n);
		if (n == 0 && l->input.time_restarts)
			l->input.time_restarts(l->input.self);
	}
}

/* What is still on its way through the table comes out, then every flow ends. */
static void drain(struct lane *l)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	unsigned int n;

	l->give_up_ns = clock_monotonic_ns() + l->stop_timeout_ns;
	while ((n = pfring_ft_process_burst(l->table, NULL, 0, out)) > 0)
		verdict(l, out, n);
	pfring_ft_housekeeping_ns(l->table, l->input.now_ns(l->input.self));
	pfring_ft_flush(l->table);
}

void lane_run(struct lane *l)
{
	pfring_ft_set_flow_export_callback(l->table, emit, l);
	if (l->live)
		idle_begin();
	bool ended = receive_and_process(l);

	lane_load_rest(&l->load);
	drain(l);
	if (!ended && l->input.shared)
		discard_input(l);
	l->cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	atomic_store_explicit(&l->done, true, memory_order_release);
}
