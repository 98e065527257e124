/* SPDX-License-Identifier: BSD-3-Clause */
/* What one packet adds to its flow. */
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
	if (!hot->packets[DIR_FWD] && !hot->packets[DIR_REV])
		flow_open_window(t, hot, k->time_ns);
	flow_set_start(flowtable_flow(t, hot->cold), direction, known_time(k->time_ns));
	/* Even one that comes late: a direction ends with its own packets. */
	if (direction == DIR_FWD)
		hot->last_fwd = k->time_ns & HOT_TIME_MASK;
	else
		hot->last_rev = k->time_ns & HOT_TIME_MASK;
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
	hot->packets[direction] -= (uint32_t)CARRY_PACKETS;
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
	int8_t hot_carry = (int8_t)(direction == DIR_FWD ? hot->excess_fwd : hot->excess_rev);

	sum += hot_carry * CARRY_EXCESS_HOT;
	if (sum >= CARRY_EXCESS || sum < -CARRY_EXCESS) {
		int64_t carry = f->excess_carry[direction] + (sum >> CARRY_EXCESS_SHIFT);

		if (carry == (int32_t)carry)
			f->excess_carry[direction] = (int32_t)carry;
		sum &= CARRY_EXCESS - 1;
	}
	if (direction == DIR_FWD)
		hot->excess_fwd = (uint8_t)(sum >> CARRY_EXCESS_HOT_SHIFT);
	else
		hot->excess_rev = (uint8_t)(sum >> CARRY_EXCESS_HOT_SHIFT);
	hot->l2_excess[direction] = (int16_t)(sum & (CARRY_EXCESS_HOT - 1));
}

static inline void count_octets(struct flowtable *t, struct flow_hot *hot, uint32_t octets,
				unsigned int direction)
{
	/* Widened first: gcc computes with a bit-field in the bit-field's own width. */
	uint64_t sum = direction == DIR_FWD ? (uint64_t)hot->octets_fwd : (uint64_t)hot->octets_rev;

	sum += octets;
	if (unlikely(sum >> 48))
		carry_octets(t, hot, direction);
	if (direction == DIR_FWD)
		hot->octets_fwd = sum;
	else
		hot->octets_rev = sum;
}

static inline void count_excess(struct flowtable *t, struct flow_hot *hot, const struct packet *k,
				unsigned int direction)
{
	int64_t sum =
		(int64_t)hot->l2_excess[direction] + (int64_t)k->wire_len - (int64_t)k->l3_len;

	if (unlikely(sum != (int16_t)sum))
		carry_excess(t, hot, sum, direction);
	else
		hot->l2_excess[direction] = (int16_t)sum;
}

static inline void count_packet(struct flowtable *t, struct flow_hot *hot, const struct packet *k,
				unsigned int direction)
{
	if (unlikely(hot->packets[direction] == UINT32_MAX))
		carry_packets(t, hot, direction);
	hot->packets[direction]++;
	count_octets(t, hot, k->l3_len, direction);
	count_excess(t, hot, k, direction);
}

static inline void touch(struct flowtable *t, struct flow_hot *hot, uint64_t time_ns,
			 unsigned int direction)
{
	uint64_t last =
		flowtable_expand_time(t, direction == DIR_FWD ? hot->last_fwd : hot->last_rev);

	if (unlikely(time_ns < last)) {
		packet_from_the_past(t, hot, time_ns, direction);
		return;
	}
	if (direction == DIR_FWD)
		hot->last_fwd = time_ns & HOT_TIME_MASK;
	else
		hot->last_rev = time_ns & HOT_TIME_MASK;
}

static inline void track_tcp(const struct flowtable *t, struct flow_hot *hot, uint8_t flags,
			     unsigned int direction)
{
	if (direction == DIR_FWD)
		hot->tcp_flags_fwd |= flags;
	else
		hot->tcp_flags_rev |= flags;
	if (likely(!(flags & (TCP_FIN | TCP_RST))))
		return;

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
	const unsigned int direction = l->swapped != !!(hot->state & FLOW_SWAPPED) ? DIR_REV :
										     DIR_FWD;

	if (unlikely(!hot->packets[direction]))
		first_of_direction(t, hot, k, direction);
	count_packet(t, hot, k, direction);
	touch(t, hot, k->time_ns, direction);
	if (k->flags & PACKET_TCP)
		track_tcp(t, hot, k->tcp_flags, direction);

	if (unlikely(hot->state & (FLOW_CLOSING | FLOW_DOOMED)))
		arm_last_packets(t, hot, k->time_ns);
	else
		slot_arm(t, hot_slot(t, hot), k->time_ns + t->due_span_ns);
	return direction;
}
