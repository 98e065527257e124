/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines. */
#include "log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "log_limit.h"

/* What people get, whose lines may be cut. */
#define LINE_BYTES 1024

static struct {
	enum log_level least;
	bool with_time, local_time;
	bool to_journal;
} setup = {.least = LOG_LEVEL_NOTICE};

void log_set_level(enum log_level least)
{
	__atomic_store_n(&setup.least, least, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return __atomic_load_n(&setup.least, __ATOMIC_RELAXED);
}

static struct {
	pthread_mutex_t lock;
	bool on;
	struct log_limit limit;
} limiter = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* systemd says which stream it reads; after a redirection it is another one. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat s;

	if (!stream || fstat(fd, &s) != 0)
		return false;
	snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
	return strcmp(own, stream) == 0;
}

void log_setup(enum log_level least, bool with_time, bool local_time)
{
	log_set_level(least);
	setup.with_time = with_time;
	setup.local_time = local_time;
	setup.to_journal = is_journal(STDERR_FILENO);
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

/* One call, so that lines of two threads do not mix. The journal has time and name itself. */
static void print(enum log_level level, const char *line)
{
	static const struct {
		const char *word;
		int priority; /* as syslog and sd-daemon(3) have it */
	} levels[] = {
		[LOG_LEVEL_ERROR] = {"", 3},	    [LOG_LEVEL_WARNING] = {"warning: ", 4},
		[LOG_LEVEL_NOTICE] = {"", 5},	    [LOG_LEVEL_INFO] = {"", 6},
		[LOG_LEVEL_DEBUG] = {"debug: ", 7},
	};
	char when[40] = "";

	if (setup.to_journal) {
		fprintf(stderr, "<%d>%s\n", levels[level].priority, line);
		return;
	}
	if (setup.with_time)
		write_time(when, sizeof when);
	fprintf(stderr, "%sftprobe: %s%s\n", when, levels[level].word, line);
}

void log_always(enum log_level level, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	if (level > log_get_level())
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	print(level, line);
}

/* Under the lock: what was suppressed before this line is said behind it. */
static bool may_print(const char *format, char *line, size_t len)
{
	uint32_t suppressed;
	size_t used = strlen(line);

	if (!log_limit_admit(&limiter.limit, format, clock_monotonic_ns(), &suppressed)) {
		log_limit_keep(&limiter.limit, format, line);
		return false;
	}
	if (suppressed)
		snprintf(line + used, len - used, " (%" PRIu32 " more like this suppressed)",
			 suppressed);
	return true;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE_BYTES];
	bool good = true;
	va_list args;

	if (level > log_get_level())
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (level <= LOG_LEVEL_NOTICE) {
		pthread_mutex_lock(&limiter.lock);
		good = !limiter.on || may_print(format, line, sizeof line);
		pthread_mutex_unlock(&limiter.lock);
	}
	if (good)
		print(level, line);
}

static void tell_suppressed(uint64_t now_ns)
{
	uint32_t n;
	const char *last;

	while (log_limit_next(&limiter.limit, now_ns, &n, &last)) {
		char line[LINE_BYTES];

		snprintf(line, sizeof line, "%" PRIu32 " more suppressed like: %s", n, last);
		print(LOG_LEVEL_NOTICE, line);
	}
}

void log_limit_begin(void)
{
	pthread_mutex_lock(&limiter.lock);
	limiter.on = true;
	pthread_mutex_unlock(&limiter.lock);
}

void log_limit_look(void)
{
	pthread_mutex_lock(&limiter.lock);
	tell_suppressed(clock_monotonic_ns());
	pthread_mutex_unlock(&limiter.lock);
}

void log_limit_end(void)
{
	pthread_mutex_lock(&limiter.lock);
	limiter.on = false;
	tell_suppressed(UINT64_MAX);
	limiter.limit = (struct log_limit){0};
	pthread_mutex_unlock(&limiter.lock);
}
