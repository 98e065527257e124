/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another configuration for a running probe. A thread of its own reads and checks the whole of it
 * first, opens what is new, and only then changes anything: lanes take their settings between two
 * bursts, the exporter its outputs between two turns. With any error everything stays as it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "exporter.h"
#include "identity.h"
#include "lane_settings.h"
#include "opened.h"
#include "options.h"

struct reload;

/* Whom a reload is about; all of it outlives the reload. */
struct reload_probe {
	const struct options *o; /* of the start; without .config_path nobody may ask for a reload
				  */
	struct exporter *exporter;
	struct lane *lanes;
	unsigned int n_lanes;
	struct opened_output *outputs; /* OUTPUTS_MAX, those of the exporter; the reload's from now
					  on */
	unsigned int n_outputs;
	struct lane_settings *settings; /* what the lanes work by; the reload's from now on */
	const struct identity *identity;
	const struct ipfix_application *applications;
	uint32_t n_applications;
	const atomic_bool *stop;
	/* Around every reload, in its thread, for a service manager; NULL: nobody is told. */
	void (*began)(void);
	void (*ended)(const char *result);
};

/*
 * Starts the thread, which also lets the lanes' filter of own traffic follow collectors that move.
 * 0 or -errno. The main thread, once lanes and exporter run. */
int reload_create(struct reload **out, const struct reload_probe *p);

/*
 * Asks for a reload, and does not wait. Whoever asks while one is under way is served by one more,
 * together with all others who do. Any thread.
 */
void reload_ask_soon(struct reload *r);

/*
 * The same, and waits for what came of it, RELOAD_WAIT_NS at most: 0, -EINVAL (the configuration is
 * bad, and the old one stays), -ETIMEDOUT, -ECANCELED (the program ends). message: a line on what
 * changed or what is wrong, then a line on each setting that needs a restart. Any thread but that
 * of the reload.
 */
int reload_ask(struct reload *r, char *message, size_t len);

/*
 * A copy of the options that the probe runs by: those of the start, with what reloads changed. Any
 * thread.
 */
void reload_options(struct reload *r, struct options *out);

/*
 * Whoever waits for a reload is told at once that the program ends; none begins any more. Any
 * thread. NULL is fine.
 */
void reload_end_soon(struct reload *r);

/*
 * Ends the thread, and gives back what it had; outputs stay the exporter's. False when the thread
 * does not end in time (it may wait for the resolver): then nothing of the probe may be freed,
 * since it goes on. The main thread, when lanes and exporter have ended. NULL is fine.
 */
bool reload_destroy(struct reload *r);
