/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor tcprtt: from the last SYN over the SYN-ACK that answers it to the ACK of that: the way
 * from the probe to both sides and back, whichever side it is closer to.
 */
#include "core/bytes.h"
#include "dpi/processor.h"

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };
enum { TCP_NUMBERS_LEN = 12 };

struct tcprtt {
	uint64_t syn_ns;
	uint64_t rtt_ns;
	uint32_t syn_seq, syn_ack_seq;
	uint8_t client; /* direction of the SYN */
	uint8_t stage;	/* 0 nothing, 1 SYN, 2 SYN-ACK */
	uint8_t packets;
};

static enum processor_answer finish(struct tcprtt *t, uint64_t time_ns)
{
	/* 0 is for not seen; and times may run backwards. */
	t->rtt_ns = time_ns > t->syn_ns ? time_ns - t->syn_ns : 1;
	return PROCESSOR_DONE;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct packet *k = p->view;
	const uint8_t *h = k->data + k->l4_offset;
	struct tcprtt *t = state;

	if (k->protocol != 6)
		return PROCESSOR_DONE;
	if (!processor_is_tcp(p) || processor_room(k, k->l4_offset) < TCP_NUMBERS_LEN)
		return PROCESSOR_NEXT; /* a later fragment */
	const uint32_t seq = load_be32(h + 4), ack = load_be32(h + 8);
	const uint8_t flags = k->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);

	if (++t->packets >= TCPRTT_PACKETS_MAX || flags & (TCP_FIN | TCP_RST))
		return PROCESSOR_DONE;
	if (flags == TCP_SYN) {
		t->syn_ns = k->time_ns;
		t->syn_seq = seq;
		t->client = (uint8_t)p->direction;
		t->stage = 1;
	} else if (flags == (TCP_SYN | TCP_ACK)) {
		if (t->stage == 1 && p->direction != t->client && ack == t->syn_seq + 1) {
			t->syn_ack_seq = seq;
			t->stage = 2;
		}
	} else if (t->stage == 2 && p->direction == t->client && ack - t->syn_ack_seq - 1 == 0) {
		return finish(t, k->time_ns);
	} else if (t->stage == 0) {
		return PROCESSOR_DONE; /* the handshake was before */
	}
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct tcprtt *t = state;

	r->tcp_rtt_us = (t->rtt_ns + 999) / 1000;
}

const struct processor_ops *proc_tcprtt(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct tcprtt),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
