/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor bstats: bursts, each of BURST_PACKETS_MIN packets with payload or more in one direction
 * that follow each other within less than BURST_GAP_NS.
 */
#include <stdbool.h>

#include "dpi/processor.h"

enum { BURST_PACKETS_MIN = 3 };
/* Records of so few packets have none, whatever they look like. */
#define RECORD_PACKETS_FEW 3
#define BURST_GAP_NS	   1000000000ULL

_Static_assert(BSTATS_BURSTS_MAX <= LIST_VALUES_MAX, "a list holds them");

/* Burst n is the one that goes on. */
struct side {
	uint64_t last_ns;
	uint32_t packets[BSTATS_BURSTS_MAX], bytes[BSTATS_BURSTS_MAX];
	uint32_t start_ms[BSTATS_BURSTS_MAX], stop_ms[BSTATS_BURSTS_MAX];
	uint32_t n;
};

struct bstats {
	struct side side[DIR_N];
};

static bool goes_on(const struct side *s, uint64_t time_ns)
{
	return s->packets[s->n] && (time_ns < s->last_ns || time_ns - s->last_ns < BURST_GAP_NS);
}

/* What was too short for a burst gives up its place. False: there is none any more. */
static bool begin(struct side *s, uint32_t start_ms)
{
	if (s->packets[s->n] >= BURST_PACKETS_MIN && ++s->n == BSTATS_BURSTS_MAX)
		return false;
	s->packets[s->n] = s->bytes[s->n] = 0;
	s->start_ms[s->n] = start_ms;
	return true;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct bstats *b = state;
	struct side *s = &b->side[p->direction];

	if (!p->payload_len || s->n == BSTATS_BURSTS_MAX)
		return PROCESSOR_NEXT;
	if (!goes_on(s, p->view->time_ns) && !begin(s, p->since_start_ms))
		return b->side[!p->direction].n == BSTATS_BURSTS_MAX ? PROCESSOR_DONE :
								       PROCESSOR_NEXT;
	if (s->packets[s->n] != UINT32_MAX)
		s->packets[s->n]++;
	if (__builtin_add_overflow(s->bytes[s->n], p->payload_len, &s->bytes[s->n]))
		s->bytes[s->n] = UINT32_MAX;
	if (p->since_start_ms > s->stop_ms[s->n] || s->packets[s->n] == 1)
		s->stop_ms[s->n] = p->since_start_ms;
	if (p->view->time_ns > s->last_ns)
		s->last_ns = p->view->time_ns;
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct bstats *b = state;

	if (r->packets[DIR_FWD] + r->packets[DIR_REV] <= RECORD_PACKETS_FEW)
		return;
	for (int d = 0; d < DIR_N; d++) {
		const struct side *s = &b->side[d];
		const bool last = s->n < BSTATS_BURSTS_MAX && s->packets[s->n] >= BURST_PACKETS_MIN;
		const uint8_t n = (uint8_t)(s->n + last);

		r->bursts[d] = (struct record_bursts){
			.packets = {s->packets, n},
			.bytes = {s->bytes, n},
			.start = {s->start_ms, n},
			.stop = {s->stop_ms, n},
		};
	}
}

const struct processor_ops *proc_bstats(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct bstats),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
