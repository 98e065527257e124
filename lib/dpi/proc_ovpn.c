/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor ovpn: how likely a flow is OpenVPN's, from the opcodes of its packets: the steps of
 * the handshake up to data, or, where these are hidden or were before, how many of the large
 * packets have an opcode of data.
 */
#include "dpi/processor.h"

/* The upper 5 bits of the first byte; over TCP a length of 2 bytes comes before it. */
enum {
	CLIENT_RESET_V1 = 1,
	SERVER_RESET_V1 = 2,
	CONTROL_V1 = 4,
	ACK_V1 = 5,
	DATA_V1 = 6,
	CLIENT_RESET_V2 = 7,
	SERVER_RESET_V2 = 8,
	DATA_V2 = 9,
	CLIENT_RESET_V3 = 10
};
enum { TCP_LENGTH_LEN = 2 };
enum stage {
	NOTHING,
	CLIENT_RESET,
	SERVER_RESET,
	ACKNOWLEDGED,
	CLIENT_HELLO,
	SERVER_HELLO,
	CONTROL,
	DATA
};

/* Where TLS begins behind an opcode: opcode, session, ids acknowledged, packet id; the HMAC more.
 */
enum { CLIENT_TLS_AT = 14, SERVER_TLS_AT = 26, HMAC_LEN = 28, TLS_RECORD_LEN = 5 };
enum { TLS_HANDSHAKE = 22, TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2 };

enum { STEPS_ASTRAY_MAX = 4, LARGE_LEN = 500, PACKETS_ENOUGH = 20, PACKETS_FEW = 5 };
enum { SURE = 100, DATA_PERCENT_MIN = 60, CONFIDENCE_BY_DATA = 80 };

struct ovpn {
	uint32_t large, large_data;
	uint8_t stage; /* enum stage */
	uint8_t client;
	uint8_t astray; /* steps since the last one that led on */
};

/* RFC 3550 5.1: version 2, and a type that is assigned or free for use. */
static bool is_rtp(const struct processor_packet *p)
{
	if (p->view->protocol != 17 || p->captured < 12 || p->payload[0] >> 6 != 2)
		return false;
	const uint8_t type = p->payload[1] & 0x7f;

	return type <= 34 || type >= 96;
}

/* From the opcode on. */
static bool is_hello(const struct processor_packet *p, uint32_t at, uint8_t type)
{
	return at + TLS_RECORD_LEN < p->captured && p->payload[at] == TLS_HANDSHAKE &&
	       p->payload[at + TLS_RECORD_LEN] == type;
}

static bool has_hello(const struct processor_packet *p, uint32_t opcode_at, uint32_t tls_at,
		      uint8_t type)
{
	return is_hello(p, opcode_at + tls_at, type) ||
	       is_hello(p, opcode_at + tls_at + HMAC_LEN, type);
}

/* Where a control message leads; NOTHING: nowhere. */
static enum stage control_leads(const struct ovpn *s, const struct processor_packet *p,
				uint32_t opcode_at)
{
	const bool from_client = p->direction == s->client;

	if (s->stage == ACKNOWLEDGED && from_client &&
	    has_hello(p, opcode_at, CLIENT_TLS_AT, TLS_CLIENT_HELLO))
		return CLIENT_HELLO;
	if (s->stage == CLIENT_HELLO && !from_client &&
	    has_hello(p, opcode_at, SERVER_TLS_AT, TLS_SERVER_HELLO))
		return SERVER_HELLO;
	return s->stage == SERVER_HELLO || s->stage == CONTROL ? CONTROL : NOTHING;
}

static enum stage leads(const struct ovpn *s, const struct processor_packet *p, uint8_t opcode,
			uint32_t opcode_at)
{
	const bool from_client = p->direction == s->client;

	switch (opcode) {
	case CLIENT_RESET_V1:
	case CLIENT_RESET_V2:
	case CLIENT_RESET_V3:
		return CLIENT_RESET;
	case SERVER_RESET_V1:
	case SERVER_RESET_V2:
		return s->stage == CLIENT_RESET && !from_client ? SERVER_RESET : NOTHING;
	case ACK_V1:
		if (s->stage == SERVER_RESET && from_client)
			return ACKNOWLEDGED;
		return s->stage == SERVER_HELLO || s->stage == CONTROL ? CONTROL : NOTHING;
	case CONTROL_V1:
		return control_leads(s, p, opcode_at);
	case DATA_V1:
	case DATA_V2:
		return s->stage == CONTROL || s->stage == DATA ? DATA : NOTHING;
	default:
		return NOTHING;
	}
}

static void step(struct ovpn *s, const struct processor_packet *p, uint8_t opcode,
		 uint32_t opcode_at)
{
	const enum stage next = leads(s, p, opcode, opcode_at);

	if (next != NOTHING) {
		if (next == CLIENT_RESET)
			s->client = (uint8_t)p->direction;
		s->stage = next;
		s->astray = 0;
	} else if (s->stage != NOTHING && ++s->astray > STEPS_ASTRAY_MAX) {
		s->stage = NOTHING;
		s->astray = 0;
	}
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const uint32_t opcode_at = processor_is_tcp(p) ? TCP_LENGTH_LEN : 0;
	struct ovpn *s = state;

	if (p->view->protocol != 6 && p->view->protocol != 17)
		return PROCESSOR_DONE;
	if (p->captured <= opcode_at)
		return PROCESSOR_NEXT;
	const uint8_t opcode = p->payload[opcode_at] >> 3;

	step(s, p, opcode, opcode_at);
	if (p->payload_len > LARGE_LEN && !is_rtp(p)) {
		s->large++;
		s->large_data += opcode == DATA_V1 || opcode == DATA_V2;
	}
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const uint64_t packets = r->packets[DIR_FWD] + r->packets[DIR_REV];
	const struct ovpn *s = state;

	if (packets <= PACKETS_FEW)
		return;
	r->known |= KNOWN_OVPN;
	if (packets > PACKETS_ENOUGH && s->stage == DATA)
		r->ovpn_confidence = SURE;
	else if (s->large > PACKETS_ENOUGH &&
		 100ULL * s->large_data >= (uint64_t)DATA_PERCENT_MIN * s->large)
		r->ovpn_confidence =
			(uint8_t)((uint64_t)CONFIDENCE_BY_DATA * s->large_data / s->large);
}

const struct processor_ops *proc_ovpn(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct ovpn),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
