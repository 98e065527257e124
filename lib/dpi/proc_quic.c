/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor quic: the long headers of a connection's first packets, and the ClientHello that the
 * client's Initials hide behind keys that everybody can make (RFC 9001 5.2), also when it is spread
 * over several datagrams or shuffled.
 */
#include "dpi/hello_gather.h"
#include "dpi/processor_texts.h"
#include "dpi/quic_packet.h"
#include "dpi/tls_hello.h"
#include "record/elements.h"

/* Bits of quic_packets. */
enum { SAW_QUIC_BIT = 128 };
enum { UDP = 17, QUIC_BIT = 0x40, EXTENSION_HEAD_LEN = 4, GOOGLE_USER_AGENT = 0x3129 };
enum id { CLIENT_ID, ORIGINAL_ID, SERVER_ID, RETRY_ID, ID_N };

struct quic {
	struct processor_block *block; /* there is, once the flow is known as QUIC's */
	uint8_t packets;
};

struct block {
	struct processor_texts texts;
	struct record_quic record;
	bool client_known;
	uint8_t client;			   /* direction */
	uint8_t packets[QUIC_PACKETS_MAX]; /* up to record.packets.n */
	uint16_t types[TLS_EXTENSIONS_TOLD], lengths[TLS_EXTENSIONS_TOLD];
	uint8_t ids[ID_N][QUIC_ID_BYTES_MAX];
	struct hello_gather gather;
};

_Static_assert(sizeof(struct block) + 1024 <= PROCESSOR_BLOCK_BYTES, "room for texts");

/* ---- the ClientHello ---- */

/* RFC 9000 18: the value of a transport parameter; len = 0: there is none. */
static struct octets parameter(struct octets extension, uint64_t wanted)
{
	static const struct octets none = {(const uint8_t *)"", 0};
	struct rbuf r;

	if (!extension.len)
		return none;
	r = rbuf_make(extension.bytes, extension.len);
	get_bytes(&r, EXTENSION_HEAD_LEN);
	while (rbuf_left(&r)) {
		const uint64_t id = quic_get_integer(&r), len = quic_get_integer(&r);
		const uint8_t *value = get_bytes(&r, len < SIZE_MAX ? (size_t)len : SIZE_MAX);

		if (r.failed)
			break;
		if (id == wanted)
			return (struct octets){value, (uint16_t)len};
	}
	return none;
}

static void keep_extensions(struct block *b, const struct tls_hello *h,
			    const struct processor_packet *p)
{
	const bool alpn_first = h->alpn_extension.bytes < h->transport_parameters.bytes;
	const struct octets first = alpn_first ? h->alpn_extension : h->transport_parameters;
	const struct octets second = alpn_first ? h->transport_parameters : h->alpn_extension;
	const uint8_t n = h->n_extensions < TLS_EXTENSIONS_TOLD ? (uint8_t)h->n_extensions :
								  TLS_EXTENSIONS_TOLD;
	struct octets *all = &b->record.extensions;

	if (first.len)
		*all = processor_octets(&b->texts, first.bytes, first.len, HELLO_BYTES_MAX, p);
	if (second.len && !first.len)
		*all = processor_octets(&b->texts, second.bytes, second.len, HELLO_BYTES_MAX, p);
	else if (second.len)
		all->len +=
			processor_octets(&b->texts, second.bytes, second.len, HELLO_BYTES_MAX, p)
				.len;
	memcpy(b->types, h->types, n * sizeof *b->types);
	memcpy(b->lengths, h->lengths, n * sizeof *b->lengths);
	b->record.extension_types = (struct list_u16){b->types, n};
	b->record.extension_lengths = (struct list_u16){b->lengths, n};
}

static void keep_hello(struct block *b, const struct tls_hello *h, const struct processor_packet *p)
{
	const struct octets agent = parameter(h->transport_parameters, GOOGLE_USER_AGENT);
	struct record_quic *r = &b->record;

	r->client_hello = 1;
	r->sni = processor_text(&b->texts, h->name.bytes, h->name.len, TLS_NAME_BYTES_MAX, p);
	r->agent = processor_text(&b->texts, agent.bytes, agent.len, TLS_NAME_BYTES_MAX, p);
	keep_extensions(b, h, p);
}

/* Looks whether the ClientHello is there; at_last: what there is must do. */
static void finish_hello(struct block *b, const struct processor_packet *p, bool at_last)
{
	const uint32_t len = hello_gather_len(&b->gather);
	uint8_t bytes[HELLO_BYTES_MAX];
	struct tls_hello h;

	hello_gather_copy(&b->gather, bytes, len);
	const uint32_t message_len = tls_message_len(bytes, len);

	if (b->record.client_hello || !len ||
	    (!at_last && len < HELLO_BYTES_MAX && (!message_len || len < message_len)))
		return;
	if (tls_hello_read(&h, bytes, len) && h.type == TLS_CLIENT_HELLO)
		keep_hello(b, &h, p);
	hello_gather_reset(&b->gather, p->all->pool);
}

/* ---- Initials ---- */

struct frames {
	struct block *b;
	const struct processor_packet *p;
};

static void gather_frame(void *context, uint64_t offset, struct octets bytes)
{
	const struct frames *f = context;

	if (offset < HELLO_BYTES_MAX)
		hello_gather_put(&f->b->gather, f->p, (uint32_t)offset, bytes);
}

static void count_frame(void *context, uint64_t offset, struct octets bytes)
{
	const struct frames *f = context;

	if (!offset && bytes.len && bytes.bytes[0] == TLS_CLIENT_HELLO &&
	    f->b->record.multiplexed < UINT8_MAX)
		f->b->record.multiplexed++;
}

static bool is_same(struct octets a, struct octets b)
{
	return a.len == b.len && (!a.len || memcmp(a.bytes, b.bytes, a.len) == 0);
}

/* Keys come from the id of the first Initial, or of that which followed a Retry. */
static bool open_initial(struct block *b, const struct quic_packet *q,
			 const struct processor_packet *p, quic_crypto_frame *call)
{
	const struct record_quic *r = &b->record;
	const struct octets known = r->retry_id.len ? r->retry_id : r->original_id;
	uint8_t opened[QUIC_INITIAL_BYTES_MAX];
	struct frames frames = {b, p};
	size_t len = quic_initial_open(q, p->all->crypto, q->destination, opened);

	if (!len && b->client_known && !is_same(known, q->destination))
		len = quic_initial_open(q, p->all->crypto, known, opened);
	quic_initial_frames(opened, len, call, &frames);
	return len != 0;
}

static void set_id(struct block *b, struct octets *to, enum id id, struct octets from)
{
	if (!from.len)
		return;
	memcpy(b->ids[id], from.bytes, from.len);
	*to = (struct octets){b->ids[id], from.len};
}

static void know_client(struct block *b, const struct processor_packet *p, unsigned int client)
{
	if (b->client_known)
		return;
	b->client_known = true;
	b->client = (uint8_t)client;
	b->record.server_port = client == p->direction ? p->view->dst_port : p->view->src_port;
}

/* Whose packet the first one is, when it does not say so. */
static unsigned int likely_client(const struct processor_packet *p)
{
	return p->view->src_port < p->view->dst_port ? !p->direction : p->direction;
}

static void first_initial(struct block *b, const struct quic_packet *q)
{
	struct record_quic *r = &b->record;

	r->client_version = q->version;
	r->token_len = q->token_len;
	set_id(b, &r->client_id, CLIENT_ID, q->source);
	set_id(b, &r->original_id, ORIGINAL_ID, q->destination);
}

static void read_initial(struct block *b, const struct quic_packet *q,
			 const struct processor_packet *p)
{
	struct record_quic *r = &b->record;
	bool opened = false;

	if (b->client_known && b->client != p->direction) {
		if (!r->server_id.len)
			set_id(b, &r->server_id, SERVER_ID, q->source);
		return;
	}
	if (!r->client_hello) {
		opened = open_initial(b, q, p, gather_frame);
		know_client(b, p, opened ? p->direction : likely_client(p));
		finish_hello(b, p, false);
	} else if (!is_same(q->destination, r->original_id) &&
		   !is_same(q->destination, r->retry_id) &&
		   !is_same(q->destination, r->server_id)) {
		opened = open_initial(b, q, p, count_frame);
	} else {
		opened = true; /* nobody looks */
	}
	if (b->client != p->direction)
		return;
	if (!opened)
		counter_add(&p->all->counters[DPI_quic_undecrypted], 1);
	if (r->token_len == UINT64_MAX)
		first_initial(b, q);
}

/* ---- all of them ---- */

static uint8_t read_packet(struct block *b, const struct quic_packet *q,
			   const struct processor_packet *p)
{
	static const uint8_t bits[] = {
		[QUIC_INITIAL] = 1, [QUIC_ZERO_RTT] = 2,     [QUIC_HANDSHAKE] = 4,
		[QUIC_RETRY] = 8,   [QUIC_NEGOTIATION] = 16,
	};
	struct record_quic *r = &b->record;

	if (q->type != QUIC_ZERO_RTT && q->type != QUIC_NEGOTIATION)
		r->version = q->version;
	switch (q->type) {
	case QUIC_INITIAL:
		read_initial(b, q, p);
		break;
	case QUIC_ZERO_RTT:
		know_client(b, p, p->direction);
		r->zero_rtt += r->zero_rtt < UINT8_MAX;
		break;
	case QUIC_HANDSHAKE:
		know_client(b, p, likely_client(p));
		if (p->direction == b->client)
			break;
		if (!r->server_id.len)
			set_id(b, &r->server_id, SERVER_ID, q->source);
		finish_hello(b, p, true); /* the server has all of it */
		break;
	case QUIC_RETRY:
		know_client(b, p, !p->direction);
		set_id(b, &r->retry_id, RETRY_ID, q->source);
		break;
	case QUIC_NEGOTIATION:
		know_client(b, p, !p->direction);
		break;
	}
	return bits[q->type];
}

/* The block of a flow whose first packet of QUIC this is, or which is known; NULL: neither. */
static struct block *find_block(struct quic *s, const struct processor_packet *p,
				const struct quic_packet *q, bool is_quic)
{
	struct block *b = (struct block *)s->block;

	if (b || !is_quic || q->type == QUIC_NEGOTIATION)
		return b;
	b = processor_text_block(s, sizeof *b, p);
	if (!b)
		return NULL;
	b->record.sni = b->record.agent = "";
	b->record.token_len = UINT64_MAX;
	return b;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	struct quic *s = state;
	struct rbuf r = rbuf_make(p->payload, p->captured);
	bool is_quic, negotiates = false;
	struct quic_packet q;

	if (p->view->protocol != UDP)
		return PROCESSOR_DONE;
	is_quic = quic_packet_next(&q, &r);
	struct block *b = find_block(s, p, &q, is_quic);

	is_quic &= b || q.type != QUIC_NEGOTIATION;
	if (!b) /* not yet, or there is no memory */
		return ++s->packets < QUIC_SEARCH_PACKETS_MAX && !is_quic ? PROCESSOR_NEXT :
									    PROCESSOR_DONE;
	uint8_t *bits = &b->packets[s->packets++];

	*bits = p->captured && p->payload[0] & QUIC_BIT ? SAW_QUIC_BIT : 0;
	b->record.packets = (struct list_u8){b->packets, s->packets};
	for (int i = 0; is_quic && i < QUIC_COALESCED_MAX; i++) {
		*bits |= read_packet(b, &q, p);
		negotiates |= q.type == QUIC_NEGOTIATION;
		is_quic = quic_packet_next(&q, &r);
	}
	if (negotiates && p->options->records_transaction)
		return PROCESSOR_CUT_AFTER;
	if (s->packets < QUIC_PACKETS_MAX)
		return PROCESSOR_NEXT;
	finish_hello(b, p, true);
	return PROCESSOR_DONE;
}

static void to_record(const void *state, struct flow_record *r)
{
	const struct quic *s = state;

	if (!s->block)
		return;
	r->quic = &((const struct block *)s->block)->record;
	r->l7_seen |= CLASS_QUIC;
}

static void release(void *state, struct processor_pool *pool)
{
	const struct quic *s = state;

	hello_gather_reset(&((struct block *)s->block)->gather, pool);
}

const struct processor_ops *proc_quic(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct quic),
		.has_block = true,
		.has_crypto = true,
		.packet = packet,
		.to_record = to_record,
		.release = release,
	};

	return &ops;
}
