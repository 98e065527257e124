/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture file as libpcap wants it, a FILE: from a path or standard input, unpacked when it is
 * gzip or zstd (known by their first bytes, not by name), with the interfaces of pcapng made equal
 * and the snap length of pcap made the largest, as libpcap would cut records to it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "pcapng_links.h"

struct capture_stream;

/* What the first four bytes (unpacked) say that it is. */
enum capture_kind {
	CAPTURE_EMPTY,
	CAPTURE_PCAP,
	CAPTURE_PCAPNG,
	CAPTURE_UNKNOWN,
};

/*
 * Opens path, or standard input for "-". stop (or NULL) is looked at while input is waited for, on
 * a pipe: once it is true the stream ends there. Reads the first bytes, so it may wait too. 0 or
 * -errno with a sentence in error, without the name of the file: as open(2), -EISDIR, -ENOMEM,
 * -EINVAL (a packing that is not supported, a terminal), -EIO (packed data are damaged).
 */
int capture_stream_open(struct capture_stream **out, const char *path, const atomic_bool *stop,
			char *error, size_t error_len);
/* After the FILE was closed (pcap_close() does so), or instead. */
void capture_stream_close(struct capture_stream *cs);

/* The stream's: whoever gives it to libpcap has pcap_close() close it. */
FILE *capture_stream_file(struct capture_stream *cs);
enum capture_kind capture_stream_kind(const struct capture_stream *cs);
/* Of a pcapng file, else NULL; the stream's. */
struct pcapng_links *capture_stream_links(struct capture_stream *cs);

/*
 * "" or why reading failed: read error, damaged or incomplete packed data. Not said before the
 * FILE was read up to there, then it stays.
 */
const char *capture_stream_error(const struct capture_stream *cs);
/*
 * The FILE was read to where the input ends, be it inside the packed data. False when it has more,
 * when the packed data are damaged, and after a read error.
 */
bool capture_stream_at_end(const struct capture_stream *cs);
/* stop ended it. */
bool capture_stream_stopped(const struct capture_stream *cs);
/* Of a file that is not packed, opened by its name: its descriptor, the stream's. Else -1. */
int capture_stream_plain_fd(const struct capture_stream *cs);
/* Bytes read of the file itself, packed as it is. */
uint64_t capture_stream_bytes(const struct capture_stream *cs);
/* Unpacked bytes that libpcap has consumed. */
uint64_t capture_stream_offset(struct capture_stream *cs);
/* A read would not wait, as far as can be told (a file never does); waits so long for that. */
bool capture_stream_ready(struct capture_stream *cs, int timeout_ms);
