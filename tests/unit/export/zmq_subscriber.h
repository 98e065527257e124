/* SPDX-License-Identifier: BSD-3-Clause */
/* A collector for tests of ZMQ outputs: one SUB socket, and the messages it gets. */
#pragma once
#include "core/bytes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

struct subscriber {
	void *context, *socket;
	char endpoint[128]; /* where it is bound */
	uint32_t templates; /* skipped so far; ids are told without them */
};

/* Both frames of a message. */
struct zmq_received {
	uint8_t header[28];
	int header_bytes, body_bytes;
	bool whole; /* two frames, no more */
	char body[65536];
};

/* Then subscribe, connect or bind. */
static inline struct subscriber subscriber_make(int wait_ms)
{
	struct subscriber s = {.context = zmq_ctx_new()};
	int none = 0;

	s.socket = zmq_socket(s.context, ZMQ_SUB);
	assert_non_null(s.socket);
	zmq_setsockopt(s.socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
	zmq_setsockopt(s.socket, ZMQ_LINGER, &none, sizeof none);
	return s;
}

static inline void subscriber_ask(struct subscriber *s, const char *topic)
{
	assert_int_equal(zmq_setsockopt(s->socket, ZMQ_SUBSCRIBE, topic, strlen(topic)), 0);
}

static inline void subscriber_connect(struct subscriber *s, const char *endpoint)
{
	assert_int_equal(zmq_connect(s->socket, endpoint), 0);
}

static inline void subscriber_bind(struct subscriber *s)
{
	size_t len = sizeof s->endpoint;

	assert_int_equal(zmq_bind(s->socket, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(zmq_getsockopt(s->socket, ZMQ_LAST_ENDPOINT, s->endpoint, &len), 0);
}

static inline void subscriber_close(struct subscriber *s)
{
	zmq_close(s->socket);
	zmq_ctx_term(s->context);
}

static inline bool socket_has_more(void *socket)
{
	int more;
	size_t len = sizeof more;

	assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &len), 0);
	return more;
}

/* False when nothing came in time. */
static inline bool subscriber_receive_any(struct subscriber *s, struct zmq_received *m)
{
	memset(m->header, 0, sizeof m->header);
	m->body_bytes = 0;
	m->header_bytes = zmq_recv(s->socket, m->header, sizeof m->header, 0);
	if (m->header_bytes < 0)
		return false;
	m->whole = socket_has_more(s->socket);
	if (!m->whole)
		return true;
	m->body_bytes = zmq_recv(s->socket, m->body, sizeof m->body - 1, 0);
	m->whole = !socket_has_more(s->socket);
	m->body[m->body_bytes < 0 ? 0 : m->body_bytes] = '\0';
	return true;
}

/* The same without template messages, which do not count. */
static inline bool subscriber_receive(struct subscriber *s, struct zmq_received *m)
{
	for (;;) {
		if (!subscriber_receive_any(s, m))
			return false;
		if (strcmp((const char *)m->header, "template") != 0)
			break;
		s->templates++;
	}
	store_be32(m->header + 20, load_be32(m->header + 20) - s->templates);
	return true;
}

/* A whole message of 28 + n bytes whose size says so; its id is returned. */
static inline uint32_t message_check(const struct zmq_received *m, const char *topic,
				     uint8_t version)
{
	assert_true(m->whole);
	assert_int_equal(m->header_bytes, 28);
	assert_string_equal((const char *)m->header, topic);
	assert_int_equal(m->header[16], version);
	assert_int_equal(load_be16(m->header + 18), m->body_bytes);
	return load_be32(m->header + 20);
}
