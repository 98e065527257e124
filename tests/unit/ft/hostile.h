/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to cut and to bend, and a table whose callbacks look at all that they are shown: what they
 * point to is there.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ft/pfring_ft_ext.h"

#define HOSTILE_BYTES  256
#define HOSTILE_FRAMES 32

/* What a packet callback must say of the whole frame; payload_len -1: whatever it says. */
struct hostile_view {
	uint8_t ip_version, protocol;
	int payload_len;
};

struct hostile_frame {
	const char *name;
	uint8_t bytes[HOSTILE_BYTES];
	unsigned int len;
	struct hostile_view outer, inner; /* tunnels off, on */
};

const struct hostile_frame *hostile_frames(unsigned int *n);

/* Packets that are with the table, so that a callback can be held against them. */
struct bench {
	pfring_ft_table *table;
	bool tunnels;
	pfring_ft_packet live[PFRING_FT_BURST_MAX];
	unsigned int n_live;
	const struct hostile_view *want; /* of a whole frame, or NULL */
	uint64_t told, fed;		 /* packets: callbacks, handed in */
	uint64_t begun, ended, packets;	 /* flows; packets in records */
	bool slices;			 /* may be exported, too */
	uint64_t sum;			 /* of all bytes that callbacks point to: they were read */
};

void bench_open(struct bench *b, u_int32_t flags);
/* Packets received are metered or dropped by name; those metered were told of. */
void bench_check(const struct bench *b);
/* Flushes, checks, and frees the table. */
void bench_close(struct bench *b);

/* The bytes in memory that ends where they end: a sanitizer sees the first one too far. */
const u_char *bench_exact(const uint8_t *bytes, unsigned int n);
/* One packet by pfring_ft_process(); whatever it is, the verdict is DEFAULT. */
void bench_offer(struct bench *b, const uint8_t *bytes, const pfring_ft_pcap_pkthdr *header,
		 const pfring_ft_ext_pkthdr *ext);
