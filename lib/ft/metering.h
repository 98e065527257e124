/* SPDX-License-Identifier: BSD-3-Clause */
/* What the stages call when there is more to do than to count a packet. The table's thread. */
#pragma once

#include "ft/table.h"

/* Time jumps: whatever it ended leaves, step by step, before the packet that brought it. */
void ft_note_ignored(struct ft_table *t, uint64_t time_ns);
void ft_settle_time(struct ft_table *t, uint64_t time_ns);

/* Time runs backwards, or far ahead. */
void ft_odd_time(struct ft_table *t, uint64_t time_ns);

/*
 * Time passes for flows without packets, too: a bounded look at the table; true while there is more
 * to see. Between packets it is called at times that the packets alone decide, so that no burst
 * size decides who is swept.
 */
bool ft_sweep(struct ft_table *t, uint64_t now_ns);

/*
 * A packet that is not plain: parses it, counts it as received, and fills its lookup and hash.
 * False: it makes no flow, and was counted under its reason.
 */
bool ft_take_any(struct ft_table *t, struct burst *b, unsigned int packet, struct flow_lookup *l,
		 uint64_t *hash);

/* The view of a packet of the burst. */
const struct packet *ft_view(struct burst *b, struct flow_lookup *l);

/*
 * A packet that flowtable_meter() refused, with view and packet set: finds or begins its flow,
 * counts it, and fills in the rest.
 */
void ft_meter_slowly(struct ft_table *t, const struct flow_lookup *l, struct metered *m);

/* The packet is counted: what the layers above make of it, and the verdict. */
pfring_ft_action ft_consider(struct ft_table *t, const struct metered *m);
