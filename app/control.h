/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a unix stream socket on which one JSON object a line is asked and answered.
 * {"command": NAME, ...} is a request; its answer is any number of lines and a last one with the
 * member "ok": true, or false with "error". One thread serves everybody: commands answer at once,
 * jobs step by step, one job at a time. Requests, clients and answers are bounded, and whoever
 * does not read is left.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct control;
struct control_reply;

/* A job: called about every millisecond, and when the client can take more; true when done. */
struct control_job {
	bool (*step)(void *self, struct control_reply *reply);
	void (*free)(void *self); /* done, or the client went away */
	void *self;
};

/*
 * What a client may ask for. run() answers, or begins a job by control_reply_job(); request is the
 * whole object and stays the server's. The control thread.
 */
struct control_command {
	const char *name, *sentence;
	void (*run)(void *self, struct json_object *request, struct control_reply *reply);
	void *self;
	bool is_job; /* waits until no other job runs */
};

/*
 * Opens the socket: mode 0660; a socket that nobody answers at is replaced, one that a probe
 * answers at, or another kind of file, is refused. 0 or -errno with one line in error. The main
 * thread, before there are others (umask).
 */
int control_open(struct control **out, const char *path, char *error, size_t error_len);
/* One more command, before control_start(); at most CONTROL_COMMANDS_MAX. 0 or -ENOSPC. */
int control_add(struct control *c, const struct control_command *command);
/* 0 or -errno. */
int control_start(struct control *c);
/* Ends the thread; jobs end unfinished. Before what commands look at is gone. */
void control_stop(struct control *c);
/* Removes the socket. NULL may be closed. */
void control_close(struct control *c);

/* ---- for commands ---- */

/* A line of the answer; takes the object over. */
void control_reply_line(struct control_reply *r, struct json_object *line);
/* The last line: {"ok": true} and the members of more, which is taken over and may be NULL. */
void control_reply_done(struct control_reply *r, struct json_object *more);
/* The last line: why not. at is a place in what was asked, SIZE_MAX = none. */
void control_reply_error(struct control_reply *r, size_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The answer comes from a job, whose last step gives the last line. */
void control_reply_job(struct control_reply *r, const struct control_job *job);
/* Whether the client has taken enough of the answer for more; a job that has much to say waits. */
bool control_reply_has_room(const struct control_reply *r);

/* A member of a request: its text, or otherwise; a member of another type is as one that is not
 * there. */
const char *control_text(struct json_object *request, const char *key, const char *otherwise);
