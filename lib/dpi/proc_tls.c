/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor tls: the ClientHello and the ServerHello that answers it (RFC 8446, RFC 5246), also
 * when TCP or the record layer split them, and behind a conversation in the clear (STARTTLS).
 */
#include "core/bytes.h"
#include "dpi/hello_gather.h"
#include "dpi/processor_texts.h"
#include "dpi/tls_hello.h"
#include "record/elements.h"

enum { RECORD_HEAD_LEN = 5, HANDSHAKE = 22, RECORD_LEN_MAX = 16384 + 2048 };
enum { TCP_SEQ_END = 8 };

enum stage {
	CLIENT_SOUGHT,
	CLIENT_GATHERED, /* the ClientHello is on its way */
	SERVER_SOUGHT,
	SERVER_GATHERED,
};

struct tls {
	struct processor_block *block;
	uint8_t stage;	 /* enum stage */
	uint8_t packets; /* with payload, of the stage */
	uint8_t client;	 /* direction of the ClientHello */
};

struct block {
	struct processor_texts texts;
	struct record_tls record;
	uint16_t types[TLS_EXTENSIONS_TOLD], lengths[TLS_EXTENSIONS_TOLD];
	uint8_t ja3[MD5_LEN];
	uint32_t start_seq; /* of the hello that is gathered */
	struct hello_gather gather;
};

_Static_assert(sizeof(struct block) + 2 * TLS_NAME_BYTES_MAX + JA4_LEN + 3 <= PROCESSOR_BLOCK_BYTES,
	       "room for texts");

/* ---- what is kept ---- */

static void keep_client(struct block *b, const struct tls_hello *h,
			const struct processor_packet *p)
{
	struct record_tls *r = &b->record;
	char ja4[JA4_LEN + 1];

	r->version = h->version;
	r->alpn = "";
	r->ja4 = "";
	r->sni = processor_text(&b->texts, h->name.bytes, h->name.len, TLS_NAME_BYTES_MAX, p);
	if (tls_ja4(h, p->all->crypto, ja4))
		r->ja4 = processor_text(&b->texts, ja4, JA4_LEN, JA4_LEN, p);
	if (tls_ja3(h, p->all->crypto, b->ja3))
		r->ja3 = (struct octets){b->ja3, sizeof b->ja3};
	const uint8_t n = h->n_extensions < TLS_EXTENSIONS_TOLD ? (uint8_t)h->n_extensions :
								  TLS_EXTENSIONS_TOLD;

	memcpy(b->types, h->types, n * sizeof *b->types);
	memcpy(b->lengths, h->lengths, n * sizeof *b->lengths);
	r->extension_types = (struct list_u16){b->types, n};
	r->extension_lengths = (struct list_u16){b->lengths, n};
}

static void keep_server(struct block *b, const struct tls_hello *h,
			const struct processor_packet *p)
{
	b->record.version = h->chosen_version ? h->chosen_version : h->version;
	b->record.alpn =
		processor_text(&b->texts, h->alpn.bytes, h->alpn.len, TLS_NAME_BYTES_MAX, p);
}

enum gathered { WAITING, KEPT, REFUSED };

/* What of a hello is there. */
static enum gathered keep_hello(struct block *b, const struct processor_packet *p, uint8_t type,
				struct processor_bytes message)
{
	struct tls_hello h;

	if (!tls_hello_read(&h, message.bytes, message.len) || h.type != type)
		return REFUSED;
	if (type == TLS_CLIENT_HELLO)
		keep_client(b, &h, p);
	else
		keep_server(b, &h, p);
	return KEPT;
}

/* ---- records and segments ---- */

/* Whether bytes may be how a hello of this type begins in its record. */
static bool begins_hello(const uint8_t *b, uint32_t len, uint8_t type)
{
	enum { VERSION_AT = RECORD_HEAD_LEN + TLS_MESSAGE_HEAD_LEN };

	return b[0] == HANDSHAKE && (len < 2 || b[1] == 3) &&
	       (len <= RECORD_HEAD_LEN || b[RECORD_HEAD_LEN] == type) &&
	       (len <= VERSION_AT || b[VERSION_AT] == 3);
}

/* The message when it lies in one record in one segment; len = 0: it does not. */
static struct processor_bytes in_one_record(const struct processor_packet *p)
{
	struct rbuf r = rbuf_make(p->payload, p->captured);

	get_bytes(&r, RECORD_HEAD_LEN - 2);
	struct rbuf record = get_rbuf(&r, get_be16(&r));
	const uint32_t len = tls_message_len(record.at, rbuf_left(&record));

	return (struct processor_bytes){record.at, len && len <= rbuf_left(&record) ? len : 0};
}

/* Records become the message in them, in place; returns how much of it there is. */
static uint32_t join_records(uint8_t *bytes, uint32_t len)
{
	uint32_t joined = 0;

	for (uint32_t at = 0; len - at > RECORD_HEAD_LEN;) {
		const uint8_t *head = bytes + at;
		uint32_t record_len = load_be16(head + 3);

		if (head[0] != HANDSHAKE || head[1] != 3 || !record_len ||
		    record_len > RECORD_LEN_MAX)
			break;
		at += RECORD_HEAD_LEN;
		if (record_len > len - at)
			record_len = len - at;
		memmove(bytes + joined, bytes + at, record_len);
		joined += record_len;
		at += record_len;
	}
	return joined;
}

static bool sequence(const struct processor_packet *p, uint32_t *seq)
{
	const struct packet *k = p->view;

	if (!processor_is_tcp(p) || processor_room(k, k->l4_offset) < TCP_SEQ_END)
		return false;
	*seq = load_be32(k->data + k->l4_offset + 4);
	return true;
}

/* Adds a segment. False: it can not be kept. */
static bool gather(struct block *b, const struct processor_packet *p)
{
	const uint32_t len = p->captured < UINT16_MAX ? p->captured : UINT16_MAX;
	uint32_t seq;

	if (!sequence(p, &seq))
		return true;
	/* One from before the hello is beyond all bounds. */
	return hello_gather_put(&b->gather, p, seq - b->start_seq,
				(struct octets){p->payload, (uint16_t)len});
}

/* Looks whether the hello is whole; at_last: what is there must do. */
static enum gathered finish(struct tls *s, const struct processor_packet *p, uint8_t type,
			    bool at_last)
{
	struct block *b = (struct block *)s->block;
	const uint32_t len = hello_gather_len(&b->gather);
	uint8_t bytes[HELLO_BYTES_MAX];

	hello_gather_copy(&b->gather, bytes, len);
	const uint32_t joined = join_records(bytes, len);
	const uint32_t message_len = tls_message_len(bytes, joined);

	if (len > RECORD_HEAD_LEN && !joined)
		return REFUSED;
	at_last |= len == HELLO_BYTES_MAX;
	if (!at_last && (!message_len || joined < message_len))
		return WAITING;
	return keep_hello(b, p, type, (struct processor_bytes){bytes, joined});
}

/* ---- stages ---- */

static enum processor_answer after(struct tls *s, const struct processor_packet *p,
				   enum gathered gathered, enum stage waiting)
{
	if (gathered == WAITING) {
		s->stage = (uint8_t)waiting;
		return PROCESSOR_NEXT;
	}
	hello_gather_reset(&((struct block *)s->block)->gather, p->all->pool);
	if (gathered == REFUSED || waiting == SERVER_GATHERED)
		return PROCESSOR_DONE;
	s->stage = SERVER_SOUGHT;
	s->packets = 0;
	return PROCESSOR_NEXT;
}

/* A hello begins, or may do so. */
static enum gathered begin(struct block *b, struct tls *s, const struct processor_packet *p,
			   uint8_t type)
{
	const struct processor_bytes message = in_one_record(p);

	if (message.len)
		return keep_hello(b, p, type, message);
	if (!sequence(p, &b->start_seq) || !gather(b, p))
		return REFUSED;
	return finish(s, p, type, p->captured < p->payload_len);
}

static enum processor_answer seek_client(struct tls *s, const struct processor_packet *p)
{
	if (!begins_hello(p->payload, p->captured, TLS_CLIENT_HELLO))
		return ++s->packets < TLS_SEARCH_PACKETS_MAX ? PROCESSOR_NEXT : PROCESSOR_DONE;
	struct block *b = processor_text_block(s, sizeof *b, p);

	if (!b)
		return PROCESSOR_DONE;
	s->client = (uint8_t)p->direction;
	s->packets = 0;
	return after(s, p, begin(b, s, p, TLS_CLIENT_HELLO), CLIENT_GATHERED);
}

static enum processor_answer seek_server(struct tls *s, const struct processor_packet *p)
{
	if (p->direction == s->client || !begins_hello(p->payload, p->captured, TLS_SERVER_HELLO))
		return ++s->packets < TLS_HELLO_PACKETS_MAX ? PROCESSOR_NEXT : PROCESSOR_DONE;
	s->packets = 0;
	return after(s, p, begin((struct block *)s->block, s, p, TLS_SERVER_HELLO),
		     SERVER_GATHERED);
}

/* The next segment of a hello; or one of the other side, which then has all of it. */
static enum processor_answer go_on(struct tls *s, const struct processor_packet *p, uint8_t type)
{
	const bool is_client = type == TLS_CLIENT_HELLO;
	const bool is_sender = (p->direction == s->client) == is_client;
	bool at_last = p->captured < p->payload_len || ++s->packets >= TLS_HELLO_PACKETS_MAX;

	if (is_sender)
		at_last |= !gather((struct block *)s->block, p);
	else
		at_last |= is_client;
	const enum processor_answer answer = after(s, p, finish(s, p, type, at_last),
						   is_client ? CLIENT_GATHERED : SERVER_GATHERED);

	return answer == PROCESSOR_NEXT && s->stage == SERVER_SOUGHT && !is_sender ?
		       seek_server(s, p) :
		       answer;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct tls *s = state;

	if (p->view->protocol != 6)
		return PROCESSOR_DONE;
	if (!p->captured)
		return PROCESSOR_NEXT;
	switch ((enum stage)s->stage) {
	case CLIENT_SOUGHT:
		return seek_client(s, p);
	case CLIENT_GATHERED:
		return go_on(s, p, TLS_CLIENT_HELLO);
	case SERVER_SOUGHT:
		return seek_server(s, p);
	case SERVER_GATHERED:
		return go_on(s, p, TLS_SERVER_HELLO);
	}
	return PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct tls *s = state;

	if (s->stage < SERVER_SOUGHT)
		return;
	r->tls = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_TLS;
}

static void release(void *state, struct processor_pool *pool)
{
	const struct tls *s = state;

	hello_gather_reset(&((struct block *)s->block)->gather, pool);
}

const struct processor_ops *proc_tls(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct tls),
		.has_block = true,
		.has_crypto = true,
		.packet = packet,
		.to_record = to_record,
		.release = release,
	};

	return &ops;
}
