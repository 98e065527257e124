/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes, memory and counters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/counters.h"
#include "core/memory.h"

static void test_big_endian(void **state)
{
	uint8_t b[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8];

	(void)state;
	assert_int_equal(load_be16(b), 0x0102);
	assert_int_equal(load_be32(b), 0x01020304);
	assert_true(load_be64(b) == 0x0102030405060708ULL);
	store_be64(out, load_be64(b));
	assert_memory_equal(out, b, 8);
	store_be32(out, 0x01020304);
	store_be16(out + 4, 0x0506);
	assert_memory_equal(out, b, 6);
}

static void test_wbuf_error_sticks(void **state)
{
	uint8_t memory[4];
	struct wbuf w = wbuf_make(memory, sizeof memory);

	(void)state;
	put_be16(&w, 0x0102);
	assert_false(w.failed);
	put_be32(&w, 1);
	assert_true(w.failed);
	put_u8(&w, 9); /* would fit, but the record is broken already */
	assert_int_equal(w.at - memory, 2);
}

static void test_memory_is_zero_and_large_enough(void **state)
{
	struct memory m;

	(void)state;
	assert_int_equal(memory_map(&m, 0, MEMORY_NODE_ANY, false), -EINVAL);
	assert_int_equal(memory_map(&m, 100, MEMORY_NODE_ANY, false), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(((uint8_t *)m.base)[i], 0);
	memory_unmap(&m);
	assert_null(m.base);
	/* A node that no machine has is a wish, not an error. */
	assert_int_equal(memory_map(&m, 16 << 20, 1000, true), 0);
	assert_true(m.len_bytes >= 16 << 20);
	((uint8_t *)m.base)[m.len_bytes - 1] = 1;
	memory_unmap(&m);
}

static void test_counters_add_every_word(void **state)
{
	struct lane_counters a = {0}, b;

	(void)state;
	memset(&b, 0, sizeof b);
	for (size_t i = 0; i < sizeof b / 8; i++)
		((uint64_t *)&b)[i] = i + 1;
	lane_counters_add(&a, &b);
	lane_counters_add(&a, &b);
	for (size_t i = 0; i < sizeof a / 8; i++)
		assert_int_equal(((uint64_t *)&a)[i], 2 * (i + 1));
}

static void test_every_counter_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < DROP_N; i++)
		assert_non_null(drop_reason_text((enum drop_reason)i)->name);
	for (int i = 0; i < NOTE_N; i++)
		assert_non_null(packet_note_text((enum packet_note)i)->sentence);
	for (int i = 0; i < TABLE_N; i++)
		assert_non_null(table_counter_text((enum table_counter)i)->name);
	for (int i = 0; i < DPI_N; i++)
		assert_non_null(dpi_counter_text((enum dpi_counter)i)->name);
	for (int i = 0; i < OUTPUT_DROP_N; i++)
		assert_non_null(output_drop_text((enum output_drop)i)->name);
	for (int i = 0; i < OUTPUT_N; i++)
		assert_non_null(output_counter_text((enum output_counter)i)->name);
	assert_string_equal(drop_reason_text(DROP_arp)->name, "arp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_wbuf_error_sticks),
		cmocka_unit_test(test_memory_is_zero_and_large_enough),
		cmocka_unit_test(test_counters_add_every_word),
		cmocka_unit_test(test_every_counter_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
