/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other outputs for a running exporter. Whoever asks opens the new ones, hands them over in one
 * step, and gets those that go: they are his to drain and to close, so that the exporter never
 * waits for them.
 */
#pragma once

#include "exporter.h"

struct exporter_change {
	/* In the order of the new configuration; those that stay are those of the exporter. */
	struct output *outputs[OUTPUTS_MAX];
	unsigned int n_outputs;
	/*
	 * Not NULL: there is place for one only, on an address or in a file, so that the exporter
	 * closes outputs[i] and opens this instead. What outputs[i] is then is the new one, the old
	 * one again when that failed (see error), or the old one shut when that failed, too.
	 */
	const struct output_spec *reopen[OUTPUTS_MAX];
	const struct ipfix_application *applications; /* for these */
	uint32_t n_applications;
	uint64_t missing_sources; /* of all outputs from now on */
	uint64_t stop_timeout_ns;
	uint32_t lifetime_s, idle_s; /* what event messages say */

	/* What came of it, when .done. */
	atomic_bool done;
	struct output *gone[OUTPUTS_MAX]; /* to be buried */
	uint64_t gone_given[OUTPUTS_MAX]; /* records of the exporter in the time of each */
	unsigned int n_gone;
	bool failed[OUTPUTS_MAX]; /* to reopen */
	char error[256];	  /* of the last one of these */
};

/* Takes e->change, unless the program is told to stop. The exporter's thread. */
void exporter_take_change(struct exporter *e);

/*
 * Asks the exporter for a change, and waits until it is taken, or will not be any more because the
 * exporter has ended. False: not taken, nothing was done. One thread at a time, not the exporter's.
 */
bool exporter_ask_change(struct exporter *e, struct exporter_change *change);

/*
 * Drains and closes an output that went, adds what it counted to e->before, says so in the log, and
 * frees it. given: see gone_given. The thread that asked.
 */
void exporter_bury(struct exporter *e, struct output *o, uint64_t given, uint64_t deadline_ns);
