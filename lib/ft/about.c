/* SPDX-License-Identifier: BSD-3-Clause */
/* The library about itself: version, licence, and the line that it says when something fails. */
#include "ft/log.h"

#include "ft/pfring_ft_ext.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

/* A line of the library: a path and a sentence. */
#define LINE_BYTES 1024

/* 9999-12-31 23:59:59 UTC: programs compare it with now, and print it. */
#define NO_EXPIRY ((time_t)253402300799LL)

static void to_stderr(const char *line, void *user)
{
	(void)user;
	fprintf(stderr, "pfring_ft: %s\n", line);
}

struct hook {
	pfring_ft_log_func callback;
	void *user;
};

static struct hook hook = {.callback = to_stderr};
static pthread_mutex_t hook_lock = PTHREAD_MUTEX_INITIALIZER;

static atomic_bool debug;

static __attribute__((format(printf, 1, 0))) void say(const char *format, va_list arguments)
{
	char line[LINE_BYTES];
	struct hook now;

	vsnprintf(line, sizeof line, format, arguments);
	/* Called without the lock: it may call the library itself. */
	pthread_mutex_lock(&hook_lock);
	now = hook;
	pthread_mutex_unlock(&hook_lock);
	if (now.callback)
		now.callback(line, now.user);
}

void ft_log(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void ft_debug(const char *format, ...)
{
	va_list arguments;

	if (!atomic_load_explicit(&debug, memory_order_relaxed))
		return;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void pfring_ft_set_log_callback(pfring_ft_log_func callback, void *user)
{
	pthread_mutex_lock(&hook_lock);
	hook = (struct hook){callback, user};
	pthread_mutex_unlock(&hook_lock);
}

void pfring_ft_debug(void)
{
	atomic_store_explicit(&debug, true, memory_order_relaxed);
}

void pfring_ft_version(char *version)
{
	snprintf(version, 32, "%s", FTPROBE_VERSION);
}

u_int32_t pfring_ft_api_version(void)
{
	return FT_API_VERSION;
}

int pfring_ft_license(char *system_id, time_t *license_expiration, time_t *maintenance_expiration)
{
	if (system_id)
		snprintf(system_id, 48, "none needed");
	if (license_expiration)
		*license_expiration = NO_EXPIRY;
	if (maintenance_expiration)
		*maintenance_expiration = NO_EXPIRY;
	return 1;
}

int pfring_ft_set_license(const char *license_key)
{
	(void)license_key;
	return 1;
}
