/* SPDX-License-Identifier: BSD-3-Clause */
/* What one packet adds to its flow, on the long way: flowtable_meter() knows the short one. */
#include "flowtable/expire.h"
#include "flowtable/group.h"

enum { TCP_FIN = 0x01, TCP_RST = 0x04 };

/* A start of 0 means no packet, so a packet without a time has the next best one. */
static inline uint64_t known_time(uint64_t time_ns)
{
	return time_ns ? time_ns : 1;
}

/* The first packet of a direction since the record began. */
static __attribute__((noinline)) void first_of_direction(struct flowtable *t, struct flow_hot *hot,
							 const struct packet *k,
							 unsigned int direction)
{
	if (!hot->side[DIR_FWD].packets && !hot->side[DIR_REV].packets) {
		/* A side that is quiet for days must not be older than its 48 bits can tell. */
		side_set_last(&hot->side[!direction], hot_last(t, hot));
		flow_open_window(t, hot, k->time_ns);
	}
	flow_set_start(flowtable_flow(t, hot->cold), direction, known_time(k->time_ns));
	/* Even one that comes late: a direction ends with its own packets. */
	side_set_last(&hot->side[direction], k->time_ns);
}

static __attribute__((noinline)) void packet_from_the_past(struct flowtable *t,
							   struct flow_hot *hot, uint64_t time_ns,
							   unsigned int direction)
{
	struct flow *f = flowtable_flow(t, hot->cold);

	if (time_ns < flow_start(f, direction))
		flow_set_start(f, direction, known_time(time_ns));
}

/* Full counters go on in the carries of the cold record. */
static __attribute__((noinline)) void carry_octets(struct flowtable *t, struct flow_hot *hot,
						   unsigned int direction)
{
	struct flow *f = flowtable_flow(t, hot->cold);

	if (direction == DIR_FWD)
		f->octets_carry_fwd++;
	else
		f->octets_carry_rev++;
}

static __attribute__((noinline)) void carry_packets(struct flowtable *t, struct flow_hot *hot,
						    unsigned int direction)
{
	struct flow *f = flowtable_flow(t, hot->cold);

	/* The rest stays, so that the record still knows that it has begun. */
	hot->side[direction].packets -= (uint32_t)CARRY_PACKETS;
	if (direction == DIR_FWD)
		f->packets_carry_fwd++;
	else
		f->packets_carry_rev++;
}

/*
 * An excess beyond 32 KB: multiples of that are kept in the hot line, those of 4 MB in the cold
 * record. What is beyond 9 PB is cut off: hours of nothing but wrong lengths in one record.
 */
static __attribute__((noinline)) void carry_excess(struct flowtable *t, struct flow_hot *hot,
						   int64_t sum, unsigned int direction)
{
	struct flow *f = flowtable_flow(t, hot->cold);
	struct flow_side *s = &hot->side[direction];

	sum += side_excess_carry(s) * CARRY_EXCESS_HOT;
	if (sum >= CARRY_EXCESS || sum < -CARRY_EXCESS) {
		int64_t carry = f->excess_carry[direction] + (sum >> CARRY_EXCESS_SHIFT);

		if (carry == (int32_t)carry)
			f->excess_carry[direction] = (int32_t)carry;
		sum &= CARRY_EXCESS - 1;
	}
	side_set_excess(s, (int16_t)(sum & (CARRY_EXCESS_HOT - 1)),
			(int8_t)(sum >> CARRY_EXCESS_HOT_SHIFT));
}

static void count_octets(struct flowtable *t, struct flow_hot *hot, uint32_t octets,
			 unsigned int direction)
{
	struct flow_side *s = &hot->side[direction];
	uint64_t sum = side_octets(s) + octets;

	if (unlikely(sum >> SIDE_OCTETS_BITS))
		carry_octets(t, hot, direction);
	s->octets = (s->octets & ~SIDE_OCTETS_MASK) | (sum & SIDE_OCTETS_MASK);
}

static void count_excess(struct flowtable *t, struct flow_hot *hot, const struct packet *k,
			 unsigned int direction)
{
	struct flow_side *s = &hot->side[direction];
	int64_t sum = (int64_t)side_excess(s) + (int64_t)k->wire_len - (int64_t)k->l3_len;

	if (unlikely(sum != (int16_t)sum))
		carry_excess(t, hot, sum, direction);
	else
		side_set_excess(s, (int16_t)sum, side_excess_carry(s));
}

static void count_packet(struct flowtable *t, struct flow_hot *hot, const struct packet *k,
			 unsigned int direction)
{
	if (unlikely(hot->side[direction].packets == UINT32_MAX))
		carry_packets(t, hot, direction);
	hot->side[direction].packets++;
	count_octets(t, hot, k->l3_len, direction);
	count_excess(t, hot, k, direction);
}

/* A packet that comes late, or that a counter has no room for. */
static __attribute__((noinline)) void count_odd(struct flowtable *t, struct flow_hot *hot,
						const struct packet *k, unsigned int direction)
{
	struct flow_side *s = &hot->side[direction];

	s->octets |= (uint64_t)k->tcp_flags << SIDE_FLAGS_SHIFT;
	count_packet(t, hot, k, direction);
	if (k->time_ns < flowtable_expand_time(t, side_last(s)))
		packet_from_the_past(t, hot, k->time_ns, direction);
	else
		side_set_last(s, k->time_ns);
}

static __attribute__((noinline)) void track_tcp(const struct flowtable *t, struct flow_hot *hot,
						uint8_t flags, unsigned int direction)
{
	uint16_t state = hot->state;

	if (flags & TCP_FIN)
		state |= direction == DIR_FWD ? FLOW_FIN_FWD : FLOW_FIN_REV;
	if (flags & TCP_RST)
		state |= FLOW_RST;
	if ((state & (FLOW_FIN_FWD | FLOW_FIN_REV)) == (FLOW_FIN_FWD | FLOW_FIN_REV) ||
	    ((flags & TCP_RST) && t->options.tcp_rst_ends))
		state |= FLOW_CLOSING;
	hot->state = state;
}

/* When the sweep must look at a flow that is about to end. */
static __attribute__((noinline)) void arm_last_packets(struct flowtable *t, struct flow_hot *hot,
						       uint64_t time_ns)
{
	uint64_t span = t->due_span_ns;

	if (t->options.tcp_linger_ns < span)
		span = t->options.tcp_linger_ns;
	if (hot->state & FLOW_DOOMED)
		slot_arm_now(t, hot_slot(t, hot));
	else
		slot_arm(t, hot_slot(t, hot), time_ns + span);
}

unsigned int flowtable_account(struct flowtable *t, struct flow_hot *hot, const struct packet *k,
			       const struct flow_lookup *l)
{
	const unsigned int direction = (hot->state ^ l->swapped) & FLOW_SWAPPED;
	struct flow_side *s = &hot->side[direction];
	const bool first = !s->packets;
	const bool knows = !first && side_is_armed(t, s->last, l->time_ns);

	if (first)
		first_of_direction(t, hot, k, direction);
	if (unlikely(l->time_ns < flowtable_expand_time(t, side_last(s)) || !side_count(s, l)))
		count_odd(t, hot, k, direction);
	if (l->tcp_flags & (TCP_FIN | TCP_RST))
		track_tcp(t, hot, l->tcp_flags, direction);

	if (unlikely(hot->state & (FLOW_CLOSING | FLOW_DOOMED)))
		arm_last_packets(t, hot, l->time_ns);
	else if (!knows)
		slot_arm(t, hot_slot(t, hot), l->time_ns + t->due_span_ns);
	return direction;
}
