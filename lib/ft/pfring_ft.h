/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pfring_ft API: flows from packets. Types, names and values are those of PF_RING FT's API, so
 * that programs written for it compile; the implementation is ftprobe's own.
 *
 * A table belongs to one thread at a time and takes no locks. Functions that any thread may call
 * say so. Ports, VLAN ids and IPv4 addresses are in host order, IPv6 addresses in network order.
 */
#ifndef _PFRING_FT_H_
#define _PFRING_FT_H_

#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FT_API_VERSION 95

/* Verdicts on packets. */
#define PFRING_FT_ACTION_DEFAULT 0 /* no rule says anything (or not yet) */
#define PFRING_FT_ACTION_FORWARD 1
#define PFRING_FT_ACTION_DISCARD 2
#define PFRING_FT_ACTION_USER_1	 3 /* the caller's own meaning */
#define PFRING_FT_ACTION_USER_2	 4
#define PFRING_FT_ACTION_SLICE	 5 /* keep the headers, cut the payload off */

/* pfring_ft_flow_value.flags: the L7 protocol is a guess. */
#define PF_RING_FT_FLOW_FLAGS_L7_GUESS (1 << 0)

/* Flags of pfring_ft_create_table(). */
#define PFRING_FT_TABLE_FLAGS_DPI	(1 << 0) /* name L7 protocols with nDPI */
#define PFRING_FT_TABLE_FLAGS_DPI_EXTRA (1 << 1) /* and metadata beyond the protocol */
#define PFRING_FT_DECODE_TUNNELS	(1 << 2) /* key flows by the innermost header */
#define PFRING_FT_IGNORE_HW_HASH	(1 << 3) /* do not use pfring_ft_ext_pkthdr.hash */
#define PFRING_FT_IGNORE_VLAN		(1 << 4) /* VLAN ids do not tell flows apart */
#define PFRING_FT_TABLE_FLAGS_NO_GUESS	(1 << 5) /* no L7 guess by port or address */

typedef void pfring_ft_table;
typedef void pfring_ft_list;
typedef void pfring_ft_flow;
typedef u_int8_t pfring_ft_action;
typedef u_int32_t pfring_ft_in4_addr;

struct ndpi_detection_module_struct;
struct ndpi_flow_struct;

typedef enum {
	s2d_direction = 0, /* that of the packet which began the flow */
	d2s_direction,
	PF_RING_FT_FLOW_NUM_DIRECTIONS
} pfring_ft_direction;

typedef enum {
	PFRING_FT_FLOW_STATUS_ACTIVE = 0,
	PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT,
	PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT,
	PFRING_FT_FLOW_STATUS_END_DETECTED,
	PFRING_FT_FLOW_STATUS_FORCED_END,
	PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT,
	PFRING_FT_FLOW_STATUS_OVERFLOW
} pfring_ft_flow_status;

/* What may be done with packets by protocol. The arrays are indexed by nDPI protocol id. */
typedef struct {
	u_int32_t num_protocols;
	struct {
		pfring_ft_action *protocol_to_action;
	} match;
	struct {
		/* packets of a flow that pass before the rest is discarded, 0 = all */
		u_int8_t default_npkts;
		u_int8_t tcp_npkts;
		u_int8_t udp_npkts;
		u_int8_t *protocol_to_npkts;
	} shunt;
} pfring_ft_flow_filter;

/* Headers as they lie in a packet, network order. */
typedef struct __attribute__((packed)) {
	union {
		u_int8_t u6_addr8[16];
		u_int16_t u6_addr16[8];
		u_int32_t u6_addr32[4];
	} u6_addr;
} pfring_ft_in6_addr;

typedef struct __attribute__((packed)) {
	u_int8_t ihl : 4, version : 4;
	u_int8_t tos;
	u_int16_t tot_len, id, frag_off;
	u_int8_t ttl, protocol;
	u_int16_t check;
	u_int32_t saddr, daddr;
} pfring_ft_iphdr;

typedef struct __attribute__((packed)) {
	u_int32_t ip6_un1_flow;
	u_int16_t ip6_un1_plen;
	u_int8_t ip6_un1_nxt, ip6_un1_hlim;
	pfring_ft_in6_addr ip6_src, ip6_dst;
} pfring_ft_ipv6hdr;

typedef struct __attribute__((packed)) {
	u_int16_t source, dest;
	u_int32_t seq, ack_seq;
	u_int16_t res1 : 4, doff : 4, fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, ece : 1,
		cwr : 1;
	u_int16_t window, check, urg_ptr;
} pfring_ft_tcphdr;

typedef struct __attribute__((packed)) {
	u_int16_t source, dest, len, check;
} pfring_ft_udphdr;

/* Lies as libpcap's struct pcap_pkthdr does, and as the head of PF_RING's packet header. */
typedef struct {
	struct timeval ts;
	u_int32_t caplen; /* bytes captured */
	u_int32_t len;	  /* bytes on the wire */
} pfring_ft_pcap_pkthdr;

typedef struct {
	u_int32_t hash; /* symmetric flow hash of the device, 0 = compute one */
	u_int16_t device_id;
	u_int8_t port_id;
	u_int8_t reserved;
} pfring_ft_ext_pkthdr;

/* A packet as a packet callback sees it; the pointers go into the packet. */
typedef struct {
	pfring_ft_pcap_pkthdr *hdr;
	pfring_ft_ext_pkthdr *ext_hdr;
	pfring_ft_direction direction;
	u_int16_t vlan_id;
	u_int8_t ip_version, l4_proto;
	u_int16_t payload_len;
	u_int16_t reserved;
	union {
		pfring_ft_iphdr *ip4;
		pfring_ft_ipv6hdr *ip6;
	} l3;
	union {
		pfring_ft_tcphdr *tcp;
		pfring_ft_udphdr *udp;
	} l4;
	const u_char *payload;
} pfring_ft_packet_metadata;

typedef union {
	pfring_ft_in4_addr v4; /* host order */
	pfring_ft_in6_addr v6; /* network order */
} pfring_ft_ip_address;

/* nDPI's numbers: TLS and YouTube, say. */
typedef struct {
	u_int16_t master_protocol;
	u_int16_t app_protocol;
	int category;
} pfring_ft_ndpi_protocol;

/* What a flow is. dport of ICMP is type * 256 + code. */
typedef struct {
	u_int8_t smac[6], dmac[6];
	pfring_ft_ip_address saddr, daddr;
	u_int8_t ip_version, protocol;
	u_int16_t sport, dport, vlan_id;
} pfring_ft_flow_key;

/* What one direction of a flow counted. */
typedef struct {
	u_int64_t pkts, bytes; /* bytes: wire length */
	struct timeval first, last;
	u_int8_t tcp_flags; /* OR of all */
	u_int8_t port_id;
	u_int16_t device_id;
} pfring_ft_flow_dir_value;

/* What became of a flow. */
typedef struct {
	pfring_ft_flow_dir_value direction[PF_RING_FT_FLOW_NUM_DIRECTIONS];
	pfring_ft_ndpi_protocol l7_protocol;
	u_int32_t tunnel_type; /* nDPI's enum ndpi_packet_tunnel */
	u_int32_t tunnel_id;
	union {
		struct {
			char *query;
			u_int16_t queryType, replyCode;
		} dns;
		struct {
			char *serverName;
			u_int8_t *sha1_certificate_fingerprint; /* 20 bytes */
		} tls;
		struct {
			char *serverName;
			char *url;
			u_int16_t responseCode;
		} http;
		struct {
			u_int8_t type, code;
		} icmp;
	} l7_metadata; /* the member that fits l7_protocol */
	pfring_ft_flow_status status;
	u_int32_t flags;
	u_char *user; /* the caller's area */
} pfring_ft_flow_value;

typedef struct {
	u_int64_t active_flows;
	u_int64_t flows; /* ever begun */
	u_int64_t err_no_room;
	u_int64_t err_no_mem;
	u_int64_t disc_no_ip; /* packets without an IP header */
	u_int64_t max_lookup_depth;
	u_int64_t packets;
	u_int64_t bytes; /* wire length */
} pfring_ft_stats;

typedef struct {
	u_int32_t num_buffered_records;
	u_int32_t exported_flows;
	u_int32_t dropped_flows;
} pfring_ft_export_stats;

/* Flows that ended, taken from the list one by one; the callee owns them. */
typedef void (*pfring_ft_export_list_func)(pfring_ft_list *flows_list, void *user);
/* A packet of a flow; data and metadata may be NULL where the callback says so. */
typedef void (*pfring_ft_flow_packet_func)(const u_char *data, pfring_ft_packet_metadata *metadata,
					   pfring_ft_flow *flow, void *user);
/* A flow ended (or was sliced); the callee owns it and calls pfring_ft_flow_free(). */
typedef void (*pfring_ft_export_flow_func)(pfring_ft_flow *flow, void *user);

/*
 * Makes a table. flags: those above. max_flows: flows at once, 0 = 500000. flow_idle_timeout and
 * flow_lifetime_timeout: seconds, 0 = 30 and 120. user_metadata_size: bytes a flow for the caller.
 * NULL on failure (no memory, a value out of range).
 */
pfring_ft_table *pfring_ft_create_table(u_int32_t flags, u_int32_t max_flows,
					u_int32_t flow_idle_timeout,
					u_int32_t flow_lifetime_timeout,
					u_int32_t user_metadata_size);
/* Frees a table; flows that are still in it are not exported (pfring_ft_flush() first). */
void pfring_ft_destroy_table(pfring_ft_table *table);

/*
 * Lets records of living flows out every flow_slice_timeout seconds; 0 = off. Before the first
 * packet.
 */
void pfring_ft_flow_set_flow_slicing(pfring_ft_table *table, u_int32_t flow_slice_timeout);

/* Who gets flows that ended; without one they are freed. Before the first packet. */
void pfring_ft_set_flow_export_callback(pfring_ft_table *table, pfring_ft_export_flow_func callback,
					void *user);

/*
 * Meters one Ethernet packet. ext_header may be NULL. The packet's bytes are not needed afterwards.
 * Returns the verdict; the caller carries it out.
 */
pfring_ft_action pfring_ft_process(pfring_ft_table *table, const u_char *packet,
				   const pfring_ft_pcap_pkthdr *header,
				   const pfring_ft_ext_pkthdr *ext_header);

/*
 * A bounded piece of the table's own work (timeouts), for when no packet comes. epoch: seconds
 * since 1970 on the packets' time line. Returns 1 when more work is due, 0 when the caller may
 * sleep.
 */
int pfring_ft_housekeeping(pfring_ft_table *table, u_int32_t epoch);

/* Ends and exports every flow. */
void pfring_ft_flush(pfring_ft_table *table);

/* Identifies the flow; its slices share it. Any thread that owns the flow. */
u_int64_t pfring_ft_flow_get_id(pfring_ft_flow *flow);

/* Gives an exported flow back. Any thread; the flow must not be touched after. */
void pfring_ft_flow_free(pfring_ft_flow *flow);

/* The table's numbers. Any thread or signal handler; the memory is the table's. */
pfring_ft_stats *pfring_ft_get_stats(pfring_ft_table *table);

/* The version as text, into 32 bytes. Any thread. */
void pfring_ft_version(char *version);
/* FT_API_VERSION of the library. Any thread. */
u_int32_t pfring_ft_api_version(void);

#ifdef __cplusplus
}
#endif

#endif /* _PFRING_FT_H_ */
