/* SPDX-License-Identifier: BSD-3-Clause */
/* One line a message, on standard error: what happened and what to do. Only app/ logs. */
#pragma once

#include <stdbool.h>

#include "options.h"

/*
 * What is printed from now on; with_time puts the time in front (long runs), local_time in the
 * machine's zone. Where the journal of systemd reads standard error, it gets the level instead
 * (sd-daemon(3)). The main thread.
 */
void log_setup(enum log_level least, bool with_time, bool local_time);

/* The least important messages that are printed from now on. Any thread. */
void log_set_level(enum log_level least);
enum log_level log_get_level(void);

/* Any thread. The line begins with "ftprobe: "; a newline is added. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same for lines that are never too often: those that come at a pace of their own, and what
 * somebody asked for.
 */
void log_always(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * From begin to end, lines of one kind that come too often are counted instead of printed (not
 * those of levels info and debug). look() says what was suppressed, once its time is over; end()
 * all of it. Any thread.
 */
void log_limit_begin(void);
void log_limit_look(void);
void log_limit_end(void);

#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
