/* SPDX-License-Identifier: BSD-3-Clause */
/* The table with flows that are there: burst by burst, size by size. */
#include "bench.h"

#include <string.h>

#include "drive.h"

/* Rows of one table and IP version. */
struct form_row {
	const char *name;
	drive_form form;
	enum stream_order order;
};

static const struct form_row forms[] = {
	{"pipe", drive_pipelined, STREAM_UNIFORM},
	{"b1", drive_singly, STREAM_UNIFORM},
	{"b32", drive_bursts, STREAM_UNIFORM},
	{"zipf", drive_pipelined, STREAM_ZIPF},
};

static void name_row(char *name, size_t len, const char *form, bool ipv6, const char *scale)
{
	snprintf(name, len, "table_%s%s_%s", ipv6 ? "v6_" : "", form, scale);
}

/*
 * Enough packets that the stream comes from memory, as packets of a device do, and that no cache
 * holds the lines of one round until the next.
 */
static uint32_t stream_packets(uint32_t flows)
{
	return flows >= 65536 ? 1U << 21 : 1U << 14;
}

static void measure_forms(struct bench *b, struct drive *d, const struct bench_scale *scale,
			  bool ipv6, struct stream *s)
{
	const struct frame_spec spec = {.ipv6 = ipv6};
	enum stream_order made = STREAM_EACH_ONCE;

	for (unsigned int i = 0; i < sizeof forms / sizeof *forms; i++) {
		char name[32];

		name_row(name, sizeof name, forms[i].name, ipv6, scale->name);
		if (!bench_wants(b, name))
			continue;
		if (made != forms[i].order) {
			if (stream_make(s, &spec, forms[i].order, stream_packets(scale->flows),
					scale->flows)) {
				bench_void(bench_row(b, name), "no memory for the packets");
				return;
			}
			made = forms[i].order;
			drive_pipelined(d, s, 0, drive_packets(b));
		}
		drive_measure(b, bench_row(b, name), d, s, forms[i].form);
	}
}

/* Every row of a table is void when its totals are wrong: one cannot tell which it was. */
static void check_forms(struct bench *b, struct drive *d, const struct bench_scale *scale,
			bool ipv6)
{
	struct bench_row sums = {.name = "sums"};

	drive_check(d, &sums);
	for (unsigned int i = 0; i < sizeof forms / sizeof *forms; i++) {
		char name[32];

		name_row(name, sizeof name, forms[i].name, ipv6, scale->name);
		struct bench_row *r = bench_row(b, name);
		if (!r->done || !sums.is_void)
			continue;
		bench_void(r, "%s", sums.note);
		r->wrong = true;
	}
}

/* The table, its cold records, and the stream. */
static uint64_t bytes_needed(uint32_t flows)
{
	const struct ft_options o = {.flows_max = flows, .detached_max = 4 * FLOW_DETACHED_MIN};

	return ft_table_bytes(&o) + (uint64_t)stream_packets(flows) * FRAME_BYTES + (1ULL << 30);
}

static bool wants_table(const struct bench *b, const char *scale, bool ipv6)
{
	for (unsigned int i = 0; i < sizeof forms / sizeof *forms; i++) {
		char name[32];

		name_row(name, sizeof name, forms[i].name, ipv6, scale);
		if (bench_wants(b, name))
			return true;
	}
	return false;
}

/* Flows of one IP version: they begin, are measured, and end. */
static void measure_version(struct bench *b, struct drive *d, const struct bench_scale *scale,
			    bool ipv6, struct stream *s)
{
	const struct frame_spec spec = {.ipv6 = ipv6};

	if (!wants_table(b, scale->name, ipv6))
		return;
	drive_fill(d, &spec, scale->flows);
	measure_forms(b, d, scale, ipv6, s);
	check_forms(b, d, scale, ipv6);
}

static void measure_table(struct bench *b, const struct bench_scale *scale)
{
	const struct drive_options o = {.flows_max = scale->flows};
	struct stream s = {0};
	struct drive d;
	char pipe[32];

	name_row(pipe, sizeof pipe, "pipe", false, scale->name);
	if (bytes_needed(scale->flows) > b->memory_bytes) {
		bench_void(bench_row(b, pipe), "%llu MB would be needed, %llu are free",
			   (unsigned long long)bytes_needed(scale->flows) >> 20,
			   (unsigned long long)b->memory_bytes >> 20);
		return;
	}
	if (drive_open(&d, &o)) {
		bench_void(bench_row(b, pipe), "the table cannot be made");
		return;
	}
	measure_version(b, &d, scale, false, &s);
	measure_version(b, &d, scale, true, &s);
	stream_free(&s);
	drive_close(&d);
}

/* One row with a table of its own. */
static void measure_alone(struct bench *b, const char *name, enum frame_kind kind)
{
	const uint32_t flows = bench_flows(b);
	const struct drive_options o = {.flows_max = flows};
	const struct frame_spec spec = {.kind = kind};
	struct bench_row *r = bench_row(b, name);
	struct stream s = {0};
	struct drive d;

	if (!bench_wants(b, name))
		return;
	if (drive_open(&d, &o)) {
		bench_void(r, "the table cannot be made");
		return;
	}
	drive_fill(&d, &spec, flows);
	if (stream_make(&s, &spec, STREAM_UNIFORM, stream_packets(flows), flows) == 0) {
		drive_pipelined(&d, &s, 0, drive_packets(b));
		drive_measure(b, r, &d, &s, drive_pipelined);
		drive_check(&d, r);
	} else {
		bench_void(r, "no memory for the packets");
	}
	stream_free(&s);
	drive_close(&d);
}

/* Each kind of stages has a table; all take the same packets, in turn. */
struct kind {
	struct drive drive;
	struct bench_row *row;
};

static void measure_kinds(struct bench *b, struct kind *kinds, unsigned int n)
{
	const uint32_t packets = drive_packets(b), flows = bench_flows(b);
	const struct frame_spec spec = {0};
	struct stream s = {0};

	if (stream_make(&s, &spec, STREAM_UNIFORM, stream_packets(flows), flows)) {
		bench_void(kinds[0].row, "no memory for the packets");
		return;
	}
	/* the first round only warms up */
	for (uint32_t try = 0; try <= b->tries; try++)
		for (unsigned int i = 0; i < n; i++) {
			uint64_t start = thread_ns();

			drive_pipelined(&kinds[i].drive, &s, try * packets, packets);
			if (try > 0)
				bench_sample(kinds[i].row, thread_ns() - start, packets);
		}
	for (unsigned int i = 0; i < n; i++)
		drive_check(&kinds[i].drive, kinds[i].row);
	stream_free(&s);
}

static void bench_kinds(struct bench *b)
{
	static const char *const simds[] = {"scalar", "sse4", "avx2", "avx512", "neon"};
	struct kind kinds[sizeof simds / sizeof *simds];
	const struct frame_spec spec = {0};
	unsigned int n = 0;

	for (unsigned int i = 0; i < sizeof simds / sizeof *simds; i++) {
		const struct drive_options o = {.flows_max = bench_flows(b), .simd = simds[i]};
		struct kind *k = &kinds[n];
		char name[32];

		snprintf(name, sizeof name, "table_pipe_1m_%s", simds[i]);
		if (!ft_simd_name(simds[i]) || !bench_wants(b, name))
			continue;
		*k = (struct kind){.row = bench_row(b, name)};
		if (drive_open(&k->drive, &o)) {
			bench_void(k->row, "the table cannot be made");
			continue;
		}
		drive_fill(&k->drive, &spec, o.flows_max);
		n++;
	}
	if (n)
		measure_kinds(b, kinds, n);
	for (unsigned int i = 0; i < n; i++)
		drive_close(&kinds[i].drive);
}

void bench_tables(struct bench *b)
{
	unsigned int n;
	const struct bench_scale *scales = bench_scales(b, &n);

	for (unsigned int i = 0; i < n; i++)
		if (wants_table(b, scales[i].name, false) || wants_table(b, scales[i].name, true))
			measure_table(b, &scales[i]);
	measure_alone(b, "table_mixed_1m", FRAME_MIXED);
	if (b->size != BENCH_SHORT || b->only)
		bench_kinds(b);
	/* Again, near the rows that it is compared with. */
	measure_alone(b, "table_pipe_1m_again", FRAME_UDP);
}
