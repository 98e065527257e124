/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads files through struct source_pcap as a lane would, for its tests: holds up to so many
 * packets, then gives the oldest back, and remembers what it saw.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/source_pcap.h"

#define SEEN_MAX 4096

struct seen {
	uint64_t time_ns;
	uint32_t caplen, len;
	uint8_t link, flags;
	bool after_restart; /* time restarted before it */
	uint8_t bytes[16];  /* the first ones */
};

struct reader {
	struct source_pcap_options options; /* paths and n_paths are set by reader_open() */
	unsigned int hold;		    /* packets held at most; 0 = given back at once */

	struct source_pcap *source;
	const char *paths[4];
	char error[1024];
	unsigned int n, n_restarts;
	struct seen seen[SEEN_MAX];
	struct source_pcap_counts counts;
	char problem[4096];
	bool only_cut_short;
};

/* Options before, the rest is cleared. path2 may be NULL. */
int reader_open(struct reader *r, const char *path, const char *path2);
/* To the end, then closes. */
void reader_run(struct reader *r);
/* Both; fails the test when the file does not open. */
void reader_read(struct reader *r, const char *path, const char *path2);
