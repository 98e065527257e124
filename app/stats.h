/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers of a run: gathered, written as JSON, and told to people. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/counters.h"
#include "exporter.h"
#include "lane.h"

/* What a port itself lost or refused, beside what the lanes received. */
struct port_stats {
	char name[NAME_BYTES_MAX];
	uint64_t rx_packets;   /* as the driver counts them */
	uint64_t missed;       /* no descriptor was free */
	uint64_t no_mbuf;      /* no packet buffer was free */
	uint64_t errors;       /* the driver refused them */
	uint64_t kernel_drops; /* lost in the kernel before the driver, where it can be told */
	uint64_t buffers, buffers_used;
};

struct stats {
	struct lane_counters lane; /* all lanes */
	uint64_t flows_active;
	const struct exporter *exporter;
	struct port_stats ports[PORTS_MAX];
	unsigned int n_ports;
	uint64_t elapsed_ns; /* wall time of the run */
};

/* Adds up the lanes; the rest of the struct is the caller's. When no lane runs any more. */
void stats_sum_lanes(struct stats *s, const struct lane *lanes, unsigned int n_lanes);

/* Packets received = metered + dropped by name. */
bool stats_packets_hold(const struct stats *s);
/* Records produced = sent + in doubt + queued + dropped by name, for every output. */
bool stats_records_hold(const struct stats *s);

/* All counters as one JSON object (json-c). 0 or -errno. */
int stats_write_json(const struct stats *s, const char *path);
/* The summary for people. */
void stats_print(const struct stats *s, FILE *f);
