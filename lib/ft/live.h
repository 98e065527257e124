/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Live queries: what is in a table now, copied by its own thread a few flows at a time, and made
 * into records by another. And flows ended from outside, as slowly as the outputs can bear.
 */
#pragma once

#include "core/limits.h"
#include "dpi/dpi.h"
#include "flowtable/copy.h"
#include "ft/pfring_ft_ext.h"

/* One block of copies. It is large, and touched only as far as it is used. */
struct ft_copies {
	struct flow_copies flows;
	_Alignas(64) struct dpi_annex l7[FLOW_COPIES_MAX]; /* without its pointers into the table */
	char server_name[FLOW_COPIES_MAX][FLOW_COPY_NAME_BYTES];
};

/*
 * As flowtable_copy(), with what nDPI knows by now; the names that flows asked for with
 * with_names, which costs the lane more. The table's thread, between bursts.
 */
bool ft_copy_flows(pfring_ft_table *table, uint32_t *cursor, struct ft_copies *to, bool with_names);

/* What was copied by now may be handed over: before the release store. The table's thread. */
void ft_copies_done(void);

/*
 * Copy number i as a record with END_NONE, and without the values of processors. Its strings live
 * as long as the copies and the table. Any thread.
 */
void ft_copy_record(const struct ft_copies *from, uint32_t i, struct flow_record *r);

/* An expiry of all flows that are in the table when it begins; all zero at first. */
struct ft_expiry {
	bool begun;
	uint64_t before; /* flows with a lower number end */
	uint32_t cursor;
	uint64_t ended; /* with a record */
};

/*
 * Ends at most flows_max of them as forced (or as ended, when they had), fewer when records that
 * are out have not come back. False: all have ended. The table's thread, between bursts.
 */
bool ft_expire_flows(pfring_ft_table *table, struct ft_expiry *e, uint32_t flows_max);
