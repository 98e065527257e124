/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of a snapshot: as metrics, on a dashboard, in a line; and addresses to listen at. */
#include "metrics_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "lane.h"
#include "metrics.h"
#include "metrics_dashboard.h"
#include "summary.h"

/* Two lanes, an output with an odd name, a port. */
static struct snapshot *sample(void)
{
	static struct snapshot s;

	s = (struct snapshot){.uptime_ns = 10 * SECOND_NS,
			      .wall_ns = 1000 * SECOND_NS,
			      .cpu_ns = 5 * SECOND_NS / 2,
			      .flows_max = 77,
			      .n_lanes = 2,
			      .n_ports = 1};
	s.lanes[0].numbers.counters.rx_packets = 100;
	s.lanes[0].numbers.counters.metered_packets = 90;
	s.lanes[0].numbers.counters.dropped[DROP_arp] = 8;
	s.lanes[0].numbers.counters.dropped[DROP_lane_ring_full] = 2;
	s.lanes[0].numbers.counters.rx_bytes = 12500000;
	s.lanes[1].numbers.counters.table[TABLE_flows_created] = 30;
	s.lanes[1].numbers.counters.table[TABLE_flows_ended_idle] = 7;
	s.lanes[1].numbers.counters.table[TABLE_records_dropped_ring_full] = 3;
	s.lanes[1].numbers.flows_active = 23;
	s.lanes[1].numbers.busy_ns = 4 * SECOND_NS;
	s.exporter.records = 50;
	s.exporter.n_outputs = 1;
	snprintf(s.exporter.outputs[0].name, sizeof s.exporter.outputs[0].name, "a \"b\" \\c\nd");
	s.exporter.outputs[0].type = OUTPUT_IPFIX;
	s.exporter.outputs[0].counters.count[OUTPUT_queued] = 4;
	s.exporter.outputs[0].counters.dropped[OUTPUT_DROP_queue_full] = 6;
	record_ages_add(&s.exporter.ages, SECOND_NS / 2);
	record_ages_add(&s.exporter.ages, SECOND_NS);
	record_ages_add(&s.exporter.ages, 7200 * SECOND_NS);
	snprintf(s.ports[0].name, sizeof s.ports[0].name, "eth0");
	s.ports[0].missed = 5;
	return &s;
}

static char *printed(const struct snapshot *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	metrics_print(f, s);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void test_samples(void **state)
{
	static const char *const lines[] = {
		"\nftprobe_received_packets_total{lane=\"0\"} 100\n",
		"\nftprobe_metered_packets_total{lane=\"0\"} 90\n",
		"\nftprobe_dropped_packets_total{port=\"\",lane=\"0\",reason=\"arp\"} 8\n",
		"{port=\"eth0\",lane=\"\",reason=\"port_missed\"} 5\n",
		"\nftprobe_table_flows{lane=\"1\"} 23\n",
		"\nftprobe_table_capacity_flows{lane=\"1\"} 77\n",
		"\nftprobe_flows_created_total{lane=\"1\"} 30\n",
		"\nftprobe_flows_ended_total{lane=\"1\",reason=\"idle\"} 7\n",
		"\nftprobe_records_dropped_total{lane=\"1\",reason=\"ring_full\"} 3\n",
		"\nftprobe_cpu_seconds_total 2.500000000\n",
		"\nftprobe_start_time_seconds 990.000\n",
		"\nftprobe_lane_busy_seconds_total{lane=\"1\"} 4.000000000\n",
		"_queued_records{output=\"a \\\"b\\\" \\\\c\\nd\",type=\"ipfix\"} 4\n",
		",type=\"ipfix\",reason=\"queue_full\"} 6\n",
		"\nftprobe_record_duration_seconds_bucket{le=\"0.1\"} 0\n",
		"\nftprobe_record_duration_seconds_bucket{le=\"1\"} 2\n",
		"\nftprobe_record_duration_seconds_bucket{le=\"1800\"} 2\n",
		"\nftprobe_record_duration_seconds_bucket{le=\"+Inf\"} 3\n",
		"\nftprobe_record_duration_seconds_sum 7201.500000000\n",
		"\nftprobe_record_duration_seconds_count 3\n",
	};
	char *text = printed(sample());

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (!strstr(text, lines[i]))
			fail_msg("there is no %s", lines[i]);
	free(text);
}

/* Every counter has its place, whoever adds one. */
static void test_all_counters(void **state)
{
	char *text = printed(sample());
	char wanted[128];

	(void)state;
#define MUST_HAVE(...)                                                                             \
	do {                                                                                       \
		snprintf(wanted, sizeof wanted, __VA_ARGS__);                                      \
		if (!strstr(text, wanted))                                                         \
			fail_msg("there is no %s", wanted);                                        \
	} while (0);
	/* clang-format off */
#define DROP(name, sentence) MUST_HAVE("reason=\"%s\"}", #name)
#define NOTE(name, sentence) MUST_HAVE("note=\"%s\"}", #name)
#define DPI(name, sentence) MUST_HAVE("\nftprobe_%s_total{lane=\"0\"} ", #name)
#define OUTPUT_DROP(name, sentence) MUST_HAVE("reason=\"%s\"}", #name)
#define OUTPUT(name, sentence) MUST_HAVE("\nftprobe_output_%s_", #name)
#define TABLE(name, sentence) \
	if (strncmp(#name, "flows_ended_", 12) == 0) \
		MUST_HAVE("reason=\"%s\"}", &#name[12]) \
	else if (strncmp(#name, "records_dropped_", 16) == 0) \
		MUST_HAVE("reason=\"%s\"}", &#name[16]) \
	else \
		MUST_HAVE("\nftprobe_%s_total{", #name)
#include "core/counters.def"
	/* clang-format on */
	free(text);
}

static void test_names(void **state)
{
	const struct metric *m, *other;

	(void)state;
	for (unsigned int i = 0; (m = metric_at(i)) != NULL; i++) {
		size_t len = strlen(m->name);

		assert_int_equal(strncmp(m->name, "ftprobe_", 8), 0);
		assert_int_equal(strcmp(m->type, "counter") == 0,
				 strcmp(m->name + len - strlen("_total"), "_total") == 0);
		assert_null(strpbrk(m->help, "\\\n"));
		for (unsigned int j = 0; j < i && (other = metric_at(j)) != NULL; j++)
			assert_string_not_equal(m->name, other->name);
	}
}

static void test_dashboard(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(metrics_dashboard_print(f), 0);
	fclose(f);
	assert_non_null(strstr(text, "ftprobe_received_packets_total{instance=~"));
	assert_null(strchr(text, '@'));
	free(text);
}

/* Between the two: 90 packets, 3 of them lost, and what the ports lost. */
static void test_summary(void **state)
{
	struct snapshot *s = sample();
	struct summary last = {0};
	char line[SUMMARY_BYTES];

	(void)state;
	summary_line(&last, s, line, sizeof line);
	s->uptime_ns += 10 * SECOND_NS;
	s->cpu_ns += 5 * SECOND_NS;
	s->lanes[0].numbers.counters.rx_packets += 90;
	s->lanes[0].numbers.counters.rx_bytes += 1250000;
	s->lanes[0].numbers.counters.metered_packets += 80;
	s->lanes[0].numbers.counters.dropped[DROP_lane_ring_full] += 3;
	s->lanes[0].numbers.counters.dropped[DROP_arp] += 7;
	s->lanes[0].numbers.busy_ns += 2 * SECOND_NS;
	s->lanes[1].numbers.busy_ns += SECOND_NS;
	s->lanes[1].numbers.counters.table[TABLE_flows_created] += 20;
	s->exporter.records += 40;
	s->exporter.outputs[0].counters.dropped[OUTPUT_DROP_transport] += 11;
	s->ports[0].missed += 4;
	summary_line(&last, s, line, sizeof line);
	assert_string_equal(line, "9 packets/s, 1.0 Mbit/s, 2 flows/s, 23 flows active, 4 "
				  "records/s; in 10 s 7 packets lost, 7 not metered, 11 records "
				  "dropped; busiest lane 20 %, CPU 50 %");
}

static void assert_listens(const char *text, const char *address, uint16_t port, bool loopback)
{
	struct metrics_address a;
	char error[256], got[64];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a.address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a.address;
	const void *in;

	if (metrics_address(&a, text, error, sizeof error))
		fail_msg("%s: %s", text, error);
	in = a.address.ss_family == AF_INET ? (const void *)&v4->sin_addr :
					      (const void *)&v6->sin6_addr;
	assert_string_equal(inet_ntop(a.address.ss_family, in, got, sizeof got), address);
	assert_int_equal(ntohs(v4->sin_port), port);
	assert_int_equal(a.is_loopback, loopback);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"",
					  ":9464",
					  "localhost:9464",
					  "127.0.0.1",
					  "127.0.0.1:",
					  "127.0.0.1:0",
					  "127.0.0.1:65536",
					  "::1:9464",
					  "[::1]",
					  "127.0.0.1:94x",
					  "[::1:9464",
					  "9464 ",
					  "127.0.0.1:-1",
					  "1.2.3.4.5:9464",
					  "[]:9464"};

	(void)state;
	assert_listens("9464", "127.0.0.1", 9464, true);
	assert_listens("127.0.0.1:9464", "127.0.0.1", 9464, true);
	assert_listens("127.1.2.3:1", "127.1.2.3", 1, true);
	assert_listens("[::1]:65535", "::1", 65535, true);
	assert_listens("*:9464", "::", 9464, false);
	assert_listens("0.0.0.0:9464", "0.0.0.0", 9464, false);
	assert_listens("10.0.0.1:9464", "10.0.0.1", 9464, false);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct metrics_address a = {.len = 7};
		char error[256] = "";

		if (metrics_address(&a, bad[i], error, sizeof error) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(a.len, 7);
		assert_non_null(strstr(error, "[metrics] listen"));
	}
}

/* A turn with packets is measured once in so many, and the lane is busy from one to the next. */
static void test_load(void **state)
{
	struct lane_load load = {0};
	struct lane_marks m = {.begin_ns = 1000, .end_ns = {1010, 1030, 1060, 1100}};

	(void)state;
	assert_true(lane_load_is_due(&load));
	lane_load_add(&load, &m, 0);
	assert_true(lane_load_is_due(&load));
	lane_load_add(&load, &m, 32);
	for (unsigned int i = 0; i < LANE_TURNS_A_SAMPLE; i++) {
		assert_false(lane_load_is_due(&load));
		lane_load_work(&load);
	}
	assert_true(lane_load_is_due(&load));
	assert_int_equal(load.stage_ns[LANE_STAGE_RECEIVE], 10);
	assert_int_equal(load.stage_ns[LANE_STAGE_ADMIT], 20);
	assert_int_equal(load.stage_ns[LANE_STAGE_PROCESS], 30);
	assert_int_equal(load.stage_ns[LANE_STAGE_RELEASE], 40);
	assert_int_equal(load.stage_packets, 32);
	sleep_ns(2000000);
	assert_true(lane_load_busy_ns(&load) >= 2000000);
	lane_load_rest(&load);
	uint64_t busy_ns = lane_load_busy_ns(&load);

	sleep_ns(2000000);
	lane_load_rest(&load);
	assert_int_equal(lane_load_busy_ns(&load), busy_ns);
}

/* A question is open until it is answered, and only its own answer counts. */
static void test_report(void **state)
{
	struct report_gate g = {0};
	unsigned int first, second;

	(void)state;
	assert_int_equal(report_question(&g), 0);
	first = report_ask(&g);
	assert_int_equal(report_question(&g), first);
	assert_false(report_is_told(&g, first));
	second = report_ask(&g);
	report_tell(&g, first);
	assert_false(report_is_told(&g, second));
	assert_int_equal(report_question(&g), second);
	report_tell(&g, second);
	assert_true(report_is_told(&g, second));
	assert_int_equal(report_question(&g), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples), cmocka_unit_test(test_all_counters),
		cmocka_unit_test(test_names),	cmocka_unit_test(test_dashboard),
		cmocka_unit_test(test_summary), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_load),	cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
