/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every packet goes through. This file is compiled once for each kind of processor, with
 * STAGES as the name of the kind; what is rare is a call to functions that are compiled once.
 */
#include "ft/stages.h"

#include <string.h>

#include "flowtable/meter.h"
#include "ft/metering.h"
#include "packet/plain.h"

#define STAGES_CAT(a, b)  a##b
#define STAGES_NAME(a, b) STAGES_CAT(a, b)
/* Loops of a few instructions. */
#define STAGES_UNROLL	 _Pragma("GCC unroll 4")
#define STAGES_TEXT(a)	 #a
#define STAGES_STRING(a) STAGES_TEXT(a)

static void load(struct burst *b, const pfring_ft_packet *in, unsigned int n)
{
	b->n = n;
	if (n && in != b->packets)
		memcpy(b->packets, in, n * sizeof *in);
}

/* What is the same for all packets of a burst, out of reach of what is written for each. */
struct taking {
	struct hash_seed seed;
	uint16_t vlan_mask;
	bool use_hash, tunnels;
};

static inline struct taking taking_of(const struct ft_table *t)
{
	return (struct taking){
		.seed = t->flows->options.seed,
		.vlan_mask = t->flows->options.key_rules.ignore_vlan ? 0 : UINT16_MAX,
		.use_hash = t->use_hash,
		.tunnels = t->parser.tunnels,
	};
}

/* A plain packet: from its bytes to its lookup. */
static inline bool take_plain(const struct taking *k, const pfring_ft_packet *p,
			      struct flow_lookup *l, uint64_t *hash)
{
	struct plain plain;

	if (unlikely(p->link != PFRING_FT_LINK_ETHERNET || p->caplen != p->len ||
		     !plain_read(&plain, p->data, p->caplen)))
		return false;
	/* There are no tunnels in TCP. */
	if (unlikely(k->tunnels) && plain.protocol != PLAIN_TCP)
		return false;
	const struct flow_ends ends = {
		.addrs = plain_addrs(&plain),
		.ports = load_word32(plain.l4),
		.vlan_id = plain.vlan_id & k->vlan_mask,
		.protocol = plain.protocol,
	};

	if (likely(plain.ip_version == 4))
		flow_lookup_ipv4(l, &ends);
	else
		flow_lookup_ipv6(l, &ends, &k->seed);
	l->time_ns = p->time_ns;
	l->l3_len = plain.l3_len;
	l->wire_len = p->len;
	l->tcp_flags = plain_tcp_flags(&plain);
	l->plain = true;
	*hash = hash_key16(&k->seed, l->key[0], l->key[1]);
	return true;
}

/* Packets that make no flow end their way here, under their reason. */
static void take(struct ft_table *t, struct burst *b, const struct burst *next)
{
	const struct taking k = taking_of(t);
	const struct flowtable *flows = t->flows;
	struct flow_lookup *l = b->lookups;
	uint64_t ignored = 0, bytes = 0, octets = 0;

	STAGES_UNROLL
	for (unsigned int i = 0; i < next->n; i++)
		prefetch_line(next->packets[i].data);
	for (unsigned int i = 0; i < b->n; i++) {
		pfring_ft_packet *p = &b->packets[i];
		uint64_t hash;

		p->action = PFRING_FT_ACTION_DEFAULT;
		if (unlikely(p->flags & PFRING_FT_PACKET_IGNORE)) {
			ignored++;
			continue;
		}
		if (unlikely(!take_plain(&k, p, l, &hash)) && !ft_take_any(t, b, i, l, &hash))
			continue;
		bytes += l->wire_len;
		octets += l->l3_len;
		l->packet = (uint8_t)i;
		flowtable_place(flows, l, hash, k.use_hash ? p->hash : 0);
		l++;
	}
	STAGES_UNROLL
	for (const struct flow_lookup *m = b->lookups; m < l; m++)
		flowtable_prefetch_group(flows, m);
	b->n_metered = (unsigned int)(l - b->lookups);
	counter_add(&t->counters.rx_packets, b->n - ignored);
	counter_add(&t->counters.rx_bytes, bytes);
	counter_add(&t->counters.metered_packets, b->n_metered);
	counter_add(&t->counters.metered_bytes, octets);
}

/* What is more than counting: flows that begin or end, inspection, callbacks. */
static __attribute__((noinline)) void meter_more(struct ft_table *t, struct burst *b,
						 struct flow_lookup *l, struct metered *m)
{
	m->packet = &b->packets[l->packet];
	m->view = ft_view(b, l);
	m->begins = false;
	if (!m->hot)
		ft_meter_slowly(t, l, m);
	m->packet->action = ft_consider(t, m);
}

static inline void pass_time(struct ft_table *t, uint64_t time_ns)
{
	if (unlikely(!flowtable_time_goes_on(t->flows, time_ns)))
		ft_odd_time(t, time_ns);
	if (unlikely(flowtable_sweep_due(t->flows, time_ns)))
		ft_sweep(t, t->flows->now_ns);
}

static inline void meter_packet(struct ft_table *t, struct burst *b, struct flow_lookup *l)
{
	unsigned int direction = DIR_FWD;
	struct flow_hot *hot;

	/* Live packets of a burst share its time. */
	if (l->time_ns != t->flows->now_ns)
		pass_time(t, l->time_ns);
	hot = flowtable_meter(t->flows, l, &direction);
	if (unlikely(!hot || t->api || hot->state & FLOW_WATCHED))
		meter_more(t, b, l, &(struct metered){.hot = hot, .direction = direction});
}

static void meter(struct ft_table *t, struct burst *b, struct burst *next)
{
	STAGES_UNROLL
	for (unsigned int m = 0; m < next->n_metered; m++)
		flowtable_point(t->flows, &next->lookups[m]);
	flowtable_prefetch_leavers(t->flows, b->lookups, b->n_metered);
	for (unsigned int m = 0; m < b->n_metered; m++)
		meter_packet(t, b, &b->lookups[m]);
	b->n_metered = 0;
}

const struct ft_stages *STAGES_NAME(ft_stages_, STAGES)(void)
{
	static const struct ft_stages stages = {
		.name = STAGES_STRING(STAGES),
		.load = load,
		.take = take,
		.meter = meter,
	};

	return &stages;
}
