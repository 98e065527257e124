/* SPDX-License-Identifier: BSD-3-Clause */
/* A client and a server that say something; records are cut as the flow table does it. */
#pragma once

#include "proc_fixture.h"

#define TALK_CLIENT_PORT 40000

struct proc_talk {
	struct proc_fixture x;
	bool udp;
	uint16_t port;	     /* of the server */
	uint32_t lost_bytes; /* of the end of each packet: not captured */
	uint32_t seq[DIR_N];
	unsigned int cuts;
	void *slice;
	struct flow_record closed; /* of the latest cut */
};

static inline void talk_open(struct proc_talk *t, enum processor processor,
			     const struct processor_options *options)
{
	memset(t, 0, sizeof *t);
	proc_open(&t->x, 1U << processor, options);
	t->port = 80;
	t->slice = calloc(1, t->x.p.bytes);
	assert_non_null(t->slice);
}

static inline void talk_close(struct proc_talk *t)
{
	processors_release(&t->x.p, t->slice);
	free(t->slice);
	proc_close(&t->x);
}

static inline void talk_cut(struct proc_talk *t)
{
	struct proc_fixture *x = &t->x;

	processors_release(&x->p, t->slice);
	processors_slice(&x->p, t->slice, x->annex);
	t->closed = x->r;
	processors_to_record(&x->p, t->slice, &t->closed);
	memset(&x->r, 0, sizeof x->r);
	x->watched = true;
	t->cuts++;
}

static inline void talk_meter(struct proc_talk *t, struct build *b, unsigned int direction)
{
	struct proc_fixture *x = &t->x;
	struct processors_answer answer = {0};
	struct packet *k;

	build_done(b);
	x->bench.time_ns += 1000000;
	k = bench_parse(&x->bench, b->b, b->n - t->lost_bytes);
	assert_int_equal(k->drop, DROP_NONE);
	if (x->watched && x->p.guards && x->r.packets[DIR_FWD] + x->r.packets[DIR_REV] &&
	    processors_cut_before(&x->p, x->annex, k, direction))
		talk_cut(t);
	proc_count(x, k, direction);
	if (x->watched) {
		answer = processors_packet(&x->p, x->annex, k, direction);
		x->watched = answer.next;
	}
	if (answer.cut)
		talk_cut(t);
}

static inline void talk_bytes(struct proc_talk *t, unsigned int direction, const void *bytes,
			      uint32_t n)
{
	const uint16_t src = direction == DIR_FWD ? TALK_CLIENT_PORT : t->port;
	const uint16_t dst = direction == DIR_FWD ? t->port : TALK_CLIENT_PORT;
	struct build b = {0};

	build_ethernet(&b, 0x0800);
	build_ipv4(&b, t->udp ? 17 : 6);
	if (t->udp)
		build_udp(&b, src, dst);
	else
		store_be32(build_tcp(&b, src, dst) + 4, t->seq[direction]);
	build_bytes(&b, bytes, n);
	t->seq[direction] += n;
	talk_meter(t, &b, direction);
}

static inline void talk_text(struct proc_talk *t, unsigned int direction, const char *text)
{
	talk_bytes(t, direction, text, (uint32_t)strlen(text));
}

#define CLIENT(t, text) talk_text(t, DIR_FWD, text)
#define SERVER(t, text) talk_text(t, DIR_REV, text)

static inline const struct flow_record *talk_record(struct proc_talk *t)
{
	return proc_record(&t->x);
}
