/* SPDX-License-Identifier: BSD-3-Clause */
/* A run of the probe, as the files that make it share it. */
#pragma once

#include "control_probe.h"
#include "exporter.h"
#include "identity.h"
#include "notify.h"
#include "offline.h"
#include "options.h"
#include "ports.h"
#include "reload.h"
#include "stop_report.h"
#include "watch.h"

struct probe {
	const struct options *o;
	bool live;
	/*
	 * One lane, a file and one CPU: the lane's thread is the exporter's, too. Threads that take
	 * turns would wait for each other, and find their flows gone from the cache.
	 */
	bool alone;
	struct offline *offline; /* the input, one of the two */
	struct ports *ports;
	struct lane lanes[LANES_MAX];
	unsigned int n_lanes;
	struct opened_output outputs[OUTPUTS_MAX]; /* those of the exporter */
	struct lane_settings *settings;
	struct reload *reload; /* NULL = nothing changes: files, and no configuration file */
	bool reload_hangs;     /* its thread did not end, and still has a hand in all of this */
	struct ipfix_application *applications; /* that the outputs tell of */
	uint32_t n_applications;
	struct exporter exporter;
	struct watch *watch;
	unsigned int lanes_running; /* threads that were started */
	bool exporter_runs;
	atomic_bool stop;
	int ended_fd; /* eventfd: the exporter is done */
	uint64_t started_ns;
	struct identity identity;
	struct notify notify;
	struct stop_report stopped;
	struct control *control; /* NULL = nobody can ask */
	struct control_probe asked;
	char error[512];
};

/*
 * Until the exporter says that all is told; a signal asks for that, a second one does not wait. The
 * main thread.
 */
void probe_wait_for_end(struct probe *p);

/*
 * Sums up, writes and prints what was counted, once no thread runs any more. False: something that
 * was asked for could not be done, which is named.
 */
bool probe_report(struct probe *p);
