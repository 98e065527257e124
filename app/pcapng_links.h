/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcapng files whose interfaces differ. libpcap gives up at the first interface whose link type or
 * snap length is not that of the first one, so the blocks are watched on their way to it: every
 * interface is shown to libpcap as Ethernet without a snap length, and what it really is waits here
 * for the packet. Nothing else in the file is changed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng_links;

/* What the blocks say of one packet and libpcap does not. */
struct pcapng_packet {
	uint32_t wire_len; /* Simple Packet Block: the true one; 0 = as libpcap says */
	uint16_t linktype; /* LINKTYPE_ value of its interface */
	bool no_time;	   /* Simple Packet Block: carries no time */
};

/* The bytes below: up to n of them to out; their number, 0 at the end, -1 on an error. */
typedef ptrdiff_t pcapng_read_fn(void *lower, void *out, size_t n);

/* An empty state before the first byte of a file, or NULL: no memory. */
struct pcapng_links *pcapng_links_create(void);
void pcapng_links_destroy(struct pcapng_links *l);

/*
 * The next bytes of the file, from lower, for libpcap: 1 to n of them, 0 at the end, -1 when lower
 * failed or the file has more interfaces than the bound (pcapng_links_overflow() tells which).
 * n is at most PCAPNG_AHEAD_BYTES unless it lies within one block.
 */
ptrdiff_t pcapng_links_read(struct pcapng_links *l, pcapng_read_fn *read, void *lower, void *out,
			    size_t n);
bool pcapng_links_overflow(const struct pcapng_links *l);

/* What belongs to the packet that libpcap returned just now: to be called once for each. */
struct pcapng_packet pcapng_links_take(struct pcapng_links *l);

/* The LINKTYPE_ values seen so far, each once, the first of them first. */
unsigned int pcapng_links_count(const struct pcapng_links *l);
uint16_t pcapng_links_type(const struct pcapng_links *l, unsigned int i);
/* The file is in the other byte order. */
bool pcapng_links_swapped(const struct pcapng_links *l);
