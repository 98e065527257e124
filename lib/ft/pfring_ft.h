/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pfring_ft API: flows from packets. Types, names and values are those of PF_RING FT's API, so
 * that programs written for it compile; the implementation is ftprobe's own.
 *
 * Threads. A table belongs to one thread at a time and takes no locks; several tables in several
 * threads know nothing of each other. A function that any thread may call says so. A flow that was
 * exported belongs to whoever holds it until pfring_ft_flow_free().
 *
 * Callbacks run inside the function that caused them, on the table's thread. There
 * pfring_ft_process(), pfring_ft_housekeeping(), pfring_ft_flush() and pfring_ft_destroy_table() of
 * the same table do nothing. Set callbacks and slicing before the first packet, rules at any time.
 *
 * Units. Ports, VLAN ids and IPv4 addresses are in host order, IPv6 addresses in network order,
 * timeouts in seconds, bytes as on the wire from the Ethernet header on.
 *
 * Errors. A function that fails says why in one line on standard error; pfring_ft_ext.h has a hook
 * for that line.
 */
#ifndef _PFRING_FT_H_
#define _PFRING_FT_H_

#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
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
	u_int64_t flows;       /* ever begun */
	u_int64_t err_no_room; /* flows that gave way, the table being full (OVERFLOW) */
	u_int64_t err_no_mem;  /* flows and slices lost, too many being out and not freed */
	u_int64_t disc_no_ip;  /* packets without an IP header */
	u_int64_t max_lookup_depth;
	u_int64_t packets, bytes; /* wire length */
} pfring_ft_stats;

typedef struct {
	u_int32_t num_buffered_records, exported_flows, dropped_flows;
} pfring_ft_export_stats;

/* Flows that ended: the callee takes each with pfring_ft_list_get_next() and owns it. */
typedef void (*pfring_ft_export_list_func)(pfring_ft_list *flows_list, void *user);
/* A packet of a flow. Data and metadata live until the callback returns, the flow stays in. */
typedef void (*pfring_ft_flow_packet_func)(const u_char *data, pfring_ft_packet_metadata *metadata,
					   pfring_ft_flow *flow, void *user);
/* A flow that began (it stays the table's), or that ended or was sliced (the callee owns it). */
typedef void (*pfring_ft_export_flow_func)(pfring_ft_flow *flow, void *user);

/*
 * Makes a table; address space for max_flows is taken here, memory as flows come: some 700 bytes a
 * flow, with nDPI 1 to 3 KB more while it is known. flags: those above.
 * max_flows: flows at once, 0 = 500000. flow_idle_timeout, flow_lifetime_timeout: seconds, 0 = 30
 * and 120, at most 86400 (more counts as that). user_metadata_size: bytes a flow for the caller,
 * zeroed when a flow begins, found in pfring_ft_flow_value.user.
 * NULL on failure. pfring_ft_destroy_table() frees it. Any thread.
 */
pfring_ft_table *pfring_ft_create_table(u_int32_t flags, u_int32_t max_flows,
					u_int32_t flow_idle_timeout,
					u_int32_t flow_lifetime_timeout,
					u_int32_t user_metadata_size);

/*
 * Frees a table. Flows still in it are not exported (pfring_ft_flush() first), and flows that were
 * exported go with it: free them before. NULL is allowed. No other thread may use it.
 */
void pfring_ft_destroy_table(pfring_ft_table *table);

/*
 * Lets records of living flows out every flow_slice_timeout seconds (at most 86400; 0 = off, as at
 * first), for flows that outlive it. A slice has the status SLICE_TIMEOUT, the id of its flow, the
 * counters, TCP flags and times since the slice before, and the master's user area. When the flow
 * ends, its record has the rest, so that slices and record add up to the flow; the rest may be
 * nothing. The master stays in memory until all its slices are freed.
 */
void pfring_ft_flow_set_flow_slicing(pfring_ft_table *table, u_int32_t flow_slice_timeout);

/*
 * Who is told of a flow with its first packet, which is counted already. A flow that goes on after
 * flow_lifetime_timeout is a new flow. NULL = nobody.
 */
void pfring_ft_set_new_flow_callback(pfring_ft_table *table, pfring_ft_export_flow_func callback,
				     void *user);

/*
 * Who is told of every packet of a flow, whatever its verdict; last of the callbacks, so that
 * pfring_ft_flow_get_action() is the packet's verdict. Not told: packets that belong to no flow.
 */
void pfring_ft_set_flow_packet_callback(pfring_ft_table *table, pfring_ft_flow_packet_func callback,
					void *user);

/*
 * Who is told, once a flow, that its L7 protocol is known (a guess after the last packet that nDPI
 * wanted counts, see pfring_ft_flow_value.flags); before the packet callback of the same packet. A
 * flow that ends before that is told of by its export only.
 */
void pfring_ft_set_l7_detected_callback(pfring_ft_table *table, pfring_ft_flow_packet_func callback,
					void *user);

/*
 * Who gets flows that ended, and slices, one by one; the callee owns each. Replaces the callback
 * for lists. Without either flows are freed.
 */
void pfring_ft_set_flow_export_callback(pfring_ft_table *table, pfring_ft_export_flow_func callback,
					void *user);

/*
 * As pfring_ft_set_flow_export_callback(), which it replaces, for all flows that ended with one
 * packet or one step of housekeeping. What the callee leaves in the list is freed.
 */
void pfring_ft_set_flow_list_export_callback(pfring_ft_table *table,
					     pfring_ft_export_list_func callback, void *user);

/*
 * Meters one Ethernet packet: caplen bytes at packet, len on the wire, ts its time. ext_header may
 * be NULL; of it hash (0 = none; else the same for both directions of a flow), device_id and
 * port_id count. The packet's bytes are not needed afterwards.
 * Returns the verdict; the caller carries it out. PFRING_FT_ACTION_DEFAULT for packets without a
 * flow, and as long as no rule applies.
 */
pfring_ft_action pfring_ft_process(pfring_ft_table *table, const u_char *packet,
				   const pfring_ft_pcap_pkthdr *header,
				   const pfring_ft_ext_pkthdr *ext_header);

/*
 * A bounded piece of the table's own work (timeouts), for when no packet comes. epoch: seconds
 * since 1970 on the packets' time line; with a capture file that is the time of its packets.
 * Returns 1 when more work is due, 0 when the caller may sleep.
 */
int pfring_ft_housekeeping(pfring_ft_table *table, u_int32_t epoch);

/* Ends and exports every flow: by what has ended it already (a timeout, TCP), others FORCED. */
void pfring_ft_flush(pfring_ft_table *table);

/* Takes the next flow from a list; NULL at its end. In the callback for lists. */
pfring_ft_flow *pfring_ft_list_get_next(pfring_ft_list *list);
/* ---- flows: the table's thread while a flow is in the table, then whoever holds it ---- */

/* Identifies the flow within the process's table; its slices share it. */
u_int64_t pfring_ft_flow_get_id(pfring_ft_flow *flow);

/* What the flow is. The memory is the flow's, until pfring_ft_flow_free(). */
pfring_ft_flow_key *pfring_ft_flow_get_key(pfring_ft_flow *flow);

/*
 * What became of the flow so far, or in the end; a call brings it up to date. The memory is the
 * flow's, until pfring_ft_flow_free(); l7_metadata of a flow that goes on until its next packet.
 */
pfring_ft_flow_value *pfring_ft_flow_get_value(pfring_ft_flow *flow);

/*
 * nDPI's structure of the flow; NULL where nDPI did not see it: not yet, in the callback for new
 * flows, or no more, after a cut at the lifetime, once it was named. Of a slice it is its master's,
 * which still changes: look at it in the export callback.
 */
struct ndpi_flow_struct *pfring_ft_flow_get_ndpi_handle(pfring_ft_flow *flow);

/*
 * The verdict on all packets of the flow from now on, over filters and shunts; within a callback
 * also on the packet it is about. Of a slice: on its flow's.
 */
void pfring_ft_flow_set_action(pfring_ft_flow *flow, pfring_ft_action action);

/* The verdict on the flow's latest packet. */
pfring_ft_action pfring_ft_flow_get_action(pfring_ft_flow *flow);

/* 1, and one for each slice that was not freed yet; a slice answers for its flow. Any thread. */
int pfring_ft_flow_get_users(pfring_ft_flow *flow);

/*
 * Gives an exported flow back; it must not be touched after. Never a flow that is still in the
 * table: pfring_ft_flow_expire() ends one. Any thread.
 */
void pfring_ft_flow_free(pfring_ft_flow *flow);

/* ---- export over ZMQ: any thread, not from a signal handler but for get_stats ---- */

/*
 * Makes the table publish at endpoint ("tcp://ADDRESS:PORT"): binds, or with probe_mode connects to
 * a collector. server_public_key: of a CURVE server, 40 characters of Z85 or 80 of hexadecimal;
 * NULL = in clear. disable_compression: 0 = zlib, of JSON. use_json: 1 = JSON, 0 = TLV. A new call
 * replaces the export before (within a second); on failure the table exports nothing.
 */
void pfring_ft_zmq_export_configure(pfring_ft_table *table, const char *endpoint,
				    const char *server_public_key, u_int8_t probe_mode,
				    u_int8_t disable_compression, u_int8_t use_json);

/*
 * Exports a flow and frees it: an export callback, whose user is the table. Never blocks; what
 * cannot be sent is counted as dropped.
 */
void pfring_ft_zmq_export_flow(pfring_ft_flow *flow, void *user);

/*
 * Publishes the table's numbers as an "event" message: call it every few seconds. if_speed: Mbit/s.
 * The texts may be NULL.
 */
void pfring_ft_zmq_export_stats(pfring_ft_table *table, const char *if_name, u_int16_t if_speed,
				const char *if_ip, const char *management_ip);

/* Records waiting, sent and dropped so far, modulo 2^32. Housekeeping sends what waits, too. */
void pfring_ft_zmq_get_stats(pfring_ft_table *table, pfring_ft_export_stats *stats);

/* ---- rules: the table's thread, at any time, also for flows that go on ---- */

/* The verdict on flows whose L7 protocol is known and has no filter; DEFAULT at first. */
void pfring_ft_set_default_action(pfring_ft_table *table, pfring_ft_action action);

/*
 * Loads filters and shunts from a file, see pfring_ft(3), over those that are there; nothing of a
 * file with an error is taken. 0, or -errno with file and line in the error line.
 */
int pfring_ft_load_configuration(pfring_ft_table *table, const char *path);

/*
 * As pfring_ft_load_configuration(), into filter instead of the table. The arrays of filter must
 * hold num_protocols elements each; where they are NULL and num_protocols is 0 they are allocated,
 * and the caller frees them with free(). Elements without a rule become 0. Rules that a filter
 * cannot hold (Master.App, timeouts) are errors.
 */
int pfring_ft_load_configuration_ext(pfring_ft_table *table, const char *path,
				     pfring_ft_flow_filter *filter);

/*
 * After so many packets of a flow of that protocol ("HTTP", "TLS.YouTube", case does not matter)
 * the verdict is DISCARD; 0 = never.
 */
void pfring_ft_set_shunt_protocol_by_name(pfring_ft_table *table, const char *protocol_name,
					  u_int8_t packets);

/*
 * The verdict on every known L7 protocol, over all filters so far; a name set afterwards wins over
 * it. DEFAULT takes all filters back. Shunts stay.
 */
void pfring_ft_set_filter_all_protocols(pfring_ft_table *table, pfring_ft_action action);

/*
 * The verdict on flows of one L7 protocol; DEFAULT is one, too. Of several rules that fit,
 * Master.App comes first, then the application's, then the master's.
 */
void pfring_ft_set_filter_protocol_by_name(pfring_ft_table *table, const char *protocol_name,
					   pfring_ft_action action);

/* ---- nDPI: the table's thread ---- */

/* "TLS.YouTube", cut to buffer_len bytes with its NUL; "Unknown" without nDPI. Returns buffer. */
char *pfring_ft_l7_protocol_name(pfring_ft_table *table, pfring_ft_ndpi_protocol *protocol,
				 char *buffer, int buffer_len);

/* nDPI's number of a name, without regard to case; 0 (Unknown) when there is none. */
u_int16_t pfring_ft_l7_protocol_id(pfring_ft_table *table, const char *name);

/*
 * Inspects with a module of the caller's making; the table owns it from then on, and finalizes it
 * with the first packet. Before the first packet. 0, -EINVAL, -EBUSY (too late) or -ENOMEM: then
 * the module stays the caller's.
 */
int pfring_ft_set_ndpi_handle(pfring_ft_table *table, struct ndpi_detection_module_struct *ndpi);

/* The table's module, NULL when there is none; a load of protocols may replace it. */
struct ndpi_detection_module_struct *pfring_ft_get_ndpi_handle(pfring_ft_table *table);

/*
 * Loads custom protocols, or host names of categories, in nDPI's formats; more files add to it, the
 * same file again is read anew. 0, or -errno with file and line in the error line, the table
 * unchanged. A module of the caller's takes files only before the first packet (-EBUSY). Rules go
 * by nDPI's numbers: load them after protocols, and again when those changed.
 */
int pfring_ft_load_ndpi_protocols(pfring_ft_table *table, const char *path);
int pfring_ft_load_ndpi_categories(pfring_ft_table *table, const char *path);

/* 1: nDPI is linked. Any thread. */
int pfring_ft_is_ndpi_available(void);

/* ---- the library ---- */

/*
 * The table's numbers as of now. Any thread or signal handler, without a lock or an allocation. The
 * memory is the table's; a later call of the same thread writes it anew.
 */
pfring_ft_stats *pfring_ft_get_stats(pfring_ft_table *table);

/* The version as text, into 32 bytes; and FT_API_VERSION of the library. Any thread. */
void pfring_ft_version(char *version);
u_int32_t pfring_ft_api_version(void);

/*
 * No licence is needed, nothing is to be installed: both always 1. system_id: 48 bytes, becomes
 * "none needed"; the expirations become the end of the year 9999. Each may be NULL. Any thread.
 */
int pfring_ft_license(char *system_id, time_t *license_expiration, time_t *maintenance_expiration);
int pfring_ft_set_license(const char *license_key);

/* From now on the library tells what it does, not only what fails. Any thread. */
void pfring_ft_debug(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif /* _PFRING_FT_H_ */
