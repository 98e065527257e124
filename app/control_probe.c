/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands, and the short ones. */
#include "control_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "control_socket.h"
#include "core/clock.h"
#include "lane_query.h"
#include "log.h"

/* A lane that does not end its flows for so long, while it could, stands still. */
#define EXPIRE_PATIENCE_NS (60 * SECOND_NS)

int64_t control_probe_shift_ns(const struct control_probe *p)
{
	if (!p->exporter->live)
		return 0;
	return (int64_t)(clock_wall_ns() - clock_monotonic_ns()) - p->exporter->epoch_offset_ns;
}

/* ---- log ---- */

static const char *const levels[] = {LOG_LEVEL_CHOICES(CHOICE_WORD)};

#define LEVELS_N (int)(sizeof levels / sizeof levels[0])

static void run_log(void *self, struct json_object *request, struct control_reply *r)
{
	const char *wanted = control_text(request, "level", NULL);
	struct json_object *more;
	int level = 0;

	(void)self;
	while (wanted && level < LEVELS_N && strcmp(levels[level], wanted) != 0)
		level++;
	if (level == LEVELS_N) {
		control_reply_error(r, SIZE_MAX,
				    "no level \"%.60s\"; there are error, warning, notice, info "
				    "and debug",
				    wanted);
		return;
	}
	if (wanted) {
		log_set_level((enum log_level)level);
		log_notice("log level %s, by the control socket", wanted);
	}
	more = json_object_new_object();
	json_object_object_add(more, "level", json_object_new_string(levels[log_get_level()]));
	control_reply_done(r, more);
}

/* ---- expire ---- */

struct expire_job {
	struct control_probe *p;
	uint64_t asked_ns;
};

static bool lane_has_expired(const struct lane *l)
{
	return !l->query || lane_query_expired(l->query) ||
	       atomic_load_explicit(&l->done, memory_order_acquire);
}

static bool step_expire(void *self, struct control_reply *r)
{
	struct expire_job *job = self;
	struct json_object *more;
	uint64_t ended = 0;

	for (unsigned int i = 0; i < job->p->exporter->n_lanes; i++) {
		const struct lane *l = &job->p->exporter->lanes[i];

		if (lane_has_expired(l)) {
			ended += l->query ? l->query->expired : 0;
			continue;
		}
		if (clock_monotonic_ns() - job->asked_ns < EXPIRE_PATIENCE_NS)
			return false;
		control_reply_error(r, SIZE_MAX, "lane %u does not answer", i);
		return true;
	}
	more = json_object_new_object();
	json_object_object_add(more, "expired", json_object_new_uint64(ended));
	control_reply_done(r, more);
	return true;
}

static void run_expire(void *self, struct json_object *request, struct control_reply *r)
{
	struct control_probe *p = self;
	struct expire_job *job = malloc(sizeof *job);

	(void)request;
	if (!job) {
		control_reply_error(r, SIZE_MAX, "no memory");
		return;
	}
	*job = (struct expire_job){.p = p, .asked_ns = clock_monotonic_ns()};
	for (unsigned int i = 0; i < p->exporter->n_lanes; i++)
		if (p->exporter->lanes[i].query)
			lane_query_expire(p->exporter->lanes[i].query);
	log_notice("all flows end, by the control socket");
	control_reply_job(r, &(struct control_job){step_expire, free, job});
}

/* ---- dump-config ---- */

/* Reloads change them, and whoever sets the log level. */
static bool print_options(const struct control_probe *p, FILE *f)
{
	struct options *now = malloc(sizeof *now);

	if (!now)
		return false;
	if (p->reload)
		reload_options(p->reload, now);
	else
		*now = *p->o;
	now->probe.log_level = log_get_level();
	options_print_running(now, f);
	free(now);
	return true;
}

static void run_dump_config(void *self, struct json_object *request, struct control_reply *r)
{
	const struct control_probe *p = self;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool printed;

	(void)request;
	if (!f) {
		control_reply_error(r, SIZE_MAX, "no memory");
		return;
	}
	printed = print_options(p, f);
	if (fclose(f) == 0 && printed) {
		struct json_object *more = json_object_new_object();

		json_object_object_add(more, "config", json_object_new_string_len(text, (int)len));
		control_reply_done(r, more);
	} else {
		control_reply_error(r, SIZE_MAX, "no memory");
	}
	free(text);
}

/* Where ftprobectl finds this probe; "" = nowhere. */
static const char *socket_path(const struct options *o, bool live, char *text, size_t len)
{
	const char *path = o->control.socket;

	if (strcmp(path, "auto") == 0)
		return live && access(CONTROL_FOLDER, W_OK) == 0 ?
			       control_socket_path(o->eal.file_prefix, text, len) :
			       "";
	return strcmp(path, "off") == 0 ? "" : path;
}

int control_probe_open(struct control **out, const struct options *o, bool live, char *error,
		       size_t error_len)
{
	char text[OPTION_BYTES_MAX];
	const char *path = socket_path(o, live, text, sizeof text);

	return *path ? control_open(out, path, error, error_len) : 0;
}

int control_probe_start(struct control *c, struct control_probe *p)
{
	const struct control_command commands[] = {
		{"status", "counters of lanes, ports and outputs", control_run_status, p, false},
		{"flows", "flows in the tables now: filter, sort, limit, fields", control_run_flows,
		 p, true},
		{"top", "the hosts and applications of the flows in the tables now",
		 control_run_top, p, true},
		{"log", "the least important messages that are logged: level", run_log, p, false},
		{"expire", "all flows in the tables end now", run_expire, p, true},
		{"dump-config", "the settings that are in force", run_dump_config, p, false},
	};
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < sizeof commands / sizeof commands[0]; i++)
		rc = control_add(c, &commands[i]);
	return rc ? rc : control_start(c);
}
