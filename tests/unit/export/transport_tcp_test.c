/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP to real sockets: sessions that come and go, what is acknowledged, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/transport_stream.h"
#include "stream_peer.h"

static uint8_t pattern[3 << 20];

static struct transport *open_tcp(const struct peer *p, uint64_t reconnect_ns)
{
	const struct stream_options o = {.target = p->target, .reconnect_ns = reconnect_ns};
	struct transport *t;
	char error[256];

	if (transport_tcp_open(&t, &o, error, sizeof error))
		fail_msg("%s", error);
	return t;
}

static void test_bytes_arrive_and_are_acknowledged(void **state)
{
	struct session_view v;
	struct transport *t;
	struct peer p;

	(void)state;
	peer_make(&p, NULL);
	t = open_tcp(&p, SECOND_NS);
	v = pump_up(t, &p);
	assert_int_equal(v.number, 1);
	assert_int_equal(v.failures, 0);
	peer_step(&p);
	send_all(t, &p, pattern, sizeof pattern);
	pump_acked(t, &p);
	t->ops->session(t, &v);
	assert_int_equal(v.taken_bytes, sizeof pattern);
	assert_int_equal(v.acked_bytes, sizeof pattern);
	t->ops->close(t, 0);
	while (!p.ended)
		peer_step(&p);
	assert_true(p.clean_end);
	assert_int_equal(p.len, sizeof pattern);
	assert_memory_equal(p.bytes, pattern, sizeof pattern);
	peer_free(&p);
}

/* X5: a collector that does not read stops nobody, and what it has not read is not acknowledged. */
static void test_x5_a_collector_that_does_not_read(void **state)
{
	struct iovec piece = {pattern, sizeof pattern};
	int small = 4096;
	struct session_view v;
	struct transport *t;
	uint64_t taken = 0;
	struct peer p;
	ssize_t n;

	(void)state;
	peer_make(&p, NULL);
	setsockopt(p.listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	p.idle = true;
	t = open_tcp(&p, SECOND_NS);
	pump_up(t, &p);
	while (p.fd < 0)
		peer_step(&p);
	for (unsigned int i = 0; i < 1000 && (n = t->ops->send(t, &piece, 1)) > 0; i++)
		taken += (uint64_t)n;
	assert_int_equal(n, -EAGAIN);
	sleep_ns(20000000);
	t->ops->session(t, &v);
	assert_true(v.up && v.taken_bytes == taken);
	assert_true(v.acked_bytes > 0 && v.acked_bytes < v.taken_bytes);
	/* Killed: what was acknowledged is known after it, too. */
	peer_hang_up(&p, true);
	v = pump_failed(t, &p, 1);
	assert_false(v.up);
	assert_true(v.acked_bytes > 0 && v.acked_bytes < taken);
	assert_int_equal(v.number, 1);
	assert_string_equal(t->ops->trouble(t), "the collector broke the connection");
	assert_int_equal(t->ops->send(t, &piece, 1), -EAGAIN);
	t->ops->close(t, 0);
	peer_free(&p);
}

/* Closed by a collector that has read all: what came later was not read, and that is known. */
static void test_an_orderly_close_leaves_nothing_in_doubt(void **state)
{
	struct iovec piece = {pattern, 5000};
	struct session_view v;
	struct transport *t;
	struct peer p;

	(void)state;
	peer_make(&p, NULL);
	t = open_tcp(&p, SECOND_NS);
	pump_up(t, &p);
	peer_step(&p);
	send_all(t, &p, pattern, 1000);
	pump_acked(t, &p);
	peer_hang_up(&p, false);
	assert_int_equal(t->ops->send(t, &piece, 1), 5000); /* before we hear of it */
	p.idle = true;
	peer_stop_listening(&p);
	v = pump_failed(t, &p, 1);
	assert_false(v.up);
	assert_true(v.unread);
	assert_int_equal(v.acked_bytes, 1000);
	assert_int_equal(v.taken_bytes, 6000);
	assert_string_equal(t->ops->trouble(t), "the collector closed the connection");
	t->ops->close(t, 0);
	peer_free(&p);
}

/* One that only says no more may read on: what it acknowledges then counts. */
static void test_a_collector_that_says_no_more_reads_on(void **state)
{
	struct iovec piece = {pattern, sizeof pattern};
	int small = 4096;
	struct session_view v;
	struct transport *t;
	uint64_t taken = 0;
	struct peer p;
	ssize_t n;

	(void)state;
	peer_make(&p, NULL);
	setsockopt(p.listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	p.idle = true;
	t = open_tcp(&p, SECOND_NS);
	pump_up(t, &p);
	while (p.fd < 0)
		peer_step(&p);
	for (unsigned int i = 0; i < 20 && (n = t->ops->send(t, &piece, 1)) > 0; i++)
		taken += (uint64_t)n;
	peer_stop_listening(&p);
	shutdown(p.fd, SHUT_WR);
	sleep_ns(20000000);
	t->ops->session(t, &v);
	assert_true(v.up && v.acked_bytes < v.taken_bytes);
	assert_int_equal(t->ops->send(t, &piece, 1), -EAGAIN);
	p.idle = false;
	v = pump_failed(t, &p, 1);
	assert_false(v.up || v.unread);
	assert_int_equal(v.acked_bytes, taken);
	t->ops->close(t, 0);
	peer_free(&p);
}

/* A collector that moved is found by its name, without waiting for the answer. */
static void test_names_are_asked_again(void **state)
{
	struct stream_options o = {.reconnect_ns = 50000000};
	struct transport *t;
	char target[64], error[256];
	struct stream *s;
	struct session_view v;
	struct peer p;

	(void)state;
	peer_make(&p, NULL);
	snprintf(target, sizeof target, "localhost:%u", p.port);
	o.target = target;
	assert_int_equal(transport_tcp_open(&t, &o, error, sizeof error), 0);
	s = (struct stream *)t;
	/* 127.0.0.9, where it was before: nobody listens there */
	for (unsigned int i = 0; i < s->n_addresses; i++) {
		struct sockaddr_in *a = (struct sockaddr_in *)&s->addresses[i].address;

		*a = (struct sockaddr_in){.sin_family = AF_INET,
					  .sin_port = htons(p.port),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8)};
		s->addresses[i].len = sizeof *a;
	}
	assert_true(t->ops->own_traffic(t, error, sizeof error) > 0);
	assert_non_null(strstr(error, "127.0.0.9"));
	pump_failed(t, &p, 1);
	v = pump_up(t, &p);
	assert_int_equal(v.number, 1);
	/* What is filtered out as ours is what goes to the new address, which one is told of once.
	 */
	assert_int_equal(t->moves, 1);
	assert_true(s->moved_ns && s->attempt_ns - s->moved_ns >= STREAM_MOVED_NS);
	assert_true(t->ops->own_traffic(t, error, sizeof error) > 0);
	assert_null(strstr(error, "127.0.0.9"));
	while (p.fd < 0)
		peer_step(&p);
	peer_hang_up(&p, true);
	pump_failed(t, &p, v.failures + 1);
	pump_up(t, &p);
	assert_int_equal(t->moves, 1);
	t->ops->close(t, 0);
	peer_free(&p);
}

/* X6: no more than one attempt in reconnect_ns; the next session counts anew. */
static void test_x6_reconnects_after_a_while(void **state)
{
	const uint64_t wait_ns = 300000000;
	struct session_view v;
	struct transport *t;
	uint64_t began_ns;
	struct peer p;

	(void)state;
	peer_make(&p, NULL);
	t = open_tcp(&p, wait_ns);
	began_ns = clock_monotonic_ns();
	pump_up(t, &p);
	send_all(t, &p, pattern, 1000);
	peer_stop_listening(&p);
	peer_hang_up(&p, false);
	v = pump_failed(t, &p, 1);
	assert_false(v.up);
	assert_true(clock_monotonic_ns() - began_ns < wait_ns);
	v = pump_failed(t, &p, 2); /* refused */
	assert_true(clock_monotonic_ns() - began_ns >= wait_ns);
	assert_string_equal(t->ops->trouble(t), "nobody listens there");
	peer_listen(&p);
	v = pump_up(t, &p);
	assert_true(clock_monotonic_ns() - began_ns >= 2 * wait_ns);
	assert_int_equal(v.number, 2);
	assert_int_equal(v.failures, 2);
	assert_int_equal(v.taken_bytes, 0);
	assert_int_equal(v.acked_bytes, 0);
	send_all(t, &p, pattern, 500);
	pump_acked(t, &p);
	assert_int_equal(p.len, 500);
	t->ops->close(t, 0);
	peer_free(&p);
}

static void test_who_needs_a_first_session(void **state)
{
	struct stream_options o = {.reconnect_ns = 60 * SECOND_NS, .first_session_ns = 100000000};
	char error[256] = "";
	struct transport *t;
	struct peer p;

	(void)state;
	peer_make(&p, NULL);
	o.target = p.target;
	assert_int_equal(transport_tcp_open(&t, &o, error, sizeof error), 0);
	t->ops->close(t, 0);
	peer_stop_listening(&p);
	assert_int_equal(transport_tcp_open(&t, &o, error, sizeof error), -ECONNREFUSED);
	assert_non_null(strstr(error, "nobody listens there"));
	/* Who can wait, opens. */
	o.first_session_ns = 0;
	assert_int_equal(transport_tcp_open(&t, &o, error, sizeof error), 0);
	t->ops->close(t, 0);
	o.target = "host.invalid:4739";
	assert_int_equal(transport_tcp_open(&t, &o, error, sizeof error), -EHOSTUNREACH);
	assert_non_null(strstr(error, "check the name"));
	peer_free(&p);
}

static void test_ipv6(void **state)
{
	const struct stream_options o = {.target = "[::1]:9", .reconnect_ns = SECOND_NS};
	char error[256], expression[256];
	struct transport *t;

	(void)state;
	assert_int_equal(transport_tcp_open(&t, &o, error, sizeof error), 0);
	assert_true(t->ops->own_traffic(t, expression, sizeof expression) > 0);
	assert_string_equal(expression, "(tcp and host ::1 and port 9)");
	assert_int_equal(t->ops->own_traffic(t, expression, 10), -ENOSPC);
	t->ops->close(t, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_arrive_and_are_acknowledged),
		cmocka_unit_test(test_x5_a_collector_that_does_not_read),
		cmocka_unit_test(test_an_orderly_close_leaves_nothing_in_doubt),
		cmocka_unit_test(test_a_collector_that_says_no_more_reads_on),
		cmocka_unit_test(test_names_are_asked_again),
		cmocka_unit_test(test_x6_reconnects_after_a_while),
		cmocka_unit_test(test_who_needs_a_first_session),
		cmocka_unit_test(test_ipv6),
	};

	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (uint8_t)(i * 2654435761U >> 13);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
