/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of copies are granted by the clock and taken as they come. */
#include "flow_scan.h"

#include <errno.h>

#include "core/clock.h"
#include "ft/ft.h"
#include "lane_query.h"

/*
 * A scan takes so long, and answers are there within 2 s: what it costs a lane, some 30 ns a flow,
 * is spread over that.
 */
#define SCAN_NS (SECOND_NS * 7 / 4)
/* Small tables are done sooner: 4 blocks are 256 flows, some 10 us of a millisecond. */
#define SCAN_BLOCKS_PER_S_MIN 4000U
/* A lane that has filled no block for so long does not run. */
#define SCAN_SILENCE_NS (3 * SECOND_NS)

static bool is_done(const struct lane *l)
{
	return !l->query || atomic_load_explicit(&l->done, memory_order_acquire);
}

void flow_scan_begin(struct flow_scan *s)
{
	s->seen = 0;
	s->began_ns = s->moved_ns = clock_monotonic_ns();
	for (unsigned int i = 0; i < s->n_lanes; i++) {
		struct lane *l = &s->lanes[i];
		const uint64_t blocks = ft_flows_active(l->table) / FLOW_COPIES_MAX + 1;
		const uint64_t rate = blocks * SECOND_NS / SCAN_NS;

		s->lane[i] = (struct flow_scan_lane){
			.done = is_done(l),
			.blocks_per_s = rate > SCAN_BLOCKS_PER_S_MIN ? rate : SCAN_BLOCKS_PER_S_MIN,
		};
		if (!s->lane[i].done)
			lane_query_copy(l->query, s->with_names);
	}
}

static void show(struct flow_scan *s, const struct ft_copies *c)
{
	for (uint32_t i = 0; i < c->flows.n; i++) {
		struct flow_record r;

		ft_copy_record(c, i, &r);
		r.start_ns += (uint64_t)s->shift_ns;
		r.end_ns += (uint64_t)s->shift_ns;
		for (int d = 0; d < DIR_N; d++) {
			if (!r.dir_start_ns[d])
				continue;
			r.dir_start_ns[d] += (uint64_t)s->shift_ns;
			r.dir_end_ns[d] += (uint64_t)s->shift_ns;
		}
		s->see(s->self, &r);
	}
	s->seen += c->flows.n;
}

static void step_lane(struct flow_scan *s, unsigned int i, uint64_t now_ns)
{
	struct flow_scan_lane *state = &s->lane[i];
	struct lane_query *q = s->lanes[i].query;
	const struct ft_copies *c;

	if (state->done)
		return;
	for (unsigned int n = 0; n < LANE_QUERY_BLOCKS && (c = lane_query_block(q)) != NULL; n++) {
		show(s, c);
		lane_query_taken(q);
		state->blocks++;
		s->moved_ns = now_ns;
	}
	state->done = lane_query_copied(q) || is_done(&s->lanes[i]);
	if (state->done)
		return;
	/* One more than is due, which the end of the table needs, too. */
	uint64_t due = (now_ns - s->began_ns) * state->blocks_per_s / SECOND_NS + 1;

	if (due > state->blocks)
		lane_query_grant(q, due - state->blocks < LANE_QUERY_BLOCKS ?
					    (unsigned int)(due - state->blocks) :
					    LANE_QUERY_BLOCKS);
}

int flow_scan_step(struct flow_scan *s)
{
	const uint64_t now_ns = clock_monotonic_ns();
	int more = 0;

	for (unsigned int i = 0; i < s->n_lanes; i++) {
		step_lane(s, i, now_ns);
		if (s->lane[i].done)
			continue;
		more = 1;
		s->silent = i;
	}
	if (more && now_ns - s->moved_ns > SCAN_SILENCE_NS)
		return -ETIMEDOUT;
	return more;
}
