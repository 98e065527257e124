/* SPDX-License-Identifier: BSD-3-Clause */
/* mpls and tunnel: what is around the header that a flow is keyed by. */
#include "proc_fixture.h"

static void the_labels(void **state)
{
	struct proc_fixture x;

	(void)state;
	for (uint32_t n = 0; n <= 5; n++) {
		struct build b = {0};
		const struct flow_record *r;

		proc_open(&x, 1U << PROCESSOR_mpls, NULL);
		build_ethernet(&b, n ? 0x8847 : 0x0800);
		for (uint32_t i = 1; i <= n; i++)
			build_mpls(&b, 100 * i, i == n);
		build_ipv4_tcp(&b, 5);
		proc_packet(&x, &b, DIR_FWD, 0);
		assert_false(x.watched);
		r = proc_record(&x);
		assert_int_equal(r->mpls_labels_n, n < 3 ? n : 3);
		for (uint32_t i = 0; i < r->mpls_labels_n; i++)
			assert_int_equal(r->mpls_labels[i], 100 * (i + 1) << 4 | (i + 1 == n));
		proc_close(&x);
	}
}

/* They are of the forward direction, and one packet of that is enough. */
static void the_first_forward_packet(void **state)
{
	struct proc_fixture x;
	struct build b = {0};

	(void)state;
	proc_open(&x, 1U << PROCESSOR_mpls, NULL);
	build_ethernet(&b, 0x8847);
	build_mpls(&b, 7, true);
	build_ipv4_tcp(&b, 5);
	proc_packet(&x, &b, DIR_REV, 0);
	assert_true(x.watched);
	assert_int_equal(proc_record(&x)->mpls_labels_n, 0);
	store_be32(b.b + 14, 8 << 12 | 0x100 | 64);
	proc_packet(&x, &b, DIR_FWD, 0);
	assert_false(x.watched);
	assert_int_equal(proc_record(&x)->mpls_labels[0] >> 4, 8);
	proc_close(&x);
}

/* A stack inside a tunnel counts where there is none around it. */
static void labels_in_a_tunnel(void **state)
{
	struct proc_fixture x;
	struct build b = {0};

	(void)state;
	proc_open(&x, 1U << PROCESSOR_mpls, NULL);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 47);
	build_be32(&b, 0x00008847);
	build_mpls(&b, 42, true);
	build_ipv4_tcp(&b, 5);
	proc_packet(&x, &b, DIR_FWD, 0);
	assert_int_equal(proc_record(&x)->mpls_labels_n, 1);
	assert_int_equal(proc_record(&x)->mpls_labels[0] >> 4, 42);
	proc_close(&x);
}

/* IPv4 in IPv6 in IPv4: the header around the innermost one, told as forward. */
static void addresses_around(void **state)
{
	static const uint8_t src[16] = {0xfd, [15] = 1}, dst[16] = {0xfd, [15] = 2};
	static const uint8_t src4[16] = {10, 0, 0, 1}, dst4[16] = {10, 0, 0, 2};
	struct proc_fixture x;
	const struct flow_record *r;

	(void)state;
	for (unsigned int direction = 0; direction < DIR_N; direction++) {
		for (unsigned int nested = 0; nested < 2; nested++) {
			struct build b = {0};

			proc_open(&x, 1U << PROCESSOR_tunnel, NULL);
			build_ethernet(&b, 0x0800);
			build_ipv4(&b, nested ? 41 : 4);
			if (nested)
				build_ipv6(&b, 4);
			build_ipv4_tcp(&b, 5);
			proc_packet(&x, &b, direction, 0);
			assert_false(x.watched);
			r = proc_record(&x);
			assert_int_equal(r->outer_ip_version, nested ? 6 : 4);
			assert_memory_equal(direction ? r->outer_dst_addr : r->outer_src_addr,
					    nested ? src : src4, 16);
			assert_memory_equal(direction ? r->outer_src_addr : r->outer_dst_addr,
					    nested ? dst : dst4, 16);
			proc_close(&x);
		}
	}
}

static void no_tunnel(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_tunnel, NULL);
	proc_udp(&x, 4, DIR_FWD, 0);
	assert_false(x.watched);
	assert_int_equal(proc_record(&x)->outer_ip_version, 0);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_labels),	      cmocka_unit_test(the_first_forward_packet),
		cmocka_unit_test(labels_in_a_tunnel), cmocka_unit_test(addresses_around),
		cmocka_unit_test(no_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
