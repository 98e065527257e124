/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options templates and their records: what a collector has to know beside the flows (RFC 7011 4,
 * RFC 5477, RFC 5610, RFC 6759; RFC 3954 6.1).
 */
#include "export/ipfix_internal.h"
#include "export/ipfix_values.h"

/* Strings of fixed width, which more collectors read, and more of them when it is these two. */
#define APPLICATION_NAME_BYTES	      24
#define APPLICATION_DESCRIPTION_BYTES 55
#define TYPE_NAME_BYTES		      40
/* NetFlow version 9: the scope "System", and four bytes of it. */
#define V9_SCOPE_SYSTEM	      1
#define V9_SCOPE_SYSTEM_BYTES 4
/* selectorAlgorithm: systematic by count, uniform at random (IANA's PSAMP registry). */
#define SELECT_SYSTEMATIC 1
#define SELECT_RANDOM	  4
/* samplingAlgorithm of NetFlow version 9. */
#define V9_SAMPLING_DETERMINISTIC 1
#define V9_SAMPLING_RANDOM	  2
/* From so many bytes on a length takes three (RFC 7011 7). */
#define LONG_TEXT_BYTES 255
/* Fields of an options template at most. */
#define REPORT_FIELDS_MAX 8

enum { FIELD_scope = 1, FIELD_full_only = 2, FIELD_string = 4 };

struct report_field {
	uint16_t id;
	uint16_t width; /* of a string: in other profiles than full, where it is VARIABLE */
	uint8_t flags;
};

static const struct report_field report_fields[IPFIX_REPORT_N][REPORT_FIELDS_MAX] = {
	[IPFIX_SAMPLING] = {{302, 8, FIELD_scope},
			    {304, 2, 0},
			    {305, 4, 0},
			    {306, 4, 0},
			    {311, 8, FIELD_full_only}},
	[IPFIX_SELECTION] = {{302, 8, FIELD_scope}, {318, 8, 0}, {319, 8, 0}},
	[IPFIX_METERING_STATISTICS] =
		{{149, 4, FIELD_scope}, {143, 4, FIELD_scope}, {41, 8, 0}, {42, 8, 0}, {40, 8, 0}},
	[IPFIX_METERING_RELIABILITY] = {{149, 4, FIELD_scope},
					{143, 4, FIELD_scope},
					{164, 8, 0},
					{165, 8, 0},
					{323, 8, 0},
					{323, 8, 0}},
	[IPFIX_EXPORTING_RELIABILITY] = {{144, 4, FIELD_scope},
					 {166, 8, 0},
					 {167, 8, 0},
					 {168, 8, 0},
					 {323, 8, 0},
					 {323, 8, 0}},
	[IPFIX_FLOW_KEYS] = {{145, 2, FIELD_scope}, {173, 8, 0}},
	[IPFIX_TYPES] = {{346, 4, FIELD_scope},
			 {303, 2, FIELD_scope},
			 {339, 1, 0},
			 {344, 1, 0},
			 {345, 2, 0},
			 {341, TYPE_NAME_BYTES, FIELD_string},
			 {340, 0, FIELD_string | FIELD_full_only}},
	[IPFIX_APPLICATIONS] = {{95, 4, FIELD_scope},
				{96, APPLICATION_NAME_BYTES, FIELD_string},
				{94, APPLICATION_DESCRIPTION_BYTES, FIELD_string},
				{372, 0, FIELD_string | FIELD_full_only}},
	[IPFIX_ANONYMIZATION] = {{145, 2, FIELD_scope},
				 {303, 2, FIELD_scope},
				 {346, 4, FIELD_scope},
				 {286, 2, 0},
				 {285, 2, 0}},
};

static const struct report_field v9_fields[IPFIX_REPORT_N][REPORT_FIELDS_MAX] = {
	[IPFIX_SAMPLING] = {{V9_SCOPE_SYSTEM, V9_SCOPE_SYSTEM_BYTES, FIELD_scope},
			    {34, 4, 0},
			    {35, 1, 0}},
	[IPFIX_APPLICATIONS] = {{V9_SCOPE_SYSTEM, V9_SCOPE_SYSTEM_BYTES, FIELD_scope},
				{95, 4, 0},
				{96, APPLICATION_NAME_BYTES, FIELD_string},
				{94, APPLICATION_DESCRIPTION_BYTES, FIELD_string}},
};

static bool is_v9(const struct ipfix_profile *p)
{
	return p->options.version == IPFIX_NETFLOW9;
}

static bool is_full(const struct ipfix_profile *p)
{
	return p->options.profile == PROFILE_FULL && !is_v9(p);
}

/* The fields of a report in this profile; how many, 0 when it has none. */
static uint32_t fields_of(const struct ipfix_profile *p, enum ipfix_report report,
			  struct report_field fields[REPORT_FIELDS_MAX])
{
	const struct report_field *from = is_v9(p) ? v9_fields[report] : report_fields[report];
	uint32_t n = 0;

	for (uint32_t i = 0; i < REPORT_FIELDS_MAX && from[i].id; i++) {
		if (from[i].flags & FIELD_full_only && !is_full(p))
			continue;
		fields[n] = from[i];
		if (from[i].flags & FIELD_string && is_full(p))
			fields[n].width = VARIABLE;
		if (from[i].id == 95 && p->long_application)
			fields[n].width = APPLICATION_PEN_BYTES;
		n++;
	}
	return n;
}

/* ---- which reports there are ---- */

static void add_type(struct ipfix_profile *p, uint32_t pen, uint16_t id, enum element element)
{
	if (pen == 0 || pen == PEN_REVERSE)
		return;
	for (uint32_t i = 0; i < p->n_types; i++)
		if (p->types[i].pen == pen && p->types[i].id == id)
			return;
	p->types[p->n_types++] = (struct ipfix_type){.pen = pen, .id = id, .element = element};
}

/* Every enterprise element that some template has. */
static void find_types(struct ipfix_profile *p)
{
	for (uint32_t t = 0; t < p->n_templates; t++)
		for (uint32_t f = 0; f < p->templates[t]->n; f++) {
			const struct ipfix_field *field = &p->templates[t]->fields[f];

			add_type(p, field->pen, field->id, field->element);
			if (element_list_type(field->element, p->options.transactions))
				add_type(p, element_info(field->element)->pen,
					 element_info(field->element)->ipfix_id, field->element);
			if (field->element == ELEMENT_L7_RISK_LIST)
				add_type(p, p->options.pen, OWN_RISK_NUMBER, ELEMENT_N);
		}
}

static bool has_element(const struct ipfix_profile *p, enum element element)
{
	for (uint32_t t = 0; t < p->n_templates; t++)
		for (uint32_t f = 0; f < p->templates[t]->n; f++)
			if (p->templates[t]->fields[f].element == element)
				return true;
	return false;
}

static bool lacks_unknown(const struct ipfix_profile *p)
{
	for (uint32_t i = 0; i < p->n_applications; i++)
		if (p->applications[i].id == 0)
			return false;
	return true;
}

static uint32_t count_of(const struct ipfix_profile *p, enum ipfix_report report)
{
	if (is_v9(p) && !v9_fields[report][0].id)
		return 0;
	switch (report) {
	case IPFIX_FLOW_KEYS:
		return p->n_templates;
	case IPFIX_TYPES:
		return p->n_types;
	case IPFIX_ANONYMIZATION:
		return p->n_hidden;
	case IPFIX_APPLICATIONS:
		if (!p->n_applications || !has_element(p, ELEMENT_APPLICATION_ID))
			return 0;
		return p->n_applications + p->add_unknown;
	default:
		return 1;
	}
}

void ipfix_reports_init(struct ipfix_profile *p, uint16_t first_id)
{
	p->n_reports = 0;
	memset(p->report_ids, 0, sizeof p->report_ids);
	p->add_unknown = lacks_unknown(p);
	find_types(p);
	for (unsigned int i = 0; i < IPFIX_REPORT_N; i++)
		if (count_of(p, (enum ipfix_report)i)) {
			p->report_ids[i] = (uint16_t)(first_id + p->n_reports);
			p->n_reports++;
		}
}

uint32_t ipfix_report_count(const struct ipfix_profile *p, enum ipfix_report report)
{
	return p->report_ids[report] ? count_of(p, report) : 0;
}

/* ---- templates ---- */

/* Report i of those that there are. */
static enum ipfix_report report_at(const struct ipfix_profile *p, uint32_t i)
{
	for (unsigned int report = 0; report < IPFIX_REPORT_N; report++)
		if (p->report_ids[report] && i-- == 0)
			return (enum ipfix_report)report;
	return IPFIX_REPORT_N;
}

struct ipfix_template_info ipfix_report_template_at(const struct ipfix_profile *p, uint32_t i)
{
	enum ipfix_report report = report_at(p, i);
	struct report_field fields[REPORT_FIELDS_MAX];
	uint32_t n = fields_of(p, report, fields), bytes = 0;

	for (uint32_t f = 0; f < n; f++)
		bytes += fields[f].width == VARIABLE ? 1 : fields[f].width;
	return (struct ipfix_template_info){
		.id = p->report_ids[report],
		.set_id = is_v9(p) ? 1 : 3,
		.record_bytes_min = (uint16_t)bytes,
		.options = true,
	};
}

void ipfix_report_template_put(const struct ipfix_profile *p, uint32_t i, struct wbuf *w)
{
	enum ipfix_report report = report_at(p, i);
	struct report_field fields[REPORT_FIELDS_MAX];
	uint16_t n = (uint16_t)fields_of(p, report, fields), scopes = 0;

	for (uint32_t f = 0; f < n; f++)
		scopes += fields[f].flags & FIELD_scope;
	put_be16(w, p->report_ids[report]);
	if (is_v9(p)) {
		/* Here it counts bytes of field specifiers. */
		put_be16(w, (uint16_t)(4 * scopes));
		put_be16(w, (uint16_t)(4 * (n - scopes)));
	} else {
		put_be16(w, n);
		put_be16(w, scopes);
	}
	for (uint32_t f = 0; f < n; f++) {
		put_be16(w, fields[f].id);
		put_be16(w, fields[f].width);
	}
}

/* ---- records ---- */

static void put_text(const struct ipfix_profile *p, struct wbuf *w, uint16_t width,
		     const char *text)
{
	uint8_t bytes[LONG_TEXT_BYTES - 1] = {0}; /* names and sentences are short */
	uint16_t room = !is_full(p) && width < sizeof bytes ? width : sizeof bytes;
	uint32_t len = ipfix_text_put(bytes, room, text);

	if (is_full(p))
		put_u8(w, (uint8_t)len);
	put_bytes(w, bytes, is_full(p) ? len : room);
}

/* A flow's key by the place of its elements in the template (flowKeyIndicator). */
static uint64_t key_bits(const struct ipfix_profile *p, const struct ipfix_template *t)
{
	static const enum element keys[] = {ELEMENT_PROTO,    ELEMENT_SRC_IPV4, ELEMENT_DST_IPV4,
					    ELEMENT_SRC_IPV6, ELEMENT_DST_IPV6, ELEMENT_SRC_PORT,
					    ELEMENT_DST_PORT, ELEMENT_VLAN,	ELEMENT_TUNNEL_ID};
	uint64_t bits = 0;

	for (uint32_t f = 0; f < t->n && f < 64; f++)
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			if (t->fields[f].element == keys[k] &&
			    !(keys[k] == ELEMENT_VLAN && p->options.ignore_vlan))
				bits |= 1ULL << f;
	return bits;
}

static void put_sampling(const struct ipfix_profile *p, const struct ipfix_numbers *n,
			 struct wbuf *w)
{
	uint32_t every = n->sampling_packets ? n->sampling_packets : 1;
	double probability = 1.0 / every;
	uint64_t bits;

	if (is_v9(p)) {
		put_be32(w, 0);
		put_be32(w, every);
		put_u8(w, n->sampling_random ? V9_SAMPLING_RANDOM : V9_SAMPLING_DETERMINISTIC);
		return;
	}
	put_be64(w, IPFIX_SELECTOR_ID);
	put_be16(w, n->sampling_random ? SELECT_RANDOM : SELECT_SYSTEMATIC);
	put_be32(w, 1);
	put_be32(w, every - 1);
	memcpy(&bits, &probability, sizeof bits);
	if (is_full(p))
		put_be64(w, bits);
}

static void put_numbers(const struct ipfix_numbers *n, enum ipfix_report report, struct wbuf *w)
{
	switch (report) {
	case IPFIX_METERING_STATISTICS:
		put_be32(w, n->observation_domain);
		put_be32(w, n->process_id);
		put_be64(w, n->exported_messages);
		put_be64(w, n->exported_records);
		put_be64(w, n->exported_octets);
		break;
	case IPFIX_METERING_RELIABILITY:
		put_be32(w, n->observation_domain);
		put_be32(w, n->process_id);
		put_be64(w, n->ignored_packets);
		put_be64(w, n->ignored_octets);
		put_be64(w, n->first_ignored_ns / 1000000);
		put_be64(w, n->last_ignored_ns / 1000000);
		break;
	case IPFIX_EXPORTING_RELIABILITY:
		put_be32(w, n->process_id);
		put_be64(w, n->not_sent_records);
		put_be64(w, n->not_sent_packets);
		put_be64(w, n->not_sent_octets);
		put_be64(w, n->first_not_sent_ns / 1000000);
		put_be64(w, n->last_not_sent_ns / 1000000);
		break;
	default: /* IPFIX_SELECTION */
		put_be64(w, IPFIX_SELECTOR_ID);
		put_be64(w, n->packets_observed);
		put_be64(w, n->packets_selected);
		break;
	}
}

static void put_application(const struct ipfix_profile *p, uint32_t i, struct wbuf *w)
{
	static const struct ipfix_application unknown = {
		.name = "Unknown", .description = "", .category = ""};
	const struct ipfix_application *a = &unknown;

	if (!p->add_unknown)
		a = &p->applications[i];
	else if (i)
		a = &p->applications[i - 1];
	if (is_v9(p))
		put_be32(w, 0);
	if (p->long_application) {
		put_u8(w, ENGINE_PANA_L7_PEN);
		put_be32(w, PEN_NTOP);
		put_u8(w, 0);
		put_be16(w, a->id);
	} else {
		put_be32(w, (uint32_t)ENGINE_USER_DEFINED << 24 | a->id);
	}
	put_text(p, w, APPLICATION_NAME_BYTES, a->name);
	put_text(p, w, APPLICATION_DESCRIPTION_BYTES, a->description[0] ? a->description : a->name);
	if (is_full(p))
		put_text(p, w, VARIABLE, a->category);
}

/* The number of an abstract data type (RFC 5610 3.1). */
static uint8_t type_number(const char *type)
{
	static const char *const types[] = {
		"octetArray",
		"unsigned8",
		"unsigned16",
		"unsigned32",
		"unsigned64",
		"signed8",
		"signed16",
		"signed32",
		"signed64",
		"float32",
		"float64",
		"boolean",
		"macAddress",
		"string",
		"dateTimeSeconds",
		"dateTimeMilliseconds",
		"dateTimeMicroseconds",
		"dateTimeNanoseconds",
		"ipv4Address",
		"ipv6Address",
	};

	for (uint8_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i], type) == 0)
			return i;
	return 0;
}

/* Of a list that of its values: it is their element that has a number. */
static const char *data_type(enum element element)
{
	const char *of_list = element_list_type(element, true);

	return of_list ? of_list : element_info(element)->type;
}

/* RFC 5610 3.2: default, quantity, identifier or flags. */
static uint8_t semantics_of(enum element element)
{
	enum { DEFAULT = 0, QUANTITY = 1, IDENTIFIER = 4, FLAGS = 5 };
	const struct element_info *e = element_info(element);

	const char *type = data_type(element);

	if (strncmp(type, "unsigned", 8) != 0)
		return DEFAULT;
	if (element == ELEMENT_L7_RISK || element == ELEMENT_REV_TCP_FLAGS)
		return FLAGS;
	return e->unit[0] || element == ELEMENT_L7_RISK_SCORE ? QUANTITY : IDENTIFIER;
}

/* tls_ja3s as tlsJa3s, as names of elements are written (RFC 7013 4.1). */
static void camel_case(char *to, size_t len, const char *key)
{
	size_t n = 0;

	for (; *key && n + 1 < len; key++) {
		bool joint = *key == '_' && key[1];

		key += joint;
		to[n++] = joint && *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A') : *key;
	}
	to[n] = '\0';
}

static void put_type(const struct ipfix_profile *p, const struct ipfix_type *t, struct wbuf *w)
{
	enum { OCTETS = 2 }; /* informationElementUnits (RFC 5610 3.3) */
	static const struct element_info number = {.key = "l7_risk_number",
						   .type = "unsigned8",
						   .unit = "",
						   .sentence = "number of a risk found by nDPI"};
	bool listed = t->element == ELEMENT_N;
	const struct element_info *e = listed ? &number : element_info(t->element);
	char name[TYPE_NAME_BYTES];

	camel_case(name, sizeof name, e->key);
	put_be32(w, t->pen);
	put_be16(w, t->id);
	put_u8(w, type_number(listed ? e->type : data_type(t->element)));
	put_u8(w, listed ? semantics_of(ELEMENT_L7_CONFIDENCE) : semantics_of(t->element));
	put_be16(w, strcmp(e->unit, "bytes") == 0 ? OCTETS : 0);
	put_text(p, w, TYPE_NAME_BYTES, name);
	if (is_full(p))
		put_text(p, w, VARIABLE, e->sentence);
}

uint16_t ipfix_report_put(const struct ipfix_profile *p, enum ipfix_report report, uint32_t i,
			  const struct ipfix_numbers *n, struct wbuf *w)
{
	struct wbuf before = *w;

	if (i >= ipfix_report_count(p, report))
		return 0;
	switch (report) {
	case IPFIX_SAMPLING:
		put_sampling(p, n, w);
		break;
	case IPFIX_FLOW_KEYS:
		put_be16(w, (uint16_t)(TEMPLATE_ID_FIRST + i));
		put_be64(w, key_bits(p, p->templates[i]));
		break;
	case IPFIX_TYPES:
		put_type(p, &p->types[i], w);
		break;
	case IPFIX_APPLICATIONS:
		put_application(p, i, w);
		break;
	case IPFIX_ANONYMIZATION:
		ipfix_hidden_put(p, i, w);
		break;
	default:
		put_numbers(n, report, w);
		break;
	}
	if (!w->failed)
		return p->report_ids[report];
	*w = before;
	return 0;
}
