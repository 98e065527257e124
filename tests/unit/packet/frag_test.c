/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments: ports from the first to the later ones, in every order, in time and out of it. */
#include "builder.h"

#include "core/hash.h"

#define N_PARTS 4

/* Part i of a UDP datagram in fragments of 64 bytes, with `hosts` below its source address. */
static void part4(struct build *p, uint32_t i, uint16_t id, uint16_t hosts)
{
	uint8_t *h = build_ipv4(p, 17);

	store_be16(h + 4, id);
	store_be16(h + 6, (uint16_t)((i + 1 < N_PARTS ? 0x2000 : 0) | 8 * i));
	store_be16(h + 14, hosts);
	build_bytes(p, "\x03\xe8\x00\x35\x01\x00\x00\x00", 8);
	build_take(p, 56);
	build_done(p);
	if (i == 0)
		store_be16(p->b + p->n - 60, 64 * N_PARTS); /* of the whole datagram */
}

static struct packet *run4(struct bench *t, uint32_t i, uint16_t id, uint16_t hosts)
{
	struct build p = {0};

	t->link = LINK_RAW_IP;
	part4(&p, i, id, hosts);
	return bench_parse(t, p.b, p.n);
}

static void check_part(const struct bench *t, uint32_t i, bool known)
{
	const struct packet *k = &t->k;

	assert_int_equal(k->drop, DROP_NONE);
	assert_int_equal(k->protocol, 17);
	assert_int_equal(k->l3_len, 84);
	assert_true(k->flags & PACKET_FRAGMENT);
	assert_int_equal(!!(k->flags & PACKET_LATER_FRAGMENT), i != 0);
	assert_int_equal(!!(k->flags & PACKET_HAS_PORTS), known);
	assert_int_equal(k->src_port, known ? 1000 : 0);
	assert_int_equal(k->dst_port, known ? 53 : 0);
	assert_int_equal(k->payload_len, i == 0 ? 56 : 0);
	assert_int_equal(t->notes[NOTE_fragments], 1);
	assert_int_equal(t->notes[NOTE_fragment_orphan], !known);
	assert_int_equal(t->notes[NOTE_bad_l4_length], 0);
}

/* Every order of four parts, each datagram with an id of its own. */
static void all_orders(void **state)
{
	struct bench t;
	uint16_t id = 1;

	(void)state;
	bench_open(&t, false);
	for (uint32_t order = 0; order < 256; order++) {
		uint32_t part[N_PARTS], seen = 0;
		for (uint32_t i = 0; i < N_PARTS; i++) {
			part[i] = order >> 2 * i & 3;
			seen |= 1U << part[i];
		}
		if (seen != 15)
			continue;
		bool known = false;
		for (uint32_t i = 0; i < N_PARTS; i++) {
			known |= part[i] == 0;
			run4(&t, part[i], id, 1);
			check_part(&t, part[i], known);
		}
		id++;
	}
	assert_int_equal(id, 25);
	bench_close(&t);
}

static void not_another_datagram(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, false);
	run4(&t, 0, 7, 1);
	run4(&t, 1, 8, 1);
	check_part(&t, 1, false);
	run4(&t, 1, 7, 2);
	check_part(&t, 1, false);
	run4(&t, 1, 7, 1);
	check_part(&t, 1, true);
	/* the same in a VLAN, and of another protocol */
	build_ethernet(&p, 0x8100);
	build_vlan(&p, 5, 0x0800);
	part4(&p, 1, 7, 1);
	t.link = LINK_ETHERNET;
	bench_parse(&t, p.b, p.n);
	check_part(&t, 1, false);
	p = (struct build){0};
	part4(&p, 1, 7, 1);
	p.b[9] = 6;
	t.link = LINK_RAW_IP;
	bench_parse(&t, p.b, p.n);
	assert_int_equal(t.notes[NOTE_fragment_orphan], 1);
	bench_close(&t);
}

static void times_out(void **state)
{
	struct bench t;
	const uint64_t start = 1000000000000ULL;

	(void)state;
	bench_open(&t, false);
	t.time_ns = start;
	run4(&t, 0, 7, 1);
	t.time_ns = start + FRAG_TIMEOUT_NS;
	run4(&t, 1, 7, 1);
	check_part(&t, 1, true);
	t.time_ns = start + FRAG_TIMEOUT_NS + 1;
	run4(&t, 1, 7, 1);
	check_part(&t, 1, false);
	/* a new first fragment under the old id, and a clock that steps back a little */
	run4(&t, 0, 7, 1);
	t.time_ns -= 1000;
	run4(&t, 2, 7, 1);
	check_part(&t, 2, true);
	bench_close(&t);
}

/* Twice what the cache holds: places are taken by the newest, and each loss is counted once. */
static void evicts_the_oldest(void **state)
{
	enum { N = 2 * FRAG_CACHE_ENTRIES };
	struct bench t;
	struct hash_seed seed;
	uint64_t evicted = 0, found = 0, found_new = 0;

	(void)state;
	bench_open(&t, false);
	hash_seed_fixed(&seed, 1);
	parser_reseed(&t.parser, &seed);
	for (uint32_t i = 0; i < N; i++) {
		t.time_ns = i;
		run4(&t, 0, 7, (uint16_t)i);
		evicted += t.notes[NOTE_fragment_evicted];
	}
	for (uint32_t i = 0; i < N; i++) {
		bool known = run4(&t, 1, 7, (uint16_t)i)->flags & PACKET_HAS_PORTS;
		found += known;
		found_new += known && i >= N / 2;
	}
	assert_int_equal(found + evicted, N);
	assert_in_range(found, FRAG_CACHE_ENTRIES * 9 / 10, FRAG_CACHE_ENTRIES);
	assert_true(found_new > found * 7 / 10);
	assert_true(run4(&t, 1, 7, N - 1)->flags & PACKET_HAS_PORTS);

	/* what has timed out gives way without a note */
	t.time_ns = N + FRAG_TIMEOUT_NS;
	for (uint32_t i = 0; i < FRAG_CACHE_ENTRIES / 4; i++) {
		run4(&t, 0, 8, (uint16_t)i);
		assert_int_equal(t.notes[NOTE_fragment_evicted], 0);
	}
	bench_close(&t);
}

/* The seed moves entries, never what they say; a new seed forgets. */
static void reseed_forgets(void **state)
{
	struct bench t;
	struct hash_seed seed;

	(void)state;
	bench_open(&t, false);
	run4(&t, 0, 7, 1);
	hash_seed_fixed(&seed, 2);
	parser_reseed(&t.parser, &seed);
	run4(&t, 1, 7, 1);
	check_part(&t, 1, false);
	run4(&t, 0, 7, 1);
	run4(&t, 1, 7, 1);
	check_part(&t, 1, true);
	bench_close(&t);
}

/* A first fragment too short for its ports tells nothing to the later ones. */
static void tiny_first_fragment(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	store_be16(build_ipv4(&p, 17) + 6, 0x2000);
	build_take(&p, 3);
	bench_run(&t, &p);
	assert_int_equal(t.notes[NOTE_truncated_l4], 1);
	run4(&t, 1, 0x1234, 0x0001);
	assert_int_equal(t.notes[NOTE_fragment_orphan], 1);
	bench_close(&t);
}

/* Later parts of a big ping stay with its identifier; other protocols have a first part, too. */
static void without_ports(void **state)
{
	static const uint8_t protocols[] = {1, 47};
	struct bench t;

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < sizeof protocols; i++) {
		struct build first = {0}, later = {0};
		store_be16(build_ipv4(&first, protocols[i]) + 6, 0x2000);
		build_bytes(&first, "\x08\x00\x00\x00\xab\xcd\x00\x01", 8);
		store_be16(build_ipv4(&later, protocols[i]) + 6, 0x0001);
		build_take(&later, 8);
		bench_run(&t, &first);
		struct packet *k = bench_run(&t, &later);
		bench_only_note(&t, NOTE_fragments);
		assert_false(k->flags & PACKET_HAS_PORTS);
		assert_int_equal(k->icmp_type, protocols[i] == 1 ? 8 : 0);
		assert_int_equal(k->icmp_id, protocols[i] == 1 ? 0xabcd : 0);
		assert_int_equal(k->src_port, 0);
	}
	bench_close(&t);
}

static void part6(struct build *p, bool first, uint8_t next)
{
	build_ipv6(p, 0);
	build_bytes(p, "\x2c\x00\x01\x04\x00\x00\x00\x00", 8);
	uint8_t *h = build_take(p, 8);
	h[0] = next;
	store_be16(h + 2, first ? 1 : 24 << 3);
	store_be32(h + 4, 0xdeadbeef);
	if (first) { /* destination options stand between, and only here */
		build_bytes(p, "\x11\x00\x01\x04\x00\x00\x00\x00", 8);
		build_bytes(p, "\x03\xe8\x00\x35\x01\x00\x00\x00", 8);
	}
	build_take(p, 24);
	build_done(p);
}

/* RFC 8200 4.5: only the first fragment's header chain says what the datagram carries. */
static void ipv6_parts(void **state)
{
	struct bench t;
	struct build first = {0}, later = {0};

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	part6(&first, true, 60);
	part6(&later, false, 60);
	bench_parse(&t, later.b, later.n);
	assert_int_equal(t.notes[NOTE_fragment_orphan], 1);
	struct packet *k = bench_parse(&t, first.b, first.n);
	bench_only_note(&t, NOTE_fragments);
	assert_int_equal(k->protocol, 17);
	assert_int_equal(k->dst_port, 53);
	assert_int_equal(k->payload_len, 24);
	k = bench_parse(&t, later.b, later.n);
	bench_only_note(&t, NOTE_fragments);
	assert_int_equal(k->protocol, 17);
	assert_int_equal(k->src_port, 1000);
	assert_int_equal(k->flags & (PACKET_FRAGMENT | PACKET_LATER_FRAGMENT | PACKET_HAS_PORTS),
			 PACKET_FRAGMENT | PACKET_LATER_FRAGMENT | PACKET_HAS_PORTS);
	assert_int_equal(k->payload_len, 0);
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_orders),	  cmocka_unit_test(not_another_datagram),
		cmocka_unit_test(times_out),	  cmocka_unit_test(evicts_the_oldest),
		cmocka_unit_test(reseed_forgets), cmocka_unit_test(tiny_first_fragment),
		cmocka_unit_test(without_ports),  cmocka_unit_test(ipv6_parts),
	};

	return cmocka_run_group_tests_name("packet/frag", tests, NULL, NULL);
}
