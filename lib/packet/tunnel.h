/* SPDX-License-Identifier: BSD-3-Clause */
/* One function a tunnel header: where the packet inside begins and what it begins with. */
#pragma once

#include "core/bytes.h"
#include "core/tunnel.h"
#include "packet/l2.h"

enum tunnel_result {
	TUNNEL_LEAVE, /* not ours to open: control message, keepalive, encrypted, not IP */
	TUNNEL_ENTER, /* next, at and end say how */
	TUNNEL_BAD,   /* a header that does not decode */
};

struct tunnel {
	const uint8_t *data;
	uint32_t at;	    /* of the tunnel header, afterwards of what is inside; at <= len */
	uint32_t len;	    /* captured bytes of it end here */
	uint32_t end;	    /* its stated bytes end here, >= len */
	enum l2_next next;  /* what is inside */
	uint16_t ethertype; /* with L2_ETHERTYPE */
	uint8_t type;	    /* enum tunnel_type */
	uint32_t id;
};

static inline bool tunnel_has(const struct tunnel *t, uint32_t n)
{
	return t->len - t->at >= n;
}

/* Leaves a header of n bytes behind. */
static inline enum tunnel_result tunnel_enter(struct tunnel *t, uint32_t n, enum l2_next next)
{
	if (!tunnel_has(t, n))
		return TUNNEL_BAD;
	t->at += n;
	t->next = next;
	return TUNNEL_ENTER;
}

/* GRE hands on an EtherType; below 0x0600 there is none. */
static inline enum tunnel_result tunnel_enter_type(struct tunnel *t, uint32_t n, uint16_t type)
{
	t->ethertype = type;
	return type < ETHERTYPE_MIN ? TUNNEL_LEAVE : tunnel_enter(t, n, L2_ETHERTYPE);
}

/* The stated length of what is inside, n bytes after `at`, where a header has one. */
static inline bool tunnel_narrow(struct tunnel *t, uint32_t n)
{
	if (n > t->end - t->at)
		return false;
	t->end = t->at + n;
	if (t->len > t->end)
		t->len = t->end;
	return true;
}

enum tunnel_result tunnel_gre(struct tunnel *t);       /* RFC 2784, 2890, 1701, 2637, ERSPAN */
enum tunnel_result tunnel_vxlan(struct tunnel *t);     /* RFC 7348 */
enum tunnel_result tunnel_vxlan_gpe(struct tunnel *t); /* draft-ietf-nvo3-vxlan-gpe */
enum tunnel_result tunnel_geneve(struct tunnel *t);    /* RFC 8926 */
enum tunnel_result tunnel_gtpu(struct tunnel *t);      /* 3GPP TS 29.281 */
enum tunnel_result tunnel_teredo(struct tunnel *t);    /* RFC 4380 */
enum tunnel_result tunnel_l2tp_udp(struct tunnel *t);  /* RFC 2661, RFC 3931 4.1.2 */
enum tunnel_result tunnel_l2tp_ip(struct tunnel *t);   /* RFC 3931 4.1.1 */
enum tunnel_result tunnel_capwap(struct tunnel *t);    /* RFC 5415 4, RFC 5416 */
