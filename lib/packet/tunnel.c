/* SPDX-License-Identifier: BSD-3-Clause */
/* Into tunnels as deep as they decode, and back to the outer view where one does not. */
#include "packet/tunnel.h"

#include "packet/walk.h"

enum {
	PROTO_IPV4 = 4,
	PROTO_UDP = 17,
	PROTO_IPV6 = 41,
	PROTO_GRE = 47,
	PROTO_L2TP = 115,
};

typedef enum tunnel_result decode_fn(struct tunnel *t);

static enum tunnel_result ipv4_in_ip(struct tunnel *t)
{
	t->type = TUNNEL_IPIP;
	return tunnel_enter(t, 0, L2_IPV4);
}

static enum tunnel_result ipv6_in_ip(struct tunnel *t)
{
	t->type = TUNNEL_IPIP;
	return tunnel_enter(t, 0, L2_IPV6);
}

/* Where only the destination is well known and where answers come from that port, too. */
static decode_fn *udp_decoder(uint16_t src_port, uint16_t dst_port)
{
	switch (dst_port) {
	case 4789:
	case 8472: /* what Linux used before 4789 was assigned, and some still do */
		return tunnel_vxlan;
	case 4790:
		return tunnel_vxlan_gpe;
	case 6081:
		return tunnel_geneve;
	case 2152:
		return tunnel_gtpu;
	}
	if (dst_port == 1701 || src_port == 1701)
		return tunnel_l2tp_udp;
	if (dst_port == 5247 || src_port == 5247)
		return tunnel_capwap;
	if (dst_port == 3544 || src_port == 3544)
		return tunnel_teredo;
	return NULL;
}

static decode_fn *decoder_of(const struct packet *k)
{
	switch (k->protocol) {
	case PROTO_UDP:
		return udp_decoder(k->src_port, k->dst_port);
	case PROTO_IPV4:
		return ipv4_in_ip;
	case PROTO_IPV6:
		return ipv6_in_ip;
	case PROTO_GRE:
		return tunnel_gre;
	case PROTO_L2TP:
		return tunnel_l2tp_ip;
	default:
		return NULL;
	}
}

/* Where the datagram in a UDP header ends; a length that lies was noted and is not believed. */
static uint32_t udp_end(const struct walk *w)
{
	uint32_t len = load_be16(w->k->data + w->k->l4_offset + 4);

	return len >= 8 && len < w->end - w->k->l4_offset ? w->k->l4_offset + len : w->end;
}

/* No view is made of what is not IP inside: that is only worth a note when it is broken. */
static bool is_broken(enum drop_reason reason)
{
	switch (reason) {
	case DROP_arp:
	case DROP_llc:
	case DROP_unsupported_ethertype:
	case DROP_pppoe_discovery:
	case DROP_ppp_not_ip:
	case DROP_mpls_not_ip:
		return false;
	default:
		return true;
	}
}

static void clear_view(struct packet *k)
{
	k->flags &= (uint16_t) ~(PACKET_FRAGMENT | PACKET_LATER_FRAGMENT | PACKET_HAS_PORTS |
				 PACKET_TCP);
	k->src_port = k->dst_port = 0;
	k->tcp_flags = k->icmp_type = k->icmp_code = 0;
	k->icmp_id = 0;
	k->payload_len = 0;
}

/* A stack of labels inside the tunnel counts where there is none around it. */
static void note_labels(struct packet *k, const struct l2_walk *l2)
{
	if (l2->mpls && !k->mpls_offset && l2->mpls - k->data <= UINT16_MAX)
		k->mpls_offset = (uint16_t)(l2->mpls - k->data);
}

/* Parses what is inside. False: the view is as it was. */
static bool enter(struct walk *w, const struct tunnel *t)
{
	struct packet outer = *w->k;
	struct walk inner = *w;
	struct l2_walk l2 = {.data = t->data, .at = t->at, .len = t->len, .type = t->ethertype};
	enum l2_next found = l2_find_ip(&l2, t->next);

	if (found == L2_DROP) {
		if (is_broken((enum drop_reason)l2.drop))
			walk_note(w, NOTE_bad_tunnel);
		return false;
	}
	inner.len = t->len;
	inner.limit = t->end;
	inner.notes = 0;
	inner.depth++;
	clear_view(w->k);
	w->k->flags |= PACKET_TUNNELLED;
	w->k->tunnel_type = t->type;
	w->k->tunnel_id = t->id;
	if (!(found == L2_IPV4 ? parse_ipv4(&inner, l2.at) : parse_ipv6(&inner, l2.at))) {
		*w->k = outer;
		walk_note(w, NOTE_bad_tunnel);
		return false;
	}
	w->k->outer_l3_offset = outer.l3_offset;
	note_labels(w->k, &l2);
	inner.notes |= w->notes;
	*w = inner;
	return true;
}

void parse_tunnels(struct walk *w)
{
	struct packet *k = w->k;

	for (int depth = 0; depth <= TUNNEL_DEPTH_MAX; depth++) {
		decode_fn *decode = decoder_of(k);
		/* A fragment holds a piece of what is inside: its datagram stays whole. */
		if (WALK_LIKELY(!decode) || k->payload_len == 0 || k->flags & PACKET_FRAGMENT)
			return;

		struct tunnel t = {
			.data = k->data,
			.at = k->payload_offset,
			.len = k->payload_offset + k->payload_len,
			.end = k->protocol == PROTO_UDP ? udp_end(w) : w->end,
		};
		enum tunnel_result result = decode(&t);
		if (result == TUNNEL_ENTER && depth == TUNNEL_DEPTH_MAX)
			walk_note(w, NOTE_tunnel_depth);
		else if (result == TUNNEL_BAD)
			walk_note(w, NOTE_bad_tunnel);
		else if (result == TUNNEL_ENTER && enter(w, &t))
			continue;
		return;
	}
}
