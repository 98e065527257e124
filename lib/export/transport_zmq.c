/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ZMQ: a publisher that knows its subscribers (XPUB, which SUB sockets connect to as to PUB). Where
 * a subscriber is slow, libzmq says so instead of dropping in silence (XPUB_NODROP): records then
 * wait in our queue, and are counted when that overflows.
 */
#include "core/limits.h"
#include "core/clock.h"
#include "export/zmq_monitor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* The topic as it begins frame 1: a NUL-terminated name in 16 bytes (spec of ntop's header). */
#define TOPIC_BYTES 16
static const char topics[][TOPIC_BYTES] = {"flow", "event", "template", "counter", "option"};
#define TOPICS	   (sizeof topics / sizeof topics[0])
#define TOPIC_FLOW 0

/* A CURVE key in Z85. */
#define KEY_CHARS 40

/* While closing, the rest of a message that libzmq does not take is offered again after so long. */
#define RETRY_NS 200000

struct zmq_transport {
	struct transport base;
	void *context;
	void *socket;
	struct zmq_monitor monitor;
	uint32_t subscribed[TOPICS]; /* bit n: somebody asked for the first n bytes of the topic */
	uint32_t joined[TOPICS];     /* subscriptions so far */
	/*
	 * Frame 2 of a message whose frame 1 libzmq has already: it goes before anything else, so
	 * that a header never meets the payload of another message. 0 bytes = none.
	 */
	size_t rest_bytes;
	uint8_t rest[ZMQ_MESSAGE_BYTES_MAX];
};

/* One subscription (1) or its end (0) and the prefix it asks for. */
static void note_subscription(struct zmq_transport *z, const uint8_t *message, size_t len)
{
	const size_t prefix = len - 1;

	for (size_t i = 0; i < TOPICS; i++) {
		if (prefix > TOPIC_BYTES || memcmp(message + 1, topics[i], prefix) != 0)
			continue;
		if (message[0] == 1) {
			z->subscribed[i] |= 1U << prefix;
			z->joined[i]++;
		} else {
			z->subscribed[i] &= ~(1U << prefix);
		}
	}
}

static int send_frame(struct zmq_transport *z, const void *bytes, size_t len, int more)
{
	if (zmq_send(z->socket, bytes, len, ZMQ_DONTWAIT | more) >= 0)
		return 0;
	return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EIO;
}

/* 0 when no message is half sent any more. */
static int send_rest(struct zmq_transport *z)
{
	int error = z->rest_bytes ? send_frame(z, z->rest, z->rest_bytes, 0) : 0;

	if (error == 0)
		z->rest_bytes = 0;
	return error;
}

/*
 * The end of a subscription that a peer says, not one that libzmq says for a peer that is gone; by
 * a socket that hands on what it has then (SUB throws it away).
 */
static bool is_farewell(zmq_msg_t *message)
{
	const char *type = zmq_msg_gets(message, "Socket-Type");

	return type && strcmp(type, "XSUB") == 0;
}

/* Takes subscriptions; a flood of them waits, and at last in the flooder's own buffers. */
static void read_subscriptions(struct zmq_transport *z)
{
	zmq_msg_t message;

	zmq_msg_init(&message);
	for (int i = 0; i < ZMQ_SUBSCRIPTIONS_PER_LOOK; i++) {
		const int len = zmq_msg_recv(&message, z->socket, ZMQ_DONTWAIT);
		const uint8_t *bytes = zmq_msg_data(&message);
		const bool asked = z->subscribed[TOPIC_FLOW] != 0;

		if (len < 0)
			break;
		if (len == 0 || len > ZMQ_SUBSCRIPTION_BYTES_MAX + 1 || bytes[0] > 1)
			continue;
		note_subscription(z, bytes, (size_t)len);
		if (z->subscribed[TOPIC_FLOW])
			zmq_monitor_leaves(&z->monitor, false);
		else if (asked && is_farewell(&message))
			zmq_monitor_leaves(&z->monitor, true);
	}
	zmq_msg_close(&message);
}

static size_t topic_index(const char *topic)
{
	size_t i = 0;

	while (i < TOPICS && strcmp(topic, topics[i]) != 0)
		i++;
	return i;
}

static bool zmq_has_peer(struct transport *t, const char *topic)
{
	struct zmq_transport *z = (struct zmq_transport *)t;
	const size_t i = topic_index(topic);

	read_subscriptions(z);
	send_rest(z);
	return i < TOPICS && z->subscribed[i] != 0;
}

static uint32_t zmq_joined(struct transport *t, const char *topic)
{
	const size_t i = topic_index(topic);

	return i < TOPICS ? ((struct zmq_transport *)t)->joined[i] : 0;
}

static void zmq_session(struct transport *t, struct session_view *out)
{
	struct zmq_transport *z = (struct zmq_transport *)t;

	/* What the peer said comes before its end. */
	read_subscriptions(z);
	zmq_monitor_look(&z->monitor, out);
}

static uint64_t zmq_taken_bytes(const struct transport *t)
{
	return ((const struct zmq_transport *)t)->monitor.taken_bytes;
}

static const char *zmq_trouble(const struct transport *t)
{
	return ((const struct zmq_transport *)t)->monitor.trouble;
}

/* Once libzmq has the header, the message counts as taken: its payload goes next, or is kept. */
static ssize_t zmq_send_frames(struct transport *t, const struct iovec *frames, int n)
{
	struct zmq_transport *z = (struct zmq_transport *)t;
	int error;

	if (n != 2)
		return -EINVAL;
	if (frames[1].iov_len == 0 || frames[1].iov_len > sizeof z->rest)
		return -EMSGSIZE;
	/* A collector that came back is another session, which has to be seen first. */
	if (z->monitor.connect && !z->monitor.view.up)
		return -EAGAIN;
	error = send_rest(z);
	if (error == 0) {
		zmq_monitor_before(&z->monitor);
		error = send_frame(z, frames[0].iov_base, frames[0].iov_len, ZMQ_SNDMORE);
	}
	if (error)
		return error;
	if (send_frame(z, frames[1].iov_base, frames[1].iov_len, 0)) {
		memcpy(z->rest, frames[1].iov_base, frames[1].iov_len);
		z->rest_bytes = frames[1].iov_len;
	}
	zmq_monitor_note(&z->monitor, frames[0].iov_len, frames[1].iov_len);
	return (ssize_t)(frames[0].iov_len + frames[1].iov_len);
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

static int ms_until(uint64_t deadline_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1000000 : 0;

	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

static void zmq_close_transport(struct transport *t, uint64_t deadline_ns)
{
	struct zmq_transport *z = (struct zmq_transport *)t;
	int linger_ms;

	if (z->socket) {
		zmq_monitor_stop(&z->monitor, z->socket);
		while (send_rest(z) && clock_monotonic_ns() < deadline_ns)
			sleep_ns(RETRY_NS);
		linger_ms = ms_until(deadline_ns);
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
					     .joined = zmq_joined,
					     .session = zmq_session,
					     .taken_bytes = zmq_taken_bytes,
					     .trouble = zmq_trouble,
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
	case EKEYREJECTED:
		return "give the server's public key as 40 characters of Z85 or 80 of hexadecimal";
	case EOPNOTSUPP:
		return "this libzmq was built without CURVE";
	default:
		return "choose another endpoint";
	}
}

/* A CURVE client with keys of its own, made for this socket. */
static int use_curve(void *socket, const char *server_key)
{
	char server[KEY_CHARS + 1], public[KEY_CHARS + 1], secret[KEY_CHARS + 1];
	int result = 0;

	if (!zmq_has("curve"))
		return -EOPNOTSUPP;
	if (!zmq_key_read(server, server_key))
		return -EKEYREJECTED;
	if (zmq_curve_keypair(public, secret) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, sizeof server) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, sizeof public) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, sizeof secret))
		result = -errno;
	explicit_bzero(secret, sizeof secret);
	return result;
}

static int set_options(const struct zmq_transport *z, const struct zmq_options *options)
{
	const int on = 1, reconnect_ms = 100, reconnect_max_ms = 2000;
	const int64_t longest = ZMQ_SUBSCRIPTION_BYTES_MAX;
	int high_water = options->connect ? ZMQ_IN_FLIGHT_MAX : ZMQ_HIGH_WATER_MESSAGES;
	void *s = z->socket;

	/* In mode connect the end of a connection takes what waits for it along. */
	if (zmq_setsockopt(s, ZMQ_SNDHWM, &high_water, sizeof high_water) ||
	    zmq_setsockopt(s, ZMQ_XPUB_NODROP, &on, sizeof on) ||
	    zmq_setsockopt(s, ZMQ_XPUB_VERBOSE, &on, sizeof on) ||
	    zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &longest, sizeof longest) ||
	    zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms) ||
	    zmq_setsockopt(s, ZMQ_RECONNECT_IVL_MAX, &reconnect_max_ms, sizeof reconnect_max_ms) ||
	    (options->connect && zmq_setsockopt(s, ZMQ_IMMEDIATE, &on, sizeof on)) ||
	    (strchr(options->endpoint, '[') && zmq_setsockopt(s, ZMQ_IPV6, &on, sizeof on)))
		return -errno;
	return options->server_key[0] ? use_curve(s, options->server_key) : 0;
}

static int open_socket(struct zmq_transport *z, const struct zmq_options *options)
{
	int result;

	z->context = zmq_ctx_new();
	if (!z->context)
		return -errno;
	z->socket = zmq_socket(z->context, ZMQ_XPUB);
	if (!z->socket)
		return -errno;
	result = set_options(z, options);
	if (result)
		return result;
	z->monitor.connect = options->connect;
	z->monitor.curve = options->server_key[0] != '\0';
	result = zmq_monitor_start(&z->monitor, z->context, z->socket);
	if (result)
		return result;
	if (options->connect)
		return zmq_connect(z->socket, options->endpoint) ? -errno : 0;
	return zmq_bind(z->socket, options->endpoint) ? -errno : 0;
}

int transport_zmq_open(struct transport **out, const struct zmq_options *options, char *error,
		       size_t error_len)
{
	struct zmq_transport *z = calloc(1, sizeof *z);
	int result;

	if (!z) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	z->base.ops = &zmq_ops;
	z->monitor.fd = -1;
	result = open_socket(z, options);
	if (result) {
		snprintf(error, error_len, "cannot publish at %s: %s; %s", options->endpoint,
			 zmq_strerror(-result), advice(-result));
		zmq_close_transport(&z->base, 0);
		return result;
	}
	*out = &z->base;
	return 0;
}
