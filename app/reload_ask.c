/* SPDX-License-Identifier: BSD-3-Clause */
/* Those who ask for a reload, wait for it, and end it. */
#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "log.h"
#include "reload_internal.h"

void reload_ask_soon(struct reload *r)
{
	pthread_mutex_lock(&r->lock);
	r->asked++;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
}

static struct timespec monotonic_in(uint64_t ns)
{
	const uint64_t end_ns = clock_monotonic_ns() + ns;

	return (struct timespec){.tv_sec = (time_t)(end_ns / SECOND_NS),
				 .tv_nsec = (long)(end_ns % SECOND_NS)};
}

int reload_ask(struct reload *r, char *message, size_t len)
{
	const struct timespec end = monotonic_in(RELOAD_WAIT_NS);
	uint64_t mine;
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	mine = ++r->asked;
	r->waiting++;
	pthread_cond_broadcast(&r->news);
	while (r->answered < mine && !r->ends && rc == 0)
		rc = -pthread_cond_timedwait(&r->news, &r->lock, &end);
	if (r->answered >= mine) {
		rc = r->result;
		snprintf(message, len, "%s", r->message);
	} else if (r->ends) {
		rc = -ECANCELED;
		snprintf(message, len, "the program ends");
	} else {
		snprintf(message, len, "not done yet; the log will say what came of it");
	}
	r->waiting--;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

void reload_options(struct reload *r, struct options *out)
{
	pthread_mutex_lock(&r->lock);
	*out = *r->running;
	pthread_mutex_unlock(&r->lock);
}

void reload_end_soon(struct reload *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->ends = true;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
}

/* False when it did not within ns. */
static bool wait_for_thread(struct reload *r, uint64_t ns)
{
	const struct timespec end = monotonic_in(ns);
	bool over;

	pthread_mutex_lock(&r->lock);
	r->ends = true;
	pthread_cond_broadcast(&r->news);
	while ((!r->over || r->waiting) && pthread_cond_timedwait(&r->news, &r->lock, &end) == 0)
		continue;
	over = r->over && !r->waiting;
	pthread_mutex_unlock(&r->lock);
	if (over)
		pthread_join(r->thread, NULL);
	return over;
}

bool reload_destroy(struct reload *r)
{
	if (!r)
		return true;
	/* An output may be closing. */
	if (!wait_for_thread(r, RELOAD_END_NS + r->probe.exporter->stop_timeout_ns)) {
		log_warning("a reload is still under way; it ends with the program");
		return false;
	}
	lane_settings_destroy(r->probe.settings);
	while (r->old) {
		struct lane_settings *next = r->old->next;

		lane_settings_destroy(r->old);
		r->old = next;
	}
	options_free(r->running);
	free(r->running);
	pthread_cond_destroy(&r->news);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return true;
}
