/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of an output: encoder -> queue -> sender -> transport. A sender makes of queued
 * records what its transport carries: bytes of a stream, IPFIX messages, ZMQ messages.
 */
#pragma once
#include "export/encoder.h"
#include "export/ipfix_sender.h"
#include "export/output.h"
#include "export/queue.h"
#include "export/spool.h"
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

/* A message that was sent, and may have to be sent again. */
struct zmq_held {
	uint64_t end_bytes; /* where its last byte is on the wire of its session */
	uint64_t calm_ns;   /* when it had been read, as zmq_sender.calm_ns counts */
	uint32_t records, plain_bytes;
	bool compressed;
};

/* What the header says of a message. */
struct zmq_message {
	const char *topic;
	struct iovec payload;
	uint32_t plain_bytes;
	bool tlv, compressed;
};

struct zmq_sender {
	uint64_t waiting_since_ns; /* lossless: for the first subscriber, 0 = not begun */
	bool was_subscribed;

	uint32_t next_id;   /* of messages, whatever their topic */
	uint64_t lost_seen; /* records lost that the ids tell of already */

	/* The message that is made, and not sent yet when records is not 0. */
	uint8_t *plain, *packed; /* ZMQ_MESSAGE_BYTES_MAX; packed NULL = nothing is compressed */
	struct iovec payload;	 /* one of the two */
	uint32_t plain_bytes, records;
	struct z_stream_s *deflate;

	char *template_json;
	uint64_t template_sent_ns; /* CLOCK_REALTIME */
	uint32_t template_seen;	   /* subscribers who have it, see transport_ops.joined */

	uint16_t *l7_ids;

	/*
	 * Mode connect: payloads, of which the marked ones are in flight and the others are to be
	 * sent again; and what there is to know of each, in the same order.
	 */
	struct session_view session;
	struct record_queue held;
	struct zmq_held *held_info; /* ZMQ_HELD_MAX, a ring; NULL = nothing is held */
	uint32_t held_first;
	uint32_t acked, read; /* so many of the first: have arrived; and were read, it seems */
	uint64_t calm_ns;     /* time that the collector was seen to read */
	uint64_t looked_ns;   /* output.now_ns of the last look */
};

/* Several collectors: an output each, and what they are to each other. */
struct collectors {
	struct output *member[OUTPUT_COLLECTORS_MAX];
	uint64_t troubles[OUTPUT_COLLECTORS_MAX]; /* seen so far */
	unsigned int n;
	unsigned int active; /* failover: who gets the records */
};

struct output {
	struct output_spec spec;
	struct output_counters counters;
	struct encoder encoder;
	struct record_queue queue;
	struct spool *spool; /* behind the queue, NULL = none */
	/* Records that left the queue and are not sent yet: one that is torn; what ZMQ holds. */
	uint32_t apart;
	struct transport *transport; /* NULL when closed */
	uint8_t *scratch;	     /* RECORD_BYTES_MAX */
	bool (*send_step)(struct output *o, uint64_t now_ns);
	union {
		struct stream_sender stream;
		struct ipfix_sender ipfix;
		struct zmq_sender zmq;
		struct collectors collectors; /* when send_step is NULL */
	};
	/* What was dropped, for options records. */
	struct queue_sum not_sent;
	uint64_t first_not_sent_ns, last_not_sent_ns;
	uint64_t now_ns;	/* of the last poll: CLOCK_REALTIME, 0 = none yet */
	uint64_t refused_ns;	/* of the last time that the transport refused */
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

/* As above with a line in error where there is something to say; "" where not. */
int output_make(struct output **out, const struct output_spec *spec, char *error, size_t error_len);

/* Sends until nothing waits, or until deadline_ns (CLOCK_MONOTONIC). */
void output_wait_empty(struct output *o, uint64_t deadline_ns);

/* Makes a name of type and target where the spec has none. */
void output_spec_name(struct output_spec *spec);

/* How an IPFIX target is reached, and where behind its scheme that is: HOST:PORT, or the path. */
enum ipfix_carrier { CARRIER_FILE, CARRIER_UDP, CARRIER_TCP, CARRIER_TLS };
enum ipfix_carrier output_target_carrier(const char *target, const char **rest);

/* The number of IPFIX targets, and the spec of one of them. */
unsigned int output_spec_collectors(const struct output_spec *spec);
void output_spec_collector(const struct output_spec *spec, unsigned int i, struct output_spec *out);

static inline bool output_spec_is_udp(const struct output_spec *s)
{
	const char *rest;

	return output_target_carrier(s->target, &rest) == CARRIER_UDP;
}

/* Opens what the spec says that is neither lines, nor ZMQ. As output_open(). */
int ipfix_transport_open(struct transport **out, const struct output_spec *spec, char *error,
			 size_t error_len);

/*
 * What an IPFIX output needs beyond its queue: 0 or -errno with a line in error; freed in any case.
 */
int ipfix_sender_init(struct output *o, char *error, size_t error_len);
void ipfix_sender_free(struct output *o);

/*
 * Encodes into scratch, with a tag for the sender; the length, 0 when it failed. A record that has
 * no room goes without what processors say of application protocols, which is counted.
 */
uint32_t output_encode(struct output *o, const struct flow_record *r, uint32_t *tag);

/* A record of a flow that ended then will be sent. */
void ipfix_note_end(struct output *o, uint64_t end_ns);
/* The clock says so now; o->now_ns is what it said before. */
void ipfix_look_at_clock(struct output *o, uint64_t now_ns);
/* Before this no message leaves (CLOCK_REALTIME). */
uint64_t ipfix_latest_end_ns(const struct output *o);

/* All templates, or all options records, go out again. */
void ipfix_templates_due(struct ipfix_sender *s);
void ipfix_reports_due(struct ipfix_sender *s);

/* Whether what is sent now would arrive somewhere, as far as is known. */
bool ipfix_is_up(const struct output *o);

/* Lets the session go on and settles what it says; the end of all sessions. */
void ipfix_session_look(struct output *o);
void ipfix_session_end(struct output *o);
/* All records have left: tells the last numbers, where it can until then (CLOCK_MONOTONIC). */
void ipfix_tell_last_numbers(struct output *o, uint64_t deadline_ns);

/* A message with so many records of the queue leaves; there is room for one more. */
void ipfix_session_begin_message(struct output *o, uint32_t records);
bool ipfix_session_has_room(const struct ipfix_sender *s);

/* An output of several collectors: each of these is what the function of output.h does. */
int collectors_open(struct output **out, const struct output_spec *spec, char *error,
		    size_t error_len);
void collectors_submit(struct output *o, const struct flow_record *r);
bool collectors_have_room(const struct output *o);
uint32_t collectors_poll(struct output *o, uint64_t now_ns);
uint64_t collectors_wait_ns(const struct output *o, uint64_t now_ns);
void collectors_set_applications(struct output *o, const struct ipfix_application *list,
				 uint32_t n);
void collectors_set_metering(struct output *o, const struct output_metering *m);
int collectors_own_traffic(const struct output *o, char *expression, size_t len);
uint32_t collectors_own_traffic_moves(const struct output *o);
void collectors_close(struct output *o, uint64_t deadline_ns);
void collectors_drain(struct output *o);
void collectors_free(struct output *o);

/*
 * What a ZMQ output needs beyond its queue: 0 or -errno with a line in error; freed in any case.
 */
int zmq_sender_init(struct output *o, char *error, size_t error_len);
void zmq_sender_free(struct output *o);

/* Reads [output] ndpi_ids: the collector's number for each of ours; 0 or -errno with a line. */
int zmq_l7_ids_read(struct output *o, char *error, size_t error_len);

/* Lets sessions go on and settles what they say; the end of all sessions. */
void zmq_session_look(struct output *o);
void zmq_session_end(struct output *o);
/*
 * A message that was taken: one of the queue, which is held from now on, or the first of those that
 * are to be sent again (zmq_session_again(): false when there is none). Whether there is room for
 * one more.
 */
void zmq_session_note_message(struct output *o, const struct zmq_message *m, uint32_t records);
void zmq_session_note_again(struct output *o);
bool zmq_session_again(const struct output *o, struct zmq_message *m);
bool zmq_session_has_room(struct output *o, uint32_t len_bytes);
int zmq_session_init(struct output *o);
void zmq_session_free(struct output *o);

/* output_publish() of a ZMQ output. */
int zmq_publish(struct output *o, const char *topic, const char *json);
/* The template as the processors that run now need it, to everyone; without memory as before. */
void zmq_tell_processors(struct output *o);

/*
 * One step each: sends a batch or a message, at now_ns (CLOCK_REALTIME). False when there is
 * nothing to send, or the transport takes nothing now.
 */
/* The first queued record left in part: the rest of it goes, whatever becomes of the others. */
void stream_set_head_apart(struct output *o);

bool stream_send_step(struct output *o, uint64_t now_ns);
bool ipfix_send_step(struct output *o, uint64_t now_ns);
bool zmq_send_step(struct output *o, uint64_t now_ns);

/* The first n queued records left, as so many bytes (headers included) in so many messages. */
void output_settle_sent(struct output *o, uint32_t n, uint64_t bytes, uint64_t messages);

/* The first n queued records are dropped. */
void output_settle_dropped(struct output *o, uint32_t n, enum output_drop reason);

/* The first n queued records were sent, and nobody knows whether they arrived. */
void output_settle_in_doubt(struct output *o, uint32_t n);

/*
 * The first n queued records are held elsewhere, to be sent again if need be: what they are about;
 * and how that ended: sent, in doubt, or dropped.
 */
struct queue_sum output_hold(struct output *o, uint32_t n);
void output_settle_held(struct output *o, uint32_t n, enum output_counter as);
void output_drop_held(struct output *o, uint32_t n, struct queue_sum sum, enum output_drop reason);

/* Records dropped so far. */
uint64_t output_records_lost(const struct output *o);

/* The first queued record is held apart; and how that ended. */
void output_set_apart(struct output *o);
void output_settle_apart(struct output *o, bool sent);

/* Remembers what went wrong: an errno as a sentence, or a sentence. */
void output_note_error(struct output *o, int error);
void output_note_trouble(struct output *o, const char *what);

/* Whether a batch that is not full should wait for more. */
bool output_may_wait(struct output *o, uint64_t now_ns);

/*
 * Records that were sent or lost before the first queued one: sequence numbers count losses too, so
 * that a collector sees the gap.
 */
uint32_t output_records_gone(const struct output *o);
