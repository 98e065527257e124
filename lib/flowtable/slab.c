/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a cold record: slab -> table -> exporter -> stack of the freed -> slab. */
#include "flowtable/slab.h"

#include <assert.h>
#include <string.h>

struct flow *slab_take(struct flowtable *t)
{
	struct flow *f = t->free;

	if (f)
		t->free = f->next;
	else
		f = flowtable_flow(t, t->slab_used++);
	assert(t->slab_used <= t->slab_flows);
	memset(f, 0, t->flow_bytes);
	f->table = t;
	atomic_init(&f->users, 1);
	return f;
}

void slab_put(struct flowtable *t, struct flow *f)
{
	f->next = t->free;
	t->free = f;
}

static void push_freed(struct flow *f)
{
	_Atomic(struct flow *) *stack = &f->table->freed;

	f->next = atomic_load_explicit(stack, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(stack, &f->next, f, memory_order_release,
						      memory_order_relaxed))
		;
}

void flow_release(struct flow *f)
{
	/* A slice holds its master: two steps at most. */
	while (f) {
		struct flow *master = f->master;

		if (atomic_fetch_sub_explicit(&f->users, 1, memory_order_acq_rel) != 1)
			return;
		push_freed(f);
		f = master;
	}
}

struct flow *flowtable_take_freed(struct flowtable *t)
{
	if (!atomic_load_explicit(&t->freed, memory_order_relaxed))
		return NULL;
	return atomic_exchange_explicit(&t->freed, NULL, memory_order_acquire);
}

void flowtable_recycle(struct flowtable *t, struct flow *f)
{
	t->n_detached--;
	slab_put(t, f);
}
