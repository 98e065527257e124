/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The offline source: capture files as bursts of packets with the time and the wire length that
 * the file says. Reads pcap and pcapng (libpcap), plain or compressed with gzip or zstd.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

struct source_pcap;

struct source_pcap_options {
	const char *const *paths; /* "-" is standard input; borrowed while the source lives */
	unsigned int n_paths;
	uint64_t packets_max; /* --count: stop after handing out so many, 0 = all */
	const char *bpf;      /* libpcap filter, "" or NULL = none; compiled for each link type */
	bool progress;	      /* a progress bar on stderr */
	/*
	 * NULL, or set by any thread or a signal handler: a wait for a pipe ends within 100 ms as
	 * if the input ended there, which is no problem then. Plain files do not look at it: the
	 * lane stops asking. Borrowed while the source lives.
	 */
	const atomic_bool *stop;
};

/* What was read so far, in every file: packets = handed out + filtered + unsupported_link. */
struct source_pcap_counts {
	uint64_t packets;  /* records in the files */
	uint64_t bytes;	   /* their wire lengths */
	uint64_t filtered; /* did not match bpf; part of packets */
	/* pcapng: on an interface whose link type is not understood; part of packets */
	uint64_t unsupported_link;
	uint64_t filtered_bytes, unsupported_link_bytes;
	/* Their wire length cannot be: taken for what was captured, unflagged; part of packets. */
	uint64_t bad_wire_len;
};

/*
 * Opens the first file and reads the header of every regular file, so that what can be refused is
 * refused before anything was processed (pipes are only checked for permission). May wait for
 * standard input. 0 or -errno with one line in error that names the file and says what to do:
 * -ENOENT, -EACCES, -EISDIR and the like; -EINVAL: not a capture file, an empty one, a header cut
 * short, a link type that is not supported, a bad filter, standard input twice or a terminal;
 * -EIO: damaged compressed data; -EINTR: stop was set while it waited; -ENOMEM.
 */
int source_pcap_open(struct source_pcap **out, const struct source_pcap_options *options,
		     char *error, size_t error_len);

/*
 * The receive and release of struct input; self is the struct source_pcap. INPUT_END after the last
 * packet. receive() returns 0 when its ring is full (the caller gives packets back: a table hands
 * back what it holds when it is called with no packets), when a pipe has nothing now (it waits for
 * 100 ms, but not while packets are out), before a restart of time, and after every
 * SOURCE_RECORDS_PER_CALL records that did not match the filter.
 * The cookie of a packet is the source's own. Packets without a time (pcapng's Simple Packet Block)
 * have that of the packet before them; times before 1970 are 0.
 */
int source_pcap_receive(void *self, pfring_ft_packet *packets, unsigned int max);
void source_pcap_release(void *self, const pfring_ft_packet *packets, unsigned int n);

/*
 * The time_restarts of struct input: true once before the first packet of a file whose time starts
 * before the last packet of the file before it, by more than FILE_OVERLAP_NS, or before a packet
 * that goes back by more than CLOCK_BACK_NS. receive() returns 0 packets until it was asked.
 */
bool source_pcap_time_restarts(void *self);
/*
 * The now_ns of struct input: the latest time of the packets handed out; before a restart of time
 * was asked for, that of the files before it. Any thread.
 */
uint64_t source_pcap_now_ns(void *self);

/*
 * After INPUT_END: "" or what could not be read, one sentence a file, joined by "; ": a truncated
 * or damaged record (file, packet number, offset), a later file that could not be opened. What was
 * read before it was handed out, and the files after it are read. Not "" means a run-time failure,
 * exit code 1, unless source_pcap_only_cut_short().
 */
const char *source_pcap_problem(const struct source_pcap *s);
/*
 * The rule for the exit code: files that merely end too early, as a capture program or a copy that
 * was killed leaves them, are a warning (exit code 0); anything else is a failure (exit code 1).
 * True when there are problems and all are of the first kind: the data end inside a record or
 * block, or inside the gzip or zstd stream that it is packed in. Not so: damaged data (a checksum,
 * a packed block, a record header that cannot be), a read error, a file that cannot be opened, for
 * its header is cut short too.
 */
bool source_pcap_only_cut_short(const struct source_pcap *s);
const struct source_pcap_counts *source_pcap_counts(const struct source_pcap *s);
void source_pcap_close(struct source_pcap *s);
