/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static struct {
	enum log_level least;
	bool with_time, local_time;
} setup = {.least = LOG_LEVEL_NOTICE};

void log_set_level(enum log_level least)
{
	__atomic_store_n(&setup.least, least, __ATOMIC_RELAXED);
}

void log_setup(enum log_level least, bool with_time, bool local_time)
{
	log_set_level(least);
	setup.with_time = with_time;
	setup.local_time = local_time;
}

static void write_time(char *text, size_t len)
{
	time_t now = time(NULL);
	struct tm tm;

	if (setup.local_time)
		localtime_r(&now, &tm);
	else
		gmtime_r(&now, &tm);
	strftime(text, len, setup.local_time ? "%Y-%m-%dT%H:%M:%S%z " : "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "", [LOG_LEVEL_WARNING] = "warning: ", [LOG_LEVEL_NOTICE] = "",
		[LOG_LEVEL_INFO] = "",	[LOG_LEVEL_DEBUG] = "debug: ",
	};
	char when[40] = "", line[1024];
	va_list args;

	if (level > __atomic_load_n(&setup.least, __ATOMIC_RELAXED))
		return;
	if (setup.with_time)
		write_time(when, sizeof when);
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	/* One call, so that lines of two threads do not mix. */
	fprintf(stderr, "%sftprobe: %s%s\n", when, words[level], line);
}
