/* SPDX-License-Identifier: BSD-3-Clause */
/* A collector for tests of TCP and TLS: a socket of this machine, looked at in steps. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "export/transport.h"

#define PEER_BYTES_MAX	 (8 << 20)
#define PEER_PATIENCE_NS (10 * SECOND_NS)

struct peer {
	int listener, fd; /* -1 = none */
	uint16_t port;
	char target[64];
	SSL_CTX *context; /* NULL: TCP */
	SSL *ssl;
	bool shaken, ended, clean_end, idle; /* idle: reads nothing */
	unsigned int sessions;
	uint8_t *bytes;
	size_t len;
};

static inline void peer_listen(struct peer *p)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(p->port)};
	socklen_t len = sizeof a;
	int yes = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(p->listener, 8), 0);
	assert_int_equal(getsockname(p->listener, (struct sockaddr *)&a, &len), 0);
	p->port = ntohs(a.sin_port);
	snprintf(p->target, sizeof p->target, "127.0.0.1:%u", p->port);
}

static inline void peer_make(struct peer *p, SSL_CTX *context)
{
	*p = (struct peer){.listener = -1, .fd = -1, .context = context};
	p->bytes = malloc(PEER_BYTES_MAX);
	assert_non_null(p->bytes);
	peer_listen(p);
}

/* The connection ends: orderly, or as when the program is killed. */
static inline void peer_hang_up(struct peer *p, bool reset)
{
	struct linger now = {.l_onoff = 1};

	if (p->fd < 0)
		return;
	if (reset)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	else if (p->ssl)
		SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	p->ssl = NULL;
	close(p->fd);
	p->fd = -1;
}

static inline void peer_stop_listening(struct peer *p)
{
	close(p->listener);
	p->listener = -1;
}

static inline void peer_free(struct peer *p)
{
	peer_hang_up(p, false);
	if (p->listener >= 0)
		close(p->listener);
	free(p->bytes);
	SSL_CTX_free(p->context);
}

static inline void peer_accept(struct peer *p)
{
	p->fd = p->listener < 0 ? -1 : accept4(p->listener, NULL, NULL, SOCK_NONBLOCK);
	if (p->fd < 0)
		return;
	p->sessions++;
	p->shaken = p->ended = p->clean_end = false;
	p->len = 0;
	if (!p->context)
		return;
	p->ssl = SSL_new(p->context);
	SSL_set_fd(p->ssl, p->fd);
	SSL_set_accept_state(p->ssl);
}

static inline bool peer_shake(struct peer *p)
{
	int n;

	if (!p->ssl || p->shaken)
		return true;
	n = SSL_do_handshake(p->ssl);
	if (n == 1) {
		p->shaken = true;
		return true;
	}
	n = SSL_get_error(p->ssl, n);
	if (n != SSL_ERROR_WANT_READ && n != SSL_ERROR_WANT_WRITE)
		peer_hang_up(p, false);
	return false;
}

/* Reads once: more than 0 for more. */
static inline ssize_t peer_read(struct peer *p)
{
	uint8_t *to = p->bytes + p->len;
	size_t room = PEER_BYTES_MAX - p->len;
	ssize_t n = p->ssl ? SSL_read(p->ssl, to, (int)room) : recv(p->fd, to, room, 0);

	if (n > 0) {
		p->len += (size_t)n;
		return n;
	}
	if (p->ssl) {
		int kind = SSL_get_error(p->ssl, (int)n);

		p->clean_end |= kind == SSL_ERROR_ZERO_RETURN;
		p->ended |= kind != SSL_ERROR_WANT_READ;
	} else {
		p->clean_end |= n == 0;
		p->ended |= n == 0 || errno != EAGAIN;
	}
	return 0;
}

static inline void peer_step(struct peer *p)
{
	if (p->fd < 0)
		peer_accept(p);
	if (p->fd < 0 || p->ended || !peer_shake(p) || p->idle)
		return;
	while (peer_read(p) > 0)
		continue;
}

/* Steps of both sides until the session is up. */
static inline struct session_view pump_up(struct transport *t, struct peer *p)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PEER_PATIENCE_NS;
	struct session_view v;

	for (t->ops->session(t, &v); !v.up; t->ops->session(t, &v)) {
		assert_true(clock_monotonic_ns() < deadline_ns);
		peer_step(p);
		sleep_ns(100000);
	}
	return v;
}

/* Steps of both sides until so many sessions have failed. */
static inline struct session_view pump_failed(struct transport *t, struct peer *p, uint32_t n)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PEER_PATIENCE_NS;
	struct session_view v;

	for (t->ops->session(t, &v); v.failures < n; t->ops->session(t, &v)) {
		assert_true(clock_monotonic_ns() < deadline_ns);
		peer_step(p);
		sleep_ns(100000);
	}
	return v;
}

/* Sends all, by and by. */
static inline void send_all(struct transport *t, struct peer *p, const uint8_t *bytes, size_t len)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PEER_PATIENCE_NS;
	struct session_view v;

	while (len) {
		struct iovec piece = {(void *)bytes, len < 16384 ? len : 16384};
		ssize_t n = t->ops->send(t, &piece, 1);

		assert_true(n > 0 || n == -EAGAIN);
		assert_true(clock_monotonic_ns() < deadline_ns);
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		peer_step(p);
		t->ops->session(t, &v);
	}
}

static inline void pump_acked(struct transport *t, struct peer *p)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PEER_PATIENCE_NS;
	struct session_view v;

	do {
		assert_true(clock_monotonic_ns() < deadline_ns);
		peer_step(p);
		t->ops->session(t, &v);
	} while (v.acked_bytes < v.taken_bytes);
}
