/* SPDX-License-Identifier: BSD-3-Clause */
/* reload: a thread waits for what comes of it, while the socket answers others. */
#include "control_reload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

/* A line on what changed, and one on each setting that needs a restart. */
#define MESSAGE_BYTES 8192

struct reload_job {
	struct reload *reload;
	int result;
	atomic_bool done;
	atomic_uint users; /* the socket's thread and the one that waits; the last one frees it */
	char message[MESSAGE_BYTES];
};

static void put_job(struct reload_job *job)
{
	if (atomic_fetch_sub(&job->users, 1) == 1)
		free(job);
}

static void *wait_for_reload(void *self)
{
	struct reload_job *job = self;

	job->result = reload_ask(job->reload, job->message, sizeof job->message);
	atomic_store_explicit(&job->done, true, memory_order_release);
	put_job(job);
	return NULL;
}

static struct json_object *lines_of(char *message)
{
	struct json_object *all = json_object_new_array();
	char *rest = NULL;

	for (char *line = strtok_r(message, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_object_array_add(all, json_object_new_string(line));
	return all;
}

/* True when it has ended. */
static bool step(void *self, struct control_reply *r)
{
	struct reload_job *job = self;
	struct json_object *more;

	if (!atomic_load_explicit(&job->done, memory_order_acquire))
		return false;
	if (job->result) {
		job->message[strcspn(job->message, "\n")] = '\0';
		control_reply_error(r, SIZE_MAX, "%s", job->message);
		return true;
	}
	more = json_object_new_object();
	json_object_object_add(more, "lines", lines_of(job->message));
	control_reply_done(r, more);
	return true;
}

/* A client that went away does not stop a reload, and is not waited for by other clients. */
static void free_job(void *self)
{
	put_job(self);
}

static void run(void *self, struct json_object *request, struct control_reply *r)
{
	struct reload_job *job = calloc(1, sizeof *job);
	pthread_t thread;

	(void)request;
	if (!self) {
		free(job);
		control_reply_error(r, SIZE_MAX,
				    "this probe has no configuration file (-c): there is nothing "
				    "to read again");
		return;
	}
	if (!job) {
		control_reply_error(r, SIZE_MAX, "no memory");
		return;
	}
	job->reload = self;
	atomic_init(&job->users, 2);
	if (pthread_create(&thread, NULL, wait_for_reload, job)) {
		free(job);
		control_reply_error(r, SIZE_MAX, "no thread can be started");
		return;
	}
	pthread_detach(thread); /* reload_destroy() waits for whoever waits there */
	control_reply_job(r, &(struct control_job){step, free_job, job});
}

int control_reload_add(struct control *c, struct reload *r)
{
	return control_add(c, &(struct control_command){
				      "reload", "take the configuration file anew", run, r, true});
}
