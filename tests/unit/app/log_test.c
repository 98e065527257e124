/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines: how they look to people and to the journal, and those that come too often. */
#include "log.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "log_limit.h"

static FILE *file;
static int real_stderr;

/* Standard error goes to a file of its own. */
static int begin(void **state)
{
	(void)state;
	fflush(stderr);
	file = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	if (!file || real_stderr < 0 || dup2(fileno(file), STDERR_FILENO) < 0)
		return -1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	fclose(file);
	unsetenv("JOURNAL_STREAM");
	log_setup(LOG_LEVEL_NOTICE, false, false);
	return 0;
}

static const char *written(void)
{
	static char text[65536];
	ssize_t n;

	fflush(stderr);
	n = pread(fileno(file), text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void name_journal(const char *format)
{
	char stream[64];
	struct stat s;

	assert_int_equal(fstat(STDERR_FILENO, &s), 0);
	snprintf(stream, sizeof stream, "%ju:%ju%s", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino,
		 format);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void test_people(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_NOTICE, false, false);
	log_error("a %d", 1);
	log_warning("b");
	log_notice("c");
	log_info("d");
	assert_string_equal(written(), "ftprobe: a 1\nftprobe: warning: b\nftprobe: c\n");
}

static void test_journal(void **state)
{
	(void)state;
	name_journal("");
	log_setup(LOG_LEVEL_DEBUG, true, false);
	log_error("a");
	log_warning("b");
	log_notice("c");
	log_info("d");
	log_line(LOG_LEVEL_DEBUG, "e");
	log_always(LOG_LEVEL_NOTICE, "f");
	assert_string_equal(written(), "<3>a\n<4>b\n<5>c\n<6>d\n<7>e\n<5>f\n");
}

/* Another stream than the one that systemd named: somebody redirected ours. */
static void test_redirected(void **state)
{
	(void)state;
	name_journal("1");
	log_setup(LOG_LEVEL_NOTICE, false, false);
	log_notice("c");
	assert_string_equal(written(), "ftprobe: c\n");
}

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		n++;
	return n;
}

/* One kind floods, another is heard; at the end it is said how much was left out. */
static void test_flood(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, false, false);
	log_limit_begin();
	for (int i = 0; i < 1000; i++) {
		log_warning("output %d fails", i);
		log_always(LOG_LEVEL_NOTICE, "paced");
	}
	for (int i = 0; i < 100; i++)
		log_info("detail %d", i);
	log_warning("once");
	log_limit_look();
	assert_int_equal(count(written(), "fails\n"), LOG_LINES_MAX);
	assert_int_equal(count(written(), "paced\n"), 1000);
	assert_int_equal(count(written(), "detail"), 100);
	assert_int_equal(count(written(), "warning: once\n"), 1);
	log_limit_end();
	assert_int_equal(count(written(), "ftprobe: 990 more suppressed like: output 999 fails\n"),
			 1);
	for (int i = 0; i < 100; i++)
		log_warning("output %d fails", i);
	assert_int_equal(count(written(), "fails\n"), LOG_LINES_MAX + 1 + 100);
}

static void test_time_passes(void **state)
{
	static struct log_limit l;
	uint32_t suppressed, told;
	const char *last;

	(void)state;
	for (unsigned int i = 0; i < LOG_LINES_MAX + 3; i++)
		assert_int_equal(log_limit_admit(&l, "a", 1000, &suppressed), i < LOG_LINES_MAX);
	log_limit_keep(&l, "a", "the last");
	assert_false(log_limit_next(&l, 1000 + LOG_LINES_NS - 1, &told, &last));
	assert_true(log_limit_admit(&l, "a", 1000 + LOG_LINES_NS, &suppressed));
	assert_int_equal(suppressed, 3);
	assert_false(log_limit_next(&l, UINT64_MAX, &told, &last));
	for (unsigned int i = 1; i < LOG_LINES_MAX + 2; i++)
		log_limit_admit(&l, "a", 2000 + LOG_LINES_NS, &suppressed);
	log_limit_keep(&l, "a", "later");
	assert_true(log_limit_next(&l, 2000 + 2 * LOG_LINES_NS, &told, &last));
	assert_int_equal(told, 2);
	assert_string_equal(last, "later");
	assert_false(log_limit_next(&l, UINT64_MAX, &told, &last));
}

/* More kinds than places: the quiet ones give way, and none is refused. */
static void test_many_kinds(void **state)
{
	static struct log_limit l;
	static char formats[3 * LOG_KINDS_MAX][8];
	uint32_t suppressed;

	(void)state;
	for (unsigned int i = 0; i <= LOG_LINES_MAX; i++)
		log_limit_admit(&l, "loud", 1, &suppressed);
	for (unsigned int i = 0; i < 3 * LOG_KINDS_MAX; i++)
		assert_true(log_limit_admit(&l, formats[i], 2 + i, &suppressed));
	assert_false(log_limit_admit(&l, "loud", 1000, &suppressed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_people, begin, end),
		cmocka_unit_test_setup_teardown(test_journal, begin, end),
		cmocka_unit_test_setup_teardown(test_redirected, begin, end),
		cmocka_unit_test_setup_teardown(test_flood, begin, end),
		cmocka_unit_test(test_time_passes),
		cmocka_unit_test(test_many_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
