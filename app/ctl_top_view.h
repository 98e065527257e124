/* SPDX-License-Identifier: BSD-3-Clause */
/* What top knows and how it looks: fits 24 lines of 80 characters, and uses more. */
#pragma once

#include <stdbool.h>

#include "ctl_show.h"

struct json_object;

/* Counters at one moment. */
struct top_sample {
	double at_s;
	unsigned long long packets, bytes, dropped, lost, began, records, sent, records_lost;
};

struct top_view {
	struct json_object *status, *top; /* the latest ones */
	struct top_sample now, before;	  /* rates are between them */
	bool learnt;			  /* a status at least */
	bool complete;			  /* a turn, to be drawn */
};

/* A line of an answer, at a moment. */
void top_view_learn(struct top_view *v, struct json_object *line, double at_s);
void top_view_draw(const struct top_view *v, struct screen *s);
void top_view_free(struct top_view *v);
