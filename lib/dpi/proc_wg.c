/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor wg: whether all messages of a flow have the form of WireGuard's (the protocol's paper,
 * 5.4), and the indices by which both sides know the session.
 */
#include "dpi/processor.h"
#include "record/elements.h"

#include <string.h>

enum { INITIATION = 1, RESPONSE = 2, COOKIE_REPLY = 3, TRANSPORT_DATA = 4 };
enum { INITIATION_LEN = 148, RESPONSE_LEN = 92, COOKIE_REPLY_LEN = 64, TRANSPORT_DATA_MIN = 32 };
/* Type and three zeros; the sender's index, but where only the receiver is named. */
enum { FIRST_INDEX_AT = 4, SECOND_INDEX_AT = 8, INDICES_END = 12 };
/* What else it may be: a query of DNS whose id looks like a type. */
enum { SURE = 100, MAYBE_DNS = 1 };

struct wg {
	uint32_t peer[DIR_N];
	uint8_t confidence;
	bool begun;
};

/* Little endian, as everything in WireGuard. */
static uint32_t index_at(const struct processor_packet *p, uint32_t at)
{
	const uint8_t *b = p->payload + at;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* The type of the message, 0: it is none. */
static uint8_t message_type(const struct processor_packet *p)
{
	const uint8_t *b = p->payload;

	if (p->view->protocol != 17 || p->captured < INDICES_END || b[1] || b[2] || b[3])
		return 0;
	switch (b[0]) {
	case INITIATION:
		return p->payload_len == INITIATION_LEN ? b[0] : 0;
	case RESPONSE:
		return p->payload_len == RESPONSE_LEN ? b[0] : 0;
	case COOKIE_REPLY:
		return p->payload_len == COOKIE_REPLY_LEN ? b[0] : 0;
	case TRANSPORT_DATA:
		return p->payload_len >= TRANSPORT_DATA_MIN ? b[0] : 0;
	default:
		return 0;
	}
}

static void read_message(struct wg *s, const struct processor_packet *p, uint8_t type)
{
	static const uint8_t one_question[] = {0, 1, 0, 0};
	const unsigned int sender = p->direction, receiver = !sender;

	if (type == INITIATION || type == RESPONSE)
		s->peer[sender] = index_at(p, FIRST_INDEX_AT);
	if (type == RESPONSE)
		s->peer[receiver] = index_at(p, SECOND_INDEX_AT);
	if (type == COOKIE_REPLY || type == TRANSPORT_DATA)
		s->peer[receiver] = index_at(p, FIRST_INDEX_AT);
	s->confidence = memcmp(p->payload + FIRST_INDEX_AT, one_question, sizeof one_question) ?
				SURE :
				MAYBE_DNS;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct wg *s = state;
	const uint8_t type = message_type(p);

	if (!type) {
		s->confidence = 0;
		return PROCESSOR_DONE;
	}
	s->begun = true;
	read_message(s, p, type);
	return PROCESSOR_NEXT;
}

/* Another session of the same side. */
static bool cut_before(const void *state, const struct processor_packet *p)
{
	const struct wg *s = state;
	const uint32_t known = s->peer[p->direction];

	return known && message_type(p) == INITIATION &&
	       index_at(p, FIRST_INDEX_AT) != known;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct wg *s = state;

	if (!s->begun)
		return;
	r->known |= KNOWN_WG;
	r->l7_seen |= CLASS_WG;
	r->wg_confidence = s->confidence;
	r->wg_peer[DIR_FWD] = s->peer[DIR_FWD];
	r->wg_peer[DIR_REV] = s->peer[DIR_REV];
}

const struct processor_ops *proc_wg(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct wg),
		.packet = packet,
		.cut_before = cut_before,
		.to_record = to_record,
	};

	return &ops;
}
