/* SPDX-License-Identifier: BSD-3-Clause */
/* What a running probe answers on its control socket. */
#pragma once

#include <stdint.h>

#include "control.h"
#include "exporter.h"
#include "lane.h"
#include "lane_query.h"
#include "options.h"
#include "ports.h"
#include "reload.h"
#include "stats.h"

/* All of it belongs to the probe and outlives the control thread. */
struct control_probe {
	const struct options *o;
	struct exporter *exporter; /* it knows the lanes, too */
	struct ports *ports;	   /* NULL: files are read */
	struct reload *reload;	   /* NULL: there is nothing to read anew */
};

/*
 * The socket of [control] socket, if there is to be one, else *out stays. 0 or -errno with one line
 * in error. The main thread, before there are others.
 */
int control_probe_open(struct control **out, const struct options *o, bool live, char *error,
		       size_t error_len);

/*
 * Adds the commands status, flows, top, log, expire and dump-config, and starts. Other commands are
 * added before by control_add(). 0 or -errno.
 */
int control_probe_start(struct control *c, struct control_probe *p);

/* Times of the lanes' time line are turned into wall clock by adding this. */
int64_t control_probe_shift_ns(const struct control_probe *p);

/* The commands, by file: run() of struct control_command with a struct control_probe as self. */
void control_run_status(void *self, struct json_object *request, struct control_reply *r);
void control_run_flows(void *self, struct json_object *request, struct control_reply *r);
void control_run_top(void *self, struct json_object *request, struct control_reply *r);
