/* SPDX-License-Identifier: BSD-3-Clause */
/* The table with DPI against a plain loop that calls nDPI on the same packets, in turn. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "dpi_plain.h"
#include "drive.h"
#include "traffic.h"

#define DPI_PACKETS_MAX 8
/* Packets a flow has on average. */
#define FLOW_PACKETS 12

/* Packets in memory, one behind the other. */
struct trace {
	struct memory memory;
	uint8_t *bytes;
	uint32_t *start; /* n + 1 places */
	uint32_t n, flows;
	uint64_t ip_bytes;
};

static int trace_make(struct trace *t, uint32_t flows)
{
	struct traffic traffic;
	uint32_t at = 0, len;
	int rc;

	*t = (struct trace){.n = flows * FLOW_PACKETS, .flows = flows};
	rc = memory_map(&t->memory, (size_t)t->n * TRAFFIC_FRAME_MAX, MEMORY_NODE_ANY, true);
	if (rc)
		return rc;
	t->bytes = t->memory.base;
	t->start = calloc(t->n + 1, sizeof *t->start);
	if (!t->start || traffic_open(&traffic, t->n, flows) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; (len = traffic_next(&traffic, t->bytes + at)) > 0; at += len)
		t->start[i++] = at;
	t->start[t->n] = at;
	t->ip_bytes = traffic.ip_bytes;
	traffic_close(&traffic);
	return 0;
}

static void trace_free(struct trace *t)
{
	memory_unmap(&t->memory);
	free(t->start);
}

static void run_plain(struct dpi_plain *p, const struct trace *t, uint64_t time_ns)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct packet k = {
			.data = t->bytes + t->start[i],
			.len = t->start[i + 1] - t->start[i],
			.wire_len = t->start[i + 1] - t->start[i],
			.time_ns = time_ns + i * 1000ULL,
			.link_type = LINK_ETHERNET,
			.flags = PACKET_WIRE_LEN,
		};

		dpi_plain_packet(p, &k);
	}
	dpi_plain_end(p);
}

static void run_table(struct drive *d, const struct trace *t)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];

	for (uint32_t i = 0; i < t->n;) {
		unsigned int n = 0;

		for (; n < DRIVE_BURST && i < t->n; n++, i++, d->time_ns += 1000)
			in[n] = (pfring_ft_packet){
				.data = t->bytes + t->start[i],
				.time_ns = d->time_ns,
				.caplen = t->start[i + 1] - t->start[i],
				.len = t->start[i + 1] - t->start[i],
				.link = PFRING_FT_LINK_ETHERNET,
				.flags = PFRING_FT_PACKET_WIRE_LEN,
			};
		pfring_ft_process_burst(d->table, in, n, out);
	}
	d->packets += t->n;
	d->bytes += t->ip_bytes;
	pfring_ft_flush(d->table);
}

static uint64_t dpi_counter(const struct drive *d, enum dpi_counter which)
{
	return ft_counters(d->table)->dpi[which];
}

static void compare(struct bench *b, struct dpi_plain *p, struct drive *d, const struct trace *t)
{
	struct bench_row *plain = bench_row(b, "dpi_plain"), *table = bench_row(b, "dpi_table");
	struct bench_row *flow = bench_row(b, "dpi_new_flow");

	run_plain(p, t, d->time_ns);
	run_table(d, t);
	for (unsigned int try = 0; try < b->tries; try++) {
		uint64_t start = thread_ns(), middle;

		run_plain(p, t, d->time_ns);
		middle = thread_ns();
		run_table(d, t);
		uint64_t end = thread_ns();
		bench_sample(plain, middle - start, t->n);
		bench_sample(table, end - middle, t->n);
		bench_sample(flow, end - middle, t->flows);
	}
	const struct dpi_plain_sums *s = dpi_plain_sums(p);

	bench_check(plain, "packets", d->packets, s->packets);
	bench_check(plain, "bytes", d->bytes, s->ip_bytes);
	bench_note(plain, "%.1f calls a flow, %.1f %% named", (double)s->calls / (double)s->flows,
		   100.0 * (double)s->detected / (double)s->flows);
	bench_note(table, "%.1f calls a flow, %.1f %% named",
		   (double)dpi_counter(d, DPI_dpi_packets) / (double)d->out_records,
		   100.0 *
			   (double)(dpi_counter(d, DPI_dpi_detected) +
				    dpi_counter(d, DPI_dpi_guessed)) /
			   (double)d->out_records);
	bench_check(table, "flows", s->flows, d->out_records);
	bench_check(table, "flows left out by nDPI", 0, dpi_counter(d, DPI_dpi_uninspected));
	drive_check(d, table);
}

void bench_dpi(struct bench *b)
{
	static const uint32_t flows[] = {
		[BENCH_FULL] = 20000, [BENCH_SHORT] = 4000, [BENCH_TINY] = 100};
	const struct drive_options o = {.flows_max = 65536, .dpi_packets = DPI_PACKETS_MAX};
	struct dpi_plain *p = NULL;
	struct trace t = {0};
	struct drive d;

	if (!bench_wants_any(b, "dpi_"))
		return;
	if (drive_open(&d, &o)) {
		bench_void(bench_row(b, "dpi_table"), "the table cannot be made");
		return;
	}
	if (trace_make(&t, flows[b->size]) == 0 &&
	    dpi_plain_open(&p, o.flows_max, DPI_PACKETS_MAX) == 0)
		compare(b, p, &d, &t);
	else
		bench_void(bench_row(b, "dpi_plain"), "no memory");
	dpi_plain_close(p);
	trace_free(&t);
	drive_close(&d);
}
