/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor pstats: the first packets one by one. */
#include <stdbool.h>

#include "core/bytes.h"
#include "dpi/processor.h"

enum { TCP_NUMBERS_LEN = 12 };

_Static_assert(PSTATS_PACKETS_MAX <= LIST_VALUES_MAX && PSTATS_PACKETS_MAX <= 32,
	       "a list holds them");

/* The latest segment of a direction, by which one that is sent again is known. */
struct latest {
	uint32_t seq, ack;
	uint32_t payload_len;
	uint8_t flags;
	bool seen;
};

struct pstats {
	uint32_t after_ms[PSTATS_PACKETS_MAX];
	uint16_t lengths[PSTATS_PACKETS_MAX];
	uint8_t flags[PSTATS_PACKETS_MAX];
	uint8_t n;
	uint32_t reverse; /* bit i: packet i */
	struct latest latest[DIR_N];
};

/* Sequence numbers wrap (RFC 9293 3.4). */
static bool is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* Whether a segment was there before; it is the latest one otherwise. */
static bool is_repeated(struct latest *l, const struct processor_packet *p)
{
	const struct packet *k = p->view;
	const uint8_t *h = k->data + k->l4_offset;

	if (!processor_is_tcp(p) || processor_room(k, k->l4_offset) < TCP_NUMBERS_LEN)
		return false;
	const struct latest now = {load_be32(h + 4), load_be32(h + 8), p->payload_len, k->tcp_flags,
				   true};

	if (l->seen && !is_after(now.seq, l->seq) && !is_after(now.ack, l->ack) &&
	    now.payload_len == l->payload_len && now.flags == l->flags)
		return true;
	*l = now;
	return false;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct pstats *s = state;

	if (p->options->pstats_skip_dup && is_repeated(&s->latest[p->direction], p))
		return PROCESSOR_NEXT;
	if (!p->payload_len && !p->options->pstats_include_zeros)
		return PROCESSOR_NEXT;
	s->lengths[s->n] = p->payload_len < UINT16_MAX ? (uint16_t)p->payload_len : UINT16_MAX;
	s->after_ms[s->n] = p->since_start_ms;
	s->flags[s->n] = p->view->tcp_flags;
	s->reverse |= (uint32_t)(p->direction == DIR_REV) << s->n;
	s->n++;
	return s->n < PSTATS_PACKETS_MAX ? PROCESSOR_NEXT : PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct pstats *s = state;

	if (processor_is_lone_syn(r))
		return;
	r->packet_lengths = (struct list_u16){s->lengths, s->n};
	r->packet_times = (struct list_time){s->after_ms, s->n};
	r->packet_flags = (struct list_u8){s->flags, s->n};
	r->packet_directions = (struct list_direction){s->reverse, s->n};
}

const struct processor_ops *proc_pstats(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct pstats),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
