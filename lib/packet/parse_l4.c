/* SPDX-License-Identifier: BSD-3-Clause */
/* Transport headers: ports, flags, types, and which bytes are the application's. */
#include "packet/walk.h"

#include "core/bytes.h"

enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ICMPV6 = 58,
	PROTO_SCTP = 132,
	PROTO_UDP_LITE = 136,
};

#define TCP_HEADER_LEN	20
#define UDP_HEADER_LEN	8
#define ICMP_HEADER_LEN 8
#define SCTP_HEADER_LEN 12

static inline void set_ports(struct packet *k, const uint8_t *h)
{
	k->src_port = load_be16(h);
	k->dst_port = load_be16(h + 2);
	k->flags |= PACKET_HAS_PORTS;
}

static inline void set_payload(struct packet *k, uint32_t offset, uint32_t len)
{
	k->payload_offset = offset;
	k->payload_len = len;
}

/* A transport header that is not all there: its ports are, when four bytes of it are. */
static WALK_RARE void short_header(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	uint32_t room = walk_end(w) - at;

	walk_note(w, NOTE_truncated_l4);
	if (room >= 4)
		set_ports(k, k->data + at);
}

/* RFC 9293 3.1; a header that is longer than its packet, or shorter than itself. */
static WALK_RARE void tcp_odd(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + at;
	uint32_t room = walk_end(w) - at;

	if (room < TCP_HEADER_LEN) {
		short_header(w, at);
		if (room >= 14) {
			k->tcp_flags = h[13];
			k->flags |= PACKET_TCP;
		}
		return;
	}
	uint32_t header_len = (h[12] >> 4) * 4U;
	bool lies = header_len < TCP_HEADER_LEN ||
		    (header_len > w->end - at && !(k->flags & PACKET_FRAGMENT));
	walk_note(w, lies ? NOTE_bad_l4_length : NOTE_truncated_l4);
}

static inline void tcp(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + at;
	uint32_t room = walk_end(w) - at;

	if (WALK_UNLIKELY(room < TCP_HEADER_LEN)) {
		tcp_odd(w, at);
		return;
	}
	uint32_t header_len = (h[12] >> 4) * 4U;
	set_ports(k, h);
	k->tcp_flags = h[13];
	k->flags |= PACKET_TCP;
	if (WALK_UNLIKELY(header_len < TCP_HEADER_LEN || header_len > room)) {
		tcp_odd(w, at);
		return;
	}
	set_payload(k, at + header_len, room - header_len);
}

/*
 * RFC 768: a length that is not what IP left for it. Smaller leaves a surplus area (RFC 9868), 0
 * is a jumbogram (RFC 2675 4), and the first fragment of a datagram is shorter than the datagram.
 */
static WALK_RARE void udp_odd(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	uint32_t room = walk_end(w) - at, stated = w->end - at;
	uint32_t len = load_be16(k->data + at + 4);
	bool jumbo = len == 0 && stated > UINT16_MAX;

	if (len < UDP_HEADER_LEN && !jumbo) {
		walk_note(w, NOTE_bad_l4_length);
		set_payload(k, at + UDP_HEADER_LEN, 0);
		return;
	}
	if (len > stated && !(k->flags & PACKET_FRAGMENT))
		walk_note(w, NOTE_bad_l4_length);
	if (jumbo || len > room)
		len = room;
	set_payload(k, at + UDP_HEADER_LEN, len - UDP_HEADER_LEN);
}

static inline void udp(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + at;
	uint32_t room = walk_end(w) - at;

	if (WALK_UNLIKELY(room < UDP_HEADER_LEN)) {
		short_header(w, at);
		return;
	}
	set_ports(k, h);
	if (WALK_UNLIKELY(load_be16(h + 4) != room))
		udp_odd(w, at);
	else
		set_payload(k, at + UDP_HEADER_LEN, room - UDP_HEADER_LEN);
}

/* RFC 792, RFC 4443: echo, timestamp, information and mask messages carry an identifier. */
static bool icmp_has_id(uint8_t protocol, uint8_t type)
{
	if (protocol == PROTO_ICMPV6)
		return type == 128 || type == 129;
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static void icmp(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + at;
	uint32_t room = walk_end(w) - at;

	if (room >= 2) {
		k->icmp_type = h[0];
		k->icmp_code = h[1];
	}
	if (room >= 6 && icmp_has_id(k->protocol, h[0]))
		k->icmp_id = load_be16(h + 4);
	if (room < ICMP_HEADER_LEN)
		walk_note(w, NOTE_truncated_l4);
	else
		set_payload(k, at + ICMP_HEADER_LEN, room - ICMP_HEADER_LEN);
}

/* RFC 9260 3.1: the chunks are the payload. */
static void sctp(struct walk *w, uint32_t at)
{
	uint32_t room = walk_end(w) - at;

	if (room < SCTP_HEADER_LEN) {
		short_header(w, at);
		return;
	}
	set_ports(w->k, w->k->data + at);
	set_payload(w->k, at + SCTP_HEADER_LEN, room - SCTP_HEADER_LEN);
}

/* RFC 4340 5.1: data offset in words, at least the short generic header of 12 bytes. */
static void dccp(struct walk *w, uint32_t at)
{
	const uint8_t *h = w->k->data + at;
	uint32_t room = walk_end(w) - at;

	if (room < 12) {
		short_header(w, at);
		return;
	}
	uint32_t header_len = h[4] * 4U;
	set_ports(w->k, h);
	if (header_len < 12 || header_len > w->end - at)
		walk_note(w, NOTE_bad_l4_length);
	else if (header_len > room)
		walk_note(w, NOTE_truncated_l4);
	else
		set_payload(w->k, at + header_len, room - header_len);
}

/* RFC 3828 3.1: where UDP has its length stands the checksum's coverage, 0 for all. */
static void udp_lite(struct walk *w, uint32_t at)
{
	const uint8_t *h = w->k->data + at;
	uint32_t room = walk_end(w) - at;

	if (room < UDP_HEADER_LEN) {
		short_header(w, at);
		return;
	}
	uint32_t coverage = load_be16(h + 4);
	set_ports(w->k, h);
	if ((coverage && coverage < UDP_HEADER_LEN) ||
	    (coverage > w->end - at && !(w->k->flags & PACKET_FRAGMENT)))
		walk_note(w, NOTE_bad_l4_length);
	set_payload(w->k, at + UDP_HEADER_LEN, room - UDP_HEADER_LEN);
}

static WALK_RARE void other(struct walk *w, uint32_t at)
{
	switch (w->k->protocol) {
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		icmp(w, at);
		break;
	case PROTO_SCTP:
		sctp(w, at);
		break;
	case PROTO_DCCP:
		dccp(w, at);
		break;
	case PROTO_UDP_LITE:
		udp_lite(w, at);
		break;
	default:
		set_payload(w->k, at, walk_end(w) - at);
	}
}

void parse_no_l4(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;

	k->l4_offset = k->payload_offset = at < w->len ? at : w->len;
	k->payload_len = 0;
}

void parse_l4(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;

	if (WALK_UNLIKELY(at > walk_end(w))) {
		walk_note(w, NOTE_truncated_l4);
		parse_no_l4(w, at);
		return;
	}
	k->l4_offset = k->payload_offset = at;
	if (k->protocol == PROTO_TCP)
		tcp(w, at);
	else if (k->protocol == PROTO_UDP)
		udp(w, at);
	else
		other(w, at);
}
