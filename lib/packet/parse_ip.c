/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 and IPv6: where the packet ends, extension headers, and which fragment this is. */
#include "packet/walk.h"

#include "core/bytes.h"
#include "packet/frag.h"

#define IPV4_HEADER_LEN	 20
#define IPV6_HEADER_LEN	 40
#define IPV4_MORE	 0x2000
#define IPV4_OFFSET_MASK 0x1fff

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_ICMP = 1,
	PROTO_ICMPV6 = 58,
	PROTO_NONE = 59,
	PROTO_DESTINATION = 60,
	PROTO_MOBILITY = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

static struct frag_key frag_key_of(const struct packet *k, uint32_t id, uint8_t protocol)
{
	struct frag_key key = {
		.id = id,
		.tunnel_id = k->tunnel_id,
		.tunnel_type = k->tunnel_type,
		.vlan_id = k->vlan_id,
		.ip_version = k->ip_version,
		.protocol = protocol,
	};
	size_t n = k->ip_version == 4 ? 4 : 16;

	memcpy(key.src, packet_src_addr(k), n);
	memcpy(key.dst, packet_dst_addr(k), n);
	return key;
}

/* After a first fragment was parsed: remember its transport if it could be read. */
static void frag_remember(struct walk *w, const struct frag_key *key)
{
	const struct packet *k = w->k;
	bool is_icmp = k->protocol == PROTO_ICMP || k->protocol == PROTO_ICMPV6;
	struct frag_l4 l4 = {
		.src_port = k->src_port,
		.dst_port = k->dst_port,
		.protocol = k->protocol,
		.has_ports = k->flags & PACKET_HAS_PORTS,
	};

	if (!w->parser->frags || (!l4.has_ports && (w->notes & 1U << NOTE_truncated_l4)))
		return;
	if (is_icmp) {
		l4.src_port = (uint16_t)(k->icmp_type << 8 | k->icmp_code);
		l4.dst_port = k->icmp_id;
	}
	if (frag_cache_put(w->parser->frags, key, &l4, k->time_ns))
		walk_note(w, NOTE_fragment_evicted);
}

/* A later fragment takes the transport of its first one, and has no application bytes to show. */
static void frag_recall(struct walk *w, uint32_t at, const struct frag_key *key)
{
	struct packet *k = w->k;
	struct frag_l4 l4;

	k->flags |= PACKET_LATER_FRAGMENT;
	k->l4_offset = k->payload_offset = at < w->len ? at : w->len;
	if (!w->parser->frags || !frag_cache_get(w->parser->frags, key, k->time_ns, &l4)) {
		walk_note(w, NOTE_fragment_orphan);
		return;
	}
	k->protocol = l4.protocol;
	if (l4.has_ports) {
		k->src_port = l4.src_port;
		k->dst_port = l4.dst_port;
		k->flags |= PACKET_HAS_PORTS;
	} else if (l4.protocol == PROTO_ICMP || l4.protocol == PROTO_ICMPV6) {
		k->icmp_type = (uint8_t)(l4.src_port >> 8);
		k->icmp_code = (uint8_t)l4.src_port;
		k->icmp_id = l4.dst_port;
	}
}

static WALK_RARE void ipv4_fragment(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + k->l3_offset;
	struct frag_key key = frag_key_of(k, load_be16(h + 4), k->protocol);

	k->flags |= PACKET_FRAGMENT;
	walk_note(w, NOTE_fragments);
	if (load_be16(h + 6) & IPV4_OFFSET_MASK) {
		frag_recall(w, at, &key);
		return;
	}
	parse_l4(w, at);
	frag_remember(w, &key);
}

/* The source did not know the wire length: the outermost IP header is the best witness of it. */
static void frame_was_cut(struct walk *w, uint32_t wire_len)
{
	w->k->flags |= PACKET_CUT;
	w->k->wire_len = wire_len;
	walk_note(w, NOTE_cut);
}

/*
 * A stated length that is 0 (segmentation offload leaves it so), too small or too large. False:
 * an inner header that lies. A frame whose wire length nobody knows was cut by its source, which
 * makes its IP length the truth.
 */
static WALK_RARE bool ipv4_odd_length(struct walk *w, uint32_t at, uint32_t header_len,
				      uint32_t *l3_len)
{
	uint32_t room = w->limit - at;

	if (*l3_len == 0)
		*l3_len = room;
	if (*l3_len >= header_len && *l3_len <= room)
		return true;
	if (w->depth)
		return false;
	if (*l3_len > room && !(w->k->flags & PACKET_WIRE_LEN)) {
		frame_was_cut(w, at + *l3_len);
	} else {
		walk_note(w, NOTE_bad_ip_length);
	}
	return true;
}

bool parse_ipv4(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + at;

	if (WALK_UNLIKELY(w->len - at < IPV4_HEADER_LEN))
		return walk_drop(w, DROP_truncated_ip);
	if (WALK_UNLIKELY(h[0] >> 4 != 4))
		return walk_drop(w, DROP_bad_ip_version);

	uint32_t header_len = (h[0] & 15) * 4U;
	uint32_t l3_len = load_be16(h + 2);
	if (WALK_UNLIKELY(header_len < IPV4_HEADER_LEN))
		return walk_drop(w, DROP_bad_ip_header);
	if (WALK_UNLIKELY(l3_len < header_len || l3_len > w->limit - at) &&
	    !ipv4_odd_length(w, at, header_len, &l3_len))
		return false;

	k->ip_version = 4;
	k->ip_tos = h[1];
	k->ip_ttl = h[8];
	k->protocol = h[9];
	k->l3_offset = at;
	k->l3_len = l3_len;
	w->end = at + l3_len;
	if (WALK_UNLIKELY(l3_len < header_len))
		parse_no_l4(w, at + header_len);
	else if (WALK_UNLIKELY(load_be16(h + 6) & (IPV4_MORE | IPV4_OFFSET_MASK)))
		ipv4_fragment(w, at + header_len);
	else
		parse_l4(w, at + header_len);
	return true;
}

static bool is_extension(uint8_t protocol)
{
	switch (protocol) {
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_FRAGMENT:
	case PROTO_AH:
	case PROTO_DESTINATION:
	case PROTO_MOBILITY:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return true;
	default:
		return false;
	}
}

/* Length of the extension header at `at`, 0 when it does not fit (RFC 8200 4, RFC 4302 2.2). */
static uint32_t extension_len(struct walk *w, uint8_t type, uint32_t at)
{
	const uint8_t *h = w->k->data + at;
	uint32_t room = walk_end(w) - at, n = 8;

	if (room >= n && type == PROTO_AH)
		n = (h[1] + 2U) * 4;
	else if (room >= n && type != PROTO_FRAGMENT)
		n = (h[1] + 1U) * 8;
	if (n <= room)
		return n;
	walk_note(w, n > w->end - at ? NOTE_bad_ext_header : NOTE_truncated_l4);
	return 0;
}

/*
 * A fragment header: false for one that is no fragment at all (RFC 6946), otherwise the flags are
 * set and *key says which datagram.
 */
static bool ipv6_fragment(struct walk *w, uint32_t at, struct frag_key *key)
{
	const uint8_t *h = w->k->data + at;

	if (!(load_be16(h + 2) & 0xfff9))
		return false;
	w->k->flags |= PACKET_FRAGMENT;
	walk_note(w, NOTE_fragments);
	*key = frag_key_of(w->k, load_be32(h + 4), 0);
	return true;
}

/* The chain of extension headers: ends at a transport, a later fragment, or where it breaks. */
static WALK_RARE void ipv6_chain(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	struct frag_key key = {0};

	for (int i = 0; is_extension(k->protocol); i++) {
		uint32_t n = i < IPV6_EXT_MAX ? extension_len(w, k->protocol, at) : 0;
		if (n == 0) {
			if (i == IPV6_EXT_MAX)
				walk_note(w, NOTE_ext_header_depth);
			parse_no_l4(w, at);
			return;
		}
		bool fragment = k->protocol == PROTO_FRAGMENT && ipv6_fragment(w, at, &key);
		const uint8_t *h = k->data + at;
		k->protocol = h[0];
		at += n;
		if (fragment && (load_be16(h + 2) & 0xfff8)) {
			frag_recall(w, at, &key);
			return;
		}
	}
	if (k->protocol == PROTO_NONE)
		parse_no_l4(w, at);
	else
		parse_l4(w, at);
	if (key.ip_version)
		frag_remember(w, &key);
}

/*
 * Where the packet ends when its length is 0 or too large. A length of 0 is a jumbogram (RFC 2675)
 * or was left so by segmentation offload: it goes on to the end of what is around it.
 */
static WALK_RARE bool ipv6_odd_length(struct walk *w, uint32_t at, uint32_t l3_len)
{
	if (l3_len <= w->limit - at) {
		w->end = w->k->data[at + 6] == PROTO_NONE ? at + l3_len : w->limit;
		return true;
	}
	if (w->depth)
		return false;
	if (w->k->flags & PACKET_WIRE_LEN)
		walk_note(w, NOTE_bad_ip_length);
	else
		frame_was_cut(w, at + l3_len);
	return true;
}

bool parse_ipv6(struct walk *w, uint32_t at)
{
	struct packet *k = w->k;
	const uint8_t *h = k->data + at;

	if (WALK_UNLIKELY(w->len - at < IPV6_HEADER_LEN))
		return walk_drop(w, DROP_truncated_ip);
	if (WALK_UNLIKELY(h[0] >> 4 != 6))
		return walk_drop(w, DROP_bad_ip_version);

	uint32_t l3_len = IPV6_HEADER_LEN + load_be16(h + 4);
	w->end = at + l3_len;
	if (WALK_UNLIKELY(l3_len > w->limit - at || l3_len == IPV6_HEADER_LEN) &&
	    !ipv6_odd_length(w, at, l3_len))
		return false;

	k->ip_version = 6;
	k->ip_tos = (uint8_t)(load_be16(h) >> 4);
	k->ip_ttl = h[7];
	k->protocol = h[6];
	k->l3_offset = at;
	k->l3_len = l3_len;
	if (k->protocol == PROTO_TCP || k->protocol == PROTO_UDP || k->protocol == PROTO_ICMPV6)
		parse_l4(w, at + IPV6_HEADER_LEN);
	else
		ipv6_chain(w, at + IPV6_HEADER_LEN);
	return true;
}
