/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of elements.def as a table, and the checks that make a wrong row not compile.
 */
#include "record/elements.h"

#include <string.h>

_Static_assert(TEMPLATE_ALL ==
		       (unsigned int)(CLASS_FAMILY | CLASS_TRANSPORT | CLASS_L7 | CLASS_PATH),
	       "a bit of a class in no line, or in two");

/* Widths and types of the kinds, by name. */
#define KIND(kind, member_bytes, wire, ipfix_type, json_schema)                                    \
	enum { MEMBER_BYTES_##kind = (member_bytes), WIRE_BYTES_##kind = (wire) };                 \
	static const char type_##kind[] = ipfix_type;                                              \
	static const char schema_##kind[] = json_schema;
#define RULE(rule, is_nullable, sentence)                                                          \
	enum { NULLABLE_##rule = (is_nullable) };                                                  \
	static const char rule_##rule[] = sentence;
#define GROUP(group, templates, sentence) enum { GROUP_TEMPLATES_##group = (int)(templates) };
#define SOURCE(source, words, has)	  static const char source_##source[] = words;
#include "record/elements.def"

/* A member is as wide as its kind says. */
#define CHECK_WIDTH(symbol, kind, member)                                                          \
	_Static_assert(sizeof(((struct flow_record *)0)->member) == MEMBER_BYTES_##kind,           \
		       #symbol ": the member is not as wide as its kind");
/* What stands in a template has a number and a width. */
#define CHECK_TEMPLATE(symbol, pen, id, kind, templates)                                           \
	_Static_assert((templates) == 0 || ((id) != 0 && WIRE_BYTES_##kind != 0),                  \
		       #symbol ": in a template without a number or a width");                     \
	_Static_assert((pen) == 0 || (id) != 0, #symbol ": an enterprise number without an id");
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, templates, ...)                 \
	CHECK_WIDTH(symbol, kind, member)                                                          \
	CHECK_TEMPLATE(symbol, pen, id, kind, templates)
#define WIRE(symbol, pen, id, tlv, key, kind, member, templates, ...)                              \
	CHECK_WIDTH(symbol, kind, member)                                                          \
	CHECK_TEMPLATE(symbol, pen, id, kind, templates)
#include "record/elements.def"

/* A key given twice is an enumerator defined twice. */
enum {
#define FIELD(symbol, pen, id, tlv, key, ...) KEY_##key,
#include "record/elements.def"
};

/* What both kinds of rows have. */
#define ROW(name, number, id, tlv, json_key, kind, in, of, by, from, units, says)                  \
	.symbol = #name, .key = #json_key, .type = type_##kind, .json_schema = schema_##kind,      \
	.source = source_##from, .unit = (units), .sentence = (says),                              \
	.pen = PEN_IS_AGAIN(number) ? (number) & ((1U << 29) - 1) : (number),                      \
	.again = PEN_IS_AGAIN(number), .kind_name = #kind, .ipfix_id = (id), .tlv_id = (tlv),      \
	.wire_bytes = WIRE_BYTES_##kind, .templates = (in)&GROUP_TEMPLATES_##of,                   \
	.group = GROUP_##of, .sent = (by), .source_id = SOURCE_##from

static const struct element_info elements[ELEMENT_N] = {
#define FIELD(name, number, id, tlv, json_key, kind, when, member, text, in, of, by, from, ...)    \
	[ELEMENT_##name] = {ROW(name, number, id, tlv, json_key, kind, in, of, by, from,           \
				__VA_ARGS__),                                                      \
			    .rule = rule_##when, .in_json = true, .nullable = NULLABLE_##when},
#define WIRE(name, number, id, tlv, json_key, kind, member, in, of, by, from, ...)                 \
	[ELEMENT_##name] = {ROW(name, number, id, tlv, json_key, kind, in, of, by, from,           \
				__VA_ARGS__),                                                      \
			    .rule = rule_always},
#include "record/elements.def"
};

/* The enum ends where the table does: a symbol given twice does not compile either. */
_Static_assert(sizeof elements / sizeof elements[0] == ELEMENT_N, "rows");

const struct element_info *element_info(enum element element)
{
	return &elements[element];
}

/* Numbers as case labels: one given twice does not compile. Rows without one get their own. */
#define UNNUMBERED (1ULL << 62)
#define IPFIX_CASE(symbol, pen, id)                                                                \
	case (id) ? ((uint64_t)(pen) << 16 | (id)):                                                \
		(UNNUMBERED | ELEMENT_##symbol) : return ELEMENT_##symbol;
#define TLV_CASE(symbol, tlv)                                                                      \
	case (tlv) ? (uint64_t)(tlv):                                                              \
		(UNNUMBERED | ELEMENT_##symbol) : return ELEMENT_##symbol;

enum element element_by_ipfix(uint32_t pen_wanted, uint16_t id_wanted)
{
	switch ((uint64_t)pen_wanted << 16 | id_wanted) {
#define FIELD(symbol, pen, id, ...) IPFIX_CASE(symbol, pen, id)
#define WIRE(symbol, pen, id, ...)  IPFIX_CASE(symbol, pen, id)
#include "record/elements.def"
	default:
		return ELEMENT_N;
	}
}

enum element element_by_tlv(uint16_t tlv_id)
{
	switch ((uint64_t)tlv_id) {
#define FIELD(symbol, pen, id, tlv, ...) TLV_CASE(symbol, tlv)
#define WIRE(symbol, pen, id, tlv, ...)	 TLV_CASE(symbol, tlv)
#include "record/elements.def"
	default:
		return ELEMENT_N;
	}
}

bool element_has_tlv_text(enum element element, bool *is_name)
{
	const struct element_info *e = &elements[element];

	*is_name = e->pen == 0 || e->pen == PEN_REVERSE ||
		   (e->again && e->source_id == SOURCE_passivedns);
	return e->in_json && TLV_IS_OF_PROCESSOR(e->source_id, e->pen, e->tlv_id);
}

/* Two aliases of one element, or of one number, do not compile either. */
#define ALIAS(symbol, pen, id) _Static_assert((id) != 0, #symbol ": an alias without an id");
#include "record/elements.def"

bool element_alias(enum element element, uint32_t *pen_out, uint16_t *id_out)
{
	switch ((unsigned int)element) {
#define ALIAS(symbol, pen, id)                                                                     \
	case ELEMENT_##symbol:                                                                     \
		*pen_out = (pen);                                                                  \
		*id_out = (id);                                                                    \
		return true;
#include "record/elements.def"
	default:
		return false;
	}
}

bool element_is_reverse(enum element element)
{
	return strncmp(elements[element].symbol, "REV_", 4) == 0;
}

static bool is_each(const struct element_info *e)
{
	return strncmp(e->kind_name, "each_", 5) == 0;
}

const char *element_list_type(enum element element, bool transactions)
{
	static const char list[] = "basicList of ";
	const struct element_info *e = &elements[element];
	const size_t len = sizeof list - 1;

	if (is_each(e))
		return transactions ? NULL : e->type;
	return strncmp(e->type, list, len) ? NULL : e->type + len;
}

uint16_t element_wire_bytes(enum element element, bool transactions)
{
	const struct element_info *e = &elements[element];

	return is_each(e) && !transactions ? VARIABLE : e->wire_bytes;
}

const char *element_group_name(enum element_group group)
{
	static const char *const names[] = {
#define GROUP(group, ...) #group,
#include "record/elements.def"
	};

	return names[group];
}

const char *element_group_sentence(enum element_group group)
{
	static const char *const sentences[] = {
#define GROUP(group, templates, sentence) sentence,
#include "record/elements.def"
	};

	return sentences[group];
}

const char *element_profile_name(enum element_profile profile)
{
	static const char *const names[PROFILE_N] = {
		[PROFILE_COMPAT] = "compat",
		[PROFILE_FULL] = "full",
		[PROFILE_NTOP] = "ntop",
	};

	return names[profile];
}

static unsigned int l7_class(const struct flow_record *r)
{
	unsigned int c = r->l7_seen;

	/* nDPI tells QUIC as TLS, and SSDP as HTTP: over UDP one protocol is another's form. */
	if (c && r->protocol == 17)
		return c;
	if (r->tls_version || r->tls_alpn[0] || r->tls_ja3c[0] || r->tls_ja3s[0])
		c |= CLASS_TLS;
	if (r->http_status || r->http_url[0] || r->http_user_agent[0] || r->http_content_type[0])
		c |= CLASS_HTTP;
	if (r->dns_query_type)
		c |= CLASS_DNS;
	if (c)
		return c; /* SSH carries none of these */
	if (r->ssh_client[0] || r->ssh_server[0] || r->ssh_hassh_client[0] ||
	    r->ssh_hassh_server[0])
		c |= CLASS_SSH;
	return c ? c : CLASS_UNNAMED;
}

unsigned int flow_record_class(const struct flow_record *r)
{
	bool tunnel = r->tunnel_type != TUNNEL_NONE || r->mpls_labels_n;

	return flow_record_short_class(r) | l7_class(r) | (tunnel ? CLASS_TUNNEL : CLASS_PLAIN);
}
