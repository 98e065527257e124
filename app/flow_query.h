/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flows of a scan are told: those that match a filter, of them the ones with the largest (or
 * smallest) values of a key, at most so many.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "record/filter.h"
#include "record/record.h"

/* A flow that is told; its texts are in it, or live as long as the lanes. */
struct flow_row {
	uint64_t value; /* of the key that rows are sorted by */
	struct flow_record record;
	char server_name[FLOW_COPY_NAME_BYTES];
};

struct flow_query {
	struct filter filter;
	const struct field *sort; /* NULL: as they come */
	bool ascending;
	uint32_t limit;
	uint64_t matched;
	uint32_t n; /* rows */
	struct flow_row *rows;
	uint32_t *order; /* numbers of rows: a heap, at the end the order in which they are told */
};

/* What a living flow cannot say: what processors see, and most of what nDPI reads of payload. */
struct filter_scope flow_query_scope(void);

/*
 * 0; -EINVAL with the reason and, of the filter, the place: error->at is SIZE_MAX for others; or
 * -ENOMEM. sort is a key, with '-' or '+' before it for largest or smallest first; NULL or "" =
 * none.
 */
int flow_query_init(struct flow_query *q, const char *filter, const char *sort, uint32_t limit,
		    struct filter_error *error);
void flow_query_free(struct flow_query *q);
/* A flow_scan_see of a struct flow_query. */
void flow_query_see(void *self, const struct flow_record *r);
/* Enough was seen: nothing that follows can change the rows. */
bool flow_query_has_enough(const struct flow_query *q);
/* Puts .order in order. */
void flow_query_sort(struct flow_query *q);
/* The names of servers are asked for: by the filter, or by whoever shows them. */
bool flow_query_needs_names(const struct flow_query *q);
