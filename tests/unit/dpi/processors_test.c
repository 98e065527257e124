/* SPDX-License-Identifier: BSD-3-Clause */
/* The processors together: names, layout, who is done when, slices, fields. */
#include "proc_fixture.h"

#include "dpi/processor_texts.h"
#include "record/elements.h"

static void names(void **state)
{
	static const struct {
		const char *text;
		uint32_t set;
	} good[] = {
		{"", 0},
		{"none", 0},
		{"all", PROCESSORS_ALL},
		{"pstats", 1U << PROCESSOR_pstats},
		{" mpls,pstats  tunnel ,",
		 1U << PROCESSOR_pstats | 1U << PROCESSOR_mpls | 1U << PROCESSOR_tunnel},
		{"basic, vlan, icmp, flowhash", 0},
	};
	static const char *const bad[][2] = {
		{"pstat", "there is no processor pstat; did you mean pstats?"},
		{"none, pstats", "none and others: give one or the other"},
		{"PSTATS", "there is no processor PSTATS; did you mean pstats?"},
		{"xyzzyx", "there is no processor xyzzyx; ftprobe --list-processors names them, "
			   "all and none are words, too"},
	};
	char error[256], lengthy[4096];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint32_t set = 77;

		assert_int_equal(processors_parse(&set, good[i].text, error, sizeof error), 0);
		assert_int_equal(set, good[i].set);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint32_t set = 77;

		assert_int_not_equal(processors_parse(&set, bad[i][0], error, sizeof error), 0);
		assert_string_equal(error, bad[i][1]);
		assert_int_equal(set, 77);
	}
	memset(lengthy, 'x', sizeof lengthy);
	lengthy[sizeof lengthy - 1] = '\0';
	assert_int_not_equal(processors_parse(&(uint32_t){0}, lengthy, error, sizeof error), 0);
}

/* States neither overlap nor leave the annex; none costs nothing. */
static void layout(void **state)
{
	uint64_t counters[DPI_N] = {0};
	struct processors p;

	(void)state;
	assert_int_equal(processors_bytes(0), 0);
	assert_int_equal(processors_init(&p, PROCESSORS_ALL, &(struct processor_options){0}, 1,
					 counters),
			 0);
	assert_int_equal(p.n, PROCESSOR_N);
	for (uint32_t i = 0; i < p.n; i++) {
		uint32_t bytes = processors_bytes(1U << i) - 16;

		assert_int_equal(p.slots[i].offset % 8, 0);
		assert_true(p.slots[i].offset + bytes <=
			    (i + 1 < p.n ? p.slots[i + 1].offset : p.bytes));
	}
	processors_fini(&p);
}

/* Whoever is done sees no more, whoever is not goes on. */
static void done_one_by_one(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_tunnel | 1U << PROCESSOR_pstats, NULL);
	for (int i = 0; i < 29; i++)
		proc_udp(&x, 5, DIR_FWD, 1);
	assert_true(x.watched);
	proc_udp(&x, 5, DIR_FWD, 1);
	assert_false(x.watched);
	proc_close(&x);
}

/* A slice takes all, and the flow begins anew: its times, too. */
static void slices(void **state)
{
	struct proc_fixture x;
	struct flow_record of_slice = {.packets = {2, 0}};
	void *slice;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_pstats | 1U << PROCESSOR_mpls, NULL);
	slice = calloc(1, x.p.bytes);
	proc_udp(&x, 5, DIR_FWD, 1);
	proc_udp(&x, 6, DIR_FWD, 1000);
	processors_slice(&x.p, slice, x.annex);
	processors_to_record(&x.p, slice, &of_slice);
	assert_int_equal(of_slice.packet_lengths.n, 2);
	assert_int_equal(of_slice.packet_lengths.values[1], 6);
	assert_int_equal(proc_record(&x)->packet_lengths.n, 0);
	proc_udp(&x, 7, DIR_FWD, 1000);
	assert_int_equal(proc_record(&x)->packet_lengths.n, 1);
	assert_int_equal(proc_record(&x)->packet_lengths.values[0], 7);
	assert_int_equal(flow_record_list_ms(&x.r, x.r.packet_times.values[0]), 1002001);
	proc_close(&x);
	free(slice);
}

/* Packets that come late are as old as the first one. */
static void time_runs_backwards(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, PROCESSORS_ALL, NULL);
	proc_udp(&x, 5, DIR_FWD, 0);
	x.bench.time_ns -= 5000000000ULL;
	proc_udp(&x, 5, DIR_FWD, 0);
	proc_udp(&x, 5, DIR_FWD, 0);
	proc_udp(&x, 5, DIR_FWD, 0);
	proc_record(&x);
	assert_int_equal(x.r.packet_times.values[1], 0);
	assert_int_equal(x.r.bursts[DIR_FWD].packets.n, 1);
	assert_int_equal(x.r.bursts[DIR_FWD].stop.values[0], 0);
	assert_true(x.r.nettisa.max_difftimes >= 0);
	proc_close(&x);
}

/* Every processor gives a field, and is missing by its own bit. */
static void fields(void **state)
{
	const uint64_t never = processors_missing_sources(PROCESSORS_ALL);

	(void)state;
	for (unsigned int i = 0; i < PROCESSOR_N; i++) {
		uint64_t bit = processors_missing_sources(PROCESSORS_ALL & ~(1U << i)) & ~never;
		unsigned int n = 0;

		assert_int_equal(__builtin_popcountll(bit), 1);
		for (unsigned int e = 0; e < ELEMENT_N; e++)
			n += bit >> element_info((enum element)e)->source_id & 1;
		assert_true(n > 0);
	}
	assert_int_equal(__builtin_popcountll(processors_missing_sources(0) & ~never), PROCESSOR_N);
}

/* Only with records = transaction a record is cut before a packet, also after a change. */
static void guards(void **state)
{
	const uint32_t set = 1U << PROCESSOR_wg | 1U << PROCESSOR_pstats;
	const struct processor_options by_transaction = {.records_transaction = true};
	struct proc_fixture x;

	(void)state;
	proc_open(&x, set, NULL);
	assert_false(x.p.guards);
	processors_choose(&x.p, set);
	assert_false(x.p.guards);
	proc_close(&x);
	proc_open(&x, set, &by_transaction);
	assert_true(x.p.guards);
	processors_choose(&x.p, set & ~(1U << PROCESSOR_wg));
	assert_false(x.p.guards);
	processors_choose(&x.p, set);
	assert_true(x.p.guards);
	proc_close(&x);
}

/* Only what is lost counts. */
static void texts_without_room(void **state)
{
	char room[2];
	struct processor_texts t = {room, room + sizeof room};
	struct processor_packet p = {0};
	struct proc_fixture x;

	(void)state;
	proc_open(&x, PROCESSORS_ALL, NULL);
	p.all = &x.p;
	assert_string_equal(processor_text(&t, "a", 1, 10, &p), "a");
	assert_string_equal(processor_text(&t, "", 0, 10, &p), "");
	assert_string_equal(processor_text(&t, "\0b", 2, 10, &p), "");
	assert_int_equal(x.counters[DPI_processor_texts_cut], 0);
	assert_string_equal(processor_text(&t, "b", 1, 10, &p), "");
	assert_int_equal(x.counters[DPI_processor_texts_cut], 1);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),  cmocka_unit_test(layout),
		cmocka_unit_test(fields), cmocka_unit_test(done_one_by_one),
		cmocka_unit_test(slices), cmocka_unit_test(time_runs_backwards),
		cmocka_unit_test(guards), cmocka_unit_test(texts_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
