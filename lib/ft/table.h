/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside lib/ft: one table with its parser, flows, inspection, callbacks, and the bursts in flight.
 */
#pragma once

#include "dpi/dpi.h"
#include "flowtable/table.h"
#include "ft/ft.h"
#include "packet/parse.h"

/* Packets that travel through the stages together. */
struct burst {
	unsigned int n;		/* packets */
	unsigned int n_metered; /* of them, those that belong to a flow */
	pfring_ft_packet packets[BURST_MAX];
	struct packet views[BURST_MAX];
	struct flow_lookup lookups[BURST_MAX]; /* of the metered ones, close together */
	uint8_t metered[BURST_MAX];	       /* their places in packets and views */
};

_Static_assert(BURST_MAX == PFRING_FT_BURST_MAX, "the API promises the same bound");

struct ft_callback {
	pfring_ft_export_flow_func call;
	void *user;
};

struct ft_table {
	struct lane_counters counters;
	struct parser parser;
	struct flowtable *flows;
	struct dpi *dpi; /* NULL = off */
	struct ft_callback on_export;
	struct burst bursts[PFRING_FT_BURSTS_HELD];
	unsigned int turn; /* which of the bursts is loaded next */
	unsigned int held; /* packets in the bursts */
	pfring_ft_stats stats;
};

/* The inspection's part of a flow's annex. */
static inline struct dpi_annex *flow_dpi(struct flow *f)
{
	return (struct dpi_annex *)f->annex;
}

/* Flows that ended leave by the export callback, each with its final verdict. */
void ft_emit_ended(struct ft_table *t);
/* Flows that came back give up their annex and become available. */
void ft_reclaim(struct ft_table *t);
