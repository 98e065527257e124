/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of records against a model: order, content, bounds, at random. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/queue.h"

#define QUEUE_BYTES 8192
#define LEN_MAX	    3000

/* What record number i looks like. */
static uint32_t len_of(uint32_t i)
{
	return (i * 2654435761U >> 7) % LEN_MAX;
}

static void fill(uint8_t *bytes, uint32_t i)
{
	memset(bytes, (int)(i & 0xff), len_of(i));
}

static bool push(struct record_queue *q, const uint8_t *bytes, uint32_t len, uint32_t tag)
{
	const struct queued_record r = {bytes, len, tag, tag, 2ULL * tag};

	return queue_push(q, &r);
}

/* What `n` records from number `first` on are about. */
static void check_sum(struct queue_sum sum, uint32_t first, uint32_t n)
{
	uint64_t packets = 0;

	while (n--)
		packets += first++;
	assert_int_equal(sum.packets, packets);
	assert_int_equal(sum.octets, 2 * packets);
}

/* Everything from `first` on, without changing the queue. */
static void check_walk(const struct record_queue *q, uint32_t first, uint32_t next)
{
	static uint8_t wanted[LEN_MAX];
	struct queue_cursor c = queue_walk(q);
	struct queued_record r;

	for (; first != next; first++) {
		assert_true(queue_next(q, &c, &r));
		assert_int_equal(r.tag, first);
		assert_int_equal(r.len_bytes, len_of(first));
		fill(wanted, first);
		assert_memory_equal(r.bytes, wanted, r.len_bytes);
	}
	assert_false(queue_next(q, &c, &r));
}

static void test_against_a_model(void **state)
{
	static uint8_t bytes[LEN_MAX];
	uint32_t first = 0, next = 0, full = 0, marked = 0;
	struct record_queue q;

	(void)state;
	srand(7);
	assert_int_equal(queue_create(&q, 40, QUEUE_BYTES), 0);
	for (unsigned int i = 0; i < 50000; i++) {
		if (rand() % 100 < 60) {
			bool room = queue_has_room(&q, len_of(next));

			fill(bytes, next);
			assert_int_equal(push(&q, bytes, len_of(next), next), room);
			next += room;
			full += !room;
		} else if (rand() % 2) {
			uint32_t n = (uint32_t)rand() % (next - first + 1);

			check_sum(queue_pop(&q, n), first, n);
			first += n;
			marked -= n < marked ? n : marked;
		} else if (rand() % 4) {
			uint32_t n = (uint32_t)rand() % (next - first - marked + 1);

			queue_mark(&q, n);
			marked += n;
		} else {
			queue_unmark(&q);
			marked = 0;
		}
		assert_int_equal(q.records, next - first);
		assert_int_equal(q.marked, marked);
		check_walk(&q, first + marked, next);
	}
	assert_true(full > 100 && next > 1000);
	queue_destroy(&q);
}

static void test_bounds(void **state)
{
	static uint8_t bytes[QUEUE_BYTES];
	struct record_queue q;

	(void)state;
	assert_int_equal(queue_create(&q, 0, QUEUE_BYTES), -EINVAL);
	assert_int_equal(queue_create(&q, 1, 0), -EINVAL);
	assert_int_equal(queue_create(&q, 2, QUEUE_BYTES), 0);
	assert_false(push(&q, bytes, QUEUE_BYTES, 0));
	assert_true(push(&q, bytes, QUEUE_BYTES - 24, 1));
	assert_false(push(&q, bytes, 0, 2));
	queue_pop(&q, 1);
	assert_true(push(&q, bytes, 1, 3));
	assert_true(push(&q, bytes, 0, 4));
	assert_false(push(&q, bytes, 1, 5)); /* two records are the bound */
	queue_pop(&q, 9);
	assert_int_equal(q.records, 0);
	assert_int_equal(q.used_bytes, 0);
	queue_destroy(&q);
}

/* A few records stay behind each time: they do not walk over all of the memory. */
static void test_a_short_queue_stays_warm(void **state)
{
	static uint8_t bytes[LEN_MAX];
	uint32_t first = 0, next = 0, highest = 0;
	struct record_queue q;

	(void)state;
	assert_int_equal(queue_create(&q, 100, 4 << 20), 0);
	while (next < 20000) {
		for (unsigned int i = 0; i < 20; i++, next++) {
			fill(bytes, next);
			assert_true(push(&q, bytes, len_of(next), next));
		}
		highest = q.tail > highest ? (uint32_t)q.tail : highest;
		queue_pop(&q, next - 3 - first);
		first = next - 3;
		check_walk(&q, first, next);
	}
	assert_in_range(highest, 1, 1 << 20);
	queue_destroy(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_model),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_a_short_queue_stays_warm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
