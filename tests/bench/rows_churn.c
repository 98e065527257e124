/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that come and go: churn, a full table, a flood, records, and what the sweep costs. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "drive.h"
#include "export/output.h"

/* A flow of the lasting kind is seen so many times, on average, before it would be idle. */
#define LASTING_SEEN 8

/* One packet in `every` begins a flow. */
struct churn {
	uint32_t lasting; /* flows that are seen again and again */
	uint32_t every;
	uint64_t idle_ns;
};

/*
 * So that about a million flows are in the table when as many end by idleness as begin: flows of
 * one packet wait for their end while the lasting ones are seen LASTING_SEEN times.
 */
static struct churn churn_of(uint32_t flows, uint32_t every)
{
	const uint64_t share = 1000 + 1000ULL * LASTING_SEEN / (every - 1);
	const uint32_t lasting = (uint32_t)(flows * 1000ULL / share);

	return (struct churn){
		.lasting = lasting,
		.every = every,
		.idle_ns = (uint64_t)LASTING_SEEN * lasting * every / (every - 1) * DRIVE_STEP_NS,
	};
}

/* Packets of lasting flows; the others are flows that come once in the stream. */
static void churn_stream(struct stream *s, const struct churn *c)
{
	static const struct frame_spec lasting, fresh = {.seed = 1ULL << 40};

	for (uint32_t i = 0; i < s->n; i++) {
		uint8_t *frame = s->frames + (size_t)i * FRAME_BYTES;

		if (i % c->every == 0)
			frame_make(frame, &fresh, i, false);
		else
			frame_make(frame, &lasting, below(mix64(i), c->lasting), false);
	}
}

static void measure_churn(struct bench *b, const char *name, uint32_t every)
{
	const struct churn c = churn_of(bench_flows(b), every);
	const struct drive_options o = {.flows_max = bench_flows(b) * 3 / 2, .idle_ns = c.idle_ns};
	/* Twice the time until a flow is idle: nobody meets itself on the next round. */
	const uint64_t n = 2 * c.idle_ns / DRIVE_STEP_NS;
	struct bench_row *r = bench_row(b, name);
	const struct frame_spec spec = {0};
	struct stream s = {0};
	struct drive d;

	if (!bench_wants(b, name))
		return;
	if (drive_open(&d, &o)) {
		bench_void(r, "the table cannot be made");
		return;
	}
	if (stream_make(&s, &spec, STREAM_EACH_ONCE, (uint32_t)(n + 63) & ~63U, 1) == 0) {
		churn_stream(&s, &c);
		drive_fill(&d, &spec, c.lasting);
		drive_pipelined(&d, &s, 0, s.n);
		uint64_t begun = drive_counter(&d, TABLE_flows_created);
		uint64_t given = d.packets;
		drive_measure(b, r, &d, &s, drive_pipelined);
		bench_note(r, "1 in %.1f begins a flow, %llu flows in the table",
			   (double)(d.packets - given) /
				   (double)(drive_counter(&d, TABLE_flows_created) - begun),
			   (unsigned long long)ft_flows_active(d.table));
		drive_check(&d, r);
	} else {
		bench_void(r, "no memory for the packets");
	}
	stream_free(&s);
	drive_close(&d);
}

void bench_churn(struct bench *b)
{
	measure_churn(b, "churn_100", 100);
	measure_churn(b, "churn_4", 4);
}

/* Every packet begins a flow, after as many as fill the table once and a half. */
static void begin_flows(struct bench *b, struct bench_row *r, struct drive *d, enum frame_kind kind)
{
	const struct frame_spec spec = {.kind = kind};
	const uint32_t n = bench_flows(b) / 8, before = 12 * n;
	struct stream s = {0};

	if (stream_make(&s, &spec, STREAM_EACH_ONCE, before + b->tries * n, 1)) {
		bench_void(r, "no memory for the packets");
		return;
	}
	drive_pipelined(d, &s, 0, before);
	drive_drain(d);
	for (unsigned int try = 0; try < b->tries; try++) {
		uint64_t start = thread_ns();

		drive_pipelined(d, &s, before + try * n, n);
		bench_sample(r, thread_ns() - start, n);
	}
	drive_drain(d);
	stream_free(&s);
	bench_check(r, "flows begun", d->packets, drive_counter(d, TABLE_flows_created));
	bench_note(r, "%llu flows in the table, %llu ended as overflow, %llu as idle",
		   (unsigned long long)ft_flows_active(d->table),
		   (unsigned long long)drive_counter(d, TABLE_flows_ended_overflow),
		   (unsigned long long)drive_counter(d, TABLE_flows_ended_idle));
	drive_check(d, r);
}

static void measure_new(struct bench *b, const char *name, const struct drive_options *o,
			enum frame_kind kind)
{
	const struct output_spec null = {.type = OUTPUT_NULL};
	struct bench_row *r = bench_row(b, name);
	char error[256];
	struct drive d;

	if (!bench_wants(b, name))
		return;
	if (drive_open(&d, o)) {
		bench_void(r, "the table cannot be made");
		return;
	}
	if (o->idle_ns && output_open(&d.output, &null, error, sizeof error))
		bench_void(r, "%s", error);
	else
		begin_flows(b, r, &d, kind);
	if (d.output) {
		output_close(d.output, clock_monotonic_ns() + SECOND_NS);
		bench_check(r, "records sent", d.out_records,
			    output_counters(d.output)->count[OUTPUT_sent]);
	}
	output_free(d.output);
	drive_close(&d);
}

void bench_flood(struct bench *b)
{
	const uint32_t flows = bench_flows(b);
	const struct drive_options full = {.flows_max = flows};
	/* The table stays below its bound: as many flows end as begin. */
	const struct drive_options idle = {.flows_max = flows,
					   .idle_ns = (uint64_t)flows * 3 / 4 * DRIVE_STEP_NS};

	measure_new(b, "full_table", &full, FRAME_UDP);
	measure_new(b, "syn_flood", &full, FRAME_SYN);
	measure_new(b, "new_flows_null", &idle, FRAME_UDP);
}

/* The whole table is looked at once. */
static void sweep_all(struct drive *d, uint64_t later_ns)
{
	d->time_ns += later_ns;
	while (pfring_ft_housekeeping_ns(d->table, d->time_ns))
		continue;
}

static void measure_ending(struct bench *b, struct bench_row *r)
{
	const struct drive_options o = {.flows_max = bench_flows(b), .idle_ns = 4 * SECOND_NS};
	const struct frame_spec spec = {0};
	struct drive d;

	if (drive_open(&d, &o)) {
		bench_void(r, "the table cannot be made");
		return;
	}
	for (unsigned int try = 0; try < b->tries; try++) {
		drive_fill(&d, &spec, o.flows_max);
		uint64_t before = d.out_records, start = thread_ns();

		/* A sweep over all takes an eighth of that, or a second. */
		for (int part = 0; part < 16 && ft_flows_active(d.table); part++)
			sweep_all(&d, SECOND_NS / 2);
		bench_sample(r, thread_ns() - start, d.out_records - before);
		bench_check(r, "flows", o.flows_max, d.out_records - before);
	}
	drive_check(&d, r);
	drive_close(&d);
}

void bench_expiry(struct bench *b)
{
	const struct drive_options o = {.flows_max = bench_flows(b)};
	struct bench_row *r = bench_row(b, "expiry_slot");
	const struct frame_spec spec = {0};
	struct drive d;

	if (bench_wants(b, "expiry_flow"))
		measure_ending(b, bench_row(b, "expiry_flow"));
	if (!bench_wants(b, "expiry_slot"))
		return;
	if (drive_open(&d, &o)) {
		bench_void(r, "the table cannot be made");
		return;
	}
	drive_fill(&d, &spec, o.flows_max);
	const struct ft_table *t = d.table;
	/* The first look at a new flow says when the next one is due. */
	sweep_all(&d, t->flows->sweep_period_ns);
	for (unsigned int try = 0; try < b->tries; try++) {
		uint64_t start = thread_ns();

		sweep_all(&d, t->flows->sweep_period_ns);
		bench_sample(r, thread_ns() - start,
			     (uint64_t)t->flows->n_groups * FLOW_GROUP_SLOTS);
	}
	bench_check(r, "flows", o.flows_max, ft_flows_active(d.table));
	drive_check(&d, r);
	drive_close(&d);
}
