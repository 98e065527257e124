/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of a packet's way that needs no table; and DPDK's own hash with the same parse and keys.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "core/prefetch.h"
#include "drive.h"
#include "eal_memory.h"

/* As an update of ours, what a packet changes in a line. */
struct value {
	uint64_t packets[2], octets[2], last_ns[2];
	uint64_t flags, key;
};

struct looker {
	struct parser parser;
	uint64_t notes[NOTE_N];
	struct hash_seed seed;
	struct packet views[DRIVE_BURST];
	struct flow_lookup lookups[DRIVE_BURST];
	struct rte_hash *hash; /* NULL: parse only */
	struct value *values;
	uint64_t found, bytes;
};

static const struct flow_key_rules rules;

static void parse_burst(struct looker *l, const struct stream *s, uint32_t at)
{
	for (uint32_t i = 0; i < DRIVE_BURST; i++)
		l->views[i] = (struct packet){
			.data = s->frames + (size_t)(at + i) * FRAME_BYTES,
			.len = FRAME_BYTES,
			.wire_len = FRAME_BYTES,
			.time_ns = at + 1,
			.link_type = LINK_ETHERNET,
			.flags = PACKET_WIRE_LEN,
		};
	parse_packet_burst(&l->parser, l->views, DRIVE_BURST);
	for (uint32_t i = 0; i < DRIVE_BURST; i++) {
		flow_lookup_make(&l->lookups[i], &l->views[i], &rules, &l->seed);
		l->bytes += l->views[i].l3_len;
	}
}

static void update(struct looker *l, const int32_t *positions)
{
	for (uint32_t i = 0; i < DRIVE_BURST; i++)
		if (positions[i] >= 0)
			prefetch_line(&l->values[positions[i]]);
	for (uint32_t i = 0; i < DRIVE_BURST; i++) {
		const struct packet *k = &l->views[i];
		struct value *v = &l->values[positions[i]];
		const int d = l->lookups[i].swapped ? 1 : 0;

		if (unlikely(positions[i] < 0))
			continue;
		v->packets[d]++;
		v->octets[d] += k->l3_len;
		v->last_ns[d] = k->time_ns;
		v->flags |= k->tcp_flags;
		l->found++;
	}
}

static void run(struct looker *l, const struct stream *s, uint32_t n)
{
	const void *keys[DRIVE_BURST];
	int32_t positions[DRIVE_BURST];

	for (uint32_t done = 0, at = 0; done < n; done += DRIVE_BURST) {
		parse_burst(l, s, at);
		at += DRIVE_BURST;
		if (at + DRIVE_BURST > s->n)
			at = 0;
		if (!l->hash)
			continue;
		for (uint32_t i = 0; i < DRIVE_BURST; i++)
			keys[i] = l->lookups[i].key;
		rte_hash_lookup_bulk(l->hash, keys, DRIVE_BURST, positions);
		update(l, positions);
	}
}

static int looker_init(struct looker *l)
{
	*l = (struct looker){0};
	hash_seed_fixed(&l->seed, 1);
	return parser_init(&l->parser, l->notes, false);
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
		if (looker_init(&l) == 0 &&
		    stream_make(&s, &spec, STREAM_UNIFORM, 1 << 20, bench_flows(b)) == 0)
			measure(b, bench_row(b, names[v6]), &l, &s);
		else
			bench_void(bench_row(b, names[v6]), "no memory");
		stream_free(&s);
		parser_fini(&l.parser);
	}
}

/* Every flow gets a place and a value. */
static int hash_fill(struct looker *l, uint32_t flows)
{
	const struct frame_spec spec = {0};
	uint8_t frame[FRAME_BYTES];

	for (uint32_t i = 0; i < flows; i++) {
		struct packet k = {.data = frame,
				   .len = FRAME_BYTES,
				   .wire_len = FRAME_BYTES,
				   .link_type = LINK_ETHERNET,
				   .flags = PACKET_WIRE_LEN};
		struct flow_lookup lookup;

		frame_make(frame, &spec, i, false);
		parse_packet(&l->parser, &k);
		flow_lookup_make(&lookup, &k, &rules, &l->seed);
		int32_t position = rte_hash_add_key(l->hash, lookup.key);
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

	if (looker_init(&l) == 0)
		l.hash = rte_hash_create(&p);
	if (l.hash && memory_map(&values, ((size_t)p.entries + 64) * sizeof(struct value),
				 MEMORY_NODE_ANY, true) == 0)
		l.values = values.base;
	if (l.values && hash_fill(&l, flows) == 0 &&
	    stream_make(&s, &spec, STREAM_UNIFORM, flows > 1 << 21 ? flows : 1 << 21, flows) == 0) {
		run(&l, &s, drive_packets(b));
		l.bytes = l.found = 0;
		measure(b, r, &l, &s);
	} else {
		bench_void(r, "rte_hash cannot be made or filled");
	}
	rte_hash_free(l.hash);
	stream_free(&s);
	memory_unmap(&values);
	parser_fini(&l.parser);
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
