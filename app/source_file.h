/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One capture file, open: its records, its link type and the filter for it. libpcap reads the
 * header, and the records too unless pcap_reader can. Every way in which a file can be refused is
 * said here.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "capture_stream.h"
#include "packet_windows.h"
#include "pcap_reader.h"
#include "source_link.h"

/* All zero: not open. */
struct source_file {
	struct capture_stream *stream;
	pcap_t *pcap;
	int result;			 /* of libpcap, when it was asked for a record last */
	struct pcapng_links *interfaces; /* of a pcapng file, else NULL; the stream's */
	/* pcap: of every packet; pcapng: of the first interface that is understood. */
	const struct source_link *link;
	struct source_filter filter;
	bool in_place; /* the records are the reader's, and lie in the windows */
	struct pcap_reader reader;
};

struct source_file_options {
	const char *bpf;		/* "" or NULL = none; borrowed while the file is open */
	const atomic_bool *stop;	/* as in struct source_pcap_options */
	struct packet_windows *windows; /* borrowed while the file is open */
};

/*
 * Opens path, "-" for standard input. 0 or -errno with one line in error that names the file and
 * says what to do; the errors are those of source_pcap_open(), and -EINTR: stop was set.
 */
int source_file_open(struct source_file *out, const char *path,
		     const struct source_file_options *options, char *error, size_t error_len);
/* Closes what is open; twice is once. */
void source_file_close(struct source_file *file);

enum source_read {
	SOURCE_READ_RECORD,
	SOURCE_READ_NO_ROOM, /* give packets back first */
	SOURCE_READ_END,     /* of the file, or source_file_damage() says why not further */
};

/*
 * The next record, its time in nanoseconds. Its bytes stay until the next call, and those of a file
 * in_place while packet_windows_lend() keeps them.
 */
enum source_read source_file_next(struct source_file *file, struct pcap_pkthdr *header,
				  const u_char **data);
/* Bytes read of the file, packed as it is; 0 when none is open. */
uint64_t source_file_bytes(const struct source_file *file);

struct source_damage {
	const char *why; /* the file's */
	uint64_t offset; /* unpacked bytes before it */
	bool cut_short;	 /* the file just ends, be it inside packed data */
};

/* After SOURCE_READ_END: whether it was no good end. */
bool source_file_damage(const struct source_file *file, struct source_damage *out);

bool source_file_is_stdin(const char *path);
/* As users are told of it. */
const char *source_file_name(const char *path);
