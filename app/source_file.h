/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One capture file, open: its bytes, libpcap on them, its link type and the filter for it. Every
 * way in which a file can be refused is said here.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "capture_stream.h"
#include "source_link.h"

/* All zero: not open. */
struct source_file {
	struct capture_stream *stream;
	pcap_t *pcap;
	/* pcap: of every packet; pcapng: of the first interface that is understood. */
	const struct source_link *link;
	struct source_filter filter;
};

struct source_file_options {
	const char *bpf;	 /* "" or NULL = none; borrowed while the file is open */
	const atomic_bool *stop; /* as in struct source_pcap_options */
};

/*
 * Opens path, "-" for standard input. 0 or -errno with one line in error that names the file and
 * says what to do; the errors are those of source_pcap_open(), and -EINTR: stop was set.
 */
int source_file_open(struct source_file *out, const char *path,
		     const struct source_file_options *options, char *error, size_t error_len);
/* Closes what is open; twice is once. */
void source_file_close(struct source_file *file);

bool source_file_is_stdin(const char *path);
/* As users are told of it. */
const char *source_file_name(const char *path);
