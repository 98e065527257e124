/* SPDX-License-Identifier: BSD-3-Clause */
/* top: a view that refreshes. Two questions a turn, keys and the window's size in between. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "ctl.h"
#include "ctl_top_view.h"

/* What a terminal has that does not say. */
#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT	24

struct top {
	struct ctl *c;
	struct top_view view;
	bool terminal; /* output is one: it is drawn over, keys are read */
	bool keys;
	struct termios before;
	int signals;
	unsigned int waiting; /* answers */
	double due_s;
	bool quit, failed;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_size(struct screen *s)
{
	struct winsize w;

	s->columns = COLUMNS_DEFAULT;
	s->rows = ROWS_DEFAULT;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row) {
		s->columns = w.ws_col;
		s->rows = w.ws_row;
	}
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Another screen, no cursor, keys one by one; all of it is taken back at the end. */
static void enter(struct top *t)
{
	struct termios raw;

	t->terminal = isatty(STDOUT_FILENO);
	t->keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &t->before) == 0;
	t->signals = watch_signals();
	if (t->keys) {
		raw = t->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (!t->terminal)
		return;
	t->c->out.clears = true;
	fputs("\033[?1049h\033[?25l", stdout);
}

static void go(struct top *t)
{
	if (t->terminal)
		fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	if (t->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	close(t->signals);
}

static void draw(struct top *t)
{
	struct screen *s = &t->c->out;

	if (t->terminal) {
		read_size(s);
		fputs("\033[H", stdout);
	}
	s->at = s->row = 0;
	top_view_draw(&t->view, s);
	if (t->terminal)
		fputs("\033[J", stdout);
	fflush(stdout);
}

static void ask(struct top *t)
{
	struct json_object *status = link_request("status"), *top = link_request("top");

	json_object_object_add(top, "limit", json_object_new_int(100));
	t->failed = !link_send(&t->c->link, status) || !link_send(&t->c->link, top);
	t->waiting = 2;
	json_object_put(status);
	json_object_put(top);
}

/* True when a turn is complete. */
static bool take(struct top *t)
{
	const unsigned int before = t->waiting;
	struct json_object *line;
	bool good;

	while ((line = link_take(&t->c->link, &t->failed)) != NULL) {
		if (link_is_last(line, &good)) {
			t->waiting -= t->waiting > 0;
			t->failed |= !good;
		}
		if (good && t->c->json)
			puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_NOSLASHESCAPE));
		top_view_learn(&t->view, line, now_s());
		json_object_put(line);
	}
	return before && !t->waiting && !t->failed;
}

static void read_key(struct top *t)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n == 1 && (key == 'q' || key == 'Q'))
		t->quit = true;
}

static void read_signal(struct top *t)
{
	struct signalfd_siginfo info;

	if (read(t->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo != SIGWINCH)
		t->quit = true;
	else if (t->view.learnt && t->terminal)
		draw(t);
}

static int wait_ms(const struct top *t)
{
	const double left_s = t->due_s - now_s();

	if (t->waiting)
		return -1;
	return left_s > 0 ? (int)(left_s * 1000) + 1 : 0;
}

static void wait_for_any(struct top *t)
{
	struct pollfd fds[3] = {{.fd = t->c->link.fd, .events = POLLIN},
				{.fd = t->signals, .events = POLLIN},
				{.fd = t->keys ? STDIN_FILENO : -1, .events = POLLIN}};

	if (poll(fds, 3, wait_ms(t)) <= 0)
		return;
	if (fds[2].revents)
		read_key(t);
	if (fds[1].revents)
		read_signal(t);
	if (fds[0].revents && !t->quit)
		t->view.complete = take(t);
}

static bool run(struct top *t, double interval_s, unsigned int count)
{
	unsigned int turns = 0;

	while (!t->quit && !t->failed && (!count || turns < count)) {
		if (!t->waiting && now_s() >= t->due_s) {
			/* The first rates come soon. */
			t->due_s = now_s() + (t->view.learnt || interval_s < 1 ? interval_s : 1);
			ask(t);
		}
		wait_for_any(t);
		if (!t->view.complete)
			continue;
		t->view.complete = false;
		if (!t->c->json)
			draw(t);
		turns++;
	}
	return !t->failed;
}

int ctl_top(struct ctl *c, double interval_s, unsigned int count)
{
	struct top t = {.c = c};
	bool good;

	if (!c->json)
		enter(&t);
	else
		t.signals = watch_signals();
	good = run(&t, interval_s, count);
	if (!c->json)
		go(&t);
	top_view_free(&t.view);
	return good ? 0 : CTL_EXIT_FAILURE;
}
