/* SPDX-License-Identifier: BSD-3-Clause */
/* The distributor's hash: the same both ways and for fragments, and spread over the lanes. */
#include "builder.h"

#include "core/tunnel.h"

#define N_TUPLES 100000

static uint64_t seed = 88172645463325252ULL;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint32_t hash4(uint32_t src, uint32_t dst, uint16_t offset, uint8_t protocol)
{
	uint8_t b[14 + 20] = {[12] = 0x08, [14] = 0x45};

	store_be16(b + 20, offset);
	b[23] = protocol;
	store_be32(b + 26, src);
	store_be32(b + 30, dst);
	return packet_symmetric_hash(b, sizeof b, LINK_ETHERNET);
}

static uint32_t hash6(const uint8_t *src, const uint8_t *dst)
{
	uint8_t b[40] = {0x60};

	b[6] = (uint8_t)next_random(); /* whatever follows */
	memcpy(b + 8, src, 16);
	memcpy(b + 24, dst, 16);
	return packet_symmetric_hash(b, sizeof b, LINK_RAW_IP);
}

/* Chi-square of n samples over 64 cells: 63 expected, 63 + 6 sigma is 130. */
static void check_spread(const uint32_t *cells, uint32_t n)
{
	double expected = n / 64.0, sum = 0;

	for (int i = 0; i < 64; i++)
		sum += (cells[i] - expected) * (cells[i] - expected) / expected;
	assert_true(sum < 130);
}

static void symmetric_ipv4(void **state)
{
	uint32_t low[64] = {0}, high[64] = {0};

	(void)state;
	for (uint32_t i = 0; i < N_TUPLES; i++) {
		uint64_t r = next_random();
		uint32_t a = (uint32_t)r, b = (uint32_t)(r >> 32), h = hash4(a, b, 0, 6);
		assert_int_equal(h, hash4(b, a, 0, 6));
		assert_int_equal(h, hash4(a, b, 0x2000, 6));
		assert_int_equal(h, hash4(b, a, 185, 17));
		low[h & 63]++;
		high[h >> 26]++;
	}
	check_spread(low, N_TUPLES);
	check_spread(high, N_TUPLES);
}

/* Hosts of one network with one server, and with each other: what a real link sees. */
static void spreads_neighbours(void **state)
{
	uint32_t server[64] = {0}, mesh[64] = {0}, n = 0;

	(void)state;
	for (uint32_t i = 0; i < N_TUPLES; i++)
		server[hash4(0x0a000000 + i, 0xc0a80001, 0, 6) & 63]++;
	for (uint32_t a = 0; a < 256; a++) {
		for (uint32_t b = 0; b < a; b++, n++)
			mesh[hash4(0x0a000000 + a, 0x0a000000 + b, 0, 6) & 63]++;
	}
	check_spread(server, N_TUPLES);
	check_spread(mesh, n);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Different pairs collide as rarely as chance has it: 1.2 are expected among 10^5 in 2^32. */
static void rarely_collides(void **state)
{
	uint32_t *h = malloc(N_TUPLES * sizeof *h), collisions = 0;

	(void)state;
	assert_non_null(h);
	for (uint32_t i = 0; i < N_TUPLES; i++)
		h[i] = hash4(0x0a000000 + i % 300, 0x0a010000 + i / 300, 0, 6);
	qsort(h, N_TUPLES, sizeof *h, by_value);
	for (uint32_t i = 1; i < N_TUPLES; i++)
		collisions += h[i] == h[i - 1];
	assert_in_range(collisions, 0, 10);
	free(h);
}

static void symmetric_ipv6(void **state)
{
	uint32_t random[64] = {0}, counting[64] = {0};

	(void)state;
	for (uint32_t i = 0; i < N_TUPLES; i++) {
		uint8_t a[16], b[16];
		for (int j = 0; j < 16; j += 8) {
			store_be64(a + j, next_random());
			store_be64(b + j, next_random());
		}
		uint32_t h = hash6(a, b);
		assert_int_equal(h, hash6(b, a));
		random[h & 63]++;
		store_be64(a, 0x20010db800000000ULL + i);
		store_be64(a + 8, 1);
		h = hash6(a, b);
		assert_int_equal(h, hash6(b, a));
		store_be64(b, 0x20010db800000000ULL);
		store_be64(b + 8, 2);
		counting[hash6(a, b) & 63]++;
	}
	check_spread(random, N_TUPLES);
	check_spread(counting, N_TUPLES);
}

/* The hash is that of the outermost pair, whatever is around it or inside. */
static void outermost_pair(void **state)
{
	struct build p = {0}, q = {0};

	(void)state;
	build_ethernet(&p, 0x8100);
	build_vlan(&p, 7, 0x8847);
	build_mpls(&p, 99, true);
	build_ipv4(&p, 47);
	build_be32(&p, 0x00000800);
	build_ipv4_tcp(&p, 5);
	build_done(&p);
	build_ipv4(&q, 1);
	build_done(&q);
	assert_int_equal(packet_symmetric_hash(p.b, p.n, LINK_ETHERNET),
			 packet_symmetric_hash(q.b, q.n, LINK_RAW_IP));
	assert_int_equal(packet_symmetric_hash(q.b, q.n, LINK_RAW_IP),
			 hash4(0x0a000001, 0x0a000002, 0, 1));
}

/* One inner flow in two tunnels, there and back: its lane is that of its own addresses. */
static void inner_pair(void **state)
{
	uint32_t hash[3];

	(void)state;
	for (uint8_t i = 0; i < 3; i++) {
		struct build p = {0};
		struct packet k = {.flags = PACKET_WIRE_LEN, .link_type = LINK_RAW_IP};

		build_ipv4(&p, 47);
		p.b[15] = (uint8_t)(i == 2 ? 9 : 1 + i); /* another tunnel end point each */
		build_be32(&p, 0x00000800);
		build_ipv4_tcp(&p, 5);
		build_done(&p);
		if (i == 1) { /* the way back */
			uint8_t source[4];

			memcpy(source, p.b + 24 + 12, 4);
			memcpy(p.b + 24 + 12, p.b + 24 + 16, 4);
			memcpy(p.b + 24 + 16, source, 4);
		}
		k.data = p.b;
		k.len = k.wire_len = p.n;
		hash[i] = packet_inner_hash(&k);
		assert_int_equal(k.tunnel_type, TUNNEL_GRE);
	}
	assert_int_equal(hash[0], hash[1]);
	assert_int_equal(hash[0], hash[2]);
	assert_int_not_equal(hash[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symmetric_ipv4),  cmocka_unit_test(spreads_neighbours),
		cmocka_unit_test(rarely_collides), cmocka_unit_test(symmetric_ipv6),
		cmocka_unit_test(outermost_pair),  cmocka_unit_test(inner_pair),
	};

	return cmocka_run_group_tests_name("packet/symmetric_hash", tests, NULL, NULL);
}
