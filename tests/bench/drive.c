/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets into a table, and sums out of it. */
#include "drive.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "export/output.h"

/* 2020-09-13: any time, as long as it is not 0. */
#define TIME_FIRST_NS (1600000000ULL * SECOND_NS)

/* As the exporter does it, on the lane's own core. */
static void tell(struct drive *d, pfring_ft_flow *flow)
{
	struct flow_record r;

	ft_flow_record(flow, &r);
	r.sampling_packets = 1;
	output_submit(d->output, &r);
	if (++d->out_records % 64 == 0)
		output_poll(d->output, d->time_ns);
	d->out_packets += r.packets[DIR_FWD] + r.packets[DIR_REV];
	d->out_bytes += r.octets[DIR_FWD] + r.octets[DIR_REV];
	pfring_ft_flow_free(flow);
}

/* The sums alone: what a lane has to do with an ended flow is to hand it on. */
static void sum(pfring_ft_flow *flow, void *self)
{
	struct drive *d = self;
	struct flow_counts c;

	if (d->output) {
		tell(d, flow);
		return;
	}
	d->out_records++;
	flow_count(flow, &c);
	d->out_packets += c.packets[DIR_FWD] + c.packets[DIR_REV];
	d->out_bytes += c.octets[DIR_FWD] + c.octets[DIR_REV];
	pfring_ft_flow_free(flow);
}

int drive_open(struct drive *d, const struct drive_options *o)
{
	const struct ft_options options = {
		.simd = o->simd,
		.flows_max = o->flows_max,
		.detached_max = o->detached_max ? o->detached_max : 4 * FLOW_DETACHED_MIN,
		.idle_timeout_ns = o->idle_ns ? o->idle_ns : 3600 * SECOND_NS,
		.active_timeout_ns = 3600 * SECOND_NS,
		.tcp_linger_ns = 2 * SECOND_NS,
		.numa_node = -1,
		.prefault = true,
		.dpi = o->dpi_packets != 0,
		.dpi_guess = true,
		.dpi_packets_tcp = o->dpi_packets,
		.dpi_packets_udp = o->dpi_packets,
		.dpi_flows_max = o->flows_max,
		.dpi_bytes_max = 1ULL << 33,
	};
	char error[256];
	int rc;

	*d = (struct drive){.time_ns = TIME_FIRST_NS, .step_ns = DRIVE_STEP_NS};
	rc = ft_table_create(&d->table, &options, error, sizeof error);
	if (rc) {
		fprintf(stderr, "flowbench: %s\n", error);
		return rc;
	}
	pfring_ft_set_flow_export_callback(d->table, sum, d);
	return 0;
}

static inline void packet_fill(pfring_ft_packet *p, uint8_t *frame, uint64_t time_ns)
{
	*p = (pfring_ft_packet){
		.data = frame,
		.cookie = frame,
		.time_ns = time_ns,
		.caplen = FRAME_BYTES,
		.len = FRAME_BYTES,
		.link = PFRING_FT_LINK_ETHERNET,
		.flags = PFRING_FT_PACKET_WIRE_LEN,
	};
}

static inline void burst_fill(pfring_ft_packet *in, const struct stream *s, uint32_t at,
			      const struct drive *d)
{
	for (uint32_t i = 0; i < DRIVE_BURST; i++)
		packet_fill(&in[i], s->frames + (size_t)(at + i) * FRAME_BYTES, d->time_ns);
}

static inline void count_given(struct drive *d, uint32_t n)
{
	d->packets += n;
	d->bytes += (uint64_t)n * FRAME_IP_BYTES;
	d->time_ns += n * d->step_ns;
}

/* Streams are whole bursts long, so that a burst never wraps. */
static inline uint32_t advance(const struct stream *s, uint32_t at)
{
	at += DRIVE_BURST;
	return at + DRIVE_BURST > s->n ? 0 : at;
}

void drive_pipelined(struct drive *d, const struct stream *s, uint32_t from, uint32_t n)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];
	uint32_t at = from % s->n / DRIVE_BURST * DRIVE_BURST;

	for (uint32_t done = 0; done < n; done += DRIVE_BURST, at = advance(s, at)) {
		burst_fill(in, s, at, d);
		count_given(d, DRIVE_BURST);
		pfring_ft_process_burst(d->table, in, DRIVE_BURST, out);
	}
}

void drive_bursts(struct drive *d, const struct stream *s, uint32_t from, uint32_t n)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];
	uint32_t at = from % s->n / DRIVE_BURST * DRIVE_BURST;

	for (uint32_t done = 0; done < n; done += DRIVE_BURST, at = advance(s, at)) {
		burst_fill(in, s, at, d);
		count_given(d, DRIVE_BURST);
		pfring_ft_process_burst(d->table, in, DRIVE_BURST, out);
		pfring_ft_process_burst(d->table, NULL, 0, out);
	}
}

void drive_singly(struct drive *d, const struct stream *s, uint32_t from, uint32_t n)
{
	pfring_ft_pcap_pkthdr header = {.caplen = FRAME_BYTES, .len = FRAME_BYTES};
	uint32_t at = from % s->n;

	for (uint32_t done = 0; done < n; done++) {
		header.ts.tv_sec = (time_t)(d->time_ns / SECOND_NS);
		header.ts.tv_usec = (suseconds_t)(d->time_ns % SECOND_NS / 1000);
		pfring_ft_process(d->table, s->frames + (size_t)at * FRAME_BYTES, &header, NULL);
		count_given(d, 1);
		at = at + 1 == s->n ? 0 : at + 1;
	}
}

void drive_drain(struct drive *d)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];

	while (pfring_ft_process_burst(d->table, NULL, 0, out) > 0)
		continue;
}

void drive_fill(struct drive *d, const struct frame_spec *spec, uint32_t n)
{
	enum { HELD = (PFRING_FT_BURSTS_HELD + 1) * DRIVE_BURST };
	_Alignas(64) uint8_t frames[HELD * FRAME_BYTES];
	struct stream some = {.frames = frames, .n = HELD};
	uint32_t at = 0;

	for (uint32_t flow = 0; flow < n; flow += DRIVE_BURST, at = (at + DRIVE_BURST) % HELD) {
		for (uint32_t i = 0; i < DRIVE_BURST; i++)
			frame_make(frames + (at + i) * FRAME_BYTES, spec, flow + i, false);
		drive_pipelined(d, &some, at, DRIVE_BURST);
	}
	drive_drain(d);
}

uint64_t drive_counter(const struct drive *d, enum table_counter counter)
{
	return ft_counters(d->table)->table[counter];
}

void drive_check(struct drive *d, struct bench_row *r)
{
	const struct lane_counters *c = ft_counters(d->table);

	drive_drain(d);
	pfring_ft_flush(d->table);
	bench_check(r, "packets metered", d->packets, c->metered_packets);
	bench_check(r, "bytes metered", d->bytes, c->metered_bytes);
	bench_check(r, "records", c->table[TABLE_records],
		    d->out_records + c->table[TABLE_records_dropped_detached]);
	if (c->table[TABLE_records_dropped_detached]) {
		bench_note(r, "%llu records dropped (detached)",
			   (unsigned long long)c->table[TABLE_records_dropped_detached]);
		return;
	}
	bench_check(r, "packets", d->packets, d->out_packets);
	bench_check(r, "bytes", d->bytes, d->out_bytes);
}

void drive_close(struct drive *d)
{
	pfring_ft_destroy_table(d->table);
	d->table = NULL;
}

uint32_t drive_packets(const struct bench *b)
{
	static const uint32_t packets[] = {
		[BENCH_FULL] = 1 << 20, [BENCH_SHORT] = 1 << 20, [BENCH_TINY] = 1 << 13};

	return packets[b->size] * b->times;
}

void drive_measure(struct bench *b, struct bench_row *r, struct drive *d, const struct stream *s,
		   drive_form form)
{
	/* slow forms need fewer packets for the same time */
	const uint32_t n = drive_packets(b) / (form == drive_singly ? 8 : 1);
	uint32_t from = 0;

	for (unsigned int try = 0; try < b->tries; try++, from += n) {
		uint64_t start = thread_ns();

		form(d, s, from, n);
		bench_sample(r, thread_ns() - start, n);
		drive_drain(d);
	}
}
