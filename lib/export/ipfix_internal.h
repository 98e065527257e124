/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of an IPFIX profile, shared by the files that make it and encode by it. */
#pragma once
#include "export/community_id.h"
#include "export/ipfix_profile.h"

/* Template ids begin at 256 (RFC 7011 3.4.1). */
#define TEMPLATE_ID_FIRST 256
/* The enterprise bit of a field specifier (RFC 7011 3.2). */
#define ENTERPRISE_BIT 0x8000
/* What layer 7 can be for templates: the bits of CLASS_L7, and several of them. */
#define L7_CLASSES 16
/* Classes of flows that templates can tell apart: family, transport, layer 7, path. */
#define CLASSES (2 * 3 * L7_CLASSES * 2)
/* basicList (RFC 6313 9.1) */
#define IPFIX_BASIC_LIST 291
/* Before the values of a basicList (RFC 6313 4.5.1): semantic, number, width, enterprise. */
#define LIST_HEADER_BYTES 9
/* Own element of the numbers in a basicList of risks. */
#define OWN_RISK_NUMBER 7
/* Bytes of an applicationId with its enterprise number (RFC 6759 4.1, engine 20). */
#define APPLICATION_PEN_BYTES 8

struct ipfix_field {
	uint32_t pen;
	uint16_t id;
	uint16_t width; /* or VARIABLE */
	enum element element;
};

struct ipfix_template {
	uint32_t n;
	uint32_t bytes_min; /* of a data record: strings and lists are empty */
	uint32_t bytes_max; /* of a data record */
	uint32_t n_variable;
	uint32_t template_bytes;
	struct ipfix_field fields[ELEMENT_N];
};

/* An enterprise element that needs a type record. */
struct ipfix_type {
	uint32_t pen;
	uint16_t id;
	enum element element; /* ELEMENT_N: the numbers in the list of risks */
};

/* A field that privacy changes, in one of the data templates. */
struct ipfix_hidden {
	uint32_t place; /* of the template */
	uint32_t pen;
	uint16_t id;
	enum privacy_technique technique;
};

struct ipfix_profile {
	struct ipfix_options options; /* fields is not kept */
	bool compat;	    /* the fields of profile compat as they are: ipfix_compat_put() */
	bool short_classes; /* no template asks for layer 7 and path */
	bool nanoseconds;
	bool long_application;			   /* 8 bytes */
	struct ipfix_template *templates[CLASSES]; /* of n_templates */
	uint32_t n_templates;
	uint8_t template_of[CLASSES];
	uint16_t report_ids[IPFIX_REPORT_N]; /* 0: it has none */
	uint32_t n_reports;
	struct ipfix_type types[ELEMENT_N + 1];
	uint32_t n_types;
	struct ipfix_hidden *hidden; /* of n_hidden */
	uint32_t n_hidden;
	const struct ipfix_application *applications;
	uint32_t n_applications;
	bool add_unknown; /* the applications lack number 0 */
	struct community_id *community_id;
};

/* The templates of profile compat, in the order of their ids. */
enum ipfix_compat {
	COMPAT_IPV4_PORTS,
	COMPAT_IPV4_ICMP,
	COMPAT_IPV6_PORTS,
	COMPAT_IPV6_ICMP,
	COMPAT_N
};

/* A record of profile compat; COMPAT_N when it did not fit. */
enum ipfix_compat ipfix_compat_put(struct wbuf *w, const struct flow_record *r, bool biflow);

/* A record of any template, of which bytes_max have room at `to`; where it ends. */
uint8_t *ipfix_steps_put(const struct ipfix_profile *p, const struct ipfix_template *t, uint8_t *to,
			 const struct flow_record *r);

/* Which elements the words of options.fields choose. 0, or -EINVAL with one line in error. */
int ipfix_fields_choose(const struct ipfix_options *o, bool chosen[ELEMENT_N], char *error,
			size_t error_len);

/* The number that an element goes by; false when this profile cannot send it. */
bool ipfix_number_of(const struct ipfix_options *o, enum element element, uint32_t *pen,
		     uint16_t *id);

/* Text that is UTF-8, cut to `room` bytes at a character; its length. */
uint32_t ipfix_text_put(uint8_t *to, uint32_t room, const char *text);

/* Text with its length before it (RFC 7011 7) in at most room + 1 bytes, or 3 from 255 on; its end.
 */
uint8_t *ipfix_variable_put(uint8_t *to, uint32_t room, const char *text);

/* Finds out which reports there are, and gives their templates the ids from first_id on. */
void ipfix_reports_init(struct ipfix_profile *p, uint16_t first_id);

/* Finds the fields that privacy changes. 0 or -ENOMEM. */
int ipfix_hidden_find(struct ipfix_profile *p);
/* The anonymization record of one of them (RFC 6235 6.1). */
void ipfix_hidden_put(const struct ipfix_profile *p, uint32_t i, struct wbuf *w);

/* Options template i of those that there are. */
struct ipfix_template_info ipfix_report_template_at(const struct ipfix_profile *p, uint32_t i);
void ipfix_report_template_put(const struct ipfix_profile *p, uint32_t i, struct wbuf *w);
