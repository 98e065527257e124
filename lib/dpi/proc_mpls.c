/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor mpls: the labels of the first forward packet. */
#include "core/bytes.h"
#include "dpi/processor.h"

enum { LABEL_BYTES = 4 };

struct mpls {
	uint32_t labels[MPLS_LABELS_TOLD]; /* label, traffic class, bottom of stack */
	uint32_t n;
};

/* RFC 3032 2.1: the fourth byte of an entry is its TTL. */
static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct packet *k = p->view;
	struct mpls *m = state;
	uint32_t at = k->mpls_offset;

	if (p->direction != DIR_FWD)
		return PROCESSOR_NEXT;
	for (; at && m->n < MPLS_LABELS_TOLD && at + LABEL_BYTES <= k->len; at += LABEL_BYTES) {
		const uint32_t entry = load_be32(k->data + at) >> 8;

		m->labels[m->n++] = entry;
		if (entry & 1)
			break;
	}
	return PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct mpls *m = state;

	for (uint32_t i = 0; i < m->n; i++)
		r->mpls_labels[i] = m->labels[i];
	r->mpls_labels_n = (uint8_t)m->n;
}

const struct processor_ops *proc_mpls(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct mpls),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
