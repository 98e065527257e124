/* SPDX-License-Identifier: BSD-3-Clause */
/* The lane's clock against the system's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "burst_clock.h"
#include "core/clock.h"

/* What may lie between two readings on a machine that does something else in between. */
#define TRIES 20

/* The least distance of some tries: how far the clock is off, not how long the machine was away. */
static uint64_t distance(struct burst_clock *c)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		const uint64_t before = clock_monotonic_ns(), told = burst_clock_ns(c);
		const uint64_t after = clock_monotonic_ns();
		const uint64_t off = told < before ? before - told :
				     told > after  ? told - after :
						     0;

		if (off < least)
			least = off;
	}
	return least;
}

static void test_it_tells_the_time(void **state)
{
	struct burst_clock c = {0};
	const uint64_t start = clock_monotonic_ns();
	uint64_t last = 0;

	(void)state;
	while (clock_monotonic_ns() < start + 100000000) {
		for (int i = 0; i < 1000; i++) {
			const uint64_t ns = burst_clock_ns(&c);

			assert_true(ns >= last);
			last = ns;
		}
		assert_true(distance(&c) < 20000);
	}
	/* It was the counter that told it. */
	assert_true(c.ns_per_tick > 0);
}

static void test_time_that_passes_unasked(void **state)
{
	struct burst_clock c = {0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		burst_clock_ns(&c);
		sleep_ns(15000000);
		assert_true(distance(&c) < 20000);
	}
}

/* As after a move to another machine: backwards, and far ahead. */
static void test_a_counter_that_was_set(void **state)
{
	struct burst_clock c = {0};

	(void)state;
	for (int ahead = 0; ahead < 2; ahead++) {
		for (int i = 0; i < 3; i++) {
			burst_clock_ns(&c);
			sleep_ns(12000000);
		}
		const uint64_t before = burst_clock_ns(&c), shift = 1ULL << 40;

		c.tick += ahead ? -shift : shift;
		c.first_tick += ahead ? -shift : shift;
		assert_true(burst_clock_ns(&c) >= before);
		for (int i = 0; i < 3; i++) {
			sleep_ns(12000000);
			assert_true(distance(&c) < 20000);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_tells_the_time),
		cmocka_unit_test(test_time_that_passes_unasked),
		cmocka_unit_test(test_a_counter_that_was_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
