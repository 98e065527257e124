/* SPDX-License-Identifier: BSD-3-Clause */
/* How flows leave: one by one, in lists, on demand, by RST, and back from any thread. */
#include "api.h"

#include <pthread.h>
#include <sched.h>

static void test_pfring_ft_set_flow_export_callback(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);

	(void)state;
	for (uint16_t port = 1; port <= 50; port++)
		api_udp(a, port, false, port);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 50);
	for (uint16_t i = 0; i < 50; i++) {
		assert_int_equal(a->flows[i].key.sport, i + 1); /* in the order of their begin */
		assert_int_equal(a->flows[i].users, 1);
	}
	/* nobody: they are freed */
	pfring_ft_set_flow_export_callback(a->table, NULL, NULL);
	for (uint32_t round = 0; round < 20; round++)
		for (uint16_t port = 1; port <= 900; port++)
			api_udp(a, port, false, 1000 + round * 20000);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 50);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 50 + 20 * 900);
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_mem, 0);
	api_close(a);
}

/* Takes so many of each list, and leaves the rest. */
struct taker {
	struct api *api;
	unsigned int take, lists;
};

static void take_some(pfring_ft_list *list, void *user)
{
	struct taker *t = user;
	pfring_ft_flow *flow;

	t->lists++;
	for (unsigned int i = 0; i < t->take && (flow = pfring_ft_list_get_next(list)); i++) {
		api_copy(t->api, flow);
		pfring_ft_flow_free(flow);
	}
	if (t->take == UINT32_MAX) {
		assert_null(pfring_ft_list_get_next(list)); /* it stays at its end */
		assert_null(pfring_ft_list_get_next(list));
	}
}

static void test_pfring_ft_set_flow_list_export_callback(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	struct taker t = {.api = a, .take = UINT32_MAX};

	(void)state;
	pfring_ft_set_flow_list_export_callback(a->table, take_some, &t);
	for (uint16_t port = 1; port <= 100; port++)
		api_udp(a, port, false, port);
	assert_int_equal(t.lists, 0); /* never an empty one */
	pfring_ft_flush(a->table);
	assert_int_equal(t.lists, 1);
	assert_int_equal(a->n, 100);
	for (uint16_t i = 0; i < 100; i++)
		assert_int_equal(a->flows[i].key.sport, i + 1);
	for (uint16_t port = 1; port <= 100; port++)
		api_udp(a, port, false, 1000);
	api_housekeep(a, 30);
	assert_int_equal(a->n, 200);
	assert_true(t.lists > 1);
	api_close(a);
}

/* Whoever takes one of ten frees only that; the others are freed for him. */
static void test_pfring_ft_list_get_next(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	struct taker t = {.api = a};

	(void)state;
	pfring_ft_set_flow_list_export_callback(a->table, take_some, &t);
	for (t.take = 0; t.take <= 11; t.take++) {
		a->n = 0;
		for (uint16_t port = 1; port <= 10; port++)
			api_udp(a, port, false, t.take * 100);
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, t.take < 10 ? t.take : 10);
		for (unsigned int i = 0; i < a->n; i++)
			assert_int_equal(a->flows[i].key.sport, i + 1);
	}
	assert_int_equal(t.lists, 12);
	/* what is left is really given back: far more flows than the table may have out */
	t.take = 1;
	for (uint32_t round = 0; round < 100; round++) {
		a->n = 0;
		for (uint16_t port = 1; port <= 200; port++)
			api_udp(a, port, false, 2000 + round);
		pfring_ft_flush(a->table);
	}
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_mem, 0);
	api_close(a);
}

/* The one set last counts. */
static void test_pfring_ft_export_callbacks_replace_each_other(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	struct taker t = {.api = a, .take = UINT32_MAX};

	(void)state;
	pfring_ft_set_flow_list_export_callback(a->table, take_some, &t);
	api_udp(a, 1, false, 0);
	pfring_ft_flush(a->table);
	assert_int_equal(t.lists, 1);
	assert_int_equal(a->n, 1);
	pfring_ft_set_flow_export_callback(a->table, api_collect, a);
	api_udp(a, 1, false, 1);
	pfring_ft_flush(a->table);
	assert_int_equal(t.lists, 1);
	assert_int_equal(a->n, 2);
	pfring_ft_set_flow_list_export_callback(a->table, take_some, &t);
	pfring_ft_set_flow_list_export_callback(a->table, NULL, NULL);
	api_udp(a, 1, false, 2);
	pfring_ft_flush(a->table);
	assert_int_equal(t.lists, 1);
	assert_int_equal(a->n, 2);
	api_close(a);
}

/* Flows on their way to somebody who frees them later, or elsewhere. */
struct shelf {
	pthread_mutex_t lock;
	unsigned int n;
	bool closed;
	pfring_ft_flow *flows[2000];
};

static void put(pfring_ft_flow *flow, void *user)
{
	struct shelf *s = user;

	pthread_mutex_lock(&s->lock);
	while (s->n == sizeof s->flows / sizeof s->flows[0]) {
		pthread_mutex_unlock(&s->lock);
		sched_yield();
		pthread_mutex_lock(&s->lock);
	}
	s->flows[s->n++] = flow;
	pthread_mutex_unlock(&s->lock);
}

static void test_pfring_ft_flow_free_after(void **state)
{
	struct api *a = api_open(PFRING_FT_TABLE_FLAGS_DPI, 10, 60, 16);
	struct shelf s = {.lock = PTHREAD_MUTEX_INITIALIZER};

	(void)state;
	pfring_ft_set_flow_export_callback(a->table, put, &s);
	for (uint16_t port = 1; port <= 500; port++)
		api_udp(a, port, false, port);
	pfring_ft_flush(a->table);
	for (uint16_t port = 1; port <= 500; port++) /* others take no place of theirs */
		api_udp(a, port, true, 1000 + port);
	assert_int_equal(s.n, 500);
	for (unsigned int i = s.n; i-- > 0;) {
		assert_int_equal(pfring_ft_flow_get_key(s.flows[i])->sport, i + 1);
		api_assert_direction(&pfring_ft_flow_get_value(s.flows[i])->direction[0], 1,
				     API_UDP_BYTES, i + 1, i + 1);
		pfring_ft_flow_free(s.flows[i]);
	}
	s.n = 0;
	pfring_ft_flush(a->table);
	assert_int_equal(s.n, 500);
	for (unsigned int i = 0; i < s.n; i++)
		pfring_ft_flow_free(s.flows[i]);
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_mem, 0);
	api_close(a);
}

/* Reads and frees what is on the shelf until it is closed; returns how many packets there were. */
static void *free_elsewhere(void *user)
{
	struct shelf *s = user;
	uintptr_t packets = 0;

	for (bool closed = false; !closed;) {
		pthread_mutex_lock(&s->lock);
		pfring_ft_flow *f = s->n ? s->flows[--s->n] : NULL;

		closed = !f && s->closed;
		pthread_mutex_unlock(&s->lock);
		if (!f)
			continue;
		const pfring_ft_flow_value *v = pfring_ft_flow_get_value(f);

		packets += v->direction[0].pkts + v->direction[1].pkts;
		if (pfring_ft_flow_get_key(f)->dport != API_UDP_PORT)
			packets += 1000000;
		pfring_ft_flow_free(f);
	}
	return (void *)packets;
}

static void test_pfring_ft_flow_free_from_another_thread(void **state)
{
	struct api *a = api_open(PFRING_FT_TABLE_FLAGS_DPI, 10, 60, 16);
	struct shelf s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t thread;
	void *packets;

	(void)state;
	pfring_ft_flow_set_flow_slicing(a->table, 5);
	pfring_ft_set_flow_export_callback(a->table, put, &s);
	assert_int_equal(pthread_create(&thread, NULL, free_elsewhere, &s), 0);
	for (uint32_t i = 0; i < 20000; i++)
		api_udp(a, (uint16_t)(1 + i % 300), false, i * 10);
	pfring_ft_flush(a->table);
	pthread_mutex_lock(&s.lock);
	s.closed = true;
	pthread_mutex_unlock(&s.lock);
	assert_int_equal(pthread_join(thread, &packets), 0);
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_mem, 0);
	assert_int_equal((uintptr_t)packets, 20000);
	api_close(a);
}

/* What the callbacks of an expiry saw. */
struct expiry {
	struct api *api;
	unsigned int begun, packets, which; /* where to end it: the new flow, the packet, L7 */
	pfring_ft_flow *flow;
};

static void note_new(pfring_ft_flow *flow, void *user)
{
	struct expiry *e = user;

	e->begun++;
	e->flow = flow;
	if (e->which == 1)
		pfring_ft_flow_expire(e->api->table, flow);
}

static void note_packet(const u_char *data, pfring_ft_packet_metadata *metadata,
			pfring_ft_flow *flow, void *user)
{
	struct expiry *e = user;

	(void)data;
	(void)metadata;
	e->packets++;
	assert_ptr_equal(flow, e->flow);
	if (e->which == 2) {
		unsigned int before = e->api->n;

		pfring_ft_flow_expire(e->api->table, flow);
		pfring_ft_flow_expire(e->api->table, flow); /* twice is once */
		assert_int_equal(e->api->n, before);	    /* after the callbacks */
		assert_int_equal(pfring_ft_flow_get_value(flow)->status,
				 PFRING_FT_FLOW_STATUS_ACTIVE);
	}
}

static void expire_detected(const u_char *data, pfring_ft_packet_metadata *metadata,
			    pfring_ft_flow *flow, void *user)
{
	struct expiry *e = user;

	(void)data;
	(void)metadata;
	pfring_ft_flow_expire(e->api->table, flow);
}

static struct api *open_expiry(struct expiry *e, unsigned int which)
{
	struct api *a = api_open(0, 0, 0, 0);

	*e = (struct expiry){.api = a, .which = which};
	pfring_ft_set_new_flow_callback(a->table, note_new, e);
	pfring_ft_set_flow_packet_callback(a->table, note_packet, e);
	return a;
}

/* Every packet ends its flow: the next of the tuple is a new flow, with all its callbacks. */
static void test_pfring_ft_flow_expire_in_callbacks(void **state)
{
	(void)state;
	for (unsigned int which = 1; which <= 2; which++) {
		struct expiry e;
		struct api *a = open_expiry(&e, which);

		for (unsigned int i = 1; i <= 10; i++) {
			api_udp(a, 1, i & 1, i);
			assert_int_equal(e.begun, i);
			assert_int_equal(e.packets, i);
			assert_int_equal(a->n, i);
			assert_int_equal(a->flows[i - 1].value.status,
					 PFRING_FT_FLOW_STATUS_FORCED_END);
			api_assert_direction(&a->flows[i - 1].value.direction[0], 1, API_UDP_BYTES,
					     i, i);
			assert_true(i == 1 || a->flows[i - 1].id != a->flows[i - 2].id);
		}
		assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 0);
		assert_int_equal(pfring_ft_get_stats(a->table)->flows, 10);
		api_close(a);
	}
}

/* Each request is a flow of its own, and detected anew. */
static void test_pfring_ft_flow_expire_in_l7_detected(void **state)
{
	struct api *a = api_open(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 0);
	struct expiry e = {.api = a};
	const u_int16_t http = pfring_ft_l7_protocol_id(a->table, "HTTP");

	(void)state;
	pfring_ft_set_new_flow_callback(a->table, note_new, &e);
	pfring_ft_set_l7_detected_callback(a->table, expire_detected, &e);
	pfring_ft_set_flow_packet_callback(a->table, note_packet, &e);
	for (unsigned int i = 1; i <= 5; i++) {
		api_text(a, API_TCP, 80, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", i);
		assert_int_equal(e.begun, i);
		assert_int_equal(e.packets, i); /* the packet callback still comes */
		assert_int_equal(a->n, i);
		assert_int_equal(a->flows[i - 1].value.l7_protocol.app_protocol, http);
		assert_int_equal(a->flows[i - 1].value.status, PFRING_FT_FLOW_STATUS_FORCED_END);
	}
	api_close(a);
}

static void test_pfring_ft_flow_expire(void **state)
{
	struct expiry e;
	struct api *a = open_expiry(&e, 0);

	(void)state;
	api_udp(a, 1, false, 0);
	api_udp(a, 1, true, 1);
	pfring_ft_flow *first = e.flow;

	api_udp(a, 2, false, 2);
	pfring_ft_flow_expire(a->table, first);
	assert_int_equal(a->n, 1); /* at once */
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_FORCED_END);
	assert_int_equal(a->flows[0].value.direction[1].pkts, 1);
	assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 1);
	api_udp(a, 1, true, 3);
	assert_int_equal(e.begun, 3);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 3);
	assert_int_equal(a->flows[1].key.sport, 2);
	assert_int_equal(a->flows[2].key.sport, API_UDP_PORT);
	api_close(a);
}

/* In the export callback of one flow another one is told to end. */
struct pair {
	struct api *api;
	pfring_ft_flow *other;
};

static void expire_other(pfring_ft_flow *flow, void *user)
{
	struct pair *p = user;

	pfring_ft_flow_expire(p->api->table, flow); /* it has ended: nothing happens */
	if (p->other && p->other != flow)
		pfring_ft_flow_expire(p->api->table, p->other);
	p->other = NULL;
	api_collect(flow, p->api);
}

static void note_other(pfring_ft_flow *flow, void *user)
{
	struct pair *p = user;

	p->other = flow;
}

static void test_pfring_ft_flow_expire_in_export(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	struct pair p = {.api = a};

	(void)state;
	pfring_ft_set_new_flow_callback(a->table, note_other, &p);
	pfring_ft_set_flow_export_callback(a->table, expire_other, &p);
	api_udp(a, 1, false, 0);
	api_udp(a, 2, false, 9000);
	api_housekeep(a, 12); /* the first is idle, and takes the second with it */
	api_housekeep(a, 14);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	assert_int_equal(a->flows[1].value.status, PFRING_FT_FLOW_STATUS_FORCED_END);
	api_close(a);
}

/* Packets after an RST: the same flow lingers, or just goes on. */
static void test_pfring_ft_set_tcp_rst_ends(void **state)
{
	(void)state;
	for (int ends = 0; ends <= 2; ends++) {
		struct api *a = api_open(0, 30, 120, 0);
		pfring_ft_flow_status want = ends ? PFRING_FT_FLOW_STATUS_END_DETECTED :
						    PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT;

		if (ends != 1) /* on at first */
			pfring_ft_set_tcp_rst_ends(a->table, ends);
		api_tcp(a, 1, false, API_SYN, 0);
		api_tcp(a, 1, true, API_RST | API_ACK, 1);
		api_housekeep(a, 20);
		assert_int_equal(a->n, ends ? 1 : 0);
		api_housekeep(a, 40);
		assert_int_equal(a->n, 1);
		assert_int_equal(a->flows[0].value.status, want);
		assert_int_equal(a->flows[0].value.direction[1].tcp_flags, API_RST | API_ACK);
		api_close(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_set_flow_export_callback),
		cmocka_unit_test(test_pfring_ft_set_flow_list_export_callback),
		cmocka_unit_test(test_pfring_ft_list_get_next),
		cmocka_unit_test(test_pfring_ft_export_callbacks_replace_each_other),
		cmocka_unit_test(test_pfring_ft_flow_free_after),
		cmocka_unit_test(test_pfring_ft_flow_free_from_another_thread),
		cmocka_unit_test(test_pfring_ft_flow_expire_in_callbacks),
		cmocka_unit_test(test_pfring_ft_flow_expire_in_l7_detected),
		cmocka_unit_test(test_pfring_ft_flow_expire),
		cmocka_unit_test(test_pfring_ft_flow_expire_in_export),
		cmocka_unit_test(test_pfring_ft_set_tcp_rst_ends),
	};

	return cmocka_run_group_tests_name("pfring_ft export", tests, NULL, NULL);
}
