/* SPDX-License-Identifier: BSD-3-Clause */
/* The library about itself: version, licence, and its lines on failure. */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void test_pfring_ft_version(void **state)
{
	char text[33];

	(void)state;
	memset(text, 'x', sizeof text);
	pfring_ft_version(text);
	assert_non_null(memchr(text, 0, 32));
	assert_string_equal(text, FTPROBE_VERSION);
	assert_int_equal(text[32], 'x');
}

static void test_pfring_ft_api_version(void **state)
{
	(void)state;
	assert_int_equal(FT_API_VERSION, 95);
	assert_int_equal(pfring_ft_api_version(), 95);
}

static void test_pfring_ft_license(void **state)
{
	time_t license = 0, maintenance = 0;
	char id[49];
	struct tm tm;

	(void)state;
	memset(id, 'x', sizeof id);
	assert_int_equal(pfring_ft_license(id, &license, &maintenance), 1);
	assert_string_equal(id, "none needed");
	assert_int_equal(id[48], 'x');
	assert_non_null(gmtime_r(&license, &tm));
	assert_int_equal(tm.tm_year + 1900, 9999);
	assert_int_equal(maintenance, license);
	assert_int_equal(pfring_ft_license(NULL, NULL, NULL), 1);
}

static void test_pfring_ft_set_license(void **state)
{
	(void)state;
	assert_int_equal(pfring_ft_set_license("0123456789abcdef"), 1);
	assert_int_equal(pfring_ft_set_license(""), 1);
	assert_int_equal(pfring_ft_set_license(NULL), 1);
}

static void test_pfring_ft_is_ndpi_available(void **state)
{
	(void)state;
	assert_int_equal(pfring_ft_is_ndpi_available(), 1);
}

/* What one failing call prints, on standard error and on standard output. */
static size_t printed_by_failure(char *to, size_t len)
{
	FILE *aside = tmpfile();
	const int saved[2] = {dup(1), dup(2)};
	size_t n;

	assert_non_null(aside);
	fflush(stdout);
	dup2(fileno(aside), 1);
	dup2(fileno(aside), 2);
	pfring_ft_table *t = pfring_ft_create_table(0, UINT32_MAX, 0, 0, 0);

	fflush(stdout);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	assert_null(t);
	rewind(aside);
	n = fread(to, 1, len - 1, aside);
	to[n] = 0;
	fclose(aside);
	return n;
}

/* The first test: nobody has set a callback yet. */
static void test_pfring_ft_set_log_callback(void **state)
{
	struct api_lines lines = {0};
	char text[1024];

	(void)state;
	assert_true(printed_by_failure(text, sizeof text) > 20);
	assert_non_null(strstr(text, "pfring_ft: "));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
	pfring_ft_set_log_callback(api_line, &lines);
	assert_int_equal(printed_by_failure(text, sizeof text), 0);
	assert_int_equal(lines.n, 1);
	pfring_ft_set_log_callback(NULL, NULL);
	assert_int_equal(printed_by_failure(text, sizeof text), 0);
	assert_int_equal(lines.n, 1);
}

/* Each says so once; the table goes on. */
static void test_pfring_ft_failures_say_one_line(void **state)
{
	struct api *plain = api_open(0, 0, 0, 0), *dpi;
	struct api_lines lines = {0};

	(void)state;
	pfring_ft_set_log_callback(api_line, &lines);
	dpi = api_open(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 0);
	assert_int_equal(lines.n, 0);
	assert_true(pfring_ft_load_ndpi_protocols(plain->table, "/no/such") < 0);
	assert_int_equal(lines.n, 1);
	assert_true(pfring_ft_load_ndpi_categories(plain->table, "/no/such") < 0);
	assert_int_equal(lines.n, 2);
	assert_int_equal(pfring_ft_load_ndpi_protocols(dpi->table, "/no/such"), -ENOENT);
	assert_int_equal(lines.n, 3);
	assert_non_null(strstr(lines.last, "/no/such"));
	assert_int_equal(pfring_ft_load_ndpi_categories(dpi->table, "/no/such"), -ENOENT);
	assert_int_equal(lines.n, 4);
	assert_non_null(strstr(lines.last, "/no/such"));
	assert_int_equal(pfring_ft_load_ndpi_protocols(dpi->table, NULL), -EINVAL);
	assert_int_equal(lines.n, 5);
	assert_int_equal(pfring_ft_set_ndpi_handle(plain->table, NULL), -EINVAL);
	assert_int_equal(lines.n, 6);
	api_udp(dpi, 1, false, 0);
	pfring_ft_flush(dpi->table);
	assert_int_equal(dpi->n, 1);
	assert_int_equal(lines.n, 6); /* what works is not worth a line */
	api_close(plain);
	api_close(dpi);
	pfring_ft_set_log_callback(NULL, NULL);
}

/* The last test: there is no way back. */
static void test_pfring_ft_debug(void **state)
{
	struct api_lines lines = {0};

	(void)state;
	pfring_ft_set_log_callback(api_line, &lines);
	api_close(api_open(0, 0, 0, 0));
	assert_int_equal(lines.n, 0);
	pfring_ft_debug();
	api_close(api_open(0, 0, 0, 0));
	assert_true(lines.n > 0);
	pfring_ft_set_log_callback(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_set_log_callback),
		cmocka_unit_test(test_pfring_ft_version),
		cmocka_unit_test(test_pfring_ft_api_version),
		cmocka_unit_test(test_pfring_ft_license),
		cmocka_unit_test(test_pfring_ft_set_license),
		cmocka_unit_test(test_pfring_ft_is_ndpi_available),
		cmocka_unit_test(test_pfring_ft_failures_say_one_line),
		cmocka_unit_test(test_pfring_ft_debug),
	};

	return cmocka_run_group_tests_name("pfring_ft about", tests, NULL, NULL);
}
