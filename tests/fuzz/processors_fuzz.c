/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes all processors with a series of packets as one flow.
 *
 * Input as for packet_fuzz, of which it shares the corpus; the lowest bit of a packet's time says
 * its direction, and of missing bytes 255 say that a slice is made after it, 254 that other
 * processors run from then on, 253 that there is no memory for cuts.
 */
#include "fuzz.h"

#include "core/bytes.h"
#include "core/counters.h"
#include "core/hash.h"
#include "dpi/dpi.h"
#include "dpi/processors.h"
#include "export/encoder.h"
#include "packet/parse.h"

#include <math.h>
#include <string.h>

#define PACKET_HEAD_LEN 4

struct flow {
	struct processors p;
	void *annex, *slice;
	uint64_t counters[DPI_N];
	struct flow_record r;
	uint64_t n; /* packets of the record */
	bool watched;
	bool short_of_memory; /* for cuts */
};

/* Reads a whole list, so that a sanitizer sees where it lies. */
static void check_u32(const uint32_t *values, uint32_t n)
{
	volatile uint32_t sum = 0;

	FUZZ_HOLDS(n <= LIST_VALUES_MAX);
	for (uint32_t i = 0; i < n; i++)
		sum = sum + values[i];
}

static void check_lists(const struct flow_record *r)
{
	FUZZ_HOLDS(r->packet_lengths.n <= 30);
	FUZZ_HOLDS(r->packet_times.n == r->packet_lengths.n);
	FUZZ_HOLDS(r->packet_flags.n == r->packet_lengths.n);
	FUZZ_HOLDS(r->packet_directions.n == r->packet_lengths.n);
	check_u32(r->packet_times.values, r->packet_times.n);
	for (int d = 0; d < DIR_N; d++) {
		const struct record_bursts *b = &r->bursts[d];

		FUZZ_HOLDS(b->packets.n <= 15 && b->bytes.n == b->packets.n);
		check_u32(r->size_histogram[d].values, r->size_histogram[d].n);
		check_u32(r->gap_histogram[d].values, r->gap_histogram[d].n);
		check_u32(b->packets.values, b->packets.n);
		for (uint8_t i = 0; i < b->start.n; i++) {
			FUZZ_HOLDS(b->packets.values[i] >= 3);
			FUZZ_HOLDS(b->stop.values[i] >= b->start.values[i]);
		}
	}
}

/* Every list and text is read. */
static void check_encoding(struct flow *f)
{
	static uint8_t bytes[RECORD_BYTES_MAX];
	static struct encoder e;
	struct flow_record r = f->r;
	struct wbuf w = wbuf_make(bytes, sizeof bytes);

	if (!e.community_id && community_id_create(&e.community_id) != 0)
		abort();
	if (!e.tlv && tlv_encoder_create(&e.tlv) != 0)
		abort();
	e.transactions = f->p.options.records_transaction;
	dpi_to_record(NULL, &r);
	json_encode(&e, &w, &r);
	FUZZ_HOLDS(!w.failed);
	w = wbuf_make(bytes, sizeof bytes);
	tlv_encode(&e, &w, &r);
	FUZZ_HOLDS(!w.failed);
}

static void check_record(struct flow *f, const void *annex)
{
	struct flow_record *r = &f->r;
	const struct record_nettisa *t = &r->nettisa;

	memset(&r->known, 0, sizeof *r - offsetof(struct flow_record, known));
	processors_to_record(&f->p, annex, r);
	check_lists(r);
	FUZZ_HOLDS(r->mpls_labels_n <= 3);
	FUZZ_HOLDS(r->outer_ip_version == 0 || r->outer_ip_version == 4 ||
		   r->outer_ip_version == 6);
	for (int d = 0; d < DIR_N; d++)
		FUZZ_HOLDS(r->ttl_min[d] <= r->ttl_max[d]);
	FUZZ_HOLDS(!(r->known & KNOWN_NETTISA) || f->n > 1);
	FUZZ_HOLDS(isfinite(t->mean) && isfinite(t->kurtosis) && isfinite(t->stdev));
	FUZZ_HOLDS(isfinite(t->time_distribution) && t->switching_ratio <= 1);
	FUZZ_HOLDS(t->min <= t->max && t->min_difftimes <= t->max_difftimes);
	check_encoding(f);
}

static void cut_slice(struct flow *f)
{
	processors_release(&f->p, f->slice);
	processors_slice(&f->p, f->slice, f->annex);
	check_record(f, f->slice);
	memset(&f->r, 0, sizeof f->r);
	f->n = 0;
	f->watched = true;
}

/* As the flow table does it. */
static void meter(struct flow *f, const struct packet *k, unsigned int direction)
{
	struct processors_answer answer = {0};

	if (f->watched && f->p.guards && f->n && !f->short_of_memory &&
	    processors_cut_before(&f->p, f->annex, k, direction))
		cut_slice(f);
	f->n++;
	f->r.packets[direction]++;
	f->r.tcp_flags[direction] |= k->tcp_flags;
	if (f->watched)
		answer = processors_packet(&f->p, f->annex, k, direction);
	f->watched = answer.next;
	if (answer.cut && !f->short_of_memory)
		cut_slice(f);
}

/* As a reload does it: what was learned before is forgotten. */
static void choose(struct flow *f, uint32_t set)
{
	processors_choose(&f->p, set);
	processors_clear(&f->p, f->annex);
	processors_started(&f->p);
	f->watched = true;
}

/* One packet in memory that ends where it ends. */
static void run_packet(struct parser *p, struct flow *f, struct packet *k, unsigned int direction)
{
	uint64_t notes[NOTE_N] = {0};
	uint8_t *copy = malloc(k->len ? k->len : 1);

	if (!copy)
		return;
	memcpy(copy, k->data, k->len);
	k->data = copy;
	p->notes = notes;
	parse_packet(p, k);
	if (k->drop == DROP_NONE)
		meter(f, k, direction);
	free(copy);
}

static void run_all(struct parser *p, struct flow *f, const uint8_t *data, size_t size)
{
	uint64_t time_ns = 1;

	for (size_t at = 1; size - at >= PACKET_HEAD_LEN;) {
		const uint8_t *head = data + at;
		size_t room = size - at - PACKET_HEAD_LEN, len = load_be16(head);
		struct packet k = {.link_type = (data[0] & 15) % (LINK_N + 1)};

		k.data = head + PACKET_HEAD_LEN;
		k.len = (uint32_t)(len < room ? len : room);
		k.wire_len = k.len + head[2];
		time_ns += head[3] * 64000000ULL;
		k.time_ns = time_ns;
		k.flags = data[0] & 0x40 ? 0 : PACKET_WIRE_LEN;
		run_packet(p, f, &k, head[3] & 1);
		if (head[2] == 255)
			cut_slice(f);
		else if (head[2] == 254)
			choose(f, head[3] * 0x01010101U & PROCESSORS_ALL);
		else if (head[2] == 253)
			f->short_of_memory = true;
		at += PACKET_HEAD_LEN + k.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parser p;
	struct processor_options options = {0};
	struct flow f = {.watched = true};
	struct hash_seed seed;

	if (!p.frags && parser_init(&p, NULL, false) != 0)
		abort();
	hash_seed_fixed(&seed, 1);
	parser_reseed(&p, &seed);
	if (size == 0)
		return 0;
	p.tunnels = data[0] & 0x80;
	options.pstats_include_zeros = options.phists_include_zeros = size & 1;
	options.pstats_skip_dup = size & 2;
	options.records_transaction = size & 4;
	options.transactions = TRANSACTIONS_DEFAULT;
	options.mqtt_topics = 3;
	if (processors_init(&f.p, PROCESSORS_ALL, &options, 4, f.counters) != 0)
		abort();
	f.annex = calloc(1, f.p.bytes);
	f.slice = calloc(1, f.p.bytes);
	if (f.annex && f.slice) {
		run_all(&p, &f, data, size);
		check_record(&f, f.annex);
	}
	processors_release(&f.p, f.annex);
	processors_release(&f.p, f.slice);
	processors_fini(&f.p);
	free(f.annex);
	free(f.slice);
	return 0;
}
