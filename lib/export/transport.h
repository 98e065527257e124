/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where bytes go: a file, a UDP socket, a ZMQ socket, or nowhere. No transport blocks, but for
 * regular files, which the kernel never makes wait in the sense of poll(2).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct transport;

/* The buffer of a reader on this machine, as the kernel accounts it. */
struct reader_room {
	uint32_t used_bytes, size_bytes;
};

struct transport_ops {
	/*
	 * Streams: takes a part of the bytes. Messages: the n pieces are the frames of one message
	 * (one for UDP), taken as a whole. Returns the bytes taken, -EAGAIN when nothing is taken
	 * now, or another -errno; -EPIPE means that the reader is gone for good.
	 */
	ssize_t (*send)(struct transport *t, const struct iovec *pieces, int n);
	/*
	 * Whether anybody listens for messages of a topic ("flow", "event"); NULL where that cannot
	 * be known.
	 */
	bool (*has_peer)(struct transport *t, const char *topic);
	/*
	 * Messages: how full the reader's buffer is, which drops what does not fit. 0 or -errno;
	 * NULL or an error where that cannot be known.
	 */
	int (*reader_room)(struct transport *t, struct reader_room *out);
	/* See output_own_traffic(); NULL where there is none. */
	int (*own_traffic)(const struct transport *t, char *expression, size_t len);
	/* Gives everything back; what was taken may leave until deadline_ns (CLOCK_MONOTONIC). */
	void (*close)(struct transport *t, uint64_t deadline_ns);
};

/* What every transport begins with. */
struct transport {
	const struct transport_ops *ops;
};

/*
 * Each opens one kind: 0 or -errno with one line in error that says what to do. The exporter's
 * thread owns the transport until ops->close().
 */

/* path "" or "-" is standard output; a file is made anew. */
int transport_file_open(struct transport **out, const char *path, char *error, size_t error_len);
/* target: HOST:PORT, [ADDRESS]:PORT; names are resolved here. */
int transport_udp_open(struct transport **out, const char *target, char *error, size_t error_len);

/* How to publish over ZMQ. */
struct zmq_options {
	const char *endpoint; /* as zmq_bind(3) or zmq_connect(3) takes it */
	bool connect;	      /* to a collector that binds */
	/* Of a CURVE server, 40 characters of Z85 or 80 of hexadecimal; "" = in clear. */
	const char *server_key;
};

/*
 * Frame 1 of a message begins with its topic, NUL-terminated in 16 bytes. A message is taken whole
 * or not at all, at most ZMQ_MESSAGE_BYTES_MAX bytes a frame (-EMSGSIZE).
 */
int transport_zmq_open(struct transport **out, const struct zmq_options *options, char *error,
		       size_t error_len);
int transport_null_open(struct transport **out);
