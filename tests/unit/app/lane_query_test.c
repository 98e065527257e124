/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Live queries while a lane works at full speed: no record is torn, every flow that is there all
 * the time is seen once, the largest are found, counters belong together, all flows end on demand.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_ring.h>

#include "core/clock.h"
#include "flow_query.h"
#include "flow_scan.h"
#include "flow_top.h"
#include "ft/ft.h"
#include "lane_query.h"
#include "lane.h"

#define FLOWS	    5000U
#define FRAME_BYTES 60
#define LONG	    60000U

/* A lane that meters frames of its own for ever. */
struct work {
	struct lane lane;
	atomic_bool stop;
	pthread_t thread;
	uint64_t ended;
	uint8_t *frames;
};

/*
 * UDP from 10.0.x.y to 192.0.2.1; flow 7 has frames of LONG bytes by their IP header: even when
 * it is looked at first, and counts on, it is the largest.
 */
static void make_frame(uint8_t *f, uint32_t flow)
{
	const uint16_t len = flow == 7 ? LONG : FRAME_BYTES - 14;
	const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0};

	memset(f, 0, FRAME_BYTES);
	memcpy(f, head, sizeof head);
	f[16] = (uint8_t)(len >> 8);
	f[17] = (uint8_t)len;
	f[22] = 64;
	f[23] = 17;
	f[26] = 10;
	f[28] = (uint8_t)(flow >> 8);
	f[29] = (uint8_t)flow;
	f[30] = 192;
	f[32] = 2;
	f[33] = 1;
	f[34] = 0x10;
	f[37] = 53;
	f[38] = (uint8_t)((len - 20) >> 8);
	f[39] = (uint8_t)(len - 20);
}

static void take_back(pfring_ft_flow *flow, void *self)
{
	struct work *w = self;

	w->ended++;
	pfring_ft_flow_free(flow);
}

static void *work(void *self)
{
	struct work *w = self;
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	uint64_t time_ns = SECOND_NS;

	for (uint32_t at = 0; !atomic_load_explicit(&w->stop, memory_order_relaxed);) {
		pfring_ft_packet in[32] = {0};

		for (unsigned int i = 0; i < 32; i++, at = (at + 1) % FLOWS)
			in[i] = (pfring_ft_packet){
				.data = w->frames + (size_t)at * FRAME_BYTES,
				.caplen = FRAME_BYTES,
				.len = at == 7 ? LONG + 14 : FRAME_BYTES,
				.time_ns = time_ns += 10,
				.flags = PFRING_FT_PACKET_WIRE_LEN,
			};
		pfring_ft_process_burst(w->lane.table, in, 32, out);
		if (atomic_load_explicit(&w->lane.query->asked, memory_order_relaxed))
			lane_query_step(&w->lane);
	}
	while (pfring_ft_process_burst(w->lane.table, NULL, 0, out))
		;
	atomic_store(&w->lane.done, true);
	return NULL;
}

static int begin(void **state)
{
	const struct ft_options o = {.flows_max = 2 * FLOWS,
				     .idle_timeout_ns = 3600 * SECOND_NS,
				     .active_timeout_ns = 3600 * SECOND_NS,
				     .tcp_linger_ns = SECOND_NS,
				     .numa_node = -1};
	struct work *w = calloc(1, sizeof *w);
	ssize_t len = rte_ring_get_memsize(1024);
	char error[256];

	w->frames = malloc((size_t)FLOWS * FRAME_BYTES);
	for (uint32_t i = 0; i < FLOWS; i++)
		make_frame(w->frames + (size_t)i * FRAME_BYTES, i);
	w->lane.ended = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)len);
	if (rte_ring_init(w->lane.ended, "test", 1024, RING_F_SP_ENQ | RING_F_SC_DEQ) ||
	    ft_table_create(&w->lane.table, &o, error, sizeof error) ||
	    lane_query_create(&w->lane.query))
		return -1;
	pfring_ft_set_flow_export_callback(w->lane.table, take_back, w);
	*state = w;
	if (pthread_create(&w->thread, NULL, work, w))
		return -1;
	while (__atomic_load_n(&ft_counters(w->lane.table)->rx_packets, __ATOMIC_RELAXED) <
	       10 * FLOWS)
		sleep_ns(100000);
	return 0;
}

static int end(void **state)
{
	struct work *w = *state;

	atomic_store(&w->stop, true);
	pthread_join(w->thread, NULL);
	pfring_ft_destroy_table(w->lane.table);
	lane_query_free(w->lane.query);
	free(w->lane.ended);
	free(w->frames);
	free(w);
	return 0;
}

struct looked {
	unsigned int seen[FLOWS];
	uint64_t torn;
};

static void look(void *self, const struct flow_record *r)
{
	struct looked *l = self;
	const uint32_t flow = (uint32_t)r->src_addr[2] << 8 | r->src_addr[3];
	const uint64_t octets = flow == 7 ? LONG : FRAME_BYTES - 14;

	l->torn += r->octets[DIR_FWD] != octets * r->packets[DIR_FWD] || !r->packets[DIR_FWD] ||
		   r->l2_octets[DIR_FWD] != (octets + 14) * r->packets[DIR_FWD] ||
		   r->end_ns < r->start_ns || r->src_addr[0] != 10 || r->dst_port != 53 ||
		   r->packets[DIR_REV] || r->end_reason != END_NONE;
	if (flow < FLOWS)
		l->seen[flow]++;
}

static void scan(struct work *w, flow_scan_see see, void *self)
{
	struct flow_scan s = {.lanes = &w->lane, .n_lanes = 1, .see = see, .self = self};
	int more;

	flow_scan_begin(&s);
	while ((more = flow_scan_step(&s)) > 0)
		sleep_ns(200000);
	assert_int_equal(more, 0);
	assert_int_equal(s.seen, FLOWS);
}

static void test_nothing_is_torn(void **state)
{
	struct looked *l = malloc(sizeof *l);

	for (int i = 0; i < 20; i++) {
		memset(l, 0, sizeof *l);
		scan(*state, look, l);
		assert_int_equal(l->torn, 0);
		for (unsigned int f = 0; f < FLOWS; f++)
			assert_int_equal(l->seen[f], 1);
	}
	free(l);
}

/* A scan that is given up leaves nothing behind for the next one. */
static void test_given_up(void **state)
{
	struct work *w = *state;
	struct looked *l = calloc(1, sizeof *l);

	for (int i = 0; i < 20; i++) {
		struct flow_scan s = {.lanes = &w->lane, .n_lanes = 1, .see = look, .self = l};

		flow_scan_begin(&s);
		for (int n = 0; n < i; n++) {
			flow_scan_step(&s);
			sleep_ns(100000);
		}
		memset(l, 0, sizeof *l);
		scan(w, look, l);
		for (unsigned int f = 0; f < FLOWS; f++)
			assert_int_equal(l->seen[f], 1);
	}
	free(l);
}

static void test_query(void **state)
{
	struct flow_query q;
	struct filter_error error;

	assert_int_equal(flow_query_init(&q, "proto == udp", "total_bytes", 10, &error), 0);
	scan(*state, flow_query_see, &q);
	flow_query_sort(&q);
	assert_int_equal(q.matched, FLOWS);
	assert_int_equal(q.n, 10);
	assert_int_equal(q.rows[q.order[0]].record.src_addr[3], 7);
	for (unsigned int i = 1; i < 10; i++)
		assert_true(q.rows[q.order[i]].value <= q.rows[q.order[i - 1]].value);
	flow_query_free(&q);

	assert_int_equal(flow_query_init(&q, "src_ip == 10.0.1.0/24", "+flow_id", 5000, &error),
			 -22);
	assert_int_equal(error.at, SIZE_MAX);
	assert_int_equal(flow_query_init(&q, "src_ip == 10.0.1.0/24", "+first", 5000, &error), 0);
	scan(*state, flow_query_see, &q);
	flow_query_sort(&q);
	assert_int_equal(q.matched, 256);
	assert_int_equal(q.n, 256);
	for (unsigned int i = 1; i < 256; i++)
		assert_true(q.rows[q.order[i]].value >= q.rows[q.order[i - 1]].value);
	flow_query_free(&q);
}

static void test_top(void **state)
{
	const struct talker *list[3];
	struct flow_top t;

	assert_int_equal(flow_top_init(&t, 0), 0);
	scan(*state, flow_top_see, &t);
	assert_int_equal(t.flows, FLOWS);
	assert_int_equal(flow_top_hosts(&t, list, 3), 3);
	assert_int_equal(list[0]->address[0], 192);
	assert_int_equal(list[0]->flows, FLOWS);
	assert_int_equal(list[1]->address[3], 7);
	assert_int_equal(list[1]->flows, 1);
	assert_int_equal(flow_top_applications(&t, list, 3), 1);
	assert_int_equal(list[0]->flows, FLOWS);
	assert_string_equal(list[0]->name, "not known");
	flow_top_free(&t);
}

static void test_counters(void **state)
{
	struct work *w = *state;

	for (int i = 0; i < 50; i++) {
		const struct lane_counters *c = &w->lane.query->counters;
		uint64_t sum = 0;

		lane_query_counters(w->lane.query);
		while (!lane_query_counted(w->lane.query))
			sleep_ns(10000);
		for (int d = 0; d < DROP_N; d++)
			sum += c->dropped[d];
		assert_int_equal(c->rx_packets, c->metered_packets + sum);
		assert_int_equal(w->lane.query->flows_active, FLOWS);
	}
}

static void test_expiry(void **state)
{
	struct work *w = *state;

	lane_query_expire(w->lane.query);
	while (!lane_query_expired(w->lane.query))
		sleep_ns(100000);
	assert_int_equal(w->lane.query->expired, FLOWS);
	assert_true(__atomic_load_n(&w->ended, __ATOMIC_RELAXED) >= FLOWS);
	assert_true(ft_counters(w->lane.table)->table[TABLE_flows_ended_forced] == FLOWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_torn, begin, end),
		cmocka_unit_test_setup_teardown(test_given_up, begin, end),
		cmocka_unit_test_setup_teardown(test_query, begin, end),
		cmocka_unit_test_setup_teardown(test_top, begin, end),
		cmocka_unit_test_setup_teardown(test_counters, begin, end),
		cmocka_unit_test_setup_teardown(test_expiry, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
