/* SPDX-License-Identifier: BSD-3-Clause */
/* One thread that prints a line now and then; the others have threads of their libraries. */
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "log.h"
#include "metrics.h"
#include "summary.h"
#include "telemetry.h"

struct watch {
	struct snapshot_source source;
	struct snapshot_told told;
	struct metrics *metrics;
	bool has_telemetry, has_thread;
	pthread_t thread;
	int end_fd; /* eventfd: the thread is to end */
	struct summary summary;
	struct snapshot snapshot; /* of the thread */
};

static bool told_to_end(const struct watch *w, uint64_t until_ns)
{
	struct pollfd end = {.fd = w->end_fd, .events = POLLIN};
	uint64_t now_ns;

	while ((now_ns = clock_monotonic_ns()) < until_ns) {
		int ms = (int)((until_ns - now_ns) / 1000000 + 1);

		if (poll(&end, 1, ms) > 0)
			return true;
	}
	return false;
}

static void *run_summary(void *self)
{
	struct watch *w = self;
	const uint64_t interval_ns = w->source.o->probe.summary_interval_ns;
	uint64_t next_ns = clock_monotonic_ns() + interval_ns;
	char line[SUMMARY_BYTES];

	snapshot_take(&w->source, &w->snapshot);
	summary_line(&w->summary, &w->snapshot, line, sizeof line); /* begins here */
	while (!told_to_end(w, next_ns)) {
		snapshot_take(&w->source, &w->snapshot);
		summary_line(&w->summary, &w->snapshot, line, sizeof line);
		log_always(LOG_LEVEL_NOTICE, "%s", line);
		log_limit_look();
		next_ns += interval_ns;
	}
	return NULL;
}

static int start_summary(struct watch *w)
{
	int rc;

	if (!w->source.ports || !w->source.o->probe.summary_interval_ns)
		return 0;
	w->end_fd = eventfd(0, EFD_CLOEXEC);
	if (w->end_fd < 0)
		return -errno;
	rc = pthread_create(&w->thread, NULL, run_summary, w);
	w->has_thread = rc == 0;
	return -rc;
}

static int open_all(struct watch *w, char *error, size_t error_len)
{
	const char *listen = w->source.o->metrics.listen;
	int rc = 0;

	if (listen[0])
		rc = metrics_open(&w->metrics, listen, &w->source, error, error_len);
	if (rc)
		return rc;
	if (w->source.ports) {
		w->has_telemetry = true;
		if (telemetry_begin(&w->source))
			log_warning("DPDK's telemetry does not take the commands /ftprobe/...");
	}
	rc = start_summary(w);
	if (rc)
		snprintf(error, error_len, "cannot start the thread of the summary: %s",
			 strerror(-rc));
	return rc;
}

int watch_open(struct watch **out, const struct snapshot_source *source, char *error,
	       size_t error_len)
{
	struct watch *w = calloc(1, sizeof *w);
	int rc;

	if (!w) {
		snprintf(error, error_len, "no memory");
		return -ENOMEM;
	}
	w->source = *source;
	w->source.told = &w->told;
	w->end_fd = -1;
	pthread_mutex_init(&w->source.lock, NULL);
	rc = open_all(w, error, error_len);
	if (source->ports)
		log_limit_begin();
	if (rc) {
		watch_close(w);
		return rc;
	}
	*out = w;
	return 0;
}

void watch_close(struct watch *w)
{
	const uint64_t one = 1;

	if (!w)
		return;
	log_limit_end();
	metrics_close(w->metrics);
	if (w->has_telemetry)
		telemetry_end();
	if (w->has_thread && write(w->end_fd, &one, sizeof one) == sizeof one)
		pthread_join(w->thread, NULL);
	if (w->end_fd >= 0)
		close(w->end_fd);
	pthread_mutex_destroy(&w->source.lock);
	free(w);
}

struct snapshot_source *watch_source(struct watch *w)
{
	return &w->source;
}
