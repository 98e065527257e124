/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: requests and answers, clients that behave badly, files that lie there. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "control.h"
#include "control_socket.h"
#include "core/clock.h"
#include "core/limits.h"

/* Debian's user and group nobody. */
#define NOBODY 65534

struct server {
	struct control *control;
	char folder[64], path[80];
	atomic_int jobs_freed, jobs_running, jobs_at_once;
};

/* ---- commands ---- */

static void run_echo(void *self, struct json_object *request, struct control_reply *r)
{
	struct json_object *more = json_object_new_object();

	(void)self;
	json_object_object_add(more, "echo",
			       json_object_new_string(control_text(request, "text", "none")));
	control_reply_done(r, more);
}

static void run_refuse(void *self, struct json_object *request, struct control_reply *r)
{
	(void)self;
	(void)request;
	control_reply_error(r, 3, "not %s", "today");
}

struct job {
	struct server *server;
	int lines;
};

static bool step_job(void *self, struct control_reply *r)
{
	struct job *job = self;
	struct json_object *line;

	for (; job->lines && control_reply_has_room(r); job->lines--) {
		line = json_object_new_object();
		json_object_object_add(line, "line", json_object_new_int(job->lines));
		control_reply_line(r, line);
	}
	if (job->lines)
		return false;
	control_reply_done(r, NULL);
	return true;
}

static void free_job(void *self)
{
	struct job *job = self;

	atomic_fetch_sub(&job->server->jobs_running, 1);
	atomic_fetch_add(&job->server->jobs_freed, 1);
	free(job);
}

static void run_job(void *self, struct json_object *request, struct control_reply *r)
{
	struct server *s = self;
	struct json_object *lines;
	struct job *job = calloc(1, sizeof *job);
	int running = atomic_fetch_add(&s->jobs_running, 1) + 1;

	if (running > atomic_load(&s->jobs_at_once))
		atomic_store(&s->jobs_at_once, running);
	job->server = s;
	if (json_object_object_get_ex(request, "lines", &lines))
		job->lines = json_object_get_int(lines);
	control_reply_job(r, &(struct control_job){step_job, free_job, job});
}

static int up(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	char error[256] = "";

	snprintf(s->folder, sizeof s->folder, "/tmp/ftprobe-control-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof s->path, "%s/a.sock", s->folder);
	if (control_open(&s->control, s->path, error, sizeof error)) {
		fprintf(stderr, "%s\n", error);
		return -1;
	}
	control_add(s->control, &(struct control_command){"echo", "says it again", run_echo, s});
	control_add(s->control, &(struct control_command){"refuse", "says no", run_refuse, s});
	control_add(s->control,
		    &(struct control_command){"job", "takes its time", run_job, s, true});
	*state = s;
	return control_start(s->control);
}

static int down(void **state)
{
	struct server *s = *state;
	struct stat st;

	control_close(s->control);
	if (lstat(s->path, &st) == 0)
		return -1; /* it was to be removed */
	rmdir(s->folder);
	free(s);
	return 0;
}

/* ---- a client ---- */

static int client(const struct server *s)
{
	int fd = control_socket_connect(s->path);

	assert_true(fd >= 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* A line without its end; "" when the other side closed. */
static const char *hear(int fd)
{
	static char line[65536];
	size_t len = 0;

	while (len + 1 < sizeof line) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		assert_int_equal(poll(&p, 1, 20000), 1);
		if (recv(fd, line + len, 1, 0) != 1)
			break;
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
	return line;
}

static void test_requests(void **state)
{
	struct server *s = *state;
	int fd = client(s);

	say(fd, "{\"command\":\"echo\",\"text\":\"a\\nb/\"}\n");
	assert_string_equal(hear(fd), "{\"echo\":\"a\\nb/\",\"ok\":true}");
	say(fd, "{\"command\":\"echo\",\"text\":5}\n{\"command\":\"refuse\"}\n");
	assert_string_equal(hear(fd), "{\"echo\":\"none\",\"ok\":true}");
	assert_string_equal(hear(fd), "{\"ok\":false,\"error\":\"not today\",\"at\":3}");
	say(fd, "{\"command\":\"nope\"}\n{}\n[]\nx\n\n");
	for (int i = 0; i < 5; i++)
		assert_non_null(strstr(hear(fd), "\"ok\":false"));
	say(fd, "{\"command\":\"help\"}\n");
	assert_non_null(strstr(hear(fd), "\"job\":\"takes its time\""));
	close(fd);
}

/* A request may come byte by byte, and a client may close its side behind the last one. */
static void test_pieces(void **state)
{
	static const char text[] = "{\"command\":\"echo\",\"text\":\"slow\"}\n";
	int fd = client(*state);

	for (size_t i = 0; text[i]; i++) {
		assert_int_equal(send(fd, text + i, 1, 0), 1);
		if (i % 8 == 0)
			sleep_ns(1000000);
	}
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd), "{\"echo\":\"slow\",\"ok\":true}");
	assert_string_equal(hear(fd), "");
	close(fd);
}

static void test_too_long(void **state)
{
	char text[CONTROL_REQUEST_BYTES_MAX];
	int fd = client(*state);

	memset(text, ' ', sizeof text);
	assert_int_equal(send(fd, text, sizeof text, 0), sizeof text);
	assert_non_null(strstr(hear(fd), "at most"));
	assert_string_equal(hear(fd), "");
	close(fd);
}

static void test_deep(void **state)
{
	char text[600];
	int fd = client(*state);

	memset(text, '[', sizeof text);
	text[sizeof text - 2] = '\n';
	text[sizeof text - 1] = '\0';
	say(fd, text);
	assert_non_null(strstr(hear(fd), "\"ok\":false"));
	say(fd, "{\"command\":\"echo\"}\n");
	assert_string_equal(hear(fd), "{\"echo\":\"none\",\"ok\":true}");
	close(fd);
}

/* More clients than there are places: who is silent gives way, and everybody is answered. */
static void test_flood(void **state)
{
	int fds[5 * CONTROL_CLIENTS_MAX];
	const unsigned int n = sizeof fds / sizeof fds[0];

	for (unsigned int i = 0; i < n; i++) {
		fds[i] = client(*state);
		say(fds[i], "{\"command\":\"echo\"}\n");
		assert_string_equal(hear(fds[i]), "{\"echo\":\"none\",\"ok\":true}");
	}
	assert_string_equal(hear(fds[0]), "");
	say(fds[n - 1], "{\"command\":\"echo\"}\n");
	assert_string_equal(hear(fds[n - 1]), "{\"echo\":\"none\",\"ok\":true}");
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

/* Jobs wait for each other; who does not read keeps nobody from short commands. */
static void test_jobs(void **state)
{
	struct server *s = *state;
	int slow = client(s), next = client(s), other = client(s);

	say(slow, "{\"command\":\"job\",\"lines\":1000000}\n");
	sleep_ns(50000000);
	say(next, "{\"command\":\"job\",\"lines\":3}\n");
	for (int i = 0; i < 100; i++) {
		say(other, "{\"command\":\"echo\"}\n");
		assert_string_equal(hear(other), "{\"echo\":\"none\",\"ok\":true}");
	}
	assert_int_equal(atomic_load(&s->jobs_freed), 0);
	/* It goes away unread: its job ends, the next one begins. */
	close(slow);
	assert_string_equal(hear(next), "{\"line\":3}");
	assert_string_equal(hear(next), "{\"line\":2}");
	assert_string_equal(hear(next), "{\"line\":1}");
	assert_string_equal(hear(next), "{\"ok\":true}");
	assert_int_equal(atomic_load(&s->jobs_at_once), 1);
	assert_int_equal(atomic_load(&s->jobs_freed), 2);
	close(next);
	close(other);
}

static void test_long_answer(void **state)
{
	int fd = client(*state);
	char line[32];

	say(fd, "{\"command\":\"job\",\"lines\":20000}\n");
	for (int i = 20000; i; i--) {
		snprintf(line, sizeof line, "{\"line\":%d}", i);
		assert_string_equal(hear(fd), line);
	}
	assert_string_equal(hear(fd), "{\"ok\":true}");
	close(fd);
}

/* ---- the file ---- */

static void test_file(void **state)
{
	struct server *s = *state;
	struct control *second = NULL;
	struct stat st;
	char error[256], path[90];
	FILE *f;

	assert_int_equal(stat(s->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(control_open(&second, s->path, error, sizeof error), -EADDRINUSE);
	assert_non_null(strstr(error, "a running probe answers"));
	assert_int_equal(stat(s->path, &st), 0);

	snprintf(path, sizeof path, "%s/file", s->folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(control_open(&second, path, error, sizeof error), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	snprintf(path, sizeof path, "%s/no/such", s->folder);
	assert_int_equal(control_open(&second, path, error, sizeof error), -ENOENT);
	assert_null(second);
}

/* What a killed probe left is replaced. */
static void test_stale(void **state)
{
	struct server *s = *state;
	struct control_socket left;
	struct control *second = NULL;
	char error[256], path[90];
	struct stat st;

	snprintf(path, sizeof path, "%s/stale.sock", s->folder);
	assert_int_equal(control_socket_open(&left, path, error, sizeof error), 0);
	close(left.fd);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(control_open(&second, path, error, sizeof error), 0);
	control_close(second);
	assert_int_equal(stat(path, &st), -1);
}

/* A socket that we may not ask: the file of a killed probe of root's is replaced, no other. */
static void test_stale_of_others(void **state)
{
	struct server *s = *state;
	struct control_socket left;
	struct control *second = NULL;
	char error[256], path[90];
	const bool root = geteuid() == 0;
	struct stat st;

	snprintf(path, sizeof path, "%s/closed.sock", s->folder);
	assert_int_equal(control_socket_open(&left, path, error, sizeof error), 0);
	assert_int_equal(chmod(path, 0), 0);
	if (root) {
		assert_int_equal(chown(s->folder, NOBODY, NOBODY), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	assert_int_equal(control_socket_connect(path), -EACCES);
	assert_int_equal(control_open(&second, path, error, sizeof error), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_ino, left.inode);
	close(left.fd);
	assert_int_equal(control_open(&second, path, error, sizeof error), 0);
	control_close(second);
	assert_int_equal(stat(path, &st), -1);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void test_path_too_long(void **state)
{
	struct control *second = NULL;
	char error[256], path[200];

	(void)state;
	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_int_equal(control_open(&second, path, error, sizeof error), -ENAMETOOLONG);
	assert_string_equal(control_socket_path("x", path, sizeof path), "/run/ftprobe/x.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, up, down),
		cmocka_unit_test_setup_teardown(test_pieces, up, down),
		cmocka_unit_test_setup_teardown(test_too_long, up, down),
		cmocka_unit_test_setup_teardown(test_deep, up, down),
		cmocka_unit_test_setup_teardown(test_flood, up, down),
		cmocka_unit_test_setup_teardown(test_jobs, up, down),
		cmocka_unit_test_setup_teardown(test_long_answer, up, down),
		cmocka_unit_test_setup_teardown(test_file, up, down),
		cmocka_unit_test_setup_teardown(test_stale, up, down),
		cmocka_unit_test_setup_teardown(test_stale_of_others, up, down),
		cmocka_unit_test(test_path_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
