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
#include "flowtable/table.h"

#define RECORDS_MAX 16384

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

struct fixture {
	struct flowtable *t;
	uint64_t counters[TABLE_N];
	struct flow_record records[RECORDS_MAX];
	unsigned int n_records;
	bool keep; /* ended flows are not given back */
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

static inline void packet_make(struct packet *k, uint8_t addresses[2][16], const struct spec *s)
{
	memset(addresses, 0, 32);
	memset(k, 0, sizeof *k);
	for (int side = 0; side < 2; side++) {
		uint8_t *a = addresses[side];

		a[0] = 10;
		a[1] = (uint8_t)side;
		a[2] = (uint8_t)(s->c >> 8);
		a[3] = (uint8_t)s->c;
		a[15] = s->ipv6 ? 7 : 0;
	}
	k->src_addr = addresses[s->reverse];
	k->dst_addr = addresses[!s->reverse];
	k->src_port = s->reverse ? 80 : (uint16_t)(1024 + s->c);
	k->dst_port = s->reverse ? (uint16_t)(1024 + s->c) : 80;
	k->ip_version = s->ipv6 ? 6 : 4;
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

static inline struct flow_hot *meter(struct fixture *x, struct spec s)
{
	uint8_t addresses[2][16];
	struct flow_lookup l;
	struct packet k;

	packet_make(&k, addresses, &s);
	if (!flowtable_time(x->t, k.time_ns)) {
		while (flowtable_settle(x->t, k.time_ns, 50))
			take_ended(x);
		take_ended(x);
	}
	flowtable_lookup(x->t, &k, s.device_hash, &l);
	struct flow_hot *hot = flowtable_claim(x->t, &k, &l);
	take_ended(x);
	flowtable_account(x->t, hot, &k, &l);
	return hot;
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
