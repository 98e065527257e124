/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor phists: histograms of payload sizes and of the gaps between packets. */
#include "dpi/processor.h"

/* 0 to 15, then powers of two, the last from 1024 on. */
enum { BINS = 8, FIRST_BIN_BITS = 4 };

struct side {
	uint32_t sizes[BINS], gaps[BINS];
	uint64_t last_ns; /* of the packet before, with n_packets */
	uint32_t n_packets;
};

struct phists {
	struct side side[DIR_N];
};

static void count(uint32_t bins[BINS], uint64_t v)
{
	unsigned int bin = 0;

	if (v >> FIRST_BIN_BITS)
		bin = 64 - FIRST_BIN_BITS - (unsigned int)__builtin_clzll(v);
	if (bin >= BINS)
		bin = BINS - 1;
	if (bins[bin] != UINT32_MAX)
		bins[bin]++;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct side *s = &((struct phists *)state)->side[p->direction];
	const uint64_t now_ns = p->view->time_ns;

	if (!p->payload_len && !p->options->phists_include_zeros)
		return PROCESSOR_NEXT;
	count(s->sizes, p->payload_len);
	if (s->n_packets)
		count(s->gaps, now_ns > s->last_ns ? (now_ns - s->last_ns) / 1000000 : 0);
	s->n_packets = 1;
	s->last_ns = now_ns;
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct phists *h = state;

	if (processor_is_lone_syn(r))
		return;
	for (int d = 0; d < DIR_N; d++) {
		r->size_histogram[d] = (struct list_u32){h->side[d].sizes, BINS};
		r->gap_histogram[d] = (struct list_u32){h->side[d].gaps, BINS};
	}
}

const struct processor_ops *proc_phists(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct phists),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
