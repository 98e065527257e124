/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of elements.def as a table, the checks that make a wrong row not compile, and the
 * pages for people: docs/elements.md and docs/flow.schema.json.
 */
#include "record/elements.h"

#include <errno.h>

/* Widths and types of the kinds, by name. */
#define KIND(kind, member_bytes, wire, ipfix_type, json_schema)                                    \
	enum { MEMBER_BYTES_##kind = (member_bytes), WIRE_BYTES_##kind = (wire) };                 \
	static const char type_##kind[] = ipfix_type;                                              \
	static const char schema_##kind[] = json_schema;
#define RULE(rule, is_nullable, sentence)                                                          \
	enum { NULLABLE_##rule = (is_nullable) };                                                  \
	static const char rule_##rule[] = sentence;
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
#define WIRE(symbol, pen, id, tlv, kind, member, templates, ...)                                   \
	CHECK_WIDTH(symbol, kind, member)                                                          \
	CHECK_TEMPLATE(symbol, pen, id, kind, templates)
#include "record/elements.def"

	/* A key given twice is an enumerator defined twice. */
	enum {
#define FIELD(symbol, pen, id, tlv, key, ...) KEY_##key,
#include "record/elements.def"
	};

static const struct element_info elements[ELEMENT_N] = {
#define FIELD(name, number, id, tlv, json_key, kind, when, member, text, in, units, says)          \
	[ELEMENT_##name] = {.symbol = #name,                                                       \
			    .key = #json_key,                                                      \
			    .type = type_##kind,                                                   \
			    .json_schema = schema_##kind,                                          \
			    .rule = rule_##when,                                                   \
			    .unit = units,                                                         \
			    .sentence = says,                                                      \
			    .pen = number,                                                         \
			    .ipfix_id = id,                                                        \
			    .tlv_id = tlv,                                                         \
			    .wire_bytes = WIRE_BYTES_##kind,                                       \
			    .templates = in,                                                       \
			    .nullable = NULLABLE_##when},
#define WIRE(name, number, id, tlv, kind, member, in, units, says)                                 \
	[ELEMENT_##name] = {.symbol = #name,                                                       \
			    .type = type_##kind,                                                   \
			    .json_schema = schema_##kind,                                          \
			    .rule = rule_always,                                                   \
			    .unit = units,                                                         \
			    .sentence = says,                                                      \
			    .pen = number,                                                         \
			    .ipfix_id = id,                                                        \
			    .tlv_id = tlv,                                                         \
			    .wire_bytes = WIRE_BYTES_##kind,                                       \
			    .templates = in},
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

enum flow_template flow_record_template(const struct flow_record *r)
{
	bool icmp = flow_record_is_icmp(r);

	if (r->ip_version == 6)
		return icmp ? TEMPLATE_IPV6_ICMP : TEMPLATE_IPV6_PORTS;
	return icmp ? TEMPLATE_IPV4_ICMP : TEMPLATE_IPV4_PORTS;
}

static const char *template_words(uint8_t templates)
{
	switch (templates) {
	case TEMPLATE_ALL:
		return "all";
	case TEMPLATE_IPV4:
		return "IPv4";
	case TEMPLATE_IPV6:
		return "IPv6";
	case TEMPLATE_PORTS:
		return "with ports";
	case TEMPLATE_ONLY_IPV4_ICMP:
		return "IPv4 ICMP";
	case TEMPLATE_ONLY_IPV6_ICMP:
		return "IPv6 ICMP";
	default:
		return "";
	}
}

static void print_row(FILE *to, const struct element_info *e)
{
	char ipfix[24] = "", tlv[8] = "", bytes[8] = "";

	if (e->ipfix_id)
		snprintf(ipfix, sizeof ipfix, "%u/%u", e->pen, e->ipfix_id);
	if (e->tlv_id)
		snprintf(tlv, sizeof tlv, "%u", e->tlv_id);
	if (e->templates)
		snprintf(bytes, sizeof bytes, "%u", e->wire_bytes);
	fprintf(to, "| %s%s%s | %s | %s | %s | %s | %s | %s | %s | %s |\n", e->key ? "`" : "",
		e->key ? e->key : "", e->key ? "`" : "", ipfix, e->type, bytes,
		template_words(e->templates), tlv, e->unit, e->key ? e->rule : "", e->sentence);
}

/* A stream remembers its errors, so they are looked at once. */
static int stream_result(FILE *to)
{
	if (fflush(to) || ferror(to))
		return errno ? -errno : -EIO;
	return 0;
}

int elements_print_markdown(FILE *to)
{
	fputs("# Elements: what ftprobe says of a flow\n\n"
	      "Made from `lib/record/elements.def`; do not edit.\n\n"
	      "- **Key**: in JSON and CSV, in this order. Empty: only in binary formats.\n"
	      "- **IPFIX**: enterprise number and element id; 0 is IANA, 29305 the reverse of an "
	      "IANA element (RFC 5103).\n"
	      "- **Bytes**, **Templates**: width, and which of the templates (IPv4 or IPv6, with "
	      "ports or with ICMP) carry it.\n"
	      "  Empty: not sent over IPFIX.\n"
	      "- **TLV**: key in ntop's TLV, where addresses and end reasons are text, times are "
	      "seconds since 1970,\n"
	      "  and a value that means nothing has no key at all.\n"
	      "- **Null**: when JSON says null and CSV nothing.\n\n"
	      "| Key | IPFIX | Type | Bytes | Templates | TLV | Unit | Null | Meaning |\n"
	      "|---|---|---|---|---|---|---|---|---|\n",
	      to);
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		print_row(to, &elements[i]);
	return stream_result(to);
}

static void print_property(FILE *to, const struct element_info *e, const char *end)
{
	fprintf(to, "    \"%s\": {\n      \"description\": \"%s%s%s; %s\",\n", e->key, e->sentence,
		e->unit[0] ? "; unit: " : "", e->unit, e->rule);
	if (e->nullable)
		fprintf(to, "      \"anyOf\": [{\"type\": \"null\"}, {%s}]\n    }%s\n",
			e->json_schema, end);
	else
		fprintf(to, "      %s\n    }%s\n", e->json_schema, end);
}

/* The elements with a key; `last` of them gets no comma. */
static unsigned int last_with_key(void)
{
	unsigned int last = 0;

	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (elements[i].key)
			last = i;
	return last;
}

int elements_print_schema(FILE *to)
{
	unsigned int last = last_with_key();

	fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "  \"$comment\": \"Made from lib/record/elements.def; do not edit.\",\n"
	      "  \"title\": \"A flow record of ftprobe: one object a line\",\n"
	      "  \"type\": \"object\",\n  \"additionalProperties\": false,\n"
	      "  \"properties\": {\n",
	      to);
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (elements[i].key)
			print_property(to, &elements[i], i == last ? "" : ",");
	fputs("  },\n  \"required\": [\n", to);
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (elements[i].key)
			fprintf(to, "    \"%s\"%s\n", elements[i].key, i == last ? "" : ",");
	fputs("  ]\n}\n", to);
	return stream_result(to);
}
