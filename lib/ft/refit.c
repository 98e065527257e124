/* SPDX-License-Identifier: BSD-3-Clause */
/* Timeouts and processors of a table that change while packets come. */
#include "ft/table.h"

/* Processors that come in want to see the flow, and nothing of an earlier time. */
static void admit_processors(void *user, struct flow_hot *hot)
{
	struct ft_table *t = user;
	struct flow *f = flowtable_flow(t->flows, hot->cold);

	processors_clear(&t->processors, flow_processors(t, f));
	ft_watch(t, hot);
}

static bool timeouts_differ(const struct flowtable_options *o, const struct ft_change *to)
{
	return o->idle_timeout_ns != to->idle_timeout_ns ||
	       o->active_timeout_ns != to->active_timeout_ns ||
	       o->slice_timeout_ns != to->slice_timeout_ns || o->tcp_linger_ns != to->tcp_linger_ns;
}

bool ft_change(pfring_ft_table *table, const struct ft_change *to)
{
	struct ft_table *t = table;
	const struct flowtable_timeouts timeouts = {.idle_ns = to->idle_timeout_ns,
						    .active_ns = to->active_timeout_ns,
						    .slice_ns = to->slice_timeout_ns,
						    .tcp_linger_ns = to->tcp_linger_ns};
	const bool others = timeouts_differ(&t->flows->options, to);

	if (others && flowtable_change_timeouts(t->flows, &timeouts))
		return false;
	if (processors_choose(&t->processors, to->processors) || others)
		flowtable_refit_begin(t->flows);
	return ft_refit(t, 0);
}

bool ft_refit(pfring_ft_table *table, uint32_t groups_max)
{
	struct ft_table *t = table;

	if (flowtable_refit(t->flows, groups_max, t->processors.starting ? admit_processors : NULL,
			    t))
		return true;
	processors_started(&t->processors);
	return false;
}
