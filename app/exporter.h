/* SPDX-License-Identifier: BSD-3-Clause */
/* The export lcore: rings -> records -> outputs -> flows back to their lane. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "export/event.h"
#include "export/output.h"
#include "export/privacy.h"
#include "lane.h"
#include "top.h"

struct exporter {
	struct output *outputs[OUTPUTS_MAX];
	unsigned int n_outputs;
	struct lane *lanes;
	unsigned int n_lanes;
	bool live;		 /* records are dropped rather than waited for */
	int64_t epoch_offset_ns; /* live: what the lanes' time line was to the wall clock when it
				    began */
	uint32_t sampling;	 /* 1 packet in so many was metered */
	uint64_t drain_timeout_ns;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	atomic_bool *stop; /* set when the output that people read is gone */
	struct output_trouble {
		uint64_t seen;	  /* records dropped by the transport when it was last looked at */
		uint64_t told_ns; /* CLOCK_MONOTONIC, 0 = never */
	} trouble[OUTPUTS_MAX];
	uint64_t looked_ns;
	/*
	 * What event messages say beside the counters, set before the start; and what the ports
	 * lost (NULL: there are none).
	 */
	struct export_event about;
	uint64_t (*lost_packets)(void *source);
	void *source;
	struct exporter_events {
		uint64_t told_ns, tried_ns; /* CLOCK_MONOTONIC, 0 = never */
		uint64_t bytes, packets;    /* when it was told */
	} events[OUTPUTS_MAX];
	uint64_t metering_ns;	/* when options records were told of metering last */
	int64_t clock_shift_ns; /* live: of the wall clock against the steady one, when last seen */
	bool sampling_random;
	struct privacy *privacy; /* NULL: records tell all */
	/* Files: adds what no lane saw, when all have been read; NULL: there is none. */
	void (*add_unseen)(void *files, struct output_metering *m);
	void *files;
	struct top top;	  /* what the records said, for the summary */
	uint64_t records; /* taken from the rings */
};

/*
 * Runs until every lane is done and its ring is empty, then drains and closes the outputs. They are
 * freed by the caller, who may read their counters before. The exporter's thread.
 */
void exporter_run(struct exporter *e);

/*
 * Takes some of what is in the rings, and sends what may leave; how many flows were taken. For a
 * lane that shares its thread with the exporter.
 */
unsigned int exporter_turn(struct exporter *e);

/* Whether no output has a reader any more (| head has seen enough). */
bool exporter_unread(const struct exporter *e);
