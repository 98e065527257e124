/* SPDX-License-Identifier: BSD-3-Clause */
/* One thread, poll(2), a buffer each way for every client. */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>

#include "control_socket.h"
#include "core/clock.h"
#include "core/limits.h"
#include "log.h"

/* How long poll() waits while a job runs, and while somebody may have to be left. */
#define JOB_WAIT_MS  1
#define LOOK_WAIT_MS 1000
/* Bytes of an answer that wait before a job is asked for more. */
#define ANSWER_ENOUGH 65536

struct control_reply {
	int fd; /* -1: nobody */
	char in[CONTROL_REQUEST_BYTES_MAX];
	size_t in_len;
	char *out;
	size_t out_len, out_sent, out_size;
	uint64_t moved_ns; /* when bytes went either way last */
	struct control_job job;
	bool has_job, answered;
	bool eof;    /* asks no more, and may wait for answers */
	bool broken; /* too much, or not to be understood: closed when all is said */
};

struct control {
	struct control_socket socket;
	int wake_fd;
	atomic_bool stop;
	bool running;
	pthread_t thread;
	struct control_command commands[CONTROL_COMMANDS_MAX];
	unsigned int n_commands;
	struct control_reply clients[CONTROL_CLIENTS_MAX];
	unsigned int turn; /* who is served first */
};

/* ---- answers ---- */

static void put(struct control_reply *r, const char *text, size_t len)
{
	if (r->out_sent == r->out_len)
		r->out_sent = r->out_len = 0;
	if (r->out_len + len > CONTROL_ANSWER_BYTES_MAX) {
		r->broken = true;
		return;
	}
	if (r->out_len + len > r->out_size) {
		const size_t size = 2 * (r->out_len + len);
		char *more = realloc(r->out, size);

		if (!more) {
			r->broken = true;
			return;
		}
		r->out = more;
		r->out_size = size;
	}
	memcpy(r->out + r->out_len, text, len);
	r->out_len += len;
}

void control_reply_line(struct control_reply *r, struct json_object *line)
{
	size_t len;
	const char *text =
		json_object_to_json_string_length(line, JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	put(r, text, len);
	put(r, "\n", 1);
	json_object_put(line);
}

void control_reply_done(struct control_reply *r, struct json_object *more)
{
	struct json_object *line = more ? more : json_object_new_object();

	json_object_object_add(line, "ok", json_object_new_boolean(true));
	control_reply_line(r, line);
	r->answered = true;
}

void control_reply_error(struct control_reply *r, size_t at, const char *format, ...)
{
	struct json_object *line = json_object_new_object();
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_object_object_add(line, "ok", json_object_new_boolean(false));
	json_object_object_add(line, "error", json_object_new_string(text));
	if (at != SIZE_MAX)
		json_object_object_add(line, "at", json_object_new_uint64(at));
	control_reply_line(r, line);
	r->answered = true;
}

void control_reply_job(struct control_reply *r, const struct control_job *job)
{
	r->job = *job;
	r->has_job = true;
}

bool control_reply_has_room(const struct control_reply *r)
{
	return r->out_len - r->out_sent < ANSWER_ENOUGH;
}

const char *control_text(struct json_object *request, const char *key, const char *otherwise)
{
	struct json_object *member;

	if (!json_object_object_get_ex(request, key, &member) ||
	    !json_object_is_type(member, json_type_string))
		return otherwise;
	return json_object_get_string(member);
}

/* ---- clients ---- */

static void end_job(struct control_reply *r)
{
	if (r->has_job && r->job.free)
		r->job.free(r->job.self);
	r->has_job = false;
}

static void leave(struct control_reply *r)
{
	end_job(r);
	if (r->fd >= 0)
		close(r->fd);
	free(r->out);
	r->out = NULL;
	r->fd = -1;
}

/* A place, if need be that of who has been silent for longest and waits for nothing. */
static struct control_reply *free_place(struct control *c)
{
	struct control_reply *idle = NULL;

	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_reply *r = &c->clients[i];

		if (r->fd < 0)
			return r;
		if (!r->has_job && r->out_sent == r->out_len &&
		    (!idle || r->moved_ns < idle->moved_ns))
			idle = r;
	}
	if (idle)
		leave(idle);
	return idle;
}

static void welcome(struct control *c)
{
	int fd = accept4(c->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_reply *r;

	if (fd < 0)
		return;
	r = free_place(c);
	if (!r) {
		close(fd);
		return;
	}
	r->fd = fd;
	r->in_len = r->out_len = r->out_sent = r->out_size = 0;
	r->has_job = r->answered = r->broken = r->eof = false;
	r->moved_ns = clock_monotonic_ns();
}

static void read_from(struct control_reply *r)
{
	ssize_t n = recv(r->fd, r->in + r->in_len, sizeof r->in - r->in_len, 0);

	if (n > 0) {
		r->in_len += (size_t)n;
		r->moved_ns = clock_monotonic_ns();
	} else if (n == 0) {
		r->eof = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		leave(r);
	}
}

static void write_to(struct control_reply *r)
{
	ssize_t n = send(r->fd, r->out + r->out_sent, r->out_len - r->out_sent, MSG_NOSIGNAL);

	if (n > 0) {
		r->out_sent += (size_t)n;
		r->moved_ns = clock_monotonic_ns();
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		leave(r);
	}
}

/* ---- requests ---- */

static const struct control_command *find_command(const struct control *c, const char *name)
{
	for (unsigned int i = 0; i < c->n_commands; i++)
		if (strcmp(c->commands[i].name, name) == 0)
			return &c->commands[i];
	return NULL;
}

static bool a_job_runs(const struct control *c)
{
	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].has_job)
			return true;
	return false;
}

/* {"commands": {NAME: sentence}} */
static void tell_commands(const struct control *c, struct control_reply *r)
{
	struct json_object *more = json_object_new_object(), *all = json_object_new_object();

	for (unsigned int i = 0; i < c->n_commands; i++)
		json_object_object_add(all, c->commands[i].name,
				       json_object_new_string(c->commands[i].sentence));
	json_object_object_add(more, "commands", all);
	control_reply_done(r, more);
}

/* False: it waits for another one's job. */
static bool run_request(struct control *c, struct control_reply *r, struct json_object *request)
{
	const char *name = control_text(request, "command", "");
	const struct control_command *command = find_command(c, name);

	if (command && command->is_job && a_job_runs(c))
		return false;
	r->answered = false;
	if (strcmp(name, "help") == 0)
		tell_commands(c, r);
	else if (!command)
		control_reply_error(r, SIZE_MAX, "no command \"%.60s\"", name);
	else
		command->run(command->self, request, r);
	return true;
}

/* One line; false: it waits. */
static bool serve_line(struct control *c, struct control_reply *r, const char *line, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(CONTROL_REQUEST_DEPTH_MAX);
	struct json_object *request = NULL;
	bool served = true;

	if (tokener)
		request = json_tokener_parse_ex(tokener, line, (int)len);
	if (request && json_object_is_type(request, json_type_object) &&
	    json_tokener_get_parse_end(tokener) == len)
		served = run_request(c, r, request);
	else
		control_reply_error(r, SIZE_MAX, "a request is one JSON object on one line");
	json_object_put(request);
	if (tokener)
		json_tokener_free(tokener);
	return served;
}

/* The next request, if one is whole and its turn has come. */
static void serve(struct control *c, struct control_reply *r)
{
	const char *end = memchr(r->in, '\n', r->in_len);
	size_t len;

	if (r->has_job || r->broken || r->out_sent != r->out_len)
		return;
	if (!end) {
		if (r->in_len < sizeof r->in)
			return;
		control_reply_error(r, SIZE_MAX, "a request has at most %d bytes",
				    CONTROL_REQUEST_BYTES_MAX - 1);
		r->broken = true;
		return;
	}
	len = (size_t)(end - r->in);
	if (!serve_line(c, r, r->in, len))
		return;
	r->in_len -= len + 1;
	memmove(r->in, end + 1, r->in_len);
}

static void step_job(struct control_reply *r)
{
	if (!r->has_job || !control_reply_has_room(r))
		return;
	if (r->job.step(r->job.self, r))
		end_job(r);
}

/* Whether there is a request that could be served now, if no job is in its way. */
static bool has_request(const struct control_reply *r)
{
	return !r->has_job && !r->broken && r->out_sent == r->out_len &&
	       memchr(r->in, '\n', r->in_len);
}

/* All that was asked is answered, and nothing more will come. */
static bool is_over(const struct control_reply *r)
{
	return (r->broken || (r->eof && !r->has_job && !has_request(r))) &&
	       r->out_sent == r->out_len;
}

/* Half a request, or an answer that nobody takes. */
static bool is_stuck(const struct control_reply *r, uint64_t now_ns)
{
	const bool waits = r->in_len && !r->has_job && !memchr(r->in, '\n', r->in_len);

	return (waits || r->out_sent != r->out_len) && now_ns - r->moved_ns > CONTROL_PATIENCE_NS;
}

/* ---- the thread ---- */

static int wait_ms(const struct control *c)
{
	int ms = -1;

	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct control_reply *r = &c->clients[i];

		if (r->fd < 0)
			continue;
		if ((r->has_job && control_reply_has_room(r)) || has_request(r))
			return JOB_WAIT_MS;
		if (r->in_len || r->out_sent != r->out_len)
			ms = LOOK_WAIT_MS;
	}
	return ms;
}

static void wait_for_any(struct control *c, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = c->wake_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = c->socket.fd, .events = POLLIN};
	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct control_reply *r = &c->clients[i];
		const bool reads = !r->eof && r->in_len < sizeof r->in && r->out_sent == r->out_len;

		fds[2 + i] = (struct pollfd){
			.fd = r->fd,
			.events = (short)((reads ? POLLIN : 0) |
					  (r->out_sent != r->out_len ? POLLOUT : 0)),
		};
	}
	if (poll(fds, 2 + CONTROL_CLIENTS_MAX, wait_ms(c)) < 0)
		for (unsigned int i = 0; i < 2 + CONTROL_CLIENTS_MAX; i++)
			fds[i].revents = 0;
}

static void attend(struct control *c, unsigned int i, short events)
{
	struct control_reply *r = &c->clients[i];

	if (r->fd >= 0 && events & (POLLERR | POLLNVAL))
		leave(r);
	if (r->fd >= 0 && events & POLLIN)
		read_from(r);
	else if (r->fd >= 0 && events & POLLHUP)
		leave(r);
	if (r->fd >= 0)
		serve(c, r);
	if (r->fd >= 0)
		step_job(r);
	if (r->fd >= 0 && r->out_sent != r->out_len)
		write_to(r);
	if (r->fd >= 0 && (is_over(r) || is_stuck(r, clock_monotonic_ns())))
		leave(r);
}

static void *control_thread(void *self)
{
	struct control *c = self;
	struct pollfd fds[2 + CONTROL_CLIENTS_MAX];

	pthread_setname_np(pthread_self(), "control");
	while (!atomic_load(&c->stop)) {
		wait_for_any(c, fds);
		for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
			const unsigned int who = (c->turn + i) % CONTROL_CLIENTS_MAX;

			attend(c, who, fds[2 + who].revents);
		}
		c->turn = (c->turn + 1) % CONTROL_CLIENTS_MAX;
		if (fds[1].revents & POLLIN)
			welcome(c);
	}
	return NULL;
}

int control_open(struct control **out, const char *path, char *error, size_t error_len)
{
	struct control *c = calloc(1, sizeof *c);
	int rc;

	if (!c) {
		snprintf(error, error_len, "no memory for the control socket");
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	rc = control_socket_open(&c->socket, path, error, error_len);
	if (rc) {
		free(c);
		return rc;
	}
	c->wake_fd = eventfd(0, EFD_CLOEXEC);
	*out = c;
	return 0;
}

int control_add(struct control *c, const struct control_command *command)
{
	if (c->n_commands == CONTROL_COMMANDS_MAX)
		return -ENOSPC;
	c->commands[c->n_commands++] = *command;
	return 0;
}

int control_start(struct control *c)
{
	int rc = -pthread_create(&c->thread, NULL, control_thread, c);

	c->running = rc == 0;
	return rc;
}

void control_stop(struct control *c)
{
	const uint64_t one = 1;

	if (!c || !c->running)
		return;
	atomic_store(&c->stop, true);
	if (write(c->wake_fd, &one, sizeof one) != sizeof one)
		log_error("cannot wake the control thread: %s", strerror(errno));
	pthread_join(c->thread, NULL);
	c->running = false;
	for (unsigned int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		leave(&c->clients[i]);
}

void control_close(struct control *c)
{
	if (!c)
		return;
	control_stop(c);
	control_socket_close(&c->socket);
	close(c->wake_fd);
	free(c);
}
