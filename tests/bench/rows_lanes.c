/* SPDX-License-Identifier: BSD-3-Clause */
/* Two lanes, each with a table, packets and a core of its own, against one: by the wall clock. */
#include "bench.h"

#include <pthread.h>
#include <string.h>

#include "core/clock.h"
#include "drive.h"

#define LANES 2
/* A core is not ours when the thread ran for less of the time than this. */
#define SHARE_MIN 0.95

struct lane_job {
	struct drive drive;
	struct stream stream;
	unsigned int core;
	uint32_t n;
	uint64_t wall_ns, cpu_ns;
	pthread_barrier_t *start;
};

static void *run(void *self)
{
	struct lane_job *j = self;

	machine_pin(j->core);
	pthread_barrier_wait(j->start);
	uint64_t wall = clock_monotonic_ns(), cpu = thread_ns();

	drive_pipelined(&j->drive, &j->stream, 0, j->n);
	drive_drain(&j->drive);
	j->cpu_ns = thread_ns() - cpu;
	j->wall_ns = clock_monotonic_ns() - wall;
	return NULL;
}

/* The time of the slowest; less than 0 when a core was not ours. */
static double run_lanes(struct lane_job *jobs, unsigned int n)
{
	pthread_t threads[LANES];
	pthread_barrier_t start;
	double wall = 0, share = 1;

	pthread_barrier_init(&start, NULL, n);
	for (unsigned int i = 0; i < n; i++) {
		jobs[i].start = &start;
		pthread_create(&threads[i], NULL, run, &jobs[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		double s = (double)jobs[i].cpu_ns / (double)jobs[i].wall_ns;

		share = s < share ? s : share;
		wall = (double)jobs[i].wall_ns > wall ? (double)jobs[i].wall_ns : wall;
	}
	pthread_barrier_destroy(&start);
	return share < SHARE_MIN ? -wall : wall;
}

static void sample(struct bench_row *r, struct lane_job *jobs, unsigned int n)
{
	double ns = -1;

	/* Somebody else's second of work is waited for. */
	for (int i = 0; i < 2 && ns < 0; i++)
		ns = run_lanes(jobs, n);
	if (ns < 0 && !r->is_void)
		bench_void(r, "%u cores were not free", n);
	bench_sample(r, (uint64_t)(ns < 0 ? -ns : ns), (uint64_t)n * jobs->n);
}

static int job_open(struct bench *b, struct lane_job *j, unsigned int core)
{
	const struct drive_options o = {.flows_max = bench_flows(b)};
	const struct frame_spec spec = {.seed = core};
	int rc = drive_open(&j->drive, &o);

	if (rc)
		return rc;
	j->core = core;
	j->n = drive_packets(b);
	drive_fill(&j->drive, &spec, o.flows_max);
	rc = stream_make(&j->stream, &spec, STREAM_UNIFORM, 1 << 20, o.flows_max);
	if (rc == 0)
		drive_pipelined(&j->drive, &j->stream, 0, j->stream.n);
	return rc;
}

void bench_lanes(struct bench *b)
{
	struct bench_row *one = bench_row(b, "lanes_1"), *two = bench_row(b, "lanes_2");
	struct lane_job jobs[LANES] = {0};
	int rc = 0;

	if (!bench_wants_any(b, "lanes_"))
		return;
	if (b->cores < LANES) {
		bench_void(two, "there are not two cores");
		return;
	}
	for (unsigned int i = 0; i < LANES && rc == 0; i++)
		rc = job_open(b, &jobs[i], b->core_list[i]);
	for (unsigned int try = 0; try < b->tries && rc == 0; try++) {
		sample(one, jobs, 1);
		sample(two, jobs, LANES);
	}
	for (unsigned int i = 0; i < LANES; i++) {
		if (jobs[i].drive.table) {
			drive_check(&jobs[i].drive, two);
			drive_close(&jobs[i].drive);
		}
		stream_free(&jobs[i].stream);
	}
	if (rc)
		bench_void(two, "no memory");
}
