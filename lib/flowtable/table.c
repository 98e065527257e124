/* SPDX-License-Identifier: BSD-3-Clause */
/* The table itself: creation, lookup, insertion, and who gives way when it is full. */
#include "flowtable/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flowtable/expire.h"
#include "flowtable/group.h"
#include "flowtable/refit.h"
#include "flowtable/slab.h"

/*
 * Records that are lost in one step, before the caller takes them: a step overshoots by a group,
 * and a flow may lose a cut and an end.
 */
#define SLAB_SLACK (4 * (FLOW_END_STEP + FLOW_GROUP_SLOTS))

/* Age units in the shortest timeout, at least: the due byte must not be coarser. */
#define AGE_UNITS_MIN 32
#define NO_SLOT	      UINT32_MAX
/* The coarse deadline compares as int16_t, so no timeout may have more units. */
#define DEADLINE_UNITS_MAX 0x4000

uint32_t flowtable_detached_max(const struct flowtable_options *o)
{
	uint64_t share = (uint64_t)o->flows_max * FLOW_DETACHED_PERCENT / 100;

	if (o->detached_max)
		return o->detached_max;
	return share > FLOW_DETACHED_MIN ? (uint32_t)share : FLOW_DETACHED_MIN;
}

static uint32_t groups_of(const struct flowtable_options *o)
{
	uint64_t slots = (uint64_t)o->flows_max * 100 / FLOW_LOAD_PERCENT;

	return (uint32_t)(slots / FLOW_GROUP_SLOTS + FLOW_PROBE_GROUPS_MAX);
}

static size_t flow_bytes(const struct flowtable_options *o)
{
	return (sizeof(struct flow) + o->annex_bytes + 63) & ~(size_t)63;
}

static uint64_t slab_flows(const struct flowtable_options *o)
{
	return (uint64_t)o->flows_max + flowtable_detached_max(o) + SLAB_SLACK;
}

/* Tag groups and hot lines: what every packet touches lies together. */
static uint64_t hot_bytes(const struct flowtable_options *o)
{
	return (uint64_t)groups_of(o) *
	       (sizeof(struct flow_group) + FLOW_GROUP_SLOTS * sizeof(struct flow_hot));
}

static uint64_t cold_bytes(const struct flowtable_options *o)
{
	return slab_flows(o) * flow_bytes(o) +
	       (uint64_t)flowtable_detached_max(o) * sizeof(struct flow_closed);
}

uint64_t flowtable_bytes(const struct flowtable_options *o)
{
	return hot_bytes(o) + cold_bytes(o);
}

static uint64_t min_timeout(const struct flowtable_options *o)
{
	uint64_t ns = o->idle_timeout_ns;

	if (o->active_timeout_ns < ns)
		ns = o->active_timeout_ns;
	if (o->slice_timeout_ns && o->slice_timeout_ns < ns)
		ns = o->slice_timeout_ns;
	return ns;
}

static uint64_t max_timeout(const struct flowtable_options *o)
{
	uint64_t ns = o->idle_timeout_ns;

	if (o->active_timeout_ns > ns)
		ns = o->active_timeout_ns;
	if (o->slice_timeout_ns > ns)
		ns = o->slice_timeout_ns;
	return ns;
}

int flowtable_options_check(const struct flowtable_options *o)
{
	if (o->flows_max < FLOW_TABLE_FLOWS_MIN || o->flows_max > FLOW_TABLE_FLOWS_MAX)
		return -EINVAL;
	if (!o->idle_timeout_ns || !o->active_timeout_ns || max_timeout(o) > TIMEOUT_MAX_NS)
		return -EINVAL;
	return o->counters && o->detached_max <= FLOW_TABLE_FLOWS_MAX ? 0 : -EINVAL;
}

void flowtable_set_spans(struct flowtable *t)
{
	t->due_span_ns = min_timeout(&t->options);
	t->idle_span = t->options.idle_timeout_ns << SIDE_TIME_SHIFT;
	t->age_shift = t->deadline_shift = 0;
	while ((t->due_span_ns >> t->age_shift) >= 2 * AGE_UNITS_MIN)
		t->age_shift++;
	while ((max_timeout(&t->options) >> t->deadline_shift) >= DEADLINE_UNITS_MAX)
		t->deadline_shift++;
	t->sweep_period_ns = t->due_span_ns / 8 + 1;
	if (t->sweep_period_ns > SWEEP_PERIOD_NS)
		t->sweep_period_ns = SWEEP_PERIOD_NS;
}

static int map_tables(struct flowtable *t)
{
	const struct flowtable_options *o = &t->options;
	int rc = memory_map(&t->memory_hot, hot_bytes(o), o->numa_node, o->prefault);

	if (rc == 0)
		rc = memory_map(&t->memory_cold, cold_bytes(o), o->numa_node, o->prefault);
	if (rc)
		return rc;
	t->groups = t->memory_hot.base;
	t->hot = (struct flow_hot *)(t->groups + t->n_groups);
	t->slab = t->memory_cold.base;
	t->closed = (struct flow_closed *)(t->slab + (size_t)t->slab_flows * t->flow_bytes);
	return 0;
}

int flowtable_create(struct flowtable **out, const struct flowtable_options *options)
{
	int rc = flowtable_options_check(options);
	struct flowtable *t;

	if (rc)
		return rc;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->options = *options;
	t->options.detached_max = flowtable_detached_max(options);
	t->n_groups = groups_of(options);
	t->flow_bytes = flow_bytes(options);
	t->flow_inverse = UINT64_MAX / (t->flow_bytes / 64) + 1;
	t->slab_flows = (uint32_t)slab_flows(options);
	t->next_id = options->id_first;
	flowtable_set_spans(t);
	t->refit_at = t->n_groups;
	rc = map_tables(t);
	if (rc) {
		flowtable_destroy(t);
		return rc;
	}
	*out = t;
	return 0;
}

void flowtable_set_tcp_rst_ends(struct flowtable *t, bool ends)
{
	t->options.tcp_rst_ends = ends;
}

void flowtable_destroy(struct flowtable *t)
{
	if (!t)
		return;
	memory_unmap(&t->memory_hot);
	memory_unmap(&t->memory_cold);
	free(t);
}

static inline bool hot_has_key(const struct flow_hot *hot, const struct flow_lookup *l)
{
	return hot->key[0] == l->key[0] && hot->key[1] == l->key[1];
}

static inline struct flow_hot *flow_find(const struct flowtable *t, const struct flow_lookup *l)
{
	uint32_t group = l->group;

	for (int probe = 0; probe < FLOW_PROBE_GROUPS_MAX; probe++) {
		uint32_t match = group_match(&t->groups[group], l->tag);

		for (; match; match &= match - 1) {
			uint32_t slot = group * FLOW_GROUP_SLOTS + (uint32_t)__builtin_ctz(match);

			if (likely(hot_has_key(&t->hot[slot], l)))
				return &t->hot[slot];
		}
		if (likely(!t->groups[group].overflow))
			return NULL;
		group = group_next(t, group);
	}
	return NULL;
}

static inline bool needs_settling(const struct flowtable *t, const struct flow_hot *hot,
				  uint64_t time_ns)
{
	uint64_t span = t->options.idle_timeout_ns;

	/* One test for both, so that a flow can be doomed at no cost to the others. */
	if (unlikely(hot->state & (FLOW_CLOSING | FLOW_DOOMED))) {
		if (hot->state & FLOW_DOOMED)
			return true;
		span = hot_idle_span(t, hot);
	}
	return hot_last(t, hot) + span <= time_ns || hot_deadline_passed(t, hot, time_ns);
}

static bool has_room_near(const struct flowtable *t, uint32_t group)
{
	for (int i = 0; i < FLOW_PROBE_GROUPS_MAX; i++, group = group_next(t, group))
		if (t->groups[group].used < FLOW_GROUP_SLOTS)
			return true;
	return false;
}

/*
 * The table is full: the oldest flow of the first group from home on that has one gives way. Its
 * slot, or NO_SLOT when time made room somewhere.
 */
static __attribute__((noinline)) uint32_t make_room(struct flowtable *t,
						    const struct flow_lookup *l)
{
	uint32_t group = l->group;

	/* What time has ended, and the sweep has not come to yet, goes first. */
	if (t->now_ns >= t->sweep_ripe_ns)
		flowtable_sweep(t, t->now_ns, t->n_groups, FLOW_END_STEP);
	if (t->n_active < t->options.flows_max && has_room_near(t, group))
		return NO_SLOT;
	for (uint32_t i = 0; i < t->n_groups; i++, group = group_next(t, group)) {
		uint32_t slot = group_oldest(t, &t->groups[group], l->tag);

		if (slot == FLOW_GROUP_SLOTS)
			continue;
		slot += group * FLOW_GROUP_SLOTS;
		struct flow_hot *hot = &t->hot[slot];
		if (needs_settling(t, hot, t->now_ns) && flow_settle(t, hot, t->now_ns))
			return slot;
		flowtable_end(t, hot, END_OVERFLOW);
		return slot;
	}
	return NO_SLOT;
}

/* A new flow's hot line, so many groups from home, whose groups count it as overflow. */
static struct flow_hot *slot_fill(struct flowtable *t, const struct flow_lookup *l, uint32_t slot,
				  uint32_t distance)
{
	struct flow_group *g = &t->groups[slot / FLOW_GROUP_SLOTS];
	uint32_t home = l->group;

	g->tag[slot % FLOW_GROUP_SLOTS] = l->tag;
	g->used++;
	flowtable_set_active(t, t->n_active + 1);
	for (uint32_t d = 0; d < distance; d++, home = group_next(t, home))
		t->groups[home].overflow += t->groups[home].overflow != UINT16_MAX;
	if (unlikely(distance >= t->probe_max))
		__atomic_store_n(&t->probe_max, distance + 1, __ATOMIC_RELAXED);
	t->hot[slot] = (struct flow_hot){.state = (uint16_t)(distance << FLOW_DISTANCE_SHIFT)};
	return &t->hot[slot];
}

/* The first free slot from home on, NULL when there is none near. */
static struct flow_hot *slot_take(struct flowtable *t, const struct flow_lookup *l)
{
	uint32_t group = l->group;

	for (uint32_t distance = 0; distance < FLOW_PROBE_GROUPS_MAX; distance++) {
		const uint32_t empty = group_free_slots(&t->groups[group]);

		if (empty)
			return slot_fill(t, l,
					 group * FLOW_GROUP_SLOTS + (uint32_t)__builtin_ctz(empty),
					 distance);
		group = group_next(t, group);
	}
	return NULL;
}

/* A slot for a new flow in a full table: where one gave way at home, its line is at hand. */
static __attribute__((noinline)) struct flow_hot *slot_win(struct flowtable *t,
							   const struct flow_lookup *l)
{
	struct flow_hot *hot = NULL;

	while (!hot) {
		const uint32_t slot = make_room(t, l);

		hot = slot / FLOW_GROUP_SLOTS == l->group ? slot_fill(t, l, slot, 0) :
							    slot_take(t, l);
	}
	return hot;
}

static void flow_describe(struct flow *f, const struct packet *k, bool swapped,
			  const struct flow_key_rules *rules)
{
	flow_key_of_packet(&f->key, k, rules, swapped);
	f->swapped = swapped;
	f->vlan_id = k->vlan_id;
	f->vlan_inner_id = k->vlan_inner_id;
	f->port_id = k->port_id;
	f->ip_tos = k->ip_tos;
	f->ip_ttl = k->ip_ttl;
	f->icmp_type = k->icmp_type;
	f->icmp_code = k->icmp_code;
	if (k->flags & PACKET_HAS_MAC)
		memcpy(f->mac, packet_mac(k), sizeof f->mac);
}

static __attribute__((noinline)) struct flow_hot *
flow_begin(struct flowtable *t, const struct packet *k, const struct flow_lookup *l)
{
	struct flow_hot *hot = t->n_active < t->options.flows_max ? slot_take(t, l) : NULL;

	if (unlikely(!hot))
		hot = slot_win(t, l);
	struct flow *f = slab_take(t);

	flow_describe(f, k, l->swapped, &t->options.key_rules);
	f->id = t->next_id++;
	f->place = hot_slot(t, hot);
	hot->key[0] = l->key[0];
	hot->key[1] = l->key[1];
	hot->cold = flow_link(f) - 1;
	side_set_last(&hot->side[DIR_FWD], k->time_ns);
	side_set_last(&hot->side[DIR_REV], k->time_ns);
	hot->state |= FLOW_HUSK | (l->swapped ? FLOW_SWAPPED : 0);
	return hot;
}

/*
 * A SYN opens a new connection when the old one is over, or its sender has closed it (a reused
 * port).
 */
static inline bool tcp_reopens(const struct flow_hot *hot, const struct packet *k,
			       const struct flow_lookup *l)
{
	enum { SYN = 0x02, ACK = 0x10 };
	const bool reverse = l->swapped != !!(hot->state & FLOW_SWAPPED);
	const uint16_t over = FLOW_CLOSING | (reverse ? FLOW_FIN_REV : FLOW_FIN_FWD);

	return (k->flags & PACKET_TCP) && (k->tcp_flags & (SYN | ACK)) == SYN &&
	       (hot->state & over);
}

struct flow_hot *flowtable_claim(struct flowtable *t, const struct packet *k,
				 const struct flow_lookup *l)
{
	struct flow_hot *hot = flow_find(t, l);

	if (unlikely(!hot))
		return flow_begin(t, k, l);
	if (unlikely(needs_settling(t, hot, k->time_ns)) && flow_settle(t, hot, k->time_ns))
		return flow_begin(t, k, l);
	if (unlikely(tcp_reopens(hot, k, l))) {
		flowtable_end(t, hot, END_DETECTED);
		return flow_begin(t, k, l);
	}
	return hot;
}
