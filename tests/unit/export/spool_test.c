/* SPDX-License-Identifier: BSD-3-Clause */
/* Records on disk against a model: order, content and bound, across the end of the ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "export/spool.h"

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
		sum += r.len_bytes + 24;
	}
	assert_int_equal(spool_push(s, &r), -ENOBUFS);
	assert_true(sum <= SIZE && sum + r.len_bytes + 24 > SIZE);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_content),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_a_folder_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
