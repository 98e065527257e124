/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every bound of the program, on one screen, each with its reason.
 * A loop over input ends at a bound from here.
 */
#pragma once

/* Those of the program around the library: */
#include "core/limits_program.h"

/* ---- packets ---- */

/*
 * What one burst carries: DPDK drivers hand out 32 at a time, twice that still fits L1 with its
 * views.
 */
#define BURST_MAX 64
/* Largest packet that any source hands over: libpcap's own limit on a snapshot. */
#define PACKET_BYTES_MAX 262144
/* VLAN tags in a stack: QinQ is 2, the deepest trace seen has 4. */
#define VLAN_DEPTH_MAX 8
/* MPLS labels in a stack: RFC 8662 hardware reads about 10. */
#define MPLS_DEPTH_MAX 16
/*
 * Layer-2 shims (SNAP, PBB, PPPoE, EoMPLS, ...) before an IP header: ends loops made of valid
 * shims.
 */
#define L2_HEADERS_MAX 32
/* IPv6 extension headers (RFC 8200 lists 7, senders may repeat one). */
#define IPV6_EXT_MAX 16
/* Decapsulations when tunnels are on: GRE in VXLAN in GTP happens, a fifth layer is an attack. */
#define TUNNEL_DEPTH_MAX 4

/* ---- fragments ---- */

/*
 * Fragmented datagrams remembered a lane: 64 KB each second of 10 Gbit/s would be 20 K; 4 K cover
 * 200 ms of it.
 */
#define FRAG_CACHE_ENTRIES 4096
/* Entries searched for one datagram before the oldest of them gives way. */
#define FRAG_CACHE_WAYS 8
/*
 * A later fragment follows its first one within milliseconds; RFC 791 allows 15 s, the cache
 * gives 5.
 */
#define FRAG_TIMEOUT_NS 5000000000ULL

/* ---- flow table ---- */

/* Slots in a tag group: 16 tags of 16 bits are compared by two SSE2 (or one AVX2) instructions. */
#define FLOW_GROUP_SLOTS 16
/*
 * Groups searched from the home group on. At 66 % load a table of 500 K flows goes 6 deep, one in
 * two hundred goes 9, and one of 10 M goes 8; 32 leave no chance that a flow gives way while there
 * is room.
 */
#define FLOW_PROBE_GROUPS_MAX 32
/*
 * Share of slots in use at max_flows, in percent. A full group makes its next flows go on to the
 * group after it: 0.9 % of all flows (0.4 % at 60 %, 1.4 % at 70 %), too few to be measured at 1 M
 * flows; against 60 % it saves 10 of a flow's 256 bytes.
 */
#define FLOW_LOAD_PERCENT 66
/* Flows a table may be asked to hold: 32-bit slot numbers, and 64 GB of hot lines. */
#define FLOW_TABLE_FLOWS_MAX	 1000000000U
#define FLOW_TABLE_FLOWS_MIN	 1U
#define FLOW_TABLE_FLOWS_DEFAULT 500000U
/*
 * Ended flows and slices that may be on their way through the outputs, as a share of max_flows, in
 * percent; a slice counts twice. Each place costs 192 bytes: 10 % keep a flow below 256 bytes from
 * 100 K flows on, with what pages round up at 1 M, and are more than the exporter's ring holds from
 * 400 K on: what the ring cannot take, a larger share could not save.
 */
#define FLOW_DETACHED_PERCENT 10
#define FLOW_DETACHED_MIN     4096U
/* The hot line keeps times modulo 2^48 ns (78 h), so no timeout may come near half of that. */
#define TIMEOUT_MAX_NS 86400000000000ULL
/* Tag groups looked at by the sweep in one call: 256 KB of lines, some 20 us. */
#define SWEEP_GROUPS_MAX 4096U
/* A sweep over the whole table takes this long, or an eighth of the shortest timeout. */
#define SWEEP_PERIOD_NS 1000000000ULL

/*
 * A file that begins so much before the end of the last one is another time, not a rotated capture.
 */
#define FILE_OVERLAP_NS 1000000000ULL
/* A gap between two packets from which on the whole table is looked at: far below 2^48 ns. */
#define CLOCK_JUMP_NS (1ULL << 40)
/* Packets out of order by more than this mean that time began anew. */
#define CLOCK_BACK_NS 3600000000000ULL
/* Flows ended in one step of a flush or a settling, before the caller takes them. */
#define FLOW_END_STEP 256U
/* Flows copied at once for a live query: their hot lines are asked for together. */
#define FLOW_COPIES_MAX 64
/* A server's name in such a copy with its NUL: host names have at most 255 characters (RFC 1035).
 */
#define FLOW_COPY_NAME_BYTES 256

/* ---- DPI ---- */

/*
 * Packets given to nDPI before its verdict is asked for. nDPI's own reader has 80 and 24; over all
 * traces at hand 8 lose no name and no metadata (7 lose the fingerprint of an SSH server), at a
 * seventh less cost.
 */
#define DPI_PACKETS_TCP_DEFAULT 8
#define DPI_PACKETS_UDP_DEFAULT 8
/* Packets without payload at the beginning of TCP that do not count: SYN, SYN and ACK, ACK. */
#define DPI_HANDSHAKE_PACKETS 3
/*
 * Inspections that begin in a second, a lane on live traffic: at some 5 us each half a core of
 * 3.7 GHz, the other half meters.
 */
#define DPI_FLOWS_PER_S_DEFAULT 100000U
/* So much of a second's inspections may begin at once: traffic is never even. */
#define DPI_GOVERNOR_BURST_NS 100000000ULL
/*
 * Flows under inspection at once a lane (688 bytes each with nDPI 4.2, and what its parsers keep).
 */
#define DPI_FLOWS_DEFAULT 65536U
/* Bytes that nDPI may hold a lane beyond its module before no new inspection begins. */
#define DPI_BYTES_DEFAULT (256ULL << 20)
/* Longest string kept of a flow's metadata (host names are at most 255, RFC 1035; URLs are cut). */
#define DPI_STRING_MAX 512
/* Longest "Master.App", with its NUL: twice the longest custom name. */
#define DPI_NAME_BYTES 112
/* A category's name with its NUL: nDPI's custom ones have at most 31 characters. */
#define DPI_CATEGORY_BYTES 40
/* Longest name of a custom protocol; nDPI's own have at most 23 characters. */
#define DPI_CUSTOM_NAME_MAX 48
/*
 * Verdicts (master, application, category) that a lane names: some 10 masters of 512 applications,
 * twice over.
 */
#define DPI_NAMES_MAX 16384
/* Servers that nDPI knows nothing of, remembered: 8 KB, those under attack stay in L1. */
#define DPI_STRANGERS 1024
/* Files of custom protocols, and of custom categories, that a module is made of. */
#define DPI_FILES_MAX 64
/* Lines of a file of custom protocols or categories: a blocklist has some 100 K. */
#define DPI_FILE_LINES_MAX 1000000
/*
 * Bytes of such a line: nDPI reads 512 of a line of categories, and a list of hosts for one
 * protocol.
 */
#define DPI_CATEGORY_LINE_MAX 510
#define DPI_PROTOCOL_LINE_MAX 65536

/* A program may hold a quarter of its flows, and some, before further ones are lost. */
#define FT_HELD_SHARE 4
/* Bytes of the caller in a flow of the API: whoever needs more keeps a pointer there. */
#define FT_USER_BYTES_MAX (1U << 20)

/* ---- rules ---- */

/* nDPI's protocol numbers: 512 of its own and 768 custom ones, with newer releases in mind. */
#define FT_RULE_PROTOCOLS_MAX 2048
/* Rules for "Master.App": asked once a flow, one by one. */
#define FT_RULE_PAIRS_MAX 256

/* ---- export ---- */

/* Outputs at once. */
#define OUTPUTS_MAX 16
/* Encoded records waiting in one output: at 200 bytes each some 13 MB. */
#define OUTPUT_QUEUE_RECORDS_DEFAULT 65536U
#define OUTPUT_QUEUE_BYTES_DEFAULT   (64ULL << 20)
/* Records on disk, while a collector is away. */
#define OUTPUT_SPOOL_BYTES_DEFAULT (1ULL << 30)
/*
 * What processors keep of a flow: its first packets one by one, bursts of a direction and labels
 * as many as the exporters whose fields these are; a handshake that is sent again so often has
 * failed. A list in a record holds any of these.
 */
#define PSTATS_PACKETS_MAX 30
#define BSTATS_BURSTS_MAX  15
#define MPLS_LABELS_TOLD   3
#define TCPRTT_PACKETS_MAX 32
/* Flow labels that processor scitags compares: a mark does not change. */
#define SCITAGS_PACKETS_MAX 16
/*
 * Hellos of TLS in several segments or datagrams: with keys for ML-KEM they have 1800 bytes, a
 * ticket and an encrypted hello make them longer. QUIC clients send them shuffled.
 */
#define HELLO_BYTES_MAX	 4096
#define HELLO_PIECES_MAX 24
/* And what they list: clients know some 100 ciphers at most, and 20 to 30 extensions. */
#define TLS_CIPHERS_MAX	   512
#define TLS_EXTENSIONS_MAX 128
/* Extensions that a record tells, as the exporter whose fields these are. */
#define TLS_EXTENSIONS_TOLD 30
#define TLS_NAME_BYTES_MAX  254
/* Segments with payload before a ClientHello (what begins in the clear, as mail); of a hello. */
#define TLS_SEARCH_PACKETS_MAX 12
#define TLS_HELLO_PACKETS_MAX  32
/*
 * QUIC: packets that a record tells, as that exporter; those before the first one of QUIC; packets
 * in one datagram, of which clients put 3; bytes of an Initial, on links with jumbo frames too
 * since those need not be filled; a connection id (RFC 9000 17.2).
 */
#define QUIC_PACKETS_MAX	30
#define QUIC_SEARCH_PACKETS_MAX 8
#define QUIC_COALESCED_MAX	8
#define QUIC_INITIAL_BYTES_MAX	2048
#define QUIC_ID_BYTES_MAX	20
#define LIST_VALUES_MAX		32
/* Bytes that processor idpcontent keeps of a direction, as the exporter whose fields these are. */
#define IDPCONTENT_BYTES_MAX 100
/* Labels of a DNS name and pointers in it: 127 labels fit 255 bytes (RFC 1035 2.3.4). */
#define DNS_LABELS_MAX 128
/* Records of a DNS message that are looked at: a zone transfer's hundreds are not of interest. */
#define DNS_RECORDS_MAX 256
/* Characters of names and data of DNS, as the exporter whose fields these are. */
#define DNS_NAME_MAX 127
#define DNS_DATA_MAX 159
/* Answers that processor passivedns keeps of a record. */
#define PASSIVEDNS_ANSWERS_MAX 16
/* Services that processor dnssd tells apart, and what it keeps of their TXT records. */
#define DNSSD_SERVICES_MAX 10
#define DNSSD_TEXT_MAX	   510
/* Transactions of a flow that one record tells, at most and unless told otherwise. */
#define TRANSACTIONS_MAX     8
#define TRANSACTIONS_DEFAULT 4
/*
 * What a processor may keep of a flow in a block of the table's pool: the texts of four HTTP
 * transactions, most of the time.
 */
#define PROCESSOR_BLOCK_BYTES 2048
/* One block for so many flows of the table: most flows have no protocol that needs one. */
#define PROCESSOR_BLOCKS_SHARE 8
/* Lines of headers that are read of a message: servers refuse more than about a hundred. */
#define TEXT_HEADERS_MAX 128
/*
 * Payloads of a flow without a message, after which it is taken for none of HTTP, RTSP or SIP: a
 * greeting and a proxy's handshake may come before.
 */
#define TEXT_OTHERS_MAX 8
/* Characters of the names of cookies, as the exporter whose fields these are. */
#define HTTP_COOKIES_MAX 511
/* Topics of MQTT that a record tells at most; their text is as long as one may be. */
#define MQTT_TOPICS_MAX 64
/* Protocols whose texts a record must have room for: one with more is told without, by name. */
#define RECORD_PROTOCOLS 3
/*
 * One encoded record: 13 strings of DPI_STRING_MAX bytes and those blocks, all escaped as \u00XX,
 * keys, numbers, lists.
 */
#define RECORD_BYTES_MAX 98304
/* IPFIX over UDP, unless told otherwise: what any Ethernet takes, tunnels and IPv6 included. */
#define IPFIX_UDP_BYTES_DEFAULT 1400
/*
 * And where the path takes IPFIX_PATH_LOCAL_BYTES, as loopbacks do and no link: large messages cost
 * both sides less. All collectors take these (nfacctd has 10000 bytes), and the kernel keeps one in
 * a block of 8 KB.
 */
#define IPFIX_UDP_BYTES_LOCAL  7680
#define IPFIX_PATH_LOCAL_BYTES 32768
/*
 * UDP: templates are sent again at least so often (RFC 7011 8.4 wants it periodic; collectors keep
 * them 1800 s).
 */
#define IPFIX_TEMPLATE_RESEND_S	       300
#define IPFIX_TEMPLATE_RESEND_MESSAGES 4096
/* Messages or batches one output may send in one poll, so that the others get their turn. */
#define OUTPUT_STEPS_PER_POLL 1024
/* Records written to a file or a pipe by one system call (the kernel takes at most 1024 pieces). */
#define OUTPUT_BATCH_RECORDS 64
/* A message or a batch that is not full waits so long for more records. */
#define OUTPUT_FLUSH_NS 500000000ULL
/* Lossless: the first subscriber has so long to connect (libzmq tries again after 100 ms). */
#define OUTPUT_SUBSCRIBER_WAIT_NS 2000000000ULL
/*
 * Messages that libzmq may hold for one subscriber beyond our own queue: 32 MB when all are as
 * large as a batch may be.
 */
#define ZMQ_HIGH_WATER_MESSAGES 1024
/*
 * In mode connect a lost connection loses what libzmq holds, of which each message is kept until
 * the collector's machine acknowledged it; so there it holds less.
 */
#define ZMQ_IN_FLIGHT_MAX 512
/*
 * What was acknowledged is kept on until the collector's program must have read it: libzmq takes
 * 1000 messages for a program (its ZMQ_RCVHWM, unless told otherwise) and one in its decoder.
 */
#define ZMQ_READER_MESSAGES 1024
/* Both, and small messages in the buffers of the collector's kernel; beyond it the oldest go. */
#define ZMQ_HELD_MAX   4096
#define ZMQ_HELD_BYTES (64ULL << 20)
/* A collector that leaves no more unread in its kernel is taken to be reading. */
#define ZMQ_CALM_BYTES 65536
/* One look at a connection proves no more quiet time than this, however long ago the last was. */
#define ZMQ_CALM_STEP_NS 1000000000ULL
/* Subscriptions looked at in one poll: a flood of them costs records no time. */
#define ZMQ_SUBSCRIPTIONS_PER_LOOK 64
/* Bytes of a subscription; a peer that sends longer messages is cut off by libzmq. */
#define ZMQ_SUBSCRIPTION_BYTES_MAX 256
/* Templates go to new subscribers not more often than this, however many come and go. */
#define ZMQ_TEMPLATE_INTERVAL_NS 1000000000ULL
/* Collectors count the records of a message in 8 bits. */
#define ZMQ_BATCH_RECORDS_MAX	  255
#define ZMQ_BATCH_RECORDS_DEFAULT 64
/* A batch is not made larger than this, which any header can say, unless one record is. */
#define ZMQ_BATCH_BYTES 32768
/*
 * Collectors count bytes of a record in 32 bits: one with more is told in parts, up to 400 GiB; so
 * many parts without texts still fit RECORD_BYTES_MAX.
 */
#define ZMQ_RECORD_PARTS_MAX 100
#define ZMQ_FLUSH_DEFAULT_MS 500
/* Bytes of a ZMQ payload: ntopng drops larger ones. */
#define ZMQ_MESSAGE_BYTES_MAX 131072
/* Text that is sent compressed: old collectors inflate into 16 KB. */
#define ZMQ_COMPRESS_BYTES_MAX 16384
/* A library's table closes its export: what is queued has so long to leave. */
#define FT_ZMQ_DRAIN_NS 1000000000ULL
/*
 * Lossless over UDP to a reader that cannot be seen, in bytes of its buffer (2560 for 1400): the
 * 208 KB that Linux gives it last 10 ms, a few time slices of a busy CPU; full messages take 90
 * Mbit/s.
 */
#define IPFIX_PACE_BYTES_PER_S 20000000ULL
/* So much at once, 8 messages: a millisecond, what the exporter sleeps at most. */
#define IPFIX_PACE_BURST_BYTES 20480
/*
 * Live, to a reader that cannot be seen: in bursts that a third of that buffer holds, and no faster
 * than 2 Gbit/s of full messages, so that a burst of flows that end together is spread out.
 */
#define IPFIX_LIVE_BYTES_PER_S 450000000ULL
#define IPFIX_LIVE_BURST_BYTES 65536
/*
 * A reader that can be seen and is full gets so long, then twice that, ...: half of 208 KB is 40
 * messages, some 100 us for a fast reader and a millisecond for a slow one.
 */
#define IPFIX_PACE_STEP_MIN_NS 100000ULL
#define IPFIX_PACE_STEP_MAX_NS 1000000ULL
/* Export times are seconds in 32 bits, and no flow ends after them. */
#define IPFIX_TIME_MAX_NS (4294967295ULL * 1000000000ULL)
/* A path of which nothing is known (RFC 7011 10.3.3). */
#define IPFIX_UDP_BYTES_UNKNOWN 512
/* The longest options record: a name, a description and a category of 255 bytes, and numbers. */
#define IPFIX_REPORT_BYTES_MAX 2048
/* RFC 7011 3.1: a length of 16 bits. */
#define IPFIX_MESSAGE_BYTES_MAX 65535
/* IPFIX messages: a template has to fit; and what UDP over IPv4 can carry. */
#define IPFIX_UDP_BYTES_MIN 256
#define IPFIX_UDP_BYTES_MAX 65507
/* IPFIX over TCP, TLS and into files: what one TLS record carries (RFC 8446 5.1). */
#define IPFIX_STREAM_BYTES 16384
/*
 * Messages that a peer has not acknowledged: full ones are 16 MB, far more than the kernel buffers;
 * at two small ones a second these are eight minutes.
 */
#define IPFIX_IN_FLIGHT_MAX 1024
/* Collectors of one output: a failover group, or a pool that flows are spread over. */
#define OUTPUT_COLLECTORS_MAX 8
/* Addresses of a collector's name that are tried one after the other. */
#define STREAM_ADDRESSES_MAX 16
/* RFC 7011 10.4.4: not more than one attempt to connect a minute, unless configured. */
#define STREAM_RECONNECT_DEFAULT_NS 60000000000ULL
/*
 * A name that means another address is left alone for so long: whoever filters what we send has to
 * know the address before anything goes there.
 */
#define STREAM_MOVED_NS 50000000ULL
/* Connecting and the handshake have so long: the fourth repetition of a SYN comes after 15 s. */
#define STREAM_CONNECT_NS 10000000000ULL
/* A run over files fails when its collector is not there: a lost SYN may be repeated twice. */
#define STREAM_FIRST_SESSION_NS 5000000000ULL
/*
 * A peer that acknowledges nothing is given up, so that another can take over; also the idle time
 * before TCP asks whether it is still there.
 */
#define STREAM_SILENCE_MS 60000
/*
 * TLS 1.3: a server that sends no tickets and refuses our certificate says so within a round trip,
 * and these are below 1 s.
 */
#define TLS_ACCEPT_GRACE_NS 3000000000ULL
/* Names of which a collector's certificate has to have one. */
#define TLS_PEER_NAMES_MAX 8
/* Bytes read at once from a collector, which has nothing to say: tickets and alerts. */
#define STREAM_READ_BYTES 4096
/* A peer that closed the connection resets it when more arrives: within a round trip, or this. */
#define STREAM_HALF_CLOSED_NS 2000000000ULL
/* Reads in a row: a peer that floods us does not keep the exporter. */
#define STREAM_READS_MAX 16
/* Files that begin in one second: names are tried up to this suffix. */
#define IPFIX_FILE_NAMES_MAX 1000
/* A disk that refused to open a file is asked again after so long. */
#define IPFIX_FILE_RETRY_NS 1000000000ULL
/*
 * Ended flows on their way from one lane to the exporter, at most: 33 ms of a million a second.
 * Smaller tables have smaller rings (options_ring_flows()).
 */
#define EXPORT_RING_FLOWS 32768
/* Where the lane empties it itself: enough for a few IPFIX messages, and it stays in L1 and L2. */
#define EXPORT_RING_FLOWS_ALONE 256

/* ---- capture files ---- */

/*
 * Packets of a file that the table and the source hold at once: 4 bursts of jumbo frames, 31 of the
 * largest.
 */
#define SOURCE_WINDOWS_BYTES (8U << 20)
/* What is used of them when it may: 256 packets of 1518 bytes fit, and it stays in L2. */
#define SOURCE_WINDOWS_CACHE_BYTES (512U << 10)
/*
 * Records looked at in one receive: a filter that nothing matches does not keep the lane from its
 * signals.
 */
#define SOURCE_RECORDS_PER_CALL 4096
/*
 * A wire length beyond this (BIG TCP makes 512 KB) is damage: the captured length is believed
 * instead.
 */
#define WIRE_BYTES_MAX (1U << 20)
/* Bytes of a file read ahead: more than one block of most files, and 4 K empty packets at most. */
#define PCAPNG_AHEAD_BYTES 65536U
/* Interfaces in a section of a pcapng file: a merge of a thousand files has so many. */
#define PCAPNG_INTERFACES_MAX 4096U
/* Bytes of a ring between the reader of a file and one lane, at least: 4 of the largest packets. */
#define PACKET_RING_BYTES_MIN (4U * PACKET_BYTES_MAX)

/* ---- program ---- */

#define LANES_MAX  64
#define PORTS_MAX  32
#define QUEUES_MAX 64
/* Input files of one run. */
#define FILES_MAX 1024
/* A line of a configuration file. */
#define CONFIG_LINE_MAX 4096
/* A name of a port or an output. */
#define NAME_BYTES_MAX 64
/* A string setting: paths are at most 4096 (PATH_MAX), configured ones are short. */
#define OPTION_BYTES_MAX 1024
/* A BPF expression: a few hundred hosts. */
#define BPF_BYTES_MAX 8192
/*
 * Who asks for a reload waits so long for its result: outputs that close may take their
 * stop_timeout, which is 5 s, and names as long to be resolved.
 */
#define RELOAD_WAIT_NS (30 * 1000000000ULL)
/* The end of the program waits so long for a reload, beyond what its outputs may take. */
#define RELOAD_END_NS 1000000000ULL
/* Errors told of one configuration file: a screenful. */
#define CONFIG_ERRORS_MAX 20
/* CPU numbers: what the system's CPU_SETSIZE holds. */
#define CPU_NUMBER_MAX 1023
/*
 * Lines of a configuration file: every port, output and key on its own line fits a hundred times
 * over.
 */
#define CONFIG_LINES_MAX 65536
