/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ZMQ: a publisher that knows its subscribers (XPUB, which SUB sockets connect to as to PUB). Where
 * a subscriber is slow, libzmq says so instead of dropping in silence (XPUB_NODROP): records then
 * wait in our queue, and are counted when that overflows.
 */
#include "core/limits.h"
#include "core/clock.h"
#include "export/transport.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* The topic as it begins frame 1: a NUL-terminated name in 16 bytes (spec of ntop's header). */
#define TOPIC_BYTES 16
static const char topic[TOPIC_BYTES] = "flow";

struct zmq_transport {
	struct transport base;
	void *context;
	void *socket;
	uint32_t subscribed; /* bit n: somebody asked for the first n bytes of the topic */
	int frames_done;     /* frames of the message that libzmq has */
};

/* One subscription (1) or its end (0) and the prefix it asks for. */
static void note_subscription(struct zmq_transport *z, const uint8_t *message, size_t len)
{
	size_t prefix = len - 1;

	if (prefix > TOPIC_BYTES || memcmp(message + 1, topic, prefix) != 0)
		return;
	if (message[0] == 1)
		z->subscribed |= 1U << prefix;
	else
		z->subscribed &= ~(1U << prefix);
}

static bool zmq_has_peer(struct transport *t)
{
	struct zmq_transport *z = (struct zmq_transport *)t;
	uint8_t message[64];

	for (int i = 0; i < ZMQ_HIGH_WATER_MESSAGES; i++) {
		int len = zmq_recv(z->socket, message, sizeof message, ZMQ_DONTWAIT);

		if (len < 0)
			break;
		if (len > 0 && len <= (int)sizeof message)
			note_subscription(z, message, (size_t)len);
	}
	return z->subscribed != 0;
}

static ssize_t zmq_send_frames(struct transport *t, const struct iovec *frames, int n)
{
	struct zmq_transport *z = (struct zmq_transport *)t;
	ssize_t taken = 0;

	for (int i = z->frames_done; i < n; i++) {
		int more = i + 1 < n ? ZMQ_SNDMORE : 0;

		if (zmq_send(z->socket, frames[i].iov_base, frames[i].iov_len,
			     ZMQ_DONTWAIT | more) < 0) {
			z->frames_done = i; /* the rest of this message comes with the next call */
			return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EIO;
		}
	}
	z->frames_done = 0;
	for (int i = 0; i < n; i++)
		taken += (ssize_t)frames[i].iov_len;
	return taken;
}

static int zmq_own_traffic(const struct transport *t, char *expression, size_t len)
{
	const struct zmq_transport *z = (const struct zmq_transport *)t;
	char endpoint[256] = "";
	size_t endpoint_len = sizeof endpoint;
	const char *colon;
	int n;

	if (zmq_getsockopt(z->socket, ZMQ_LAST_ENDPOINT, endpoint, &endpoint_len))
		return -EIO;
	colon = strrchr(endpoint, ':');
	if (strncmp(endpoint, "tcp://", 6) != 0 || !colon) {
		if (len == 0)
			return -ENOSPC;
		expression[0] = '\0';
		return 0;
	}
	n = snprintf(expression, len, "(tcp port %d)", atoi(colon + 1));
	return n < (int)len ? n : -ENOSPC;
}

static void zmq_close_transport(struct transport *t, uint64_t deadline_ns)
{
	struct zmq_transport *z = (struct zmq_transport *)t;
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1000000 : 0;
	int linger_ms = left_ms < INT_MAX ? (int)left_ms : INT_MAX;

	if (z->socket) {
		zmq_setsockopt(z->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
		zmq_close(z->socket);
	}
	if (z->context)
		while (zmq_ctx_term(z->context) && errno == EINTR)
			continue;
	free(z);
}

static const struct transport_ops zmq_ops = {.send = zmq_send_frames,
					     .has_peer = zmq_has_peer,
					     .own_traffic = zmq_own_traffic,
					     .close = zmq_close_transport};

static const char *advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program has this port: choose another one";
	case EACCES:
		return "ports below 1024 need root: choose a higher one";
	case EINVAL:
	case EPROTONOSUPPORT:
		return "write tcp://ADDRESS:PORT, tcp://*:PORT or ipc://PATH";
	case ENODEV:
	case EADDRNOTAVAIL:
		return "this machine has no such address: use tcp://*:PORT";
	default:
		return "choose another endpoint";
	}
}

static int open_socket(struct zmq_transport *z, const char *endpoint)
{
	int high_water = ZMQ_HIGH_WATER_MESSAGES;
	int on = 1;

	z->context = zmq_ctx_new();
	if (!z->context)
		return -errno;
	z->socket = zmq_socket(z->context, ZMQ_XPUB);
	if (!z->socket)
		return -errno;
	if (zmq_setsockopt(z->socket, ZMQ_SNDHWM, &high_water, sizeof high_water) ||
	    zmq_setsockopt(z->socket, ZMQ_XPUB_NODROP, &on, sizeof on) ||
	    (strchr(endpoint, '[') && zmq_setsockopt(z->socket, ZMQ_IPV6, &on, sizeof on)))
		return -errno;
	return zmq_bind(z->socket, endpoint) ? -errno : 0;
}

int transport_zmq_open(struct transport **out, const char *endpoint, char *error, size_t error_len)
{
	struct zmq_transport *z = calloc(1, sizeof *z);
	int result;

	if (!z) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	z->base.ops = &zmq_ops;
	result = open_socket(z, endpoint);
	if (result) {
		snprintf(error, error_len, "cannot publish at %s: %s; %s", endpoint,
			 zmq_strerror(-result), advice(-result));
		zmq_close_transport(&z->base, 0);
		return result;
	}
	*out = &z->base;
	return 0;
}
