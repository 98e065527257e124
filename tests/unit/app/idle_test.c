/* SPDX-License-Identifier: BSD-3-Clause */
/* A lane without packets: when it polls, when it sleeps and for how long, when it waits. */
#include "idle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/limits.h"

static unsigned int waits;

static void count_wait(void *self)
{
	assert_ptr_equal(self, &waits);
	waits++;
}

static const struct input waiting = {.wait = count_wait, .self = &waits};
static const struct input mute = {.self = &waits};

static uint64_t cpu_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Rests until it has slept or waited so often. */
static void rest(struct idle *i, const struct input *input, uint64_t rests)
{
	while (i->rests < rests)
		idle_rest(i, input);
}

/* Short sleeps first, then longer ones, never longer than the bound. */
static void test_adaptive_sleeps_longer(void **state)
{
	struct idle i = {.mode = LANE_IDLE_ADAPTIVE, .longest_ns = IDLE_SLEEP_MAX_NS};
	uint64_t last_ns = 0;

	(void)state;
	rest(&i, &waiting, 1);
	assert_in_range(i.sleep_ns, 10000, 100000);
	for (unsigned int n = 2; n < 400; n++) {
		rest(&i, &waiting, n);
		assert_true(i.sleep_ns >= last_ns);
		last_ns = i.sleep_ns;
	}
	assert_in_range(last_ns, IDLE_SLEEP_MAX_NS, IDLE_SLEEP_MAX_NS);
	assert_int_equal(waits, 0);
}

/* A small ring keeps sleeps short. */
static void test_adaptive_keeps_to_the_ring(void **state)
{
	struct idle i = {.mode = LANE_IDLE_ADAPTIVE, .longest_ns = IDLE_SLEEP_LEAST_NS};

	(void)state;
	rest(&i, &mute, 200);
	assert_int_equal(i.sleep_ns, IDLE_SLEEP_LEAST_NS);
}

/* The lane polls again as often as before, and its first sleeps are short again. */
static void test_a_packet_wakes(void **state)
{
	struct idle i = {.mode = LANE_IDLE_ADAPTIVE, .longest_ns = IDLE_SLEEP_MAX_NS};
	uint64_t rests;

	(void)state;
	rest(&i, &mute, 200);
	idle_wake(&i);
	rests = i.rests;
	for (int n = 0; n < 200; n++)
		idle_rest(&i, &mute);
	assert_int_equal(i.rests, rests);
	rest(&i, &mute, rests + 1);
	assert_in_range(i.sleep_ns, 10000, 100000);
}

static void test_poll_never_rests(void **state)
{
	struct idle i = {.mode = LANE_IDLE_POLL, .longest_ns = IDLE_SLEEP_MAX_NS};

	(void)state;
	for (int n = 0; n < 100000; n++)
		idle_rest(&i, &waiting);
	assert_int_equal(i.rests, 0);
	assert_int_equal(waits, 0);
}

/* An input that cannot wait is slept for. */
static void test_interrupt_waits(void **state)
{
	struct idle i = {.mode = LANE_IDLE_INTERRUPT, .longest_ns = IDLE_SLEEP_MAX_NS};
	struct idle other = i;

	(void)state;
	rest(&i, &waiting, 3);
	assert_int_equal(waits, 3);
	rest(&other, &mute, 3);
	assert_int_equal(waits, 3);
	waits = 0;
}

/* A sleep takes no CPU, and ends when it should: but for others that run, which try again. */
static void test_sleeps_are_cheap_and_on_time(void **state)
{
	struct idle i = {.mode = LANE_IDLE_ADAPTIVE, .longest_ns = IDLE_SLEEP_MAX_NS};
	uint64_t least_ns = UINT64_MAX, cpu, began;

	(void)state;
	idle_begin();
	rest(&i, &mute, 200);
	cpu = cpu_ns();
	began = clock_monotonic_ns();
	for (unsigned int n = 0; n < 500; n++) {
		uint64_t start_ns = clock_monotonic_ns(), took_ns;

		rest(&i, &mute, i.rests + 1);
		took_ns = clock_monotonic_ns() - start_ns;
		assert_true(took_ns >= IDLE_SLEEP_MAX_NS);
		least_ns = took_ns < least_ns ? took_ns : least_ns;
	}
	assert_true(least_ns < 1000000);
	assert_true((cpu_ns() - cpu) * 10 < clock_monotonic_ns() - began);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adaptive_sleeps_longer),
		cmocka_unit_test(test_adaptive_keeps_to_the_ring),
		cmocka_unit_test(test_a_packet_wakes),
		cmocka_unit_test(test_poll_never_rests),
		cmocka_unit_test(test_interrupt_waits),
		cmocka_unit_test(test_sleeps_are_cheap_and_on_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
