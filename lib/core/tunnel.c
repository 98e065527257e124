/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the encapsulations. */
#include "core/tunnel.h"

static const char *const names[TUNNEL_N] = {
	[TUNNEL_NONE] = "none",		  [TUNNEL_GRE] = "gre",	      [TUNNEL_ERSPAN2] = "erspan2",
	[TUNNEL_ERSPAN3] = "erspan3",	  [TUNNEL_IPIP] = "ipip",     [TUNNEL_VXLAN] = "vxlan",
	[TUNNEL_VXLAN_GPE] = "vxlan-gpe", [TUNNEL_GENEVE] = "geneve", [TUNNEL_GTPU] = "gtpu",
	[TUNNEL_L2TP] = "l2tp",		  [TUNNEL_CAPWAP] = "capwap", [TUNNEL_TEREDO] = "teredo",
};

const char *tunnel_type_name(enum tunnel_type type)
{
	return type < TUNNEL_N ? names[type] : "none";
}
