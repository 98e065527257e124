/* SPDX-License-Identifier: BSD-3-Clause */
/* GRE in its two versions, and the mirrored frames that travel in it (ERSPAN). */
#include "packet/tunnel.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 0x0007,
};

enum { GRE_PPP = 0x880b, GRE_ERSPAN2 = 0x88be, GRE_ERSPAN3 = 0x22eb };

/*
 * draft-foschiano-erspan: type I is a bare frame and has no sequence number, type II an 8-byte
 * header, type III one of 12 with eight more when its O bit is set.
 */
static enum tunnel_result erspan(struct tunnel *t, uint16_t flags, uint16_t type)
{
	uint32_t n = type == GRE_ERSPAN2 ? 8 : 12;

	t->type = type == GRE_ERSPAN2 ? TUNNEL_ERSPAN2 : TUNNEL_ERSPAN3;
	if (type == GRE_ERSPAN2 && !(flags & GRE_SEQUENCE))
		return tunnel_enter(t, 0, L2_ETHERNET);
	if (!tunnel_has(t, n))
		return TUNNEL_BAD;

	const uint8_t *h = t->data + t->at;
	if (h[0] >> 4 != (type == GRE_ERSPAN2 ? 1 : 2))
		return TUNNEL_BAD;
	t->id = load_be16(h + 2) & 0x03ff;
	if (type == GRE_ERSPAN3 && h[11] & 1)
		n += 8;
	return tunnel_enter(t, n, L2_ETHERNET);
}

/* RFC 1701: source route entries, the last one with length 0. False: they do not fit. */
static bool skip_routes(struct tunnel *t)
{
	for (int i = 0; i < L2_HEADERS_MAX; i++) {
		if (!tunnel_has(t, 4))
			return false;
		uint32_t family = load_be16(t->data + t->at), len = t->data[t->at + 3];
		if (!tunnel_has(t, 4 + len))
			return false;
		t->at += 4 + len;
		if (family == 0 && len == 0)
			return true;
	}
	return false;
}

/* RFC 2637 4.1: PPP; the key is payload length and call id. */
static enum tunnel_result pptp(struct tunnel *t, uint16_t flags, uint16_t type)
{
	uint32_t n = 8 + (flags & GRE_SEQUENCE ? 4 : 0) + (flags & GRE_ACK ? 4 : 0);

	if (type != GRE_PPP || !(flags & GRE_KEY) || !tunnel_has(t, n))
		return TUNNEL_BAD;

	uint32_t payload_len = load_be16(t->data + t->at + 4);
	t->id = load_be16(t->data + t->at + 6);
	if (!(flags & GRE_SEQUENCE) || payload_len == 0)
		return TUNNEL_LEAVE; /* an acknowledgment */
	t->at += n;
	return tunnel_narrow(t, payload_len) ? tunnel_enter(t, 0, L2_PPP) : TUNNEL_BAD;
}

enum tunnel_result tunnel_gre(struct tunnel *t)
{
	if (!tunnel_has(t, 4))
		return TUNNEL_BAD;

	uint16_t flags = load_be16(t->data + t->at), type = load_be16(t->data + t->at + 2);
	t->type = TUNNEL_GRE;
	if ((flags & GRE_VERSION) == 1)
		return pptp(t, flags, type);
	if ((flags & GRE_VERSION) != 0)
		return TUNNEL_BAD;

	uint32_t key_at = flags & (GRE_CHECKSUM | GRE_ROUTING) ? 8 : 4;
	uint32_t n = key_at + (flags & GRE_KEY ? 4 : 0) + (flags & GRE_SEQUENCE ? 4 : 0);
	if (!tunnel_has(t, n))
		return TUNNEL_BAD;
	if (flags & GRE_KEY)
		t->id = load_be32(t->data + t->at + key_at);
	t->at += n;
	if (flags & GRE_ROUTING && !skip_routes(t))
		return TUNNEL_BAD;
	if (type == GRE_ERSPAN2 || type == GRE_ERSPAN3)
		return erspan(t, flags, type);
	return tunnel_enter_type(t, 0, type);
}
