/* SPDX-License-Identifier: BSD-3-Clause */
/* Records on disk against a model: order, content and bound, across the end of the ring. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/limits.h"
#include "export/output.h"
#include "export/spool.h"
#include "sample_records.h"

#define SIZE (1U << 20)

static uint8_t bytes[RECORD_BYTES_MAX];

static struct spool *open_spool(uint64_t size)
{
	struct spool *s = NULL;
	char error[256] = "";

	if (spool_open(&s, "/tmp", size, error, sizeof error))
		fail_msg("%s", error);
	return s;
}

/* A record tells its number in each byte, and its length follows from it. */
static struct queued_record numbered(uint32_t i)
{
	const uint32_t len = 1 + (i * 2654435761U >> 8) % (i % 50 ? 2000 : RECORD_BYTES_MAX);

	memset(bytes, (int)(i & 0xff), len);
	return (struct queued_record){
		.bytes = bytes, .len_bytes = len, .tag = i, .packets = i, .octets = 2ULL * i};
}

static void check_first(struct spool *s, uint32_t i)
{
	struct queued_record want = numbered(i), got;

	assert_int_equal(spool_first(s, &got), 0);
	assert_int_equal(got.len_bytes, want.len_bytes);
	assert_int_equal(got.tag, i);
	assert_int_equal(got.packets, i);
	assert_int_equal(got.octets, 2ULL * i);
	assert_memory_equal(got.bytes, want.bytes, want.len_bytes);
	spool_pop(s);
}

static void test_order_and_content(void **state)
{
	struct spool *s = open_spool(SIZE);
	uint32_t in = 0, out = 0;
	struct queued_record r;

	(void)state;
	srand(7);
	while (out < 20000) {
		uint32_t more = (uint32_t)rand() % 200, less = (uint32_t)rand() % 200;

		for (; more && in < 20000; more--) {
			r = numbered(in);
			if (spool_push(s, &r))
				break;
			in++;
		}
		for (; less && out < in; less--)
			check_first(s, out++);
		assert_int_equal(spool_records(s), in - out);
	}
	assert_int_equal(spool_first(s, &r), -ENOENT);
	spool_close(s);
}

static void test_bound(void **state)
{
	struct spool *s = open_spool(SIZE);
	uint32_t n = 0;
	uint64_t sum = 0;
	struct queued_record r = numbered(1);

	(void)state;
	r.len_bytes = 1000;
	while (spool_push(s, &r) == 0) {
		n++;
		sum += r.len_bytes + 40;
	}
	assert_int_equal(spool_push(s, &r), -ENOBUFS);
	assert_true(sum <= SIZE && sum + r.len_bytes + 40 > SIZE);
	assert_int_equal(spool_clear(s), n);
	assert_int_equal(spool_records(s), 0);
	assert_int_equal(spool_push(s, &r), 0);
	spool_close(s);
}

static void test_a_folder_that_is_not_there(void **state)
{
	struct spool *s = NULL;
	char error[256] = "";

	(void)state;
	assert_int_equal(spool_open(&s, "/nowhere/at/all", SIZE, error, sizeof error), -ENOENT);
	assert_null(s);
	assert_non_null(strstr(error, "/nowhere/at/all"));
	assert_null(strchr(error, '\n'));
}

static char folder[] = "/tmp/ftprobe-spool-test-XXXXXX";

static const struct spool_place place = {
	.folder = folder, .name = "zmq:tcp://x/..", .bytes_max = SIZE, .meaning = 7};

static struct spool *open_kept(uint32_t records)
{
	char error[256] = "";
	struct spool *s;
	bool aside;

	if (spool_open_kept(&s, &place, &aside, error, sizeof error))
		fail_msg("%s", error);
	assert_false(aside);
	assert_true(spool_is_kept(s));
	assert_int_equal(spool_records(s), records);
	return s;
}

static const char *kept_path(const char *suffix)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/ftprobe-zmq_tcp___x_...spool%s", folder, suffix);
	return path;
}

static void push(struct spool *s, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct queued_record r = numbered(i);

		assert_int_equal(spool_push(s, &r), 0);
	}
}

/* Any number in, out, and back in front, and a new process now and then: all in order. */
static void test_kept_order(void **state)
{
	uint32_t in = 0, out = 0, reopened = 0;
	struct spool *s = open_kept(0);
	struct record_queue q;

	(void)state;
	srand(8);
	assert_int_equal(queue_create(&q, 1000, 16 << 20), 0);
	while (in < 20000) {
		struct queued_record r = numbered(in);
		uint32_t back = rand() % 8 && out ? 0 : rand() % 20;

		while (rand() % 5 && spool_push(s, &r) == 0)
			r = numbered(++in);
		while (rand() % 5 && out < in)
			check_first(s, out++);
		back = back < out ? back : out;
		for (uint32_t i = out - back; i < out; i++) {
			r = numbered(i);
			assert_true(queue_push(&q, &r));
		}
		/* Where not all fit, the oldest are lost. */
		out -= back - spool_put_back(s, &q);
		queue_pop(&q, back);
		assert_int_equal(spool_records(s), in - out);
		if (rand() % 20)
			continue;
		spool_close(s);
		s = open_kept(in - out);
		reopened++;
	}
	while (out < in)
		check_first(s, out++);
	assert_true(reopened > 100);
	spool_close(s);
	queue_destroy(&q);
	/* Empty, it leaves nothing. */
	assert_int_equal(access(kept_path(""), F_OK), -1);
}

/* What a killed process had given to the file is there; what it had taken out may come again. */
static void test_kept_by_a_killed_process(void **state)
{
	struct queued_record first;
	struct spool *s;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		s = open_kept(0);
		push(s, 0, 300);
		for (uint32_t i = 0; i < 100; i++)
			check_first(s, i);
		_exit(spool_flush(s) != 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	char error[256];
	bool aside;

	assert_int_equal(spool_open_kept(&s, &place, &aside, error, sizeof error), 0);
	assert_true(spool_records(s) >= 200 && spool_records(s) < 300);
	assert_int_equal(spool_first(s, &first), 0);
	for (uint32_t i = first.tag; i < 300; i++)
		check_first(s, i);
	assert_int_equal(spool_records(s), 0);
	spool_close(s);
}

/* A byte is wrong, or the end is missing: what is before it is there, and nothing else. */
static void test_torn(void **state)
{
	for (int cut = 0; cut < 2; cut++) {
		struct spool *s = open_kept(0);
		uint64_t before = 0;
		int fd;

		(void)state;
		push(s, 1, 101);
		spool_close(s);
		for (uint32_t i = 1; i < 51; i++)
			before += 40 + numbered(i).len_bytes;
		fd = open(kept_path(""), O_RDWR);
		assert_true(fd >= 0);
		if (cut)
			assert_int_equal(ftruncate(fd, (off_t)(4096 + before + 41)), 0);
		else
			assert_int_equal(pwrite(fd, "\xff\xff", 2, (off_t)(4096 + before + 40)), 2);
		close(fd);
		s = open_kept(50);
		push(s, 51, 60);
		for (uint32_t i = 1; i < 60; i++)
			check_first(s, i);
		spool_close(s);
	}
}

static void test_whose_file(void **state)
{
	struct spool_place other = place;
	struct spool *s = open_kept(0), *second;
	char error[256];
	bool aside;

	(void)state;
	push(s, 0, 10);
	assert_int_equal(spool_open_kept(&second, &place, &aside, error, sizeof error), -EBUSY);
	assert_non_null(strstr(error, "another probe"));
	spool_close(s);
	other.meaning++;
	assert_int_equal(spool_open_kept(&s, &other, &aside, error, sizeof error), 0);
	assert_true(aside);
	assert_int_equal(spool_records(s), 0);
	spool_close(s);
	assert_int_equal(access(kept_path(".old"), F_OK), 0);
	unlink(kept_path(".old"));
	other.folder = "/nowhere";
	assert_int_equal(spool_open_kept(&s, &other, &aside, error, sizeof error), -ENOENT);
	/* A new size is for when it is empty. */
	s = open_kept(0);
	push(s, 0, 10);
	spool_close(s);
	other = place;
	other.bytes_max = 4 << 20;
	assert_int_equal(spool_open_kept(&s, &other, &aside, error, sizeof error), 0);
	assert_false(aside);
	for (uint32_t i = 0; i < 10; i++)
		check_first(s, i);
	for (uint32_t i = 0; i < 1000; i++)
		push(s, i, i + 1);
	for (uint32_t i = 0; i < 1000; i++)
		check_first(s, i);
	spool_close(s);
}

/* What an earlier process left for IPFIX is found again, whatever was checked meanwhile. */
static void test_kept_for_ipfix(void **state)
{
	char path[128], error[256];
	struct output_spec spec = {
		.type = OUTPUT_IPFIX, .target = "tcp://127.0.0.1:9", .spool_keep = true};
	struct flow_record r = sample_ipv4();
	struct output_spec other;
	struct output *o;

	(void)state;
	snprintf(spec.spool, sizeof spec.spool, "%s", folder);
	snprintf(spec.name, sizeof spec.name, "kept");
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(output_open(&o, &spec, error, sizeof error), 0);
		assert_int_equal(output_counters(o)->count[OUTPUT_recovered], 5 * i);
		for (int n = 0; n < 5; n++)
			output_submit(o, &r);
		output_close(o, 0);
		assert_int_equal(output_counters(o)->count[OUTPUT_queued], 5 * i + 5);
		output_free(o);
		other = spec;
		other.pen = 4711;
		other.name[0] = '\0';
		assert_int_equal(output_check(&other, error, sizeof error), 0);
		assert_int_equal(output_check(&spec, error, sizeof error), 0);
	}
	snprintf(path, sizeof path, "%s/ftprobe-kept.spool", folder);
	assert_int_equal(unlink(path), 0);
}

/* Records of other processors are of other templates; those that hide less must not leave. */
static void test_kept_under_other_settings(void **state)
{
	struct output_spec spec = {
		.type = OUTPUT_IPFIX, .target = "tcp://127.0.0.1:9", .spool_keep = true};
	struct flow_record r = sample_ipv4();
	char path[128], error[256];
	struct output *o;

	(void)state;
	snprintf(spec.spool, sizeof spec.spool, "%s", folder);
	snprintf(spec.name, sizeof spec.name, "other");
	for (unsigned int i = 0; i < 4; i++) {
		if (i == 1)
			spec.missing_sources = 1ULL << SOURCE_dns;
		if (i == 2)
			spec.transactions = true;
		if (i == 3)
			spec.privacy.addresses = PRIVACY_TRUNCATE;
		assert_int_equal(output_open(&o, &spec, error, sizeof error), 0);
		assert_int_equal(output_counters(o)->count[OUTPUT_recovered], 0);
		output_submit(o, &r);
		output_close(o, 0);
		assert_int_equal(output_counters(o)->count[OUTPUT_queued], 1);
		output_free(o);
	}
	snprintf(path, sizeof path, "%s/ftprobe-other.spool", folder);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof path, "%s/ftprobe-other.spool.old", folder);
	assert_int_equal(unlink(path), 0);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_content),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_a_folder_that_is_not_there),
		cmocka_unit_test(test_kept_order),
		cmocka_unit_test(test_kept_by_a_killed_process),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_whose_file),
		cmocka_unit_test(test_kept_for_ipfix),
		cmocka_unit_test(test_kept_under_other_settings),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
