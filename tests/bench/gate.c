/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipelined against a packet at a time, with a million flows: without prefetches (gcc 12 may remove
 * the calls, see core/prefetch.h) both wait for the same memory. The best of several tries counts,
 * for whatever else runs on the machine only makes a try worse.
 */
#include "gate.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "drive.h"

#define GATE_TRIES   9
#define GATE_FLOOR   1.5
#define GATE_SKIP    77
#define GATE_PACKETS (1U << 20)
/* A try whose thread had less of the core than this tells nothing when it fails. */
#define GATE_SHARE_MIN 0.9
/* Below so many nanoseconds a packet at a time the lines of a million flows are in a cache. */
#define CACHED_NS 30.0

struct gate_try {
	double ratio, share;
	double single_ns;
};

static struct gate_try once(struct drive *d, const struct stream *s)
{
	uint64_t wall = clock_monotonic_ns(), start = thread_ns(), middle, end;

	drive_pipelined(d, s, 0, GATE_PACKETS);
	drive_drain(d);
	middle = thread_ns();
	drive_singly(d, s, 0, GATE_PACKETS);
	end = thread_ns();
	wall = clock_monotonic_ns() - wall;
	return (struct gate_try){
		.ratio = (double)(end - middle) / (double)(middle - start),
		.share = (double)(end - start) / (double)wall,
		.single_ns = (double)(end - middle) / GATE_PACKETS,
	};
}

static int judge(struct drive *d, const struct stream *s)
{
	struct gate_try best = {0};
	bool quiet = false;

	for (int i = 0; i < GATE_TRIES && best.ratio < GATE_FLOOR; i++) {
		struct gate_try t = once(d, s);

		printf("pipelined is %.2f times as fast as a packet at a time (%.1f ns), "
		       "%.0f %% of the core\n",
		       t.ratio, t.single_ns, 100 * t.share);
		quiet |= t.share >= GATE_SHARE_MIN;
		if (t.ratio > best.ratio)
			best = t;
	}
	if (best.ratio >= GATE_FLOOR)
		return 0;
	if (!quiet || machine_load() > machine_cores() + 0.5) {
		printf("skipped: the machine is too busy to tell (load %.1f)\n", machine_load());
		return GATE_SKIP;
	}
	if (best.single_ns < CACHED_NS) {
		printf("skipped: the table fits the caches of this machine\n");
		return GATE_SKIP;
	}
	printf("below %.1f: are the prefetches gone?\n", GATE_FLOOR);
	return 1;
}

int gate_run(struct bench *b)
{
	const struct drive_options o = {.flows_max = bench_flows(b)};
	const struct frame_spec spec = {0};
	const char *preload = getenv("LD_PRELOAD");
	struct bench_row sums = {.name = "gate"};
	struct stream s = {0};
	struct drive d;
	int status;

	if (preload && strstr(preload, "vgpreload")) {
		printf("skipped: valgrind's times mean nothing\n");
		return GATE_SKIP;
	}
	machine_pin(b->core);
	if (drive_open(&d, &o))
		return GATE_SKIP;
	drive_fill(&d, &spec, o.flows_max);
	if (stream_make(&s, &spec, STREAM_UNIFORM, GATE_PACKETS, o.flows_max) != 0) {
		printf("skipped: no memory\n");
		drive_close(&d);
		return GATE_SKIP;
	}
	status = judge(&d, &s);
	drive_check(&d, &sums);
	if (sums.is_void)
		printf("wrong totals: %s\n", sums.note);
	stream_free(&s);
	drive_close(&d);
	return sums.is_void ? 1 : status;
}
