/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records as a table for people: the rows of elements.def with a TEXT column. What strangers sent
 * (server names) reaches a terminal here, so control characters are replaced.
 */
#include "core/limits.h"
#include "export/encoder.h"
#include "export/format.h"

#include <time.h>

struct text_line {
	struct wbuf *w;
	const struct flow_record *r;
	struct encoder *encoder;
};

/* The offset from UTC, asked for once a quarter of an hour: zones change theirs only between. */
static int64_t utc_offset_s(struct encoder *e, uint64_t unix_s)
{
	uint64_t quarter = unix_s / 900 + 1; /* never 0, the value of a new encoder */
	time_t t = (time_t)unix_s;
	struct tm local;

	if (e->offset_quarter != quarter && localtime_r(&t, &local)) {
		e->offset_quarter = quarter;
		e->utc_offset_s = local.tm_gmtoff;
	}
	return e->utc_offset_s;
}

/* 01-02 03:04:05 */
static void text_cell_start(struct text_line *l)
{
	char text[64];
	struct wbuf form = wbuf_make(text, sizeof text);
	uint64_t unix_s = l->r->start_ns / 1000000000;
	int64_t shown_s = (int64_t)unix_s;

	if (l->encoder->local_time)
		shown_s += utc_offset_s(l->encoder, unix_s);
	put_rfc3339(&form, (uint64_t)(shown_s < 0 ? 0 : shown_s) * 1000000000);
	text[10] = ' ';
	put_bytes(l->w, text + 5, 14);
}

static void text_cell_seconds(struct text_line *l)
{
	const struct flow_record *r = l->r;
	uint64_t ns = r->end_ns > r->start_ns ? r->end_ns - r->start_ns : 0;

	put_decimal(l->w, ns / 1000000000);
	put_u8(l->w, '.');
	put_decimal_padded(l->w, ns / 1000000 % 1000, 3);
}

static void text_cell_proto(struct text_line *l)
{
	static const char names[256][6] = {
		[1] = "ICMP",  [2] = "IGMP",  [4] = "IPIP",   [6] = "TCP",   [17] = "UDP",
		[41] = "IPv6", [47] = "GRE",  [50] = "ESP",   [51] = "AH",   [58] = "ICMP6",
		[89] = "OSPF", [103] = "PIM", [112] = "VRRP", [132] = "SCTP"};
	const char *name = names[l->r->protocol];

	if (name[0])
		put_bytes(l->w, name, strnlen(name, sizeof names[0]));
	else
		put_decimal(l->w, l->r->protocol);
}

static void put_endpoint(struct text_line *l, const uint8_t *addr, uint16_t port)
{
	bool v6 = l->r->ip_version == 6;

	if (v6 && port)
		put_u8(l->w, '[');
	put_ip(l->w, addr, l->r->ip_version);
	if (v6 && port)
		put_u8(l->w, ']');
	if (port) {
		put_u8(l->w, ':');
		put_decimal(l->w, port);
	}
}

static void text_cell_source(struct text_line *l)
{
	put_endpoint(l, l->r->src_addr, l->r->src_port);
}

static void text_cell_destination(struct text_line *l)
{
	put_endpoint(l, l->r->dst_addr, l->r->dst_port);
}

/* forward/reverse */
static void put_pair(struct wbuf *w, const uint64_t pair[DIR_N])
{
	put_scaled(w, pair[DIR_FWD]);
	put_u8(w, '/');
	put_scaled(w, pair[DIR_REV]);
}

static void text_cell_packets(struct text_line *l)
{
	put_pair(l->w, l->r->packets);
}

static void text_cell_bytes(struct text_line *l)
{
	put_pair(l->w, l->r->octets);
}

static void text_cell_end_reason(struct text_line *l)
{
	const char *name = end_reason_name((enum end_reason)l->r->end_reason);

	put_bytes(l->w, name, strlen(name));
}

/* C0, DEL and C1 (U+0080 to U+009F): what a terminal could obey. */
static bool is_control(const uint8_t *p, unsigned int n)
{
	return *p < 0x20 || *p == 0x7f || (n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static void put_printable(struct wbuf *w, const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = strnlen(s, DPI_STRING_MAX);

	for (size_t i = 0; i < len;) {
		unsigned int n = utf8_sequence(p + i, len - i);

		if (n == 0 || is_control(p + i, n))
			put_literal(w, UTF8_REPLACEMENT);
		else
			put_bytes(w, p + i, n);
		i += n ? n : 1;
	}
}

static void text_cell_l7(struct text_line *l)
{
	if (WHEN_l7_name(l->r, l->r->l7_proto))
		put_printable(l->w, l->r->l7_proto);
	else
		put_u8(l->w, '-');
}

static const char *first_text(const struct each_text *each)
{
	for (unsigned int i = 0; i < each->n; i++)
		if (each->values[i][0])
			return each->values[i];
	return "";
}

/* What nDPI says, or, where that is nothing, processors. */
static const char *server_name(const struct flow_record *r)
{
	if (r->server_name[0])
		return r->server_name;
	if (r->tls && r->tls->sni[0])
		return r->tls->sni;
	if (r->quic && r->quic->sni[0])
		return r->quic->sni;
	if (r->http)
		return first_text(&r->http->host);
	return r->dns ? first_text(&r->dns->name) : "";
}

static void text_cell_server_name(struct text_line *l)
{
	put_printable(l->w, server_name(l->r));
}

static void put_spaces(struct wbuf *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_u8(w, ' ');
}

/*
 * The cell just written between `from` and w->at, brought to its width; negative: to the right.
 * What a cell is too long is taken off the blanks of the next ones, so that the line finds back to
 * its columns.
 */
static void align_cell(struct wbuf *w, uint8_t *from, int width, size_t *debt)
{
	size_t len = (size_t)(w->at - from) + *debt;
	size_t wanted = (size_t)(width < 0 ? -width : width);
	size_t missing = wanted > len ? wanted - len : 0;

	*debt = len > wanted ? len - wanted : 0;
	len = (size_t)(w->at - from);
	put_spaces(w, missing);
	if (width < 0 && !w->failed) {
		memmove(from + missing, from, len);
		memset(from, ' ', missing);
	}
}

/* Every column is followed by a space, but the last: it has width 0 and ends the line. */
static void end_cell(struct wbuf *w, uint8_t *from, int width, size_t *debt)
{
	align_cell(w, from, width, debt);
	if (width) {
		put_u8(w, ' ');
		return;
	}
	while (!w->failed && w->at == from && from[-1] == ' ')
		from = --w->at; /* an empty last column leaves no blanks */
	put_u8(w, '\n');
}

void text_header(struct wbuf *w)
{
	size_t debt = 0;
	uint8_t *from;

#define NO_TEXT
#define TEXT(heading, width, cell)                                                                 \
	from = w->at;                                                                              \
	put_literal(w, heading);                                                                   \
	end_cell(w, from, width, &debt);
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, ...) text
#include "record/elements.def"
#undef TEXT
}

void text_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r)
{
	struct text_line line = {.w = w, .r = r, .encoder = e};
	size_t debt = 0;
	uint8_t *from;

#define TEXT(heading, width, cell)                                                                 \
	from = w->at;                                                                              \
	text_cell_##cell(&line);                                                                   \
	end_cell(w, from, width, &debt);
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, ...) text
#include "record/elements.def"
#undef TEXT
#undef NO_TEXT
}
