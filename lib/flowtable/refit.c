/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other timeouts while flows are in the table. Idleness is told from a flow's own times and follows
 * at once; the coarse deadlines and due bytes are in units that follow from the timeouts, and are
 * written anew by a walk, in steps that a lane has time for.
 */
#include "flowtable/refit.h"

#include <errno.h>

#include "flowtable/expire.h"
#include "flowtable/group.h"

int flowtable_change_timeouts(struct flowtable *t, const struct flowtable_timeouts *n)
{
	struct flowtable_options o = t->options;
	int rc;

	o.idle_timeout_ns = n->idle_ns;
	o.active_timeout_ns = n->active_ns;
	o.slice_timeout_ns = n->slice_ns;
	rc = flowtable_options_check(&o);
	if (rc || n->tcp_linger_ns > TIMEOUT_MAX_NS)
		return -EINVAL;
	/* One by one: other threads read their own parts of the options. */
	__atomic_store_n(&t->options.idle_timeout_ns, n->idle_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&t->options.active_timeout_ns, n->active_ns, __ATOMIC_RELAXED);
	t->options.slice_timeout_ns = n->slice_ns;
	t->options.tcp_linger_ns = n->tcp_linger_ns;
	flowtable_set_spans(t);
	t->sweep_next_ns = t->now_ns;
	return 0;
}

int flowtable_set_timeouts(struct flowtable *t, uint64_t idle_ns, uint64_t active_ns,
			   uint64_t slice_ns)
{
	const struct flowtable_timeouts n = {.idle_ns = idle_ns,
					     .active_ns = active_ns,
					     .slice_ns = slice_ns,
					     .tcp_linger_ns = t->options.tcp_linger_ns};
	int rc = flowtable_change_timeouts(t, &n);

	if (rc)
		return rc;
	flowtable_refit_begin(t);
	flowtable_refit(t, t->n_groups, NULL, NULL);
	return 0;
}

void flowtable_refit_begin(struct flowtable *t)
{
	t->refit_at = 0;
}

/* Of the group after the next one the hot lines, of the next one the cold records. */
static void prefetch_ahead(const struct flowtable *t, uint32_t group)
{
	const uint32_t first = group_next(t, group), second = group_next(t, first);
	uint32_t used = group_used_slots(&t->groups[first]);

	for (; used; used &= used - 1) {
		const struct flow_hot *hot =
			&t->hot[first * FLOW_GROUP_SLOTS + (uint32_t)__builtin_ctz(used)];
		const struct flow *f = flowtable_flow(t, hot->cold);

		prefetch_line(f);
		prefetch_line(&f->mac); /* the second line */
	}
	for (used = group_used_slots(&t->groups[second]); used; used &= used - 1)
		prefetch_line(&t->hot[second * FLOW_GROUP_SLOTS + (uint32_t)__builtin_ctz(used)]);
}

static void refit_group(struct flowtable *t, uint32_t group, flowtable_visit *visit, void *user)
{
	uint32_t used = group_used_slots(&t->groups[group]);

	prefetch_ahead(t, group);
	for (; used; used &= used - 1) {
		struct flow_hot *hot =
			&t->hot[group * FLOW_GROUP_SLOTS + (uint32_t)__builtin_ctz(used)];

		flow_rearm(t, hot);
		if (visit)
			visit(user, hot);
	}
}

bool flowtable_refit(struct flowtable *t, uint32_t groups_max, flowtable_visit *visit, void *user)
{
	uint32_t left = t->n_groups - t->refit_at;

	for (uint32_t n = groups_max < left ? groups_max : left; n; n--)
		refit_group(t, t->refit_at++, visit, user);
	return t->refit_at < t->n_groups;
}
