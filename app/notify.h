/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager is told (sd_notify(3)): ready, what the probe does just now, and that it
 * still moves. Without a manager every function does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exporter.h"
#include "lane.h"

/* Enough for the longest status line. */
#define NOTIFY_STATUS_BYTES 256

struct notify {
	const struct lane *lanes;
	unsigned int n_lanes;
	const struct exporter *exporter;
	uint64_t (*lost_packets)(void *source); /* what the ports lost; NULL: there are none */
	void *source;
	bool active;	      /* somebody listens */
	uint64_t watchdog_ns; /* the manager wants to hear from us so often; 0 = it does not */
	uint64_t looked_ns;   /* CLOCK_MONOTONIC: when the threads were looked at last */
	uint64_t seen[LANES_MAX + 1], moved_ns[LANES_MAX + 1]; /* lanes, then the exporter */
	bool stuck;					       /* said already */
	uint64_t told_ns;
	struct notify_sample {
		uint64_t packets, bytes, records, lost;
	} told;
};

/*
 * Says READY=1: ports and outputs are up, lanes run. The members up to source are the caller's, the
 * rest is zero. The main thread, as all of these.
 */
void notify_ready(struct notify *n);

/*
 * To be called now and again, at least as often as notify_wait_ms() says. Says STATUS= with the
 * rates since the last one every few seconds; says WATCHDOG=1 when every lane that is not done, and
 * the exporter, has moved since it was looked at last. A thread that stands still stops that: the
 * manager then ends us and starts anew.
 */
void notify_turn(struct notify *n);

/* When notify_turn() is due, as poll(2) takes it: milliseconds, -1 = never. */
int notify_wait_ms(const struct notify *n);

/* STOPPING=1; the manager is asked for the time that an orderly end may take. */
void notify_stopping(uint64_t may_take_ns);

/*
 * Around a reload: RELOADING=1 with the time as the manager wants it, and READY=1 with a line on
 * what came of it.
 */
void notify_reloading(void);
void notify_reloaded(const char *result);

/* The line that people see in systemctl status: rates between two samples, interval_ns apart. */
void notify_status(char text[NOTIFY_STATUS_BYTES], const struct notify_sample *from,
		   const struct notify_sample *to, uint64_t interval_ns, uint64_t flows);
