/* SPDX-License-Identifier: BSD-3-Clause */
/* The library as a capture loop uses it: bursts, verdicts, records, identities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "frames.h"
#include "ft/ft.h"

#define N_PACKETS   3000
#define RECORDS_MAX 4096

struct outcome {
	struct flow_record records[RECORDS_MAX];
	char l7[RECORDS_MAX][32];
	unsigned int n;
};

static void collect(pfring_ft_flow *flow, void *user)
{
	struct outcome *o = user;

	assert_true(o->n < RECORDS_MAX);
	struct flow_record *r = &o->records[o->n];
	ft_flow_record(flow, r);
	snprintf(o->l7[o->n++], sizeof o->l7[0], "%s", r->l7_proto);
	pfring_ft_flow_free(flow);
}

/* Web requests, name lookups and noise between 40 hosts, out of a fixed sequence. */
static void make_traffic(struct frame *frames, uint64_t *times)
{
	static const char *const payloads[] = {
		"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"\x12\x34\x01",
		NULL,
	};
	uint64_t random = 88172645463325252ULL, time_ns = SECOND_NS;

	for (int i = 0; i < N_PACKETS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		time_ns += (random >> 30) % 50000000;
		bool tcp = (random >> 7) % 4, reverse = (random >> 11) & 1;
		uint32_t host = (uint32_t)(random % 40);
		struct frame_spec s = {
			.src = reverse ? 0x0a000001 : 0x0a000100 + host,
			.dst = reverse ? 0x0a000100 + host : 0x0a000001,
			.sport = reverse ? 80 : (uint16_t)(2000 + host),
			.dport = reverse ? (uint16_t)(2000 + host) : 80,
			.protocol = tcp ? 6 : 17,
			.tcp_flags = (random >> 20) % 31 ? 0x10 : (uint8_t)((random >> 26) & 7),
			.payload = payloads[reverse ? 1 + (random >> 40) % 3 : (random >> 40) % 4],
		};
		frame_make(&frames[i], &s);
		if ((random >> 50) % 61 == 0)
			frames[i].bytes[13] = 6; /* ARP by its EtherType */
		times[i] = time_ns;
	}
}

static void run(struct outcome *o, const struct frame *frames, const uint64_t *times,
		unsigned int burst)
{
	const struct ft_options options = {
		.flows_max = 1000,
		.idle_timeout_ns = 2 * SECOND_NS,
		.active_timeout_ns = 9 * SECOND_NS,
		.slice_timeout_ns = 3 * SECOND_NS,
		.tcp_linger_ns = SECOND_NS,
		.numa_node = -1,
		.dpi = true,
		.dpi_guess = true,
		.dpi_extra = true,
	};
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];
	pfring_ft_table *t = NULL;
	unsigned int n_out, back = 0;
	char error[256];

	memset(o, 0, sizeof *o);
	assert_int_equal(ft_table_create(&t, &options, error, sizeof error), 0);
	pfring_ft_set_flow_export_callback(t, collect, o);
	for (unsigned int i = 0; i < N_PACKETS || back < N_PACKETS;) {
		unsigned int n = 0;
		for (; n < burst && i < N_PACKETS; n++, i++)
			in[n] = (pfring_ft_packet){
				.data = frames[i].bytes,
				.cookie = (void *)&frames[i],
				.caplen = frames[i].len,
				.len = frames[i].len,
				.time_ns = times[i],
				.flags = PFRING_FT_PACKET_WIRE_LEN,
			};
		n_out = pfring_ft_process_burst(t, in, n, out);
		for (unsigned int k = 0; k < n_out; k++) /* in the order in which they went in */
			assert_ptr_equal(out[k].cookie, &frames[back++]);
	}
	assert_int_equal(pfring_ft_process_burst(t, NULL, 0, out), 0);
	pfring_ft_flush(t);
	const struct lane_counters *c = ft_counters(t);
	assert_int_equal(c->rx_packets, N_PACKETS);
	assert_true(c->dropped[DROP_arp] > 10);
	assert_int_equal(c->metered_packets + c->dropped[DROP_arp], N_PACKETS);
	uint64_t packets = 0;
	for (unsigned int i = 0; i < o->n; i++)
		packets += o->records[i].packets[DIR_FWD] + o->records[i].packets[DIR_REV];
	assert_int_equal(packets, c->metered_packets);
	assert_int_equal(c->table[TABLE_records], o->n);
	assert_int_equal(ft_flows_active(t), 0);
	pfring_ft_destroy_table(t);
}

static int by_content(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_record));
}

/* Ids and addresses of strings tell runs apart, nothing else may. */
static void normalise(struct outcome *o)
{
	for (unsigned int i = 0; i < o->n; i++) {
		struct flow_record *r = &o->records[i];

		size_t strings = offsetof(struct flow_record, l7_proto);
		r->flow_id = 0;
		memset((char *)r + strings, 0, sizeof *r - strings);
	}
	qsort(o->records, o->n, sizeof o->records[0], by_content);
}

static void test_burst_size_shows_in_no_record(void **state)
{
	static const unsigned int bursts[] = {1, 2, 7, 32, 64};
	struct frame *frames = calloc(N_PACKETS, sizeof *frames);
	uint64_t *times = calloc(N_PACKETS, sizeof *times);
	struct outcome *first = calloc(1, sizeof *first), *other = calloc(1, sizeof *other);
	unsigned int http = 0;

	(void)state;
	make_traffic(frames, times);
	run(first, frames, times, 1);
	for (unsigned int i = 0; i < first->n; i++)
		http += strcmp(first->l7[i], "HTTP") == 0;
	assert_true(http > 20);
	assert_true(first->n > 500);
	normalise(first);
	for (unsigned int b = 1; b < 5; b++) {
		run(other, frames, times, bursts[b]);
		normalise(other);
		assert_int_equal(other->n, first->n);
		assert_memory_equal(other->records, first->records,
				    first->n * sizeof first->records[0]);
	}
	free(frames);
	free(times);
	free(first);
	free(other);
}

static void test_ignored_packets_only_travel(void **state)
{
	struct frame f;
	const struct frame_spec s = {.src = 1, .dst = 2, .sport = 3, .dport = 4, .protocol = 17};
	pfring_ft_packet in = {.data = f.bytes, .flags = PFRING_FT_PACKET_IGNORE, .time_ns = 1},
			 out[PFRING_FT_BURST_MAX];
	pfring_ft_table *t = pfring_ft_create_table(0, 0, 0, 0, 0);
	uint64_t first_ns, last_ns;

	(void)state;
	frame_make(&f, &s);
	in.caplen = in.len = f.len;
	assert_non_null(t);
	assert_int_equal(pfring_ft_process_burst(t, &in, 1, out), 0);
	assert_int_equal(pfring_ft_process_burst(t, NULL, 0, out), 1);
	assert_int_equal(ft_counters(t)->rx_packets, 0);
	ft_count_drop(t, DROP_sampled_out, f.len);
	assert_int_equal(ft_counters(t)->rx_packets, 1);
	assert_int_equal(ft_counters(t)->dropped[DROP_sampled_out], 1);
	/* O2: what sampling leaves out is not ignored, what is dropped otherwise is. */
	assert_int_equal(ft_counters(t)->ignored_bytes, 0);
	ft_ignored_times(t, &first_ns, &last_ns);
	assert_int_equal(last_ns, 0);
	in.flags = 0;
	f.bytes[13] = 6; /* ARP by its EtherType */
	for (in.time_ns = 5; in.time_ns < 8; in.time_ns++)
		pfring_ft_process_burst(t, &in, 1, out);
	pfring_ft_process_burst(t, NULL, 0, out);
	ft_count_drop(t, DROP_filter, 1000);
	assert_int_equal(ft_counters(t)->ignored_bytes, 3 * f.len + 1000);
	ft_ignored_times(t, &first_ns, &last_ns);
	assert_int_equal(first_ns, 5);
	assert_int_equal(last_ns, 7);
	pfring_ft_destroy_table(t);
}

static void count_ends(pfring_ft_flow *flow, void *user)
{
	++*(int *)user;
	assert_true(pfring_ft_flow_get_id(flow) != 0);
	pfring_ft_flow_free(flow);
}

static void test_the_classic_loop(void **state)
{
	struct frame f;
	const struct frame_spec s = {.src = 1, .dst = 2, .sport = 3, .dport = 4, .protocol = 17};
	pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = 100}};
	pfring_ft_table *t = pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, 1000, 10, 60, 0);
	int ends = 0;

	(void)state;
	assert_non_null(t);
	pfring_ft_set_flow_export_callback(t, count_ends, &ends);
	frame_make(&f, &s);
	h.caplen = h.len = f.len;
	assert_int_equal(pfring_ft_process(t, f.bytes, &h, NULL), PFRING_FT_ACTION_DEFAULT);
	h.ts.tv_sec = 105;
	pfring_ft_process(t, f.bytes, &h, NULL);
	assert_int_equal(pfring_ft_get_stats(t)->active_flows, 1);
	assert_int_equal(pfring_ft_get_stats(t)->packets, 2);
	assert_int_equal(pfring_ft_get_stats(t)->bytes, 2 * f.len);
	for (unsigned int epoch = 106; epoch < 130; epoch++)
		while (pfring_ft_housekeeping(t, epoch))
			;
	assert_int_equal(ends, 1);
	h.ts.tv_sec = 131;
	pfring_ft_process(t, f.bytes, &h, NULL);
	pfring_ft_flush(t);
	assert_int_equal(ends, 2);
	assert_int_equal(pfring_ft_get_stats(t)->flows, 2);
	pfring_ft_destroy_table(t);
	assert_int_equal(pfring_ft_api_version(), FT_API_VERSION);
}

/* RFC 6759's table: every protocol of the module, those of a file too, with a name. */
static void test_applications_are_named(void **state)
{
	char path[] = "/tmp/ftprobe-ft-XXXXXX", error[256];
	struct ft_options options = {.flows_max = 16, .numa_node = -1};
	struct ipfix_application *list;
	pfring_ft_table *t = NULL;
	uint32_t n = 1;
	bool tls = false, own = false;

	(void)state;
	assert_int_equal(ft_table_create(&t, &options, error, sizeof error), 0);
	assert_int_equal(ft_applications(t, &list, &n), 0);
	assert_int_equal(n, 0);
	assert_null(list);
	pfring_ft_destroy_table(t);

	assert_int_equal(write(mkstemp(path), "tcp:7777@Ticker\n", 16), 16);
	options.dpi = true;
	options.dpi_protocols = path;
	assert_int_equal(ft_table_create(&t, &options, error, sizeof error), 0);
	assert_int_equal(ft_applications(t, &list, &n), 0);
	assert_true(n > 200);
	assert_int_equal(list[0].id, 0);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(list[i].name[0] && (i == 0 || list[i].id > list[i - 1].id));
		own |= strcmp(list[i].name, "Ticker") == 0 &&
		       list[i].id == pfring_ft_l7_protocol_id(t, "Ticker");
		tls |= strcmp(list[i].name, "TLS") == 0 && list[i].id == 91 &&
		       strcmp(list[i].category, "Web") == 0;
	}
	assert_true(tls && own);
	free(list);
	pfring_ft_destroy_table(t);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_size_shows_in_no_record),
		cmocka_unit_test(test_ignored_packets_only_travel),
		cmocka_unit_test(test_the_classic_loop),
		cmocka_unit_test(test_applications_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
