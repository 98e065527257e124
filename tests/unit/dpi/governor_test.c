/* SPDX-License-Identifier: BSD-3-Clause */
/* How many inspections begin in a second of packet time, and what becomes of the other flows. */
#include "traffic.h"

#include "core/limits.h"

#define RATE	  100
#define BURST	  (RATE / 10) /* of DPI_GOVERNOR_BURST_NS */
#define SECOND_NS 1000000000ULL

static struct dpi *make(uint32_t per_second, uint64_t counters[DPI_N])
{
	struct dpi_options o = {
		.flows_per_s_max = per_second, .guess = true, .counters = counters};
	struct dpi *d = NULL;

	memset(counters, 0, DPI_N * sizeof *counters);
	assert_int_equal(dpi_create(&d, &o, NULL, 0), 0);
	return d;
}

/* So many new flows at one time; how many of them nDPI was given. */
static unsigned int inspected(struct dpi *d, const uint64_t counters[DPI_N], unsigned int flows,
			      uint64_t time_ns)
{
	const uint64_t before = counters[DPI_dpi_inspected];

	for (unsigned int i = 0; i < flows; i++) {
		struct talk t = talk_make(d, TALK_UDP, 40000, 40001);

		t.time_ns = time_ns;
		talk_text(&t, DIR_FWD, "?");
		talk_finish(&t);
		talk_release(&t);
	}
	return (unsigned int)(counters[DPI_dpi_inspected] - before);
}

static void a_burst_may_begin_at_once(void **state)
{
	uint64_t counters[DPI_N], now = 1700000000 * SECOND_NS;
	struct dpi *d = make(RATE, counters);

	(void)state;
	assert_int_equal(inspected(d, counters, 100, now), BURST);
	assert_int_equal(counters[DPI_dpi_governed], 100 - BURST);
	assert_int_equal(counters[DPI_dpi_uninspected], 0);
	assert_int_equal(inspected(d, counters, 5, now), 0); /* time stands still */
	assert_int_equal(inspected(d, counters, 5, now + SECOND_NS / RATE - 1), 0);
	assert_int_equal(inspected(d, counters, 5, now + SECOND_NS / RATE), 1);
	assert_int_equal(inspected(d, counters, 100, now + 1000 * SECOND_NS), BURST);
	dpi_destroy(d);
}

/* However the packets lie in time, a second has its rate. */
static void each_second_has_its_rate(void **state)
{
	static const uint32_t rates[] = {1, 7, 100, 2503};

	(void)state;
	for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
		uint64_t counters[DPI_N], now = 1700000000 * SECOND_NS;
		struct dpi *d = make(rates[r], counters);
		const unsigned int per_ms = rates[r] / 1000 + 1;
		unsigned int n;

		inspected(d, counters, rates[r], now);
		n = 0;
		for (unsigned int ms = 1; ms <= 1000; ms++)
			n += inspected(d, counters, per_ms, now + ms * (SECOND_NS / 1000));
		assert_int_equal(n, rates[r]);
		dpi_destroy(d);
	}
}

static void time_that_runs_backwards_earns_nothing(void **state)
{
	uint64_t counters[DPI_N], now = 1700000000 * SECOND_NS;
	struct dpi *d = make(RATE, counters);

	(void)state;
	assert_int_equal(inspected(d, counters, 100, now), BURST);
	for (int i = 0; i < 50; i++) { /* packets out of order */
		assert_int_equal(inspected(d, counters, 2, now - SECOND_NS / 2), 0);
		assert_int_equal(inspected(d, counters, 2, now), 0);
	}
	/* another capture: its time counts from here on */
	assert_int_equal(inspected(d, counters, 5, SECOND_NS), 0);
	assert_int_equal(inspected(d, counters, 5, SECOND_NS + 3 * SECOND_NS / RATE), 3);
	dpi_destroy(d);
}

static void without_a_rate_all_are_inspected(void **state)
{
	uint64_t counters[DPI_N];
	struct dpi *d = make(0, counters);

	(void)state;
	assert_int_equal(inspected(d, counters, 5000, 1), 5000);
	assert_int_equal(counters[DPI_dpi_governed], 0);
	dpi_destroy(d);
}

static void the_highest_rate_does_not_overflow(void **state)
{
	uint64_t counters[DPI_N], now = 1;
	struct dpi *d = make(UINT32_MAX, counters);

	(void)state;
	for (int i = 0; i < 5; i++, now = now * 1000 + 1)
		assert_int_equal(inspected(d, counters, 1000, now), 1000);
	assert_int_equal(inspected(d, counters, 1000, UINT64_MAX), 1000);
	dpi_destroy(d);
}

/* It is named by its port, and takes a token of nobody: empty packets do not either. */
static void a_governed_flow_is_counted_and_guessed(void **state)
{
	uint64_t counters[DPI_N];
	struct dpi *d = make(1, counters);
	struct talk first = talk_make(d, TALK_TCP, 40000, 80);
	struct talk second = talk_make(d, TALK_TCP, 40001, 443);

	(void)state;
	talk_handshake(&second);
	talk_text(&first, DIR_FWD, HTTP_REQUEST);
	for (int i = 0; i < 3; i++)
		talk_text(&second, DIR_FWD, "?");
	assert_int_equal(counters[DPI_dpi_inspected], 1);
	assert_int_equal(counters[DPI_dpi_governed], 1);
	assert_null(second.annex.state);
	assert_int_equal(second.annex.flags, L7_INSPECTED | L7_GAVE_UP);
	talk_finish(&second);
	assert_int_equal(second.annex.flags, L7_INSPECTED | L7_GAVE_UP | L7_GUESSED);
	assert_string_equal(second.annex.l7_proto, "TLS");
	talk_finish(&first);
	assert_string_equal(first.annex.l7_proto, "HTTP");
	talk_release(&first);
	talk_release(&second);
	dpi_destroy(d);
}

/* What the pool has no room for costs no token. */
static void a_full_pool_is_another_reason(void **state)
{
	uint64_t counters[DPI_N] = {0};
	const struct dpi_options o = {
		.flows_max = 1, .flows_per_s_max = 2 * RATE / BURST, .counters = counters};
	struct dpi *d = NULL;
	struct talk t[3];

	(void)state;
	assert_int_equal(dpi_create(&d, &o, NULL, 0), 0);
	for (uint16_t i = 0; i < 3; i++) {
		t[i] = talk_make(d, TALK_UDP, (uint16_t)(40000 + i), 40001);
		talk_text(&t[i], DIR_FWD, "?");
		if (i == 1)
			talk_release(&t[0]);
	}
	assert_int_equal(counters[DPI_dpi_uninspected], 1);
	assert_int_equal(counters[DPI_dpi_inspected], 2);
	assert_int_equal(counters[DPI_dpi_governed], 0);
	talk_release(&t[1]);
	talk_release(&t[2]);
	dpi_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_may_begin_at_once),
		cmocka_unit_test(each_second_has_its_rate),
		cmocka_unit_test(time_that_runs_backwards_earns_nothing),
		cmocka_unit_test(without_a_rate_all_are_inspected),
		cmocka_unit_test(the_highest_rate_does_not_overflow),
		cmocka_unit_test(a_governed_flow_is_counted_and_guessed),
		cmocka_unit_test(a_full_pool_is_another_reason),
	};

	return cmocka_run_group_tests_name("dpi governor", tests, NULL, NULL);
}
