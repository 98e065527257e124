/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What TCP and TLS share: a connection that comes up by itself, again and again, without ever
 * blocking, and knows how much of what left was acknowledged. A codec makes TLS of it, or nothing.
 */
#pragma once
#include "core/limits.h"
#include "export/resolver.h"
#include "export/transport.h"

#include <sys/socket.h>

enum stream_state { STREAM_DOWN, STREAM_CONNECTING, STREAM_HANDSHAKE, STREAM_UP };

struct stream;

/* All return 0 or what is said, or -errno, after which the session is over. */
struct stream_codec {
	/* A connection is there. */
	int (*start)(struct stream *s);
	/* 0 when messages may leave, -EAGAIN while that is open. */
	int (*handshake)(struct stream *s);
	/* Bytes taken, -EAGAIN for none. */
	ssize_t (*write)(struct stream *s, const void *bytes, size_t len);
	/* Reads and throws away; 0 when nothing waits any more. */
	int (*read)(struct stream *s);
	/* The session ends; orderly: say goodbye. */
	void (*stop)(struct stream *s, bool orderly);
	/* Of what stream_open() was given. */
	void (*destroy)(void *codec_state);
};

/* A codec and what it keeps. */
struct stream_layer {
	const struct stream_codec *codec;
	void *state;
};

struct stream {
	struct transport base;
	const struct stream_codec *codec;
	void *codec_state;
	struct stream_address addresses[STREAM_ADDRESSES_MAX];
	unsigned int n_addresses, next_address;
	struct resolver *resolver; /* names may mean another host by the next attempt */
	char target[256];	   /* HOST:PORT */
	char host[256];
	int fd; /* -1 = none */
	enum stream_state state;
	uint64_t reconnect_ns;
	uint64_t attempt_ns; /* CLOCK_MONOTONIC of the last one; 0 = none yet */
	uint64_t moved_ns;   /* CLOCK_MONOTONIC: when the name last came to mean another address */
	uint32_t sessions, failures;
	bool lost;		 /* that a session was lost is not told yet */
	bool half_closed;	 /* the peer sends no more; whether it reads on will be seen */
	bool unread;		 /* it does not: see struct session_view */
	uint64_t half_closed_ns; /* CLOCK_MONOTONIC */
	uint64_t taken_bytes, acked_bytes;
	char trouble[200];
};

/*
 * Resolves the target, connects if options want a first session, and owns the layer's state from
 * then on (destroy() frees it, also when this fails). 0 or -errno with one line in error.
 */
int stream_open(struct transport **out, const struct stream_options *options,
		struct stream_layer layer, char *error, size_t error_len);

/* For codecs: send(2) and recv(2) on the socket, counted. -EAGAIN, -errno; recv: 0 at the end. */
ssize_t stream_socket_send(struct stream *s, const void *bytes, size_t len);
ssize_t stream_socket_recv(struct stream *s, void *bytes, size_t len);

/* For codecs: what is wrong, where an errno says too little. */
void stream_say(struct stream *s, const char *what);

/* HOST:PORT in its parts; the brackets of an IPv6 address are taken off. 0 or -EINVAL. */
int target_split(const char *target, char *host, size_t host_len, const char **port);

/* A BPF expression for a connection of ours, either way. Length or -errno. */
int stream_own_traffic(const struct transport *t, char *expression, size_t len);
