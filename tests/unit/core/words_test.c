/* SPDX-License-Identifier: BSD-3-Clause */
/* Text made printable, and the nearest of many words. */
#include "core/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void printable(const char *text, const char *expected)
{
	char copy[64];

	assert_true(strlen(text) < sizeof copy);
	memcpy(copy, text, strlen(text) + 1);
	words_make_printable(copy);
	assert_string_equal(copy, expected);
}

static void test_printable(void **state)
{
	(void)state;
	printable("", "");
	printable("plain ~ text", "plain ~ text");
	printable("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80",
		  "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80");
	printable("a\x1b[0m\n\x7f", "a?[0m??");
	printable("\xC2\x9B\xC2\xA0", "??\xC2\xA0");
	printable("\xFFx\xC3", "?x?");
	printable("\xED\xA0\x80", "???");
}

static const char *nearest(const char *wanted, bool any_case)
{
	static const char *const known[] = {"idle_timeout", "HTTP", "RTP", "RTSP", "YouTube"};
	struct nearest_word n = {.any_case = any_case};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (nearest_word_offer(&n, wanted, known[i]))
			assert_string_equal(n.word, known[i]);
	return n.word ? n.word : "";
}

static void test_nearest(void **state)
{
	char longest[200];

	(void)state;
	assert_string_equal(nearest("idle-timeout", false), "idle_timeout");
	assert_string_equal(nearest("idle_tiemout", false), "idle_timeout"); /* one swap */
	assert_string_equal(nearest("idle", false), "idle_timeout");	     /* a beginning */
	assert_string_equal(nearest("id", false), "");			     /* too short for one */
	assert_string_equal(nearest("RTSPS", false), "RTSP");
	assert_string_equal(nearest("HTP", false), "HTTP");
	assert_string_equal(nearest("http", false), "");
	assert_string_equal(nearest("http", true), "HTTP");
	assert_string_equal(nearest("youtbue", true), "YouTube");
	assert_string_equal(nearest("YOUT", true), "YouTube");
	assert_string_equal(nearest("YOUT", false), "");
	assert_string_equal(nearest("colour", true), "");
	assert_string_equal(nearest("", true), "");
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_string_equal(nearest(longest, true), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
