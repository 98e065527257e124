/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor scitags: what an IPv6 flow label says of the experiment that a transfer belongs to
 * (draft-cc-v6ops-wlcg-flow-label-marking).
 *
 * From the most significant of its 20 bits: 2 of entropy, 9 of the experiment, which are the
 * other way round so that its number can grow, 1 of entropy, 6 of the activity, 2 of entropy. A
 * mark stays as it is while the flow lives; labels that change mean something else.
 */
#include "core/bytes.h"
#include "dpi/processor.h"

enum { EXPERIMENT_AT = 9, EXPERIMENT_BITS = 9, ACTIVITY_AT = 2, ACTIVITY_BITS = 6 };

struct side {
	uint32_t label : 20;
	uint32_t seen : 1;
	uint32_t changes : 1;
};

struct scitags {
	struct side side[DIR_N];
	uint8_t packets;
};

static uint16_t experiment_of(uint32_t label)
{
	uint16_t experiment = 0;

	for (unsigned int i = 0; i < EXPERIMENT_BITS; i++)
		experiment |=
			(uint16_t)((label >> (EXPERIMENT_AT + i) & 1) << (EXPERIMENT_BITS - 1 - i));
	return experiment;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct packet *k = p->view;
	struct scitags *s = state;
	struct side *side = &s->side[p->direction];

	if (k->ip_version != 6)
		return PROCESSOR_DONE;
	const uint32_t label = load_be32(k->data + k->l3_offset) & 0xfffff;

	side->changes |= side->seen & (label != side->label);
	side->label = label & 0xfffff;
	side->seen = 1;
	return ++s->packets < SCITAGS_PACKETS_MAX ? PROCESSOR_NEXT : PROCESSOR_DONE;
}

/* Whoever sends the data marks it: that may be either side. */
static void to_record(const void *state, struct flow_record *r)
{
	const struct scitags *s = state;

	for (unsigned int d = 0; d < DIR_N && !r->scitag_experiment; d++) {
		const struct side *side = &s->side[d];

		if (side->changes)
			continue;
		r->scitag_experiment = experiment_of(side->label);
		r->scitag_activity =
			(uint8_t)(side->label >> ACTIVITY_AT & ((1U << ACTIVITY_BITS) - 1));
	}
	if (!r->scitag_experiment)
		r->scitag_activity = 0;
}

const struct processor_ops *proc_scitags(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct scitags),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
