/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ftprobe adds to the pfring_ft API: the burst form of pfring_ft_process(), other link types
 * than Ethernet, nanosecond time, flows ended on demand, and the counters by name. Nothing here
 * changes a type or a function of pfring_ft.h.
 */
#pragma once

#include <stdint.h>

#include "pfring_ft.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* Packets that pfring_ft_process_burst() takes at once, and hands back at once. */
#define PFRING_FT_BURST_MAX 64
/*
 * Bursts that a table holds at most: a caller keeps so many times PFRING_FT_BURST_MAX packets
 * alive.
 */
#define PFRING_FT_BURSTS_HELD 4

/* What the first byte of a packet belongs to. */
enum pfring_ft_link {
	PFRING_FT_LINK_ETHERNET = 0,
	PFRING_FT_LINK_RAW_IP,
	PFRING_FT_LINK_NULL,
	PFRING_FT_LINK_LOOP,
	PFRING_FT_LINK_LINUX_SLL,
	PFRING_FT_LINK_LINUX_SLL2,
	PFRING_FT_LINK_PPP,
	PFRING_FT_LINK_PPP_ETHER
};

/* Bits of pfring_ft_packet.flags. */
#define PFRING_FT_PACKET_WIRE_LEN (1 << 0) /* len is that on the wire, not of the capture */
#define PFRING_FT_PACKET_IGNORE	  (1 << 1) /* not looked at: only travels along, in order */

/* One packet of a burst. */
typedef struct {
	const u_char *data;
	void *cookie;	   /* the caller's own (an mbuf), handed back untouched */
	u_int64_t time_ns; /* any time line that does not run backwards much; offline since 1970 */
	u_int32_t caplen;  /* bytes at data */
	u_int32_t len;	   /* bytes on the wire where PFRING_FT_PACKET_WIRE_LEN says so */
	u_int32_t hash;	   /* symmetric flow hash of the device, 0 = none */
	u_int16_t port_id; /* where it came in: the record's ingress interface */
	u_int16_t device_id;
	u_int8_t link; /* enum pfring_ft_link */
	u_int8_t flags;
	pfring_ft_action action; /* out: the verdict */
} pfring_ft_packet;

/*
 * Takes n_in packets (at most PFRING_FT_BURST_MAX) and hands back earlier ones with their verdicts,
 * in the order in which they came: out has room for PFRING_FT_BURST_MAX. The stages of bursts
 * overlap, so a packet comes back up to PFRING_FT_BURSTS_HELD calls later, and its bytes must stay
 * where they are until then. n_in = 0 pushes held packets on; when it returns 0, none is held.
 * The records, callbacks and verdicts are those of pfring_ft_process() packet by packet.
 * Returns the number handed back. The table's thread. Do not
 * call pfring_ft_process() while packets are held.
 */
unsigned int pfring_ft_process_burst(pfring_ft_table *table, const pfring_ft_packet *in,
				     unsigned int n_in, pfring_ft_packet *out);

/*
 * The table's own array of PFRING_FT_BURST_MAX packets, which spares pfring_ft_process_burst() two
 * copies: packets that are written there may be its in, never its out, and what it handed back last
 * with out == NULL is there until the next ones are. Another array after each call. The table's
 * thread.
 */
pfring_ft_packet *pfring_ft_own_burst(pfring_ft_table *table);

/*
 * As pfring_ft_housekeeping(), with the time in nanoseconds of the packets' time line.
 * Returns 1 when more work is due, 0 when the caller may sleep. The table's thread.
 */
int pfring_ft_housekeeping_ns(pfring_ft_table *table, u_int64_t now_ns);

/*
 * A hash of the packet's IP address pair, the same for both directions and for all fragments: what
 * a distributor over several tables needs. The outermost pair, or with tunnels != 0 (for tables
 * made with PFRING_FT_DECODE_TUNNELS) the pair that the flow is keyed by. 0 for packets without IP.
 * Any thread.
 */
u_int32_t pfring_ft_packet_hash(const pfring_ft_packet *packet, int tunnels);

/*
 * pfring_ft_flow_value.tunnel_type where nDPI has a number (enum ndpi_packet_tunnel), and from 64
 * on where it has none.
 */
enum pfring_ft_tunnel {
	PFRING_FT_TUNNEL_NONE = 0,
	PFRING_FT_TUNNEL_GTP = 1,
	PFRING_FT_TUNNEL_CAPWAP = 2,
	PFRING_FT_TUNNEL_TZSP = 3,
	PFRING_FT_TUNNEL_L2TP = 4,
	PFRING_FT_TUNNEL_VXLAN = 5,
	PFRING_FT_TUNNEL_GRE = 6,
	PFRING_FT_TUNNEL_IPIP = 64, /* any IP version in any */
	PFRING_FT_TUNNEL_GENEVE = 65,
	PFRING_FT_TUNNEL_VXLAN_GPE = 66,
	PFRING_FT_TUNNEL_ERSPAN = 67, /* type II or III */
	PFRING_FT_TUNNEL_TEREDO = 68
};

/*
 * Ends a flow that is in the table, with the status FORCED_END; its next packet begins a new one.
 * Within a callback the packet at hand is still counted, and the flow is exported after its
 * callbacks. The table's thread.
 */
void pfring_ft_flow_expire(pfring_ft_table *table, pfring_ft_flow *flow);

/* Whether an RST ends a TCP flow: 1 (as at first) or 0. The table's thread. */
void pfring_ft_set_tcp_rst_ends(pfring_ft_table *table, int ends);

/* One counter: its name is as long as the library. */
typedef void (*pfring_ft_counter_func)(const char *name, u_int64_t value, void *user);
/*
 * Tells every counter of a table by its name (docs/counters.md): packets received, metered and
 * dropped by reason, flows begun and ended by reason, records lost. At every moment
 * rx_packets = metered_packets + the sum of all drop_*. Any thread.
 */
void pfring_ft_for_each_counter(pfring_ft_table *table, pfring_ft_counter_func callback,
				void *user);

/* One line without its end: why a call failed, or with pfring_ft_debug() what was done. */
typedef void (*pfring_ft_log_func)(const char *line, void *user);
/*
 * Who gets the library's lines instead of standard error; NULL = nobody. For the whole process, any
 * thread, before the first table.
 */
void pfring_ft_set_log_callback(pfring_ft_log_func callback, void *user);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
