/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of a packet's way that needs no table; and DPDK's own hash with the same parse and keys:
 * both are what the stages do with a plain packet (take_plain() in lib/ft/stages.c), inline.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "core/prefetch.h"
#include "drive.h"
#include "eal_memory.h"
#include "packet/plain.h"

/* As an update of ours, what a packet changes in a line. */
struct value {
	uint64_t packets[2], octets[2], last_ns[2];
	uint64_t flags, key;
};

struct looker {
	struct hash_seed seed;
	struct flow_lookup lookups[DRIVE_BURST];
	struct rte_hash *hash; /* NULL: parse only */
	struct value *values;
	uint64_t found, bytes;
};

/* A packet that is not plain has no length: the sum of bytes tells. */
static inline __attribute__((always_inline)) void
read_key(const struct hash_seed *seed, struct flow_lookup *l, const uint8_t *frame)
{
	struct plain plain;

	l->l3_len = 0;
	if (unlikely(!plain_read(&plain, frame, FRAME_BYTES)))
		return;
	const struct flow_ends ends = {
		.addrs = plain_addrs(&plain),
		.ports = load_word32(plain.l4),
		.vlan_id = plain.vlan_id,
		.protocol = plain.protocol,
	};

	if (likely(plain.ip_version == 4))
		flow_lookup_ipv4(l, &ends);
	else
		flow_lookup_ipv6(l, &ends, seed);
	l->l3_len = plain.l3_len;
	l->wire_len = FRAME_BYTES;
	l->tcp_flags = plain_tcp_flags(&plain);
}

static inline const uint8_t *frame_at(const struct stream *s, uint32_t at)
{
	return s->frames + (size_t)at * FRAME_BYTES;
}

/* Streams are whole bursts long. */
static inline uint32_t advance(const struct stream *s, uint32_t at)
{
	return at + 2 * DRIVE_BURST > s->n ? 0 : at + DRIVE_BURST;
}

/* A burst behind the one whose first bytes are on their way. */
static inline __attribute__((always_inline)) void
parse_burst(struct looker *l, const struct stream *s, uint32_t at, bool with_hash)
{
	const uint32_t next = advance(s, at);
	const struct hash_seed seed = l->seed;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < DRIVE_BURST; i++)
		prefetch_line(frame_at(s, next + i));
	for (uint32_t i = 0; i < DRIVE_BURST; i++) {
		struct flow_lookup *k = &l->lookups[i];

		read_key(&seed, k, frame_at(s, at + i));
		k->time_ns = at + 1;
		bytes += k->l3_len;
		if (!with_hash)
			continue;
		uint64_t hash = hash_key16(&seed, k->key[0], k->key[1]);

		k->group = (uint32_t)(hash >> 32);
		k->tag = (uint16_t)(hash | 1);
	}
	l->bytes += bytes;
}

static inline void update(struct looker *l, const int32_t *positions)
{
	for (uint32_t i = 0; i < DRIVE_BURST; i++)
		if (positions[i] >= 0)
			prefetch_line(&l->values[positions[i]]);
	for (uint32_t i = 0; i < DRIVE_BURST; i++) {
		const struct flow_lookup *k = &l->lookups[i];
		struct value *v = &l->values[positions[i]];
		const int d = k->swapped ? 1 : 0;

		if (unlikely(positions[i] < 0))
			continue;
		v->packets[d]++;
		v->octets[d] += k->l3_len;
		v->last_ns[d] = k->time_ns;
		v->flags |= k->tcp_flags;
		l->found++;
	}
}

static void run_parse(struct looker *l, const struct stream *s, uint32_t n)
{
	for (uint32_t done = 0, at = 0; done < n; done += DRIVE_BURST, at = advance(s, at)) {
		parse_burst(l, s, at, true);
		/* the lookups are used by somebody */
		__asm__ volatile("" : : "r"(l->lookups) : "memory");
	}
}

/* rte_hash makes a hash of its own of the same keys. */
static void run_hash(struct looker *l, const struct stream *s, uint32_t n)
{
	const void *keys[DRIVE_BURST];
	int32_t positions[DRIVE_BURST];

	for (uint32_t i = 0; i < DRIVE_BURST; i++)
		keys[i] = l->lookups[i].key;
	for (uint32_t done = 0, at = 0; done < n; done += DRIVE_BURST, at = advance(s, at)) {
		parse_burst(l, s, at, false);
		rte_hash_lookup_bulk(l->hash, keys, DRIVE_BURST, positions);
		update(l, positions);
	}
}

static void run(struct looker *l, const struct stream *s, uint32_t n)
{
	if (l->hash)
		run_hash(l, s, n);
	else
		run_parse(l, s, n);
}

static void looker_init(struct looker *l)
{
	*l = (struct looker){0};
	hash_seed_fixed(&l->seed, 1);
}

static void measure(struct bench *b, struct bench_row *r, struct looker *l, const struct stream *s)
{
	const uint32_t n = drive_packets(b);
	uint64_t given = 0;

	for (unsigned int try = 0; try < b->tries; try++, given += n) {
		uint64_t start = thread_ns();

		run(l, s, n);
		bench_sample(r, thread_ns() - start, n);
	}
	bench_check(r, "bytes", given * FRAME_IP_BYTES, l->bytes);
	if (l->hash)
		bench_check(r, "packets", given, l->found);
}

void bench_parse(struct bench *b)
{
	static const char *const names[] = {"parse_hash_v4", "parse_hash_v6"};

	for (int v6 = 0; v6 < 2; v6++) {
		const struct frame_spec spec = {.ipv6 = v6 == 1};
		struct stream s = {0};
		struct looker l;

		if (!bench_wants(b, names[v6]))
			continue;
		looker_init(&l);
		if (stream_make(&s, &spec, STREAM_UNIFORM, 1 << 20, bench_flows(b)) == 0)
			measure(b, bench_row(b, names[v6]), &l, &s);
		else
			bench_void(bench_row(b, names[v6]), "no memory");
		stream_free(&s);
	}
}

/* Every flow gets a place and a value. */
static int hash_fill(struct looker *l, uint32_t flows)
{
	const struct frame_spec spec = {0};
	uint8_t frame[FRAME_BYTES];

	for (uint32_t i = 0; i < flows; i++) {
		frame_make(frame, &spec, i, false);
		read_key(&l->seed, l->lookups, frame);
		int32_t position = rte_hash_add_key(l->hash, l->lookups->key);
		if (position < 0)
			return position;
	}
	return 0;
}

/* On the same pages as our table: an external heap of the EAL over memory_map(). */
static void compare(struct bench *b, struct bench_row *r, uint32_t flows)
{
	const struct rte_hash_parameters p = {
		.name = "flowbench",
		.entries = flows + flows / 4,
		.key_len = 16,
		.hash_func = rte_hash_crc,
		.socket_id = eal_memory_socket(),
	};
	const struct frame_spec spec = {0};
	struct memory values = {0};
	struct stream s = {0};
	struct looker l;

	looker_init(&l);
	l.hash = rte_hash_create(&p);
	if (l.hash && memory_map(&values, ((size_t)p.entries + 64) * sizeof(struct value),
				 MEMORY_NODE_ANY, true) == 0)
		l.values = values.base;
	if (l.values && hash_fill(&l, flows) == 0 &&
	    stream_make(&s, &spec, STREAM_UNIFORM, 1 << 21, flows) == 0) {
		run(&l, &s, drive_packets(b));
		l.bytes = l.found = 0;
		measure(b, r, &l, &s);
	} else {
		bench_void(r, "rte_hash cannot be made or filled");
	}
	rte_hash_free(l.hash);
	stream_free(&s);
	memory_unmap(&values);
}

void bench_rte_hash(struct bench *b)
{
	unsigned int n;
	const struct bench_scale *scales = bench_scales(b, &n);

	for (unsigned int i = 0; i < n && i < 2; i++) {
		char name[32];

		snprintf(name, sizeof name, "rte_hash_%s", scales[i].name);
		if (!bench_wants(b, name))
			continue;
		if (eal_memory_start(b->core))
			bench_void(bench_row(b, name), "DPDK does not start here");
		else
			compare(b, bench_row(b, name), scales[i].flows);
	}
}
