/* SPDX-License-Identifier: BSD-3-Clause */
/* One packet from its first byte to its view: link, IP, tunnels, and the books. */
#include "packet/parse.h"

#include "core/bytes.h"
#include "packet/frag.h"
#include "packet/l2.h"
#include "packet/plain.h"
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
		k->mac_offset = (uint16_t)(l2.mac - k->data);
		k->flags |= PACKET_HAS_MAC;
	}
	if (l2.mpls)
		k->mpls_offset = (uint16_t)(l2.mpls - k->data);
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
	k->mac_offset = 0;
	k->flags |= PACKET_HAS_MAC;
	return type == ETHERTYPE_IPV4 ? parse_ipv4(w, at) : parse_ipv6(w, at);
}

static WALK_RARE void count_notes(const struct walk *w)
{
	for (int i = 0; i < NOTE_N; i++)
		counter_add(&w->parser->notes[i], w->notes >> i & 1);
}

void parse_any_packet(struct parser *p, struct packet *k)
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

void parse_packet(struct parser *p, struct packet *k)
{
	/* There are no tunnels in TCP. */
	if (WALK_UNLIKELY(!parse_plain(k) || (p->tunnels && k->protocol != PLAIN_TCP)))
		parse_any_packet(p, k);
}

void parse_packet_burst(struct parser *p, struct packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			prefetch_line(packets[i + PREFETCH_AHEAD].data);
		parse_packet(p, &packets[i]);
	}
}
