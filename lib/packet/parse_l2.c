/* SPDX-License-Identifier: BSD-3-Clause */
/* Layer 2, one function a header: each says which header comes next. */
#include "packet/l2.h"

#include "core/bytes.h"

enum {
	ETHERTYPE_TRILL = 0x22f3,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_RARP = 0x8035,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_PPPOE_DISCOVERY = 0x8863,
	ETHERTYPE_PPPOE_SESSION = 0x8864,
	ETHERTYPE_PBB = 0x88e7,
	ETHERTYPE_CISCO_META = 0x8909,
	ETHERTYPE_VNTAG = 0x8926,
	ETHERTYPE_HSR = 0x892f,
	ETHERTYPE_NSH = 0x894f,
	LENGTH_MAX = 1500, /* a type field up to here is an 802.3 length */
};

enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281, PPP_MPLS_MULTICAST = 0x0283 };

static enum l2_next l2_drop(struct l2_walk *w, enum drop_reason reason)
{
	w->drop = (uint8_t)reason;
	return L2_DROP;
}

static bool l2_has(const struct l2_walk *w, uint32_t n)
{
	return w->len - w->at >= n;
}

/* A shim of n bytes whose last two are the EtherType of what follows. */
static enum l2_next shim(struct l2_walk *w, uint32_t n)
{
	if (!l2_has(w, n))
		return l2_drop(w, DROP_truncated_l2);
	w->type = load_be16(w->data + w->at + n - 2);
	w->at += n;
	return L2_ETHERTYPE;
}

static enum l2_next skip_to(struct l2_walk *w, uint32_t n, enum l2_next next)
{
	if (!l2_has(w, n))
		return l2_drop(w, DROP_truncated_l2);
	w->at += n;
	return next;
}

static enum l2_next l2_ethernet(struct l2_walk *w)
{
	if (!l2_has(w, ETHERNET_HEADER_LEN))
		return l2_drop(w, DROP_truncated_l2);
	if (w->n_frames < UINT8_MAX && w->n_frames++ == 0)
		w->mac = w->data + w->at;
	return shim(w, ETHERNET_HEADER_LEN);
}

/* IEEE 802.1Q 9.6: TCI and the next type; only tags of the first frame have a say. */
static enum l2_next l2_vlan(struct l2_walk *w)
{
	if (!l2_has(w, VLAN_TAG_LEN))
		return l2_drop(w, DROP_truncated_l2);
	if (w->n_vlans == VLAN_DEPTH_MAX)
		return l2_drop(w, DROP_vlan_depth);

	uint16_t id = load_be16(w->data + w->at) & 0x0fff;
	w->n_vlans++;
	if (w->n_frames <= 1 && w->n_vlans == 1)
		w->vlan_id = id;
	else if (w->n_frames <= 1 && w->n_vlans == 2)
		w->vlan_inner_id = id;
	return shim(w, VLAN_TAG_LEN);
}

/* RFC 6325 3: six bytes and options, then a frame. */
static enum l2_next l2_trill(struct l2_walk *w)
{
	if (!l2_has(w, 6))
		return l2_drop(w, DROP_truncated_l2);
	uint32_t n_option_words = (load_be16(w->data + w->at) >> 6) & 0x1f;
	return skip_to(w, 6 + 4 * n_option_words, L2_ETHERNET);
}

/* RFC 8300 2.2: length in words of four bytes, next protocol in the fourth byte. */
static enum l2_next l2_nsh(struct l2_walk *w)
{
	static const uint8_t next[] = {
		[1] = L2_IPV4, [2] = L2_IPV6, [3] = L2_ETHERNET, [4] = L2_NSH, [5] = L2_MPLS,
	};

	if (!l2_has(w, 8))
		return l2_drop(w, DROP_truncated_l2);
	const uint8_t *h = w->data + w->at;
	uint32_t n_words = h[1] & 0x3f;
	if (n_words < 2 || h[3] >= sizeof next || next[h[3]] == L2_DROP)
		return l2_drop(w, DROP_unsupported_ethertype);
	return skip_to(w, 4 * n_words, (enum l2_next)next[h[3]]);
}

static enum l2_next l2_ethertype(struct l2_walk *w)
{
	switch (w->type) {
	case ETHERTYPE_IPV4:
		return L2_IPV4;
	case ETHERTYPE_IPV6:
		return L2_IPV6;
	case ETHERTYPE_VLAN:
	case 0x88a8:
	case 0x9100:
	case 0x9200:
	case 0x9300:
		return l2_vlan(w);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return L2_MPLS;
	case ETHERTYPE_PPPOE_SESSION:
		return L2_PPPOE;
	case ETHERTYPE_PPPOE_DISCOVERY:
		return l2_drop(w, DROP_pppoe_discovery);
	case ETHERTYPE_PPP:
		return L2_PPP;
	case ETHERTYPE_TEB:
		return L2_ETHERNET;
	case ETHERTYPE_TRILL:
		return l2_trill(w);
	case ETHERTYPE_PBB: /* IEEE 802.1ah: flags and I-SID, then the customer's frame */
		return skip_to(w, 4, L2_ETHERNET);
	case ETHERTYPE_VNTAG:
	case ETHERTYPE_HSR: /* IEC 62439-3: path and size, sequence, next type */
		return shim(w, 6);
	case ETHERTYPE_CISCO_META:
		return shim(w, 8);
	case ETHERTYPE_NSH:
		return L2_NSH;
	case ETHERTYPE_ARP:
	case ETHERTYPE_RARP:
		return l2_drop(w, DROP_arp);
	default:
		return w->type <= LENGTH_MAX ? L2_LLC : l2_drop(w, DROP_unsupported_ethertype);
	}
}

/* IEEE 802.2: SNAP names an EtherType when its OUI says so, SAP 06 is IP. */
static enum l2_next l2_llc(struct l2_walk *w)
{
	if (!l2_has(w, 3))
		return l2_drop(w, DROP_truncated_l2);

	const uint8_t *h = w->data + w->at;
	if (h[0] == 0x06 && h[1] == 0x06 && h[2] == 0x03)
		return skip_to(w, 3, L2_IP);
	if (h[0] != 0xaa || h[1] != 0xaa || h[2] != 0x03)
		return l2_drop(w, DROP_llc);
	if (!l2_has(w, 8))
		return l2_drop(w, DROP_truncated_l2);

	/* 00-00-00 encapsulated Ethernet (RFC 1042), 00-00-f8 its bridge tunnel form */
	if (h[3] != 0 || h[4] != 0 || (h[5] != 0 && h[5] != 0xf8) ||
	    load_be16(h + 6) < ETHERTYPE_MIN)
		return l2_drop(w, DROP_llc);
	return shim(w, 8);
}

bool l2_ethertype_is_plain(uint16_t type)
{
	switch (type) {
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
	case ETHERTYPE_VLAN:
	case 0x88a8:
	case 0x9100:
	case ETHERTYPE_MPLS:
	case ETHERTYPE_PPPOE_SESSION:
	case ETHERTYPE_PPPOE_DISCOVERY:
	case ETHERTYPE_ARP:
		return true;
	default:
		return false;
	}
}

/* Whether an Ethernet frame may begin n bytes on. */
static bool frame_at(const struct l2_walk *w, uint32_t n)
{
	return l2_has(w, n + ETHERNET_HEADER_LEN) &&
	       l2_ethertype_is_plain(load_be16(w->data + w->at + n + 12));
}

/*
 * Below the last label nothing names the payload (RFC 4928): the first nibble does, and 0 is a
 * pseudowire control word (RFC 4385) or the MAC address of a pseudowire without one. A frame is
 * taken for one when its EtherType is known.
 */
static enum l2_next l2_mpls_payload(struct l2_walk *w)
{
	if (!l2_has(w, 1))
		return l2_drop(w, DROP_truncated_l2);

	uint8_t first = w->data[w->at];
	if ((first >> 4) == 4 && (first & 15) >= 5)
		return L2_IPV4;
	if ((first >> 4) == 6)
		return L2_IPV6;
	if ((first >> 4) == 0 && frame_at(w, 4))
		return skip_to(w, 4, L2_ETHERNET);
	if (frame_at(w, 0))
		return L2_ETHERNET;
	return l2_drop(w, DROP_mpls_not_ip);
}

/* RFC 3032 2.1: label, class, bottom of stack, TTL. */
static enum l2_next l2_mpls(struct l2_walk *w)
{
	if (!w->mpls)
		w->mpls = w->data + w->at;
	for (int i = 0; i < MPLS_DEPTH_MAX; i++) {
		if (!l2_has(w, 4))
			return l2_drop(w, DROP_truncated_l2);
		bool bottom = w->data[w->at + 2] & 1;
		w->at += 4;
		if (bottom)
			return l2_mpls_payload(w);
	}
	return l2_drop(w, DROP_mpls_depth);
}

/* RFC 2516 4: version and type, code, session, length. */
static enum l2_next l2_pppoe(struct l2_walk *w)
{
	return skip_to(w, 6, L2_PPP);
}

/*
 * RFC 1661 2, RFC 1662: address and control may be there or not, the protocol has one byte when
 * its lowest bit is set. Cisco HDLC shares the link types: 0f or 8f, then an EtherType.
 */
static enum l2_next l2_ppp(struct l2_walk *w)
{
	const uint8_t *h = w->data + w->at;
	uint32_t n = 0;

	if (l2_has(w, 4) && (h[0] == 0x0f || h[0] == 0x8f) && h[1] == 0)
		return shim(w, 4);
	if (l2_has(w, 2) && h[0] == 0xff && h[1] == 0x03)
		n = 2;
	if (!l2_has(w, n + 1))
		return l2_drop(w, DROP_truncated_l2);

	uint16_t protocol = h[n++];
	if (!(protocol & 1)) {
		if (!l2_has(w, n + 1))
			return l2_drop(w, DROP_truncated_l2);
		protocol = (uint16_t)(protocol << 8 | h[n++]);
	}
	w->at += n;
	switch (protocol) {
	case PPP_IPV4:
		return L2_IPV4;
	case PPP_IPV6:
		return L2_IPV6;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return L2_MPLS;
	default:
		return l2_drop(w, DROP_ppp_not_ip);
	}
}

static enum l2_next l2_ip(struct l2_walk *w)
{
	if (!l2_has(w, 1))
		return l2_drop(w, DROP_truncated_ip);
	switch (w->data[w->at] >> 4) {
	case 4:
		return L2_IPV4;
	case 6:
		return L2_IPV6;
	default:
		return l2_drop(w, DROP_bad_ip_version);
	}
}

/* Values of AF_INET, and of AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, macOS. */
static enum l2_next family(struct l2_walk *w, uint32_t value)
{
	switch (value) {
	case 2:
		return L2_IPV4;
	case 10:
	case 24:
	case 28:
	case 30:
		return L2_IPV6;
	default:
		return l2_drop(w, DROP_unsupported_link);
	}
}

/* The family has the byte order of the machine that wrote the file: it is a small number in one. */
static enum l2_next l2_null(struct l2_walk *w)
{
	if (!l2_has(w, 4))
		return l2_drop(w, DROP_truncated_l2);

	uint32_t value = load_be32(w->data + w->at);
	w->at += 4;
	return family(w, value > 0xffff ? __builtin_bswap32(value) : value);
}

/* Linux cooked capture: what the protocol field means depends on the hardware type. */
static enum l2_next cooked(struct l2_walk *w, uint16_t hardware, uint16_t protocol)
{
	enum { ARPHRD_NETLINK = 824, SLL_8023_RAW = 1, SLL_8022 = 4 };

	if (hardware == ARPHRD_NETLINK)
		return l2_drop(w, DROP_unsupported_link);
	if (protocol == SLL_8022)
		return L2_LLC;
	if (protocol == SLL_8023_RAW)
		return l2_drop(w, DROP_llc);
	if (protocol < ETHERTYPE_MIN)
		return l2_drop(w, DROP_unsupported_ethertype);
	w->type = protocol;
	return L2_ETHERTYPE;
}

static enum l2_next l2_sll(struct l2_walk *w)
{
	const uint8_t *h = w->data + w->at;

	if (!l2_has(w, 16))
		return l2_drop(w, DROP_truncated_l2);
	w->at += 16;
	return cooked(w, load_be16(h + 2), load_be16(h + 14));
}

static enum l2_next l2_sll2(struct l2_walk *w)
{
	const uint8_t *h = w->data + w->at;

	if (!l2_has(w, 20))
		return l2_drop(w, DROP_truncated_l2);
	w->at += 20;
	return cooked(w, load_be16(h + 8), load_be16(h));
}

enum l2_next l2_link(struct l2_walk *w, enum link_type link)
{
	switch (link) {
	case LINK_ETHERNET:
		return L2_ETHERNET;
	case LINK_RAW_IP:
		return L2_IP;
	case LINK_NULL:
	case LINK_LOOP:
		return l2_null(w);
	case LINK_LINUX_SLL:
		return l2_sll(w);
	case LINK_LINUX_SLL2:
		return l2_sll2(w);
	case LINK_PPP:
		return L2_PPP;
	case LINK_PPP_ETHER:
		return L2_PPPOE;
	default:
		return l2_drop(w, DROP_unsupported_link);
	}
}

enum l2_next l2_find_ip(struct l2_walk *w, enum l2_next next)
{
	static enum l2_next (*const step[L2_N])(struct l2_walk *) = {
		[L2_IP] = l2_ip,   [L2_ETHERNET] = l2_ethernet, [L2_ETHERTYPE] = l2_ethertype,
		[L2_LLC] = l2_llc, [L2_MPLS] = l2_mpls,		[L2_PPPOE] = l2_pppoe,
		[L2_PPP] = l2_ppp, [L2_NSH] = l2_nsh,
	};

	for (int i = 0; i < L2_HEADERS_MAX; i++) {
		if (next <= L2_IPV6)
			return next;
		next = step[next](w);
	}
	return next <= L2_IPV6 ? next : l2_drop(w, DROP_vlan_depth);
}
