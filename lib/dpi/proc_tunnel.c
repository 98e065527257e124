/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor tunnel: between whom the tunnel around a flow goes, by its first packet. */
#include <string.h>

#include "dpi/processor.h"

struct tunnel {
	uint8_t src_addr[16], dst_addr[16]; /* of the forward direction */
	uint8_t ip_version;
};

/* The parser has read that header, so it is there. */
static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct packet *k = p->view;
	const uint8_t *h = k->data + k->outer_l3_offset;
	struct tunnel *t = state;
	uint8_t *src = p->direction == DIR_FWD ? t->src_addr : t->dst_addr;
	uint8_t *dst = p->direction == DIR_FWD ? t->dst_addr : t->src_addr;

	if (!(k->flags & PACKET_TUNNELLED))
		return PROCESSOR_DONE;
	t->ip_version = h[0] >> 4;
	if (t->ip_version == 6) {
		memcpy(src, h + 8, 16);
		memcpy(dst, h + 24, 16);
	} else {
		memcpy(src, h + 12, 4);
		memcpy(dst, h + 16, 4);
	}
	return PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct tunnel *t = state;

	r->outer_ip_version = t->ip_version;
	memcpy(r->outer_src_addr, t->src_addr, sizeof r->outer_src_addr);
	memcpy(r->outer_dst_addr, t->dst_addr, sizeof r->outer_dst_addr);
}

const struct processor_ops *proc_tunnel(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct tunnel),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
