/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are loaded into a module, or into a new one under the flows of the old. */
#include "load.h"

#include "dpi/ndpi_compat.h"

#include <errno.h>

static void files_load_before_the_first_packet(void **state)
{
	struct dpi *d = make((struct dpi_options){0});
	struct ndpi_detection_module_struct *m = dpi_module(d);
	char first[LOAD_PATH_BYTES] = "", second[LOAD_PATH_BYTES] = "";

	(void)state;
	file_write(first, "tcp:7777@Ticker\nhost:\"intra.example.com\"@Intranet\n");
	file_write(second, "tcp:7778@Tocker\n");
	load(d, first);
	load(d, second);
	assert_ptr_equal(dpi_module(d), m); /* into the module, which is not open */
	assert_string_equal(name_on(d, 7777), "Ticker");
	assert_string_equal(name_on(d, 7778), "Tocker");
	struct talk t = ask_for(d, "intra.example.com");

	assert_string_equal(t.annex.l7_proto, "HTTP.Intranet");
	talk_release(&t);
	dpi_destroy(d);
	unlink(first);
	unlink(second);
}

static void a_file_that_changed_is_read_anew(void **state)
{
	char path[LOAD_PATH_BYTES] = "";

	(void)state;
	for (int open = 0; open < 2; open++) {
		struct dpi *d = make((struct dpi_options){0});

		if (open)
			dpi_open(d);
		file_write(path, "tcp:7777@Ticker\n");
		load(d, path);
		file_write(path, "tcp:7778@Tocker\n");
		load(d, path);
		assert_int_equal(dpi_protocol_id(d, "Ticker"), 0);
		assert_true(dpi_protocol_id(d, "Tocker") > 0);
		assert_string_equal(name_on(d, 7777), "Unknown");
		assert_string_equal(name_on(d, 7778), "Tocker");
		dpi_destroy(d);
	}
	unlink(path);
}

static void a_broken_file_changes_nothing(void **state)
{
	char good[LOAD_PATH_BYTES] = "", bad[LOAD_PATH_BYTES] = "",
	     categories[LOAD_PATH_BYTES] = "", error[256], expected[256];

	(void)state;
	file_write(good, "tcp:7777@Ticker\n");
	file_write(categories, "bad.example.com\t100\n");
	for (int open = 0; open < 2; open++) {
		struct dpi *d = make((struct dpi_options){0});

		load(d, good);
		load_categories(d, categories);
		if (open)
			dpi_open(d);
		struct ndpi_detection_module_struct *m = dpi_module(d);
		unsigned int n = ndpi_compat_protocols(m);

		file_write(bad, "tcp:7778@Tocker\ntcp:x@Tocker\n");
		snprintf(expected, sizeof expected,
			 "%s:2: tcp: a port (0 to 65535) or FROM-TO is expected", bad);
		assert_int_equal(dpi_load_protocols_file(d, bad, error, sizeof error), -EINVAL);
		assert_string_equal(error, expected);
		file_write(bad, "worse.example.com\t100\nworst.example.com\n");
		assert_int_equal(dpi_load_categories_file(d, bad, error, sizeof error), -EINVAL);
		assert_non_null(strstr(error, ":2: NAME, a tab"));
		unlink(bad);
		assert_int_equal(dpi_load_protocols_file(d, bad, error, sizeof error), -ENOENT);
		snprintf(expected, sizeof expected, "%s: No such file or directory", bad);
		assert_string_equal(error, expected);
		assert_ptr_equal(dpi_module(d), m);
		assert_int_equal(ndpi_compat_protocols(m), n);
		assert_string_equal(name_on(d, 7777), "Ticker");
		assert_string_equal(name_on(d, 7778), "Unknown");
		assert_int_equal(category_of(d, "bad.example.com"), 100);
		assert_int_not_equal(category_of(d, "worse.example.com"), 100);
		load(d, good); /* it is not in the list either */
		dpi_destroy(d);
		bad[0] = '\0';
	}
	unlink(good);
	unlink(categories);
}

static void a_file_that_is_gone_stops_the_next_load(void **state)
{
	struct dpi *d = make((struct dpi_options){0});
	char first[LOAD_PATH_BYTES] = "", second[LOAD_PATH_BYTES] = "", error[256];

	(void)state;
	file_write(first, "tcp:7777@Ticker\n");
	file_write(second, "tcp:7778@Tocker\n");
	load(d, first);
	dpi_open(d);
	unlink(first);
	assert_int_equal(dpi_load_protocols_file(d, second, error, sizeof error), -ENOENT);
	assert_non_null(strstr(error, first));
	assert_string_equal(name_on(d, 7777), "Ticker");
	assert_string_equal(name_on(d, 7778), "Unknown");
	file_write(first, "tcp:7779@Ticker\n");
	load(d, second);
	assert_string_equal(name_on(d, 7779), "Ticker");
	assert_string_equal(name_on(d, 7778), "Tocker");
	dpi_destroy(d);
	unlink(first);
	unlink(second);
}

static void categories_of_files_add_up(void **state)
{
	char first[LOAD_PATH_BYTES] = "", second[LOAD_PATH_BYTES] = "";

	(void)state;
	for (int open = 0; open < 2; open++) {
		struct dpi *d = make((struct dpi_options){0});

		file_write(first, "bad.example.com\t100\nold.example.com\t100\n");
		file_write(second, "coins.example.com\t99\n");
		load_categories(d, first);
		if (open)
			dpi_open(d);
		load_categories(d, second);
		assert_int_equal(category_of(d, "bad.example.com"), 100);
		assert_int_equal(category_of(d, "coins.example.com"), 99);
		file_write(first, "bad.example.com\t100\n");
		load_categories(d, first);
		assert_int_equal(category_of(d, "bad.example.com"), 100);
		assert_int_equal(category_of(d, "coins.example.com"), 99);
		assert_int_equal(category_of(d, "old.example.com"), NDPI_PROTOCOL_CATEGORY_WEB);
		dpi_destroy(d);
	}
	unlink(first);
	unlink(second);
}

static void flows_go_on_under_a_new_module(void **state)
{
	struct dpi *d = make((struct dpi_options){.keep_states = *(const bool *)*state});
	struct ndpi_detection_module_struct *m = dpi_module(d);
	struct talk tls = talk_make(d, TALK_TCP, 40000, 443), http, named;
	char path[LOAD_PATH_BYTES] = "", more[LOAD_PATH_BYTES] = "";
	uint8_t b[TALK_BYTES];
	struct flow_record r;

	file_write(path, "tcp:7777@Ticker\n");
	load(d, path);
	talk_handshake(&tls);
	talk_say(&tls, DIR_FWD, TALK_ACK, b, tls_client_hello(b, "host.example.net"));
	http = ask_for(d, "www.example.org");
	named = talk_make(d, TALK_TCP, 40000, 7777);
	talk_text(&named, DIR_FWD, "?");
	talk_finish(&named);
	file_write(more, "tcp:7778@Tocker\n");
	load(d, more);
	assert_ptr_not_equal(dpi_module(d), m);
	assert_string_equal(name_on(d, 7777), "Ticker");
	assert_string_equal(name_on(d, 7778), "Tocker");
	dpi_to_record(&named.annex, &r);
	assert_string_equal(r.l7_proto, "Ticker");
	assert_string_not_equal(r.l7_category, "");
	assert_string_equal(http.annex.l7_proto, "HTTP");
	talk_say(&tls, DIR_REV, TALK_ACK, b, tls_server_hello(b));
	talk_finish(&tls);
	dpi_to_record(&tls.annex, &r);
	assert_string_equal(r.l7_proto, "TLS");
	assert_string_equal(r.server_name, "host.example.net");
	assert_string_equal(r.tls_ja3s, "174e7e4992a63f6d419626d97363adb8");
	assert_true(talk_text(&http, DIR_REV, HTTP_REPLY));
	dpi_to_record(&http.annex, &r);
	assert_int_equal(r.http_status, 404);
	assert_int_equal(load_counters[DPI_dpi_uninspected], 0);
	talk_release(&tls);
	talk_release(&named);
	dpi_destroy(d); /* with http still there */
	unlink(path);
	unlink(more);
}

/* What is custom about a flow under inspection is found again by name. */
static void custom_ids_move_with_their_names(void **state)
{
	struct dpi *d = make((struct dpi_options){0});
	struct talk stays, goes, ended;
	char path[LOAD_PATH_BYTES] = "";
	uint16_t before;

	(void)state;
	file_write(path, "host:\"a.example.com\"@Alpha\nhost:\"b.example.com\"@Beta\n");
	load(d, path);
	stays = ask_for(d, "b.example.com");
	goes = ask_for(d, "a.example.com");
	ended = ask_for(d, "b.example.com");
	talk_finish(&ended);
	before = stays.annex.app_id;
	assert_string_equal(stays.annex.l7_proto, "HTTP.Beta");
	assert_string_equal(goes.annex.l7_proto, "HTTP.Alpha");
	file_write(path, "host:\"b.example.com\"@Beta\nhost:\"c.example.com\"@Gamma\n");
	load(d, path);
	assert_int_not_equal(dpi_protocol_id(d, "Beta"), before);
	assert_int_equal(dpi_protocol_id(d, "Gamma"), before);
	talk_text(&stays, DIR_REV, HTTP_REPLY);
	assert_int_equal(stays.annex.app_id, dpi_protocol_id(d, "Beta"));
	assert_string_equal(stays.annex.l7_proto, "HTTP.Beta");
	talk_text(&goes, DIR_REV, HTTP_REPLY);
	talk_finish(&goes);
	assert_string_equal(goes.annex.l7_proto, "HTTP");
	assert_int_equal(ended.annex.app_id, before);
	assert_string_equal(ended.annex.l7_proto, "HTTP.Beta");
	struct talk fresh = ask_for(d, "c.example.com");

	assert_int_equal(fresh.annex.app_id, before); /* the number of another name now */
	assert_string_equal(fresh.annex.l7_proto, "HTTP.Gamma");
	talk_release(&stays);
	talk_release(&goes);
	talk_release(&ended);
	talk_release(&fresh);
	dpi_destroy(d);
	unlink(path);
}

static void loading_often_uses_up_nothing(void **state)
{
	struct dpi *d = make((struct dpi_options){.bytes_max = 100000});
	const char *ticker, *unknown;
	char path[LOAD_PATH_BYTES] = "";
	uint64_t bytes = 0;

	(void)state;
	file_write(path, "tcp:7777@Ticker\n");
	load(d, path);
	ticker = name_on(d, 7777);
	unknown = name_on(d, 7778);
	for (int i = 0; i < 12; i++) {
		load(d, path);
		assert_ptr_equal(name_on(d, 7777), ticker); /* the text from before */
		assert_ptr_equal(name_on(d, 7778), unknown);
		if (i == 1)
			bytes = dpi_allocated_bytes();
	}
	/* malloc gives what it has, so a module may weigh a little more; but none is kept. */
	assert_in_range(dpi_allocated_bytes(), bytes - bytes / 50, bytes + bytes / 50);
	assert_int_equal(load_counters[DPI_dpi_uninspected], 0);
	dpi_destroy(d);
	assert_int_equal(dpi_allocated_bytes(), 0);
	unlink(path);
}

static void files_have_a_bound(void **state)
{
	struct dpi *d = make((struct dpi_options){0});
	char path[LOAD_PATH_BYTES] = "", name[128], error[256];

	(void)state;
	file_write(path, "tcp:7777@Ticker\n");
	for (int i = 0; i <= DPI_FILES_MAX; i++) { /* one file, with another path each time */
		snprintf(name, sizeof name, "/tmp/%*s", i + (int)strlen(path + 5), path + 5);
		for (char *c = name; *c; c++)
			*c = *c == ' ' ? '/' : *c;
		int rc = dpi_load_protocols_file(d, name, error, sizeof error);

		assert_int_equal(rc, i < DPI_FILES_MAX ? 0 : -EINVAL);
	}
	assert_non_null(strstr(error, "too many files"));
	dpi_destroy(d);
	unlink(path);
}

int main(void)
{
	static bool released = false, kept = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_load_before_the_first_packet),
		cmocka_unit_test(a_file_that_changed_is_read_anew),
		cmocka_unit_test(a_broken_file_changes_nothing),
		cmocka_unit_test(a_file_that_is_gone_stops_the_next_load),
		cmocka_unit_test(categories_of_files_add_up),
		cmocka_unit_test_prestate(flows_go_on_under_a_new_module, &released),
		cmocka_unit_test_prestate(flows_go_on_under_a_new_module, &kept),
		cmocka_unit_test(custom_ids_move_with_their_names),
		cmocka_unit_test(loading_often_uses_up_nothing),
		cmocka_unit_test(files_have_a_bound),
	};

	dpi_count_allocations();
	return cmocka_run_group_tests_name("dpi load", tests, NULL, NULL);
}
