/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A table of the daemon, fed as a lane feeds it, with the sums of what went in and of what its
 * records say.
 */
#pragma once

#include "bench.h"
#include "frames.h"
#include "ft/ft.h"
#include "ft/table.h"

struct output;

/* What a lane takes at once. */
#define DRIVE_BURST 32
/* A packet of 64 bytes takes about so long on a line of 10 Gbit/s: 25 million in a second. */
#define DRIVE_STEP_NS 40

struct drive {
	pfring_ft_table *table;
	struct output *output; /* records are made for it; NULL = only summed */
	uint64_t time_ns;
	uint64_t step_ns;
	uint64_t packets, bytes; /* given; IP length */
	uint64_t out_packets, out_bytes, out_records;
};

/* What differs from a table without DPI that keeps its flows for ever. */
struct drive_options {
	uint32_t flows_max;
	uint64_t idle_ns;      /* 0 = an hour */
	uint32_t dpi_packets;  /* 0 = no DPI */
	uint32_t detached_max; /* 0 = few: records come back at once */
	const char *simd;      /* kind of stages; NULL = the best */
};

/* 0, or -errno told on stderr. */
int drive_open(struct drive *d, const struct drive_options *o);
/* Flows 0 to n - 1 begin, each with one packet. */
void drive_fill(struct drive *d, const struct frame_spec *spec, uint32_t n);

/* Packets from, from + 1, ... of the stream, round and round: n of them. */
void drive_pipelined(struct drive *d, const struct stream *s, uint32_t from, uint32_t n);
void drive_bursts(struct drive *d, const struct stream *s, uint32_t from, uint32_t n);
void drive_singly(struct drive *d, const struct stream *s, uint32_t from, uint32_t n);
/* Packets that are still held come out. */
void drive_drain(struct drive *d);

/* All flows end; packets and bytes must be as given. */
void drive_check(struct drive *d, struct bench_row *r);
void drive_close(struct drive *d);

typedef void (*drive_form)(struct drive *d, const struct stream *s, uint32_t from, uint32_t n);
/* Tries of n packets each. */
void drive_measure(struct bench *b, struct bench_row *r, struct drive *d, const struct stream *s,
		   drive_form form);
/* Packets of one try. */
uint32_t drive_packets(const struct bench *b);
uint64_t drive_counter(const struct drive *d, enum table_counter counter);
