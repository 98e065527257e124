/* SPDX-License-Identifier: BSD-3-Clause */
/* Those who tell of a running probe: the metrics endpoint, DPDK's telemetry, and the summary line.
 */
#pragma once

#include <stddef.h>

#include "snapshot.h"

struct watch;

/*
 * Begins what the options ask for; source is copied. 0, or -errno with one line in error. When the
 * workers run; the main thread.
 */
int watch_open(struct watch **out, const struct snapshot_source *source, char *error,
	       size_t error_len);
/* Before what source names is freed; NULL is nothing. The main thread. */
void watch_close(struct watch *w);

/* The numbers of the moment. Any thread. */
struct snapshot_source *watch_source(struct watch *w);
