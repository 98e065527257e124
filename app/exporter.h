/* SPDX-License-Identifier: BSD-3-Clause */
/* The export lcore: rings -> records -> outputs -> flows back to their lane. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "export/event.h"
#include "export/output.h"
#include "export/privacy.h"
#include "exporter_report.h"
#include "exporter_traffic.h"
#include "lane.h"
#include "top.h"

struct exporter_change;

struct exporter {
	/*
	 * The exporter's, which a reload changes. Other threads look at them, and at what they
	 * point to, between exporter_hold() and exporter_let_go() only.
	 */
	struct output *outputs[OUTPUTS_MAX];
	unsigned int n_outputs;
	uint64_t since[OUTPUTS_MAX]; /* .records when the output was opened */
	pthread_mutex_t lock;
	struct exporter_change *_Atomic change; /* to be taken; see exporter_change.h */
	atomic_bool ended;			/* no change is taken any more */
	struct exporter_ended {			/* outputs that are closed already: their sums */
		uint64_t n, given;		/* records that they should have been offered */
		struct output_counters counters;
	} before;
	struct lane *lanes;
	unsigned int n_lanes;
	bool live;		 /* records are dropped rather than waited for */
	int64_t epoch_offset_ns; /* live: what the lanes' time line was to the wall clock when it
				    began */
	uint32_t sampling;	 /* 1 packet in so many was metered */
	uint64_t stop_timeout_ns;
	uint64_t stop_seen_ns; /* CLOCK_MONOTONIC: when the program was told to stop, 0 = not yet */
	uint64_t started_ns;   /* CLOCK_MONOTONIC */
	atomic_bool *stop;     /* set when the output that people read is gone */
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
	struct record_ages ages;
	struct exporter_report report;
	struct exporter_traffic traffic;
	uint64_t turns; /* of the exporter's loops; others may read it at any time */
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

/* Before anything else; and after the end. The main thread. */
void exporter_init(struct exporter *e);
void exporter_fini(struct exporter *e);

/* The outputs stay as they are in between. Any thread but the exporter's; briefly. */
void exporter_hold(struct exporter *e);
void exporter_let_go(struct exporter *e);

/* Whether no output has a reader any more (| head has seen enough). */
bool exporter_unread(const struct exporter *e);
