/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of custom protocols and categories: what they do, and how a bad line is refused. */
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file of its own for each test, with a path that is as long as the file lives. */
struct file {
	char path[64];
};

static struct file file_with(const char *text, size_t len)
{
	struct file f = {"/tmp/ftprobe-dpi-XXXXXX"};
	int fd = mkstemp(f.path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	return f;
}

static int create_with(struct dpi **d, const char *protocols, const char *categories, char *error,
		       size_t error_len)
{
	struct dpi_options o = {.guess = true,
				.extra = true,
				.protocols_path = protocols,
				.categories_path = categories};

	return dpi_create(d, &o, error, error_len);
}

/* The file is refused with a sentence that has `part` in it and the number of the line. */
static void refused(bool categories, const char *text, size_t len, const char *part)
{
	struct file f = file_with(text, len);
	char error[256] = "", untouched;
	struct dpi *d = (struct dpi *)&untouched;
	int e = create_with(&d, categories ? NULL : f.path, categories ? f.path : NULL, error,
			    sizeof error);

	unlink(f.path);
	assert_int_equal(e, -EINVAL);
	assert_ptr_equal(d, &untouched);
	assert_non_null(strstr(error, f.path));
	if (!strstr(error, part))
		fail_msg("'%s' does not say '%s'", error, part);
}

#define REFUSED(text, part)	     refused(false, text, sizeof(text) - 1, part)
#define REFUSED_CATEGORY(text, part) refused(true, text, sizeof(text) - 1, part)

static const char *name_of_http_on(struct dpi *d, uint16_t port, const char *host)
{
	struct talk t = talk_make(d, TALK_TCP, 40000, port);
	char request[256];
	const char *name;

	snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: test\r\n\r\n",
		 host);
	talk_handshake(&t);
	talk_text(&t, DIR_FWD, request);
	talk_finish(&t);
	name = t.annex.l7_proto; /* as long as the module */
	talk_release(&t);
	return name;
}

static void custom_protocols_have_names_and_ids(void **state)
{
	static const char rules[] =
		"# comment\n\n"
		"tcp:7777,udp:7777-7779@Ticker\n"
		"host:\"intra.example.com\",host:\"intra2.example.com\"@Intranet\n"
		"ip:10.0.0.9/32:443,ip:10.0.9.0/24@OurServers\n"
		"host_risk_mask:\".home\"=0\n";
	struct file f = file_with(rules, sizeof rules - 1);
	struct dpi *d = NULL;

	(void)state;
	assert_int_equal(create_with(&d, f.path, NULL, NULL, 0), 0);
	unlink(f.path);
	assert_true(dpi_protocol_id(d, "ticker") > 0);
	assert_true(dpi_protocol_id(d, "OurServers") > 0);
	assert_string_equal(name_of_http_on(d, 80, "intra2.example.com"), "HTTP.Intranet");
	assert_string_equal(name_of_http_on(d, 80, "www.example.org"), "HTTP");
	struct talk t = talk_make(d, TALK_TCP, 40000, 7777);

	talk_handshake(&t);
	talk_text(&t, DIR_FWD, "?");
	talk_finish(&t);
	assert_string_equal(t.annex.l7_proto, "Ticker");
	assert_true(t.annex.flags & L7_GUESSED);
	talk_release(&t);
	dpi_destroy(d);
}

static void custom_categories_by_host_and_address(void **state)
{
	static const char lines[] = "# comment\nbad.example.com\t100\n10.0.0.2\t99\n"
				    "192.0.2.0/24\t99\n";
	static const char rule[] = "tcp:7777@Ticker\n"; /* 4.2 looks at addresses only with one */
	struct file f = file_with(lines, sizeof lines - 1), g = file_with(rule, sizeof rule - 1);
	struct dpi *d = NULL;
	struct flow_record r;

	(void)state;
	assert_int_equal(create_with(&d, g.path, f.path, NULL, 0), 0);
	unlink(f.path);
	unlink(g.path);
	struct talk t = talk_make(d, TALK_TCP, 40000, 80);

	t.addr[1][3] = 7; /* another server than that of the second line */
	talk_handshake(&t);
	talk_text(&t, DIR_FWD, "GET / HTTP/1.1\r\nHost: bad.example.com\r\n\r\n");
	talk_finish(&t);
	dpi_to_record(&t.annex, &r);
	assert_string_equal(r.l7_proto, "HTTP");
	assert_int_equal(r.l7_category_id, 100);
	assert_string_equal(r.l7_category, "Malware");
	talk_release(&t);
	t = talk_make(d, TALK_TCP, 40000, 80);
	talk_handshake(&t);
	talk_text(&t, DIR_FWD, HTTP_REQUEST);
	talk_finish(&t);
	dpi_to_record(&t.annex, &r);
	assert_int_equal(r.l7_category_id, 99);
	assert_string_equal(r.l7_category, "Mining");
	assert_string_equal(r.l7_proto, "HTTP");
	talk_release(&t);
	dpi_destroy(d);
}

static void missing_files_are_named(void **state)
{
	char error[256] = "";
	struct dpi *d = NULL;

	(void)state;
	assert_int_equal(create_with(&d, "/no/such/protos", NULL, error, sizeof error), -ENOENT);
	assert_string_equal(error, "/no/such/protos: No such file or directory; give --protocols "
				   "([dpi] protocols) a file that can be read, or leave it out");
	assert_int_equal(create_with(&d, NULL, "/no/such/categories", error, sizeof error),
			 -ENOENT);
	assert_string_equal(error,
			    "/no/such/categories: No such file or directory; give --categories "
			    "([dpi] categories) a file that can be read, or leave it out");
	assert_int_equal(create_with(&d, "/", NULL, error, sizeof error), -EINVAL);
	assert_string_equal(error, "/: Is a directory; give --protocols ([dpi] protocols) a file "
				   "that can be read, or leave it out");
	assert_int_equal(create_with(&d, "/no/such/protos", NULL, NULL, 0), -ENOENT);
	assert_null(d);
}

static void bad_protocol_lines_are_refused(void **state)
{
	(void)state;
	REFUSED("tcp:81@HTTP\ntcp:82\n", ":2: RULE,RULE,...@PROTOCOL");
	REFUSED("foo:81@X\n", ":1: 'foo' is no kind of rule");
	REFUSED("# c\n\ntcp81@X\n", ":3: 'tcp81' is no rule");
	REFUSED("tcp:abc@X\n", "tcp: a port");
	REFUSED("tcp:65536@X\n", "tcp: a port");
	REFUSED("udp:5-2@X\n", "udp: a port");
	REFUSED("tcp:1,udp:@X\n", "udp: a port");
	REFUSED("ip:1.2.3@X\n", "ip: an IPv4 address");
	REFUSED("ip:1.2.3.4/33@X\n", "ip: an IPv4 address");
	REFUSED("ip:1.2.3.4:99999@X\n", "ip: an IPv4 address");
	REFUSED("host:\"x@X\n", "double quotes");
	REFUSED("host:@X\n", "double quotes");
	REFUSED("tcp:1@\n", "name is missing");
	REFUSED("@X\n", "no rule before '@'");
	REFUSED("tcp:1@a\tb\n", "control character");
	REFUSED("tcp:1@0123456789012345678901234567890123456789012345678\n", "more than 48");
	REFUSED("ip_risk_mask:10.0.0.0/8\n", "NAME=MASK");
	REFUSED("trusted_issuer_dn:CN=x\n", "double quotes");
	REFUSED("tcp:1@X", "add a newline");
	REFUSED("tcp:1@X\r\n", "CR LF");
	REFUSED("tcp:1@X\n\0\n", ":2: a NUL byte");
}

static void too_many_protocols_are_refused(void **state)
{
	char text[600 * 16], *at = text;

	(void)state;
	for (int i = 0; i < 600; i++)
		at += snprintf(at, (size_t)(text + sizeof text - at), "tcp:%d@New%d\n", i + 1, i);
	refused(false, text, (size_t)(at - text), "new protocols");
}

static void bad_category_lines_are_refused(void **state)
{
	(void)state;
	REFUSED_CATEGORY("a.example\t99\nb.example 99\n", ":2: NAME, a tab");
	REFUSED_CATEGORY("a.example\tx\n", "'x' is no category");
	REFUSED_CATEGORY("a.example\t5000\n", "'5000' is no category");
	REFUSED_CATEGORY("a.example\t-1\n", "'-1' is no category");
	REFUSED_CATEGORY("\t99\n", "NAME, a tab");
	REFUSED_CATEGORY("10.0.0.0/33\t99\n", "no IPv4 network");
	REFUSED_CATEGORY("a.example\t99", "add a newline");
}

static void long_category_lines_are_refused(void **state)
{
	char text[700];

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text + sizeof text - 4, "\t99\n", 4);
	refused(true, text, sizeof text, "longer than 510");
}

/* Whatever the files hold, nDPI's own words must not come between our records on stdout. */
static int run_aside(int (*run)(void))
{
	int fd = memfd_create("out", 0), saved[2] = {dup(1), dup(2)};
	long size;

	fflush(stdout);
	dup2(fd, 1);
	dup2(fd, 2);
	int e = run();

	fflush(stdout);
	size = lseek(fd, 0, SEEK_END);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	close(fd);
	assert_int_equal(e, 0);
	return (int)size;
}

static int create_many(void)
{
	static const char *const texts[] = {"tcp81@X\n", "foo:1@X\n",
					    "tcp:81@HTTP\nhost:\"a.b\"@Y\n",
					    "trusted_issuer_dn:\"CN=1\"\n"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct file f = file_with(texts[i], strlen(texts[i]));
		struct dpi *d = NULL;

		if (create_with(&d, f.path, NULL, NULL, 0) == 0)
			name_of_http_on(d, 80, "www.example.org");
		dpi_destroy(d);
		unlink(f.path);
	}
	return create_with(&(struct dpi *){NULL}, NULL, "/no/such", NULL, 0) == -ENOENT ? 0 : 1;
}

static void nothing_is_printed(void **state)
{
	(void)state;
	assert_int_equal(run_aside(create_many), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(custom_protocols_have_names_and_ids),
		cmocka_unit_test(custom_categories_by_host_and_address),
		cmocka_unit_test(missing_files_are_named),
		cmocka_unit_test(bad_protocol_lines_are_refused),
		cmocka_unit_test(too_many_protocols_are_refused),
		cmocka_unit_test(bad_category_lines_are_refused),
		cmocka_unit_test(long_category_lines_are_refused),
		cmocka_unit_test(nothing_is_printed),
	};

	return cmocka_run_group_tests_name("dpi files", tests, NULL, NULL);
}
