/* SPDX-License-Identifier: BSD-3-Clause */
/* Processors that come and go, and timeouts that change, while a table runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "frames.h"
#include "ft/table.h"

#define N_FLOWS	    40
#define RECORDS_MAX 1000
#define PSTATS	    (1U << PROCESSOR_pstats)
#define PHISTS	    (1U << PROCESSOR_phists)
#define BASICPLUS   (1U << PROCESSOR_basicplus)

#define NTP	    (1U << PROCESSOR_ntp)
/* A question to a server. */
#define NTP_PAYLOAD                                                                                \
	"#\x01\x06"                                                                                \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct run {
	pfring_ft_table *t;
	uint64_t time_ns, packets;
	struct flow_record records[RECORDS_MAX];
	unsigned int n;
};

static void collect(pfring_ft_flow *flow, void *user)
{
	struct run *run = user;

	assert_true(run->n < RECORDS_MAX);
	ft_flow_record(flow, &run->records[run->n++]);
	pfring_ft_flow_free(flow);
}

static struct run *make(uint32_t processors, uint32_t room, bool dpi)
{
	const struct ft_options o = {
		.flows_max = 1000,
		.idle_timeout_ns = 20 * SECOND_NS,
		.active_timeout_ns = 200 * SECOND_NS,
		.tcp_linger_ns = SECOND_NS,
		.numa_node = -1,
		.processors = processors,
		.processors_room = room,
		.dpi = dpi,
		.processor_options = {.transactions = 1},
		.processor_blocks = N_FLOWS,
	};
	struct run *run = calloc(1, sizeof *run);
	char error[256];

	assert_int_equal(ft_table_create(&run->t, &o, error, sizeof error), 0);
	pfring_ft_set_flow_export_callback(run->t, collect, run);
	run->time_ns = 1000 * SECOND_NS;
	return run;
}

/* Ends all flows; the records are those of this time. */
static void flush(struct run *run)
{
	run->n = 0;
	pfring_ft_flush(run->t);
}

static void finish(struct run *run)
{
	pfring_ft_destroy_table(run->t);
	free(run);
}

/* So many packets with payload, spread over flows of ports 1000 and so on. */
static void send_to(struct run *run, unsigned int n, uint16_t port, const char *payload)
{
	for (unsigned int i = 0; i < n; i++, run->packets++) {
		const struct frame_spec s = {.src = 1,
					     .dst = 2,
					     .sport = (uint16_t)(1000 + i % N_FLOWS),
					     .dport = port,
					     .protocol = 17,
					     .payload = payload};
		struct frame f;
		pfring_ft_packet in = {.time_ns = run->time_ns += 1000000,
				       .flags = PFRING_FT_PACKET_WIRE_LEN};

		frame_make(&f, &s);
		in.data = f.bytes;
		in.caplen = in.len = f.len;
		pfring_ft_process_burst(run->t, &in, 1, NULL);
		while (pfring_ft_process_burst(run->t, NULL, 0, NULL))
			continue;
	}
}

static void send(struct run *run, unsigned int n)
{
	send_to(run, n, 9999, "a question");
}

static struct ft_change change_to(uint32_t processors)
{
	return (struct ft_change){.idle_timeout_ns = 20 * SECOND_NS,
				  .active_timeout_ns = 200 * SECOND_NS,
				  .tcp_linger_ns = SECOND_NS,
				  .processors = processors};
}

static void choose(struct run *run, uint32_t processors)
{
	const struct ft_change to = change_to(processors);
	bool more = ft_change(run->t, &to);

	while (more)
		more = ft_refit(run->t, 1);
}

static unsigned int listed(const struct run *run)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < run->n; i++)
		n += run->records[i].packet_lengths.n;
	return n;
}

static uint64_t in_histograms(const struct run *run)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < run->n; i++)
		for (uint8_t k = 0; k < run->records[i].size_histogram[DIR_FWD].n; k++)
			n += run->records[i].size_histogram[DIR_FWD].values[k];
	return n;
}

static uint64_t counted(const struct run *run)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < run->n; i++)
		n += run->records[i].packets[DIR_FWD];
	return n;
}

/* What comes in begins with the next packet of a flow, and says only what it saw. */
static void comes_in_while_flows_go_on(void **state)
{
	(void)state;
	for (int dpi = 0; dpi < 2; dpi++) {
		struct run *run = make(PSTATS, PHISTS, dpi);

		send(run, 4 * N_FLOWS);
		choose(run, PSTATS | PHISTS);
		send(run, 3 * N_FLOWS);
		flush(run);
		assert_int_equal(run->n, N_FLOWS);
		assert_int_equal(counted(run), 7 * N_FLOWS);
		assert_int_equal(listed(run), 7 * N_FLOWS);
		assert_int_equal(in_histograms(run), 3 * N_FLOWS);
		send(run, N_FLOWS);
		flush(run);
		assert_int_equal(in_histograms(run), N_FLOWS);
		finish(run);
	}
}

/* Flows that had no packet since say nothing of it: not even that there is none. */
static void unseen_flows_say_nothing(void **state)
{
	struct run *run = make(0, BASICPLUS, false);

	(void)state;
	send(run, N_FLOWS);
	choose(run, BASICPLUS);
	send(run, N_FLOWS / 2);
	flush(run);
	for (unsigned int i = 0; i < run->n; i++)
		assert_int_equal(!!(run->records[i].known & KNOWN_IP_FWD),
				 run->records[i].packets[DIR_FWD] == 2);
	finish(run);
}

/* What goes is gone from every record; when it comes back nothing of the gap is told. */
static void goes_and_comes_back(void **state)
{
	struct run *run = make(PSTATS | PHISTS, 0, false);

	(void)state;
	send(run, 4 * N_FLOWS);
	choose(run, PHISTS);
	send(run, 2 * N_FLOWS);
	choose(run, PSTATS | PHISTS);
	send(run, 3 * N_FLOWS);
	flush(run);
	assert_int_equal(listed(run), 3 * N_FLOWS);
	assert_int_equal(in_histograms(run), 9 * N_FLOWS);
	choose(run, 0);
	send(run, 4 * N_FLOWS);
	flush(run);
	assert_int_equal(listed(run), 0);
	assert_int_equal(in_histograms(run), 0);
	assert_int_equal(counted(run), 4 * N_FLOWS);
	finish(run);
}

/* Memory that a processor held for a flow is given back when it comes in anew. */
static void blocks_come_back(void **state)
{
	struct run *run = make(NTP, 0, false);
	unsigned int told = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		send_to(run, N_FLOWS, 123, NTP_PAYLOAD);
		choose(run, 0);
		send_to(run, N_FLOWS, 123, NTP_PAYLOAD);
		choose(run, NTP);
	}
	send_to(run, N_FLOWS, 123, NTP_PAYLOAD);
	flush(run);
	for (unsigned int i = 0; i < run->n; i++)
		told += run->records[i].ntp != NULL;
	assert_int_equal(told, N_FLOWS);
	assert_int_equal(ft_counters(run->t)->dpi[DPI_processor_no_block], 0);
	finish(run);
}

/* Others than those that have room stay off. */
static void no_room(void **state)
{
	struct run *run = make(PSTATS, 0, false);

	(void)state;
	choose(run, PROCESSORS_ALL);
	send(run, N_FLOWS);
	flush(run);
	assert_int_equal(listed(run), N_FLOWS);
	assert_int_equal(in_histograms(run), 0);
	finish(run);
}

/* Packets and another change while the walk is under way. */
static void changes_overtake_each_other(void **state)
{
	struct run *run = make(PSTATS, PHISTS, true);
	struct ft_change to = change_to(PSTATS | PHISTS);

	(void)state;
	send(run, 2 * N_FLOWS);
	for (unsigned int i = 0; i < 30; i++) {
		to.processors = i % 3 == 1 ? PHISTS : PSTATS | PHISTS;
		to.idle_timeout_ns = (10 + i % 4) * SECOND_NS;
		ft_change(run->t, &to);
		ft_refit(run->t, 7);
		send(run, N_FLOWS);
	}
	/* No walk came to its end: those that come in have not begun. */
	choose(run, PSTATS | PHISTS);
	send(run, N_FLOWS);
	flush(run);
	assert_int_equal(counted(run), 33 * N_FLOWS);
	assert_int_equal(in_histograms(run), N_FLOWS);
	send(run, 5 * N_FLOWS);
	flush(run);
	assert_int_equal(listed(run), 5 * N_FLOWS);
	assert_int_equal(in_histograms(run), 5 * N_FLOWS);
	finish(run);
}

/* Nothing to walk for: no step is asked for. */
static void nothing_changes(void **state)
{
	struct run *run = make(PSTATS, 0, false);
	struct ft_change to = change_to(PSTATS);

	(void)state;
	assert_false(ft_change(run->t, &to));
	to.processors = 0;
	assert_false(ft_change(run->t, &to));
	to.idle_timeout_ns = 0; /* refused */
	assert_false(ft_change(run->t, &to));
	to.idle_timeout_ns = 5 * SECOND_NS;
	assert_true(ft_change(run->t, &to));
	finish(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_in_while_flows_go_on),
		cmocka_unit_test(unseen_flows_say_nothing),
		cmocka_unit_test(goes_and_comes_back),
		cmocka_unit_test(blocks_come_back),
		cmocka_unit_test(no_room),
		cmocka_unit_test(changes_overtake_each_other),
		cmocka_unit_test(nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
