/* SPDX-License-Identifier: BSD-3-Clause */
/* Keyed hashes: fixed where they must be, secret where they must be, and spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/hash.h"

static void test_fixed_seed_is_fixed(void **state)
{
	struct hash_seed a, b, c;

	(void)state;
	hash_seed_fixed(&a, 7);
	hash_seed_fixed(&b, 7);
	hash_seed_fixed(&c, 8);
	assert_memory_equal(&a, &b, sizeof a);
	assert_memory_not_equal(&a, &c, sizeof a);
}

static void test_secret_seeds_differ(void **state)
{
	struct hash_seed a, b;

	(void)state;
	assert_int_equal(hash_seed_secret(&a), 0);
	assert_int_equal(hash_seed_secret(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof a);
}

/* Counting keys, the worst case of a weak hash: every bucket gets about its share. */
static void test_key16_spreads_counters(void **state)
{
	enum { BUCKETS = 1024, KEYS = 1 << 18 };
	static uint32_t load[BUCKETS];
	struct hash_seed s;

	(void)state;
	hash_seed_fixed(&s, 1);
	for (uint64_t i = 0; i < KEYS; i++)
		load[hash_key16(&s, i, 0x0400060000000000ULL) >> 54]++;
	for (int i = 0; i < BUCKETS; i++)
		assert_in_range(load[i], KEYS / BUCKETS * 6 / 10, KEYS / BUCKETS * 14 / 10);
}

/* Every single bit of the object changes both halves. */
static void test_fingerprint_sees_every_bit(void **state)
{
	struct hash_seed s;
	uint64_t words[6] = {1, 2, 3, 4, 5, 6};

	(void)state;
	hash_seed_fixed(&s, 1);
	struct hash128 base = hash_fingerprint(&s, words, 6);
	for (int bit = 0; bit < 6 * 64; bit++) {
		words[bit / 64] ^= 1ULL << (bit % 64);
		struct hash128 h = hash_fingerprint(&s, words, 6);
		words[bit / 64] ^= 1ULL << (bit % 64);
		assert_true(h.lo != base.lo);
		assert_true(h.hi != base.hi);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_seed_is_fixed),
		cmocka_unit_test(test_secret_seeds_differ),
		cmocka_unit_test(test_key16_spreads_counters),
		cmocka_unit_test(test_fingerprint_sees_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
