/* SPDX-License-Identifier: BSD-3-Clause */
/* Filter, own traffic and sampling: what is left out, under which name, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/admit.h"

#define N_PACKETS 100000

struct fixture {
	pfring_ft_table *table;
	struct admit admit;
};

static struct fixture make(uint32_t sampling, enum sampling_mode mode)
{
	struct fixture x = {.table = pfring_ft_create_table(0, 1000, 0, 0, 0)};

	assert_non_null(x.table);
	admit_init(&x.admit, sampling, mode, 0);
	return x;
}

/* An Ethernet frame with IPv4 and UDP between the given ports. */
static void frame(uint8_t bytes[60], uint16_t sport, uint16_t dport)
{
	memset(bytes, 0, 60);
	memcpy(bytes, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0\x45\0\0\x2e\0\0\0\0\x40\x11", 24);
	memcpy(bytes + 26, "\x0a\0\0\1\x0a\0\0\2", 8);
	bytes[34] = (uint8_t)(sport >> 8);
	bytes[35] = (uint8_t)sport;
	bytes[36] = (uint8_t)(dport >> 8);
	bytes[37] = (uint8_t)dport;
	bytes[39] = 26;
}

static unsigned int admitted(struct fixture *x, const uint8_t *bytes, unsigned int n)
{
	unsigned int in = 0;

	for (unsigned int i = 0; i < n; i++) {
		pfring_ft_packet k = {.data = bytes, .caplen = 60, .len = 60};

		admit_burst(&x->admit, x->table, &k, 1);
		in += !(k.flags & PFRING_FT_PACKET_IGNORE);
	}
	return in;
}

static void test_everything_without_rules(void **state)
{
	struct fixture x = make(1, SAMPLING_SYSTEMATIC);
	uint8_t bytes[60];

	(void)state;
	frame(bytes, 1, 2);
	assert_int_equal(admitted(&x, bytes, 100), 100);
	assert_int_equal(ft_counters(x.table)->rx_packets, 0); /* the table counts what it gets */
	pfring_ft_destroy_table(x.table);
}

static void test_systematic_sampling_is_exact(void **state)
{
	struct fixture x = make(100, SAMPLING_SYSTEMATIC);
	uint8_t bytes[60];

	(void)state;
	frame(bytes, 1, 2);
	assert_int_equal(admitted(&x, bytes, N_PACKETS), N_PACKETS / 100);
	assert_int_equal(ft_counters(x.table)->dropped[DROP_sampled_out], N_PACKETS / 100 * 99);
	assert_int_equal(ft_counters(x.table)->rx_packets, N_PACKETS / 100 * 99);
	pfring_ft_destroy_table(x.table);
}

/* 1000 of 100000 with a spread of some 18: six of them is never left by chance. */
static void test_random_sampling_is_right_on_average(void **state)
{
	struct fixture x = make(100, SAMPLING_RANDOM);
	uint8_t bytes[60];
	unsigned int in;

	(void)state;
	frame(bytes, 1, 2);
	in = admitted(&x, bytes, N_PACKETS);
	assert_in_range(in, N_PACKETS / 100 - 110, N_PACKETS / 100 + 110);
	pfring_ft_destroy_table(x.table);
}

static void test_filtered_packets_take_no_sampling_turn(void **state)
{
	struct fixture x = make(10, SAMPLING_SYSTEMATIC);
	struct bpf_program filter;
	uint8_t wanted[60], other[60];
	char error[256];
	unsigned int in = 0;

	(void)state;
	assert_int_equal(admit_compile(&filter, "udp port 53", false, error, sizeof error), 0);
	x.admit.filter = &filter;
	frame(wanted, 1000, 53);
	frame(other, 1000, 80);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(admitted(&x, other, 3), 0);
		in += admitted(&x, wanted, 1);
	}
	assert_int_equal(in, 100);
	assert_int_equal(ft_counters(x.table)->dropped[DROP_filter], 3000);
	assert_int_equal(ft_counters(x.table)->dropped[DROP_sampled_out], 900);
	pcap_freecode(&filter);
	pfring_ft_destroy_table(x.table);
}

static void test_own_traffic_has_its_own_name(void **state)
{
	struct fixture x = make(1, SAMPLING_SYSTEMATIC);
	struct bpf_program own;
	uint8_t export[60], tagged[64], other[60];
	char error[256];

	(void)state;
	assert_int_equal(admit_compile(&own, "udp dst port 4739", true, error, sizeof error), 0);
	x.admit.own = &own;
	frame(export, 1000, 4739);
	frame(other, 1000, 4740);
	memcpy(tagged, export, 12);
	memcpy(tagged + 12, "\x81\0\0\7", 4);
	memcpy(tagged + 16, export + 12, 48);
	assert_int_equal(admitted(&x, export, 5), 0);
	assert_int_equal(admitted(&x, tagged, 2), 0);
	assert_int_equal(admitted(&x, other, 3), 3);
	assert_int_equal(ft_counters(x.table)->dropped[DROP_own_export], 7);
	pcap_freecode(&own);
	pfring_ft_destroy_table(x.table);
}

static void test_expressions_are_checked_for_any_link(void **state)
{
	char error[256];

	(void)state;
	assert_int_equal(admit_check("tcp port 80", error, sizeof error), 0);
	assert_int_equal(admit_check("inbound", error, sizeof error), 0); /* cooked links know it */
	assert_true(admit_check("tcp prot 80", error, sizeof error) < 0);
	assert_non_null(strstr(error, "tcp prot 80"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_without_rules),
		cmocka_unit_test(test_systematic_sampling_is_exact),
		cmocka_unit_test(test_random_sampling_is_right_on_average),
		cmocka_unit_test(test_filtered_packets_take_no_sampling_turn),
		cmocka_unit_test(test_own_traffic_has_its_own_name),
		cmocka_unit_test(test_expressions_are_checked_for_any_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
