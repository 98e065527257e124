/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An output: an encoder, a bounded queue of encoded records, and a transport that never blocks.
 * All functions belong to the exporter's thread unless said otherwise.
 */
#pragma once
#include "core/counters.h"
#include "core/limits.h"
#include "export/privacy.h"
#include "record/elements.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct output;
struct ipfix_application;

enum output_type { OUTPUT_TEXT, OUTPUT_CSV, OUTPUT_JSON, OUTPUT_ZMQ, OUTPUT_IPFIX, OUTPUT_NULL };

/* What becomes of records that a lost session leaves in doubt. */
enum output_replay { OUTPUT_REPLAY_AT_MOST_ONCE, OUTPUT_REPLAY_AT_LEAST_ONCE };
/* What several collectors of one output are to each other. */
enum output_group { OUTPUT_GROUP_FAILOVER, OUTPUT_GROUP_BALANCE };
/* Who of the two sides of a ZMQ connection binds. */
enum output_mode { OUTPUT_MODE_BIND, OUTPUT_MODE_CONNECT };
/* The header of ZMQ messages: ntop's collectors know three. */
enum zmq_header { ZMQ_HEADER_V2, ZMQ_HEADER_V1, ZMQ_HEADER_V3 };
/*
 * Records in ZMQ messages: nDPI's TLV; JSON under ntop's numbers or names; or the JSON of -o json.
 */
enum zmq_format { ZMQ_TLV, ZMQ_JSON, ZMQ_JSON_NAMES, ZMQ_JSON_FLOW };
/* Counters of ZMQ records: of this record, or of the flow since its beginning. */
enum zmq_count { ZMQ_COUNT_DELTA, ZMQ_COUNT_ABSOLUTE };
/* Who gives way when a queue is full. */
enum output_policy { OUTPUT_DROP_NEWEST, OUTPUT_DROP_OLDEST };

/* Whether a record tells of both directions, or becomes one for each. */
enum output_biflow { OUTPUT_BIFLOW_YES, OUTPUT_BIFLOW_NO };
/* IPFIX, or what was before. */
enum output_version { OUTPUT_IPFIX10, OUTPUT_NETFLOW9 };

/* What to open. Zero means the default wherever a number stands. */
struct output_spec {
	char name[NAME_BYTES_MAX]; /* unique; made from type and target when empty */
	enum output_type type;
	/*
	 * File path ("" or "-" = stdout), ZMQ endpoint, or for IPFIX a path or at most
	 * OUTPUT_COLLECTORS_MAX of udp://, tcp://, tls://HOST:PORT, with blanks between.
	 */
	char target[512];
	uint32_t queue_records_max; /* records that may wait */
	uint64_t queue_bytes_max;   /* raised to four records of the largest size */
	uint32_t mtu_bytes; /* IPFIX: largest message over UDP, without IP and UDP headers; 0 = by
			     * the path */
	uint32_t observation_domain; /* IPFIX; ZMQ: the source id. Default 1 */
	bool local_time;	     /* text: the machine's time zone instead of UTC */
	bool flush_lines;	     /* files: every record is visible at once */
	/* Files of lines: what is there stays, and has the header already; or will have it. */
	bool append, header_comes;
	bool lossless; /* offline: the source waits for this output; a UDP transport paces itself;
			* the first subscriber of a ZMQ output gets a moment to come */
	enum output_policy policy;

	/* ZMQ. */
	enum output_mode mode;
	enum zmq_header zmq_header;
	enum zmq_format zmq_format;
	enum zmq_count zmq_count;
	/* zlib, as the header knows it: v1 and v2 for JSON only, v3 for TLV, too. */
	bool zmq_compress;
	uint32_t batch_records; /* records in a message at most, up to ZMQ_BATCH_RECORDS_MAX */
	uint32_t flush_ms;	/* no record waits longer for others */
	/* of a CURVE server, 40 characters of Z85 or 80 of hexadecimal; "" = in clear */
	char zmq_server_key[96];
	/* Told in every record and event, "" = not: a name of this probe, its address. */
	char instance[64], probe_ip[46];
	/* "" = the numbers of the linked nDPI; or a version; or a file of lines NUMBER NAME */
	char ndpi_ids[256];
	uint64_t stats_interval_ns; /* of event messages, which the program sends; 0 = none */

	/*
	 * ZMQ, mode connect: what a collector has had for so long, and seemed to read, counts as
	 * sent; what is younger when its connection is lost is in doubt. 0: the acknowledgement by
	 * its kernel will do.
	 */
	uint64_t doubt_ns;

	/* Connected outputs (TCP, TLS, ZMQ in mode connect): what memory does not hold. */
	char spool[256]; /* a folder, "" = none */
	uint64_t spool_bytes_max;
	bool spool_keep; /* what it holds at the end is for the next process */

	enum output_biflow biflow; /* of every type */
	/* Bits of enum element_source: what no record will have, see struct encoder. */
	uint64_t missing_sources;
	bool transactions; /* each record is one: element_list_type() */
	struct privacy_options privacy; /* what was done to records before they come here */

	/* IPFIX: what is said; see ipfix_profile.h. */
	enum element_profile profile;
	enum output_version version;
	char fields[512];
	uint32_t pen;
	bool ignore_vlan;

	/* IPFIX: when, and to whom. */
	uint64_t template_resend_ns;	   /* UDP */
	uint32_t template_resend_messages; /* UDP */
	bool template_resend_sessions;	   /* in sessions and files, too */
	uint64_t options_interval_ns;	   /* 0 = no options records at all */
	enum output_group group;
	enum output_replay replay; /* TCP, TLS, ZMQ in mode connect */
	uint64_t reconnect_ns;
	uint64_t rotate_bytes, rotate_ns; /* files: 0 = never */
	/* TLS: PEM files; names of which the collector has to have one, "" = HOST. */
	char cert_path[256], key_path[256], ca_path[256], peer_names[256];
};

/* What metering tells in options records; see struct ipfix_numbers. */
struct output_metering {
	uint64_t ignored_packets, ignored_octets;
	uint64_t first_ignored_ns, last_ignored_ns;
	uint64_t packets_observed, packets_selected;
	uint32_t sampling_packets;
	bool sampling_random;
};

/*
 * Reads what -o takes: text, csv, json, each with an optional :PATH; zmq:ENDPOINT; ipfix:PATH,
 * ipfix:udp://, tcp:// or tls://HOST:PORT (port 4739, 4740 for tls, when missing), several of them
 * with commas or blanks between; null. Sets type, target and name, leaves the
 * rest. 0, or -EINVAL with one line in error that says what is allowed. Any thread.
 */
int output_spec_parse(struct output_spec *spec, const char *text, char *error, size_t error_len);

/*
 * Reads a ZMQ endpoint as people write them for ntop's collectors: tcp:// (or zmq://) ADDRESS:PORT,
 * [V6]:PORT, *:PORT, PORT of this machine alone, or ipc://PATH; a "c" behind the port sets mode, as
 * the caller may have before. Several, with commas or blanks between, are put into target with one
 * blank between. 0, or -EINVAL with one line in error. Any thread.
 */
int output_spec_read_zmq(struct output_spec *spec, const char *endpoint, char *error,
			 size_t error_len);

/*
 * A ZMQ output of several endpoints: how many, and the spec of one of them, which is an output of
 * its own (a collector that is slow costs nobody else). Any thread.
 */
unsigned int output_spec_endpoints(const struct output_spec *spec);
void output_spec_endpoint(const struct output_spec *spec, unsigned int i, struct output_spec *out);

/* Whether records leave this machine over ZMQ for everybody to read. Any thread. */
bool output_spec_in_clear(const struct output_spec *spec);

/* Whether it has sessions with a collector that it connects to, which may go and come back. */
bool output_spec_may_spool(const struct output_spec *spec);

/* Whether an IPFIX output writes a file. Any thread. */
bool output_spec_is_ipfix_file(const struct output_spec *s);

/* Whether the output is lines in a file, and whether that is standard output. Any thread. */
static inline bool output_spec_is_file(const struct output_spec *s)
{
	return s->type == OUTPUT_TEXT || s->type == OUTPUT_CSV || s->type == OUTPUT_JSON;
}

static inline bool output_spec_is_stdout(const struct output_spec *s)
{
	return output_spec_is_file(s) && (!s->target[0] || strcmp(s->target, "-") == 0);
}

/*
 * Finds mistakes that need no other end to be seen, and opens nothing: fields that there are not or
 * that cannot be sent, certificates and keys. 0, or -errno with one line in error. Any thread.
 */
int output_check(const struct output_spec *spec, char *error, size_t error_len);

/*
 * Opens (binds, creates, resolves). 0 or -errno with one line in error that says what to do.
 * The output is closed by output_close().
 */
int output_open(struct output **out, const struct output_spec *spec, char *error, size_t error_len);

const char *output_name(const struct output *o);
/* What it was opened with, numbers that were left out included. */
const struct output_spec *output_spec_of(const struct output *o);

/*
 * Encodes the record into the queue; counts it offered, and dropped by name when there is no room.
 * Never blocks.
 */
void output_submit(struct output *o, const struct flow_record *r);

/*
 * IPFIX: the applications that flows may be given, told before the first flow. Before the first
 * output_poll(); they outlive the output.
 */
void output_set_applications(struct output *o, const struct ipfix_application *list, uint32_t n);

/* IPFIX: the numbers that the next options records tell. */
void output_set_metering(struct output *o, const struct output_metering *m);

/*
 * ZMQ: sends a message that is not a record (topic "event", a JSON text) at once, before what is
 * queued, with the next message id. No record counter changes. 0; -ENOTCONN: nobody subscribed to
 * the topic; -EAGAIN: a subscriber is slow; -ENOTSUP: not a ZMQ output, or -errno of the transport.
 * Never blocks.
 */
int output_publish(struct output *o, const char *topic, const char *json);

/*
 * Other sources will be missing from now on, see missing_sources of the spec: JSON and ZMQ follow
 * with the next record. CSV keeps the columns, and IPFIX the templates, that it began with.
 */
void output_set_missing_sources(struct output *o, uint64_t missing_sources);

/* Whether the queue has room for one more record: what a lossless source waits for. */
bool output_has_room(const struct output *o);

/*
 * Sends what the transport takes now; a batch or message that is not full waits up to half a second
 * for more, unless flush_lines asks for it at once, so call this at least that often. now_ns is
 * CLOCK_REALTIME, for export times and template resends. Returns the records still queued.
 */
uint32_t output_poll(struct output *o, uint64_t now_ns);

/*
 * How long the output takes nothing by itself (UDP that is not to lose anything), from the same
 * now_ns as output_poll(): at most a millisecond; 0 when that is not known.
 */
uint64_t output_wait_ns(const struct output *o, uint64_t now_ns);

/* No more records come: from now on a partial message does not wait to be filled. */
void output_drain(struct output *o);

/*
 * Sends what is queued until deadline_ns (CLOCK_MONOTONIC), counts the rest as dropped at shutdown,
 * and closes the transport. The counters stay readable until output_free().
 */
void output_close(struct output *o, uint64_t deadline_ns);
void output_free(struct output *o);

/*
 * The counters, with `queued` as measured now. One writer; other threads may read words that are a
 * little old.
 */
const struct output_counters *output_counters(const struct output *o);

/* What went wrong with the transport last, with the output's name in front; "" when nothing did. */
const char *output_last_error(const struct output *o);

/*
 * True once the reader of a pipe has gone (head(1) has seen enough): all further records count as
 * dropped by the transport, and when standard output is the only output the program may end
 * quietly. The process must ignore SIGPIPE.
 */
bool output_reader_gone(const struct output *o);

/*
 * A BPF expression that matches the traffic of this output itself, "" when it makes none (files).
 * Returns the length, or -ENOSPC.
 */
int output_own_traffic(const struct output *o, char *expression, size_t len);

/*
 * How often that expression has become another one since the output was opened: the name of a
 * collector that was away means another address now. Who filters by the expression asks for it
 * again.
 */
uint32_t output_own_traffic_moves(const struct output *o);
