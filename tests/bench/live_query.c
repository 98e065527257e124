/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * live_query [FLOWS [QUERIES [dpi]]]: what a live query costs a lane at full speed, and how soon it
 * answers. While another thread asks for the ten largest flows that match a filter, the lane
 * answers in every second window of some 4 ms, and does then what was due in both. So the two sorts
 * of windows meet the same machine, whatever else runs on it; what they differ by is what the query
 * takes of both. Exits with 1 when the median loss of all queries is 2 % or more, an
 * answer took 2 s or longer, or a record was torn.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/clock.h"
#include "drive.h"
#include "flow_query.h"
#include "flow_scan.h"
#include "lane_query.h"

#define QUERIES_MAX   50
#define STREAM_FRAMES (1U << 21)
#define LOSS_MAX      0.02
#define ANSWER_S_MAX  2.0

/* Packets of a window, and pairs of windows in a query at most. */
#define WINDOW	  131072
#define PAIRS_MAX 4096

struct asker {
	struct lane *lane;
	atomic_bool go, done, stop;
	double seconds;
	uint64_t seen, matched, wrong;
	unsigned int rows;
};

/* Every frame is as long as every other: a torn record would say something else. */
static void see(void *self, const struct flow_record *r)
{
	struct asker *a = ((void **)self)[0];

	a->wrong += r->octets[DIR_FWD] != r->packets[DIR_FWD] * FRAME_IP_BYTES ||
		    r->end_ns < r->start_ns || !r->packets[DIR_FWD];
	flow_query_see(((void **)self)[1], r);
}

static void ask(struct asker *a)
{
	static struct flow_query q;
	struct filter_error error;
	void *both[2] = {a, &q};
	struct flow_scan s = {.lanes = a->lane, .n_lanes = 1, .see = see, .self = both};
	const uint64_t began_ns = clock_monotonic_ns();

	if (flow_query_init(&q, "proto == udp and dst_port != 53", "total_bytes", 10, &error))
		abort();
	flow_scan_begin(&s);
	while (flow_scan_step(&s) > 0)
		sleep_ns(1000000);
	flow_query_sort(&q);
	a->seconds = (double)(clock_monotonic_ns() - began_ns) / SECOND_NS;
	a->seen = s.seen;
	a->matched = q.matched;
	a->rows = q.n;
	flow_query_free(&q);
}

static void *asker_run(void *self)
{
	struct asker *a = self;

	machine_pin(0);
	while (!atomic_load(&a->stop)) {
		if (!atomic_exchange(&a->go, false)) {
			sleep_ns(1000000);
			continue;
		}
		ask(a);
		atomic_store(&a->done, true);
	}
	return NULL;
}

/* As app/lane.c: a test of the flag a burst. CPU time of the window. */
static double run_window(struct lane *l, struct drive *d, const struct stream *s, bool answers)
{
	static uint64_t at;
	const uint64_t start = thread_ns();

	for (unsigned int i = 0; i < WINDOW / DRIVE_BURST; i++, at += DRIVE_BURST) {
		drive_pipelined(d, s, (uint32_t)(at % s->n), DRIVE_BURST);
		if (atomic_load_explicit(&l->query->asked, memory_order_relaxed) && answers)
			lane_query_step(l);
	}
	return (double)(thread_ns() - start);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof *values, compare);
	return (values[n / 2] + values[(n - 1) / 2]) / 2;
}

/* The mean of the middle nine tenths: what a window suffers from others is not ours. */
static double middle(double *values, unsigned int n)
{
	const unsigned int ends = n / 20;
	double sum = 0;

	qsort(values, n, sizeof *values, compare);
	for (unsigned int i = ends; i < n - ends; i++)
		sum += values[i];
	return sum / (n - 2 * ends);
}

struct cost {
	double loss; /* share of the lane's time */
	double ns_a_packet, ns_a_flow;
};

/* Quiet and answering windows in turn until the answer is there. */
static struct cost measure(struct lane *l, struct drive *d, const struct stream *s, struct asker *a)
{
	static double quiet[PAIRS_MAX], more[PAIRS_MAX];
	unsigned int n = 0;

	atomic_store(&a->done, false);
	atomic_store(&a->go, true);
	for (; n < PAIRS_MAX && !atomic_load(&a->done); n++) {
		quiet[n] = run_window(l, d, s, false);
		more[n] = run_window(l, d, s, true) - quiet[n];
	}
	const double alone = middle(quiet, n), extra = middle(more, n);

	return (struct cost){
		.loss = extra / (2 * alone + extra),
		.ns_a_packet = alone / WINDOW,
		.ns_a_flow = extra * n / (double)(a->seen ? a->seen : 1),
	};
}

static int run(struct lane *l, struct drive *d, const struct stream *s, unsigned int queries)
{
	static struct asker a;
	double loss[QUERIES_MAX], slowest = 0;
	uint64_t wrong = 0;
	pthread_t thread;

	a = (struct asker){.lane = l};
	if (pthread_create(&thread, NULL, asker_run, &a))
		return 1;
	for (unsigned int i = 0; i < 4 * s->n / WINDOW; i++)
		run_window(l, d, s, false);
	for (unsigned int i = 0; i < queries; i++) {
		const struct cost c = measure(l, d, s, &a);

		loss[i] = c.loss;
		slowest = a.seconds > slowest ? a.seconds : slowest;
		wrong += a.wrong;
		printf("query %2u: %.2f ns a packet, loss %5.2f %%, %.1f ns a flow, answer of %u "
		       "rows out of %llu flows (%llu match) in %.2f s\n",
		       i + 1, c.ns_a_packet, 100 * c.loss, c.ns_a_flow, a.rows,
		       (unsigned long long)a.seen, (unsigned long long)a.matched, a.seconds);
		fflush(stdout);
	}
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	const double lost = median(loss, queries);
	const bool good = lost < LOSS_MAX && slowest < ANSWER_S_MAX && !wrong;

	printf("median loss %.2f %% (less than %.0f %%), slowest answer %.2f s (less than %.0f s), "
	       "%llu records torn: %s\n",
	       100 * lost, 100 * LOSS_MAX, slowest, ANSWER_S_MAX, (unsigned long long)wrong,
	       good ? "holds" : "DOES NOT HOLD");
	return !good;
}

int main(int argc, char **argv)
{
	const uint32_t flows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1000000;
	unsigned int queries = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 10;
	const struct frame_spec spec = {.kind = FRAME_UDP};
	const struct drive_options o = {.flows_max = flows, .dpi_packets = argc > 3 ? 1 : 0};
	struct stream s = {0};
	struct drive d;
	struct lane l = {0};

	if (!queries || queries > QUERIES_MAX)
		queries = 10;
	machine_pin(machine_cores() > 1 ? 1 : 0);
	if (drive_open(&d, &o) || lane_query_create(&l.query) ||
	    stream_make(&s, &spec, STREAM_UNIFORM, STREAM_FRAMES, flows))
		return 1;
	l.table = d.table;
	drive_fill(&d, &spec, flows);
	int status = run(&l, &d, &s, queries);

	drive_drain(&d);
	drive_close(&d);
	lane_query_free(l.query);
	stream_free(&s);
	return status;
}
