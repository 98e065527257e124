/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads: two tables at once, flows given back by another thread, tables made and freed side by
 * side. Worth a run under ThreadSanitizer, too.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ft/pfring_ft_ext.h"
#include "traffic.h"

#define N_PACKETS   6000U
#define RECORDS_MAX 4096U

/* Packet i of a seed, at millisecond tick. */
static void feed(pfring_ft_table *t, uint32_t seed, uint32_t i, uint32_t tick)
{
	pfring_ft_pcap_pkthdr h = {
		.ts = {.tv_sec = 1000 + tick / 1000, .tv_usec = tick % 1000 * 1000}};
	struct frame f;

	traffic_make(&f, seed, i);
	h.caplen = h.len = f.len;
	pfring_ft_process(t, f.bytes, &h, NULL);
}

/* ---- two tables ---- */

struct outcome {
	uint32_t seed;
	unsigned int n, n_http, n_detected, n_new, n_packets;
	struct record {
		pfring_ft_flow_key key;
		pfring_ft_flow_dir_value direction[2];
		pfring_ft_ndpi_protocol l7;
		pfring_ft_flow_status status;
		pfring_ft_action action;
	} records[RECORDS_MAX];
};

static void on_record(pfring_ft_flow *flow, void *user)
{
	struct outcome *o = user;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	if (o->n < RECORDS_MAX) {
		struct record *r = &o->records[o->n++];

		r->key = *pfring_ft_flow_get_key(flow);
		memcpy(r->direction, v->direction, sizeof r->direction);
		r->l7 = v->l7_protocol;
		r->status = v->status;
		r->action = pfring_ft_flow_get_action(flow);
		o->n_http += r->action == PFRING_FT_ACTION_USER_1;
	}
	pfring_ft_flow_free(flow);
}

static void on_new(pfring_ft_flow *flow, void *user)
{
	(void)flow;
	((struct outcome *)user)->n_new++;
}

static void on_detected(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
			void *user)
{
	(void)data;
	(void)m;
	(void)flow;
	((struct outcome *)user)->n_detected++;
}

static void on_any_packet(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
			  void *user)
{
	(void)data;
	(void)m;
	(void)flow;
	((struct outcome *)user)->n_packets++;
}

static void *run_table(void *user)
{
	struct outcome *o = user;
	pfring_ft_table *t = pfring_ft_create_table(
		PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_TABLE_FLAGS_DPI_EXTRA, 4000, 2, 60, 8);

	if (!t)
		return NULL; /* no records: the comparison says so */
	pfring_ft_set_new_flow_callback(t, on_new, o);
	pfring_ft_set_l7_detected_callback(t, on_detected, o);
	pfring_ft_set_flow_packet_callback(t, on_any_packet, o);
	pfring_ft_set_flow_export_callback(t, on_record, o);
	pfring_ft_set_filter_protocol_by_name(t, "http", PFRING_FT_ACTION_USER_1);
	for (uint32_t i = 0; i < N_PACKETS; i++)
		feed(t, o->seed, i, i);
	pfring_ft_flush(t);
	pfring_ft_destroy_table(t);
	return NULL;
}

static int by_content(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record));
}

/* The order in which a sweep finds flows is of the table's secret. */
static struct outcome *make_outcome(uint32_t seed)
{
	struct outcome *o = calloc(1, sizeof *o);

	assert_non_null(o);
	o->seed = seed;
	return o;
}

static void same_outcome(struct outcome *want, struct outcome *got)
{
	qsort(want->records, want->n, sizeof want->records[0], by_content);
	qsort(got->records, got->n, sizeof got->records[0], by_content);
	assert_true(want->n >= N_PACKETS / TRAFFIC_STEPS && want->n < RECORDS_MAX);
	assert_true(want->n_http > want->n / 2 && want->n_detected > want->n / 2);
	assert_int_equal(want->n_packets, N_PACKETS);
	assert_memory_equal(want, got, sizeof *want);
}

static void test_two_tables_know_nothing_of_each_other(void **state)
{
	struct outcome *alone[2], *together[2];
	pthread_t threads[2];

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		alone[i] = make_outcome(i + 1);
		together[i] = make_outcome(i + 1);
		run_table(alone[i]);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_table, together[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		same_outcome(alone[i], together[i]);
		free(alone[i]);
		free(together[i]);
	}
}

/* ---- flows on their way ---- */

#define QUEUE_FLOWS 512U

/* Flows from the table's thread to the one that frees them; full, it holds the table up. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	pfring_ft_flow *flows[QUEUE_FLOWS];
	unsigned int n;
	bool closed, youngest_first;
	uint64_t n_slices, n_ends, packets; /* as exported */
	uint64_t packets_read, wrong;	    /* as the freeing thread reads them */
};

static void on_queue(pfring_ft_flow *flow, void *user)
{
	struct queue *q = user;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	if (v->status == PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT)
		q->n_slices++;
	else
		q->n_ends++;
	q->packets += v->direction[0].pkts + v->direction[1].pkts;
	pthread_mutex_lock(&q->lock);
	while (q->n == QUEUE_FLOWS)
		pthread_cond_wait(&q->moved, &q->lock);
	q->flows[q->n++] = flow;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->lock);
}

/* Whoever holds a flow may read it, while its master goes on in the table. */
static void look_at(struct queue *q, pfring_ft_flow *flow)
{
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	q->wrong += pfring_ft_flow_get_users(flow) < 1;
	q->wrong += pfring_ft_flow_get_key(flow)->ip_version != 4;
	q->wrong += pfring_ft_flow_get_id(flow) == 0;
	q->wrong += pfring_ft_flow_get_action(flow) != PFRING_FT_ACTION_DEFAULT;
	q->wrong += v->status == PFRING_FT_FLOW_STATUS_ACTIVE;
	q->packets_read += v->direction[0].pkts + v->direction[1].pkts;
}

/*
 * Waits until the queue is half full, so that slices and masters are out together, and frees all:
 * masters before their slices or after them. What is in its hands can be read meanwhile.
 */
static void *free_flows(void *user)
{
	struct queue *q = user;
	pfring_ft_flow *mine[QUEUE_FLOWS];
	unsigned int n;
	bool closed;

	do {
		pthread_mutex_lock(&q->lock);
		while (q->n < QUEUE_FLOWS / 2 && !q->closed)
			pthread_cond_wait(&q->moved, &q->lock);
		n = q->n;
		memcpy(mine, q->flows, n * sizeof *mine);
		q->n = 0;
		closed = q->closed;
		pthread_cond_signal(&q->moved);
		pthread_mutex_unlock(&q->lock);
		for (unsigned int i = 0; i < n; i++) {
			pfring_ft_flow *flow = mine[q->youngest_first ? n - 1 - i : i];

			look_at(q, flow);
			pfring_ft_flow_free(flow);
		}
	} while (!closed);
	return NULL;
}

static void run_queue(bool youngest_first, u_int32_t flags)
{
	struct queue *q = calloc(1, sizeof *q);
	pfring_ft_table *t = pfring_ft_create_table(flags, 2000, 2, 3, 8);
	pthread_t thread;

	assert_non_null(t);
	q->youngest_first = youngest_first;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->moved, NULL);
	pfring_ft_flow_set_flow_slicing(t, 1);
	pfring_ft_set_flow_export_callback(t, on_queue, q);
	assert_int_equal(pthread_create(&thread, NULL, free_flows, q), 0);
	/* the same talks again and again: their lookups live for slices and cuts */
	for (uint32_t i = 0; i < 4 * N_PACKETS; i++)
		feed(t, i % 5, i / 5 % (TRAFFIC_AT_ONCE * TRAFFIC_STEPS), i);
	pfring_ft_flush(t);
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->lock);
	pthread_join(thread, NULL);
	assert_int_equal(q->n, 0);
	assert_int_equal(q->wrong, 0);
	assert_int_equal(q->packets_read, q->packets);
	assert_true(q->n_slices > 0);
	assert_int_equal(q->packets, 4 * N_PACKETS);
	assert_int_equal(pfring_ft_get_stats(t)->flows, q->n_ends);
	assert_int_equal(pfring_ft_get_stats(t)->err_no_mem, 0);
	pfring_ft_destroy_table(t);
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->moved);
	free(q);
}

static void test_another_thread_frees_flows_in_order(void **state)
{
	(void)state;
	run_queue(false, 0);
}

static void test_another_thread_frees_flows_before_their_slices(void **state)
{
	(void)state;
	run_queue(true, 0);
	run_queue(true, PFRING_FT_TABLE_FLAGS_DPI);
}

struct pile {
	pfring_ft_flow *flows[8];
	unsigned int n;
};

static void on_pile(pfring_ft_flow *flow, void *user)
{
	struct pile *p = user;

	assert_true(p->n < 8);
	p->flows[p->n++] = flow;
}

/* One flow that lives for three slices. */
static pfring_ft_table *make_pile(struct pile *p)
{
	pfring_ft_table *t = pfring_ft_create_table(0, 1000, 10, 100, 8);

	assert_non_null(t);
	*p = (struct pile){0};
	pfring_ft_flow_set_flow_slicing(t, 2);
	pfring_ft_set_flow_export_callback(t, on_pile, p);
	for (uint32_t i = 0; i < 7; i++) {
		const struct frame_spec s = {
			.src = 1, .dst = 2, .sport = 3, .dport = 4, .protocol = 17};
		pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = 1000 + i}};
		struct frame f;

		frame_make(&f, &s);
		h.caplen = h.len = f.len;
		pfring_ft_process(t, f.bytes, &h, NULL);
	}
	pfring_ft_flush(t);
	assert_int_equal(p->n, 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pfring_ft_flow_get_users(p->flows[i]), 4);
	return t;
}

static void test_users_of_a_flow_and_its_slices(void **state)
{
	struct pile p;
	pfring_ft_table *t = make_pile(&p);

	(void)state;
	for (unsigned int i = 0; i < 3; i++) { /* the slices first */
		pfring_ft_flow_free(p.flows[i]);
		assert_int_equal(pfring_ft_flow_get_users(p.flows[3]), 3 - i);
	}
	pfring_ft_flow_free(p.flows[3]);
	pfring_ft_destroy_table(t);

	t = make_pile(&p);
	u_char *area = pfring_ft_flow_get_value(p.flows[3])->user;
	memcpy(area, "master", 7);
	pfring_ft_flow_free(p.flows[3]); /* the master first: it stays for its slices */
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(pfring_ft_flow_get_users(p.flows[i]), 3 - i);
		assert_string_equal((char *)pfring_ft_flow_get_value(p.flows[i])->user, "master");
		pfring_ft_flow_free(p.flows[i]);
	}
	pfring_ft_destroy_table(t);
}

/* ---- tables ---- */

static void *make_and_free(void *user)
{
	for (uint32_t round = 0; round < 3; round++) {
		pfring_ft_table *t = pfring_ft_create_table(
			round == 1 ? 0 : PFRING_FT_TABLE_FLAGS_DPI, 1000, 0, 0, round * 8);

		if (!t)
			return NULL;
		for (uint32_t i = 0; i < 300; i++)
			feed(t, round, i, i);
		if (pfring_ft_get_stats(t)->packets == 300)
			++*(int *)user;
		if (round != 2) /* else flows go with their table */
			pfring_ft_flush(t);
		pfring_ft_destroy_table(t);
	}
	return NULL;
}

static void test_tables_come_and_go_side_by_side(void **state)
{
	pthread_t threads[4];
	int rounds[4] = {0};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_and_free, &rounds[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(rounds[i], 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_tables_know_nothing_of_each_other),
		cmocka_unit_test(test_another_thread_frees_flows_in_order),
		cmocka_unit_test(test_another_thread_frees_flows_before_their_slices),
		cmocka_unit_test(test_users_of_a_flow_and_its_slices),
		cmocka_unit_test(test_tables_come_and_go_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
