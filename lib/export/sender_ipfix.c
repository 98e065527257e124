/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX messages over UDP (RFC 7011 section 3, 8.4, 10.3): templates first and then again from time
 * to time, consecutive records of one template in one set, no message larger than the path takes.
 * There are no template withdrawals over UDP, and no padding.
 */
#include "export/output_internal.h"
#include <errno.h>

#define IPFIX_VERSION	     10
#define MESSAGE_HEADER_BYTES 16
#define SET_HEADER_BYTES     4
/* Set id of template sets (RFC 7011 3.3.2). */
#define SET_ID_TEMPLATES 2

/* A message that is being built. */
struct message {
	struct wbuf w;
	uint8_t *set; /* header of the set that is open, NULL */
	uint32_t records;
	enum flow_template next_template;
	bool full;
};

static void open_set(struct message *m, uint16_t id)
{
	m->set = m->w.at;
	put_be16(&m->w, id);
	put_be16(&m->w, 0);
}

static void close_set(struct message *m)
{
	if (m->set)
		store_be16(m->set + 2, (uint16_t)(m->w.at - m->set));
	m->set = NULL;
}

/* The templates that are due, as many as fit. */
static void add_templates(struct message *m)
{
	for (; m->next_template < TEMPLATE_N; m->next_template++) {
		struct wbuf before = m->w;

		if (!m->set)
			open_set(m, SET_ID_TEMPLATES);
		ipfix_put_template(&m->w, m->next_template);
		if (!m->w.failed)
			continue;
		m->w = before;
		m->full = true;
		if (m->w.at == m->set)
			m->set = NULL;
		break;
	}
	close_set(m);
}

static void add_records(struct output *o, struct message *m)
{
	struct queue_cursor c = queue_walk(&o->queue);
	struct queued_record record;
	uint32_t tag = TEMPLATE_N;

	while (queue_next(&o->queue, &c, &record)) {
		size_t need = record.len_bytes + (record.tag == tag ? 0 : SET_HEADER_BYTES);

		if (wbuf_room(&m->w) < need) {
			m->full = true;
			break;
		}
		if (record.tag != tag) {
			close_set(m);
			tag = record.tag;
			open_set(m, ipfix_template_id((enum flow_template)tag));
		}
		put_bytes(&m->w, record.bytes, record.len_bytes);
		m->records++;
	}
	close_set(m);
}

static void stamp_header(struct output *o, struct message *m, uint64_t now_ns)
{
	uint8_t *header = o->ipfix.message;

	store_be16(header, IPFIX_VERSION);
	store_be16(header + 2, (uint16_t)(m->w.at - header));
	store_be32(header + 4, (uint32_t)(now_ns / 1000000000));
	store_be32(header + 8, output_records_gone(o));
	store_be32(header + 12, o->spec.observation_domain);
}

/* Templates are due at the start, and after so much time, so many messages, or a refusal. */
static void look_at_templates(struct ipfix_sender *s, uint64_t now_ns)
{
	uint64_t resend_ns = IPFIX_TEMPLATE_RESEND_S * 1000000000ULL;
	bool clock_stepped = now_ns < s->templates_sent_ns;

	if (s->templates_due)
		return;
	if (clock_stepped || now_ns - s->templates_sent_ns >= resend_ns ||
	    s->messages_since_templates >= IPFIX_TEMPLATE_RESEND_MESSAGES) {
		s->templates_due = true;
		s->next_template = 0;
	}
}

/* What the transport took, or refused, changes the session. */
static void settle(struct output *o, const struct message *m, uint64_t now_ns, ssize_t taken)
{
	struct ipfix_sender *s = &o->ipfix;

	pace_spend(&s->pace, (uint32_t)(m->w.at - s->message));
	if (taken < 0) {
		output_note_error(o, (int)-taken);
		output_settle_dropped(o, m->records, OUTPUT_DROP_transport);
		/* A collector that comes back knows no templates. */
		s->templates_due = true;
		s->next_template = 0;
		return;
	}
	output_settle_sent(o, m->records, (uint64_t)taken, 1);
	s->messages_since_templates++;
	s->next_template = m->next_template;
	if (s->templates_due && m->next_template == TEMPLATE_N) {
		s->templates_due = false;
		s->templates_sent_ns = now_ns;
		s->messages_since_templates = 0;
	}
}

bool ipfix_send_step(struct output *o, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;
	struct message m = {.w = wbuf_make(s->message, o->spec.mtu_bytes)};
	struct iovec piece = {.iov_base = s->message};
	ssize_t taken;

	look_at_templates(s, now_ns);
	if (!o->queue.records && !s->templates_due)
		return false;
	if (o->spec.lossless && !pace_allows(&s->pace, o->transport, o->spec.mtu_bytes, now_ns))
		return false;
	wbuf_take(&m.w, MESSAGE_HEADER_BYTES);
	m.next_template = s->templates_due ? s->next_template : TEMPLATE_N;
	add_templates(&m);
	if (m.next_template == TEMPLATE_N)
		add_records(o, &m);
	if (!m.full && !s->templates_due && output_may_wait(o, now_ns))
		return false;
	stamp_header(o, &m, now_ns);
	piece.iov_len = (size_t)(m.w.at - s->message);
	taken = o->transport->ops->send(o->transport, &piece, 1);
	if (taken == -EAGAIN)
		return false;
	settle(o, &m, now_ns, taken);
	return taken >= 0;
}
