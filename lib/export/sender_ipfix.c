/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX messages (RFC 7011 section 3, 8.4, 10.3), and export packets of NetFlow version 9 (RFC
 * 3954): templates first and, over UDP, again from time to time; options records behind them;
 * consecutive records of one template in one set; no message larger than the path takes. There are
 * no template withdrawals.
 */
#include "export/output_internal.h"

#include "core/clock.h"

#include <errno.h>
#include <stdlib.h>

#define SET_HEADER_BYTES 4
/* RFC 7011 3.1, RFC 3954 5.1. */
#define IPFIX_HEADER_BYTES    16
#define NETFLOW9_HEADER_BYTES 20
/* What the path takes is asked so often. */
#define PATH_LOOK_NS SECOND_NS
/* RFC 3954 5.2: sets end at a multiple of this. */
#define NETFLOW9_ALIGN 4

/* A message that is being built. */
struct message {
	struct wbuf w;
	uint8_t *begin;
	uint8_t *set; /* header of the set that is open, NULL */
	uint16_t set_id;
	uint32_t records, reports, templates;
	/* What will be due when it has left. */
	uint32_t next_template;
	enum ipfix_report next_report;
	uint32_t next_report_record;
	bool full;
};

void ipfix_templates_due(struct ipfix_sender *s)
{
	s->templates_due = true;
	s->next_template = 0;
}

void ipfix_reports_due(struct ipfix_sender *s)
{
	s->reports_due = true;
	s->next_report = 0;
	s->next_report_record = 0;
}

static bool is_netflow9(const struct output *o)
{
	return o->spec.version == OUTPUT_NETFLOW9;
}

static void close_set(const struct output *o, struct message *m)
{
	static const uint8_t zeros[NETFLOW9_ALIGN];

	if (!m->set)
		return;
	if (is_netflow9(o))
		put_bytes(&m->w, zeros, (size_t)(m->begin - m->w.at) % NETFLOW9_ALIGN);
	store_be16(m->set + 2, (uint16_t)(m->w.at - m->set));
	m->set = NULL;
}

/* A set of this id, the one that is open if it may. False when there is no room for a new one. */
static bool open_set(const struct output *o, struct message *m, uint16_t id, bool anew)
{
	if (m->set && m->set_id == id && !anew)
		return true;
	close_set(o, m);
	if (wbuf_room(&m->w) < SET_HEADER_BYTES)
		return false;
	m->set = m->w.at;
	m->set_id = id;
	put_be16(&m->w, id);
	put_be16(&m->w, 0);
	return true;
}

/* Takes back what did not fit, with its set when nothing else is in it. */
static void take_back(struct message *m, uint8_t *at)
{
	m->w.at = at;
	m->w.failed = false;
	m->full = true;
	if (m->set && m->w.at == m->set + SET_HEADER_BYTES) {
		m->w.at = m->set;
		m->set = NULL;
	}
}

/* The templates that are due, as many as fit; those of options each in a set of its own. */
static void add_templates(const struct output *o, struct message *m)
{
	const struct ipfix_profile *p = o->ipfix.profile;
	uint32_t n = ipfix_template_count(p);

	for (; m->next_template < n; m->next_template++) {
		struct ipfix_template_info t = ipfix_template_at(p, m->next_template);
		uint8_t *at;

		m->full |= !open_set(o, m, t.set_id, t.options);
		if (m->full)
			break;
		at = m->w.at;
		ipfix_template_put(p, m->next_template, &m->w);
		if (m->w.failed) {
			take_back(m, at);
			break;
		}
		m->templates++;
	}
	close_set(o, m);
}

/* One options record; false when it did not fit. */
static bool add_report(struct output *o, struct message *m)
{
	uint8_t bytes[IPFIX_REPORT_BYTES_MAX];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);
	uint16_t id = ipfix_report_put(o->ipfix.profile, m->next_report, m->next_report_record,
				       &o->ipfix.numbers, &w);
	size_t len = (size_t)(w.at - bytes);

	if (!id)
		return true; /* larger than any: there is none in this profile */
	if (wbuf_room(&m->w) < len + (m->set && m->set_id == id ? 0 : SET_HEADER_BYTES))
		return false;
	open_set(o, m, id, false);
	put_bytes(&m->w, bytes, len);
	m->reports++;
	return true;
}

/* What this output says of itself. */
static void look_at_numbers(struct output *o)
{
	struct ipfix_numbers *n = &o->ipfix.numbers;
	const uint64_t *count = o->counters.count;

	n->exported_messages = count[OUTPUT_sent_messages];
	n->exported_octets = count[OUTPUT_sent_bytes];
	n->exported_records = count[OUTPUT_sent];
	n->not_sent_records = output_records_lost(o);
	n->not_sent_packets = o->not_sent.packets;
	n->not_sent_octets = o->not_sent.octets;
	n->first_not_sent_ns = o->first_not_sent_ns;
	n->last_not_sent_ns = o->last_not_sent_ns;
}

static void add_reports(struct output *o, struct message *m)
{
	if (m->next_report < IPFIX_REPORT_N)
		look_at_numbers(o);
	for (; m->next_report < IPFIX_REPORT_N; m->next_report++, m->next_report_record = 0) {
		bool over = o->ipfix.closing && m->next_report >= IPFIX_FLOW_KEYS;
		uint32_t n = over ? 0 : ipfix_report_count(o->ipfix.profile, m->next_report);

		while (m->next_report_record < n && !m->full) {
			m->full = !add_report(o, m);
			m->next_report_record += !m->full;
		}
		if (m->full)
			break;
	}
	close_set(o, m);
}

static void add_records(struct output *o, struct message *m)
{
	struct queue_cursor c = queue_walk(&o->queue);
	struct queued_record record;

	while (queue_next(&o->queue, &c, &record)) {
		bool same = m->set && m->set_id == record.tag;
		size_t need = record.len_bytes + (same ? 0 : SET_HEADER_BYTES + NETFLOW9_ALIGN);

		if (wbuf_room(&m->w) < need + NETFLOW9_ALIGN) {
			m->full = true;
			break;
		}
		open_set(o, m, (uint16_t)record.tag, false);
		put_bytes(&m->w, record.bytes, record.len_bytes);
		m->records++;
	}
	close_set(o, m);
}

/* All that is due, in the order in which collectors need it, into so many bytes. */
static struct message build(struct output *o, uint32_t bytes)
{
	struct ipfix_sender *s = &o->ipfix;
	struct message m = {
		.w = wbuf_make(s->message, bytes),
		.begin = s->message,
		.next_template = s->templates_due ? s->next_template :
						    ipfix_template_count(s->profile),
		.next_report = s->reports_due ? s->next_report : IPFIX_REPORT_N,
		.next_report_record = s->next_report_record,
	};

	wbuf_take(&m.w, is_netflow9(o) ? NETFLOW9_HEADER_BYTES : IPFIX_HEADER_BYTES);
	add_templates(o, &m);
	if (!m.full)
		add_reports(o, &m);
	if (!m.full)
		add_records(o, &m);
	return m;
}

/* Numbers of records, and of those that were lost: a collector sees the gap (RFC 7011 10.2.2). */
static uint32_t next_sequence(const struct output *o)
{
	const struct ipfix_sender *s = &o->ipfix;

	if (is_netflow9(o))
		return s->sequence;
	return s->sequence + (uint32_t)(output_records_lost(o) - s->lost_seen);
}

static void stamp(const struct output *o, const struct message *m, uint64_t now_ns)
{
	const struct ipfix_sender *s = &o->ipfix;
	uint8_t *header = m->begin;

	store_be16(header, is_netflow9(o) ? IPFIX_NETFLOW9 : IPFIX_IPFIX);
	if (is_netflow9(o)) {
		store_be16(header + 2, (uint16_t)(m->templates + m->reports + m->records));
		store_be32(header + 4, (uint32_t)((now_ns - s->opened_ns) / 1000000));
		header += 4;
	} else {
		store_be16(header + 2, (uint16_t)(m->w.at - header));
	}
	store_be32(header + 4, ipfix_export_time_s(now_ns, ipfix_latest_end_ns(o)));
	store_be32(header + 8, next_sequence(o));
	store_be32(header + 12, o->spec.observation_domain);
}

/* Templates again: over UDP, or where asked for, by time and messages. Options records: by time. */
static void look_what_is_due(struct output *o, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;
	const struct output_spec *spec = &o->spec;
	bool stepped = now_ns < s->templates_sent_ns;

	if (!s->templates_due && (!s->session.number || spec->template_resend_sessions) &&
	    (stepped || now_ns - s->templates_sent_ns >= spec->template_resend_ns ||
	     s->messages_since_templates >= spec->template_resend_messages)) {
		ipfix_templates_due(s);
		ipfix_reports_due(s);
	}
	if (!s->reports_due && spec->options_interval_ns &&
	    (now_ns < s->reports_sent_ns ||
	     now_ns - s->reports_sent_ns >= spec->options_interval_ns))
		ipfix_reports_due(s);
	if (!spec->options_interval_ns)
		s->reports_due = false;
}

/* The message is on its way: what is due next, and by which number. */
static void advance(struct output *o, const struct message *m, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;

	s->sequence = next_sequence(o) + (is_netflow9(o) ? 1 : m->records + m->reports);
	s->lost_seen = output_records_lost(o);
	s->messages_since_templates++;
	s->next_template = m->next_template;
	s->next_report = m->next_report;
	s->next_report_record = m->next_report_record;
	if (s->templates_due && m->next_template == ipfix_template_count(s->profile)) {
		s->templates_due = false;
		s->templates_sent_ns = now_ns;
		s->messages_since_templates = 0;
	}
	if (s->reports_due && m->next_report == IPFIX_REPORT_N) {
		s->reports_due = false;
		s->reports_sent_ns = now_ns;
	}
}

bool ipfix_is_up(const struct output *o)
{
	if (!o->transport)
		return false;
	if (o->transport->ops->session)
		return o->ipfix.session.up;
	return !o->refused_ns || o->now_ns < o->refused_ns ||
	       o->now_ns - o->refused_ns > o->spec.reconnect_ns;
}

/* As much of the message as the stream takes now; false when that is not all. */
static bool send_rest(struct output *o)
{
	struct ipfix_sender *s = &o->ipfix;
	struct iovec piece = {s->message + s->rest_at, s->rest_bytes};
	ssize_t taken = o->transport->ops->send(o->transport, &piece, 1);

	if (taken > 0) {
		s->rest_at += (uint32_t)taken;
		s->rest_bytes -= (uint32_t)taken;
		counter_add(&o->counters.count[OUTPUT_sent_bytes], (uint64_t)taken);
	}
	if (s->rest_bytes)
		return false;
	counter_add(&o->counters.count[OUTPUT_sent_messages], 1);
	/* Where the wire is now is the end of this message. */
	ipfix_session_look(o);
	return true;
}

/* Into a session that acknowledges: the records stay in the queue. */
static bool hand_on(struct output *o, const struct message *m, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;

	advance(o, m, now_ns);
	ipfix_session_begin_message(o, m->records);
	s->rest_at = 0;
	s->rest_bytes = (uint32_t)(m->w.at - m->begin);
	return send_rest(o);
}

/*
 * A datagram is gone. A disk may have room again: live its records wait in the queue; a run over
 * files waits for no one, and has failed.
 */
static void settle_refused(struct output *o, uint32_t records)
{
	bool is_disk = o->transport->ops->session != NULL;

	if (!is_disk)
		output_settle_dropped(o, records, OUTPUT_DROP_transport);
	else if (o->spec.lossless)
		output_settle_dropped(o, o->queue.records, OUTPUT_DROP_transport);
}

/* A transport that takes the message as a whole, or refuses it. */
static bool send_whole(struct output *o, const struct message *m, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;
	struct iovec piece = {m->begin, (size_t)(m->w.at - m->begin)};
	ssize_t taken = o->transport->ops->send(o->transport, &piece, 1);

	if (taken == -EAGAIN)
		return false;
	pace_spend(&s->pace, (uint32_t)piece.iov_len);
	if (taken < 0) {
		output_note_error(o, (int)-taken);
		o->refused_ns = now_ns;
		settle_refused(o, m->records);
		/* A collector that comes back knows no templates. */
		ipfix_templates_due(s);
		ipfix_reports_due(s);
		return false;
	}
	advance(o, m, now_ns);
	output_settle_sent(o, m->records, (uint64_t)taken, 1);
	return true;
}

/* What a path that takes so much, 0 = unknown, is given. */
static uint32_t limit_of(const struct output_spec *spec, uint32_t path)
{
	uint32_t most = spec->mtu_bytes;

	if (!most)
		most = path >= IPFIX_PATH_LOCAL_BYTES ? IPFIX_UDP_BYTES_LOCAL :
							IPFIX_UDP_BYTES_DEFAULT;
	if (!path)
		path = IPFIX_UDP_BYTES_UNKNOWN;
	if (path < IPFIX_UDP_BYTES_MIN)
		path = IPFIX_UDP_BYTES_MIN;
	return path < most ? path : most;
}

/* A message of the path's size; one template or record that needs more goes alone. */
static uint32_t limit_bytes(struct output *o, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;

	if (!o->transport->ops->path_bytes)
		return s->limit_bytes;
	if (s->limit_ns && now_ns >= s->limit_ns && now_ns - s->limit_ns < PATH_LOOK_NS)
		return s->limit_bytes;
	s->limit_ns = now_ns;
	s->limit_bytes = limit_of(&o->spec, o->transport->ops->path_bytes(o->transport));
	return s->limit_bytes;
}

static bool is_empty(const struct message *m)
{
	return !m->records && !m->reports && !m->templates;
}

/* What fits no message of the path's size goes alone, or nearly so. */
static struct message build_some(struct output *o, uint32_t bytes)
{
	struct message m = build(o, bytes);

	while (is_empty(&m) && m.full && bytes < o->ipfix.message_bytes) {
		bytes *= 2;
		if (bytes > o->ipfix.message_bytes)
			bytes = o->ipfix.message_bytes;
		m = build(o, bytes);
	}
	return m;
}

bool ipfix_send_step(struct output *o, uint64_t now_ns)
{
	struct ipfix_sender *s = &o->ipfix;
	bool sessions = o->transport->ops->session != NULL;
	uint32_t limit;
	struct message m;

	if (s->rest_bytes)
		return send_rest(o);
	if (sessions && (!s->session.up || !ipfix_session_has_room(s)))
		return false;
	look_what_is_due(o, now_ns);
	if (o->queue.records == o->queue.marked && !s->templates_due && !s->reports_due)
		return false;
	limit = limit_bytes(o, now_ns);
	if (s->is_udp && !pace_allows(&s->pace, o->transport, limit, now_ns))
		return false;
	m = build_some(o, limit);
	if (is_empty(&m))
		return false;
	if (!m.full && !m.templates && !m.reports && output_may_wait(o, now_ns))
		return false;
	stamp(o, &m, now_ns);
	if (s->session.acknowledges)
		return hand_on(o, &m, now_ns);
	return send_whole(o, &m, now_ns);
}

static uint32_t message_bytes(const struct output *o)
{
	if (output_spec_is_udp(&o->spec))
		return IPFIX_UDP_BYTES_MAX;
	return IPFIX_MESSAGE_BYTES_MAX;
}

int ipfix_sender_init(struct output *o, char *error, size_t error_len)
{
	struct ipfix_sender *s = &o->ipfix;
	const struct output_spec *spec = &o->spec;
	struct ipfix_options options = {
		.profile = spec->profile,
		.version = is_netflow9(o) ? IPFIX_NETFLOW9 : IPFIX_IPFIX,
		.biflow = spec->biflow == OUTPUT_BIFLOW_YES,
		.ignore_vlan = spec->ignore_vlan,
		.missing_sources = spec->missing_sources,
		.transactions = spec->transactions,
		.privacy = spec->privacy,
		.pen = spec->pen,
		.fields = spec->fields,
	};
	uint32_t header = is_netflow9(o) ? NETFLOW9_HEADER_BYTES : IPFIX_HEADER_BYTES;
	s->is_udp = output_spec_is_udp(spec);
	s->message_bytes = message_bytes(o);
	s->limit_bytes = IPFIX_STREAM_BYTES;
	if (s->is_udp)
		s->limit_bytes = spec->mtu_bytes ? spec->mtu_bytes : IPFIX_UDP_BYTES_DEFAULT;
	s->pace.live = !spec->lossless;
	s->opened_ns = clock_wall_ns();
	options.record_bytes_max = s->limit_bytes - header - SET_HEADER_BYTES - NETFLOW9_ALIGN;
	if (options.record_bytes_max < IPFIX_RECORD_BYTES_MIN)
		options.record_bytes_max = IPFIX_RECORD_BYTES_MIN;
	s->numbers = (struct ipfix_numbers){.observation_domain = spec->observation_domain,
					    .process_id = 1,
					    .sampling_packets = 1};
	ipfix_templates_due(s);
	ipfix_reports_due(s);
	s->message = malloc(s->message_bytes);
	s->in_flight = calloc(IPFIX_IN_FLIGHT_MAX, sizeof *s->in_flight);
	if (!s->message || !s->in_flight)
		return -ENOMEM;
	return ipfix_profile_create(&s->profile, &options, error, error_len);
}

void ipfix_sender_free(struct output *o)
{
	ipfix_profile_destroy(o->ipfix.profile);
	free(o->ipfix.message);
	free(o->ipfix.in_flight);
}
