/* SPDX-License-Identifier: BSD-3-Clause */
/* Processors with one flow: packets go in as bytes, a record comes out. */
#pragma once

#include "unit/packet/builder.h"

#include "core/counters.h"
#include "dpi/processors.h"
#include "record/elements.h"

struct proc_fixture {
	struct bench bench;
	struct processors p;
	void *annex;
	uint64_t counters[DPI_N];
	struct flow_record r; /* of the packets so far */
	bool watched;	      /* somebody wants the next packet */
};

static inline void proc_open(struct proc_fixture *x, uint32_t set,
			     const struct processor_options *options)
{
	static const struct processor_options defaults = {.transactions = TRANSACTIONS_DEFAULT};

	memset(x, 0, sizeof *x);
	bench_open(&x->bench, true);
	x->bench.time_ns = 1000000000000ULL;
	assert_int_equal(processors_init(&x->p, set, options ? options : &defaults, 4, x->counters),
			 0);
	assert_int_equal(x->p.bytes, processors_bytes(set));
	x->annex = calloc(1, x->p.bytes ? x->p.bytes : 1);
	assert_non_null(x->annex);
	x->watched = true;
}

static inline void proc_close(struct proc_fixture *x)
{
	bench_close(&x->bench);
	processors_release(&x->p, x->annex);
	processors_fini(&x->p);
	free(x->annex);
}

/* What the flow table counts of a packet. */
static inline void proc_count(struct proc_fixture *x, const struct packet *k,
			      unsigned int direction)
{
	x->r.packets[direction]++;
	x->r.octets[direction] += k->l3_len;
	x->r.tcp_flags[direction] |= k->tcp_flags;
}

/* A packet arrives so many milliseconds after the one before. */
static inline void proc_packet(struct proc_fixture *x, struct build *b, unsigned int direction,
			       uint64_t after_ms)
{
	struct packet *k;

	x->bench.time_ns += after_ms * 1000000;
	k = bench_run(&x->bench, b);
	assert_int_equal(k->drop, DROP_NONE);
	proc_count(x, k, direction);
	if (x->watched)
		x->watched = processors_packet(&x->p, x->annex, k, direction).next;
}

/* TCP with n bytes of payload; seq and ack as they are. */
struct proc_tcp {
	uint32_t seq, ack;
	uint32_t n;
	uint8_t flags;
};

static inline void proc_tcp(struct proc_fixture *x, struct proc_tcp tcp, unsigned int direction,
			    uint64_t after_ms)
{
	struct build b = {0};
	uint8_t *h;

	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 6);
	h = build_tcp(&b, 1000, 80);
	store_be32(h + 4, tcp.seq);
	store_be32(h + 8, tcp.ack);
	h[13] = tcp.flags;
	build_take(&b, tcp.n);
	proc_packet(x, &b, direction, after_ms);
}

static inline void proc_udp(struct proc_fixture *x, uint32_t n, unsigned int direction,
			    uint64_t after_ms)
{
	struct build b = {0};

	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 17);
	build_udp(&b, 1000, 4000);
	build_take(&b, n);
	proc_packet(x, &b, direction, after_ms);
}

/* A datagram, or with tcp a segment, of these bytes. */
struct proc_message {
	uint16_t client_port, server_port;
	const void *bytes;
	uint32_t n;
	bool tcp;
};

/* The processors' answer; forward is from the client. */
static inline struct processors_answer proc_message(struct proc_fixture *x, struct proc_message m,
						    unsigned int direction)
{
	const uint16_t src = direction == DIR_FWD ? m.client_port : m.server_port;
	const uint16_t dst = direction == DIR_FWD ? m.server_port : m.client_port;
	struct processors_answer answer = {0};
	struct build b = {0};
	struct packet *k;

	build_ethernet(&b, 0x0800);
	build_ipv4(&b, m.tcp ? 6 : 17);
	if (m.tcp)
		build_tcp(&b, src, dst);
	else
		build_udp(&b, src, dst);
	build_bytes(&b, m.bytes, m.n);
	x->bench.time_ns += 1000000;
	k = bench_run(&x->bench, &b);
	assert_int_equal(k->drop, DROP_NONE);
	proc_count(x, k, direction);
	if (x->watched)
		answer = processors_packet(&x->p, x->annex, k, direction);
	x->watched = answer.next;
	return answer;
}

static inline const struct flow_record *proc_record(struct proc_fixture *x)
{
	processors_to_record(&x->p, x->annex, &x->r);
	return &x->r;
}
