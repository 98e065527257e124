/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows of the table as they are at one moment, for other threads: the table's thread copies a few
 * at a time, whoever has the copy makes records of it. And the end of all flows, a few at a time.
 */
#pragma once

#include "flowtable/table.h"

/* What a record is made from; where the copies begin in memory is the caller's choice. */
struct flow_copies {
	uint32_t n;
	uint32_t turn;		/* the caller's own */
	bool has_l7, has_names; /* of the layer above */
	uint64_t now_ns;	/* the table's time: the hot lines' shortened times count from it */
	uint64_t id_first;	/* the table's part of flow ids */
	_Alignas(64) struct flow_hot hot[FLOW_COPIES_MAX];
	_Alignas(64) uint8_t cold[FLOW_COPIES_MAX][sizeof(struct flow)];
};

/*
 * Copies the flows among the next FLOW_COPIES_MAX cold records from *cursor on (0 at first), which
 * it moves. flows[] says whose copies they are, until the table's thread does something else.
 * False: there are no more, and nothing was copied. A flow that is in the table from the first call
 * to the last is copied exactly once; one that begins, ends or is cut meanwhile at most once as
 * each of the two. The table's thread.
 */
bool flowtable_copy(const struct flowtable *t, uint32_t *cursor, struct flow_copies *to,
		    struct flow *flows[FLOW_COPIES_MAX]);

/*
 * Copy number i as the record that the flow would leave if it ended at that moment, with END_NONE;
 * what DPI and processors fill is empty. Any thread; the table may be gone.
 */
void flow_copy_to_record(const struct flow_copies *from, uint32_t i, struct flow_record *r);

/*
 * Ends the flows that began before flow number `before` (flowtable.next_id at the start) among the
 * next slots from *cursor on, at most flows_max, as flowtable_flush_step() does. *ended counts
 * those that had packets. False: every slot was seen. The table's thread, between packets.
 */
bool flowtable_expire_step(struct flowtable *t, uint64_t before, uint32_t *cursor,
			   uint32_t flows_max, uint32_t *ended);
