/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The progress bar: what it shows, how often, and that it leaves nothing behind.
 */
#include "app/progress_bar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char shown[4096];

static void wait_ms(long ms)
{
	struct timespec ts = {.tv_nsec = ms * 1000000};

	nanosleep(&ts, NULL);
}

static unsigned int now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned int)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* All that was written to the bar's end of the pipe; the end is closed. */
static const char *read_shown(int ends[2])
{
	ssize_t n;

	close(ends[1]);
	n = read(ends[0], shown, sizeof shown - 1);
	close(ends[0]);
	shown[n > 0 ? n : 0] = '\0';
	return shown;
}

static void shows_how_far_it_is(void **state)
{
	struct progress_bar bar;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	progress_bar_start(&bar, ends[1], 1000);
	wait_ms(101);
	progress_bar_update(&bar, 500, 123456);
	progress_bar_erase(&bar);
	assert_non_null(strstr(read_shown(ends), "\r\033[K[===============>              ]  50 %  "
						 "123456 packets  "));
	assert_non_null(strstr(shown, "packets/s\r\033[K"));
}

static void shows_counters_of_a_pipe(void **state)
{
	struct progress_bar bar;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	progress_bar_start(&bar, ends[1], 0);
	wait_ms(101);
	progress_bar_update(&bar, 500, 10);
	assert_null(strchr(read_shown(ends), '%'));
	assert_non_null(strstr(shown, "10 packets  "));
}

static void redraws_ten_times_a_second(void **state)
{
	struct progress_bar bar;
	unsigned int n = 0, time_ms;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	time_ms = now_ms();
	progress_bar_start(&bar, ends[1], 1000);
	progress_bar_update(&bar, 1, 1); /* a short file shows nothing at all */
	assert_false(bar.drawn);
	progress_bar_erase(&bar);
	for (unsigned int i = 0; i < 35; i++) {
		wait_ms(10);
		progress_bar_update(&bar, 2000, i);
	}
	time_ms = now_ms() - time_ms;
	progress_bar_erase(&bar);
	progress_bar_erase(&bar);
	for (const char *at = read_shown(ends); (at = strstr(at, "100 %")); at++)
		n++;
	assert_in_range(n, 1, time_ms / 100 + 1);
	assert_int_equal(strncmp(shown, "\r\033[K[=", 6), 0);
	assert_null(strstr(shown, "\r\033[K\r\033[K"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_how_far_it_is),
		cmocka_unit_test(shows_counters_of_a_pipe),
		cmocka_unit_test(redraws_ten_times_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
