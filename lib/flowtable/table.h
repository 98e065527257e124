/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table of one lane: single writer, exact keys, all memory taken at creation. Ended flows
 * and slices queue up in `ended`; the caller takes them after every call that may end flows.
 */
#pragma once

#include "core/counters.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/prefetch.h"
#include "flowtable/flow.h"

struct flowtable_options {
	uint32_t flows_max;    /* flows at once */
	uint32_t detached_max; /* ended and not yet released; 0 = a share of flows_max */
	uint64_t idle_timeout_ns, active_timeout_ns, slice_timeout_ns; /* slice 0 = off */
	uint64_t tcp_linger_ns;
	bool tcp_rst_ends;  /* RST ends a flow */
	bool device_hashes; /* lookups may have one, see flowtable_place() */
	struct flow_key_rules key_rules;
	struct hash_seed seed;
	uint32_t annex_bytes; /* in every cold record, for the layers above */
	uint64_t id_first;    /* flow ids count up from here, in their low FLOW_ID_BITS */
	int numa_node;	      /* MEMORY_NODE_ANY, or where the lane runs */
	bool prefault;
	uint64_t *counters; /* TABLE_N words of the lane, borrowed */
	void *owner;	    /* the layer above, found again from a flow */
};

struct flowtable {
	struct flow_group *groups;
	struct flow_hot *hot;
	uint32_t n_groups;
	uint32_t n_active;  /* slots in use */
	uint32_t n_live;    /* of them, flows: slots less husks */
	uint32_t sweep_at;  /* next group to sweep */
	uint32_t settle_at; /* next group of a settling */
	uint32_t refit_at;  /* next group of a walk after a change, n_groups = no walk */
	uint32_t flush_at;  /* next flow of a flush */
	bool flushing;
	uint32_t flush_n;		 /* flows of it */
	struct flush_entry *flush_order; /* of a flush under way, inside flush_memory */
	void *flush_memory;
	uint32_t age_shift, deadline_shift;
	uint64_t now_ns;      /* latest time seen */
	uint64_t due_span_ns; /* the shortest timeout of a flow that is not closing */
	uint64_t idle_span;   /* the idle timeout, shifted as flow_side.last is */
	uint64_t sweep_period_ns, sweep_last_ns;
	uint64_t sweep_owed;	/* groups times nanoseconds that the sweep is behind */
	uint64_t sweep_next_ns; /* packet time from which on a sweep is worth a call */
	uint64_t sweep_ripe_ns; /* packet time at which the sweep owes a group */
	uint32_t thorough_left; /* groups whose due bytes may have gone round */
	uint32_t probe_max;	/* groups searched at most so far */
	struct flowtable_options options;
	struct flow_list ended;
	uint64_t next_id;
	/* cold records and closed parts; their stacks are linked by number plus 1, 0 = none */
	uint8_t *slab;
	struct flow_closed *closed;	/* detached_max of them */
	size_t flow_bytes;		/* of one cold record with its annex */
	uint64_t flow_inverse;		/* 2^64 / (its lines), rounded up */
	uint32_t slab_flows, slab_used; /* in the slab; ever taken from it */
	uint32_t closed_used;
	uint32_t n_detached; /* handed out and not yet recycled */
	/*
	 * How much of detached_max is in use. A slice counts twice: its master needs a place even
	 * when its own record was lost, as long as the slice is out.
	 */
	uint32_t n_out;
	uint32_t free, closed_free;
	_Atomic uint32_t freed; /* pushed by any thread, taken by the owner */
	struct memory memory_hot, memory_cold;
};

/* Bytes that flowtable_create() will reserve, before they are rounded up to pages. */
uint64_t flowtable_bytes(const struct flowtable_options *o);
/* Ended flows and slices that may be out at once: detached_max, or its share of flows_max. */
uint32_t flowtable_detached_max(const struct flowtable_options *o);

/*
 * Makes a table. 0, -EINVAL (a timeout is 0 or above TIMEOUT_MAX_NS, flows_max out of range),
 * -ENOMEM. Everything but flow_release() belongs to one thread at a time.
 */
int flowtable_create(struct flowtable **out, const struct flowtable_options *options);
/* Every flow must have been recycled, or is given up with the table. */
void flowtable_destroy(struct flowtable *t);

/*
 * Other timeouts from now on, slice 0 = none, also for the flows in the table: what is due by the
 * new times leaves at the next look, and what was due by the old ones alone and nobody had looked
 * at goes on. 0, -EINVAL (idle or active 0, one above TIMEOUT_MAX_NS). The table's thread; it walks
 * the whole table.
 */
int flowtable_set_timeouts(struct flowtable *t, uint64_t idle_ns, uint64_t active_ns,
			   uint64_t slice_ns);

struct flowtable_timeouts {
	uint64_t idle_ns, active_ns, slice_ns, tcp_linger_ns;
};

/*
 * The same, of all timeouts, without the walk: what ends by idleness does so by the new times at
 * once; a cut or a slice that is due may wait until flowtable_refit() has come to its flow. The
 * caller begins a walk.
 */
int flowtable_change_timeouts(struct flowtable *t, const struct flowtable_timeouts *n);

/* What the caller wants to do to every flow of a walk. */
typedef void flowtable_visit(void *user, struct flow_hot *hot);

/*
 * A walk over the flows of the table, as many groups a call as the caller has time for: each gets
 * its due times anew, and is shown to visit (NULL: nobody). Flows that begin meanwhile may be shown
 * or not. True while there is more. Beginning anew is allowed at any time. The table's thread.
 */
void flowtable_refit_begin(struct flowtable *t);
bool flowtable_refit(struct flowtable *t, uint32_t groups_max, flowtable_visit *visit, void *user);

/* Whether the RSTs that come from now on end their flows. The table's thread. */
void flowtable_set_tcp_rst_ends(struct flowtable *t, bool ends);

/*
 * Where to look for a key of this hash. A device's hash (0 = none) joins the key's own, so that a
 * constant or bad one cannot fill one group. Packets of one key with different device hashes are
 * looked for in different places and so make different flows, but for one pair in 2^15 or less
 * whose group and tag are the same.
 */
static inline void flowtable_place(const struct flowtable *t, struct flow_lookup *l, uint64_t hash,
				   uint32_t device_hash)
{
	if (unlikely(device_hash))
		hash = hash_fold(hash ^ device_hash, t->options.seed.word[4]);
	l->group = (uint32_t)(((unsigned __int128)hash * t->n_groups) >> 64);
	l->slot = l->group * FLOW_GROUP_SLOTS;
	l->tag = (uint16_t)(hash | 1); /* low bits; the group is made of the high ones */
}

/* Fills the lookup of a packet from its view. */
static inline void flowtable_lookup(const struct flowtable *t, const struct packet *k,
				    uint32_t device_hash, struct flow_lookup *l)
{
	uint64_t hash = flow_lookup_make(l, k, &t->options.key_rules, &t->options.seed);

	flowtable_place(t, l, hash, device_hash);
}

static inline void flowtable_prefetch_group(const struct flowtable *t, const struct flow_lookup *l)
{
	prefetch_line(&t->groups[l->group]);
}

/*
 * Moves the table's time to that of the packet that comes next. False when it jumps (a gap, a
 * damaged record, files out of order), which the shortened times of the hot lines cannot bear: the
 * caller must then call flowtable_settle() until it returns false, taking what ended after each
 * call.
 */
bool flowtable_time(struct flowtable *t, uint64_t time_ns);

/* The common case of flowtable_time(): true when time goes on by a step. */
static inline bool flowtable_time_goes_on(struct flowtable *t, uint64_t time_ns)
{
	if (unlikely(time_ns - t->now_ns > CLOCK_JUMP_NS))
		return false; /* backwards, too: the difference is unsigned */
	t->now_ns = time_ns;
	return true;
}

/*
 * Brings the table to a time that flowtable_time() refused: forward, what is due ends; backward by
 * more than CLOCK_BACK_NS, all flows end. At most flows_max a call; true while there is more.
 */
bool flowtable_settle(struct flowtable *t, uint64_t time_ns, uint32_t flows_max);

/*
 * The flow of a packet at its time: finds it, ends or cuts what time or a SYN has ended before this
 * packet, or begins a new one (the oldest of the neighbourhood gives way when the table is full).
 * A flow without a packet yet has FLOW_HUSK in its state.
 */
struct flow_hot *flowtable_claim(struct flowtable *t, const struct packet *k,
				 const struct flow_lookup *l);

/*
 * Counts a packet in its flow and moves its TCP state. Returns its direction, DIR_FWD or DIR_REV.
 * Most packets need neither of the two, see flowtable_meter().
 */
unsigned int flowtable_account(struct flowtable *t, struct flow_hot *hot, const struct packet *k,
			       const struct flow_lookup *l);

/*
 * Looks for what time has ended, as many groups as the time since the last call is worth, at most
 * groups_max, and ends at most flows_max flows. True when more is due now.
 */
bool flowtable_sweep(struct flowtable *t, uint64_t now_ns, uint32_t groups_max, uint32_t flows_max);

/* Whether a packet of that time should be preceded by a sweep. */
static inline bool flowtable_sweep_due(const struct flowtable *t, uint64_t time_ns)
{
	return time_ns >= t->sweep_next_ns;
}

/*
 * Ends up to flows_max flows in the order in which they began, idle ones as idle, the others as
 * forced. True while flows are left.
 */
bool flowtable_flush_step(struct flowtable *t, uint32_t flows_max);

/* Ends one flow now, for a reason of the caller. */
void flowtable_end(struct flowtable *t, struct flow_hot *hot, enum end_reason reason);

/*
 * Closes the record of a flow in the table that has counted a packet, for a reason of the caller;
 * the flow goes on as a husk in its place.
 */
void flowtable_cut(struct flowtable *t, struct flow_hot *hot, enum end_reason reason);

/*
 * The flow ends with END_FORCED when it is looked at next: by its next packet's claim (whatever the
 * packet's time), the sweep, or a flush. Until then it counts on. The table's thread; nothing
 * happens to a flow that has ended.
 */
void flow_doom(struct flow *f);

/* The hot line of a flow, NULL when it is not in the table any more. The table's thread. */
struct flow_hot *flow_hot_line(const struct flow *f);

/* What a flow counted in its current record; a direction without packets has times 0. */
struct flow_counts {
	uint64_t packets[DIR_N];
	uint64_t octets[DIR_N];	     /* IP length */
	uint64_t wire_octets[DIR_N]; /* wire length */
	uint64_t start_ns[DIR_N], end_ns[DIR_N];
	uint8_t tcp_flags[DIR_N];
	/* Last packet of the record; of the flow while it is in the table or the record has none.
	 */
	uint64_t last_ns;
};

/*
 * Tells what a flow counted, and changes nothing. A flow in the table: the table's thread, the
 * numbers of this moment. An ended flow or a slice: whoever owns it; a lost one has nothing to say.
 */
void flow_count(const struct flow *f, struct flow_counts *c);

/*
 * A user of the flow lets go; the last one gives it back to its table (a slice its master too).
 * Any thread. The flow must not be touched after.
 */
void flow_release(struct flow *f);

/*
 * Takes the flows that were released since the last call: a stack, see flow_next(). The owner.
 */
struct flow *flowtable_take_freed(struct flowtable *t);
/* Makes a released flow available again; its annex must have been given back. The owner. */
void flowtable_recycle(struct flowtable *t, struct flow *f);

/*
 * The facts of an ended flow or slice as a record; what DPI and processors fill is empty. Any
 * thread.
 */
void flow_to_record(const struct flow *f, struct flow_record *r);
/* The same of a flow in the table, with END_NONE; nothing changes. The table's thread. */
void flow_living_to_record(const struct flow *f, const struct flow_hot *hot, struct flow_record *r);

static inline struct flow *flowtable_flow(const struct flowtable *t, uint32_t cold)
{
	return (struct flow *)(t->slab + (size_t)cold * t->flow_bytes);
}

/* The flow behind a link, NULL if none. */
static inline struct flow *flowtable_linked(const struct flowtable *t, uint32_t link)
{
	return link ? flowtable_flow(t, link - 1) : NULL;
}

/* A link to a flow: its number, without a division, plus 1. */
static inline uint32_t flow_link(const struct flow *f)
{
	const struct flowtable *t = f->table;
	uint64_t line = (uint64_t)((const uint8_t *)f - t->slab) / 64;

	return (uint32_t)((unsigned __int128)line * t->flow_inverse >> 64) + 1;
}

/* The table's part of an id is in its high bits. */
static inline uint64_t flow_id(const struct flow *f)
{
	return (f->table->options.id_first & ~FLOW_ID_MASK) | f->id;
}

/* The next one of a list of ended flows or a stack of freed ones, NULL if none. */
static inline struct flow *flow_next(const struct flow *f)
{
	return flowtable_linked(f->table, f->next);
}

/* Of a slice: whom it is part of. Any thread; any other flow is its own. */
static inline struct flow *flow_master(struct flow *f)
{
	return f->slice ? flowtable_flow(f->table, f->kin - 1) : f;
}

/* Whether an ended flow was cut, so that there is an heir. */
static inline bool flow_was_cut(const struct flow *f)
{
	return !f->slice && f->kin;
}

/* Of a flow that was cut: who goes on, until its packets end, too. */
static inline struct flow *flow_heir(const struct flow *f)
{
	return flowtable_flow(f->table, f->kin - 1);
}

static inline void flow_list_append(struct flow_list *l, struct flow *f)
{
	f->next = 0;
	if (l->tail)
		l->tail->next = flow_link(f);
	else
		l->head = f;
	l->tail = f;
}

static inline struct flow *flow_list_take(struct flow_list *l)
{
	struct flow *f = l->head;

	if (f) {
		l->head = flow_next(f);
		if (!l->head)
			l->tail = NULL;
	}
	return f;
}

/* Packets of a flow in the table since its record began. */
static inline uint64_t flow_packets_now(const struct flow *f, const struct flow_hot *hot)
{
	return (uint64_t)hot->side[DIR_FWD].packets + hot->side[DIR_REV].packets +
	       CARRY_PACKETS * ((uint64_t)f->packets_carry_fwd + f->packets_carry_rev);
}

/* A time of a hot line back in full: the latest one not after the table's now. */
static inline uint64_t flowtable_expand_time(const struct flowtable *t, uint64_t hot_time)
{
	return t->now_ns - ((t->now_ns - hot_time) & HOT_TIME_MASK);
}
