/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the finite sets of the vocabulary. */
#include "record/record.h"

#include <string.h>

static const char *const end_reasons[END_N] = {
	[END_NONE] = "none",	[END_IDLE] = "idle",	 [END_ACTIVE] = "active",
	[END_DETECTED] = "end", [END_FORCED] = "forced", [END_OVERFLOW] = "overflow",
	[END_SLICE] = "slice",
};

const char *end_reason_name(enum end_reason reason)
{
	return reason < END_N ? end_reasons[reason] : "none";
}

uint8_t end_reason_ipfix(enum end_reason reason)
{
	return reason == END_SLICE ? END_ACTIVE : (uint8_t)reason;
}

static uint64_t between(uint64_t v, uint64_t low, uint64_t high)
{
	if (v < low)
		return low;
	return v > high ? high : v;
}

void flow_record_order_times(struct flow_record *r)
{
	if (r->end_ns < r->start_ns)
		r->end_ns = r->start_ns;
	for (int d = 0; d < DIR_N; d++) {
		if (!r->packets[d] || !r->dir_start_ns[d])
			continue;
		r->dir_start_ns[d] = between(r->dir_start_ns[d], r->start_ns, r->end_ns);
		r->dir_end_ns[d] = between(r->dir_end_ns[d], r->dir_start_ns[d], r->end_ns);
	}
}

/* What a uniflow of direction d keeps of its record: times and one direction's counts. */
static void keep_direction(struct flow_record *r, int d)
{
	if (r->dir_start_ns[d]) {
		r->start_ns = r->dir_start_ns[d];
		r->end_ns = r->dir_end_ns[d];
	}
	r->dir_start_ns[!d] = r->dir_end_ns[!d] = 0;
	r->packets[!d] = r->octets[!d] = r->l2_octets[!d] = 0;
	r->tcp_flags[!d] = 0;
	r->ttl_min[!d] = r->ttl_max[!d] = r->ip_flags[!d] = 0;
	r->tcp_window[!d] = r->tcp_mss[!d] = 0;
	r->tcp_options[!d] = 0;
	r->size_histogram[!d].n = r->gap_histogram[!d].n = 0;
	r->bursts[!d] = (struct record_bursts){0};
	r->idp_content[!d].len = 0;
	r->known &= KNOWN_COMMON |
		    (d == DIR_FWD ? KNOWN_IP_FWD | KNOWN_TCP_FWD : KNOWN_IP_REV | KNOWN_TCP_REV);
}

void flow_record_forget_parts(struct flow_record *r)
{
	r->l7_seen = 0;
#define FORGET(name) r->name = NULL;
	FLOW_RECORD_PARTS(FORGET)
#undef FORGET
}

/* What was counted of both directions together is told once. */
static void drop_common(struct flow_record *r)
{
	r->packet_lengths.n = r->packet_times.n = 0;
	r->packet_flags.n = r->packet_directions.n = 0;
	r->tcp_rtt_us = 0;
	r->known &= (uint8_t)~KNOWN_COMMON;
	flow_record_forget_parts(r);
	r->scitag_experiment = 0;
}

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swapped;                                                             \
		memcpy(&swapped, &(a), sizeof swapped);                                            \
		memcpy(&(a), &(b), sizeof swapped);                                                \
		memcpy(&(b), &swapped, sizeof swapped);                                            \
	} while (0)
#define SWAP_PAIR(pair) SWAP((pair)[DIR_FWD], (pair)[DIR_REV])

static void turn_around(struct flow_record *r)
{
	SWAP_PAIR(r->dir_start_ns);
	SWAP_PAIR(r->dir_end_ns);
	SWAP_PAIR(r->packets);
	SWAP_PAIR(r->octets);
	SWAP_PAIR(r->l2_octets);
	SWAP_PAIR(r->tcp_flags);
	SWAP_PAIR(r->ttl_min);
	SWAP_PAIR(r->ttl_max);
	SWAP_PAIR(r->ip_flags);
	SWAP_PAIR(r->tcp_window);
	SWAP_PAIR(r->tcp_mss);
	SWAP_PAIR(r->tcp_options);
	SWAP_PAIR(r->size_histogram);
	SWAP_PAIR(r->gap_histogram);
	SWAP_PAIR(r->bursts);
	SWAP_PAIR(r->wg_peer);
	SWAP_PAIR(r->idp_content);
	r->packet_directions.reverse = ~r->packet_directions.reverse;
	SWAP(r->src_addr, r->dst_addr);
	SWAP(r->outer_src_addr, r->outer_dst_addr);
	SWAP(r->src_mac, r->dst_mac);
	SWAP(r->src_port, r->dst_port);
	/* Of the forward direction alone. */
	r->tcp_syn_bytes = 0;
	r->mpls_labels_n = 0;
	/* 0 without KNOWN_IP_REV: those of the forward direction would be wrong. */
	r->ip_tos = r->rev_tos;
	r->ip_ttl = r->rev_ttl;
	r->known =
		(uint8_t)((r->known & KNOWN_COMMON) | (r->known & KNOWN_IP_REV ? KNOWN_IP_FWD : 0) |
			  (r->known & KNOWN_TCP_REV ? KNOWN_TCP_FWD : 0));
}

unsigned int flow_record_uniflows(const struct flow_record *r, struct flow_record out[DIR_N])
{
	unsigned int n = 0;

	if (r->packets[DIR_FWD] || !r->packets[DIR_REV]) {
		out[n] = *r;
		keep_direction(&out[n], DIR_FWD);
		out[n].rev_tos = out[n].rev_ttl = 0;
		n++;
	}
	if (r->packets[DIR_REV]) {
		out[n] = *r;
		keep_direction(&out[n], DIR_REV);
		turn_around(&out[n]);
		if (n)
			drop_common(&out[n]);
		out[n].rev_tos = out[n].rev_ttl = 0;
		n++;
	}
	return n;
}
