/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels in tunnels: the bound, the way back to the last good one, and whose length counts. */
#include "builder.h"

/* GRE in GRE in ...: the bound's last one is entered, the next one is not. */
static void nested_to_the_bound(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (uint32_t n = 1; n <= TUNNEL_DEPTH_MAX + 2; n++) {
		struct build p = {0};
		for (uint32_t i = 0; i < n; i++) {
			build_ipv4(&p, 47);
			build_be32(&p, 0x20000800);
			build_be32(&p, i + 1);
		}
		build_ipv4_tcp(&p, 5);
		struct packet *k = bench_run(&t, &p);
		uint32_t left = n <= TUNNEL_DEPTH_MAX ? n : TUNNEL_DEPTH_MAX;
		assert_int_equal(k->tunnel_id, left);
		assert_int_equal(k->l3_offset, 28 * left);
		assert_int_equal(k->outer_l3_offset, 28 * (left - 1));
		assert_int_equal(k->protocol, n == left ? 6 : 47);
		bench_only_note(&t, n == left ? NOTE_N : NOTE_tunnel_depth);
	}
	bench_close(&t);
}

/* A broken tunnel inside a good one: the view of the good one stays. */
static void back_to_the_last_good(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	build_ipv4(&p, 47);
	build_be32(&p, 0x20000800);
	build_be32(&p, 77);
	build_ipv4(&p, 17);
	build_udp(&p, 99, 4789);
	build_take(&p, 30);
	struct packet *k = bench_run(&t, &p);
	bench_only_note(&t, NOTE_bad_tunnel);
	assert_int_equal(k->tunnel_type, TUNNEL_GRE);
	assert_int_equal(k->tunnel_id, 77);
	assert_int_equal(k->l3_offset, 28);
	assert_int_equal(k->dst_port, 4789);
	assert_int_equal(k->payload_len, 30);
	bench_close(&t);
}

/* RFC 9868: behind the UDP length may be more IP payload, which is not the tunnel's. */
static void udp_length_bounds_the_tunnel(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (uint16_t surplus = 0; surplus <= 8; surplus++) {
		struct build p = {0};
		build_ipv4(&p, 17);
		build_udp(&p, 99, 4789);
		build_bytes(&p, "\x08\0\0\0\0\0\1\0", 8);
		build_ethernet(&p, 0x0800);
		build_ipv4_tcp(&p, 8);
		build_done(&p);
		store_be16(p.b + 24, (uint16_t)(p.n - 20 - surplus));
		struct packet *k = bench_parse(&t, p.b, p.n);
		assert_int_equal(k->tunnel_type, surplus ? TUNNEL_NONE : TUNNEL_VXLAN);
		assert_int_equal(k->dst_port, surplus ? 4789 : 80);
		bench_only_note(&t, surplus ? NOTE_bad_tunnel : NOTE_N);
	}
	bench_close(&t);
}

static void names(void **state)
{
	(void)state;
	for (int i = 0; i < TUNNEL_N; i++) {
		for (int j = 0; j < i; j++)
			assert_string_not_equal(tunnel_type_name((enum tunnel_type)i),
						tunnel_type_name((enum tunnel_type)j));
	}
	assert_string_equal(tunnel_type_name(TUNNEL_GTPU), "gtpu");
	assert_string_equal(tunnel_type_name(TUNNEL_N), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_to_the_bound),
		cmocka_unit_test(back_to_the_last_good),
		cmocka_unit_test(udp_length_bounds_the_tunnel),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("packet/tunnel_nest", tests, NULL, NULL);
}
