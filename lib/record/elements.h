/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What we say of a flow: the rows of elements.def as an enum and a table, the tests for values
 * that mean nothing, and the pages made from them. Encoders expand the rows themselves.
 */
#pragma once
#include "record/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The IPFIX templates: flows differ in address family, and in ports or ICMP type and code. */
enum flow_template {
	TEMPLATE_IPV4_PORTS,
	TEMPLATE_IPV4_ICMP,
	TEMPLATE_IPV6_PORTS,
	TEMPLATE_IPV6_ICMP,
	TEMPLATE_N
};

/* The `templates` column: sets of the above. */
#define TEMPLATE_IPV4		(1U << TEMPLATE_IPV4_PORTS | 1U << TEMPLATE_IPV4_ICMP)
#define TEMPLATE_IPV6		(1U << TEMPLATE_IPV6_PORTS | 1U << TEMPLATE_IPV6_ICMP)
#define TEMPLATE_PORTS		(1U << TEMPLATE_IPV4_PORTS | 1U << TEMPLATE_IPV6_PORTS)
#define TEMPLATE_ALL		(TEMPLATE_IPV4 | TEMPLATE_IPV6)
#define TEMPLATE_ONLY_IPV4_ICMP (1U << TEMPLATE_IPV4_ICMP)
#define TEMPLATE_ONLY_IPV6_ICMP (1U << TEMPLATE_IPV6_ICMP)

/* Private enterprise number that marks the reverse of an IANA element (RFC 5103 6.1). */
#define PEN_REVERSE 29305U

/* Name of the form of a JSON record; a change that breaks readers changes the number. */
#define FLOW_SCHEMA "ftprobe.flow/1"

enum element {
#define FIELD(symbol, ...) ELEMENT_##symbol,
#define WIRE(symbol, ...)  ELEMENT_##symbol,
#include "record/elements.def"
	ELEMENT_N
};

/* The tests of the RULE rows: whether value v of record r means something. */
#define WHEN_always(r, v)  true
#define WHEN_icmp(r, v)	   flow_record_is_icmp(r)
#define WHEN_reverse(r, v) ((r)->packets[DIR_REV] != 0)
#define WHEN_mac(r, v)	   flow_record_has_macs(r)
#define WHEN_tunnel(r, v)  ((r)->tunnel_type != TUNNEL_NONE)
#define WHEN_l7(r, v)	   flow_record_has_l7(r)
#define WHEN_l7_name(r, v) (flow_record_has_l7(r) && (v)[0] != '\0')
#define WHEN_nonzero(r, v) ((v) != 0)
#define WHEN_set(r, v)	   ((v)[0] != '\0')
#define WHEN_dns(r, v)	   ((r)->dns_query_type != 0 && (r)->packets[DIR_REV] != 0)

/* One row, as pages and tests see it. */
struct element_info {
	const char *symbol;
	const char *key;	 /* of JSON and CSV, NULL for elements of binary formats only */
	const char *type;	 /* abstract data type of RFC 7012 */
	const char *json_schema; /* members of a schema object, for a value that is not null */
	const char *rule;	 /* when it is null, as a sentence */
	const char *unit;	 /* "" where there is none */
	const char *sentence;
	uint32_t pen;
	uint16_t ipfix_id;  /* 0, with pen 0: none */
	uint16_t tlv_id;    /* 0: none */
	uint8_t wire_bytes; /* in our templates */
	uint8_t templates;  /* bits 1 << enum flow_template */
	bool nullable;
};

/* The row of an element; static, any thread. */
const struct element_info *element_info(enum element element);

/* The element of these numbers, ELEMENT_N when there is none. Any thread. */
enum element element_by_ipfix(uint32_t pen, uint16_t id);
enum element element_by_tlv(uint16_t tlv_id);

/* Which template a record goes by. */
enum flow_template flow_record_template(const struct flow_record *r);

/* Writes docs/elements.md. 0 or -errno of the stream. */
int elements_print_markdown(FILE *to);

/* Writes docs/flow.schema.json (JSON Schema 2020-12). 0 or -errno of the stream. */
int elements_print_schema(FILE *to);
