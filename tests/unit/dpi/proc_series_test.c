/* SPDX-License-Identifier: BSD-3-Clause */
/* phists, bstats and nettisa: sums over all packets of a flow. */
#include "proc_fixture.h"

#include <math.h>

enum { SYN = 0x02, ACK = 0x10 };

static void assert_bins(struct list_u32 list, const uint32_t wanted[8])
{
	assert_int_equal(list.n, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(list.values[i], wanted[i]);
}

/* Both edges of every bin. */
static void histograms(void **state)
{
	static const uint32_t sizes[] = {1,   15,  16,	31,  32,  63,	64,   127,
					 128, 255, 256, 511, 512, 1023, 1024, 1400};
	static const uint32_t pairs[8] = {2, 2, 2, 2, 2, 2, 2, 2}, nothing[8] = {0};
	static const uint32_t gaps[8] = {2, 2, 2, 2, 2, 2, 2, 1};
	struct proc_fixture x;
	const struct flow_record *r;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_phists, NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		proc_udp(&x, sizes[i], DIR_REV, i ? sizes[i - 1] : 0);
	r = proc_record(&x);
	assert_bins(r->size_histogram[DIR_REV], pairs);
	assert_bins(r->size_histogram[DIR_FWD], nothing);
	assert_bins(r->gap_histogram[DIR_REV], gaps);
	assert_bins(r->gap_histogram[DIR_FWD], nothing);
	proc_close(&x);
}

/* Packets without payload count on demand only, for the gaps, too. */
static void histograms_with_zeros(void **state)
{
	static const uint32_t one[8] = {1}, two[8] = {2}, three[8] = {3}, second[8] = {0, 1};
	struct processor_options options = {0};

	(void)state;
	for (int zeros = 0; zeros < 2; zeros++) {
		struct proc_fixture x;
		const struct flow_record *r;

		options.phists_include_zeros = zeros;
		proc_open(&x, 1U << PROCESSOR_phists, &options);
		proc_udp(&x, 4, DIR_FWD, 0);
		proc_udp(&x, 0, DIR_FWD, 15);
		proc_udp(&x, 9, DIR_REV, 1);
		proc_udp(&x, 5, DIR_FWD, 14);
		if (!zeros)
			proc_udp(&x, 0, DIR_FWD, 30);
		r = proc_record(&x);
		assert_bins(r->size_histogram[DIR_FWD], zeros ? three : two);
		assert_bins(r->size_histogram[DIR_REV], one);
		assert_bins(r->gap_histogram[DIR_FWD], zeros ? two : second);
		proc_close(&x);
	}
}

static void a_lone_syn_has_none(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, PROCESSORS_ALL, NULL);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 0);
	assert_int_equal(proc_record(&x)->size_histogram[DIR_FWD].n, 0);
	assert_int_equal(proc_record(&x)->bursts[DIR_FWD].packets.n, 0);
	assert_int_equal(proc_record(&x)->known & KNOWN_NETTISA, 0);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 0);
	assert_int_equal(proc_record(&x)->size_histogram[DIR_FWD].n, 8);
	proc_close(&x);
}

static void burst(struct proc_fixture *x, unsigned int n, uint64_t gap_ms)
{
	for (unsigned int i = 0; i < n; i++)
		proc_udp(x, 10 + i, DIR_FWD, i ? 999 : gap_ms);
}

/* Three packets make one, two do not, and a second of silence ends it. */
static void bursts(void **state)
{
	struct proc_fixture x;
	const struct record_bursts *b;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_bstats, NULL);
	burst(&x, 3, 0);
	assert_int_equal(proc_record(&x)->bursts[DIR_FWD].packets.n, 0); /* of 3 packets at all */
	burst(&x, 2, 1000);
	proc_udp(&x, 0, DIR_FWD, 500); /* no payload: as if it were not there */
	burst(&x, 4, 500);
	b = &proc_record(&x)->bursts[DIR_FWD];
	assert_int_equal(b->packets.n, 2);
	assert_int_equal(b->packets.values[0], 3);
	assert_int_equal(b->bytes.values[0], 33);
	assert_int_equal(b->start.values[0], 0);
	assert_int_equal(b->stop.values[0], 1998);
	assert_int_equal(b->packets.values[1], 4);
	assert_int_equal(b->bytes.values[1], 46);
	assert_int_equal(b->start.values[1], 1998 + 1000 + 999 + 1000);
	assert_int_equal(b->stop.values[1], b->start.values[1] + 3 * 999);
	assert_int_equal(proc_record(&x)->bursts[DIR_REV].packets.n, 0);
	proc_close(&x);
}

static void fifteen_bursts(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_bstats, NULL);
	for (int i = 0; i < 20; i++)
		burst(&x, 3, 2000);
	assert_true(x.watched); /* the other direction may have some */
	assert_int_equal(proc_record(&x)->bursts[DIR_FWD].stop.n, 15);
	for (int i = 0; i < 15; i++)
		assert_int_equal(proc_record(&x)->bursts[DIR_FWD].packets.values[i], 3);
	for (int i = 0; i < 16 * 3; i++)
		proc_udp(&x, 5, DIR_REV, i % 3 ? 1 : 1000);
	assert_false(x.watched);
	assert_int_equal(proc_record(&x)->bursts[DIR_REV].packets.n, 15);
	proc_close(&x);
}

static void assert_near(float is, double wanted)
{
	if (fabs((double)is - wanted) > 1e-5 * fmax(1, fabs(wanted)))
		fail_msg("%.9g is not %.9g", (double)is, wanted);
}

/* Payloads 10, 20, 20, 50 at 0, 10, 40 and 100 ms, worked out by hand. */
static void nettisa(void **state)
{
	struct proc_fixture x;
	const struct record_nettisa *t;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_nettisa, NULL);
	proc_udp(&x, 10, DIR_FWD, 0);
	assert_int_equal(proc_record(&x)->known, 0);
	proc_udp(&x, 20, DIR_REV, 10);
	proc_udp(&x, 20, DIR_FWD, 30);
	proc_udp(&x, 50, DIR_REV, 60);
	assert_int_equal(proc_record(&x)->known, KNOWN_NETTISA);
	t = &x.r.nettisa;
	assert_near(t->mean, 25);
	assert_int_equal(t->min, 10);
	assert_int_equal(t->max, 50);
	/* squares 100, 400, 400, 2500: mean 850; 850 - 25 * 25 = 225 */
	assert_near(t->root_mean_square, sqrt(850));
	assert_near(t->stdev, 15);
	/* from the means before, 0, 10, 15, 50/3: 10, 10, 5, 100/3 */
	assert_near(t->average_dispersion, (10 + 10 + 5 + 100.0 / 3) / 4);
	assert_near(t->kurtosis, (1e4 + 1e4 + 625 + pow(100.0 / 3, 4)) / (4 * pow(15, 4)));
	assert_near(t->mean_scaled_time, (0 + 10 + 40 + 100) * 1000 / 4.0);
	/* gaps 0, 10, 30, 60 ms; means so far 0, 5, 40/3, 25 */
	assert_near(t->mean_difftimes, 25000);
	assert_near(t->min_difftimes, 0);
	assert_near(t->max_difftimes, 60000);
	assert_near(t->time_distribution, (0 + 5 + 50.0 / 3 + 35) / 3 / 60);
	assert_near(t->switching_ratio, 2 / 4.0);
	proc_close(&x);
}

/* All the same: nothing is divided by nothing. */
static void nettisa_of_equals(void **state)
{
	struct proc_fixture x;
	const struct record_nettisa *t;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_nettisa, NULL);
	for (int i = 0; i < 3; i++)
		proc_udp(&x, 0, DIR_FWD, 0);
	t = &proc_record(&x)->nettisa;
	assert_near(t->kurtosis, 0);
	assert_near(t->stdev, 0);
	assert_near(t->time_distribution, 0);
	assert_near(t->switching_ratio, 0);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histograms),	       cmocka_unit_test(histograms_with_zeros),
		cmocka_unit_test(a_lone_syn_has_none), cmocka_unit_test(bursts),
		cmocka_unit_test(fifteen_bursts),      cmocka_unit_test(nettisa),
		cmocka_unit_test(nettisa_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
