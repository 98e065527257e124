/* SPDX-License-Identifier: BSD-3-Clause */
/* nDPI behind the API: names, modules of the caller's, custom files, and what flows tell of L7. */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "dpi/ndpi_compat.h"

#define DPI PFRING_FT_TABLE_FLAGS_DPI

static const char *name_of(struct api *a, u_int16_t master, u_int16_t app, char *buffer, int len)
{
	pfring_ft_ndpi_protocol p = {.master_protocol = master, .app_protocol = app};

	assert_ptr_equal(pfring_ft_l7_protocol_name(a->table, &p, buffer, len), buffer);
	return buffer;
}

static void test_pfring_ft_l7_protocol_name(void **state)
{
	struct api *a = api_open(DPI, 0, 0, 0), *plain = api_open(0, 0, 0, 0);
	char b[64];

	(void)state;
	assert_string_equal(name_of(a, 5, 5, b, sizeof b), "DNS");
	assert_string_equal(name_of(a, 0, 5, b, sizeof b), "DNS");
	assert_string_equal(name_of(a, 7, 7, b, sizeof b), "HTTP");
	assert_string_equal(name_of(a, 91, 124, b, sizeof b), "TLS.YouTube");
	assert_string_equal(name_of(a, 91, 0, b, sizeof b), "TLS");
	assert_string_equal(name_of(a, 0, 0, b, sizeof b), "Unknown");
	assert_string_equal(name_of(plain, 5, 5, b, sizeof b), "Unknown");
	assert_true(strlen(name_of(a, 65535, 65534, b, sizeof b)) < sizeof b);
	api_close(a);
	api_close(plain);
}

static void test_pfring_ft_l7_protocol_name_small_buffers(void **state)
{
	struct api *tables[] = {api_open(DPI, 0, 0, 0), api_open(0, 0, 0, 0)};
	static const char *const names[] = {"TLS.YouTube", "Unknown"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		for (int len = -1; len < 16; len++) {
			char want[64] = "", *b = malloc(16);

			assert_non_null(b);
			memset(b, 'x', 16);
			name_of(tables[i], 91, 124, b, len);
			for (int k = len > 0 ? len : 0; k < 16; k++)
				assert_int_equal(b[k], 'x'); /* never beyond its end */
			if (len > 0) {
				snprintf(want, (size_t)len, "%s", names[i]);
				assert_string_equal(b, want);
			}
			free(b);
		}
		api_close(tables[i]);
	}
}

static void test_pfring_ft_l7_protocol_id(void **state)
{
	struct api *a = api_open(DPI, 0, 0, 0), *plain = api_open(0, 0, 0, 0);

	(void)state;
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "DNS"), 5);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "dns"), 5);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "HtTp"), 7);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "TLS"), 91);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "SSL"), 91);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "youtube"), 124);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "No such protocol"), 0);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "Unknown"), 0);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, ""), 0);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, NULL), 0);
	assert_int_equal(pfring_ft_l7_protocol_id(plain->table, "DNS"), 0);
	api_close(a);
	api_close(plain);
}

/* ---- files ---- */

struct file {
	char path[40];
};

static struct file file_with(const char *text)
{
	struct file f = {"/tmp/ftprobe-api-XXXXXX"};
	int fd = mkstemp(f.path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return f;
}

/* What the table calls a request for that host, which is a flow of its own. */
static const char *name_of_host(struct api *a, const char *host, char *b, int len)
{
	char request[256];
	unsigned int before = a->n;

	snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n\r\n",
		 host);
	api_text(a, API_TCP, 80, request, before);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, before + 1);
	return pfring_ft_l7_protocol_name(a->table, &a->flows[before].value.l7_protocol, b, len);
}

static void test_pfring_ft_load_ndpi_protocols(void **state)
{
	struct file one = file_with("host:\"one.example\"@OneThing\n");
	struct file two = file_with("# and\n\nhost:\"two.example\"@TwoThing\n");
	struct api *a = api_open(DPI, 0, 0, 0);
	char b[64];

	(void)state;
	assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, one.path), 0);
	assert_true(pfring_ft_l7_protocol_id(a->table, "onething") != 0);
	assert_int_equal(pfring_ft_l7_protocol_id(a->table, "TwoThing"), 0);
	assert_string_equal(name_of_host(a, "www.one.example", b, sizeof b), "HTTP.OneThing");
	assert_string_equal(name_of_host(a, "www.two.example", b, sizeof b), "HTTP");
	/* more, while packets come; and the same again */
	assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, two.path), 0);
	assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, two.path), 0);
	assert_string_equal(name_of_host(a, "www.one.example", b, sizeof b), "HTTP.OneThing");
	assert_string_equal(name_of_host(a, "www.two.example", b, sizeof b), "HTTP.TwoThing");
	assert_string_equal(name_of_host(a, "www.example.org", b, sizeof b), "HTTP");
	unlink(one.path);
	unlink(two.path);
	api_close(a);
}

/* A flow that began under the old module, and one that left under it. */
static void keep_exported(pfring_ft_flow *flow, void *user)
{
	*(pfring_ft_flow **)user = flow;
}

static void test_pfring_ft_load_ndpi_protocols_under_inspection(void **state)
{
	struct file one = file_with("host:\"one.example\"@OneThing\n");
	struct api *a = api_open(DPI, 0, 0, 0);
	const char *request = "GET / HTTP/1.1\r\nHost: www.one.example\r\n\r\n";
	pfring_ft_flow *kept = NULL;
	pfring_ft_flow_value *v;
	char b[64];

	(void)state;
	assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, one.path), 0);
	pfring_ft_set_flow_export_callback(a->table, keep_exported, &kept);
	api_text(a, API_TCP, 80, request, 0);
	pfring_ft_flush(a->table);
	assert_non_null(kept);
	pfring_ft_set_flow_export_callback(a->table, api_collect, a);
	api_tcp(a, 1, false, API_SYN, 1); /* under inspection, and nothing said yet */
	api_tcp(a, 1, true, API_SYN | API_ACK, 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, one.path), 0);
	api_text(a, API_TCP, API_TCP_PORT, request, 3);
	api_tcp(a, 1, false, API_ACK, 4);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 2);
	for (int i = 0; i < 2; i++)
		assert_true(a->flows[i].has_ndpi);
	pfring_ft_l7_protocol_name(a->table, &a->flows[1].value.l7_protocol, b, sizeof b);
	assert_string_equal(b, "HTTP.OneThing");
	v = pfring_ft_flow_get_value(kept);
	pfring_ft_l7_protocol_name(a->table, &v->l7_protocol, b, sizeof b);
	assert_string_equal(b, "HTTP.OneThing");
	assert_string_equal(v->l7_metadata.http.serverName, "www.one.example");
	assert_non_null(pfring_ft_flow_get_ndpi_handle(kept));
	pfring_ft_flow_free(kept);
	unlink(one.path);
	api_close(a);
}

/* Nothing of a broken file is taken, and the line says where it breaks. */
static void test_pfring_ft_load_ndpi_protocols_broken(void **state)
{
	struct file good = file_with("host:\"one.example\"@OneThing\n");
	struct file bad = file_with("host:\"x.example\"@Other\nhost:\"y.example\"@Y\ntcp81@X\n");
	struct api_lines lines = {0};
	char where[64], b[64];

	(void)state;
	snprintf(where, sizeof where, "%s:3:", bad.path);
	for (int started = 0; started < 2; started++) {
		struct api *a = api_open(DPI, 0, 0, 0);

		assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, good.path), 0);
		if (started)
			name_of_host(a, "x", b, sizeof b);
		lines.n = 0;
		pfring_ft_set_log_callback(api_line, &lines);
		assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, bad.path), -EINVAL);
		assert_int_equal(lines.n, 1);
		assert_non_null(strstr(lines.last, where));
		assert_int_equal(pfring_ft_load_ndpi_categories(a->table, bad.path), -EINVAL);
		assert_int_equal(lines.n, 2);
		snprintf(where, sizeof where, "%s:1:", bad.path);
		assert_non_null(strstr(lines.last, where));
		snprintf(where, sizeof where, "%s:3:", bad.path);
		pfring_ft_set_log_callback(NULL, NULL);
		assert_int_equal(pfring_ft_l7_protocol_id(a->table, "Other"), 0);
		assert_string_equal(name_of_host(a, "one.example", b, sizeof b), "HTTP.OneThing");
		assert_string_equal(name_of_host(a, "x.example", b, sizeof b), "HTTP");
		api_close(a);
	}
	unlink(good.path);
	unlink(bad.path);
}

static int category_of_host(struct api *a, const char *host)
{
	char b[64];

	name_of_host(a, host, b, sizeof b);
	return a->flows[a->n - 1].value.l7_protocol.category;
}

static void test_pfring_ft_load_ndpi_categories(void **state)
{
	struct file malware = file_with("# hosts\nbad.example.com\t100\n");
	struct file mining = file_with("mine.example.com\t99\n");
	struct api *a = api_open(DPI, 0, 0, 0);

	(void)state;
	assert_int_equal(pfring_ft_load_ndpi_categories(a->table, malware.path), 0);
	assert_int_equal(category_of_host(a, "bad.example.com"), 100);
	assert_int_equal(category_of_host(a, "good.example.com"), NDPI_PROTOCOL_CATEGORY_WEB);
	assert_int_equal(pfring_ft_load_ndpi_categories(a->table, mining.path), 0);
	assert_int_equal(category_of_host(a, "bad.example.com"), 100);
	assert_int_equal(category_of_host(a, "mine.example.com"), 99);
	/* the file says something else now */
	FILE *f = fopen(malware.path, "w");

	assert_non_null(f);
	fputs("bad.example.com\t99\n", f);
	fclose(f);
	assert_int_equal(pfring_ft_load_ndpi_categories(a->table, malware.path), 0);
	assert_int_equal(category_of_host(a, "bad.example.com"), 99);
	unlink(malware.path);
	unlink(mining.path);
	api_close(a);
}

/* ---- modules of the caller's ---- */

static struct ndpi_detection_module_struct *own_module(const char *protocols)
{
	struct file f = file_with(protocols);
	void *context = NULL;
	struct ndpi_detection_module_struct *m = ndpi_compat_init(&context);

	assert_non_null(m);
	ndpi_compat_all_protocols(m);
	ndpi_load_protocols_file(m, f.path);
	unlink(f.path);
	return m;
}

static void test_pfring_ft_set_ndpi_handle(void **state)
{
	char b[64];

	(void)state;
	/* into a table without nDPI, and instead of the table's own; finalized already, or not */
	for (int i = 0; i < 4; i++) {
		struct api *a = api_open(i & 1 ? DPI : 0, 0, 0, 0);
		struct ndpi_detection_module_struct *m = own_module("host:\"mine.example\"@Mine\n");

		if (i & 2)
			ndpi_finalize_initialization(m);
		assert_int_equal(pfring_ft_get_ndpi_handle(a->table) != NULL, i & 1);
		assert_int_equal(pfring_ft_set_ndpi_handle(a->table, m), 0);
		assert_ptr_equal(pfring_ft_get_ndpi_handle(a->table), m);
		assert_true(pfring_ft_l7_protocol_id(a->table, "Mine") != 0);
		assert_string_equal(name_of_host(a, "mine.example", b, sizeof b), "HTTP.Mine");
		assert_string_equal(name_of_host(a, "www.example.org", b, sizeof b), "HTTP");
		assert_true(a->flows[0].has_ndpi);
		assert_ptr_equal(pfring_ft_get_ndpi_handle(a->table), m);
		api_close(a);
	}
}

/* Refused modules stay the caller's. */
static void test_pfring_ft_set_ndpi_handle_refused(void **state)
{
	struct ndpi_detection_module_struct *m = own_module("host:\"mine.example\"@Mine\n");
	struct api_lines lines = {0};

	(void)state;
	pfring_ft_set_log_callback(api_line, &lines);
	for (int dpi = 0; dpi < 2; dpi++) {
		struct api *a = api_open(dpi ? DPI : 0, 0, 0, 0);
		struct ndpi_detection_module_struct *before = pfring_ft_get_ndpi_handle(a->table);

		lines.n = 0;
		assert_int_equal(pfring_ft_set_ndpi_handle(a->table, NULL), -EINVAL);
		assert_int_equal(lines.n, 1);
		api_udp(a, 1, false, 0);
		assert_int_equal(pfring_ft_set_ndpi_handle(a->table, m), -EBUSY);
		assert_int_equal(lines.n, 2);
		assert_ptr_equal(pfring_ft_get_ndpi_handle(a->table), before);
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, 1);
		api_close(a);
	}
	pfring_ft_set_log_callback(NULL, NULL);
	ndpi_exit_detection_module(m);
}

/* Custom files go into it before the first packet, and no later. */
static void test_pfring_ft_set_ndpi_handle_with_files(void **state)
{
	struct file one = file_with("host:\"one.example\"@OneThing\n");
	struct ndpi_detection_module_struct *m = own_module("host:\"mine.example\"@Mine\n");
	struct api *a = api_open(0, 0, 0, 0);
	char b[64];

	(void)state;
	assert_int_equal(pfring_ft_set_ndpi_handle(a->table, m), 0);
	assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, one.path), 0);
	assert_ptr_equal(pfring_ft_get_ndpi_handle(a->table), m);
	assert_string_equal(name_of_host(a, "mine.example", b, sizeof b), "HTTP.Mine");
	assert_string_equal(name_of_host(a, "one.example", b, sizeof b), "HTTP.OneThing");
	assert_int_equal(pfring_ft_load_ndpi_protocols(a->table, one.path), -EBUSY);
	unlink(one.path);
	api_close(a);
}

static void test_pfring_ft_get_ndpi_handle(void **state)
{
	struct api *a = api_open(DPI, 0, 0, 0), *other = api_open(DPI, 0, 0, 0);
	struct ndpi_detection_module_struct *m = pfring_ft_get_ndpi_handle(a->table);

	(void)state;
	assert_non_null(m);
	assert_true(m != pfring_ft_get_ndpi_handle(other->table)); /* one a table */
	assert_string_equal(ndpi_get_proto_name(m, 5), "DNS");
	api_udp(a, 1, false, 0);
	assert_ptr_equal(pfring_ft_get_ndpi_handle(a->table), m);
	api_close(a);
	api_close(other);
}

/* The table's own module, changed and given back: no reason to lose it. */
static void test_pfring_ft_set_ndpi_handle_again(void **state)
{
	struct api *a = api_open(DPI, 0, 0, 0);
	struct ndpi_detection_module_struct *m = pfring_ft_get_ndpi_handle(a->table);
	char b[64];

	(void)state;
	assert_int_equal(pfring_ft_set_ndpi_handle(a->table, m), 0);
	assert_ptr_equal(pfring_ft_get_ndpi_handle(a->table), m);
	assert_string_equal(name_of_host(a, "www.example.org", b, sizeof b), "HTTP");
	api_close(a);
}

/* ---- guesses ---- */

/* A flow that says nothing, on SSH's port. */
static struct api_flow silent_flow(u_int32_t flags, char *name, int len)
{
	struct api *a = api_open(flags, 0, 0, 0);
	struct api_flow f;

	api_text(a, API_TCP, 22, "", 0);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 1);
	f = a->flows[0];
	pfring_ft_l7_protocol_name(a->table, &f.value.l7_protocol, name, len);
	api_close(a);
	return f;
}

static void test_pfring_ft_create_table_no_guess(void **state)
{
	struct api_flow f;
	char name[64];

	(void)state;
	f = silent_flow(DPI, name, sizeof name);
	assert_string_equal(name, "SSH");
	assert_int_equal(f.value.flags, PF_RING_FT_FLOW_FLAGS_L7_GUESS);
	f = silent_flow(DPI | PFRING_FT_TABLE_FLAGS_NO_GUESS, name, sizeof name);
	assert_string_equal(name, "Unknown");
	assert_int_equal(f.value.flags, 0);
	assert_int_equal(f.value.l7_protocol.app_protocol, 0);
	assert_int_equal(f.value.l7_protocol.master_protocol, 0);
	f = silent_flow(0, name, sizeof name);
	assert_int_equal(f.value.flags, 0);
	assert_int_equal(f.value.l7_protocol.app_protocol, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_l7_protocol_name),
		cmocka_unit_test(test_pfring_ft_l7_protocol_name_small_buffers),
		cmocka_unit_test(test_pfring_ft_l7_protocol_id),
		cmocka_unit_test(test_pfring_ft_load_ndpi_protocols),
		cmocka_unit_test(test_pfring_ft_load_ndpi_protocols_under_inspection),
		cmocka_unit_test(test_pfring_ft_load_ndpi_protocols_broken),
		cmocka_unit_test(test_pfring_ft_load_ndpi_categories),
		cmocka_unit_test(test_pfring_ft_set_ndpi_handle),
		cmocka_unit_test(test_pfring_ft_set_ndpi_handle_refused),
		cmocka_unit_test(test_pfring_ft_set_ndpi_handle_with_files),
		cmocka_unit_test(test_pfring_ft_get_ndpi_handle),
		cmocka_unit_test(test_pfring_ft_create_table_no_guess),
		cmocka_unit_test(test_pfring_ft_set_ndpi_handle_again),
	};

	return cmocka_run_group_tests_name("pfring_ft nDPI", tests, NULL, NULL);
}
