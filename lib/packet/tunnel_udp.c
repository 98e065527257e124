/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels that are told by a UDP port: VXLAN, VXLAN-GPE, Geneve, GTP-U, Teredo. */
#include "packet/tunnel.h"

#define VXLAN_FLAG_VNI 0x08

static uint32_t load_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | load_be16(p + 1);
}

enum tunnel_result tunnel_vxlan(struct tunnel *t)
{
	t->type = TUNNEL_VXLAN;
	if (!tunnel_has(t, 8) || !(t->data[t->at] & VXLAN_FLAG_VNI))
		return TUNNEL_BAD;
	t->id = load_be24(t->data + t->at + 4);
	return tunnel_enter(t, 8, L2_ETHERNET);
}

enum tunnel_result tunnel_vxlan_gpe(struct tunnel *t)
{
	enum { VERSION = 0x30, NEXT_PROTOCOL = 0x04, OAM = 0x01 };
	static const uint8_t next[] = {
		[1] = L2_IPV4, [2] = L2_IPV6, [3] = L2_ETHERNET, [4] = L2_NSH, [5] = L2_MPLS,
	};

	t->type = TUNNEL_VXLAN_GPE;
	if (!tunnel_has(t, 8))
		return TUNNEL_BAD;
	const uint8_t *h = t->data + t->at;
	if (!(h[0] & VXLAN_FLAG_VNI) || h[0] & VERSION)
		return TUNNEL_BAD;
	t->id = load_be24(h + 4);
	if (h[0] & OAM)
		return TUNNEL_LEAVE;
	if (!(h[0] & NEXT_PROTOCOL))
		return tunnel_enter(t, 8, L2_ETHERNET);
	if (h[3] >= sizeof next || next[h[3]] == L2_DROP)
		return TUNNEL_LEAVE;
	return tunnel_enter(t, 8, (enum l2_next)next[h[3]]);
}

enum tunnel_result tunnel_geneve(struct tunnel *t)
{
	enum { CONTROL = 0x80 };

	t->type = TUNNEL_GENEVE;
	if (!tunnel_has(t, 8))
		return TUNNEL_BAD;
	const uint8_t *h = t->data + t->at;
	if (h[0] >> 6 != 0)
		return TUNNEL_BAD;
	t->id = load_be24(h + 4);
	if (h[1] & CONTROL)
		return TUNNEL_LEAVE;
	return tunnel_enter_type(t, 8 + 4U * (h[0] & 0x3f), load_be16(h + 2));
}

/* TS 29.281 5.2: extension headers in units of four bytes, the last byte names the next one. */
static bool gtpu_skip_extensions(struct tunnel *t, uint8_t next)
{
	for (int i = 0; i < L2_HEADERS_MAX && next; i++) {
		uint32_t n = tunnel_has(t, 1) ? 4U * t->data[t->at] : 0;
		if (n == 0 || !tunnel_has(t, n))
			return false;
		t->at += n;
		next = t->data[t->at - 1];
	}
	return next == 0;
}

enum tunnel_result tunnel_gtpu(struct tunnel *t)
{
	enum { PROTOCOL_GTP = 0x10, EXTENSION = 0x04, ANY_OPTION = 0x07, G_PDU = 0xff };

	t->type = TUNNEL_GTPU;
	if (!tunnel_has(t, 8))
		return TUNNEL_BAD;
	const uint8_t *h = t->data + t->at;
	if (h[0] >> 5 != 1)
		return TUNNEL_BAD;
	if (!(h[0] & PROTOCOL_GTP) || h[1] != G_PDU)
		return TUNNEL_LEAVE;
	t->id = load_be32(h + 4);
	t->at += 8;
	if (!tunnel_narrow(t, load_be16(h + 2)))
		return TUNNEL_BAD;
	if (h[0] & ANY_OPTION) {
		if (!tunnel_has(t, 4))
			return TUNNEL_BAD;
		t->at += 4;
		if (h[0] & EXTENSION && !gtpu_skip_extensions(t, h[11]))
			return TUNNEL_BAD;
	}
	return tunnel_enter(t, 0, L2_IP);
}

/* RFC 4380 5.1.1: authentication, then origin indication, each there or not, then IPv6. */
enum tunnel_result tunnel_teredo(struct tunnel *t)
{
	t->type = TUNNEL_TEREDO;
	if (tunnel_has(t, 4) && load_be16(t->data + t->at) == 0x0001) {
		const uint8_t *h = t->data + t->at;
		uint32_t n = 4U + h[2] + h[3] + 8 + 1;
		if (!tunnel_has(t, n))
			return TUNNEL_BAD;
		t->at += n;
	}
	if (tunnel_has(t, 8) && load_be16(t->data + t->at) == 0x0000)
		t->at += 8;
	return tunnel_enter(t, 0, L2_IPV6);
}
