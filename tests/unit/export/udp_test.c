/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX over a real UDP socket, with a clock of our own: templates first and again in time,
 * sequence numbers over sent and lost records, message sizes, and a collector that is not there.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "udp_collector.h"

static uint32_t templates_of(const struct output *o)
{
	return ipfix_template_count(o->ipfix.profile);
}

static void run_sizes(int family, uint32_t mtu_bytes)
{
	struct collector c;
	struct output *o;
	uint64_t now_ns = SAMPLE_NS;

	bind_collector(&c, family);
	o = open_to(&c, (struct output_spec){.observation_domain = 77, .mtu_bytes = mtu_bytes});
	for (unsigned int round = 0; round < 20; round++) {
		submit_many(o, 37);
		now_ns += OUTPUT_FLUSH_NS;
		output_poll(o, now_ns);
		receive_all(&c, now_ns);
	}
	o->draining = true;
	assert_int_equal(output_poll(o, now_ns), 0);
	receive_all(&c, now_ns);
	assert_int_equal(c.records, 20 * 37);
	assert_int_equal(c.templates, templates_of(o));
	assert_true(c.longest <= mtu_bytes);
	assert_true(c.longest > mtu_bytes - 130 || mtu_bytes > 4000);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], c.records);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent_messages], c.messages);
	output_close(o, 0);
	output_free(o);
	close_collector(&c);
}

static void test_messages_of_all_sizes(void **state)
{
	(void)state;
	run_sizes(AF_INET, 1400);
	run_sizes(AF_INET, 512);
	run_sizes(AF_INET, IPFIX_UDP_BYTES_MIN);
	run_sizes(AF_INET, 9000);
	run_sizes(AF_INET6, 1232);
}

static void test_T4_templates_come_again(void **state)
{
	struct collector c;
	struct output *o;
	uint64_t now_ns = SAMPLE_NS;

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_to(&c, (struct output_spec){.observation_domain = 77, .flush_lines = true});
	output_poll(o, now_ns); /* at the start, without data */
	assert_int_equal(receive_all(&c, now_ns), 1);
	assert_int_equal(c.templates, templates_of(o));
	output_poll(o, now_ns + SECOND_NS);
	assert_int_equal(receive_all(&c, now_ns), 0);
	/* by time, with and without data */
	now_ns += IPFIX_TEMPLATE_RESEND_S * SECOND_NS;
	output_poll(o, now_ns - 1);
	assert_int_equal(receive_all(&c, now_ns), 0);
	output_poll(o, now_ns);
	receive_all(&c, now_ns);
	assert_int_equal(c.templates, 2 * templates_of(o));
	/* by messages */
	for (unsigned int i = 1; i < IPFIX_TEMPLATE_RESEND_MESSAGES; i++) {
		submit_many(o, 1);
		now_ns += IPFIX_PACE_STEP_MAX_NS;
		output_poll(o, now_ns);
		assert_int_equal(receive_all(&c, now_ns), 1);
	}
	assert_int_equal(c.templates, 2 * templates_of(o));
	submit_many(o, 1);
	output_poll(o, now_ns);
	assert_int_equal(receive_all(&c, now_ns), 2);
	assert_int_equal(c.templates, 3 * templates_of(o));
	/* the clock is set back */
	now_ns -= 10 * SECOND_NS;
	output_poll(o, now_ns);
	receive_all(&c, now_ns);
	assert_int_equal(c.templates, 4 * templates_of(o));
	output_close(o, 0);
	output_free(o);
	close_collector(&c);
}

/* A path that takes so much, and what was sent over it. */
struct path {
	struct transport base;
	uint32_t bytes, longest;
};

static ssize_t path_send(struct transport *base, const struct iovec *pieces, int n)
{
	struct path *p = (struct path *)base;

	assert_int_equal(n, 1);
	if (pieces->iov_len > p->longest)
		p->longest = (uint32_t)pieces->iov_len;
	return (ssize_t)pieces->iov_len;
}

static uint32_t path_bytes(struct transport *base)
{
	return ((struct path *)base)->bytes;
}

static void path_close(struct transport *base, uint64_t deadline_ns)
{
	(void)base;
	(void)deadline_ns;
}

static uint32_t longest_over(uint32_t bytes, uint32_t mtu_bytes)
{
	static const struct transport_ops ops = {
		.send = path_send, .path_bytes = path_bytes, .close = path_close};
	const struct output_spec spec = {
		.type = OUTPUT_IPFIX, .target = "udp://p:1", .mtu_bytes = mtu_bytes};
	struct path p = {.base.ops = &ops, .bytes = bytes};
	struct output *o;

	assert_int_equal(output_open_over(&o, &spec, &p.base), 0);
	submit_many(o, 400);
	output_drain(o);
	for (uint64_t now_ns = SAMPLE_NS; output_poll(o, now_ns); now_ns += SECOND_NS)
		continue;
	output_free(o);
	return p.longest;
}

static void assert_about(uint32_t bytes, uint32_t most)
{
	assert_true(bytes <= most && bytes > most - 130);
}

/* X3: what the path takes, 512 where nothing is known of it; more than Ethernet's to ourselves. */
static void test_X3_messages_fit_their_path(void **state)
{
	(void)state;
	assert_about(longest_over(0, 0), IPFIX_UDP_BYTES_UNKNOWN);
	assert_about(longest_over(1280, 0), 1280);
	assert_about(longest_over(1472, 0), IPFIX_UDP_BYTES_DEFAULT);
	assert_about(longest_over(8972, 0), IPFIX_UDP_BYTES_DEFAULT);
	assert_about(longest_over(65508, 0), IPFIX_UDP_BYTES_LOCAL);
	assert_about(longest_over(1472, 9000), 1472);
	assert_about(longest_over(65508, 9000), 9000);
}

static uint32_t export_time_after(uint64_t ahead_s)
{
	struct collector c;
	struct output *o;
	uint8_t m[65536];
	struct flow_record r = sample_ipv4();

	bind_collector(&c, AF_INET);
	o = open_to(&c, (struct output_spec){.observation_domain = 77, .flush_lines = true});
	output_poll(o, SAMPLE_NS);
	while (recv(c.fd, m, sizeof m, 0) > 0)
		continue;
	r.end_ns = SAMPLE_NS + ahead_s * SECOND_NS;
	output_submit(o, &r);
	output_poll(o, SAMPLE_NS + SECOND_NS);
	assert_true(recv(c.fd, m, sizeof m, 0) > 0);
	output_free(o);
	close_collector(&c);
	return load_be32(m + 4) - (uint32_t)(SAMPLE_NS / SECOND_NS);
}

/* F4: no flow ends after its export, whatever clock the packets of a file had. */
static void test_F4_records_from_the_future(void **state)
{
	const uint32_t now = export_time_after(0); /* rounded up */
	const uint64_t left_s = UINT32_MAX - SAMPLE_NS / SECOND_NS;

	(void)state;
	assert_in_range(now, 1, 2);
	assert_int_equal(export_time_after(86400), 86400 - 1 + now);
	assert_int_equal(export_time_after(10 * 365 * 86400ULL), 10 * 365 * 86400 - 1 + now);
	/* the last second that there is */
	assert_int_equal(export_time_after(left_s + 1), left_s);
	assert_int_equal(export_time_after(200 * 365 * 86400ULL), left_s);
}

/* The end of a record that no export time could follow is told as the last that can. */
static void test_F4_records_from_beyond(void **state)
{
	struct ipfix_options options = {.biflow = true};
	struct flow_record r = sample_ipv4(), late = r;
	struct ipfix_profile *p;
	uint8_t a[1024], b[1024];
	struct wbuf to_a = wbuf_make(a, sizeof a), to_b = wbuf_make(b, sizeof b);
	char error[256];

	(void)state;
	assert_int_equal(ipfix_profile_create(&p, &options, error, sizeof error), 0);
	late.end_ns = IPFIX_TIME_MAX_NS + 5 * SECOND_NS;
	r.end_ns = IPFIX_TIME_MAX_NS;
	assert_int_not_equal(ipfix_record_put(p, &to_a, &late), 0);
	assert_int_not_equal(ipfix_record_put(p, &to_b, &r), 0);
	assert_int_equal(to_a.at - a, to_b.at - b);
	assert_memory_equal(a, b, (size_t)(to_b.at - b));
	ipfix_profile_destroy(p);
}

/* The export time of the one message that waits. */
static uint32_t export_time_of_next(struct collector *c)
{
	uint8_t m[65536];

	assert_true(recv(c->fd, m, sizeof m, 0) > 0);
	return load_be32(m + 4) - (uint32_t)(SAMPLE_NS / SECOND_NS);
}

static void submit_end(struct output *o, uint64_t end_ns)
{
	struct flow_record r = sample_ipv4();

	r.end_ns = end_ns;
	output_submit(o, &r);
}

/* M3: a clock that is set back takes the export time along, but for what was made before. */
static void test_M3_the_clock_is_set_back(void **state)
{
	const uint64_t hour_ns = 3600 * SECOND_NS;
	struct collector c;
	struct output *o;
	uint8_t m[65536];

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_to(&c, (struct output_spec){.observation_domain = 77, .flush_lines = true});
	output_poll(o, SAMPLE_NS + hour_ns);
	while (recv(c.fd, m, sizeof m, 0) > 0)
		continue;
	submit_end(o, SAMPLE_NS + hour_ns);
	output_poll(o, SAMPLE_NS + hour_ns);
	assert_int_equal(export_time_of_next(&c), 3601);
	/* one more by the old time, which has not left when it ends */
	submit_end(o, SAMPLE_NS + hour_ns);
	output_poll(o, SAMPLE_NS + SECOND_NS);
	assert_int_equal(export_time_of_next(&c), 3601); /* with templates again */
	submit_end(o, SAMPLE_NS + SECOND_NS);
	output_poll(o, SAMPLE_NS + 2 * SECOND_NS);
	assert_in_range(export_time_of_next(&c), 2, 3);
	output_free(o);
	close_collector(&c);
}

static void test_losses_show_as_gaps(void **state)
{
	struct collector c;
	struct output *o;

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_to(&c, (struct output_spec){.observation_domain = 77,
					     .flush_lines = true,
					     .queue_records_max = 5});
	submit_many(o, 8); /* three find the queue full */
	output_poll(o, SAMPLE_NS);
	assert_true(receive(&c, 3, SAMPLE_NS));
	assert_int_equal(c.records, 5);
	submit_many(o, 1);
	output_poll(o, SAMPLE_NS);
	assert_true(receive(&c, 8, SAMPLE_NS));
	output_close(o, 0);
	output_free(o);
	close_collector(&c);
}

static void test_nobody_listens_and_then_somebody(void **state)
{
	struct collector c;
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	const struct output_counters *n;
	struct output *o;

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_to(&c, (struct output_spec){.observation_domain = 77, .flush_lines = true});
	n = output_counters(o);
	getsockname(c.fd, (struct sockaddr *)&a, &len);
	close_collector(&c);
	for (unsigned int i = 0; i < 10; i++) {
		submit_many(o, 1);
		output_poll(o, SAMPLE_NS);
	}
	assert_int_equal(n->count[OUTPUT_sent] + n->dropped[OUTPUT_DROP_transport], 10);
	assert_true(n->dropped[OUTPUT_DROP_transport] >= 4);
	assert_non_null(strstr(output_last_error(o), "nobody listens"));
	/* It comes back: templates come first again. */
	memset(&c, 0, sizeof c);
	reader_begin(&c.reader, 77);
	c.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(c.fd, (struct sockaddr *)&a, sizeof a), 0);
	for (unsigned int i = 0; i < 3 && !c.records; i++) {
		submit_many(o, 1);
		output_poll(o, SAMPLE_NS);
		receive(&c, (uint32_t)n->count[OUTPUT_offered] - 1, SAMPLE_NS);
	}
	assert_int_equal(c.templates, templates_of(o));
	assert_int_equal(c.records, 1);
	output_close(o, 0);
	output_free(o);
	close_collector(&c);
}

static bool matches(const char *expression, const uint8_t *frame, uint32_t len)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	bool result;

	assert_int_equal(pcap_compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	result = bpf_filter(program.bf_insns, frame, len, len) != 0;
	pcap_freecode(&program);
	pcap_close(p);
	return result;
}

/* "Port unreachable" that quotes our own message must not become the next flow. */
static void test_own_errors_are_own_traffic(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct collector c;
		struct output *o;
		char expression[600];
		uint8_t frame[120] = {0};
		uint16_t port;

		bind_collector(&c, families[i]);
		port = (uint16_t)atoi(strrchr(c.spec, ':') + 1);
		o = open_to(&c, (struct output_spec){0});
		assert_true(output_own_traffic(o, expression, sizeof expression) > 0);
		if (families[i] == AF_INET) {
			memcpy(frame + 12, "\x08\0\x45", 3);
			frame[23] = 1;
			frame[34] = 3;
			frame[35] = 3;
			frame[42] = 0x45;
			memcpy(frame + 34 + 24, "\x7f\0\0\1", 4);
			store_be16(frame + 34 + 30, port);
		} else {
			memcpy(frame + 12, "\x86\xdd\x60", 3);
			frame[20] = 58;
			frame[54] = 1;
			frame[14 + 87] = 1; /* ::1 */
			store_be16(frame + 14 + 90, port);
		}
		assert_true(matches(expression, frame, sizeof frame));
		frame[families[i] == AF_INET ? 34 + 31 : 14 + 91] ^= 1;
		assert_false(matches(expression, frame, sizeof frame));
		output_close(o, 0);
		output_free(o);
		close_collector(&c);
	}
}

static void test_own_traffic(void **state)
{
	struct collector c;
	struct sockaddr_in us;
	socklen_t len = sizeof us;
	struct output *o;
	char expression[400], wanted[400];
	uint8_t bytes[2000];

	(void)state;
	bind_collector(&c, AF_INET);
	o = open_to(&c, (struct output_spec){.observation_domain = 77});
	output_poll(o, SAMPLE_NS);
	assert_true(recvfrom(c.fd, bytes, sizeof bytes, 0, (struct sockaddr *)&us, &len) > 0);
	snprintf(wanted, sizeof wanted,
		 "(udp and src host 127.0.0.1 and src port %u and dst host 127.0.0.1 and dst port "
		 "%s) or (icmp[0] = 3 and icmp[24:4] = 0x7f000001 and icmp[30:2] = %s)",
		 ntohs(us.sin_port), strrchr(c.spec, ':') + 1, strrchr(c.spec, ':') + 1);
	assert_int_equal(output_own_traffic(o, expression, sizeof expression), strlen(wanted));
	assert_string_equal(expression, wanted);
	assert_int_equal(output_own_traffic(o, expression, 20), -ENOSPC);
	output_close(o, 0);
	output_free(o);
	close_collector(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_all_sizes),
		cmocka_unit_test(test_T4_templates_come_again),
		cmocka_unit_test(test_X3_messages_fit_their_path),
		cmocka_unit_test(test_F4_records_from_the_future),
		cmocka_unit_test(test_F4_records_from_beyond),
		cmocka_unit_test(test_M3_the_clock_is_set_back),
		cmocka_unit_test(test_losses_show_as_gaps),
		cmocka_unit_test(test_nobody_listens_and_then_somebody),
		cmocka_unit_test(test_own_traffic),
		cmocka_unit_test(test_own_errors_are_own_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
