/* SPDX-License-Identifier: BSD-3-Clause */
/* The names under which ntop's collectors know the keys of TLV, and the template message. */
#include "export/ntop_keys.h"

#include "record/elements.h"

#include <json.h>
#include <stdlib.h>
#include <string.h>

/* ntop's own numbers, and how much is added to them where a key has no enterprise number. */
#define PEN_NTOP  35632
#define NTOP_BASE 57472
/* Of a text of a processor's, or of a list of values; those of ntop's keys say so, too. */
#define TEXT_BYTES 128

static const struct ntop_key keys[] = {
	{1, "IN_BYTES", "formatted_uint", 8},
	{2, "IN_PKTS", "formatted_uint", 8},
	{4, "PROTOCOL", "formatted_uint", 1},
	{5, "SRC_TOS", "formatted_uint", 1},
	{7, "L4_SRC_PORT", "formatted_uint", 2},
	{8, "IPV4_SRC_ADDR", "ipv4_address", 4},
	{10, "INPUT_SNMP", "formatted_uint", 4},
	{11, "L4_DST_PORT", "formatted_uint", 2},
	{12, "IPV4_DST_ADDR", "ipv4_address", 4},
	{21, "LAST_SWITCHED", "epoch", 4},
	{22, "FIRST_SWITCHED", "epoch", 4},
	{23, "OUT_BYTES", "formatted_uint", 8},
	{24, "OUT_PKTS", "formatted_uint", 8},
	{27, "IPV6_SRC_ADDR", "ipv6_address", 16},
	{28, "IPV6_DST_ADDR", "ipv6_address", 16},
	{32, "ICMP_TYPE", "formatted_uint", 2},
	{34, "SAMPLING_INTERVAL", "formatted_uint", 4},
	{56, "IN_SRC_MAC", "mac_address", 6},
	{57, "OUT_DST_MAC", "mac_address", 6},
	{58, "SRC_VLAN", "formatted_uint", 2},
	{60, "IP_PROTOCOL_VERSION", "formatted_uint", 1},
	{130, "EXPORTER_IPV4_ADDRESS", "ipv4_address", 4},
	{136, "FLOW_END_REASON", "ascii", 16},
	{231, "INITIATOR_OCTETS", "formatted_uint", 8},
	{232, "RESPONDER_OCTETS", "formatted_uint", 8},
	{298, "INITIATOR_PKTS", "formatted_uint", 8},
	{299, "RESPONDER_PKTS", "formatted_uint", 8},
	{57550, "CLIENT_TCP_FLAGS", "formatted_uint", 1},
	{57551, "SERVER_TCP_FLAGS", "formatted_uint", 1},
	{57590, "L7_PROTO", "ascii", 16},
	{57594, "NPROBE_INSTANCE_NAME", "ascii", 64},
	{57652, "HTTP_URL", "ascii", 128},
	{57653, "HTTP_RET_CODE", "formatted_uint", 2},
	{57660, "TLS_SERVER_NAME", "ascii", 64},
	{57677, "DNS_QUERY", "ascii", 64},
	{57679, "DNS_QUERY_TYPE", "formatted_uint", 2},
	{57680, "DNS_RET_CODE", "formatted_uint", 2},
	{57833, "HTTP_SITE", "ascii", 64},
	{57943, "NPROBE_IPV4_ADDRESS", "ipv4_address", 4},
	{57981, "L7_PROTO_RISK", "formatted_uint", 8},
	{58011, "L7_INFO", "ascii", 64},
	{58032, "L7_CONFIDENCE", "formatted_uint", 1},
	{58051, "FLOW_SOURCE", "formatted_uint", 1},
	{58061, "UNIQUE_SOURCE_ID", "formatted_uint", 4},
};

static int compare(const void *id, const void *key)
{
	return (int)*(const uint32_t *)id - (int)((const struct ntop_key *)key)->id;
}

const struct ntop_key *ntop_key_by_id(uint32_t id)
{
	return bsearch(&id, keys, sizeof keys / sizeof keys[0], sizeof keys[0], compare);
}

/* What our own pages say of a key; its name where it is none of a record's. */
static const char *sentence(const struct ntop_key *k)
{
	enum element e = element_by_tlv(k->id);

	return e == ELEMENT_N ? k->name : element_info(e)->sentence;
}

struct told_key {
	uint32_t pen, id;
	int bytes;
	const char *format, *name, *sentence;
};

static int add_key(struct json_object *all, const struct told_key *k)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return -1;
	json_object_object_add(o, "PEN", json_object_new_int64(k->pen));
	json_object_object_add(o, "field", json_object_new_int64(k->id));
	json_object_object_add(o, "len", json_object_new_int(k->bytes));
	json_object_object_add(o, "format", json_object_new_string(k->format));
	json_object_object_add(o, "name", json_object_new_string(k->name));
	json_object_object_add(o, "descr", json_object_new_string(k->sentence));
	return json_object_array_add(all, o);
}

static int add_ntop_key(struct json_object *all, const struct ntop_key *k)
{
	const bool own = k->id > NTOP_BASE;
	const struct told_key told = {.pen = own ? PEN_NTOP : 0,
				      .id = k->id - (own ? NTOP_BASE : 0),
				      .bytes = k->bytes,
				      .format = k->format,
				      .name = k->name,
				      .sentence = sentence(k)};

	return add_key(all, &told);
}

/* Elements of processors whose key has an enterprise number; others go by their names anyway. */
static int add_processors(struct json_object *all, uint64_t missing)
{
	bool is_name;
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);
		const bool is_number = e->kind_name[0] == 'u' || !strcmp(e->kind_name, "mss");
		const struct told_key told = {.pen = e->pen,
					      .id = e->ipfix_id,
					      .bytes = is_number ? e->wire_bytes : TEXT_BYTES,
					      .format = is_number ? "formatted_uint" : "ascii",
					      .name = e->key,
					      .sentence = e->sentence};

		if (element_has_tlv_text((enum element)i, &is_name) && !is_name &&
		    !SOURCE_IS_MISSING(e->source_id, missing))
			rc = add_key(all, &told);
	}
	return rc;
}

char *ntop_template_json(uint64_t missing_sources)
{
	struct json_object *all = json_object_new_array();
	const char *text;
	char *copy = NULL;
	int rc = all ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < sizeof keys / sizeof keys[0]; i++)
		rc = add_ntop_key(all, &keys[i]);
	if (rc == 0)
		rc = add_processors(all, missing_sources);
	text = rc == 0 ?
		       json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN |
								   JSON_C_TO_STRING_NOSLASHESCAPE) :
		       NULL;
	if (text)
		copy = strdup(text);
	json_object_put(all);
	return copy;
}
