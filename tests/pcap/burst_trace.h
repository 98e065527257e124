/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures in memory, for burst_diff: every packet of every file below some folders. */
#pragma once

#include "ft/pfring_ft_ext.h"

/* A file; each packet's bytes are allocated on their own. */
struct trace {
	char *name;
	pfring_ft_packet *packets;
	unsigned int n, room;
};

struct traces {
	struct trace *at;
	unsigned int n, room;
	unsigned int n_refused; /* files that are no captures, in folders named refused-* */
};

/*
 * Adds the files below path that are captures by their names, or path itself, in the order of their
 * names. 0, or -1 after a line on standard error: a file could not be read, and should be.
 */
int traces_load(struct traces *all, const char *path);
void traces_free(struct traces *all);
