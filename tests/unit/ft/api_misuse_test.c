/* SPDX-License-Identifier: BSD-3-Clause */
/* What programs do and should not: it is refused with one line, and nothing else changes. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "api.h"

struct misuse {
	struct api *a;
	struct api_lines lines;
	void (*call)(struct misuse *m, pfring_ft_flow *flow);
	unsigned int calls;
};

static void on_packet(const u_char *data, pfring_ft_packet_metadata *metadata, pfring_ft_flow *flow,
		      void *user)
{
	struct misuse *m = user;

	(void)data;
	(void)metadata;
	m->calls++;
	m->call(m, flow);
}

static void on_export(pfring_ft_flow *flow, void *user)
{
	struct misuse *m = user;

	m->call(m, flow);
	api_collect(flow, m->a);
}

static void call_process(struct misuse *m, pfring_ft_flow *flow)
{
	(void)flow;
	assert_int_equal(api_udp(m->a, 7, false, 0), PFRING_FT_ACTION_DEFAULT);
}

static void call_burst(struct misuse *m, pfring_ft_flow *flow)
{
	const struct wire w = wire_of_udp(7, false);
	pfring_ft_packet in = {.data = w.b, .caplen = w.n}, out[PFRING_FT_BURST_MAX];

	(void)flow;
	assert_int_equal(pfring_ft_process_burst(m->a->table, &in, 1, out), 0);
}

static void call_housekeeping(struct misuse *m, pfring_ft_flow *flow)
{
	(void)flow;
	assert_int_equal(pfring_ft_housekeeping(m->a->table, API_EPOCH + 100000), 0);
}

static void call_flush(struct misuse *m, pfring_ft_flow *flow)
{
	pfring_ft_flow_expire(m->a->table, flow);
	pfring_ft_flush(m->a->table);
}

static void call_destroy(struct misuse *m, pfring_ft_flow *flow)
{
	(void)flow;
	pfring_ft_destroy_table(m->a->table);
}

static void run(struct misuse *m)
{
	m->a = api_open(0, 0, 0, 0);
	pfring_ft_set_log_callback(api_line, &m->lines);
	pfring_ft_set_flow_packet_callback(m->a->table, on_packet, m);
	pfring_ft_set_flow_export_callback(m->a->table, on_export, m);
	for (uint16_t port = 1; port <= 20; port++)
		api_udp(m->a, port, false, port);
	pfring_ft_flush(m->a->table);
	pfring_ft_set_log_callback(NULL, NULL);
	assert_int_equal(m->calls, 20);
	assert_int_equal(m->a->n, 20);
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(m->a->flows[i].value.direction[0].pkts, 1);
	assert_int_equal(pfring_ft_get_stats(m->a->table)->flows, 20);
	assert_int_equal(pfring_ft_get_stats(m->a->table)->packets, 20);
	api_close(m->a);
}

static void test_calls_from_callbacks_are_refused(void **state)
{
	void (*const calls[])(struct misuse *, pfring_ft_flow *) = {
		call_process, call_burst, call_housekeeping, call_flush, call_destroy};

	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		struct misuse m = {.call = calls[i]};

		run(&m);
		assert_int_equal(m.lines.n, 40); /* each packet, each export */
		assert_non_null(strstr(m.lines.last, "not from a callback"));
	}
}

static void call_free(struct misuse *m, pfring_ft_flow *flow)
{
	const bool exported = pfring_ft_flow_get_value(flow)->status !=
			      PFRING_FT_FLOW_STATUS_ACTIVE;

	(void)m;
	if (!exported)
		pfring_ft_flow_free(flow);
}

/* A flow that is in the table stays there. */
static void test_pfring_ft_flow_free_of_a_living_flow(void **state)
{
	struct misuse m = {.call = call_free};

	(void)state;
	run(&m);
	assert_int_equal(m.lines.n, 20);
	assert_non_null(strstr(m.lines.last, "pfring_ft_flow_expire"));
}

static void call_bad_action(struct misuse *m, pfring_ft_flow *flow)
{
	(void)m;
	if (pfring_ft_flow_get_value(flow)->status != PFRING_FT_FLOW_STATUS_ACTIVE)
		return;
	pfring_ft_flow_set_action(flow, PFRING_FT_ACTION_USER_1);
	pfring_ft_flow_set_action(flow, 255);
	assert_int_equal(pfring_ft_flow_get_action(flow), PFRING_FT_ACTION_USER_1);
}

static void test_pfring_ft_flow_set_action_unknown(void **state)
{
	struct misuse m = {.call = call_bad_action};

	(void)state;
	run(&m);
	assert_int_equal(m.lines.n, 20);
}

static void test_pfring_ft_process_burst_too_many(void **state)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX + 1] = {{0}}, out[PFRING_FT_BURST_MAX];
	struct api *a = api_open(0, 0, 0, 0);
	struct api_lines lines = {0};

	(void)state;
	pfring_ft_set_log_callback(api_line, &lines);
	assert_int_equal(pfring_ft_process_burst(a->table, in, PFRING_FT_BURST_MAX + 1, out), 0);
	pfring_ft_set_log_callback(NULL, NULL);
	assert_int_equal(lines.n, 1);
	assert_int_equal(pfring_ft_get_stats(a->table)->packets, 0);
	assert_int_equal(pfring_ft_process_burst(a->table, NULL, 0, out), 0);
	api_close(a);
}

static void line_that_logs(const char *line, void *user)
{
	unsigned int *n = user;

	(void)line;
	pfring_ft_set_log_callback(NULL, NULL);
	assert_null(pfring_ft_create_table(0, 0, 0, 0, UINT32_MAX));
	++*n;
}

/* The library may be used where it is heard. */
static void test_pfring_ft_set_log_callback_inside(void **state)
{
	unsigned int n = 0;

	(void)state;
	pfring_ft_set_log_callback(line_that_logs, &n);
	assert_null(pfring_ft_create_table(0, 0, 0, 0, UINT32_MAX));
	assert_int_equal(n, 1);
}

static pfring_ft_table *volatile watched;

static void on_alarm(int number)
{
	pfring_ft_export_stats s;

	(void)number;
	pfring_ft_zmq_get_stats(watched, &s);
}

/* Programs print their numbers from SIGALRM, whatever it interrupts. */
static void test_pfring_ft_zmq_get_stats_in_a_handler(void **state)
{
	const struct itimerval often = {.it_interval.tv_usec = 200, .it_value.tv_usec = 200};
	const struct itimerval never = {0};
	struct api *a = api_open(0, 1, 2, 0);
	pfring_ft_export_stats s;

	(void)state;
	pfring_ft_zmq_export_configure(a->table, "tcp://127.0.0.1:*", NULL, 0, 1, 1);
	pfring_ft_set_flow_export_callback(a->table, pfring_ft_zmq_export_flow, a->table);
	watched = a->table;
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	for (uint32_t i = 0; i < 60000; i++)
		api_udp(a, (uint16_t)(1 + i % 60000), false, i);
	pfring_ft_flush(a->table);
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN); /* one may still be on its way */
	pfring_ft_zmq_get_stats(a->table, &s);
	assert_int_equal(s.num_buffered_records + s.dropped_flows, 60000);
	api_close(a);
}

struct freer {
	pfring_ft_flow *flows[1000];
	unsigned int n;
};

static void keep(pfring_ft_flow *flow, void *user)
{
	struct freer *f = user;

	assert_true(f->n < 1000);
	f->flows[f->n++] = flow;
}

static void *look_and_free(void *user)
{
	struct freer *f = user;

	for (unsigned int i = 0; i < f->n; i++) {
		assert_int_equal(pfring_ft_flow_get_value(f->flows[i])->direction[0].pkts, 1);
		pfring_ft_flow_free(f->flows[i]);
	}
	return NULL;
}

/* Timeouts change while another thread looks at exported flows. */
static void test_pfring_ft_flow_set_flow_slicing_beside_a_reader(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct freer f = {.n = 0};
	pthread_t thread;

	(void)state;
	pfring_ft_set_flow_export_callback(a->table, keep, &f);
	for (uint16_t port = 1; port <= 1000; port++)
		api_udp(a, port, false, port);
	pfring_ft_flush(a->table);
	assert_int_equal(f.n, 1000);
	assert_int_equal(pthread_create(&thread, NULL, look_and_free, &f), 0);
	for (u_int32_t seconds = 1; seconds <= 500; seconds++)
		pfring_ft_flow_set_flow_slicing(a->table, seconds);
	pthread_join(thread, NULL);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_from_callbacks_are_refused),
		cmocka_unit_test(test_pfring_ft_flow_free_of_a_living_flow),
		cmocka_unit_test(test_pfring_ft_flow_set_action_unknown),
		cmocka_unit_test(test_pfring_ft_process_burst_too_many),
		cmocka_unit_test(test_pfring_ft_set_log_callback_inside),
		cmocka_unit_test(test_pfring_ft_zmq_get_stats_in_a_handler),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_beside_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
