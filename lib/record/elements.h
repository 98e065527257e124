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

/*
 * What kinds of flows there are for templates: one bit of each line is set in the class of a flow
 * (several in that of L7, when DPI saw more than one protocol). The bits of a row say which flows
 * carry it: those whose class meets them in every line.
 */
enum flow_class {
	CLASS_IPV4 = 1 << 0,
	CLASS_IPV6 = 1 << 1,

	CLASS_TCP = 1 << 2,
	CLASS_PORTS = 1 << 3, /* all but TCP and ICMP */
	CLASS_ICMP = 1 << 4,

	CLASS_UNNAMED = 1 << 5, /* none of the next */
	CLASS_TLS = 1 << 6,
	CLASS_HTTP = 1 << 7,
	CLASS_DNS = 1 << 8,
	CLASS_SSH = 1 << 9,
	CLASS_RTSP = 1 << 10,
	CLASS_SIP = 1 << 11,
	CLASS_NTP = 1 << 12,
	CLASS_SMTP = 1 << 13,
	CLASS_SSDP = 1 << 14,
	CLASS_DNSSD = 1 << 15,
	CLASS_NETBIOS = 1 << 16,
	CLASS_MQTT = 1 << 17,
	CLASS_QUIC = 1 << 18,
	CLASS_WG = 1 << 19,

	CLASS_PLAIN = 1 << 20,
	CLASS_TUNNEL = 1 << 21, /* or MPLS */

	CLASS_FAMILY = CLASS_IPV4 | CLASS_IPV6,
	CLASS_TRANSPORT = CLASS_TCP | CLASS_PORTS | CLASS_ICMP,
	CLASS_L7 = CLASS_PLAIN - CLASS_UNNAMED,
	CLASS_PATH = CLASS_PLAIN | CLASS_TUNNEL,
};

/* The `templates` column of rows and groups: sets of the above, all bits of the other lines. */
#define TEMPLATE_ALL		((1U << 22) - 1)
#define TEMPLATE_IPV4		(TEMPLATE_ALL & ~(unsigned int)CLASS_IPV6)
#define TEMPLATE_IPV6		(TEMPLATE_ALL & ~(unsigned int)CLASS_IPV4)
#define TEMPLATE_PORTS		(TEMPLATE_ALL & ~(unsigned int)CLASS_ICMP)
#define TEMPLATE_ICMP		(TEMPLATE_ALL & ~(unsigned int)(CLASS_TCP | CLASS_PORTS))
#define TEMPLATE_ONLY_IPV4_ICMP (TEMPLATE_IPV4 & TEMPLATE_ICMP)
#define TEMPLATE_ONLY_IPV6_ICMP (TEMPLATE_IPV6 & TEMPLATE_ICMP)
#define TEMPLATE_TCP		(TEMPLATE_ALL & ~(unsigned int)(CLASS_PORTS | CLASS_ICMP))
#define TEMPLATE_TUNNEL		(TEMPLATE_ALL & ~(unsigned int)CLASS_PLAIN)
#define TEMPLATE_L7(bit)	((TEMPLATE_ALL & ~(unsigned int)CLASS_L7) | (unsigned int)(bit))
#define TEMPLATE_UNNAMED	TEMPLATE_L7(CLASS_UNNAMED)
#define TEMPLATE_TLS		TEMPLATE_L7(CLASS_TLS)
#define TEMPLATE_HTTP		TEMPLATE_L7(CLASS_HTTP)
#define TEMPLATE_DNS		TEMPLATE_L7(CLASS_DNS)
#define TEMPLATE_SSH		TEMPLATE_L7(CLASS_SSH)
#define TEMPLATE_TLS_QUIC	TEMPLATE_L7(CLASS_TLS | CLASS_QUIC)
#define TEMPLATE_RTSP		TEMPLATE_L7(CLASS_RTSP)
#define TEMPLATE_SIP		TEMPLATE_L7(CLASS_SIP)
#define TEMPLATE_NTP		TEMPLATE_L7(CLASS_NTP)
#define TEMPLATE_SMTP		TEMPLATE_L7(CLASS_SMTP)
#define TEMPLATE_SSDP		TEMPLATE_L7(CLASS_SSDP)
#define TEMPLATE_DNSSD		TEMPLATE_L7(CLASS_DNSSD)
#define TEMPLATE_NETBIOS	TEMPLATE_L7(CLASS_NETBIOS)
#define TEMPLATE_MQTT		TEMPLATE_L7(CLASS_MQTT)
#define TEMPLATE_QUIC		TEMPLATE_L7(CLASS_QUIC)
#define TEMPLATE_WG		TEMPLATE_L7(CLASS_WG)

/* Whether flows of a class carry a row: constant where both are. */
#define CLASS_MEETS(templates, flow_class)                                                         \
	(((templates) & (flow_class)&CLASS_FAMILY) != 0 &&                                         \
	 ((templates) & (flow_class)&CLASS_TRANSPORT) != 0 &&                                      \
	 ((templates) & (flow_class)&CLASS_L7) != 0 &&                                             \
	 ((templates) & (flow_class)&CLASS_PATH) != 0)

/* Ready-made choices of fields and forms. */
enum element_profile {
	PROFILE_COMPAT, /* what every collector reads rightly */
	PROFILE_FULL,	/* everything: RFC 5103 biflows, nanoseconds, strings, lists */
	PROFILE_NTOP,	/* under the numbers that ntop's collectors know */
	PROFILE_N
};

/* The `sent` column. */
#define SENT_NEVER  0U
#define SENT_COMPAT (1U << PROFILE_COMPAT)
#define SENT_FULL   (1U << PROFILE_FULL)
#define SENT_NTOP   (1U << PROFILE_NTOP)
#define SENT_RICH   (SENT_FULL | SENT_NTOP)
#define SENT_ALL    (SENT_COMPAT | SENT_RICH)

/* Width of what goes with its length before it (RFC 7011 7). */
#define VARIABLE 65535

enum element_group {
#define GROUP(group, ...) GROUP_##group,
#include "record/elements.def"
	GROUP_N
};

enum element_source {
#define SOURCE(source, ...) SOURCE_##source,
#include "record/elements.def"
	SOURCE_N
};

_Static_assert(SOURCE_N <= 64, "sources are bits of a word");

/* The first one that may be missing: a processor. */
#define SOURCE_PROCESSORS (SOURCE_MADE + 1)
/* Whether a source is among those that are missing: constant for what is always there. */
#define SOURCE_IS_MISSING(source, missing)                                                         \
	((source) >= SOURCE_PROCESSORS && ((missing) >> (source)&1) != 0)

/* Whether a record has what a source gives; before that, members may point nowhere. */
#define SOURCE(source, words, has)                                                                 \
	static inline bool flow_record_has_##source(const struct flow_record *r)                   \
	{                                                                                          \
		(void)r;                                                                           \
		return has;                                                                        \
	}
#include "record/elements.def"

/* Private enterprise number that marks the reverse of an IANA element (RFC 5103 6.1). */
#define PEN_REVERSE 29305U
/* Stands for the enterprise number that the operator sets. */
#define PEN_OWN 0xffffffffU
/* In rows: numbers that another row has, too. */
#define PEN_AGAIN_1(pen)  ((pen) | 1U << 30)
#define PEN_AGAIN_2(pen)  ((pen) | 1U << 29)
#define PEN_IS_AGAIN(pen) ((pen) != PEN_OWN && (pen) >> 29)

/* Rows of processors that ntop has no number for: over ZMQ their keys are texts. */
#define TLV_IS_OF_PROCESSOR(source, pen, tlv)                                                      \
	((source) >= SOURCE_PROCESSORS && (tlv) == 0 && (pen) != PEN_OWN)
/*
 * IANA's numbers would be taken for ntop's, and those of processor passivedns are those of
 * processor dns, which may tell of the same flow: both go by their names.
 */
#define TLV_HAS_NAME(source, pen)                                                                  \
	((pen) == 0 || (pen) == PEN_REVERSE || ((source) == SOURCE_passivedns && PEN_IS_AGAIN(pen)))

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
#define WHEN_ip(r, v)	   (((r)->known & KNOWN_IP_FWD) != 0)
#define WHEN_rev_ip(r, v)  (((r)->known & KNOWN_IP_REV) != 0)
#define WHEN_tcp(r, v)	   (((r)->known & KNOWN_TCP_FWD) != 0)
#define WHEN_rev_tcp(r, v) (((r)->known & KNOWN_TCP_REV) != 0)
#define WHEN_mpls(r, v)	   (&(v) - (r)->mpls_labels < (r)->mpls_labels_n)
#define WHEN_outer(r, v)   ((r)->tunnel_type != TUNNEL_NONE && (r)->outer_ip_version != 0)
#define WHEN_tunnel(r, v)  ((r)->tunnel_type != TUNNEL_NONE)
#define WHEN_l7(r, v)	   flow_record_has_l7(r)
#define WHEN_l7_name(r, v) (flow_record_has_l7(r) && (v)[0] != '\0')
#define WHEN_nonzero(r, v) ((v) != 0)
#define WHEN_set(r, v)	   ((v)[0] != '\0')
#define WHEN_nettisa(r, v) (((r)->known & KNOWN_NETTISA) != 0)
#define WHEN_each(r, v)	   ((v).n != 0)
#define WHEN_list(r, v)	   ((v).n != 0)
#define WHEN_octets(r, v)  ((v).len != 0)
#define WHEN_ovpn(r, v)	   true
#define WHEN_ssa(r, v)	   true
#define WHEN_wg(r, v)	   true
#define WHEN_dns(r, v)	   ((r)->dns_query_type != 0 && (r)->packets[DIR_REV] != 0)

/* One row, as pages, templates and tests see it. */
struct element_info {
	const char *symbol;
	const char *kind_name;	 /* of the KIND rows */
	const char *key;	 /* of JSON and CSV, or for binary formats the one that is meant */
	const char *type;	 /* abstract data type of RFC 7012 */
	const char *json_schema; /* members of a schema object, for a value that is not null */
	const char *rule;	 /* when it is null, as a sentence */
	const char *source;	 /* where the value comes from */
	const char *unit;	 /* "" where there is none */
	const char *sentence;
	uint32_t pen;
	uint16_t ipfix_id;   /* 0, with pen 0: none */
	uint16_t tlv_id;     /* 0: none */
	uint16_t wire_bytes; /* in our templates, 0: never there, or VARIABLE;
				element_wire_bytes() for one that is a list */
	uint32_t templates;  /* bits of enum flow_class, of the row and its group; 0: in none */
	uint8_t group;	     /* enum element_group */
	uint8_t sent;	     /* bits 1 << enum element_profile */
	uint8_t source_id;   /* enum element_source */
	bool in_json;	     /* in CSV, too */
	bool nullable;
	bool again; /* the IPFIX number is given to another row, too */
};

/* The row of an element; static, any thread. */
const struct element_info *element_info(enum element element);

/* The element of these numbers, ELEMENT_N when there is none. Any thread. */
enum element element_by_ipfix(uint32_t pen, uint16_t id); /* the first of several */
enum element element_by_tlv(uint16_t tlv_id);

/*
 * Whether an element of a processor has a text for a key over ZMQ: its key of JSON (*is_name), or
 * "PEN.ID" of its row. Any thread.
 */
bool element_has_tlv_text(enum element element, bool *is_name);

/*
 * The number of an element in profile ntop and, with pen 0, in NetFlow version 9: false when it has
 * no other one than in its row. Any thread.
 */
bool element_alias(enum element element, uint32_t *pen, uint16_t *id);

/* Whether it is of the reverse direction, which uniflows have none of. Any thread. */
bool element_is_reverse(enum element element);

/*
 * What the values of a list are, as an abstract data type; NULL when it is none. transactions: each
 * record is one, so that it has one value of what others have a list of. Any thread.
 */
const char *element_list_type(enum element element, bool transactions);
/* Width in our templates, in the same sense: 0, or VARIABLE. Any thread. */
uint16_t element_wire_bytes(enum element element, bool transactions);

/* The name of a group or profile and what it is; static, any thread. */
const char *element_group_name(enum element_group group);
const char *element_group_sentence(enum element_group group);
const char *element_profile_name(enum element_profile profile);

/* The class of a record without layer 7 and path: what most templates ask for. */
static inline unsigned int flow_record_short_class(const struct flow_record *r)
{
	unsigned int family = r->ip_version == 6 ? CLASS_IPV6 : CLASS_IPV4;

	if (flow_record_is_icmp(r))
		return family | CLASS_ICMP;
	return family | (r->protocol == 6 ? CLASS_TCP : CLASS_PORTS);
}

/* The class of a record. */
unsigned int flow_record_class(const struct flow_record *r);

/* Writes docs/elements.md. 0 or -errno of the stream. */
int elements_print_markdown(FILE *to);

/* Writes docs/flow.schema.json (JSON Schema 2020-12). 0 or -errno of the stream. */
int elements_print_schema(FILE *to);
