/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of an INI file as they are told. */
#include "core/ini.h"

#include "core/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void on_section(void *user, unsigned int line, const char *kind, const char *name)
{
	fprintf(user, "%u[%s|%s]", line, kind ? kind : "", name);
}

static void on_key(void *user, unsigned int line, const char *key, const char *value)
{
	fprintf(user, "%u(%s|%s)", line, key, value);
}

static void on_fault(void *user, unsigned int line, const char *what)
{
	fprintf(user, "%u<%.15s>", line, what);
}

static const struct ini_events events = {on_section, on_key, on_fault};

/* Reads text and compares what was told. */
static void told(const char *text, size_t len, int rc, const char *expected)
{
	char *said = NULL;
	size_t said_bytes;
	FILE *to = open_memstream(&said, &said_bytes);
	FILE *f = len ? fmemopen((void *)(uintptr_t)text, len, "r") : fopen("/dev/null", "r");

	assert_true(to && f);
	assert_int_equal(ini_read(f, &events, to), rc);
	fclose(to);
	fclose(f);
	assert_string_equal(said, expected);
	free(said);
}

#define TOLD(text, rc, expected) told(text, sizeof(text) - 1, rc, expected)

static void test_forms(void **state)
{
	(void)state;
	TOLD("", 0, "");
	TOLD("\n\r\n \t\n# x\n; x\n  # x\n", 0, "");
	TOLD("[a]\nb = c\n", 0, "1[a|]2(b|c)");
	TOLD("\xEF\xBB\xBF[a]\r\nb=c\r\n", 0, "1[a|]2(b|c)");
	TOLD("[ a  b c ] ; why\n\t b:  c d ; why\n", 0, "1[a|b c]2(b|c d)");
	TOLD("a=b;c\na=b#c\na=b #c", 0, "1(a|b;c)2(a|b#c)3(a|b #c)");
	TOLD("a =\n= b\n[]\n", 0, "1(a|)2(|b)3[|]");
	TOLD("a.b c = d=e", 0, "1(a.b c|d=e)");
}

static void test_faults(void **state)
{
	char text[CONFIG_LINE_MAX + 3];

	(void)state;
	TOLD("a\n[b]\nc = d", 0, "1<neither [sectio>2[b|]3(c|d)");
	TOLD("[a\n[b] c\nd", 0, "1[|]1<a section heade>2[|]2<text behind a s>3<neither [sectio>");
	TOLD("a=b\nc\x01=d\ne=f\n", -EILSEQ, "1(a|b)2<is this a text >");
	TOLD("a=b\nc\0=d\ne=f\n", -EILSEQ, "1(a|b)2<is this a text >");
	memset(text, 'x', sizeof text);
	told(text, sizeof text, -E2BIG, "1<longer than any>");
	text[1] = '=';
	text[CONFIG_LINE_MAX] = '\n';
	told(text, sizeof text, 0, "1<the line is too>2<neither [sectio>");
}

static void test_too_many_lines(void **state)
{
	char *text = malloc(CONFIG_LINES_MAX + 4);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', CONFIG_LINES_MAX);
	memcpy(text + CONFIG_LINES_MAX - 1, "a=b\n", 5);
	told(text, CONFIG_LINES_MAX + 3, 0, "65536(a|b)");
	memcpy(text + CONFIG_LINES_MAX - 1, "\na=b", 5);
	told(text, CONFIG_LINES_MAX + 3, -E2BIG, "65537<longer than any>");
	free(text);
}

static void test_what_cannot_be_read(void **state)
{
	FILE *f = fopen("/", "r");

	(void)state;
	assert_non_null(f);
	assert_int_equal(ini_read(f, &events, stderr), -EISDIR);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_too_many_lines),
		cmocka_unit_test(test_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
