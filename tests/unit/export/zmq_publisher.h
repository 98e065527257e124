/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs that publish on a free port of this machine, for tests that subscribe to them. */
#pragma once
#include "core/clock.h"
#include "export/output_internal.h"
#include "sample_records.h"
#include "zmq_subscriber.h"

#include <stdlib.h>

/* The spec's target is where it connects to, or "" to bind a free port. */
static inline struct output *publisher_open(struct output_spec spec)
{
	char error[256] = "";
	struct output *o;

	spec.type = OUTPUT_ZMQ;
	if (!spec.batch_records)
		spec.batch_records = 1;
	if (!spec.target[0])
		snprintf(spec.target, sizeof spec.target, "tcp://127.0.0.1:*");
	if (output_open(&o, &spec, error, sizeof error))
		fail_msg("%s", error);
	return o;
}

static inline void publisher_endpoint(const struct output *o, char *endpoint, size_t len)
{
	char expression[64];

	assert_true(output_own_traffic(o, expression, sizeof expression) > 0);
	snprintf(endpoint, len, "tcp://127.0.0.1:%d", atoi(strrchr(expression, ' ')));
}

/*
 * Until the subscriber's topic has arrived, 5 seconds at most. A socket that is bound greets new
 * peers only while somebody works with it.
 */
static inline bool publisher_meet(struct output *o, struct subscriber *s, const char *topic)
{
	for (int i = 0; i < 5000; i++) {
		int events;
		size_t len = sizeof events;

		zmq_getsockopt(s->socket, ZMQ_EVENTS, &events, &len);
		if (o->transport->ops->has_peer(o->transport, topic))
			return true;
		sleep_ns(1000000);
	}
	return false;
}

static inline void publisher_send(struct output *o, struct flow_record r)
{
	output_submit(o, &r);
	output_poll(o, SAMPLE_NS);
}

static inline void publisher_close(struct output *o)
{
	output_close(o, clock_monotonic_ns() + SECOND_NS);
	output_free(o);
}
