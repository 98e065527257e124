/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ratios with a million flows, on any machine: pipelined against a packet at a time, and
 * against the latency of one line of the memory. Without prefetches (gcc 12 may remove the calls,
 * see core/prefetch.h) the second is lost: 7 becomes 1.4 where the figures of docs/performance.md
 * are from. The best of several tries counts, for whatever else runs on the machine only makes a
 * try worse; what a busy machine cannot tell is skipped.
 */
#include "gate.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "drive.h"
#include "lines.h"

#define GATE_TRIES   9
#define GATE_SKIP    77
#define GATE_PACKETS (1U << 20)
#define GATE_SINGLES (1U << 17)
/* Packets at a time, and lines one after the other, in terms of packets pipelined. */
#define SINGLE_FLOOR 2.0
#define LINE_FLOOR   2.5
/* A try whose thread had less of the core than this tells nothing when it fails. */
#define GATE_SHARE_MIN 0.9
/* Below so many nanoseconds a line, the lines of a million flows are in a cache. */
#define CACHED_NS 60.0

struct gate_try {
	double single, line; /* ratios */
	double line_ns, share;
};

static double since(uint64_t *ns)
{
	const uint64_t before = *ns;

	*ns = thread_ns();
	return (double)(*ns - before);
}

static struct gate_try once(struct drive *d, const struct stream *s, struct lines *l)
{
	uint64_t wall = clock_monotonic_ns(), start = thread_ns(), ns = start;
	double pipelined, single, line;

	drive_pipelined(d, s, 0, GATE_PACKETS);
	drive_drain(d);
	pipelined = since(&ns) / GATE_PACKETS;
	drive_singly(d, s, 0, GATE_SINGLES);
	single = since(&ns) / GATE_SINGLES;
	/* one bit of the result, so that there is one */
	d->time_ns += lines_chain(l, GATE_SINGLES) & 1;
	line = since(&ns) / GATE_SINGLES;
	wall = clock_monotonic_ns() - wall;
	printf("pipelined %.1f ns a packet, a packet at a time %.1f, a line of the memory %.1f\n",
	       pipelined, single, line);
	return (struct gate_try){
		.single = single / pipelined,
		.line = line / pipelined,
		.line_ns = line,
		.share = (double)(ns - start) / (double)wall,
	};
}

static bool passes(const struct gate_try *t)
{
	return t->single >= SINGLE_FLOOR && t->line >= LINE_FLOOR;
}

static int judge(struct drive *d, const struct stream *s, struct lines *l)
{
	struct gate_try best = {0};
	bool quiet = false;

	for (int i = 0; i < GATE_TRIES && !passes(&best); i++) {
		struct gate_try t = once(d, s, l);

		quiet |= t.share >= GATE_SHARE_MIN;
		if (t.line > best.line)
			best = t;
	}
	printf("a packet at a time / pipelined: %.2f (at least %.1f), a line / pipelined: %.2f (at "
	       "least %.1f)\n",
	       best.single, SINGLE_FLOOR, best.line, LINE_FLOOR);
	if (passes(&best))
		return 0;
	if (!quiet || machine_load() > machine_cores() + 0.5) {
		printf("skipped: noisy, the machine is too busy to tell (load %.1f)\n",
		       machine_load());
		return GATE_SKIP;
	}
	if (best.line_ns < CACHED_NS) {
		printf("skipped: the table fits the caches of this machine\n");
		return GATE_SKIP;
	}
	printf("below: are the prefetches gone?\n");
	return 1;
}

static int compare(struct bench *b, struct drive *d)
{
	const struct frame_spec spec = {0};
	struct bench_row sums = {.name = "gate"};
	struct stream s = {0};
	struct lines l = {0};
	int status = GATE_SKIP;

	drive_fill(d, &spec, bench_flows(b));
	if (stream_make(&s, &spec, STREAM_UNIFORM, GATE_PACKETS, bench_flows(b)) == 0 &&
	    lines_map(&l, bench_flows(b)) == 0)
		status = judge(d, &s, &l);
	else
		printf("skipped: no memory\n");
	drive_check(d, &sums);
	if (sums.is_void)
		printf("wrong totals: %s\n", sums.note);
	memory_unmap(&l.memory);
	stream_free(&s);
	return sums.is_void ? 1 : status;
}

int gate_run(struct bench *b)
{
	const struct drive_options o = {.flows_max = bench_flows(b)};
	const char *preload = getenv("LD_PRELOAD");
	struct drive d;
	int status;

	if (preload && strstr(preload, "vgpreload")) {
		printf("skipped: valgrind's times mean nothing\n");
		return GATE_SKIP;
	}
	machine_pin(b->core);
	if (drive_open(&d, &o)) {
		printf("skipped: no memory\n");
		return GATE_SKIP;
	}
	status = compare(b, &d);
	drive_close(&d);
	return status;
}
