/* SPDX-License-Identifier: BSD-3-Clause */
/* One packet from its first byte to its view: link, IP, tunnels, and the books. */
#include "packet/parse.h"

#include "core/bytes.h"
#include "packet/frag.h"
#include "packet/l2.h"
#include "packet/walk.h"

#include <stddef.h>
#include <string.h>

/* Packets whose first bytes are asked for ahead of the one being parsed. */
#define PREFETCH_AHEAD 4

int parser_init(struct parser *p, uint64_t *notes, bool tunnels)
{
	struct frag_cache *frags;
	int err = frag_cache_create(&frags);

	if (err)
		return err;
	*p = (struct parser){.frags = frags, .notes = notes, .tunnels = tunnels};
	return 0;
}

void parser_fini(struct parser *p)
{
	frag_cache_destroy(p->frags);
	*p = (struct parser){0};
}

void parser_reseed(struct parser *p, const struct hash_seed *seed)
{
	frag_cache_reseed(p->frags, seed);
}

/* Everything but Ethernet, at most one VLAN tag and IP. */
static WALK_RARE bool parse_link(struct walk *w)
{
	struct packet *k = w->k;
	struct l2_walk l2 = {.data = k->data, .len = w->len};
	enum l2_next found = l2_find_ip(&l2, l2_link(&l2, (enum link_type)k->link_type));

	k->vlan_id = l2.vlan_id;
	k->vlan_inner_id = l2.vlan_inner_id;
	if (l2.mac) {
		k->mac = l2.mac;
		k->flags |= PACKET_HAS_MAC;
	}
	if (found == L2_DROP)
		return walk_drop(w, w->len ? (enum drop_reason)l2.drop : DROP_empty);
	return found == L2_IPV4 ? parse_ipv4(w, l2.at) : parse_ipv6(w, l2.at);
}

static inline bool parse_frame(struct walk *w)
{
	struct packet *k = w->k;
	uint32_t at = ETHERNET_HEADER_LEN;

	if (WALK_UNLIKELY(k->link_type != LINK_ETHERNET || w->len < at + VLAN_TAG_LEN))
		return parse_link(w);
	uint16_t type = load_be16(k->data + 12);
	if (type == ETHERTYPE_VLAN) {
		k->vlan_id = load_be16(k->data + at) & 0x0fff;
		type = load_be16(k->data + at + 2);
		at += VLAN_TAG_LEN;
	}
	if (WALK_UNLIKELY(type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6))
		return parse_link(w);
	k->mac = k->data;
	k->flags |= PACKET_HAS_MAC;
	return type == ETHERTYPE_IPV4 ? parse_ipv4(w, at) : parse_ipv6(w, at);
}

static WALK_RARE void count_notes(const struct walk *w)
{
	for (int i = 0; i < NOTE_N; i++)
		counter_add(&w->parser->notes[i], w->notes >> i & 1);
}

static WALK_RARE void parse_any(struct parser *p, struct packet *k)
{
	uint16_t flags = k->flags & PACKET_WIRE_LEN;
	struct walk w = {.parser = p, .k = k, .len = k->len, .limit = k->wire_len};

	memset((uint8_t *)k + offsetof(struct packet, drop), 0,
	       sizeof *k - offsetof(struct packet, drop));
	if (WALK_UNLIKELY(k->len != k->wire_len)) {
		if (k->len < k->wire_len) {
			flags |= PACKET_CUT;
			walk_note(&w, NOTE_cut);
		} else {
			w.limit = k->len;
		}
	}
	k->flags = flags;
	if (WALK_UNLIKELY(!parse_frame(&w))) {
		k->drop = w.drop;
		return;
	}
	k->outer_l3_offset = k->l3_offset;
	if (p->tunnels)
		parse_tunnels(&w);
	if (WALK_UNLIKELY(w.notes))
		count_notes(&w);
}

/* Plain packets: bytes of IPv4 without options, and of the two transports. */
enum {
	PLAIN_IP_LEN = 20,
	PLAIN_TCP = 6,
	PLAIN_TCP_LEN = 20,
	PLAIN_UDP = 17,
	PLAIN_UDP_LEN = 8,
	FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
};

/* Length of a transport header that is all there and says nothing odd, else 0. */
static inline uint32_t plain_l4_len(uint8_t protocol, const uint8_t *h, uint32_t room)
{
	if (protocol == PLAIN_UDP)
		return load_be16(h + 4) == room ? PLAIN_UDP_LEN : 0;
	if (WALK_UNLIKELY(protocol != PLAIN_TCP || room < PLAIN_TCP_LEN))
		return 0;
	uint32_t len = (h[12] >> 4) * 4U;

	return len >= PLAIN_TCP_LEN && len <= room ? len : 0;
}

/*
 * Most packets, in one go: Ethernet, at most one VLAN tag, IPv4 without options or fragments, TCP
 * or UDP, nothing cut, nothing odd. False: anything else, for the functions that know everything.
 * The view is the same as theirs (tests/unit/packet/plain_test.c).
 */
static inline bool parse_plain(struct packet *k)
{
	const uint8_t *d = k->data;
	uint32_t at = ETHERNET_HEADER_LEN;
	uint16_t vlan_id = 0;

	if (WALK_UNLIKELY(k->link_type != LINK_ETHERNET || k->len != k->wire_len ||
			  k->len < at + PLAIN_IP_LEN + PLAIN_UDP_LEN))
		return false;
	uint16_t type = load_be16(d + 12);
	if (type == ETHERTYPE_VLAN) {
		vlan_id = load_be16(d + at) & 0x0fff;
		type = load_be16(d + at + 2);
		at += VLAN_TAG_LEN;
	}
	const uint8_t *h = d + at, *l4 = h + PLAIN_IP_LEN;
	if (WALK_UNLIKELY(type != ETHERTYPE_IPV4 || k->len - at < PLAIN_IP_LEN + PLAIN_UDP_LEN ||
			  h[0] != 0x45 || load_be16(h + 6) & FRAGMENT_BITS))
		return false;
	uint32_t l3_len = load_be16(h + 2);
	if (WALK_UNLIKELY(l3_len > k->len - at || l3_len < PLAIN_IP_LEN + PLAIN_UDP_LEN))
		return false;
	uint32_t l4_len = plain_l4_len(h[9], l4, l3_len - PLAIN_IP_LEN);
	if (WALK_UNLIKELY(!l4_len))
		return false;

	const bool tcp = h[9] == PLAIN_TCP;
	const uint16_t flags = (k->flags & PACKET_WIRE_LEN) | PACKET_HAS_MAC | PACKET_HAS_PORTS;

	memset((uint8_t *)k + offsetof(struct packet, drop), 0,
	       sizeof *k - offsetof(struct packet, drop));
	k->flags = (uint16_t)(flags | (tcp ? PACKET_TCP : 0));
	k->ip_version = 4;
	k->protocol = h[9];
	k->src_addr = h + 12;
	k->dst_addr = h + 16;
	k->mac = d;
	k->l3_offset = k->outer_l3_offset = at;
	k->l4_offset = at + PLAIN_IP_LEN;
	k->payload_offset = at + PLAIN_IP_LEN + l4_len;
	k->payload_len = l3_len - PLAIN_IP_LEN - l4_len;
	k->l3_len = l3_len;
	k->src_port = load_be16(l4);
	k->dst_port = load_be16(l4 + 2);
	k->vlan_id = vlan_id;
	k->tcp_flags = tcp ? l4[13] : 0;
	k->ip_tos = h[1];
	k->ip_ttl = h[8];
	return true;
}

void parse_packet(struct parser *p, struct packet *k)
{
	if (WALK_LIKELY(!p->tunnels) && WALK_LIKELY(parse_plain(k)))
		return;
	parse_any(p, k);
}

void parse_packet_burst(struct parser *p, struct packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(packets[i + PREFETCH_AHEAD].data);
		parse_packet(p, &packets[i]);
	}
}
