/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection to a probe: requests out, lines of answers in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct link {
	int fd;
	char path[128];
	char *in; /* what was read and not looked at yet */
	size_t in_len, in_size;
};

/*
 * Connects to a socket, or to that of a file prefix: with neither to that of "ftprobe", or to the
 * only one there is. False, after one line on stderr that says what to do.
 */
bool link_open(struct link *l, const char *socket, const char *prefix);
void link_close(struct link *l);

/* Sends a request and keeps it the caller's. False, after one line. */
bool link_send(struct link *l, struct json_object *request);
/*
 * The next line of an answer, to be put by the caller; waits for it. NULL, after one line, when
 * there is none.
 */
struct json_object *link_receive(struct link *l);
/* The same without waiting: *gone says that there will be none, after one line. */
struct json_object *link_take(struct link *l, bool *gone);

/*
 * Whether it is the last line of an answer; *good what it says. An error is told in one line,
 * with the place in what was asked.
 */
bool link_is_last(struct json_object *line, bool *good);

/* {"command": name}, to be put. */
struct json_object *link_request(const char *name);

/* Members of an answer; 0, "" and NULL where there is none. */
unsigned long long link_number(struct json_object *o, const char *key);
const char *link_text(struct json_object *o, const char *key);
struct json_object *link_member(struct json_object *o, const char *key);
