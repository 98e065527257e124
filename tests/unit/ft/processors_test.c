/* SPDX-License-Identifier: BSD-3-Clause */
/* Processors in a table: beside nDPI and without it, over slices and cuts, at any burst size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "frames.h"
#include "dpi/processor.h"
#include "ft/table.h"

#define N_PACKETS   4000
#define N_FLOWS	    50
#define RECORDS_MAX 4096

struct seen {
	uint64_t key, start_ns, packets;
	uint64_t listed, in_histogram, sum;
	uint8_t known, labels, reason;
};

struct run {
	struct seen seen[RECORDS_MAX];
	unsigned int n;
};

static uint64_t sum_of(struct list_u32 list)
{
	uint64_t sum = 0;

	for (uint8_t i = 0; i < list.n; i++)
		sum += list.values[i];
	return sum;
}

static void collect(pfring_ft_flow *flow, void *user)
{
	struct run *run = user;
	struct seen *s = &run->seen[run->n++];
	struct flow_record r;

	assert_true(run->n <= RECORDS_MAX);
	memset(&r, 0xa5, sizeof r); /* what nobody sets shows */
	ft_flow_record(flow, &r);
	*s = (struct seen){
		.key = (uint64_t)r.src_port << 16 | r.dst_port,
		.start_ns = r.start_ns,
		.packets = r.packets[DIR_FWD] + r.packets[DIR_REV],
		.listed = r.packet_lengths.n,
		.in_histogram =
			sum_of(r.size_histogram[DIR_FWD]) + sum_of(r.size_histogram[DIR_REV]),
		.known = r.known,
		.labels = r.mpls_labels_n,
		.reason = r.end_reason,
	};
	for (uint8_t i = 0; i < r.packet_lengths.n; i++)
		s->sum += r.packet_lengths.values[i];
	pfring_ft_flow_free(flow);
}

static void make_frame(struct frame *f, unsigned int i)
{
	const unsigned int flow = i * 7 % N_FLOWS;
	const bool reverse = i / N_FLOWS % 3 == 1;
	const struct frame_spec s = {
		.src = reverse ? 2 : 1,
		.dst = reverse ? 1 : 2,
		.sport = reverse ? 9999 : (uint16_t)(1000 + flow),
		.dport = reverse ? (uint16_t)(1000 + flow) : 9999,
		.protocol = 17,
		.payload = reverse ? "answer" : "a question",
	};

	frame_make(f, &s);
}

static const struct ft_options plain = {
	.flows_max = 1000,
	.idle_timeout_ns = 20 * SECOND_NS,
	.active_timeout_ns = 200 * SECOND_NS,
	.tcp_linger_ns = SECOND_NS,
	.numa_node = -1,
};

static void feed(struct run *run, const struct ft_options *o, unsigned int burst)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];
	struct frame *frames = calloc(N_PACKETS, sizeof *frames);
	pfring_ft_table *t = NULL;
	char error[256];

	memset(run, 0, sizeof *run);
	assert_int_equal(ft_table_create(&t, o, error, sizeof error), 0);
	pfring_ft_set_flow_export_callback(t, collect, run);
	for (unsigned int i = 0; i < N_PACKETS;) {
		unsigned int n = 0;

		for (; n < burst && i < N_PACKETS; n++, i++) {
			make_frame(&frames[i], i);
			in[n] = (pfring_ft_packet){
				.data = frames[i].bytes,
				.caplen = frames[i].len,
				.len = frames[i].len,
				.time_ns = SECOND_NS + i * (SECOND_NS / 50),
				.flags = PFRING_FT_PACKET_WIRE_LEN,
			};
		}
		pfring_ft_process_burst(t, in, n, out);
	}
	pfring_ft_flush(t);
	pfring_ft_destroy_table(t);
	free(frames);
}

static uint64_t total(const struct run *run, size_t member)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < run->n; i++) {
		uint64_t v;

		memcpy(&v, (const char *)&run->seen[i] + member, sizeof v);
		sum += v;
	}
	return sum;
}
#define TOTAL(run, member) total(run, offsetof(struct seen, member))

/* No packet is missed, and none is seen twice, whatever cuts the records. */
static void every_packet_is_seen_once(void **state)
{
	struct run *run = calloc(1, sizeof *run);
	struct ft_options o = plain;

	(void)state;
	o.processors = 1U << PROCESSOR_phists | 1U << PROCESSOR_pstats;
	for (unsigned int i = 0; i < 8; i++) {
		o.dpi = i & 1;
		o.active_timeout_ns = (i & 2 ? 7 : 200) * SECOND_NS;
		o.slice_timeout_ns = i & 4 ? 5 * SECOND_NS : 0;
		feed(run, &o, 32);
		assert_int_equal(TOTAL(run, packets), N_PACKETS);
		assert_int_equal(TOTAL(run, in_histogram), N_PACKETS);
		assert_true(i < 2 ? run->n == N_FLOWS : run->n > N_FLOWS);
		for (unsigned int k = 0; k < run->n; k++) {
			uint64_t packets = run->seen[k].packets;

			assert_int_equal(run->seen[k].in_histogram, packets);
			assert_int_equal(run->seen[k].listed, packets < 30 ? packets : 30);
		}
	}
	free(run);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct seen));
}

static void burst_size_shows_in_no_record(void **state)
{
	static const unsigned int bursts[] = {3, 32, 64};
	struct run *one = calloc(1, sizeof *one), *other = calloc(1, sizeof *other);
	struct ft_options o = plain;

	(void)state;
	o.processors = PROCESSORS_ALL;
	o.slice_timeout_ns = 5 * SECOND_NS;
	o.active_timeout_ns = 22 * SECOND_NS;
	feed(one, &o, 1);
	qsort(one->seen, one->n, sizeof *one->seen, by_key);
	for (size_t i = 0; i < sizeof bursts / sizeof *bursts; i++) {
		feed(other, &o, bursts[i]);
		assert_int_equal(other->n, one->n);
		qsort(other->seen, other->n, sizeof *other->seen, by_key);
		assert_memory_equal(one->seen, other->seen, one->n * sizeof *one->seen);
	}
	free(one);
	free(other);
}

/* Without a processor a record says that nothing is known, and costs no memory. */
static void without_any(void **state)
{
	struct run *run = calloc(1, sizeof *run);
	struct ft_options o = plain, with = plain;

	(void)state;
	feed(run, &o, 32);
	assert_int_equal(run->n, N_FLOWS);
	for (unsigned int i = 0; i < run->n; i++) {
		assert_int_equal(run->seen[i].known, 0);
		assert_int_equal(run->seen[i].labels, 0);
		assert_int_equal(run->seen[i].listed, 0);
	}
	with.processors = 1U << PROCESSOR_pstats;
	assert_true(ft_table_bytes(&with) >= ft_table_bytes(&o) + 1000 * 256);
	free(run);
}

static unsigned int watched(const struct ft_table *t)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < t->flows->n_groups * FLOW_GROUP_SLOTS; i++)
		n += (t->flows->hot[i].key[0] || t->flows->hot[i].key[1]) &&
		     t->flows->hot[i].state & FLOW_WATCHED;
	return n;
}

/* A flow that nobody wants to see any more takes the short way again. */
static void nobody_watches_for_ever(void **state)
{
	struct ft_options o = plain;
	struct run *run = calloc(1, sizeof *run);
	pfring_ft_table *t = NULL;
	char error[256];

	(void)state;
	o.processors = 1U << PROCESSOR_pstats | 1U << PROCESSOR_tunnel;
	assert_int_equal(ft_table_create(&t, &o, error, sizeof error), 0);
	pfring_ft_set_flow_export_callback(t, collect, run);
	for (unsigned int i = 0; i < 40; i++) {
		struct frame f;
		const pfring_ft_pcap_pkthdr h = {
			.ts = {.tv_sec = 1 + i / 4}, .caplen = 52, .len = 52};

		make_frame(&f, 0);
		assert_int_equal(f.len, 52);
		pfring_ft_process(t, f.bytes, &h, NULL);
		assert_int_equal(watched(t), i < 29);
	}
	pfring_ft_flush(t);
	assert_int_equal(run->n, 1);
	assert_int_equal(run->seen[0].packets, 40);
	assert_int_equal(run->seen[0].listed, 30);
	pfring_ft_destroy_table(t);
	free(run);
}

/* A processor that cuts: before a packet that begins with B, after one that begins with A. */
static bool fake_cut_before(const void *packet_state, const struct processor_packet *p)
{
	assert_int_not_equal(*(const uint32_t *)packet_state, 0);
	return p->payload_len && p->view->data[p->view->payload_offset] == 'B';
}

static enum processor_answer fake_packet(void *packets, const struct processor_packet *p)
{
	++*(uint32_t *)packets;
	return p->view->data[p->view->payload_offset] == 'A' ? PROCESSOR_CUT_AFTER : PROCESSOR_NEXT;
}

static void fake_to_record(const void *packets, struct flow_record *r)
{
	r->mpls_labels_n = (uint8_t) * (const uint32_t *)packets;
}

/* The word is the flow, its letters the packets. */
static void cuts_where_a_processor_says(void **state)
{
	static const struct processor_ops fake = {
		.state_bytes = sizeof(uint32_t),
		.packet = fake_packet,
		.cut_before = fake_cut_before,
		.to_record = fake_to_record,
	};
	static const char flow[] = "BxBAAxyABBxB";
	static const uint8_t packets[] = {2, 2, 1, 3, 1, 2, 1};

	(void)state;
	for (unsigned int dpi = 0; dpi < 2; dpi++) {
		struct ft_options o = plain;
		struct run *run = calloc(1, sizeof *run);
		pfring_ft_table *table = NULL;
		char error[256];

		o.dpi = dpi;
		o.processors = 1U << PROCESSOR_mpls;
		assert_int_equal(ft_table_create(&table, &o, error, sizeof error), 0);
		struct ft_table *t = table;
		t->processors.slots[0].ops = &fake;
		t->processors.guards = true;
		pfring_ft_set_flow_export_callback(table, collect, run);
		for (unsigned int i = 0; flow[i]; i++) {
			const char payload[] = {flow[i], '\0'};
			const struct frame_spec s = {.src = 1,
						     .dst = 2,
						     .sport = 3,
						     .dport = 4,
						     .protocol = 17,
						     .payload = payload};
			const pfring_ft_pcap_pkthdr h = {
				.ts = {.tv_sec = 1 + i}, .caplen = 43, .len = 43};
			struct frame f;

			frame_make(&f, &s);
			pfring_ft_process(table, f.bytes, &h, NULL);
		}
		pfring_ft_flush(table);
		assert_int_equal(run->n, sizeof packets);
		for (unsigned int i = 0; i < run->n; i++) {
			assert_int_equal(run->seen[i].packets, packets[i]);
			assert_int_equal(run->seen[i].labels, packets[i]);
			assert_int_equal(run->seen[i].reason, END_FORCED);
		}
		pfring_ft_destroy_table(table);
		free(run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_seen_once),
		cmocka_unit_test(burst_size_shows_in_no_record),
		cmocka_unit_test(without_any),
		cmocka_unit_test(nobody_watches_for_ever),
		cmocka_unit_test(cuts_where_a_processor_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
