/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX over UDP that is not to lose anything: a reader on this machine sets the pace by the room
 * in its buffer, all others get a fixed rate. The clock is the test's own, so that a wait is exact.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/udp_reader.h"
#include "udp_collector.h"

#define RECORDS	      20000
#define MESSAGE_BYTES IPFIX_UDP_BYTES_DEFAULT
/* Messages of a burst at the fixed rate, and how long the next one waits for them. */
#define BURST	 (IPFIX_PACE_BURST_BYTES / pace_cost_bytes(MESSAGE_BYTES))
#define BURST_NS (IPFIX_PACE_BURST_BYTES * SECOND_NS / IPFIX_PACE_BYTES_PER_S)

/* A UDP transport that sees less than it could. */
struct veiled {
	struct transport base;
	struct transport *udp;
};

static ssize_t veiled_send(struct transport *t, const struct iovec *pieces, int n)
{
	struct transport *udp = ((struct veiled *)t)->udp;

	return udp->ops->send(udp, pieces, n);
}

static void veiled_close(struct transport *t, uint64_t deadline_ns)
{
	struct transport *udp = ((struct veiled *)t)->udp;

	udp->ops->close(udp, deadline_ns);
	free(t);
}

/* Some socket, but not the one that gets what is sent. */
static int always_empty(struct transport *t, struct reader_room *out)
{
	(void)t;
	*out = (struct reader_room){.size_bytes = 212992};
	return 0;
}

static int unknown(struct transport *t, struct reader_room *out)
{
	(void)t;
	(void)out;
	return -EOPNOTSUPP;
}

static const struct transport_ops blind_ops = {.send = veiled_send, .close = veiled_close};
static const struct transport_ops unknown_ops = {
	.send = veiled_send, .reader_room = unknown, .close = veiled_close};
static const struct transport_ops empty_ops = {
	.send = veiled_send, .reader_room = always_empty, .close = veiled_close};

static struct output *open_lossless(const struct collector *c)
{
	return open_to(c, (struct output_spec){.observation_domain = 77,
					       .mtu_bytes = MESSAGE_BYTES,
					       .lossless = true});
}

static struct output *open_veiled(const struct collector *c, const struct transport_ops *ops,
				  bool lossless)
{
	struct output_spec spec = {
		.observation_domain = 77, .mtu_bytes = MESSAGE_BYTES, .lossless = lossless};
	struct veiled *v = calloc(1, sizeof *v);
	struct output *o;
	char error[256];

	assert_non_null(v);
	v->base.ops = ops;
	assert_int_equal(output_spec_parse(&spec, c->spec, error, sizeof error), 0);
	assert_int_equal(ipfix_transport_open(&v->udp, &spec, error, sizeof error), 0);
	assert_int_equal(output_open_over(&o, &spec, &v->base), 0);
	return o;
}

/* Whether this kernel tells; a test that needs it is shown as skipped. */
static bool kernel_tells(void)
{
	struct collector c;
	struct udp_reader r;
	struct reader_room room;
	struct output *o;
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	int error, fd = socket(AF_INET, SOCK_DGRAM, 0);

	bind_collector(&c, AF_INET);
	o = open_lossless(&c);
	getsockname(c.fd, (struct sockaddr *)&a, &len);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, len), 0);
	error = udp_reader_open(&r, fd);
	if (!error)
		error = udp_reader_ask(&r, &room);
	udp_reader_close(&r);
	output_free(o);
	close(fd);
	close_collector(&c);
	if (error)
		print_message("the kernel tells nothing of sockets: %s\n", strerror(-error));
	return error == 0;
}

#define NEEDS_SIGHT()                                                                              \
	do {                                                                                       \
		if (!kernel_tells())                                                               \
			skip();                                                                    \
	} while (0)

/*
 * Sends so many records as the exporter does, and reads whenever the output waits. Returns how much
 * time went by.
 */
static uint64_t send_all(struct output *o, struct collector *c, struct collector *other)
{
	uint64_t now_ns = SAMPLE_NS;

	submit_many(o, RECORDS);
	output_drain(o);
	while (output_poll(o, now_ns)) {
		uint64_t wait_ns = output_wait_ns(o, now_ns);

		assert_true(wait_ns > 0 && wait_ns <= IPFIX_PACE_STEP_MAX_NS);
		now_ns += wait_ns;
		receive_all(c, 0);
		if (other)
			receive_all(other, 0);
	}
	receive_all(c, 0);
	if (other)
		receive_all(other, 0);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], RECORDS);
	return now_ns - SAMPLE_NS;
}

/* What the fixed rate takes for what was sent, less the first and the last burst. */
static uint64_t paced_ns(const struct output *o)
{
	return (output_counters(o)->count[OUTPUT_sent_messages] / BURST - 2) * BURST_NS;
}

static void finish(struct output *o, struct collector *c)
{
	output_close(o, 0);
	output_free(o);
	close_collector(c);
}

static void run_seen(struct collector *c)
{
	struct output *o = open_lossless(c);
	uint64_t took_ns = send_all(o, c, NULL);

	assert_int_equal(c->records, RECORDS);
	assert_true(took_ns < paced_ns(o) / 10);
	finish(o, c);
}

static void test_reader_that_is_seen_is_not_paced(void **state)
{
	struct collector c;

	(void)state;
	NEEDS_SIGHT();
	bind_collector(&c, AF_INET);
	run_seen(&c);
	bind_collector(&c, AF_INET6);
	run_seen(&c);
}

/* As most collectors are: IPv6 and IPv4 at once, on all addresses. */
static void test_reader_on_all_addresses(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "127.9.8.7", "[::1]"};

	(void)state;
	NEEDS_SIGHT();
	for (unsigned int i = 0; i < 3; i++) {
		struct sockaddr_in6 a = {.sin6_family = AF_INET6};
		socklen_t len = sizeof a;
		struct collector c = {.fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0)};
		int off = 0;

		reader_begin(&c.reader, 77);
		setsockopt(c.fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
		assert_int_equal(bind(c.fd, (struct sockaddr *)&a, len), 0);
		getsockname(c.fd, (struct sockaddr *)&a, &len);
		snprintf(c.spec, sizeof c.spec, "ipfix:udp://%s:%u", hosts[i], ntohs(a.sin6_port));
		run_seen(&c);
	}
}

/* Several sockets share the port: ours is the one that is asked for. */
static void test_one_of_several_readers(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct collector c[2] = {0};
	socklen_t len = sizeof a;
	struct output *o;
	uint64_t took_ns;
	int on = 1;

	(void)state;
	NEEDS_SIGHT();
	for (int i = 0; i < 2; i++) {
		reader_begin(&c[i].reader, 77);
		c[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		setsockopt(c[i].fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
		assert_int_equal(bind(c[i].fd, (struct sockaddr *)&a, len), 0);
		getsockname(c[i].fd, (struct sockaddr *)&a, &len);
	}
	snprintf(c[0].spec, sizeof c[0].spec, "ipfix:udp://127.0.0.1:%u", ntohs(a.sin_port));
	o = open_lossless(&c[0]);
	took_ns = send_all(o, &c[0], &c[1]);
	assert_true(c[0].records == RECORDS || c[1].records == RECORDS);
	assert_true(took_ns < paced_ns(o) / 10);
	close_collector(&c[1]);
	finish(o, &c[0]);
}

static void *close_in_time(void *output)
{
	output_close(output, clock_monotonic_ns() + 60 * SECOND_NS);
	return NULL;
}

/* A millisecond a message, and room for a few: all come, in order. */
static void run_slow(int buffer_bytes, uint32_t mtu_bytes, uint32_t records)
{
	uint64_t deadline_ns = clock_monotonic_ns() + 60 * SECOND_NS;
	struct collector c;
	struct output *o;
	pthread_t sender;

	bind_collector(&c, AF_INET);
	assert_int_equal(
		setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes), 0);
	o = open_to(&c, (struct output_spec){.observation_domain = 77,
					     .lossless = true,
					     .mtu_bytes = mtu_bytes});
	submit_many(o, records);
	assert_int_equal(pthread_create(&sender, NULL, close_in_time, o), 0);
	while (c.records < records && clock_monotonic_ns() < deadline_ns) {
		sleep_ns(1000000);
		receive(&c, c.records, 0);
	}
	pthread_join(sender, NULL);
	assert_int_equal(c.records, records);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], records);
	output_free(o);
	close_collector(&c);
}

static void test_slow_reader_loses_nothing(void **state)
{
	(void)state;
	NEEDS_SIGHT();
	run_slow(16384, 1400, 1500);
	run_slow(2304, 1400, 500); /* a message, or two */
	run_slow(16384, 9000, 2000);
	run_slow(40000, 256, 400);
}

/* A burst, and no more before its time. */
static void run_paced(struct output *o, struct collector *c)
{
	uint64_t now_ns = SAMPLE_NS;

	submit_many(o, 1500);
	for (unsigned int i = 0; i < 10; i++) {
		output_poll(o, now_ns);
		assert_int_equal(receive_all(c, now_ns), BURST);
		output_poll(o, now_ns + BURST_NS - 1);
		assert_int_equal(receive_all(c, now_ns), 0);
		assert_int_equal(output_wait_ns(o, now_ns + BURST_NS - 100), 100);
		now_ns += BURST_NS;
	}
	/* the clock is set back by an hour: nothing waits for it */
	now_ns -= 3600 * SECOND_NS;
	output_poll(o, now_ns);
	assert_true(receive_all(c, 0) >= BURST - 1);
	output_close(o, clock_monotonic_ns() + 20 * SECOND_NS);
	receive_all(c, 0);
	assert_int_equal(c->records, 1500);
	output_free(o);
	close_collector(c);
}

static void test_reader_that_is_not_seen_is_paced(void **state)
{
	static const struct transport_ops *const ops[] = {&blind_ops, &unknown_ops, &empty_ops};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct collector c;

		bind_collector(&c, i == 1 ? AF_INET6 : AF_INET);
		run_paced(open_veiled(&c, ops[i], true), &c);
	}
}

/* X4: what ends together live leaves in bursts that a buffer of 208 KB holds, one a moment. */
static void test_X4_live_bursts_are_bounded(void **state)
{
	const uint64_t burst = IPFIX_LIVE_BURST_BYTES / pace_cost_bytes(MESSAGE_BYTES);
	const uint64_t burst_ns = IPFIX_LIVE_BURST_BYTES * SECOND_NS / IPFIX_LIVE_BYTES_PER_S;
	uint64_t now_ns = SAMPLE_NS;
	struct collector c;
	struct output *o;

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_veiled(&c, &blind_ops, false);
	submit_many(o, 3000);
	for (unsigned int i = 0; i < 5; i++) {
		output_poll(o, now_ns);
		assert_int_equal(receive_all(&c, now_ns), burst);
		output_poll(o, now_ns + burst_ns - 1);
		assert_int_equal(receive_all(&c, now_ns), 0);
		now_ns += burst_ns;
	}
	assert_true(c.records < 3000);
	output_free(o);
	close_collector(&c);
}

/* From full speed to the fixed rate, where the refusals are counted by name. */
static void test_reader_that_goes(void **state)
{
	const struct output_counters *n;
	struct collector c;
	struct output *o;
	uint64_t gone, now_ns = SAMPLE_NS;

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_lossless(&c);
	n = output_counters(o);
	submit_many(o, RECORDS);
	output_poll(o, now_ns);
	assert_true(receive_all(&c, now_ns) >= BURST);
	close_collector(&c);
	for (unsigned int i = 0; i < 20; i++) {
		gone = n->count[OUTPUT_sent] + n->dropped[OUTPUT_DROP_transport];
		now_ns += IPFIX_PACE_STEP_MAX_NS + BURST_NS;
		output_poll(o, now_ns);
		/* what fits a burst; sample records are 100 bytes at least */
		assert_true(n->count[OUTPUT_sent] + n->dropped[OUTPUT_DROP_transport] - gone <=
			    BURST * MESSAGE_BYTES / 100);
	}
	assert_true(n->dropped[OUTPUT_DROP_transport] > 0);
	assert_non_null(strstr(output_last_error(o), "nobody listens"));
	assert_int_equal(n->count[OUTPUT_offered], n->count[OUTPUT_sent] + n->count[OUTPUT_queued] +
							   n->dropped[OUTPUT_DROP_transport]);
	output_close(o, 0);
	output_free(o);
}

/* What we think a message takes is never less than what the kernel says. */
static void test_messages_cost_no_more_than_thought(void **state)
{
	static uint8_t bytes[IPFIX_UDP_BYTES_MAX];
	struct collector c;
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	struct reader_room room;
	struct udp_reader r;
	int fd;

	(void)state;
	NEEDS_SIGHT();
	for (unsigned int i = 0; i < 2; i++) {
		bind_collector(&c, i ? AF_INET6 : AF_INET);
		fd = socket(i ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
		len = sizeof a;
		getsockname(c.fd, (struct sockaddr *)&a, &len);
		assert_int_equal(connect(fd, (struct sockaddr *)&a, len), 0);
		assert_int_equal(udp_reader_open(&r, fd), 0);
		for (uint32_t n = 100; n <= 65000; n += n / 16) {
			assert_int_equal(send(fd, bytes, n, 0), n);
			assert_int_equal(udp_reader_ask(&r, &room), 0);
			assert_true(room.used_bytes >= n && room.size_bytes > 0);
			if (room.used_bytes > pace_cost_bytes(n))
				fail_msg("%u bytes cost %u, not %u", n, room.used_bytes,
					 (unsigned int)pace_cost_bytes(n));
			assert_int_equal(recv(c.fd, bytes, sizeof bytes, 0), n);
		}
		close_collector(&c);
		assert_int_equal(udp_reader_ask(&r, &room), -ENOENT);
		udp_reader_close(&r);
		assert_int_equal(udp_reader_ask(&r, &room), -ENOENT);
		close(fd);
	}
}

static void test_who_cannot_be_asked(void **state)
{
	const struct sockaddr_in far = {.sin_family = AF_INET,
					.sin_port = htons(4739),
					.sin_addr.s_addr = htonl(0xc0000201)}; /* 192.0.2.1 */
	struct udp_reader r;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(udp_reader_open(&r, fd), -ENOTCONN);
	udp_reader_close(&r);
	if (connect(fd, (const struct sockaddr *)&far, sizeof far)) {
		print_message("no route to any other machine: %s\n", strerror(errno));
		close(fd);
		skip();
	}
	assert_int_equal(udp_reader_open(&r, fd), -EREMOTE);
	udp_reader_close(&r);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_that_is_seen_is_not_paced),
		cmocka_unit_test(test_reader_on_all_addresses),
		cmocka_unit_test(test_one_of_several_readers),
		cmocka_unit_test(test_slow_reader_loses_nothing),
		cmocka_unit_test(test_reader_that_is_not_seen_is_paced),
		cmocka_unit_test(test_X4_live_bursts_are_bounded),
		cmocka_unit_test(test_reader_that_goes),
		cmocka_unit_test(test_messages_cost_no_more_than_thought),
		cmocka_unit_test(test_who_cannot_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
