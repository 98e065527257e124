/* SPDX-License-Identifier: BSD-3-Clause */
/* The members of a record by the keys that people write: for filters and for sorting. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/elements.h"
#include "record/record.h"

/* How the value of a field is compared. */
enum field_form {
	FIELD_NUMBER,
	FIELD_HEX,	/* a number that is written in hexadecimal */
	FIELD_PROTOCOL, /* a number that has names */
	FIELD_TIME,	/* nanoseconds since 1970 */
	FIELD_DURATION, /* nanoseconds */
	FIELD_ADDRESS,
	FIELD_MAC,
	FIELD_TEXT,
	FIELD_APPLICATION, /* a text: master.application, of which either part is one, too */
	FIELD_END_REASON,
	FIELD_TUNNEL,
	FIELD_OTHER, /* neither compared nor sorted by */
};

/*
 * A row of elements.def that is in JSON, or one that says the sum or either end of two of them:
 * ip, port, total_bytes, total_packets, duration.
 */
struct field {
	const char *key;
	enum field_form form;
	uint64_t (*number)(const struct flow_record *r);	/* numbers, times, reasons */
	const char *(*text)(const struct flow_record *r);	/* texts */
	const uint8_t *(*address)(const struct flow_record *r); /* FIELD_ADDRESS, FIELD_MAC */
	bool (*is_known)(const struct flow_record *r);		/* else it is null */
	uint8_t source;						/* enum element_source */
	uint8_t group;						/* enum element_group */
	/* Either end: the field of the other one, of the same form; NULL = none. */
	const struct field *other;
};

/* The field of a key of len bytes, NULL when there is none. Static; any thread. */
const struct field *field_find(const char *key, size_t len);
/* The key that is nearest to what was written, NULL when none is near. */
const char *field_nearest(const char *key, size_t len);
/* All of them, by number; NULL behind the last. */
const struct field *field_at(unsigned int i);

/* Whether records can be sorted by it. */
bool field_sorts(const struct field *f);

/* The number of an IP protocol's name, without regard to case; -1 = not known. */
int protocol_number(const char *name, size_t len);
/* The name, NULL when there is none. */
const char *protocol_name(uint8_t number);
