/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One line on a terminal that says how far the reading of files has come.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress_bar {
	int fd;
	bool drawn;
	uint64_t total_bytes; /* 0: not known, only counters are shown */
	uint64_t start_ns, next_ns;
};

/* fd is the terminal. */
void progress_bar_start(struct progress_bar *bar, int fd, uint64_t total_bytes);
/* Redraws, at most ten times a second. */
void progress_bar_update(struct progress_bar *bar, uint64_t bytes, uint64_t packets);
/* Erases the line; may be called again. */
void progress_bar_erase(struct progress_bar *bar);
