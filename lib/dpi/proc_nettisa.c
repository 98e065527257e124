/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor nettisa: the features of a flow as a time series of payload sizes, by Koumar et al.,
 * "NetTiSA: Extended IP flow with time-series features for universal bandwidth-constrained
 * high-speed network traffic classification". Times are microseconds. All but the time distribution
 * is as the exporter computes it that made these fields known, its whole-numbered mean in the
 * variance included.
 */
#include <float.h>
#include <math.h>

#include "dpi/processor.h"

struct nettisa {
	uint64_t first_us, last_us;
	uint64_t sum, n;
	double mean, sum_of_squares, dispersion, fourth_moment;
	double mean_scaled_time, mean_gap, gap_distance;
	uint64_t gap_min_us, gap_max_us;
	uint64_t switches;
	uint32_t wire_len; /* of the packet before */
	uint16_t min, max;
};

static void count_payload(struct nettisa *t, uint32_t payload_len)
{
	const uint16_t len = payload_len < UINT16_MAX ? (uint16_t)payload_len : UINT16_MAX;
	const double x = payload_len, from_mean = x - t->mean;

	t->sum += payload_len;
	t->mean += from_mean / (double)t->n;
	t->sum_of_squares += x * x;
	t->dispersion += fabs(from_mean);
	t->fourth_moment += from_mean * from_mean * from_mean * from_mean;
	if (t->n == 1 || len < t->min)
		t->min = len;
	if (len > t->max)
		t->max = len;
}

/* The first packet has a gap of 0. */
static void count_time(struct nettisa *t, uint64_t now_us)
{
	uint64_t gap_us, scaled_us;

	if (t->n == 1)
		t->first_us = t->last_us = now_us;
	gap_us = now_us > t->last_us ? now_us - t->last_us : 0;
	scaled_us = now_us > t->first_us ? now_us - t->first_us : 0;
	t->last_us = now_us;
	t->mean_scaled_time += ((double)scaled_us - t->mean_scaled_time) / (double)t->n;
	t->mean_gap += ((double)gap_us - t->mean_gap) / (double)t->n;
	t->gap_distance += fabs(t->mean_gap - (double)gap_us);
	if (t->n == 1 || gap_us < t->gap_min_us)
		t->gap_min_us = gap_us;
	if (gap_us > t->gap_max_us)
		t->gap_max_us = gap_us;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct nettisa *t = state;

	t->n++;
	count_payload(t, p->payload_len);
	count_time(t, p->view->time_ns / 1000);
	t->switches += t->n > 1 && p->view->wire_len != t->wire_len;
	t->wire_len = p->view->wire_len;
	return PROCESSOR_NEXT;
}

/* What does not fit a float, and what is none, must not leave: JSON has no word for it. */
static float narrow(double v)
{
	if (!(v > -(double)FLT_MAX))
		return isnan(v) ? 0 : -FLT_MAX;
	return v < (double)FLT_MAX ? (float)v : FLT_MAX;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct nettisa *t = state;
	const double n = (double)t->n;

	if (t->n < 2)
		return;
	const double whole_mean = (double)(t->sum / t->n), mean_square = t->sum_of_squares / n;
	const double stdev = sqrt(fmax(mean_square - whole_mean * whole_mean, 0));
	const double fourth = n * stdev * stdev * stdev * stdev;
	const double range = (double)(t->gap_max_us - t->gap_min_us);

	r->known |= KNOWN_NETTISA;
	r->nettisa = (struct record_nettisa){
		.mean = narrow(t->mean),
		.min = t->min,
		.max = t->max,
		.stdev = narrow(stdev),
		.kurtosis = narrow(fourth > 0 ? t->fourth_moment / fourth : 0),
		.root_mean_square = narrow(sqrt(mean_square)),
		.average_dispersion = narrow(t->dispersion / n),
		.mean_scaled_time = narrow(t->mean_scaled_time),
		.mean_difftimes = narrow(t->mean_gap),
		.min_difftimes = narrow((double)t->gap_min_us),
		.max_difftimes = narrow((double)t->gap_max_us),
		.time_distribution = narrow(range > 0 ? t->gap_distance / (n - 1) / range : 0),
		.switching_ratio = narrow((double)t->switches / n),
	};
}

const struct processor_ops *proc_nettisa(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct nettisa),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
