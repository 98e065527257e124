/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything the probe counts, at one moment a thread: what the metrics, DPDK's telemetry and the
 * summary line tell.
 */
#pragma once

#include <pthread.h>

#include "exporter_report.h"
#include "lane_report.h"
#include "options.h"
#include "stats.h"

struct ports;

/* What each thread answered last. Zero at first. */
struct snapshot_told {
	struct lane_numbers lanes[LANES_MAX];
	struct exporter_numbers exporter;
};

/* Whose numbers these are; all of them outlive it. */
struct snapshot_source {
	const struct options *o;
	struct lane *lanes;
	unsigned int n_lanes;
	struct exporter *exporter;
	struct ports *ports;  /* NULL = files are read */
	uint64_t started_ns;  /* CLOCK_MONOTONIC */
	pthread_mutex_t lock; /* one asks at a time */
	struct snapshot_told *told;
};

struct snapshot_lane {
	struct lane_numbers numbers;
	uint32_t ring_flows, ring_size_flows; /* waiting for the exporter */
	uint32_t waiting_packets;	      /* from other lanes */
};

struct snapshot {
	uint64_t uptime_ns, wall_ns;
	uint64_t cpu_ns; /* of the process */
	uint64_t dpi_memory_bytes;
	uint32_t flows_max; /* a lane */
	unsigned int n_lanes, n_ports;
	struct snapshot_lane lanes[LANES_MAX];
	struct exporter_numbers exporter;
	struct port_stats ports[PORTS_MAX];
};

/*
 * Asks every thread and waits REPORT_WAIT_NS for them; of one that is kept from answering these are
 * the numbers that it told last. Any thread but those.
 */
void snapshot_take(struct snapshot_source *s, struct snapshot *out);

/* Sums over the lanes. */
void snapshot_sum_lanes(const struct snapshot *s, struct lane_counters *sum);
/* Packets that the ports, and the lanes by any reason, lost or refused. */
uint64_t snapshot_port_losses(const struct snapshot *s);
