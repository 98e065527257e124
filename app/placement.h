/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where everything will run before it does: port, queue, lane, CPU, NUMA node, and the memory that
 * is needed. No DPDK in here.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "core/limits.h"
#include "options.h"
#include "ports_plan.h"

/* Pages are counted in this size: every machine has it. */
#define PLACEMENT_PAGE_BYTES (2ULL << 20)

struct placement {
	unsigned int n_ports;
	struct port_plan plans[PORTS_MAX];
	int port_nodes[PORTS_MAX];     /* -1 = the machine does not say */
	char problems[PORTS_MAX][256]; /* why a port cannot be planned, "" = it can */
	bool placed;		       /* the lanes have CPUs */
	char no_place[256];	       /* why not */
	uint16_t lane_cpus[LANES_MAX];
	int lane_nodes[LANES_MAX];
	uint64_t buffer_bytes, table_bytes;
	uint64_t pages; /* huge pages for both */
};

/* Works it out for the ports of o; root as in machine.h. Any thread. */
void placement_make(struct placement *p, const struct options *o, const char *root);

/* The lane that reads a queue of a port, as far as can be said before the device is asked. */
unsigned int placement_lane(const struct placement *p, const struct options *o, unsigned int port,
			    unsigned int queue);

/* Prints it for --check: a line for each queue, and what memory is needed. */
void placement_print(const struct placement *p, const struct options *o, FILE *f);
