/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in a table now, for those outside its thread. */
#include "ft/live.h"

#include <stdio.h>

#include "core/stream.h"
#include "ft/table.h"

static void copy_l7(struct flow *f, struct ft_copies *to, uint32_t i)
{
	struct dpi_annex *annex = flow_dpi(f);
	struct dpi_metadata known;

	to->l7[i] = *annex;
	to->l7[i].state = NULL;
	to->l7[i].meta = NULL;
	/* The flags come with the final verdict; what is named before was looked at, too. */
	if (annex->app_id || annex->master_id)
		to->l7[i].flags |= L7_INSPECTED;
	if (!to->flows.has_names)
		return;
	dpi_annex_metadata(annex, &known);
	snprintf(to->server_name[i], sizeof to->server_name[i], "%s",
		 known.server_name ? known.server_name : "");
}

bool ft_copy_flows(pfring_ft_table *table, uint32_t *cursor, struct ft_copies *to, bool with_names)
{
	struct flow *flows[FLOW_COPIES_MAX];
	struct ft_table *t = table;
	bool copied = flowtable_copy(t->flows, cursor, &to->flows, flows);

	to->flows.has_l7 = t->dpi != NULL;
	to->flows.has_names = to->flows.has_l7 && with_names;
	for (uint32_t i = 0; to->flows.has_l7 && i < to->flows.n; i++)
		copy_l7(flows[i], to, i);
	return copied;
}

void ft_copies_done(void)
{
	stream_done();
}

void ft_copy_record(const struct ft_copies *from, uint32_t i, struct flow_record *r)
{
	flow_copy_to_record(&from->flows, i, r);
	dpi_to_record(from->flows.has_l7 ? &from->l7[i] : NULL, r);
	if (from->flows.has_names)
		r->server_name = from->server_name[i];
}

/* Places for records that are out, so that none is lost; those that came back count. */
static bool has_places(struct ft_table *t, uint32_t flows)
{
	ft_reclaim(t);
	return t->flows->n_out + 2 * flows + 4 * FLOW_END_STEP <= t->flows->options.detached_max;
}

bool ft_expire_flows(pfring_ft_table *table, struct ft_expiry *e, uint32_t flows_max)
{
	struct ft_table *t = table;
	uint32_t ended;
	bool more;

	if (!e->begun) {
		e->begun = true;
		e->before = t->flows->next_id;
	}
	if (!has_places(t, flows_max))
		return true;
	more = flowtable_expire_step(t->flows, e->before, &e->cursor, flows_max, &ended);
	e->ended += ended;
	ft_take_ended(t);
	return more;
}
