/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that come up by themselves: see transport_stream.h. */
#include "export/transport_stream.h"

#include "core/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* While a first session is waited for, it is looked at so often. */
#define LOOK_NS 1000000

void stream_say(struct stream *s, const char *what)
{
	snprintf(s->trouble, sizeof s->trouble, "%s", what);
}

static void say_errno(struct stream *s, int error)
{
	if (error == ECONNREFUSED)
		stream_say(s, "nobody listens there");
	else if (error == ECONNRESET || error == EPIPE)
		stream_say(s, "the collector broke the connection");
	else if (error == ENODATA)
		stream_say(s, "the collector closed the connection");
	else if (error == ETIMEDOUT)
		stream_say(s, "the collector does not answer");
	else
		stream_say(s, strerror(error));
}

ssize_t stream_socket_send(struct stream *s, const void *bytes, size_t len)
{
	ssize_t n = send(s->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0) {
		s->taken_bytes += (uint64_t)n;
		return n;
	}
	if (errno == EINTR || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM)
		return -EAGAIN;
	return -errno;
}

ssize_t stream_socket_recv(struct stream *s, void *bytes, size_t len)
{
	ssize_t n = recv(s->fd, bytes, len, MSG_DONTWAIT);

	if (n >= 0)
		return n;
	return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

/* What the peer's TCP has; the kernel still knows after a reset. */
static void look_at_acks(struct stream *s)
{
	int waiting;

	if (s->fd < 0 || ioctl(s->fd, SIOCOUTQ, &waiting) || waiting < 0 ||
	    (uint64_t)waiting > s->taken_bytes)
		return;
	if (s->taken_bytes - (uint64_t)waiting > s->acked_bytes)
		s->acked_bytes = s->taken_bytes - (uint64_t)waiting;
}

static void drop_connection(struct stream *s, bool orderly)
{
	look_at_acks(s);
	if (s->state == STREAM_HANDSHAKE || s->state == STREAM_UP)
		s->codec->stop(s, orderly);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->state = STREAM_DOWN;
}

static bool was_reset(const struct stream *s)
{
	socklen_t len = sizeof(int);
	int error = 0;

	return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
	       (error == EPIPE || error == ECONNRESET);
}

/*
 * The peer said that it sends no more, over TLS by close_notify. When it has closed its socket, it
 * had read all until then, and its kernel refuses what comes later by a reset: that was never read,
 * and may be sent again. When it reads on, it acknowledges. 0 while that is open.
 */
static int look_at_half_closed(struct stream *s)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (!s->half_closed) {
		s->half_closed = true;
		s->half_closed_ns = now_ns;
	}
	look_at_acks(s);
	s->unread = s->acked_bytes < s->taken_bytes && was_reset(s);
	if (s->unread || s->acked_bytes == s->taken_bytes ||
	    now_ns - s->half_closed_ns > STREAM_HALF_CLOSED_NS)
		return -ENODATA;
	return 0;
}

/* The codec may have said why already. */
static void fail(struct stream *s, int error)
{
	if (error != EPROTO)
		say_errno(s, error);
	s->failures++;
	resolver_ask(s->resolver);
	s->lost = s->state == STREAM_UP;
	drop_connection(s, s->half_closed && !s->unread);
}

static void set_socket_options(int fd)
{
	const int yes = 1, idle_s = STREAM_SILENCE_MS / 1000, probe_s = 10;
	const unsigned int silence_ms = STREAM_SILENCE_MS;

	/* Messages are full or late already. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof probe_s);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof silence_ms);
}

static bool knows(const struct stream *s, const struct stream_address *a)
{
	for (unsigned int i = 0; i < s->n_addresses; i++)
		if (s->addresses[i].len == a->len &&
		    memcmp(&s->addresses[i].address, &a->address, a->len) == 0)
			return true;
	return false;
}

/* Whether these are other addresses than before; names with several give them in any order. */
static bool are_others(const struct stream *s, const struct stream_address *found, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!knows(s, &found[i]))
			return true;
	return n != s->n_addresses;
}

/*
 * Each round of attempts begins with what the name means now, as far as that is known; true when
 * that is another address.
 */
static bool look_at_name(struct stream *s)
{
	struct stream_address found[STREAM_ADDRESSES_MAX];
	unsigned int n = s->next_address ? 0 :
					   resolver_take(s->resolver, found, STREAM_ADDRESSES_MAX);
	bool moved;

	if (!n)
		return false;
	moved = are_others(s, found, n);
	s->base.moves += moved;
	memcpy(s->addresses, found, n * sizeof found[0]);
	s->n_addresses = n;
	return moved;
}

static void begin_connecting(struct stream *s)
{
	const struct stream_address *a = &s->addresses[s->next_address];

	s->next_address = (s->next_address + 1) % s->n_addresses;
	s->fd = socket(a->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0) {
		fail(s, errno);
		return;
	}
	set_socket_options(s->fd);
	if (connect(s->fd, (const struct sockaddr *)&a->address, a->len) && errno != EINPROGRESS) {
		fail(s, errno);
		return;
	}
	s->state = STREAM_CONNECTING;
}

static void go_on_connecting(struct stream *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int error = 0;

	if (poll(&p, 1, 0) <= 0)
		return;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		fail(s, error);
		return;
	}
	s->taken_bytes = s->acked_bytes = 0;
	s->half_closed = s->unread = false;
	s->state = STREAM_HANDSHAKE;
	error = s->codec->start(s);
	if (error)
		fail(s, -error);
}

static void go_on_shaking(struct stream *s)
{
	int result = s->codec->handshake(s);

	if (result == -EAGAIN)
		return;
	if (result) {
		fail(s, -result);
		return;
	}
	s->state = STREAM_UP;
	s->sessions++;
}

/* The other addresses of the name are one attempt together with the first. */
static bool may_connect(const struct stream *s, uint64_t now_ns)
{
	if (now_ns - s->moved_ns < STREAM_MOVED_NS)
		return false;
	return !s->attempt_ns || s->next_address || now_ns - s->attempt_ns >= s->reconnect_ns;
}

static void go_on(struct stream *s)
{
	uint64_t now_ns = clock_monotonic_ns();
	int error;

	if (s->state == STREAM_DOWN && may_connect(s, now_ns)) {
		if (look_at_name(s)) {
			s->moved_ns = now_ns;
		} else {
			s->attempt_ns = now_ns;
			begin_connecting(s);
		}
	}
	if (s->state == STREAM_CONNECTING)
		go_on_connecting(s);
	if (s->state == STREAM_HANDSHAKE)
		go_on_shaking(s);
	if (s->state == STREAM_CONNECTING || s->state == STREAM_HANDSHAKE) {
		if (now_ns - s->attempt_ns > STREAM_CONNECT_NS)
			fail(s, ETIMEDOUT);
		return;
	}
	if (s->state != STREAM_UP)
		return;
	/* A session that is up begins with the first address again. */
	s->next_address = 0;
	error = s->half_closed ? -ENODATA : s->codec->read(s);
	if (error == -ENODATA)
		error = look_at_half_closed(s);
	if (error)
		fail(s, -error);
	else
		look_at_acks(s);
}

static void stream_session(struct transport *t, struct session_view *out)
{
	struct stream *s = (struct stream *)t;

	/* A session that was lost is told of before the next one begins. */
	if (!s->lost)
		go_on(s);
	s->lost = false;
	*out = (struct session_view){.number = s->sessions,
				     .failures = s->failures,
				     .up = s->state == STREAM_UP,
				     .acknowledges = true,
				     .taken_bytes = s->taken_bytes,
				     .acked_bytes = s->acked_bytes,
				     .unread = s->state != STREAM_UP && s->unread};
}

static const char *stream_trouble(const struct transport *t)
{
	return ((const struct stream *)t)->trouble;
}

static ssize_t stream_send(struct transport *t, const struct iovec *pieces, int n)
{
	struct stream *s = (struct stream *)t;
	ssize_t taken;

	(void)n;
	if (s->state != STREAM_UP || s->half_closed)
		return -EAGAIN;
	taken = s->codec->write(s, pieces->iov_base, pieces->iov_len);
	if (taken >= 0 || taken == -EAGAIN)
		return taken;
	fail(s, (int)-taken);
	return -EAGAIN;
}

static void stream_close(struct transport *t, uint64_t deadline_ns)
{
	struct stream *s = (struct stream *)t;

	(void)deadline_ns; /* what was sent is acknowledged already, or given up */
	drop_connection(s, true);
	s->codec->destroy(s->codec_state);
	resolver_destroy(s->resolver);
	free(s);
}

static int port_of(const struct sockaddr_storage *a)
{
	/* At the same place in both families. */
	return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

static const char *address_text(const struct sockaddr_storage *a, char *text, socklen_t len)
{
	if (a->ss_family == AF_INET6)
		return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, len);
	return inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, len);
}

/* Our port changes with each connection: what goes to the collector's port, and what comes back. */
int stream_own_traffic(const struct transport *t, char *expression, size_t len)
{
	const struct stream *s = (const struct stream *)t;
	size_t used = 0;

	for (unsigned int i = 0; i < s->n_addresses; i++) {
		const struct sockaddr_storage *a = &s->addresses[i].address;
		char text[INET6_ADDRSTRLEN];

		if (!address_text(a, text, sizeof text))
			return -errno;
		used += (size_t)snprintf(expression + used, len - used,
					 "%s(tcp and host %s and port %d)", i ? " or " : "", text,
					 port_of(a));
		if (used >= len)
			return -ENOSPC;
	}
	return (int)used;
}

static const struct transport_ops stream_ops = {.send = stream_send,
						.session = stream_session,
						.trouble = stream_trouble,
						.own_traffic = stream_own_traffic,
						.close = stream_close};

int target_split(const char *target, char *host, size_t host_len, const char **port)
{
	const char *colon = strrchr(target, ':');
	size_t len;

	if (!colon || colon == target)
		return -EINVAL;
	len = (size_t)(colon - target);
	if (target[0] == '[' && len > 2 && target[len - 1] == ']') {
		target++;
		len -= 2;
	}
	if (len >= host_len)
		return -EINVAL;
	memcpy(host, target, len);
	host[len] = '\0';
	*port = colon + 1;
	return 0;
}

static int resolve(struct stream *s, char *error, size_t error_len)
{
	const char *port;
	int n;

	if (target_split(s->target, s->host, sizeof s->host, &port)) {
		snprintf(error, error_len, "%s is no HOST:PORT", s->target);
		return -EINVAL;
	}
	n = resolve_now(s->host, port, s->addresses, STREAM_ADDRESSES_MAX);
	if (n < 0) {
		snprintf(error, error_len,
			 "cannot resolve %s: %s; check the name, or give an address", s->host,
			 n == EAI_SYSTEM ? strerror(errno) : gai_strerror(n));
		return -EHOSTUNREACH;
	}
	s->n_addresses = (unsigned int)n;
	s->resolver = resolver_create(s->host, port);
	if (s->resolver)
		return 0;
	snprintf(error, error_len, "out of memory");
	return -ENOMEM;
}

/* For those who cannot go on without: each address gets its try, once. */
static int wait_for_session(struct stream *s, uint64_t wait_ns, char *error, size_t error_len)
{
	uint64_t deadline_ns = clock_monotonic_ns() + wait_ns;

	while (s->state != STREAM_UP && clock_monotonic_ns() < deadline_ns) {
		go_on(s);
		if (s->state == STREAM_DOWN && s->failures >= s->n_addresses)
			break;
		sleep_ns(LOOK_NS);
	}
	if (s->state == STREAM_UP)
		return 0;
	if (!s->trouble[0])
		say_errno(s, ETIMEDOUT);
	snprintf(error, error_len,
		 "cannot reach the collector %s: %s; start it, or check the "
		 "address",
		 s->target, s->trouble);
	return -ECONNREFUSED;
}

int stream_open(struct transport **out, const struct stream_options *options,
		struct stream_layer layer, char *error, size_t error_len)
{
	struct stream *s = calloc(1, sizeof *s);
	int result = -ENOMEM;

	if (!s) {
		layer.codec->destroy(layer.state);
		snprintf(error, error_len, "out of memory");
		return result;
	}
	s->base.ops = &stream_ops;
	s->codec = layer.codec;
	s->codec_state = layer.state;
	s->fd = -1;
	s->reconnect_ns = options->reconnect_ns;
	snprintf(s->target, sizeof s->target, "%s", options->target);
	result = resolve(s, error, error_len);
	if (!result && options->first_session_ns)
		result = wait_for_session(s, options->first_session_ns, error, error_len);
	if (result) {
		stream_close(&s->base, 0);
		return result;
	}
	*out = &s->base;
	return 0;
}
