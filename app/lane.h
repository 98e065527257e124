/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One RX worker: takes bursts from its input, runs them through its table, gives them back, and
 * hands what ended to the exporter.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "admit.h"
#include "ft/ft.h"
#include "idle.h"
#include "input.h"
#include "lane_settings.h"
#include "lane_load.h"
#include "lane_report.h"

struct rte_ring;
struct lane_query;

struct lane {
	unsigned int id;
	unsigned int burst; /* packets asked for at once */
	bool live;	    /* the input is a device: never waits for the exporter */
	struct input input;
	struct admit admit; /* filter and sampling */
	struct idle idle;   /* live */
	pfring_ft_table *table;
	struct rte_ring *ended;	 /* to the exporter: pfring_ft_flow pointers; the only producer is
				    this lane */
	const atomic_bool *stop; /* the program ends */
	/*
	 * Tells what waits in .ended, in the lane's thread; the lane calls it when the ring is full
	 * and now and again. NULL: another thread empties the ring.
	 */
	void (*tell)(void *teller);
	void *teller;
	uint64_t told_ns;	  /* CLOCK_MONOTONIC_COARSE: when the lane called it last */
	uint64_t stop_timeout_ns; /* how long a stopping live lane may wait for the exporter */
	uint64_t turns;		  /* of the lane's loop; others may read it at any time */
	uint64_t give_up_ns; /* CLOCK_MONOTONIC: from when on a full ring loses records; 0 = not
				stopping */
	/* What it works by; what it is asked to; what it has told that it does: lane_settings.h. */
	const struct lane_settings *settings;
	const struct lane_settings *_Atomic wanted, *_Atomic taken;
	bool refits; /* flows of the table still have to hear of a change */
	struct lane_load load;
	struct lane_report report;
	uint64_t cpu_ns;  /* of the thread, when it was last asked */
	atomic_bool done; /* everything is in the ring */
	struct lane_query *query; /* what others ask; NULL = nobody can */
};

/* Runs until the input ends or the program stops, then ends all flows. The lane's thread. */
void lane_run(struct lane *l);
