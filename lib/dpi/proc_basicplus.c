/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor basicplus: of both directions the TTLs, fragment flags, window, options and segment
 * size, and how long the SYN was.
 */
#include <stdbool.h>

#include "core/bytes.h"
#include "dpi/processor.h"

#define TCP_HEADER_LEN 20

enum { TCP_SYN = 0x02 };
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_MSS_LEN = 4, OPTION_KINDS = 64 };

struct side {
	uint64_t tcp_options;
	uint16_t window, mss;
	uint8_t ttl_min, ttl_max, ip_flags;
	bool has_ip, has_tcp;
};

struct basicplus {
	struct side side[DIR_N];
	uint16_t syn_bytes;
	uint8_t rev_tos, rev_ttl;
};

/* Byte 6 of an IPv4 header begins with the fragment flags; IPv6 has none. */
static uint8_t fragment_flags(const struct packet *k)
{
	return k->ip_version == 4 ? k->data[k->l3_offset + 6] & 0xe0 : 0;
}

static void first_ip(struct basicplus *b, const struct packet *k, unsigned int direction)
{
	struct side *s = &b->side[direction];

	s->has_ip = true;
	s->ttl_min = s->ttl_max = k->ip_ttl;
	s->ip_flags = fragment_flags(k);
	if (direction == DIR_REV) {
		b->rev_tos = k->ip_tos;
		b->rev_ttl = k->ip_ttl;
	} else if (k->flags & PACKET_TCP && k->tcp_flags == TCP_SYN) {
		b->syn_bytes = k->l3_len < UINT16_MAX ? (uint16_t)k->l3_len : UINT16_MAX;
	}
}

/* RFC 9293 3.1: kind, and but for two of them length and value. What is broken ends the list. */
static void read_options(struct side *s, const uint8_t *option, uint32_t len, bool is_syn)
{
	while (len) {
		const uint8_t kind = option[0];
		uint32_t option_len = kind > OPTION_NOP ? 0 : 1;

		if (!option_len && len >= 2)
			option_len = option[1];
		if (option_len > len || (kind > OPTION_NOP && option_len < 2))
			return;
		if (kind < OPTION_KINDS)
			s->tcp_options |= 1ULL << kind;
		if (kind == OPTION_MSS && option_len == OPTION_MSS_LEN && is_syn)
			s->mss = load_be16(option + 2);
		if (kind == OPTION_END)
			return;
		option += option_len;
		len -= option_len;
	}
}

static void read_tcp(struct side *s, const struct packet *k)
{
	const uint8_t *h = k->data + k->l4_offset;
	const uint32_t room = processor_room(k, k->l4_offset);

	if (room < TCP_HEADER_LEN)
		return;
	uint32_t len = (h[12] >> 4) * 4U;
	if (!s->has_tcp) {
		s->has_tcp = true;
		s->window = load_be16(h + 14);
	}
	if (len > room)
		len = room;
	if (len > TCP_HEADER_LEN)
		read_options(s, h + TCP_HEADER_LEN, len - TCP_HEADER_LEN, k->tcp_flags & TCP_SYN);
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const struct packet *k = p->view;
	struct basicplus *b = state;
	struct side *s = &b->side[p->direction];

	if (!s->has_ip)
		first_ip(b, k, p->direction);
	if (k->ip_ttl < s->ttl_min)
		s->ttl_min = k->ip_ttl;
	if (k->ip_ttl > s->ttl_max)
		s->ttl_max = k->ip_ttl;
	if (processor_is_tcp(p))
		read_tcp(s, k);
	return PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	static const uint8_t known_ip[DIR_N] = {KNOWN_IP_FWD, KNOWN_IP_REV};
	static const uint8_t known_tcp[DIR_N] = {KNOWN_TCP_FWD, KNOWN_TCP_REV};
	const struct basicplus *b = state;

	for (int d = 0; d < DIR_N; d++) {
		const struct side *s = &b->side[d];

		r->known |=
			(uint8_t)((s->has_ip ? known_ip[d] : 0) | (s->has_tcp ? known_tcp[d] : 0));
		r->ttl_min[d] = s->ttl_min;
		r->ttl_max[d] = s->ttl_max;
		r->ip_flags[d] = s->ip_flags;
		r->tcp_window[d] = s->window;
		r->tcp_options[d] = s->tcp_options;
		r->tcp_mss[d] = s->mss;
	}
	r->rev_tos = b->rev_tos;
	r->rev_ttl = b->rev_ttl;
	r->tcp_syn_bytes = b->syn_bytes;
}

const struct processor_ops *proc_basicplus(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct basicplus),
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
