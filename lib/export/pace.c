/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast messages leave over UDP: see pace.h. */
#include "export/pace.h"

#include "core/clock.h"
#include "core/limits.h"

/*
 * What Linux allocates beside the message: its headers and struct skb_shared_info in a block of a
 * power of two, and struct sk_buff. Measured on 6.18: 2304 bytes for 1400, 4352 for 1800.
 */
#define BLOCK_EXTRA_BYTES 448U
#define SKB_BYTES	  512U
/* Half of a buffer is left to messages that are on their way, and to others. */
#define BUFFER_SHARE 2
/* A buffer with less room than this is left alone until it has more. */
#define ROOM_SHARE 8

uint64_t pace_cost_bytes(uint32_t message_bytes)
{
	uint64_t block = 1;

	while (block < (uint64_t)message_bytes + BLOCK_EXTRA_BYTES)
		block *= 2;
	return block + SKB_BYTES;
}

static bool has_credit(const struct pace *p, uint32_t message_bytes)
{
	return p->credit_bytes >= (int64_t)pace_cost_bytes(message_bytes);
}

/* The buffer is full: leaves it alone for longer and longer. */
static void leave_alone(struct pace *p, uint64_t now_ns)
{
	if (p->step_ns < IPFIX_PACE_STEP_MIN_NS)
		p->step_ns = IPFIX_PACE_STEP_MIN_NS;
	p->until_ns = now_ns + p->step_ns;
	p->step_ns *= 2;
	if (p->step_ns > IPFIX_PACE_STEP_MAX_NS)
		p->step_ns = IPFIX_PACE_STEP_MAX_NS;
}

/* An empty buffer takes a message of any size. */
static int64_t free_bytes(const struct reader_room *room, int64_t cost)
{
	int64_t share = (int64_t)room->size_bytes / BUFFER_SHARE - (int64_t)room->used_bytes;

	return room->used_bytes == 0 && share < cost ? cost : share;
}

static void credit_room(struct pace *p, const struct reader_room *room, int64_t cost,
			uint64_t now_ns)
{
	int64_t credit = free_bytes(room, cost);
	int64_t least = room->used_bytes ? (int64_t)room->size_bytes / ROOM_SHARE : 0;

	if (credit < cost || credit < least) {
		leave_alone(p, now_ns);
		return;
	}
	p->credit_bytes = credit;
	p->until_ns = now_ns;
	p->step_ns = 0;
}

/* A burst at the fixed rate, and no more than an empty buffer takes, if one was found. */
static void credit_rate(struct pace *p, const struct reader_room *room, int64_t cost,
			uint64_t now_ns)
{
	const uint64_t rate = p->live ? IPFIX_LIVE_BYTES_PER_S : IPFIX_PACE_BYTES_PER_S;
	int64_t credit = p->live ? IPFIX_LIVE_BURST_BYTES : IPFIX_PACE_BURST_BYTES;

	if (room->size_bytes && credit > free_bytes(room, cost))
		credit = free_bytes(room, cost);
	if (credit < cost)
		credit = cost;
	p->credit_bytes = credit;
	p->until_ns = now_ns + (uint64_t)credit * SECOND_NS / rate;
	p->look_now = true;
}

/*
 * A socket that is found need not be the one that gets the messages (the kernel may translate
 * addresses), so it is believed once something was seen in it: right after a burst.
 */
static void look(struct pace *p, struct transport *t, struct reader_room *room)
{
	p->look_now = false;
	if (!t->ops->reader_room || t->ops->reader_room(t, room))
		p->proven = false;
	else if (room->used_bytes)
		p->proven = true;
}

bool pace_allows(struct pace *p, struct transport *t, uint32_t message_bytes, uint64_t now_ns)
{
	int64_t cost = (int64_t)pace_cost_bytes(message_bytes);
	struct reader_room room = {0};

	if (p->sighted && now_ns - p->credit_ns > IPFIX_PACE_STEP_MAX_NS)
		p->credit_bytes = 0; /* others may have filled it meanwhile */
	if (has_credit(p, message_bytes))
		return true;
	if (p->until_ns > now_ns + SECOND_NS)
		p->until_ns = now_ns; /* the clock was set back */
	if (now_ns < p->until_ns && !p->look_now)
		return false;
	look(p, t, &room);
	p->sighted = p->proven;
	p->credit_ns = now_ns;
	if (p->proven)
		credit_room(p, &room, cost, now_ns);
	else if (now_ns >= p->until_ns)
		credit_rate(p, &room, cost, now_ns);
	return has_credit(p, message_bytes);
}

void pace_spend(struct pace *p, uint32_t message_bytes)
{
	p->credit_bytes -= (int64_t)pace_cost_bytes(message_bytes);
}

uint64_t pace_wait_ns(const struct pace *p, uint32_t message_bytes, uint64_t now_ns)
{
	uint64_t wait_ns = p->until_ns - now_ns;

	if (has_credit(p, message_bytes) || p->until_ns <= now_ns)
		return 0;
	return wait_ns < IPFIX_PACE_STEP_MAX_NS ? wait_ns : IPFIX_PACE_STEP_MAX_NS;
}
