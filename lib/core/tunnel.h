/* SPDX-License-Identifier: BSD-3-Clause */
/* The encapsulations that the parser leaves behind: known to the packet and to the record. */
#pragma once

/* Encapsulation that a flow was found in. */
enum tunnel_type {
	TUNNEL_NONE = 0,
	TUNNEL_GRE,
	TUNNEL_ERSPAN2,
	TUNNEL_ERSPAN3,
	TUNNEL_IPIP, /* any IP version in any */
	TUNNEL_VXLAN,
	TUNNEL_VXLAN_GPE,
	TUNNEL_GENEVE,
	TUNNEL_GTPU,
	TUNNEL_L2TP,
	TUNNEL_CAPWAP,
	TUNNEL_TEREDO,
	TUNNEL_N
};

/* As users read it: gre erspan2 ... teredo; "none" for anything else. Static, any thread. */
const char *tunnel_type_name(enum tunnel_type type);
