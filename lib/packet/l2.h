/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way from the first byte of a frame to an IP header, and nothing else: no notes, no cache,
 * no packet view. The parser, its tunnels and the distributor's hash walk it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_TEB = 0x6558, /* transparent Ethernet bridging */
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_MULTICAST = 0x8848,
	ETHERTYPE_MIN = 0x0600, /* below: a length (IEEE 802.3 3.2.6) */
};

#define ETHERNET_HEADER_LEN 14
#define VLAN_TAG_LEN	    4

/* The header that comes next. */
enum l2_next {
	L2_DROP, /* drop says why */
	L2_IPV4, /* found */
	L2_IPV6, /* found */
	L2_IP,	 /* version by nibble */
	L2_ETHERNET,
	L2_ETHERTYPE, /* what `type` says */
	L2_LLC,
	L2_MPLS,
	L2_PPPOE,
	L2_PPP,
	L2_NSH,
	L2_N
};

struct l2_walk {
	const uint8_t *data;
	uint32_t at, len;		 /* at <= len always */
	uint16_t type;			 /* EtherType that comes next, with L2_ETHERTYPE */
	uint16_t vlan_id, vlan_inner_id; /* of the first frame only */
	uint8_t n_vlans, n_frames;
	uint8_t drop;	    /* enum drop_reason */
	const uint8_t *mac;  /* of the first frame, or NULL */
	const uint8_t *mpls; /* the first label of the first stack, or NULL */
};

/* The first header of a frame on this link; for the link types without one of their own. */
enum l2_next l2_link(struct l2_walk *w, enum link_type link);

/*
 * Walks to the IP header: L2_IPV4 or L2_IPV6 with w->at there (which may be the end of the
 * capture), or L2_DROP with the reason in w->drop.
 */
enum l2_next l2_find_ip(struct l2_walk *w, enum l2_next next);

/* Whether an EtherType is a usual one: how a guess that a frame begins somewhere is checked. */
bool l2_ethertype_is_plain(uint16_t type);
