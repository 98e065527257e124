/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets made again from what is known of them. A TCP flow gets its state with its first payload
 * only, and many flows never get one; where nDPI wants to have seen the packets before, they are
 * rebuilt: the handshake for dissectors that ask for it, a first packet for guesses by header.
 */
#include "dpi/dpi_private.h"

#include "core/bytes.h"

#include <netinet/in.h>
#include <string.h>

enum { TCP_SYN = 0x02, TCP_ACK = 0x10 };

struct made {
	uint8_t bytes[DPI_MADE_BYTES];
	struct dpi_flow_facts facts;
	uint32_t seq, ack;
	uint8_t tcp_flags;
};

static size_t make_l3(struct made *m, size_t l4_len)
{
	uint8_t *to = m->bytes;

	memset(to, 0, sizeof m->bytes);
	if (m->facts.ip_version == 6) {
		to[0] = 6 << 4;
		store_be16(to + 4, (uint16_t)l4_len);
		to[6] = m->facts.protocol;
		to[7] = 64;
		memcpy(to + 8, m->facts.src_addr, 16);
		memcpy(to + 24, m->facts.dst_addr, 16);
		return 40;
	}
	to[0] = 4 << 4 | 5;
	store_be16(to + 2, (uint16_t)(20 + l4_len));
	to[8] = 64;
	to[9] = m->facts.protocol;
	memcpy(to + 12, m->facts.src_addr, 4);
	memcpy(to + 16, m->facts.dst_addr, 4);
	return 20;
}

/* IP and transport headers without payload; checksums are 0, nDPI does not look at them. */
static uint16_t make(struct made *m)
{
	size_t l4_len = m->facts.protocol == IPPROTO_TCP ? 20 : 8;
	size_t l3_len = make_l3(m, l4_len);
	uint8_t *l4 = m->bytes + l3_len;

	if (m->facts.protocol == IPPROTO_TCP || m->facts.protocol == IPPROTO_UDP) {
		store_be16(l4, m->facts.src_port);
		store_be16(l4 + 2, m->facts.dst_port);
	}
	if (m->facts.protocol == IPPROTO_TCP) {
		store_be32(l4 + 4, m->seq);
		store_be32(l4 + 8, m->ack);
		l4[12] = 5 << 4;
		l4[13] = m->tcp_flags;
	} else if (m->facts.protocol == IPPROTO_UDP) {
		store_be16(l4 + 4, 8);
	}
	return (uint16_t)(l3_len + l4_len);
}

struct ndpi_verdict dpi_process_facts(struct dpi *d, struct ndpi_flow_struct *f,
				      const struct dpi_flow_facts *facts)
{
	struct made m = {.facts = *facts, .tcp_flags = TCP_SYN};
	uint16_t len = make(&m);

	return ndpi_compat_process(d->module.ndpi, f, m.bytes, len, d->last_ms);
}

/* Whether this direction is that of the side that sent the flow's first packet. */
static bool is_opener(const struct dpi_annex *a, unsigned int direction)
{
	return (direction == DIR_REV) == ((a->handshake & DPI_SEEN_REVERSE) != 0);
}

static void note_empty(struct dpi_annex *a, const struct packet *k, unsigned int direction)
{
	bool syn = k->tcp_flags & TCP_SYN, ack = k->tcp_flags & TCP_ACK;

	if (!a->handshake) {
		a->handshake = syn && !ack ? DPI_SEEN_SYN : DPI_SEEN_OTHER;
		a->handshake |= direction == DIR_REV ? DPI_SEEN_REVERSE : 0;
		if (a->handshake & DPI_SEEN_SYN && k->src_port < k->dst_port)
			a->handshake |= DPI_SEEN_LOW_CLIENT;
	} else if (a->handshake & DPI_SEEN_SYN && syn && ack) {
		a->handshake |= DPI_SEEN_SYN_ACK;
	} else if (a->handshake & DPI_SEEN_SYN_ACK && !syn && ack) {
		a->handshake |= DPI_SEEN_ACK;
	}
}

void dpi_handshake_note(struct dpi_annex *a, const struct packet *k, unsigned int direction)
{
	if (!(k->flags & PACKET_TCP) || a->handshake & DPI_SEEN_PAYLOAD)
		return;
	if (k->payload_len == 0) {
		note_empty(a, k, direction);
		return;
	}
	if (a->handshake & DPI_SEEN_SYN && !is_opener(a, direction))
		a->handshake |= DPI_SEEN_SERVER_FIRST;
	a->handshake |= DPI_SEEN_PAYLOAD;
}

/* One packet of the opening side (or of the other), its numbers those before the packet k. */
static void replay_one(struct dpi *d, struct ndpi_flow_struct *f, const struct packet *k,
		       bool from_src, uint8_t tcp_flags)
{
	const uint8_t *l4 = k->data + k->l4_offset;
	uint32_t seq = load_be32(l4 + 4), ack = load_be32(l4 + 8);
	uint32_t syn = tcp_flags & TCP_SYN ? 1 : 0;
	struct made m = {
		.facts =
			{
				.src_addr = from_src ? packet_src_addr(k) : packet_dst_addr(k),
				.dst_addr = from_src ? packet_dst_addr(k) : packet_src_addr(k),
				.src_port = from_src ? k->src_port : k->dst_port,
				.dst_port = from_src ? k->dst_port : k->src_port,
				.ip_version = k->ip_version,
				.protocol = k->protocol,
			},
		.seq = (from_src ? seq : ack) - syn,
		.ack = tcp_flags & TCP_ACK ? (from_src ? ack : seq) : 0,
		.tcp_flags = tcp_flags,
	};
	uint16_t len = make(&m);

	ndpi_compat_process(d->module.ndpi, f, m.bytes, len, d->last_ms);
}

void dpi_handshake_replay(struct dpi *d, struct dpi_annex *a, const struct packet *k,
			  unsigned int direction)
{
	struct ndpi_flow_struct *f = dpi_state_flow(a->state);
	bool opener = is_opener(a, direction);

	if (!(k->flags & PACKET_TCP) || !(k->flags & PACKET_HAS_PORTS))
		return;
	if (a->handshake & DPI_SEEN_SYN)
		replay_one(d, f, k, opener, TCP_SYN);
	if (a->handshake & DPI_SEEN_SYN_ACK)
		replay_one(d, f, k, !opener, TCP_SYN | TCP_ACK);
	if (a->handshake & (DPI_SEEN_ACK | DPI_SEEN_OTHER))
		replay_one(d, f, k, opener, TCP_ACK);
}
