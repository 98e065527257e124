/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor mqtt: a session of MQTT 3.1.1 or 5 over TCP, on any port, from its CONNECT on. Packets
 * of MQTT follow each other in the stream; where the next one begins is kept of each direction.
 */
#include <string.h>

#include "core/bytes.h"
#include "dpi/processor.h"
#include "record/elements.h"

/* Control packets, and what begins a CONNECT: a text with its length (MQTT 3.1.1, 2.2.1, 3.1.2). */
enum { CONNECT = 1, CONNACK = 2, PUBLISH = 3, DISCONNECT = 14 };
enum { NAME_BYTES = 6, LENGTH_BYTES_MAX = 4, TCP_SEQ_AT = 4 };

/* Where the next MQTT packet of a direction begins. */
struct stream {
	uint32_t next; /* sequence number */
	bool begun, lost;
};

struct mqtt {
	struct processor_block *block;
};

struct block {
	struct record_mqtt record;
	struct stream streams[DIR_N];
	bool told;  /* the CONNECT was read */
	bool ended; /* a DISCONNECT was */
	uint8_t topics_n;
	char topics[DPI_STRING_MAX + 1];
};

_Static_assert(sizeof(struct block) <= PROCESSOR_BLOCK_BYTES, "it fits");

/* 7 bits a byte, least first (1.5.5 of MQTT 5); false: it is not whole or too long. */
static bool get_length(struct rbuf *r, uint32_t *length)
{
	uint32_t read = 0;

	for (unsigned int i = 0; i < LENGTH_BYTES_MAX; i++) {
		const uint8_t byte = get_u8(r);

		read |= (uint32_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			*length = read;
			return !r->failed;
		}
	}
	return false;
}

/* false: it is no session that we know. */
static bool read_connect(struct block *b, struct rbuf r)
{
	const uint8_t *name = get_bytes(&r, NAME_BYTES);
	const uint8_t version = get_u8(&r), flags = get_u8(&r);
	const uint16_t keep_alive = get_be16(&r);

	if (r.failed || memcmp(name, "\0\4MQTT", NAME_BYTES) != 0 || version < 4 || version > 5)
		return false;
	b->record.version = version;
	b->record.connect_flags = flags;
	b->record.keep_alive = keep_alive;
	b->record.topics = b->topics;
	b->told = true;
	return true;
}

static void read_connack(struct block *b, struct rbuf r)
{
	const uint8_t flags = get_u8(&r), code = get_u8(&r);

	if (r.failed)
		return;
	b->record.types = (uint16_t)((b->record.types & ~1) | (flags & 1));
	b->record.return_code = code;
}

/* The topic is kept when it is whole and fits; none has a wildcard (4.7.1). */
static void read_publish(struct block *b, struct rbuf r, uint8_t topics_max)
{
	const uint16_t len = get_be16(&r);
	const uint8_t *topic = get_bytes(&r, len);
	size_t at = strlen(b->topics);

	if (!topic || !len || b->topics_n >= topics_max || memchr(topic, '#', len) ||
	    memchr(topic, '\0', len))
		return;
	if (at + (at > 0) + len >= sizeof b->topics)
		return;
	if (at)
		b->topics[at++] = '#';
	memcpy(b->topics + at, topic, len);
	b->topics[at + len] = '\0';
	b->topics_n++;
}

/* What is there of a control packet behind its length. false: the stream is none of MQTT. */
static bool read_control(struct block *b, uint8_t first, struct rbuf r,
			 const struct processor_packet *p)
{
	const unsigned int type = first >> 4;

	if (type == 0 || (type == CONNECT && !read_connect(b, r)))
		return false;
	b->record.types |= (uint16_t)(1U << type);
	if (type == CONNACK)
		read_connack(b, r);
	if (type == PUBLISH) {
		b->record.publish_flags |= first & 15;
		read_publish(b, r, p->options->mqtt_topics);
	}
	b->ended |= type == DISCONNECT;
	return true;
}

/*
 * Reads the packets that begin from byte `at` of the payload on. Returns where the next one begins,
 * which may be in a later segment.
 */
static uint32_t read_controls(struct block *b, struct stream *s, uint32_t at,
			      const struct processor_packet *p)
{
	while (at < p->captured && !b->ended) {
		struct rbuf r = rbuf_make(p->payload + at, p->captured - at);
		const uint8_t first = get_u8(&r);
		uint32_t length = 0;

		s->lost = !get_length(&r, &length);
		at = (uint32_t)(r.at - p->payload);
		if (rbuf_left(&r) > length)
			r.end = r.at + length;
		s->lost = s->lost || !read_control(b, first, r, p);
		if (s->lost)
			break;
		at += length;
	}
	s->lost |= at < p->payload_len; /* not captured, or not understood */
	return at;
}

/* What was sent again was read; behind a gap nobody knows where a packet begins. */
static void read_segment(struct block *b, const struct processor_packet *p)
{
	struct stream *s = &b->streams[p->direction];
	const uint32_t seq = load_be32(p->view->data + p->view->l4_offset + TCP_SEQ_AT);

	if (!s->begun)
		*s = (struct stream){.next = seq, .begun = true};
	const int32_t at = (int32_t)(s->next - seq);

	s->lost |= at < 0;
	if (!s->lost && (uint32_t)at < p->payload_len)
		s->next = seq + read_controls(b, s, (uint32_t)at, p);
}

/* Whether the payload begins with a CONNECT. */
static bool begins_session(const struct processor_packet *p)
{
	struct rbuf r = rbuf_make(p->payload, p->captured);
	const bool connects = get_u8(&r) >> 4 == CONNECT;
	uint32_t length;
	const uint8_t *name = get_length(&r, &length) ? get_bytes(&r, NAME_BYTES) : NULL;

	return connects && name && memcmp(name, "\0\4MQTT", NAME_BYTES) == 0;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct mqtt *s = state;
	struct block *b;

	if (!processor_is_tcp(p))
		return PROCESSOR_DONE;
	if (!p->payload_len)
		return PROCESSOR_NEXT;
	if (!s->block && !begins_session(p))
		return PROCESSOR_DONE;
	b = processor_block(s, p);
	if (!b)
		return PROCESSOR_DONE;
	read_segment(b, p);
	if (b->ended && p->options->records_transaction)
		return PROCESSOR_CUT_AFTER;
	return b->ended || !b->told || (b->streams[DIR_FWD].lost && b->streams[DIR_REV].lost) ?
		       PROCESSOR_DONE :
		       PROCESSOR_NEXT;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct block *b = (const struct block *)((const struct mqtt *)state)->block;

	if (!b || !b->told)
		return;
	r->mqtt = &b->record;
	r->l7_seen |= CLASS_MQTT;
}

const struct processor_ops *proc_mqtt(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct mqtt),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
