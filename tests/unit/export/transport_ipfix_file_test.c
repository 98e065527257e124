/* SPDX-License-Identifier: BSD-3-Clause */
/* IPFIX files: whole messages whatever the disk does, and rotation by size and time. */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/limits.h"
#include "export/transport.h"

static char folder[] = "/tmp/ftprobe-file-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/flows.ipfix", folder);
	return 0;
}

static unsigned int count_files(const char *tail, bool remove_them)
{
	char pattern[128];
	unsigned int n;
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/flows.ipfix%s", folder, tail);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	n = (unsigned int)found.gl_pathc;
	for (unsigned int i = 0; i < n && remove_them; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
	return n;
}

static int remove_folder(void **state)
{
	(void)state;
	count_files("*", true);
	return rmdir(folder);
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? -1 : st.st_size;
}

static struct transport *open_file(uint64_t rotate_bytes, uint64_t rotate_ns)
{
	const struct ipfix_file_options o = {path, rotate_bytes, rotate_ns};
	struct transport *t;
	char error[256];

	if (transport_ipfix_file_open(&t, &o, error, sizeof error))
		fail_msg("%s", error);
	return t;
}

static ssize_t send_message(struct transport *t, size_t len)
{
	static uint8_t bytes[65536];
	struct iovec piece = {bytes, len};

	return t->ops->send(t, &piece, 1);
}

static struct session_view look(struct transport *t)
{
	struct session_view v;

	t->ops->session(t, &v);
	return v;
}

static void test_one_file(void **state)
{
	struct transport *t = open_file(0, 0);

	(void)state;
	assert_true(look(t).up && look(t).number == 1);
	assert_int_equal(send_message(t, 1000), 1000);
	assert_int_equal(send_message(t, 65535), 65535);
	assert_int_equal(look(t).acked_bytes, 66535);
	t->ops->close(t, 0);
	assert_int_equal(size_of(path), 66535);
	assert_int_equal(count_files("*", true), 1);
}

static void test_rotation_by_size(void **state)
{
	struct transport *t = open_file(3000, 0);

	(void)state;
	for (uint32_t file = 1; file <= 4; file++) {
		assert_int_equal(look(t).number, file);
		assert_int_equal(send_message(t, 1000), 1000);
		assert_int_equal(send_message(t, 2000), 2000);
		assert_int_equal(size_of(path), 3000);
		assert_int_equal(send_message(t, 1), -EAGAIN); /* of the next file */
	}
	assert_int_equal(look(t).number, 5);
	assert_int_equal(send_message(t, 5000), 5000); /* larger than a file: alone in one */
	t->ops->close(t, 0);
	assert_int_equal(size_of(path), -1);
	assert_int_equal(count_files(".*", true), 5);
}

static void test_rotation_by_time(void **state)
{
	struct transport *t = open_file(0, 30000000);

	(void)state;
	sleep_ns(40000000);
	assert_int_equal(look(t).number, 1); /* an empty file is not rotated */
	send_message(t, 100);
	assert_int_equal(look(t).number, 2);
	assert_int_equal(count_files(".*", false), 1);
	t->ops->close(t, 0);
	assert_int_equal(size_of(path), 0);
	count_files("*", true);
}

/* With rotation what a run before left is kept, without it is written over. */
static void test_what_was_there(void **state)
{
	struct transport *t = open_file(0, 0);

	(void)state;
	send_message(t, 500);
	t->ops->close(t, 0);
	t = open_file(0, SECOND_NS);
	assert_int_equal(count_files(".*", false), 1);
	send_message(t, 100);
	t->ops->close(t, 0);
	assert_int_equal(count_files(".*", true), 2);
	t = open_file(0, 0);
	send_message(t, 500);
	t->ops->close(t, 0);
	t = open_file(0, 0);
	t->ops->close(t, 0);
	assert_int_equal(size_of(path), 0);
	assert_int_equal(count_files("*", true), 1);
}

/* R2: a disk that is full takes a part, and that part is taken back. */
static void test_r2_no_torn_message_on_a_full_disk(void **state)
{
	struct transport *t = open_file(0, 0);
	struct rlimit before, little;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	little = (struct rlimit){2500, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(send_message(t, 1000), 1000);
	assert_int_equal(send_message(t, 1000), 1000);
	assert_int_equal(send_message(t, 1000), -EFBIG);
	assert_int_equal(size_of(path), 2000);
	assert_true(!look(t).up && look(t).failures == 1); /* it is left alone for a while */
	assert_string_equal(t->ops->trouble(t), "File too large");
	assert_int_equal(send_message(t, 500), 500); /* what fits, goes on */
	assert_true(look(t).up);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(send_message(t, 1000), 1000);
	t->ops->close(t, 0);
	assert_int_equal(size_of(path), 3500);
	count_files("*", true);
}

/* A folder that goes and comes back; nothing that was written is truncated. */
static void test_recovery_when_files_cannot_be_made(void **state)
{
	char away[64];
	struct transport *t = open_file(1000, 0);

	(void)state;
	snprintf(away, sizeof away, "%s.away", folder);
	send_message(t, 900);
	assert_int_equal(rename(folder, away), 0);
	assert_int_equal(send_message(t, 900), -EAGAIN);
	assert_false(look(t).up);
	assert_true(look(t).failures >= 1);
	assert_int_equal(rename(away, folder), 0);
	sleep_ns(IPFIX_FILE_RETRY_NS + 10000000);
	assert_true(look(t).up);
	assert_int_equal(look(t).number, 2);
	assert_int_equal(send_message(t, 800), 800);
	assert_int_equal(size_of(path), 800);
	t->ops->close(t, 0);
	assert_true(count_files(".*", true) >= 1);
}

static void check_refused(const char *name, int wanted, const char *why)
{
	const struct ipfix_file_options o = {.path = name};
	struct transport *t;
	char error[256] = "";

	assert_int_equal(transport_ipfix_file_open(&t, &o, error, sizeof error), wanted);
	if (!strstr(error, why))
		fail_msg("\"%s\" does not say %s", error, why);
}

static void test_open_says_what_to_do(void **state)
{
	(void)state;
	check_refused("/no/such/folder/x", -ENOENT, "make its directory first");
	check_refused("/tmp", -EISDIR, "name a regular file");
	check_refused("/dev/null", -ESPIPE, "name a regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_file),
		cmocka_unit_test(test_rotation_by_size),
		cmocka_unit_test(test_rotation_by_time),
		cmocka_unit_test(test_what_was_there),
		cmocka_unit_test(test_r2_no_torn_message_on_a_full_disk),
		cmocka_unit_test(test_recovery_when_files_cannot_be_made),
		cmocka_unit_test(test_open_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
