/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slab is walked in order, which the processor foresees; of each flow only the hot line lies
 * somewhere else, and is asked for a block ahead.
 */
#include "flowtable/copy.h"

#include <string.h>

#include "core/stream.h"
#include "flowtable/expire.h"
#include "flowtable/group.h"

/* Slots that one step of an expiry looks at: a table that holds little takes few steps. */
#define EXPIRE_SLOTS 1024

/* Slices and ended ones have a reason, and a husk that ended is lost; so it is after the release.
 */
static bool is_in_table(const struct flow *f)
{
	return f->end_reason == END_NONE && !f->lost;
}

/* With .users, which others change, and which nobody reads in a copy. */
static void copy_flow(struct flow_copies *to, const struct flow_hot *hot, const struct flow *f)
{
	stream_lines(&to->hot[to->n], hot, 1);
	stream_lines(to->cold[to->n], f, 2);
}

bool flowtable_copy(const struct flowtable *t, uint32_t *cursor, struct flow_copies *to,
		    struct flow *flows[FLOW_COPIES_MAX])
{
	const uint32_t left = t->slab_used > *cursor ? t->slab_used - *cursor : 0;
	const uint32_t n = left < FLOW_COPIES_MAX ? left : FLOW_COPIES_MAX;
	uint32_t n_alive = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct flow *f = flowtable_flow(t, *cursor + i);

		if (!is_in_table(f))
			continue;
		prefetch_line(&t->hot[f->place]);
		flows[n_alive++] = f;
	}
	to->n = 0;
	to->now_ns = t->now_ns;
	to->id_first = t->options.id_first;
	for (uint32_t i = 0; i < n_alive; i++) {
		const struct flow_hot *hot = &t->hot[flows[i]->place];

		if (hot->state & FLOW_HUSK)
			continue;
		copy_flow(to, hot, flows[i]);
		flows[to->n++] = flows[i];
	}
	*cursor += n;
	for (uint32_t i = *cursor; i < *cursor + FLOW_COPIES_MAX && i < t->slab_used; i++) {
		struct flow *f = flowtable_flow(t, i);

		if (is_in_table(f))
			prefetch_line(&t->hot[f->place]);
	}
	return n > 0;
}

void flow_copy_to_record(const struct flow_copies *from, uint32_t i, struct flow_record *r)
{
	/* All that times and ids need of a table. */
	struct flowtable then = {.now_ns = from->now_ns, .options.id_first = from->id_first};
	struct flow f;

	memcpy(&f, from->cold[i], sizeof f);
	f.table = &then;
	flow_living_to_record(&f, &from->hot[i], r);
}

/* True when the flow had packets. */
static bool expire(struct flowtable *t, struct flow_hot *hot)
{
	const bool told = !(hot->state & FLOW_HUSK);

	if (!flow_settle(t, hot, t->now_ns))
		flowtable_end(t, hot, hot->state & FLOW_CLOSING ? END_DETECTED : END_FORCED);
	return told;
}

bool flowtable_expire_step(struct flowtable *t, uint64_t before, uint32_t *cursor,
			   uint32_t flows_max, uint32_t *ended)
{
	const uint32_t n_slots = t->n_groups * FLOW_GROUP_SLOTS;
	uint32_t seen = 0, n = 0;

	*ended = 0;
	for (; *cursor < n_slots && seen < EXPIRE_SLOTS && n < flows_max; ++*cursor, seen++) {
		struct flow_hot *hot = &t->hot[*cursor];

		if (!t->groups[*cursor / FLOW_GROUP_SLOTS].tag[*cursor % FLOW_GROUP_SLOTS] ||
		    flowtable_flow(t, hot->cold)->id >= (before & FLOW_ID_MASK))
			continue;
		*ended += expire(t, hot);
		n++;
	}
	return *cursor < n_slots;
}
