/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and lines as ftprobectl shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ctl_show.h"

static void test_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{0, "0"},	   {1, "1"},	      {999, "999"},
		{999.4, "999"},	   {999.5, "1.00 k"}, {1000, "1.00 k"},
		{1234, "1.23 k"},  {9994, "9.99 k"},  {9995, "10.0 k"},
		{12345, "12.3 k"}, {99940, "99.9 k"}, {99950, "100 k"},
		{123456, "123 k"}, {999499, "999 k"}, {999500, "1.00 M"},
		{1e6, "1.00 M"},   {1.5e9, "1.50 G"}, {2.25e12, "2.25 T"},
		{7e15, "7.00 P"},  {7e18, "7000 P"},
	};
	char text[SHOW_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(show_short(cases[i].value, text), cases[i].text);
}

static void test_grouped_and_durations(void **state)
{
	char text[SHOW_BYTES];

	(void)state;
	assert_string_equal(show_grouped(0, text), "0");
	assert_string_equal(show_grouped(999, text), "999");
	assert_string_equal(show_grouped(1000, text), "1,000");
	assert_string_equal(show_grouped(UINT64_MAX, text), "18,446,744,073,709,551,615");
	assert_string_equal(show_duration(1500000000, text), "1.5 s");
	assert_string_equal(show_duration(60000000000, text), "00:01:00");
	assert_string_equal(show_duration(86399000000000, text), "23:59:59");
	assert_string_equal(show_duration(90061000000000, text), "1 d 01:01:01");
}

static void test_lines_are_cut(void **state)
{
	char *text = NULL;
	size_t len;
	struct screen s = {.f = open_memstream(&text, &len), .columns = 10, .rows = 2};

	(void)state;
	screen_put(&s, STYLE_BAD, "%s", "12345678");
	screen_put(&s, STYLE_PLAIN, "%s", "90abc");
	screen_put(&s, STYLE_PLAIN, "more");
	screen_end_line(&s);
	screen_put(&s, STYLE_PLAIN, "second");
	screen_end_line(&s);
	screen_put(&s, STYLE_PLAIN, "third");
	screen_end_line(&s);
	fclose(s.f);
	assert_string_equal(text, "1234567890\nsecond");
	free(text);
	s = (struct screen){.f = open_memstream(&text, &len), .coloured = true, .clears = true};
	screen_put(&s, STYLE_BAD, "lost");
	screen_put(&s, STYLE_PLAIN, ".");
	screen_end_line(&s);
	fclose(s.f);
	assert_string_equal(text, "\033[1;31mlost\033[0m.\033[K\r\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_grouped_and_durations),
		cmocka_unit_test(test_lines_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
