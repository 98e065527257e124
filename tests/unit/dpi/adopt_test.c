/* SPDX-License-Identifier: BSD-3-Clause */
/* Modules of the caller's making: adopted, refused, and until when they take files. */
#include "load.h"

#include "dpi/ndpi_compat.h"

#include <errno.h>
#include <sys/resource.h>

static struct ndpi_detection_module_struct *module_of_the_caller(const char *path, bool finalize)
{
	void *context;
	struct ndpi_detection_module_struct *m = ndpi_compat_init(&context);

	assert_non_null(m);
	ndpi_compat_all_protocols(m);
	if (path)
		assert_true(ndpi_load_protocols_file(m, path) >= 0);
	if (finalize)
		ndpi_finalize_initialization(m);
	return m;
}

static void a_module_of_the_callers_is_adopted(void **state)
{
	char path[LOAD_PATH_BYTES] = "";

	(void)state;
	file_write(path, "tcp:7777@Ticker\nhost:\"intra.example.com\"@Intranet\n");
	for (int finalized = 0; finalized < 2; finalized++) {
		struct ndpi_detection_module_struct *m = module_of_the_caller(path, finalized);
		struct dpi *d = make((struct dpi_options){.module = m});

		assert_ptr_equal(dpi_module(d), m);
		assert_true(dpi_protocol_id(d, "Ticker") > 0);
		assert_string_equal(name_on(d, 7777), "Ticker");
		struct talk t = ask_for(d, "intra.example.com");

		assert_string_equal(t.annex.l7_proto, "HTTP.Intranet");
		talk_release(&t);
		dpi_open(d); /* again */
		assert_string_equal(name_on(d, 7777), "Ticker");
		dpi_destroy(d); /* with the module: the sanitizer tells */
	}
	unlink(path);
}

/* The caller chose no protocol at all, so only ports are left: no more, and no crash. */
static void a_module_without_protocols_only_guesses(void **state)
{
	void *context;
	struct ndpi_detection_module_struct *m = ndpi_compat_init(&context);
	struct dpi *d = make((struct dpi_options){.module = m});
	struct talk t = talk_make(d, TALK_TCP, 40000, 80);

	(void)state;
	talk_handshake(&t);
	talk_text(&t, DIR_FWD, HTTP_REQUEST);
	talk_finish(&t);
	assert_string_equal(t.annex.l7_proto, "HTTP");
#ifdef NDPI_HAS_BITMASK2
	assert_true(t.annex.flags & L7_GUESSED);
#endif
	talk_release(&t);
	dpi_destroy(d);
}

static void a_module_that_is_not_adopted_stays_the_callers(void **state)
{
	struct ndpi_detection_module_struct *m = module_of_the_caller(NULL, false);
	struct dpi_options o = {.module = m, .flows_max = UINT32_MAX}; /* some TiB of states */
	struct dpi *d = NULL;
	struct rlimit before, less;
	char error[256] = "";
	int rc;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	less = before;
	less.rlim_cur = address_space() + ((rlim_t)1 << 40);
	assert_int_equal(setrlimit(RLIMIT_AS, &less), 0);
	rc = dpi_create(&d, &o, NULL, 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(rc, -ENOMEM);
	o.flows_max = 0;
	o.protocols_path = "/no/such";
	assert_int_equal(dpi_create(&d, &o, error, sizeof error), -EINVAL);
	assert_string_equal(error, "a module of your own comes without files: load them once it is "
				   "adopted");
	assert_null(d);
	assert_false(ndpi_compat_is_finalized(m)); /* untouched */
	d = make((struct dpi_options){.module = m});
	struct talk t = ask_for(d, "www.example.org");

	assert_string_equal(t.annex.l7_proto, "HTTP");
	talk_release(&t);
	dpi_destroy(d);
}

static void a_module_of_the_callers_takes_files_until_it_is_open(void **state)
{
	char path[LOAD_PATH_BYTES] = "", categories[LOAD_PATH_BYTES] = "", error[256] = "",
	     expected[256];
	struct ndpi_detection_module_struct *m = module_of_the_caller(NULL, false);
	struct dpi *d = make((struct dpi_options){.module = m});

	(void)state;
	file_write(path, "tcp:7777@Ticker\n");
	file_write(categories, "bad.example.com\t100\n");
	load(d, path);
	load(d, path); /* adds to what is there */
	load_categories(d, categories);
	assert_ptr_equal(dpi_module(d), m);
	assert_string_equal(name_on(d, 7777), "Ticker");
	assert_int_equal(category_of(d, "bad.example.com"), 100);
	assert_int_equal(dpi_load_protocols_file(d, path, error, sizeof error), -EBUSY);
	snprintf(expected, sizeof expected,
		 "%s: a module of your own takes files before the first packet only", path);
	assert_string_equal(error, expected);
	assert_int_equal(dpi_load_categories_file(d, categories, NULL, 0), -EBUSY);
	dpi_destroy(d);

	m = module_of_the_caller(NULL, true);
	d = make((struct dpi_options){.module = m});
	assert_int_equal(dpi_load_protocols_file(d, path, error, sizeof error), -EBUSY);
	assert_non_null(strstr(error, "before it is finalized only"));
	load_categories(d, categories);
	assert_int_equal(category_of(d, "bad.example.com"), 100);
	dpi_destroy(d);
	unlink(path);
	unlink(categories);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_of_the_callers_is_adopted),
		cmocka_unit_test(a_module_without_protocols_only_guesses),
		cmocka_unit_test(a_module_that_is_not_adopted_stays_the_callers),
		cmocka_unit_test(a_module_of_the_callers_takes_files_until_it_is_open),
	};

	return cmocka_run_group_tests_name("dpi adopt", tests, NULL, NULL);
}
