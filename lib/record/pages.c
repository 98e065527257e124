/* SPDX-License-Identifier: BSD-3-Clause */
/* The pages for people that are made from the rows: docs/elements.md and docs/flow.schema.json. */
#include "record/elements.h"

#include <errno.h>

/* A stream remembers its errors, so they are looked at once. */
static int stream_result(FILE *to)
{
	if (fflush(to) || ferror(to))
		return errno ? -errno : -EIO;
	return 0;
}

static const char *family_words(unsigned int templates)
{
	switch (templates & CLASS_FAMILY) {
	case CLASS_IPV4:
		return " IPv4";
	case CLASS_IPV6:
		return " IPv6";
	default:
		return "";
	}
}

static const char *transport_words(unsigned int templates)
{
	switch (templates & CLASS_TRANSPORT) {
	case CLASS_TCP:
		return " TCP";
	case CLASS_ICMP:
		return " ICMP";
	case CLASS_TCP | CLASS_PORTS:
		return " with ports";
	default:
		return "";
	}
}

static const char *l7_words(unsigned int templates)
{
	switch (templates & CLASS_L7) {
	case CLASS_UNNAMED:
		return " other L7";
	case CLASS_TLS:
		return " TLS";
	case CLASS_TLS | CLASS_QUIC:
		return " TLS QUIC";
	case CLASS_HTTP:
		return " HTTP";
	case CLASS_DNS:
		return " DNS";
	case CLASS_SSH:
		return " SSH";
	case CLASS_RTSP:
		return " RTSP";
	case CLASS_SIP:
		return " SIP";
	case CLASS_NTP:
		return " NTP";
	case CLASS_SMTP:
		return " SMTP";
	case CLASS_SSDP:
		return " SSDP";
	case CLASS_DNSSD:
		return " DNS-SD";
	case CLASS_NETBIOS:
		return " NetBIOS";
	case CLASS_MQTT:
		return " MQTT";
	case CLASS_QUIC:
		return " QUIC";
	case CLASS_WG:
		return " WireGuard";
	default:
		return "";
	}
}

/* The flows that carry it, in words; "" for an element of no template. */
static void flows_words(char *to, size_t len, unsigned int templates)
{
	snprintf(to, len, "%s%s%s%s", family_words(templates), transport_words(templates),
		 l7_words(templates),
		 (templates & CLASS_PATH) == CLASS_TUNNEL ? " tunnels, MPLS" : "");
	if (templates && !to[0])
		snprintf(to, len, " all");
}

static void profile_words(char *to, size_t len, const struct element_info *e)
{
	snprintf(to, len, "%s%s%s", e->sent & 1U << PROFILE_COMPAT ? " compat" : "",
		 e->sent & 1U << PROFILE_FULL ? " full" : "",
		 e->sent & 1U << PROFILE_NTOP ? " ntop" : "");
	if (e->templates && !to[0])
		snprintf(to, len, " by choice");
}

static void number_words(char *to, size_t len, uint32_t pen, uint16_t id)
{
	to[0] = '\0';
	if (pen == PEN_OWN)
		snprintf(to, len, "own/%u", id);
	else if (id)
		snprintf(to, len, "%u/%u", pen, id);
}

static void print_row(FILE *to, enum element element)
{
	const struct element_info *e = element_info(element);
	char ipfix[24], alias[24] = "", tlv[40] = "", bytes[8] = "";
	char flows[64] = "", profiles[32] = "";
	const bool is_each = element_list_type(element, false) && !element_list_type(element, true);
	bool tlv_is_name;
	uint16_t id;
	uint32_t pen;

	number_words(ipfix, sizeof ipfix, e->pen, e->ipfix_id);
	if (element_alias(element, &pen, &id))
		number_words(alias, sizeof alias, pen, id);
	if (e->tlv_id)
		snprintf(tlv, sizeof tlv, "%u", e->tlv_id);
	else if (element_has_tlv_text(element, &tlv_is_name) && tlv_is_name)
		snprintf(tlv, sizeof tlv, "`%s`", e->key);
	else if (element_has_tlv_text(element, &tlv_is_name))
		snprintf(tlv, sizeof tlv, "`%u.%u`", e->pen, e->ipfix_id);
	if (e->templates && e->wire_bytes == VARIABLE)
		snprintf(bytes, sizeof bytes, "var");
	else if (e->templates)
		snprintf(bytes, sizeof bytes, "%u", e->wire_bytes);
	flows_words(flows, sizeof flows, e->templates);
	profile_words(profiles, sizeof profiles, e);
	fprintf(to, "| %s%s%s | %s | %s | %s%s | %s | %s |%s |%s | %s | %s | %s | %s | %s |\n",
		e->in_json ? "`" : "", e->key, e->in_json ? "`" : "", ipfix, alias, e->type,
		is_each ? ", one a transaction" : "", bytes,
		element_group_name((enum element_group)e->group), flows, profiles, tlv, e->unit,
		e->source, e->in_json ? e->rule : "", e->sentence);
}

static void print_groups(FILE *to)
{
	fputs("\n## Groups\n\n| Group | Fields |\n|---|---|\n", to);
	for (unsigned int g = 0; g < GROUP_N; g++)
		fprintf(to, "| `%s` | %s |\n", element_group_name((enum element_group)g),
			element_group_sentence((enum element_group)g));
}

int elements_print_markdown(FILE *to)
{
	fputs("# Elements: what ftprobe says of a flow\n\n"
	      "Made from `lib/record/elements.def`; do not edit.\n\n"
	      "- **Key**: in JSON and CSV, in this order. Plain: only in binary formats, and what "
	      "`fields` of an output calls it.\n"
	      "- **IPFIX**: enterprise number and element id; 0 is IANA, 29305 the reverse of an "
	      "IANA element (RFC 5103),\n"
	      "  8057 CESNET, 39499 Flowmon, 35632 ntop. `own`: under the enterprise number `pen` "
	      "of an output, and without\n"
	      "  one not sent over IPFIX. Times are 156 and 157, in nanoseconds, in profile full.\n"
	      "- **ntop**: another number in profile ntop; one of enterprise 0 also in NetFlow "
	      "version 9, where enterprise\n"
	      "  elements and variable widths do not exist.\n"
	      "- **Bytes**: width; var: with its length before it. **Flows**: which templates "
	      "carry it.\n"
	      "- **Profile**: which profiles send it. By choice: when `fields` of an output names "
	      "it, its group, or all.\n"
	      "- **TLV**: key in ntop's TLV, where addresses and end reasons are text, times are "
	      "seconds since 1970,\n"
	      "  and a value that means nothing has no key at all. The JSON of ZMQ has the same "
	      "keys, or ntop's names of them.\n"
	      "  In `code`: a text, under which fields of processors go, since ntop has no number "
	      "for them. A list is a text there,\n"
	      "  a line of CSV (RFC 4180), octetArray hexadecimal; a list of empty texts has no "
	      "key. `own` elements go as\n"
	      "  `PEN.ID`, too, with the `pen` of the output.\n"
	      "- **From**: where the value comes from. JSON and CSV have the keys of a processor, "
	      "and a profile sends its\n"
	      "  fields, while it runs (`processors`, see [processors.md](processors.md)); of an "
	      "application protocol only for\n"
	      "  flows in which it was seen.\n"
	      "- **Type**, one a transaction: a list of it (in IPFIX a basicList) with `records = "
	      "flow`, and one value with\n"
	      "  `records = transaction`. octetArray is hexadecimal in JSON and CSV.\n"
	      "  In CSV a list is one column, with a blank between its values; a text that is "
	      "empty or has blanks, commas or\n"
	      "  quotes is in quotes there, once more than CSV's own.\n"
	      "- **Null**: when JSON says null and CSV nothing; IPFIX has 0 or an empty "
	      "string.\n\n"
	      "| Key | IPFIX | ntop | Type | Bytes | Group | Flows | Profile | TLV | Unit | From | "
	      "Null | Meaning |\n"
	      "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
	      to);
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		print_row(to, (enum element)i);
	print_groups(to);
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
		if (element_info((enum element)i)->in_json)
			last = i;
	return last;
}

/* The keys of processors are there while these run. */
static void print_required(FILE *to)
{
	const char *joint = "";

	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);

		if (!e->in_json || e->source_id >= SOURCE_PROCESSORS)
			continue;
		fprintf(to, "%s    \"%s\"", joint, e->key);
		joint = ",\n";
	}
	fputc('\n', to);
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
		if (element_info((enum element)i)->in_json)
			print_property(to, element_info((enum element)i), i == last ? "" : ",");
	fputs("  },\n  \"required\": [\n", to);
	print_required(to);
	fputs("  ]\n}\n", to);
	return stream_result(to);
}
