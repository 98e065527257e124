/* SPDX-License-Identifier: BSD-3-Clause */
/* What a service manager hears, on a socket of the test's own. */
#include "notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/counters.h"
#include "ft/ft.h"

/* The watchdog of the tests: looked at four times in that. */
#define WATCHDOG_US "200000"
#define LOOK_NS	    50000000

struct manager {
	int fd;
	char path[64];
	struct lane lanes[2];
	struct exporter exporter;
	struct notify notify;
};

static int set_up(void **state)
{
	struct manager *m = calloc(1, sizeof *m);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct ft_options options = {.flows_max = 4096,
				     .idle_timeout_ns = SECOND_NS,
				     .active_timeout_ns = 2 * SECOND_NS,
				     .tcp_linger_ns = SECOND_NS,
				     .numa_node = -1};
	char error[512], pid[32];

	snprintf(m->path, sizeof m->path, "notify-%d.sock", (int)getpid());
	unlink(m->path);
	memcpy(a.sun_path, m->path, sizeof m->path);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->fd < 0 || bind(m->fd, (struct sockaddr *)&a, sizeof a) != 0)
		return -1;
	for (unsigned int i = 0; i < 2; i++)
		if (ft_table_create(&m->lanes[i].table, &options, error, sizeof error))
			return -1;
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (!realpath(m->path, error))
		return -1;
	setenv("NOTIFY_SOCKET", error, 1);
	setenv("WATCHDOG_USEC", WATCHDOG_US, 1);
	setenv("WATCHDOG_PID", pid, 1);
	m->notify = (struct notify){.lanes = m->lanes, .n_lanes = 2, .exporter = &m->exporter};
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct manager *m = *state;

	for (unsigned int i = 0; i < 2; i++)
		pfring_ft_destroy_table(m->lanes[i].table);
	close(m->fd);
	unlink(m->path);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	free(m);
	return 0;
}

/* The next message, "" when there is none. */
static const char *heard(struct manager *m)
{
	static char text[1024];
	ssize_t len = recv(m->fd, text, sizeof text - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static bool has_line(const char *message, const char *line)
{
	const char *at = strstr(message, line);

	return at && (at == message || at[-1] == '\n');
}

static void move(struct manager *m, bool lane0, bool lane1, bool exporter)
{
	counter_add(&m->lanes[0].turns, lane0);
	counter_add(&m->lanes[1].turns, lane1);
	counter_add(&m->exporter.turns, exporter);
}

/* One look at the threads. */
static const char *looked(struct manager *m)
{
	sleep_ns(LOOK_NS + LOOK_NS / 10);
	notify_turn(&m->notify);
	return heard(m);
}

static void test_ready_once_ports_and_outputs_are_up(void **state)
{
	struct manager *m = *state;

	assert_int_equal(notify_wait_ms(&m->notify), -1);
	notify_turn(&m->notify);
	assert_string_equal(heard(m), "");
	notify_ready(&m->notify);
	assert_true(has_line(heard(m), "READY=1"));
	assert_in_range(notify_wait_ms(&m->notify), 1, 51);
}

static void test_fed_while_all_move(void **state)
{
	struct manager *m = *state;

	notify_ready(&m->notify);
	heard(m);
	for (int i = 0; i < 3; i++) {
		move(m, true, true, true);
		assert_string_equal(looked(m), "WATCHDOG=1");
		notify_turn(&m->notify); /* not due */
		assert_string_equal(heard(m), "");
	}
}

static void test_a_blocked_lane_stops_the_feeding(void **state)
{
	struct manager *m = *state;

	notify_ready(&m->notify);
	heard(m);
	for (int i = 0; i < 4; i++) {
		move(m, true, false, true);
		assert_string_equal(looked(m), "");
	}
	assert_true(m->notify.stuck);
	move(m, true, true, true);
	assert_string_equal(looked(m), "WATCHDOG=1");
	assert_false(m->notify.stuck);
}

static void test_a_blocked_exporter_stops_the_feeding(void **state)
{
	struct manager *m = *state;

	notify_ready(&m->notify);
	heard(m);
	move(m, true, true, false);
	assert_string_equal(looked(m), "");
}

/* It empties outputs for as long as [probe] stop_timeout says. */
static void test_an_exporter_that_has_ended_need_not_move(void **state)
{
	struct manager *m = *state;

	notify_ready(&m->notify);
	heard(m);
	atomic_store(&m->exporter.ended, true);
	move(m, true, true, false);
	assert_string_equal(looked(m), "WATCHDOG=1");
}

static void test_a_lane_that_is_done_need_not_move(void **state)
{
	struct manager *m = *state;

	notify_ready(&m->notify);
	heard(m);
	atomic_store(&m->lanes[1].done, true);
	move(m, true, false, true);
	assert_string_equal(looked(m), "WATCHDOG=1");
}

static void test_a_watchdog_of_another_process_is_not_ours(void **state)
{
	struct manager *m = *state;

	setenv("WATCHDOG_PID", "1", 1);
	notify_ready(&m->notify);
	heard(m);
	move(m, true, true, true);
	assert_string_equal(looked(m), "");
}

static void test_nobody_listens(void **state)
{
	struct manager *m = *state;

	unsetenv("NOTIFY_SOCKET");
	notify_ready(&m->notify);
	assert_int_equal(notify_wait_ms(&m->notify), -1);
	notify_turn(&m->notify);
	notify_stopping(SECOND_NS);
	assert_string_equal(heard(m), "");
}

static void test_status_says_rates(void **state)
{
	const struct notify_sample from = {
		.packets = 1000, .bytes = 500000, .records = 10, .lost = 3};
	const struct notify_sample to = {
		.packets = 11000, .bytes = 10500000, .records = 60, .lost = 5};
	char text[NOTIFY_STATUS_BYTES];

	(void)state;
	notify_status(text, &from, &to, 5 * SECOND_NS, 77);
	assert_string_equal(text, "2.0 kpackets/s, 16.0 Mbit/s, 77 flows, 10 records/s, 5 packets "
				  "lost (2 since the last look)");
	notify_status(text, &to, &to, 0, 0); /* no time has passed */
	assert_string_equal(text, "0 packets/s, 0 bit/s, 0 flows, 0 records/s, 5 packets lost (0 "
				  "since the last look)");
}

static void test_status_every_few_seconds(void **state)
{
	struct manager *m = *state;
	const char *text;

	notify_ready(&m->notify);
	heard(m);
	m->notify.watchdog_ns = 0;
	m->notify.told_ns -= 5 * SECOND_NS;
	notify_turn(&m->notify);
	text = heard(m);
	assert_true(has_line(text, "STATUS=0 packets/s"));
	notify_turn(&m->notify);
	assert_string_equal(heard(m), "");
}

static void test_around_a_reload(void **state)
{
	struct manager *m = *state;
	uint64_t now_us = clock_monotonic_ns() / 1000, told_us;
	const char *text;

	notify_reloading();
	text = heard(m);
	assert_true(has_line(text, "RELOADING=1"));
	assert_true(has_line(text, "MONOTONIC_USEC="));
	told_us = strtoull(strstr(text, "MONOTONIC_USEC=") + 15, NULL, 10);
	assert_true(told_us >= now_us && told_us < now_us + 10000000);
	notify_reloaded("2 outputs changed");
	text = heard(m);
	assert_true(has_line(text, "READY=1"));
	assert_true(has_line(text, "STATUS=2 outputs changed"));
}

static void test_stopping_asks_for_its_time(void **state)
{
	struct manager *m = *state;
	const char *text;

	notify_stopping(120 * SECOND_NS);
	text = heard(m);
	assert_true(has_line(text, "STOPPING=1"));
	assert_true(has_line(text, "EXTEND_TIMEOUT_USEC=130000000"));
}

#define WITH_MANAGER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MANAGER(test_ready_once_ports_and_outputs_are_up),
		WITH_MANAGER(test_fed_while_all_move),
		WITH_MANAGER(test_a_blocked_lane_stops_the_feeding),
		WITH_MANAGER(test_a_blocked_exporter_stops_the_feeding),
		WITH_MANAGER(test_an_exporter_that_has_ended_need_not_move),
		WITH_MANAGER(test_a_lane_that_is_done_need_not_move),
		WITH_MANAGER(test_a_watchdog_of_another_process_is_not_ours),
		WITH_MANAGER(test_nobody_listens),
		cmocka_unit_test(test_status_says_rates),
		WITH_MANAGER(test_status_every_few_seconds),
		WITH_MANAGER(test_around_a_reload),
		WITH_MANAGER(test_stopping_asks_for_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
