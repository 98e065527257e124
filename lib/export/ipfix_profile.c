/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Templates of a profile: each class of flows has the chosen fields that it can have, and classes
 * with the same fields share a template and its id.
 */
#include "export/ipfix_profile.h"

#include "core/limits.h"
#include "export/ipfix_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A message's length is 16 bits (RFC 7011 3.1); its header and that of one set. */
#define RECORD_BYTES_DEFAULT (65535 - 16 - 4)

#define L7_SEVERAL	     (L7_CLASSES - 1)
_Static_assert(CLASS_L7 / CLASS_UNNAMED == (1 << L7_SEVERAL) - 1, "a place for each protocol");

/* Protocols that flows of a transport have: others count as several, which has templates anyway. */
#define OVER_BOTH (CLASS_UNNAMED | CLASS_TLS | CLASS_HTTP | CLASS_DNS | CLASS_RTSP | CLASS_SIP)
#define OVER_TCP  (OVER_BOTH | CLASS_SSH | CLASS_SMTP | CLASS_MQTT)
#define OVER_UDP                                                                                   \
	(OVER_BOTH | CLASS_NTP | CLASS_SSDP | CLASS_DNSSD | CLASS_NETBIOS | CLASS_QUIC | CLASS_WG)

/*
 * The place of a class among CLASSES. Of several protocols in a tunnel the first one counts:
 * templates keep to the 60 fields that tshark reads.
 */
static unsigned int class_place(unsigned int c)
{
	unsigned int transport = c & CLASS_TCP ? 0 : c & CLASS_PORTS ? 1 : 2;
	unsigned int l7 = c & CLASS_L7, of_l7 = L7_SEVERAL;

	if (!(l7 & (l7 - 1)) || c & CLASS_TUNNEL)
		of_l7 = (unsigned int)__builtin_ctz(l7 / CLASS_UNNAMED);
	return (((c & CLASS_IPV6 ? 1 : 0) * 3 + transport) * L7_CLASSES + of_l7) * 2 +
	       (c & CLASS_TUNNEL ? 1 : 0);
}

/* The class at a place. Nothing is carried by ICMP. No flow of several in a tunnel comes here. */
static unsigned int class_at(unsigned int place)
{
	static const unsigned int transports[] = {CLASS_TCP, CLASS_PORTS, CLASS_ICMP};
	static const unsigned int over[] = {OVER_TCP, OVER_UDP, CLASS_UNNAMED};

	const unsigned int transport = place / (2 * L7_CLASSES) % 3;
	const unsigned int one = (unsigned int)CLASS_UNNAMED << place / 2 % L7_CLASSES;
	unsigned int l7 = one & over[transport];

	if (!l7 && place % 2)
		l7 = CLASS_UNNAMED;
	else if (!l7)
		l7 = over[transport] & ~(unsigned int)CLASS_SSH;
	if (l7 & (l7 - 1))
		l7 &= ~(unsigned int)CLASS_UNNAMED;
	return (place % 2 ? CLASS_TUNNEL : CLASS_PLAIN) | l7 | transports[transport] |
	       (place / (CLASSES / 2) ? CLASS_IPV6 : CLASS_IPV4);
}

static uint16_t field_width(const struct ipfix_profile *p, enum element e)
{
	if (e == ELEMENT_APPLICATION_ID && p->long_application)
		return APPLICATION_PEN_BYTES;
	return element_wire_bytes(e, p->options.transactions);
}

/* flowStartMilliseconds 152 and flowEndMilliseconds 153 are 156 and 157 in nanoseconds. */
static uint16_t field_id(const struct ipfix_profile *p, enum element e, uint16_t id)
{
	if (p->nanoseconds && strcmp(element_info(e)->type, "dateTimeMilliseconds") == 0)
		return (uint16_t)(id + 4);
	return id;
}

/* Of a value, when it is variable and empty: a list says what it is of. */
static uint32_t least_bytes(const struct ipfix_field *f)
{
	if (f->width != VARIABLE)
		return f->width;
	return f->id == IPFIX_BASIC_LIST && !f->pen ? 1 + LIST_HEADER_BYTES : 1;
}

static void add_field(const struct ipfix_profile *p, struct ipfix_template *t, enum element e)
{
	struct ipfix_field *f = &t->fields[t->n];

	if (!ipfix_number_of(&p->options, e, &f->pen, &f->id))
		return;
	f->element = e;
	f->id = field_id(p, e, f->id);
	f->width = field_width(p, e);
	t->n++;
	t->bytes_min += least_bytes(f);
	t->n_variable += f->width == VARIABLE;
	t->template_bytes += f->pen ? 8 : 4;
}

static void build(const struct ipfix_profile *p, struct ipfix_template *t,
		  const bool chosen[ELEMENT_N], unsigned int flow_class)
{
	uint32_t room = p->options.record_bytes_max;

	memset(t, 0, sizeof *t);
	t->template_bytes = 4;
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		unsigned int templates = element_info((enum element)i)->templates;

		if (chosen[i] && CLASS_MEETS(templates, flow_class))
			add_field(p, t, (enum element)i);
	}
	t->bytes_max = t->bytes_min + t->n_variable * (2 + DPI_STRING_MAX);
	if (t->bytes_max > room)
		t->bytes_max = room;
}

static bool is_same(const struct ipfix_template *a, const struct ipfix_template *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->fields[i].element != b->fields[i].element)
			return false;
	return true;
}

/* A template like t: the one that is there, or a copy. 0 or -ENOMEM. */
static int keep(struct ipfix_profile *p, const struct ipfix_template *t, unsigned int place)
{
	uint32_t i = 0;

	while (i < p->n_templates && !is_same(p->templates[i], t))
		i++;
	if (i == p->n_templates) {
		p->templates[i] = malloc(sizeof *t);
		if (!p->templates[i])
			return -ENOMEM;
		*p->templates[i] = *t;
		p->n_templates++;
	}
	p->template_of[place] = (uint8_t)i;
	return 0;
}

static int refuse_template(const struct ipfix_profile *p, const struct ipfix_template *t,
			   char *error, size_t error_len)
{
	uint32_t need = t->bytes_min > t->template_bytes ? t->bytes_min : t->template_bytes;

	if (!t->n) {
		snprintf(error, error_len,
			 "fields: some flows would have none; choose more, such as basic");
		return -EINVAL;
	}
	if (need <= p->options.record_bytes_max)
		return 0;
	snprintf(error, error_len,
		 "fields: a record or template needs %u bytes, messages have room for %u; choose "
		 "fewer, or let messages be longer",
		 need, p->options.record_bytes_max);
	return -EINVAL;
}

static int build_all(struct ipfix_profile *p, const bool chosen[ELEMENT_N], char *error,
		     size_t error_len)
{
	struct ipfix_template *t = malloc(sizeof *t);
	int result = t ? 0 : -ENOMEM;

	for (unsigned int place = 0; place < CLASSES && !result; place++) {
		build(p, t, chosen, class_at(place));
		result = refuse_template(p, t, error, error_len);
		if (!result)
			result = keep(p, t, place);
	}
	free(t);
	return result;
}

/* Whether a class of layer 7 or path has a template of its own. */
static bool has_short_classes(const struct ipfix_profile *p)
{
	for (unsigned int place = 0; place < CLASSES; place++)
		if (p->template_of[place] !=
		    p->template_of[place / (2 * L7_CLASSES) * (2 * L7_CLASSES)])
			return false;
	return true;
}

static bool is_compat(const struct ipfix_profile *p, const bool chosen[ELEMENT_N])
{
	if (p->options.profile != PROFILE_COMPAT || p->options.version != IPFIX_IPFIX)
		return false;
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);
		bool reverse = element_is_reverse((enum element)i) && !p->options.biflow;

		if (chosen[i] != ((e->sent & 1U << PROFILE_COMPAT) && !reverse))
			return false;
	}
	return true;
}

static void set_options(struct ipfix_profile *p, const struct ipfix_options *o)
{
	bool full = o->profile == PROFILE_FULL;

	p->options = *o;
	p->options.fields = NULL;
	if (!o->version)
		p->options.version = IPFIX_IPFIX;
	if (!o->record_bytes_max || o->record_bytes_max > RECORD_BYTES_DEFAULT)
		p->options.record_bytes_max = RECORD_BYTES_DEFAULT;
	p->nanoseconds = full && p->options.version == IPFIX_IPFIX;
	p->long_application = p->nanoseconds;
}

static int make(struct ipfix_profile *p, const struct ipfix_options *o, char *error,
		size_t error_len)
{
	struct ipfix_options choice = *o;
	bool chosen[ELEMENT_N];
	int result;

	set_options(p, o);
	choice.version = p->options.version;
	result = ipfix_fields_choose(&choice, chosen, error, error_len);
	if (!result)
		result = build_all(p, chosen, error, error_len);
	if (!result)
		result = ipfix_hidden_find(p);
	if (!result && chosen[ELEMENT_COMMUNITY_ID])
		result = community_id_create(&p->community_id);
	if (result)
		return result;
	p->short_classes = has_short_classes(p);
	p->compat = is_compat(p, chosen);
	ipfix_reports_init(p, (uint16_t)(TEMPLATE_ID_FIRST + p->n_templates));
	return 0;
}

int ipfix_profile_create(struct ipfix_profile **out, const struct ipfix_options *o, char *error,
			 size_t error_len)
{
	struct ipfix_profile *p = calloc(1, sizeof *p);
	int result = p ? make(p, o, error, error_len) : -ENOMEM;

	if (result) {
		ipfix_profile_destroy(p);
		return result;
	}
	*out = p;
	return 0;
}

void ipfix_profile_destroy(struct ipfix_profile *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->n_templates; i++)
		free(p->templates[i]);
	community_id_destroy(p->community_id);
	free(p->hidden);
	free(p);
}

void ipfix_profile_set_applications(struct ipfix_profile *p, const struct ipfix_application *list,
				    uint32_t n)
{
	p->applications = list;
	p->n_applications = n;
	ipfix_reports_init(p, (uint16_t)(TEMPLATE_ID_FIRST + p->n_templates));
}

uint32_t ipfix_template_count(const struct ipfix_profile *p)
{
	return p->n_templates + p->n_reports;
}

struct ipfix_template_info ipfix_template_at(const struct ipfix_profile *p, uint32_t i)
{
	if (i >= p->n_templates)
		return ipfix_report_template_at(p, i - p->n_templates);
	return (struct ipfix_template_info){
		.id = (uint16_t)(TEMPLATE_ID_FIRST + i),
		.set_id = p->options.version == IPFIX_NETFLOW9 ? 0 : 2,
		.record_bytes_min = (uint16_t)p->templates[i]->bytes_min,
	};
}

void ipfix_template_put(const struct ipfix_profile *p, uint32_t i, struct wbuf *w)
{
	const struct ipfix_template *t;

	if (i >= p->n_templates) {
		ipfix_report_template_put(p, i - p->n_templates, w);
		return;
	}
	t = p->templates[i];
	put_be16(w, (uint16_t)(TEMPLATE_ID_FIRST + i));
	put_be16(w, (uint16_t)t->n);
	for (uint32_t f = 0; f < t->n; f++) {
		const struct ipfix_field *field = &t->fields[f];

		put_be16(w, field->pen ? field->id | ENTERPRISE_BIT : field->id);
		put_be16(w, field->width);
		if (field->pen)
			put_be32(w, field->pen);
	}
}

/* Whether times need no order_times(): without branches, since they hardly ever do. */
static bool is_ordered(const struct flow_record *r)
{
	bool bad = (r->start_ns > r->end_ns) | (r->end_ns > IPFIX_TIME_MAX_NS);

	for (int d = 0; d < DIR_N; d++)
		bad |= (r->dir_start_ns[d] != 0) &
		       ((r->dir_start_ns[d] < r->start_ns) | (r->dir_end_ns[d] > r->end_ns) |
			(r->dir_start_ns[d] > r->dir_end_ns[d]));
	return !bad;
}

static uint16_t put_steps(const struct ipfix_profile *p, struct wbuf *w,
			  const struct flow_record *r)
{
	unsigned int c = p->short_classes ?
				 flow_record_short_class(r) | CLASS_UNNAMED | CLASS_PLAIN :
				 flow_record_class(r);
	unsigned int i = p->template_of[class_place(c)];

	if (w->failed || wbuf_room(w) < p->templates[i]->bytes_max)
		return 0;
	w->at = ipfix_steps_put(p, p->templates[i], w->at, r);
	return (uint16_t)(TEMPLATE_ID_FIRST + i);
}

static uint16_t put_compat(const struct ipfix_profile *p, struct wbuf *w,
			   const struct flow_record *r)
{
	struct wbuf before = *w;
	enum ipfix_compat which = ipfix_compat_put(w, r, p->options.biflow);

	if (which == COMPAT_N) {
		*w = before;
		return 0;
	}
	return (uint16_t)(TEMPLATE_ID_FIRST + which);
}

/* Start, end and export time in this order, which is why no time is beyond those of messages. */
static void order_times(struct flow_record *r)
{
	if (r->start_ns > IPFIX_TIME_MAX_NS)
		r->start_ns = IPFIX_TIME_MAX_NS;
	if (r->end_ns > IPFIX_TIME_MAX_NS)
		r->end_ns = IPFIX_TIME_MAX_NS;
	flow_record_order_times(r);
}

uint16_t ipfix_record_put(const struct ipfix_profile *p, struct wbuf *w,
			  const struct flow_record *r)
{
	struct flow_record ordered;

	if (__builtin_expect(!is_ordered(r), 0)) {
		ordered = *r;
		order_times(&ordered);
		r = &ordered;
	}
	return p->compat ? put_compat(p, w, r) : put_steps(p, w, r);
}

uint32_t ipfix_export_time_s(uint64_t now_ns, uint64_t latest_end_ns)
{
	uint64_t ns = now_ns > latest_end_ns ? now_ns : latest_end_ns;

	return (uint32_t)(ns / 1000000000 + (ns % 1000000000 != 0));
}
