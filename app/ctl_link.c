/* SPDX-License-Identifier: BSD-3-Clause */
/* A unix stream socket with JSON lines. */
#include "ctl_link.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>

#include "control_socket.h"

/* A line longer than this is none of a probe's: rows are below 64 KB, a status below 2 MB. */
#define LINE_BYTES_MAX (4U << 20)
#define READ_BYTES     65536

static void complain(const char *path, int error)
{
	switch (error) {
	case ENOENT:
		fprintf(stderr, "ftprobectl: no probe is running: there is no %s\n", path);
		break;
	case ECONNREFUSED:
		fprintf(stderr, "ftprobectl: no probe is running: nobody answers at %s\n", path);
		break;
	case EACCES:
	case EPERM:
		fprintf(stderr,
			"ftprobectl: no permission for %s: it is for its owner and group; "
			"see ls -l, sudo\n",
			path);
		break;
	default:
		fprintf(stderr, "ftprobectl: %s: %s\n", path, strerror(error));
	}
}

/* The only socket of a probe on this machine. */
static bool find_only(char *path, size_t len)
{
	bool found = false;
	glob_t g;

	if (glob(CONTROL_FOLDER "/*.sock", 0, NULL, &g) == 0 && g.gl_pathc == 1) {
		snprintf(path, len, "%s", g.gl_pathv[0]);
		found = true;
	}
	globfree(&g);
	return found;
}

bool link_open(struct link *l, const char *socket, const char *prefix)
{
	*l = (struct link){.fd = -1};
	if (socket)
		snprintf(l->path, sizeof l->path, "%s", socket);
	else
		control_socket_path(prefix ? prefix : "ftprobe", l->path, sizeof l->path);
	l->fd = control_socket_connect(l->path);
	if (l->fd == -ENOENT && !socket && !prefix && find_only(l->path, sizeof l->path))
		l->fd = control_socket_connect(l->path);
	if (l->fd >= 0)
		return true;
	complain(socket ? socket : l->path, -l->fd);
	return false;
}

void link_close(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->in);
}

bool link_send(struct link *l, struct json_object *request)
{
	size_t len, sent = 0;
	const char *text =
		json_object_to_json_string_length(request, JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	char *line = malloc(len + 2);

	if (!line)
		return false;
	snprintf(line, len + 2, "%s\n", text);
	while (sent < len + 1) {
		ssize_t n = send(l->fd, line + sent, len + 1 - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "ftprobectl: the probe has gone\n");
			break;
		}
		sent += (size_t)n;
	}
	free(line);
	return sent == len + 1;
}

/* A whole line that was read, or NULL; *bad: it is none. */
static struct json_object *take_line(struct link *l, bool *bad)
{
	char *end = l->in_len ? memchr(l->in, '\n', l->in_len) : NULL;
	struct json_object *line;
	size_t len;

	if (!end)
		return NULL;
	*end = '\0';
	line = json_tokener_parse(l->in);
	len = (size_t)(end + 1 - l->in);
	l->in_len -= len;
	memmove(l->in, end + 1, l->in_len);
	*bad = !line || !json_object_is_type(line, json_type_object);
	if (!*bad)
		return line;
	fprintf(stderr, "ftprobectl: %s: what answers there is no probe\n", l->path);
	json_object_put(line);
	return NULL;
}

/* Reads what is there; false, after one line, when nothing will come. */
static bool fill(struct link *l, int flags)
{
	ssize_t n;

	if (l->in_size - l->in_len < READ_BYTES) {
		const size_t size = 2 * l->in_size + READ_BYTES;
		char *more = size < 2 * LINE_BYTES_MAX ? realloc(l->in, size) : NULL;

		if (!more) {
			fprintf(stderr, "ftprobectl: %s: the answer is too long\n", l->path);
			return false;
		}
		l->in = more;
		l->in_size = size;
	}
	n = recv(l->fd, l->in + l->in_len, l->in_size - l->in_len, flags);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		fprintf(stderr, "ftprobectl: the probe has gone\n");
		return false;
	}
	l->in_len += (size_t)n;
	return true;
}

struct json_object *link_receive(struct link *l)
{
	bool bad = false;

	for (;;) {
		struct json_object *line = take_line(l, &bad);

		if (line || bad)
			return line;
		if (!fill(l, 0))
			return NULL;
	}
}

struct json_object *link_take(struct link *l, bool *gone)
{
	struct json_object *line;

	*gone = false;
	line = take_line(l, gone);
	if (line || *gone)
		return line;
	*gone = !fill(l, MSG_DONTWAIT);
	return *gone ? NULL : take_line(l, gone);
}

bool link_is_last(struct json_object *line, bool *good)
{
	struct json_object *ok = link_member(line, "ok"), *at = link_member(line, "at");

	if (!ok)
		return false;
	*good = json_object_get_boolean(ok);
	if (*good)
		return true;
	fprintf(stderr, "ftprobectl: %s", link_text(line, "error"));
	if (at)
		fprintf(stderr, " (at character %llu)", link_number(line, "at") + 1);
	fputc('\n', stderr);
	return true;
}

struct json_object *link_request(const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "command", json_object_new_string(name));
	return o;
}

struct json_object *link_member(struct json_object *o, const char *key)
{
	struct json_object *member = NULL;

	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &member);
	return member;
}

unsigned long long link_number(struct json_object *o, const char *key)
{
	return json_object_get_uint64(link_member(o, key));
}

const char *link_text(struct json_object *o, const char *key)
{
	struct json_object *member = link_member(o, key);

	return member ? json_object_get_string(member) : "";
}
