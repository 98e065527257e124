/* SPDX-License-Identifier: BSD-3-Clause */
/* How often a log line of one kind is printed: a collector that comes and goes fills no disk. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"

/* Bytes kept of a line that was not printed. */
#define LOG_LIMIT_TEXT 256

/* Lines of one format. */
struct log_kind {
	const char *format; /* NULL = free */
	uint64_t since_ns;  /* when its time began */
	uint32_t printed, suppressed;
	char last[LOG_LIMIT_TEXT]; /* the latest that was suppressed */
};

/* Zero at first; one thread at a time. */
struct log_limit {
	struct log_kind kinds[LOG_KINDS_MAX];
};

/*
 * Whether a line of this format may be printed now: LOG_LINES_MAX in LOG_LINES_NS. *suppressed is
 * how many of its kind were not since the last one that was.
 */
bool log_limit_admit(struct log_limit *l, const char *format, uint64_t now_ns,
		     uint32_t *suppressed);

/* Keeps a line that was not admitted, for log_limit_next(). */
void log_limit_keep(struct log_limit *l, const char *format, const char *line);

/*
 * The next kind whose time is over and of which lines were suppressed that nobody was told of; with
 * their number and the latest of them, which lives until the next call for its kind. False: none is
 * left. Ask with UINT64_MAX for all.
 */
bool log_limit_next(struct log_limit *l, uint64_t now_ns, uint32_t *suppressed, const char **last);
