/* SPDX-License-Identifier: BSD-3-Clause */
/* The applications seen, by bytes: for the summary. */
#pragma once

#include <stdint.h>

#include "record/record.h"

/* nDPI pairs in one run: it knows some 300 protocols, and a few hundred pairs of them. */
#define TOP_SLOTS 4096

struct top_entry {
	char name[64];
	uint64_t flows, packets, octets;
};

struct top {
	struct top_entry entries[TOP_SLOTS]; /* hashed by name; a free one has no name */
	uint64_t not_counted;		     /* records for which no slot was left */
};

/* Adds a record to its application; every record but a slice counts as a flow. */
void top_count(struct top *t, const struct flow_record *r);
/* The n entries with the most bytes, largest first; returns how many there are. */
unsigned int top_largest(const struct top *t, const struct top_entry **largest, unsigned int n);
