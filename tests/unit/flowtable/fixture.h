/* SPDX-License-Identifier: BSD-3-Clause */
/* A table, packets without bytes, and the records that came out. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "flowtable/meter.h"

#define RECORDS_MAX 16384

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

struct fixture {
	struct flowtable *t;
	uint64_t counters[TABLE_N];
	struct flow_record *records; /* RECORDS_MAX of them */
	unsigned int n_records;
	bool keep;     /* ended flows are not given back */
	bool long_way; /* flowtable_meter() is not asked */
	unsigned int n_short;
	struct flow *kept[RECORDS_MAX];
	unsigned int n_kept;
};

static inline struct flowtable_options default_options(struct fixture *x)
{
	struct flowtable_options o = {
		.flows_max = 1024,
		.idle_timeout_ns = 30 * SECOND_NS,
		.active_timeout_ns = 120 * SECOND_NS,
		.tcp_linger_ns = 2 * SECOND_NS,
		.tcp_rst_ends = true,
		.device_hashes = true,
		.numa_node = MEMORY_NODE_ANY,
		.counters = x->counters,
		.id_first = 1,
	};

	hash_seed_fixed(&o.seed, 42);
	return o;
}

static inline struct fixture *fixture_make(const struct flowtable_options *options)
{
	struct fixture *x = calloc(1, sizeof *x);
	struct flowtable_options o = options ? *options : default_options(x);

	x->records = calloc(RECORDS_MAX, sizeof *x->records);
	assert_non_null(x->records);
	o.counters = x->counters;
	assert_int_equal(flowtable_create(&x->t, &o), 0);
	return x;
}

static inline void take_ended(struct fixture *x)
{
	struct flow *f, *next;

	while ((f = flow_list_take(&x->t->ended)) != NULL) {
		if (!f->lost) {
			assert_true(x->n_records < RECORDS_MAX);
			flow_to_record(f, &x->records[x->n_records++]);
		}
		if (x->keep)
			x->kept[x->n_kept++] = f;
		else
			flow_release(f);
	}
	for (f = flowtable_take_freed(x->t); f; f = next) {
		next = flow_next(f);
		flowtable_recycle(x->t, f);
	}
}

static inline void flush(struct fixture *x)
{
	while (flowtable_flush_step(x->t, 100))
		take_ended(x);
	take_ended(x);
}

static inline void fixture_free(struct fixture *x)
{
	flush(x);
	assert_int_equal(x->t->n_active, 0);
	flowtable_destroy(x->t);
	free(x->records);
	free(x);
}

/* A packet of connection number c, from its first or second endpoint. */
struct spec {
	unsigned int c;
	bool reverse;
	uint8_t protocol, flags;
	uint64_t time_ns;
	uint32_t len;
	bool ipv6;
	uint16_t vlan;
	uint32_t tunnel_id;
	uint32_t device_hash;
};

/* Where a packet's header lies in the bytes that it is made in. */
#define PACKET_MADE_BYTES 40

static inline void address_make(uint8_t *a, const struct spec *s, int side)
{
	a[0] = 10;
	a[1] = (uint8_t)side;
	a[2] = (uint8_t)(s->c >> 8);
	a[3] = (uint8_t)s->c;
	if (s->ipv6)
		a[15] = 7;
}

static inline void packet_make(struct packet *k, uint8_t bytes[PACKET_MADE_BYTES],
			       const struct spec *s)
{
	memset(bytes, 0, PACKET_MADE_BYTES);
	memset(k, 0, sizeof *k);
	k->data = bytes;
	k->ip_version = s->ipv6 ? 6 : 4;
	address_make(bytes + (packet_src_addr(k) - bytes), s, s->reverse);
	address_make(bytes + (packet_dst_addr(k) - bytes), s, !s->reverse);
	k->src_port = s->reverse ? 80 : (uint16_t)(1024 + s->c);
	k->dst_port = s->reverse ? (uint16_t)(1024 + s->c) : 80;
	k->protocol = s->protocol ? s->protocol : 6;
	k->flags = PACKET_WIRE_LEN | (k->protocol == 6 ? PACKET_TCP : 0) |
		   (s->tunnel_id ? PACKET_TUNNELLED : 0);
	k->tcp_flags = s->flags;
	k->time_ns = s->time_ns;
	k->l3_len = s->len ? s->len : 40;
	k->wire_len = k->l3_len + 14;
	k->vlan_id = s->vlan;
	k->tunnel_id = s->tunnel_id;
	k->tunnel_type = s->tunnel_id ? 5 : 0;
}

/* As the stages of the pipeline do it. */
static inline struct flow_hot *meter_view(struct fixture *x, const struct packet *k,
					  uint32_t device_hash)
{
	struct flow_hot *hot = NULL;
	unsigned int direction;
	struct flow_lookup l;

	if (!flowtable_time(x->t, k->time_ns)) {
		while (flowtable_settle(x->t, k->time_ns, 50))
			take_ended(x);
		take_ended(x);
	}
	flowtable_lookup(x->t, k, device_hash, &l);
	flowtable_point(x->t, &l);
	if (!x->long_way)
		hot = flowtable_meter(x->t, &l, &direction);
	if (hot) {
		x->n_short++;
		return hot;
	}
	hot = flowtable_claim(x->t, k, &l);
	take_ended(x);
	flowtable_account(x->t, hot, k, &l);
	return hot;
}

static inline struct flow_hot *meter(struct fixture *x, struct spec s)
{
	uint8_t bytes[PACKET_MADE_BYTES];
	struct packet k;

	packet_make(&k, bytes, &s);
	return meter_view(x, &k, s.device_hash);
}

static inline void sweep_all(struct fixture *x, uint64_t now_ns)
{
	/* Twice, so that every group is looked at at this time. */
	for (int i = 0; i < 2; i++) {
		x->t->sweep_owed = x->t->sweep_period_ns * x->t->n_groups;
		while (flowtable_sweep(x->t, now_ns, UINT32_MAX, 100))
			take_ended(x);
		take_ended(x);
	}
}
