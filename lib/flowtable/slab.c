/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a cold record: slab -> table -> exporter -> stack of the freed -> slab. */
#include "flowtable/slab.h"

#include <assert.h>
#include <string.h>

struct flow *slab_take(struct flowtable *t)
{
	struct flow *f = flowtable_linked(t, t->free);

	if (f)
		t->free = f->next;
	else
		f = flowtable_flow(t, t->slab_used++);
	assert(t->slab_used <= t->slab_flows);
	/* Of known size, apart from the annex: no call for the many that have none. */
	memset(f, 0, sizeof *f);
	if (t->flow_bytes > sizeof *f)
		memset(f->annex, 0, t->flow_bytes - sizeof *f);
	f->table = t;
	atomic_init(&f->users, 1);
	return f;
}

struct flow_closed *slab_take_closed(struct flowtable *t, struct flow *f)
{
	if (t->closed_free) {
		f->place = t->closed_free - 1;
		memcpy(&t->closed_free, &t->closed[f->place], sizeof t->closed_free);
	} else {
		f->place = t->closed_used++;
	}
	assert(t->closed_used <= t->options.detached_max);
	return &t->closed[f->place];
}

static void put_closed(struct flowtable *t, uint32_t place)
{
	memcpy(&t->closed[place], &t->closed_free, sizeof t->closed_free);
	t->closed_free = place + 1;
}

static void push_freed(struct flow *f)
{
	_Atomic uint32_t *stack = &f->table->freed;
	const uint32_t link = flow_link(f);

	f->next = atomic_load_explicit(stack, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(stack, &f->next, link, memory_order_release,
						      memory_order_relaxed))
		;
}

void flow_release(struct flow *f)
{
	/* A slice holds its master: two steps at most. */
	while (f) {
		struct flow *master = f->slice ? flow_master(f) : NULL;

		/* The last user has nobody to agree with. */
		if (atomic_load_explicit(&f->users, memory_order_acquire) != 1 &&
		    atomic_fetch_sub_explicit(&f->users, 1, memory_order_acq_rel) != 1)
			return;
		push_freed(f);
		f = master;
	}
}

struct flow *flowtable_take_freed(struct flowtable *t)
{
	if (!atomic_load_explicit(&t->freed, memory_order_relaxed))
		return NULL;
	return flowtable_linked(t, atomic_exchange_explicit(&t->freed, 0, memory_order_acquire));
}

void flowtable_recycle(struct flowtable *t, struct flow *f)
{
	t->n_detached--;
	if (f->end_reason != END_NONE) /* a husk has none */
		t->n_out -= f->slice ? 2 : 1;
	if (!f->lost)
		put_closed(t, f->place);
	f->next = t->free;
	t->free = flow_link(f);
}
