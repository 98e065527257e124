/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of an output: encoder -> queue -> sender -> transport. A sender makes of queued
 * records what its transport carries: bytes of a stream, IPFIX messages, ZMQ messages.
 */
#pragma once
#include "export/encoder.h"
#include "export/output.h"
#include "export/pace.h"
#include "export/queue.h"
#include "export/transport.h"

/*
 * A stream: bytes that go before the first queued record (the header line, or the rest of a record
 * that a full disk interrupted), and how much of that first record has left already.
 */
struct stream_sender {
	uint8_t *before; /* RECORD_BYTES_MAX */
	uint32_t before_bytes, before_sent_bytes;
	uint32_t head_sent_bytes;
};

/* An IPFIX transport session over UDP (RFC 7011 8.4). */
struct ipfix_sender {
	uint8_t *message; /* mtu_bytes */
	bool templates_due;
	enum flow_template next_template; /* of those that are due */
	uint64_t templates_sent_ns;
	uint32_t messages_since_templates;
	struct pace pace; /* lossless only */
};

struct zmq_sender {
	uint64_t waiting_since_ns; /* lossless: for the first subscriber, 0 = not begun */
	bool was_subscribed;
	uint32_t published; /* messages that are no records: they have ids, too */
	uint8_t *payload;   /* ZMQ_MESSAGE_BYTES_MAX; NULL = records leave as they are queued */
	struct z_stream_s *deflate; /* NULL = nothing is compressed */
};

struct output {
	struct output_spec spec;
	struct output_counters counters;
	struct encoder encoder;
	struct record_queue queue;
	uint32_t apart; /* records that left the queue and are not sent yet: 1 while one is torn */
	struct transport *transport; /* NULL when closed */
	uint8_t *scratch;	     /* RECORD_BYTES_MAX */
	bool (*send_step)(struct output *o, uint64_t now_ns);
	union {
		struct stream_sender stream;
		struct ipfix_sender ipfix;
		struct zmq_sender zmq;
	};
	uint64_t held_since_ns; /* what is queued waits for more since then, 0 = nothing waits */
	bool draining;		/* closing: nothing waits for more */
	bool reader_gone;
	char last_error[160];
};

/*
 * output_open() over a transport that is open already, which the output then owns. For tests, whose
 * transports fail as they are told. 0 or -errno; the transport stays the caller's on failure.
 */
int output_open_over(struct output **out, const struct output_spec *spec, struct transport *t);

/* Makes a name of type and target where the spec has none. */
void output_spec_name(struct output_spec *spec);

/* Where an IPFIX target points: HOST:PORT. */
const char *output_spec_udp_target(const struct output_spec *spec);

/* What a ZMQ output needs beyond its queue: 0 or -ENOMEM; freed in any case. */
int zmq_sender_init(struct output *o);
void zmq_sender_free(struct output *o);

/* output_publish() of a ZMQ output. */
int zmq_publish(struct output *o, const char *topic, const char *json);

/*
 * One step each: sends a batch or a message, at now_ns (CLOCK_REALTIME). False when there is
 * nothing to send, or the transport takes nothing now.
 */
bool stream_send_step(struct output *o, uint64_t now_ns);
bool ipfix_send_step(struct output *o, uint64_t now_ns);
bool zmq_send_step(struct output *o, uint64_t now_ns);

/* The first n queued records left, as so many bytes (headers included) in so many messages. */
void output_settle_sent(struct output *o, uint32_t n, uint64_t bytes, uint64_t messages);

/* The first n queued records are dropped. */
void output_settle_dropped(struct output *o, uint32_t n, enum output_drop reason);

/* The first queued record is held apart; and how that ended. */
void output_set_apart(struct output *o);
void output_settle_apart(struct output *o, bool sent);

/* Remembers what went wrong: an errno as a sentence. */
void output_note_error(struct output *o, int error);

/* Whether a batch that is not full should wait for more. */
bool output_may_wait(struct output *o, uint64_t now_ns);

/*
 * Records that were sent or lost before the first queued one: sequence numbers count losses too, so
 * that a collector sees the gap.
 */
uint32_t output_records_gone(const struct output *o);
