/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends, cuts and slices. Everything here is decided by the flow's own times, so that a late sweep,
 * a larger burst or another lane changes no record, only when it leaves.
 */
#include "flowtable/expire.h"

#include <string.h>

#include "flowtable/group.h"
#include "flowtable/slab.h"

#define NEVER UINT64_MAX

/*
 * A due byte lies up to 64 units ahead; looked at 64 units late it is still told from one to come.
 */
#define DUE_UNITS_SAFE 64
/* A deadline so long ago still passes for 2^15 units less this, longer than any timeout. */
#define DEADLINE_UNITS_LATE 0x2000
/* Sweeps are worth a call this often in a period: a few hundred groups at a time. */
#define SWEEPS_A_PERIOD 64

/* The next record of a flow begins: nothing is counted yet. */
static void flow_clear_counters(struct flow_hot *hot, struct flow *f)
{
	side_clear(&hot->side[DIR_FWD]);
	side_clear(&hot->side[DIR_REV]);
	f->packets_carry_fwd = f->packets_carry_rev = 0;
	f->octets_carry_fwd = f->octets_carry_rev = 0;
	f->excess_carry[DIR_FWD] = f->excess_carry[DIR_REV] = 0;
	f->start_fwd = f->start_rev = 0;
}

/*
 * What the record of a flow says it counted. The same as flow_count() tells of it now; `counted` is
 * the flow that the hot line belongs to, a slice's master.
 */
static void flow_close(struct flowtable *t, struct flow *f, const struct flow *counted,
		       const struct flow_hot *hot)
{
	struct flow_closed *to = slab_take_closed(t, f);

	for (int d = 0; d < DIR_N; d++) {
		const struct flow_side *s = &hot->side[d];

		to->packets[d] = s->packets;
		to->octets[d] = side_octets(s);
		to->end_ns[d] = flow_side_end(counted, s, (unsigned int)d);
	}
	to->packets[DIR_FWD] += CARRY_PACKETS * counted->packets_carry_fwd;
	to->packets[DIR_REV] += CARRY_PACKETS * counted->packets_carry_rev;
	to->octets[DIR_FWD] += CARRY_OCTETS * counted->octets_carry_fwd;
	to->octets[DIR_REV] += CARRY_OCTETS * counted->octets_carry_rev;
	to->excess_fwd = flow_side_excess(counted, &hot->side[DIR_FWD], DIR_FWD);
	to->excess_rev = flow_side_excess(counted, &hot->side[DIR_REV], DIR_REV);
	to->tcp_flags_fwd = (int8_t)side_tcp_flags(&hot->side[DIR_FWD]);
	to->tcp_flags_rev = (int8_t)side_tcp_flags(&hot->side[DIR_REV]);
	if (unlikely(!to->packets[DIR_FWD] && !to->packets[DIR_REV]))
		to->end_ns[DIR_FWD] = hot_last(t, hot);
}

static const enum table_counter end_counter[END_N] = {
	[END_IDLE] = TABLE_flows_ended_idle,	     [END_ACTIVE] = TABLE_flows_ended_active,
	[END_DETECTED] = TABLE_flows_ended_end,	     [END_FORCED] = TABLE_flows_ended_forced,
	[END_OVERFLOW] = TABLE_flows_ended_overflow, [END_SLICE] = TABLE_slices,
};

/* A finished record joins the list of the ended; beyond the bound it is lost, and says so. */
static void flow_hand_out(struct flowtable *t, struct flow *f, const struct flow *counted,
			  const struct flow_hot *hot, enum end_reason reason)
{
	f->end_reason = (uint8_t)reason & 0x7f;
	counter_add(&t->options.counters[end_counter[reason]], 1);
	counter_add(&t->options.counters[TABLE_records], 1);
	if (reason != END_SLICE)
		flowtable_set_live(t, t->n_live - 1);
	f->lost = t->n_out >= t->options.detached_max;
	if (f->lost)
		counter_add(&t->options.counters[TABLE_records_dropped_detached], 1);
	else
		flow_close(t, f, counted, hot);
	t->n_detached++;
	t->n_out += f->slice ? 2 : 1;
	flow_list_append(&t->ended, f);
}

static void slot_free(struct flowtable *t, struct flow_hot *hot)
{
	uint32_t slot = hot_slot(t, hot), group = slot / FLOW_GROUP_SLOTS;
	uint32_t distance = (hot->state & FLOW_DISTANCE_MASK) >> FLOW_DISTANCE_SHIFT;

	/* Without a key no packet takes it for its own on the short way. */
	hot->key[0] = hot->key[1] = 0;
	t->groups[group].tag[slot % FLOW_GROUP_SLOTS] = 0;
	t->groups[group].used--;
	flowtable_set_active(t, t->n_active - 1);
	for (uint32_t i = 0; i < distance; i++) {
		group = group ? group - 1 : t->n_groups - 1;
		if (t->groups[group].overflow != UINT16_MAX)
			t->groups[group].overflow--;
	}
}

void flowtable_end(struct flowtable *t, struct flow_hot *hot, enum end_reason reason)
{
	struct flow *f = flowtable_flow(t, hot->cold);

	if (hot->state & FLOW_HUSK) {
		/*
		 * Nothing to say: it leaves by the same door, only to give back its annex, and
		 * takes no place of a record.
		 */
		f->lost = true;
		t->n_detached++;
		flow_list_append(&t->ended, f);
	} else {
		flow_hand_out(t, f, f, hot, reason);
	}
	f->kin = 0;
	slot_free(t, hot);
}

/* What stays the same when a record is closed and the next one of the flow begins. */
static void flow_copy_identity(struct flow *to, const struct flow *from)
{
	to->id = from->id;
	to->flow_start_ns = from->flow_start_ns;
	to->key = from->key;
	memcpy(to->mac, from->mac, sizeof to->mac);
	to->vlan_id = from->vlan_id;
	to->vlan_inner_id = from->vlan_inner_id;
	to->port_id = from->port_id;
	to->ip_tos = from->ip_tos;
	to->ip_ttl = from->ip_ttl;
	to->icmp_type = from->icmp_type;
	to->icmp_code = from->icmp_code;
	to->swapped = from->swapped;
	to->place = from->place;
}

/* The record leaves, the flow goes on as a husk until its next packet. */
void flowtable_cut(struct flowtable *t, struct flow_hot *hot, enum end_reason reason)
{
	struct flow *old = flowtable_flow(t, hot->cold), *heir = slab_take(t);

	flow_copy_identity(heir, old);
	heir->id = t->next_id++;
	flow_hand_out(t, old, old, hot, reason);
	flow_clear_counters(hot, heir);
	old->kin = flow_link(heir);
	hot->cold = old->kin - 1;
	hot->state |= FLOW_HUSK;
}

/* The slice timeout: what was counted leaves as a record of its own, the flow stays. */
static void flow_slice(struct flowtable *t, struct flow_hot *hot)
{
	struct flow *master = flowtable_flow(t, hot->cold), *slice = slab_take(t);

	flow_copy_identity(slice, master);
	slice->slice = true;
	slice->start_fwd = master->start_fwd;
	slice->start_rev = master->start_rev;
	slice->kin = hot->cold + 1;
	atomic_fetch_add_explicit(&master->users, 1, memory_order_relaxed);
	flow_hand_out(t, slice, master, hot, END_SLICE);
	flow_clear_counters(hot, master);
}

static uint64_t window_start(const struct flow *f)
{
	uint64_t fwd = flow_start(f, DIR_FWD), rev = flow_start(f, DIR_REV);

	if (!fwd || !rev)
		return fwd | rev;
	return fwd < rev ? fwd : rev;
}

static uint64_t slice_due(struct flowtable *t, const struct flow *f, uint64_t time_ns)
{
	uint64_t start = window_start(f), due = start + t->options.slice_timeout_ns;

	if (!t->options.slice_timeout_ns || !start)
		return NEVER;
	/* It takes two places, see n_out. */
	if (due <= time_ns && t->n_out + 2 > t->options.detached_max) {
		counter_add(&t->options.counters[TABLE_slices_postponed], 1);
		return NEVER;
	}
	return due;
}

static uint64_t cut_due(const struct flowtable *t, const struct flow_hot *hot, const struct flow *f)
{
	return hot->state & FLOW_HUSK ? NEVER : f->flow_start_ns + t->options.active_timeout_ns;
}

bool flow_settle(struct flowtable *t, struct flow_hot *hot, uint64_t time_ns)
{
	if (unlikely(hot->state & FLOW_DOOMED)) {
		flowtable_end(t, hot, END_FORCED);
		return true;
	}
	/* Slice, cut, end: each happens once at most. */
	for (int step = 0; step < 3; step++) {
		const struct flow *f = flowtable_flow(t, hot->cold);
		uint64_t end = hot_last(t, hot) + hot_idle_span(t, hot);
		uint64_t cut = cut_due(t, hot, f), slice = slice_due(t, f, time_ns);

		if (slice <= time_ns && slice < cut && slice < end) {
			flow_slice(t, hot);
		} else if (cut <= time_ns && cut < end) {
			flowtable_cut(t, hot, END_ACTIVE);
		} else if (end <= time_ns) {
			flowtable_end(t, hot, hot->state & FLOW_CLOSING ? END_DETECTED : END_IDLE);
			return true;
		} else {
			break;
		}
	}
	return false;
}

void flow_open_window(struct flowtable *t, struct flow_hot *hot, uint64_t time_ns)
{
	struct flow *f = flowtable_flow(t, hot->cold);
	uint64_t due;

	if (hot->state & FLOW_HUSK) {
		hot->state &= (uint16_t)~FLOW_HUSK;
		f->flow_start_ns = time_ns;
		flowtable_set_live(t, t->n_live + 1);
		counter_add(&t->options.counters[TABLE_flows_created], 1);
	}
	due = f->flow_start_ns + t->options.active_timeout_ns;
	if (t->options.slice_timeout_ns && time_ns + t->options.slice_timeout_ns < due)
		due = time_ns + t->options.slice_timeout_ns;
	hot->deadline = (uint16_t)(due >> t->deadline_shift);
}

/* When the sweep must look again at a flow that lives on. */
static void slot_rearm(struct flowtable *t, struct flow_hot *hot)
{
	const struct flow *f = flowtable_flow(t, hot->cold);
	uint64_t due = hot_last(t, hot) + hot_idle_span(t, hot);
	uint64_t cut = cut_due(t, hot, f), slice = slice_due(t, f, 0);

	if (cut < due)
		due = cut;
	if (slice < due)
		due = slice;
	/* A byte cannot tell what is long overdue from what is to come. */
	if (due <= t->now_ns || (hot->state & FLOW_DOOMED))
		slot_arm_now(t, hot_slot(t, hot));
	else
		slot_arm(t, hot_slot(t, hot), due);
}

/*
 * The coarse deadline anew. It is compared modulo 2^16, so one that passed long ago is moved to
 * where it has passed for the time that is, and for packets that come late.
 */
static void hot_redate(const struct flowtable *t, struct flow_hot *hot)
{
	const struct flow *f = flowtable_flow(t, hot->cold);
	const uint64_t start = window_start(f), now = t->now_ns >> t->deadline_shift;
	uint64_t due = f->flow_start_ns + t->options.active_timeout_ns;

	if (start && t->options.slice_timeout_ns && start + t->options.slice_timeout_ns < due)
		due = start + t->options.slice_timeout_ns;
	due >>= t->deadline_shift;
	if (due + DEADLINE_UNITS_LATE < now)
		due = now - DEADLINE_UNITS_LATE;
	hot->deadline = (uint16_t)due;
}

void flow_rearm(struct flowtable *t, struct flow_hot *hot)
{
	hot_redate(t, hot);
	slot_rearm(t, hot);
}

void flow_doom(struct flow *f)
{
	struct flow_hot *hot = flow_hot_line(f);

	if (!hot)
		return;
	hot->state |= FLOW_DOOMED;
	slot_arm_now(f->table, f->place);
}

/* Bit i: slot i must be looked at. */
static inline uint32_t group_due_at(const struct flowtable *t, uint32_t group, uint64_t time_ns,
				    bool thorough)
{
	const struct flow_group *g = &t->groups[group];

	return thorough ? group_used_slots(g) : group_due(g, age_of(t, time_ns));
}

/*
 * What is due in the groups to come is waited for while this one is settled: of the second the hot
 * lines, of the first the cold records that they lead to.
 */
static void prefetch_due_ahead(const struct flowtable *t, uint32_t group, uint64_t time_ns,
			       bool thorough)
{
	const uint32_t first = group_next(t, group), second = group_next(t, first);
	const struct flow_hot *hot = &t->hot[first * FLOW_GROUP_SLOTS];
	uint32_t due = group_due_at(t, first, time_ns, thorough);

	for (; due; due &= due - 1) {
		const struct flow *f = flowtable_flow(t, hot[__builtin_ctz(due)].cold);

		prefetch_line(f);
		prefetch_line(&f->mac); /* the second line */
	}
	hot = &t->hot[second * FLOW_GROUP_SLOTS];
	for (due = group_due_at(t, second, time_ns, thorough); due; due &= due - 1)
		prefetch_line(&hot[__builtin_ctz(due)]);
}

/*
 * Settles the slots of one group that are due (or all of them). Returns how many flows ended or
 * were cut, husks too.
 */
static uint32_t group_settle(struct flowtable *t, uint32_t group, uint64_t time_ns, bool thorough)
{
	const uint32_t before = t->n_detached;
	struct flow_hot *hot = &t->hot[group * FLOW_GROUP_SLOTS];
	uint32_t due = group_due_at(t, group, time_ns, thorough);

	prefetch_due_ahead(t, group, time_ns, thorough);
	for (; due; due &= due - 1) {
		struct flow_hot *h = &hot[__builtin_ctz(due)];

		if (!flow_settle(t, h, time_ns))
			slot_rearm(t, h);
	}
	return t->n_detached - before;
}

bool flowtable_sweep(struct flowtable *t, uint64_t now_ns, uint32_t groups_max, uint32_t flows_max)
{
	uint64_t elapsed = now_ns > t->sweep_last_ns ? now_ns - t->sweep_last_ns : 0;
	uint32_t ended = 0;

	if (now_ns > t->now_ns)
		t->now_ns = now_ns;
	t->sweep_last_ns += elapsed;
	if (elapsed >> t->age_shift >= DUE_UNITS_SAFE)
		t->thorough_left = t->n_groups;
	if (elapsed > t->sweep_period_ns)
		elapsed = t->sweep_period_ns;
	t->sweep_owed += elapsed * t->n_groups;
	if (t->sweep_owed > t->sweep_period_ns * t->n_groups)
		t->sweep_owed = t->sweep_period_ns * t->n_groups;

	uint64_t groups = t->sweep_owed / t->sweep_period_ns;
	if (groups > groups_max)
		groups = groups_max;
	for (; groups && ended < flows_max; groups--) {
		if (t->groups[t->sweep_at].used)
			ended += group_settle(t, t->sweep_at, t->now_ns, t->thorough_left > 0);
		t->thorough_left -= t->thorough_left > 0;
		t->sweep_at = group_next(t, t->sweep_at);
		t->sweep_owed -= t->sweep_period_ns;
	}
	t->sweep_ripe_ns = t->now_ns;
	if (t->sweep_owed < t->sweep_period_ns)
		t->sweep_ripe_ns += (t->sweep_period_ns - t->sweep_owed) / t->n_groups;
	bool more = ended >= flows_max;
	t->sweep_next_ns = more ? t->now_ns : t->now_ns + t->sweep_period_ns / SWEEPS_A_PERIOD;
	return more || t->sweep_owed >= t->sweep_period_ns;
}

bool flowtable_time(struct flowtable *t, uint64_t time_ns)
{
	if (likely(time_ns >= t->now_ns)) {
		if (unlikely(time_ns - t->now_ns > CLOCK_JUMP_NS) && t->n_active)
			return false;
		t->now_ns = time_ns;
		return true;
	}
	return t->now_ns - time_ns <= CLOCK_BACK_NS;
}

/* Time starts again: nothing of the old one is left in the table. */
static void clock_set(struct flowtable *t, uint64_t time_ns)
{
	t->now_ns = t->sweep_last_ns = t->sweep_next_ns = time_ns;
	t->sweep_owed = 0;
	t->settle_at = 0;
}

bool flowtable_settle(struct flowtable *t, uint64_t time_ns, uint32_t flows_max)
{
	uint32_t ended = 0;

	if (time_ns < t->now_ns) {
		if (flowtable_flush_step(t, flows_max))
			return true;
		clock_set(t, time_ns);
		return false;
	}
	/* Seen from the old time, which the hot lines can still be read by. */
	while (t->settle_at < t->n_groups && ended < flows_max) {
		if (t->groups[t->settle_at].used)
			ended += group_settle(t, t->settle_at, time_ns, true);
		t->settle_at++;
	}
	if (t->settle_at < t->n_groups)
		return true;
	clock_set(t, time_ns);
	return false;
}
