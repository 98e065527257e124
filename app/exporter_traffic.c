/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves are counted by the transports; what they lead to is copied under the exporter's lock. */
#include "exporter_traffic.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "exporter.h"

/* An output has not moved that often: it is told of at the next look. */
#define NEVER_SEEN UINT32_MAX

void exporter_traffic_listen(struct exporter *e, void (*tell)(void *listener), void *listener)
{
	exporter_hold(e);
	e->traffic.tell = tell;
	e->traffic.listener = listener;
	exporter_let_go(e);
}

static bool has_moved(const struct exporter *e, unsigned int i)
{
	return output_own_traffic_moves(e->outputs[i]) != e->traffic.seen[i];
}

static void note(struct exporter *e, unsigned int i)
{
	struct exporter_moved *m = &e->traffic.moved[i];

	e->traffic.seen[i] = output_own_traffic_moves(e->outputs[i]);
	m->too_long = output_own_traffic(e->outputs[i], m->text, sizeof m->text) < 0;
	m->is_new = true;
}

static bool any_has_moved(const struct exporter *e)
{
	for (unsigned int i = 0; i < e->n_outputs; i++)
		if (has_moved(e, i))
			return true;
	return false;
}

void exporter_traffic_look(struct exporter *e)
{
	void (*tell)(void *) = NULL;
	void *listener;

	/* Somebody reads: the next look will do. */
	if (!any_has_moved(e) || pthread_mutex_trylock(&e->lock))
		return;
	listener = e->traffic.listener;
	if (listener) {
		tell = e->traffic.tell;
		for (unsigned int i = 0; i < e->n_outputs; i++)
			if (has_moved(e, i))
				note(e, i);
	}
	pthread_mutex_unlock(&e->lock);
	if (tell)
		tell(listener);
}

void exporter_traffic_order(struct exporter *e, const unsigned int was[], unsigned int n)
{
	struct exporter_traffic *t = &e->traffic;
	uint32_t seen[OUTPUTS_MAX];

	/* What was noted and not taken yet is told anew. */
	for (unsigned int i = 0; i < n; i++)
		if (was[i] < OUTPUTS_MAX)
			seen[i] = t->moved[was[i]].is_new ? NEVER_SEEN : t->seen[was[i]];
		else
			seen[i] = was[i] == OUTPUTS_MAX ? 0 : NEVER_SEEN;
	memcpy(t->seen, seen, n * sizeof seen[0]);
	for (unsigned int i = 0; i < OUTPUTS_MAX; i++)
		t->moved[i].is_new = false;
}

bool exporter_traffic_take(struct exporter *e, struct opened_output *outputs, unsigned int n)
{
	bool any = false;

	exporter_hold(e);
	for (unsigned int i = 0; i < n; i++) {
		struct exporter_moved *m = &e->traffic.moved[i];

		if (!m->is_new)
			continue;
		m->is_new = false;
		any |= m->too_long != outputs[i].own_traffic_too_long ||
		       strcmp(outputs[i].own_traffic, m->text) != 0;
		outputs[i].own_traffic_too_long = m->too_long;
		snprintf(outputs[i].own_traffic, sizeof outputs[i].own_traffic, "%s", m->text);
	}
	exporter_let_go(e);
	return any;
}
