/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor idpcontent: how the first payload of each direction begins. */
#include "dpi/processor.h"

#include <string.h>

struct idpcontent {
	uint8_t bytes[DIR_N][IDPCONTENT_BYTES_MAX];
	uint8_t len[DIR_N];
};

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct idpcontent *s = state;
	uint8_t *len = &s->len[p->direction];

	if (!*len && p->captured) {
		*len = p->captured < IDPCONTENT_BYTES_MAX ? (uint8_t)p->captured :
							    IDPCONTENT_BYTES_MAX;
		memcpy(s->bytes[p->direction], p->payload, *len);
	}
	return s->len[DIR_FWD] && s->len[DIR_REV] ? PROCESSOR_DONE : PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct idpcontent *s = state;

	for (unsigned int d = 0; d < DIR_N; d++)
		r->idp_content[d] = (struct octets){s->bytes[d], s->len[d]};
}

const struct processor_ops *proc_idpcontent(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct idpcontent),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
