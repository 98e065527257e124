/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside burst_diff: a run in progress, and the lines that its callbacks write. */
#pragma once

#include <stdio.h>

#include "burst_run.h"

/* Packets whose bytes live at once: what a table holds, and the burst that it takes. */
#define RUN_LIVE (PFRING_FT_BURST_MAX * (PFRING_FT_BURSTS_HELD + 1))
/* Exported flows that are given back late. */
#define RUN_HELD 5

/* The caller's area in every flow. */
struct run_user {
	u_int64_t id;
	u_int32_t packets, detected;
};

struct run {
	const struct run_config *config;
	pfring_ft_table *table;
	const struct trace *trace;
	FILE *verdicts, *events;
	u_char *live[RUN_LIVE];
	unsigned int fed, back; /* packets handed in, handed back */
	unsigned int latest;	/* that a callback was about */
	pfring_ft_flow *held[RUN_HELD];
	unsigned int n_exports, n_packets;
	pfring_ft_flow *newest; /* the flow that began last, while it is in the table */
	u_int64_t first_id;	/* ids of another table begin elsewhere */
	u_int16_t dns, http, tls;
};

/* Sets the table's callbacks. */
void log_attach(struct run *r);
/* Gives back what was held. */
void log_detach(struct run *r);
/* A line with the numbers of the table. */
void log_stats(struct run *r);
