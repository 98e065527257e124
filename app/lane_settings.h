/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a lane works by and a reload may change. It is constant: a reload makes another one, and a
 * lane takes it between two bursts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <pcap/pcap.h>

#include "ft/ft.h"
#include "opened.h"
#include "options.h"

struct lane;

struct lane_settings {
	struct ft_change table;
	uint64_t stop_timeout_ns;
	struct bpf_program filter, own;
	bool has_filter, has_own;
	struct lane_settings *next; /* of those that wait to be freed */
};

struct lane_settings_from {
	const struct options *o;
	uint32_t processors; /* that run */
	/* Whose traffic is left out: outputs, and those that still drain. */
	const struct opened_output *outputs, *leaving;
	unsigned int n_outputs, n_leaving;
};

/*
 * Makes settings. Files are filtered where they are read, by their own link types. 0 or -errno with
 * one line in error.
 */
int lane_settings_create(struct lane_settings **out, const struct lane_settings_from *from,
			 char *error, size_t error_len);
/* When no lane works by it. */
void lane_settings_destroy(struct lane_settings *s);

/* Before the lane runs. */
void lane_settings_give(struct lane *l, const struct lane_settings *s);
/*
 * Asks a lane to work by other settings from its next burst on; whether it does, or works no more.
 * A thread that is not the lane's.
 */
void lane_settings_ask(struct lane *l, const struct lane_settings *s);
bool lane_settings_are_taken(const struct lane *l, const struct lane_settings *s);

/* More than one load only when there is something to do. The lane's thread, between bursts. */
void lane_settings_take(struct lane *l, bool busy);
