/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels that carry a link layer of someone else: L2TP and CAPWAP. */
#include "packet/tunnel.h"

/* Whether an IP header stands there whose length fits: how a guess is checked. */
static bool ip_fits(const struct tunnel *t, uint32_t at, enum l2_next version)
{
	const uint8_t *h = t->data + at;
	uint32_t room = t->end - at;

	if (version == L2_IPV4)
		return t->len - at >= 20 && h[0] >> 4 == 4 && (h[0] & 15) >= 5 &&
		       load_be16(h + 2) >= (h[0] & 15) * 4U && load_be16(h + 2) <= room;
	return version == L2_IPV6 && t->len - at >= 40 && h[0] >> 4 == 6 &&
	       40U + load_be16(h + 4) <= room;
}

/* Whether a frame with IP in it begins n bytes on. */
static bool frame_fits(const struct tunnel *t, uint32_t n)
{
	struct l2_walk l2 = {.data = t->data, .at = t->at + n, .len = t->len};

	if (!tunnel_has(t, n + ETHERNET_HEADER_LEN) ||
	    !l2_ethertype_is_plain(load_be16(t->data + t->at + n + 12)))
		return false;
	enum l2_next found = l2_find_ip(&l2, L2_ETHERNET);
	return ip_fits(t, l2.at, found);
}

/*
 * L2TPv3 data: session, then a cookie of 0, 4 or 8 bytes and perhaps a sublayer of four, all of
 * which only the peers know. The offset at which an Ethernet frame with IP decodes is taken.
 */
static enum tunnel_result l2tp_v3_data(struct tunnel *t)
{
	static const uint8_t offsets[] = {4, 8, 12, 16};

	if (!tunnel_has(t, 4))
		return TUNNEL_BAD;
	t->id = load_be32(t->data + t->at);
	for (uint32_t i = 0; i < sizeof offsets; i++) {
		if (frame_fits(t, offsets[i]))
			return tunnel_enter(t, offsets[i], L2_ETHERNET);
	}
	return TUNNEL_LEAVE;
}

enum tunnel_result tunnel_l2tp_ip(struct tunnel *t)
{
	t->type = TUNNEL_L2TP;
	if (tunnel_has(t, 4) && load_be32(t->data + t->at) == 0)
		return TUNNEL_LEAVE; /* a control message */
	return l2tp_v3_data(t);
}

/* RFC 2661 3.1: flags say which of length, sequence and offset are there. */
static enum tunnel_result l2tp_v2_data(struct tunnel *t, uint16_t flags)
{
	enum { LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200 };
	uint32_t ids_at = flags & LENGTH ? 4 : 2;
	uint32_t n = ids_at + 4 + (flags & SEQUENCE ? 4 : 0);

	if (!tunnel_has(t, n + (flags & OFFSET ? 2 : 0)))
		return TUNNEL_BAD;

	const uint8_t *h = t->data + t->at;
	t->id = load_be32(h + ids_at);
	if (flags & LENGTH && !tunnel_narrow(t, load_be16(h + 2)))
		return TUNNEL_BAD;
	if (flags & OFFSET)
		n += 2 + load_be16(h + n);
	return tunnel_enter(t, n, L2_PPP);
}

enum tunnel_result tunnel_l2tp_udp(struct tunnel *t)
{
	enum { CONTROL = 0x8000, VERSION = 0x000f };

	t->type = TUNNEL_L2TP;
	if (!tunnel_has(t, 2))
		return TUNNEL_BAD;
	uint16_t flags = load_be16(t->data + t->at);
	switch (flags & VERSION) {
	case 1: /* L2F, RFC 2341, shares the port */
		return TUNNEL_LEAVE;
	case 2:
		return flags & CONTROL ? TUNNEL_LEAVE : l2tp_v2_data(t, flags);
	case 3:
		if (flags & CONTROL)
			return TUNNEL_LEAVE;
		return tunnel_enter(t, 4, L2_DROP) == TUNNEL_ENTER ? l2tp_v3_data(t) : TUNNEL_BAD;
	default:
		return TUNNEL_BAD;
	}
}

/*
 * IEEE 802.11 9.2.4: a data frame, its header as long as its control field says, then LLC. Some
 * access points send the two bytes of the control field swapped; version 0 and type 2 (data) in
 * the byte where they belong tell.
 */
static enum tunnel_result wlan(struct tunnel *t)
{
	enum { TYPE_DATA = 0x08, TYPE_MASK = 0x0f, NO_DATA = 0x40, QOS = 0x80 };
	enum { TO_AND_FROM_DS = 0x03, PROTECTED = 0x40, ORDER = 0x80 };

	if (!tunnel_has(t, 24))
		return TUNNEL_BAD;
	const uint8_t *h = t->data + t->at;
	bool swapped = (h[0] & TYPE_MASK) != TYPE_DATA;
	uint8_t kind = h[swapped], flags = h[!swapped];
	if ((kind & TYPE_MASK) != TYPE_DATA || kind & NO_DATA || flags & PROTECTED)
		return TUNNEL_LEAVE;

	uint32_t n = 24;
	if ((flags & TO_AND_FROM_DS) == TO_AND_FROM_DS)
		n += 6;
	if (kind & QOS) {
		if (!tunnel_has(t, n + 2))
			return TUNNEL_BAD;
		if (h[n] & 0x80)
			return TUNNEL_LEAVE; /* several frames in one */
		n += flags & ORDER ? 6 : 2;
	}
	return tunnel_enter(t, n, L2_LLC);
}

enum tunnel_result tunnel_capwap(struct tunnel *t)
{
	enum { NATIVE = 0x100, FRAGMENT = 0x80, KEEPALIVE = 0x08, WLAN_80211 = 1 };

	t->type = TUNNEL_CAPWAP;
	if (!tunnel_has(t, 8))
		return TUNNEL_BAD;
	const uint8_t *h = t->data + t->at;
	if (h[0] == 1)
		return TUNNEL_LEAVE; /* DTLS */
	uint32_t bits = load_be32(h) & 0xffffff, header_len = 4 * (bits >> 19);
	if (h[0] != 0 || header_len < 8)
		return TUNNEL_BAD;
	if (bits & (FRAGMENT | KEEPALIVE))
		return TUNNEL_LEAVE;
	if (!(bits & NATIVE))
		return tunnel_enter(t, header_len, L2_ETHERNET);
	if ((bits >> 9 & 0x1f) != WLAN_80211)
		return TUNNEL_LEAVE;
	return tunnel_enter(t, header_len, L2_LLC) == TUNNEL_ENTER ? wlan(t) : TUNNEL_BAD;
}
