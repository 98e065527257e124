/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of ftprobectl: each talks to a probe and returns an exit code. */
#pragma once

#include <stdbool.h>

#include "ctl_link.h"
#include "ctl_show.h"

#define CTL_EXIT_FAILURE 1
#define CTL_EXIT_USAGE	 2

struct ctl {
	struct link link;
	bool json; /* what the probe says, as it is */
	struct screen out;
};

/* What is in the options of flows. */
struct ctl_flows {
	const char *filter, *sort, *fields; /* NULL = as by default */
	unsigned int limit;		    /* 0 = as by default */
};

int ctl_status(struct ctl *c);
int ctl_flows(struct ctl *c, const struct ctl_flows *o);
/* Every interval_s seconds, count times (0 = until q). */
int ctl_top(struct ctl *c, double interval_s, unsigned int count);

/* One answer of one line is printed, or with json as it is; print may be NULL. */
int ctl_ask(struct ctl *c, struct json_object *request,
	    void (*print)(struct ctl *c, struct json_object *answer));

/* The lines of a status that top shows, too: what was dropped where. */
unsigned long long status_dropped(struct json_object *status);
unsigned long long status_lost_by_ports(struct json_object *status);
unsigned long long status_records_lost(struct json_object *status);
/* The sum of a member over all outputs. */
unsigned long long status_outputs(struct json_object *status, const char *key);
