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

/* A transport whose messages belong to sessions, as it is now. */
struct session_view {
	uint32_t number; /* of the session that is up, or was last; the first one is 1, 0 = none */
	uint32_t failures;    /* sessions that were lost, or did not come up */
	bool up;	      /* messages may be sent */
	bool acknowledges;    /* what was taken is not there before acked_bytes says so */
	uint64_t taken_bytes; /* what left for the peer in this session, on the wire */
	uint64_t acked_bytes; /* what the peer acknowledged of that; final once `up` is false */
	bool unread; /* once `up` is false: nobody can have read what was not acknowledged */
	/* ZMQ: what left this machine of that; what did not cannot have been read */
	uint64_t left_bytes;
	uint64_t unread_bytes; /* ZMQ: of acked_bytes, what the peer's kernel holds by its window */
	bool leaves; /* ZMQ: the peer wants no more, and reads what is on its way (XSUB) */
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
	/* Messages by topic: how many asked for it so far, those who left included. */
	uint32_t (*joined)(struct transport *t, const char *topic);
	/*
	 * Sessions: goes on with connecting, reads what the peer says, and tells how it stands.
	 * NULL: there are none, and what was taken is gone for good (UDP).
	 */
	void (*session)(struct transport *t, struct session_view *out);
	/* ZMQ: what of this session was taken until now, on the wire. */
	uint64_t (*taken_bytes)(const struct transport *t);
	/* Sessions: why the last one failed, as a sentence; "" when none did. */
	const char *(*trouble)(const struct transport *t);
	/* Messages: the largest that the path takes in one packet, 0 when unknown; NULL: any. */
	uint32_t (*path_bytes)(struct transport *t);
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
	uint32_t moves; /* how often own_traffic() has come to say something else */
};

/*
 * Each opens one kind: 0 or -errno with one line in error that says what to do. The exporter's
 * thread owns the transport until ops->close().
 */

/*
 * path "" or "-" is standard output; a file is made anew, or with append goes on behind what is in
 * it. Two may write to one file: what each hands on at once stays together.
 */
int transport_file_open(struct transport **out, const char *path, bool append, char *error,
			size_t error_len);
/* target: HOST:PORT, [ADDRESS]:PORT; names are resolved here. */
int transport_udp_open(struct transport **out, const char *target, char *error, size_t error_len);

/* How to publish over ZMQ. */
struct zmq_options {
	const char *endpoint; /* as zmq_bind(3) or zmq_connect(3) takes it */
	bool connect;	      /* to a collector that binds */
	/* Of a CURVE server, 40 characters of Z85 or 80 of hexadecimal; "" = in clear. */
	const char *server_key;
};

/* A key of either form as 40 characters of Z85 and a NUL; false when it is neither. Any thread. */
bool zmq_key_read(char z85[41], const char *text);

/*
 * Frame 1 of a message begins with its topic, NUL-terminated in 16 bytes. A message is taken whole
 * or not at all, at most ZMQ_MESSAGE_BYTES_MAX bytes a frame (-EMSGSIZE).
 */
int transport_zmq_open(struct transport **out, const struct zmq_options *options, char *error,
		       size_t error_len);
int transport_null_open(struct transport **out);

/* How to reach a collector over TCP or TLS. The strings are copied. */
struct stream_options {
	const char *target;    /* HOST:PORT, [ADDRESS]:PORT; resolved here */
	uint64_t reconnect_ns; /* attempts to connect are so far apart (RFC 7011 10.4.4) */
	/*
	 * 0: the collector may come later. Else opening waits so long for the first session, and
	 * fails without it.
	 */
	uint64_t first_session_ns;
	/* TLS: PEM files, all three are needed but ca_path: "" = the system's authorities. */
	const char *cert_path, *key_path, *ca_path;
	/* TLS: names of which the collector's certificate has to have one, "" = HOST. */
	const char *peer_names;
};

/*
 * A stream takes a part of the bytes; what was not taken has to come again. Sessions come and go by
 * themselves; send gives -EAGAIN while none is up, and never -EPIPE.
 */
int transport_tcp_open(struct transport **out, const struct stream_options *options, char *error,
		       size_t error_len);

/*
 * TLS 1.2 or newer, both sides authenticated, never in clear. A session counts as up once the peer
 * has shown that it took our certificate: with TLS 1.3 by its first ticket, or by saying nothing
 * against it for TLS_ACCEPT_GRACE_NS.
 */
int transport_tls_open(struct transport **out, const struct stream_options *options, char *error,
		       size_t error_len);

/* Whether the files of TLS are what it needs; opens nothing. 0 or -errno with a line in error. */
int transport_tls_check(const struct stream_options *options, char *error, size_t error_len);

/* A file of whole messages (RFC 5655). */
struct ipfix_file_options {
	const char *path;
	uint64_t rotate_bytes; /* a file is closed before it would be larger, 0 = never */
	uint64_t rotate_ns;    /* a file is closed when it is so old, 0 = never */
};

/*
 * Each file is a session. The one that is written is PATH; a closed one is renamed to
 * PATH.YYYYMMDDTHHMMSSZ, the time of its beginning, with ".2" and so on when that exists. send
 * takes a message whole or not at all, whatever the disk does, and gives the errno of the disk.
 */
int transport_ipfix_file_open(struct transport **out, const struct ipfix_file_options *options,
			      char *error, size_t error_len);
