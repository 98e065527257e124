/* SPDX-License-Identifier: BSD-3-Clause */
/* The applications of the summary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/top.h"

static void count(struct top *t, const char *name, uint64_t octets, enum end_reason reason)
{
	struct flow_record r = {
		.l7_proto = name, .l7_flags = L7_INSPECTED, .end_reason = (uint8_t)reason};

	r.packets[DIR_FWD] = 2;
	r.packets[DIR_REV] = 1;
	r.octets[DIR_FWD] = octets;
	top_count(t, &r);
}

static void test_largest_first(void **state)
{
	struct top *t = calloc(1, sizeof *t);
	const struct top_entry *largest[3];

	(void)state;
	assert_int_equal(top_largest(t, largest, 3), 0);
	count(t, "DNS", 10, END_IDLE);
	count(t, "TLS.Google", 500, END_IDLE);
	count(t, "SSH", 100, END_IDLE);
	count(t, "HTTP", 100, END_IDLE);
	count(t, "DNS", 195, END_SLICE);
	assert_int_equal(top_largest(t, largest, 3), 3);
	assert_string_equal(largest[0]->name, "TLS.Google");
	assert_string_equal(largest[1]->name, "DNS");
	assert_int_equal(largest[1]->flows, 1);
	assert_int_equal(largest[1]->packets, 6);
	assert_string_equal(largest[2]->name, "HTTP"); /* by name where bytes are equal */
	free(t);
}

static void test_more_names_than_slots_are_counted(void **state)
{
	struct top *t = calloc(1, sizeof *t);
	char name[32];

	(void)state;
	for (int i = 0; i < TOP_SLOTS + 5; i++) {
		snprintf(name, sizeof name, "name %d", i);
		count(t, name, 1, END_IDLE);
	}
	assert_int_equal(t->not_counted, 5);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_largest_first),
		cmocka_unit_test(test_more_names_than_slots_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
