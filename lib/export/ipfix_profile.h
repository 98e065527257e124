/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an IPFIX (RFC 7011) or NetFlow version 9 (RFC 3954) output says: which fields, in which
 * templates, with which options. Made once when an output opens; it then encodes templates, data
 * records and options records. It knows no messages: headers, sets, sequence numbers and times of
 * sending are the sender's.
 */
#pragma once
#include "core/bytes.h"
#include "export/privacy.h"
#include "record/elements.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version number in a message's header. */
enum ipfix_version { IPFIX_NETFLOW9 = 9, IPFIX_IPFIX = 10 };

/* An application as its options record tells it (RFC 6759). Strings are UTF-8, never NULL. */
struct ipfix_application {
	uint16_t id;		 /* nDPI's number */
	const char *name;	 /* TLS */
	const char *description; /* "" = the name again */
	const char *category;	 /* "" = not known */
};

/* What to make a profile of. Zero is the default wherever nothing else is said. */
struct ipfix_options {
	enum element_profile profile;
	enum ipfix_version version; /* 0 = IPFIX */
	bool biflow;		    /* false: records are uniflows (flow_record_uniflows()) */
	bool ignore_vlan;	    /* the VLAN is no part of the flow key */
	uint32_t pen;		    /* for fields that nobody gave a number; 0 = not exported */
	/*
	 * Largest data record, in bytes: what a message has room for behind its header and that of
	 * the set. Strings are cut to it; what cannot be cut is refused. 0 = 65515.
	 */
	uint32_t record_bytes_max;
	/*
	 * Words between blanks or commas: "default", "all", a group (basic, tcp, ...) or a key of
	 * JSON; in front of one, "-" takes away and "+" adds. When the first word has a sign, the
	 * profile's default is what is changed, else nothing. NULL or "" = default.
	 */
	const char *fields;
	/* Bits of enum element_source: fields of theirs are sent only when named. */
	uint64_t missing_sources;
	bool transactions; /* each record is one: element_list_type() */
	struct privacy_options privacy; /* what was done to records before they come here */
};

/* Numbers that options records tell: cumulative since the start; times are Unix ns, 0 = none. */
struct ipfix_numbers {
	uint32_t observation_domain;
	uint32_t process_id; /* of the metering and the exporting process */
	uint64_t exported_messages, exported_records, exported_octets; /* of this output */
	uint64_t ignored_packets, ignored_octets; /* seen, but not metered: every named drop */
	uint64_t first_ignored_ns, last_ignored_ns;
	uint64_t not_sent_records, not_sent_packets, not_sent_octets; /* of this output */
	uint64_t first_not_sent_ns, last_not_sent_ns;
	uint32_t sampling_packets; /* 1 packet in so many is metered; 0 and 1 = every one */
	bool sampling_random;	   /* at random, else every so many */
	uint64_t packets_observed, packets_selected; /* before and after sampling */
};

/* What options records are about, in the order in which they should leave. */
enum ipfix_report {
	IPFIX_SAMPLING,		     /* 302: 304, 305, 306 (RFC 5477) */
	IPFIX_SELECTION,	     /* 302: 318, 319 */
	IPFIX_METERING_STATISTICS,   /* RFC 7011 4.1 */
	IPFIX_METERING_RELIABILITY,  /* RFC 7011 4.2 */
	IPFIX_EXPORTING_RELIABILITY, /* RFC 7011 4.3 */
	IPFIX_FLOW_KEYS,	     /* RFC 7011 4.4: one record a data template */
	IPFIX_TYPES,		     /* RFC 5610: one record an enterprise element in use */
	IPFIX_APPLICATIONS,	     /* RFC 6759: one record an application */
	IPFIX_ANONYMIZATION,	     /* RFC 6235: one record a field that tells less */
	IPFIX_REPORT_N
};

/* Less room than this holds no template. */
#define IPFIX_RECORD_BYTES_MIN 64

/* The selector that all flows went through (selectorId). */
#define IPFIX_SELECTOR_ID 1

struct ipfix_profile;

/*
 * 0; -EINVAL with one line in error (an unknown field, one that cannot be sent, no field at all),
 * or -ENOMEM. `out` is untouched on failure. NULL may be destroyed. One thread at a time.
 */
int ipfix_profile_create(struct ipfix_profile **out, const struct ipfix_options *o, char *error,
			 size_t error_len);
void ipfix_profile_destroy(struct ipfix_profile *p);

/*
 * The applications that flows may be given (RFC 6759), before the first template was asked for.
 * They are borrowed until the profile is destroyed. Number 0 is added when missing.
 */
void ipfix_profile_set_applications(struct ipfix_profile *p, const struct ipfix_application *list,
				    uint32_t n);

/*
 * Every template that this profile can send: data templates first, then options templates. They
 * never change while the profile lives, so that an id never changes its layout. A report without
 * records (no applications known, no enterprise element in use) has no template.
 */
uint32_t ipfix_template_count(const struct ipfix_profile *p);

struct ipfix_template_info {
	uint16_t id;	 /* 256 or more; also the id of its data sets */
	uint16_t set_id; /* of the set that its template record goes into: 2 or 3; 0 or 1 */
	uint16_t record_bytes_min; /* shortest data record: padding has to be shorter */
	bool options;		   /* these go into a set of their own: some collectors want that */
};

struct ipfix_template_info ipfix_template_at(const struct ipfix_profile *p, uint32_t i);

/*
 * The template record (RFC 7011 3.4.1, 3.4.2.2; RFC 3954 5.2, 6.1). `failed` when it did not fit.
 */
void ipfix_template_put(const struct ipfix_profile *p, uint32_t i, struct wbuf *w);

/*
 * A data record. The id of its template; 0, and the buffer as it was, when it did not fit:
 * RECORD_BYTES_MAX always do. Times in it are ordered (start <= end, each direction within).
 */
uint16_t ipfix_record_put(const struct ipfix_profile *p, struct wbuf *w,
			  const struct flow_record *r);

/* Options records that a report has: 0 when its template is not there. */
uint32_t ipfix_report_count(const struct ipfix_profile *p, enum ipfix_report report);

/* The options data record i of a report. The id of its template; 0 when it did not fit. */
uint16_t ipfix_report_put(const struct ipfix_profile *p, enum ipfix_report report, uint32_t i,
			  const struct ipfix_numbers *n, struct wbuf *w);

/*
 * The Export Time of a message that leaves at now_ns (CLOCK_REALTIME) when no record sent so far
 * ends after latest_end_ns: seconds, rounded up, so that no flow ends after its export, not even
 * one from a file of a machine whose clock is ahead.
 */
uint32_t ipfix_export_time_s(uint64_t now_ns, uint64_t latest_end_ns);
