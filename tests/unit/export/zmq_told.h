/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection for tests of ZMQ outputs that does as it is told, and what every test asks. */
#pragma once
#include "zmq_publisher.h"

static inline bool identity_holds(const struct output *o)
{
	const struct output_counters *c = output_counters(o);
	uint64_t dropped = 0;

	for (int i = 0; i < OUTPUT_DROP_N; i++)
		dropped += c->dropped[i];
	return c->count[OUTPUT_offered] == c->count[OUTPUT_sent] + c->count[OUTPUT_in_doubt] +
						   c->count[OUTPUT_queued] + dropped;
}

/* A connection that does as it is told: 100 bytes a message. */
struct told {
	struct transport base;
	struct session_view view;
};

static inline ssize_t told_send(struct transport *t, const struct iovec *frames, int n)
{
	(void)frames;
	(void)n;
	((struct told *)t)->view.taken_bytes += 100;
	return 100;
}

static inline void told_session(struct transport *t, struct session_view *out)
{
	*out = ((struct told *)t)->view;
}

static inline uint64_t told_taken(const struct transport *t)
{
	return ((const struct told *)t)->view.taken_bytes;
}

static inline const char *told_trouble(const struct transport *t)
{
	(void)t;
	return "it is gone";
}

static inline void told_close(struct transport *t, uint64_t deadline_ns)
{
	(void)t;
	(void)deadline_ns;
}

static const struct transport_ops told_ops = {.send = told_send,
					      .session = told_session,
					      .taken_bytes = told_taken,
					      .trouble = told_trouble,
					      .close = told_close};
