/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filter, own traffic, sampling: in that order, so that what was filtered takes no sampling turn.
 */
#include "admit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int compile_for(int link_type, struct bpf_program *program, const char *text, char *error,
		       size_t error_len)
{
	pcap_t *p = pcap_open_dead(link_type, PACKET_BYTES_MAX);
	int rc;

	if (!p) {
		snprintf(error, error_len, "no memory for a filter");
		return -ENOMEM;
	}
	rc = pcap_compile(p, program, text, 1, PCAP_NETMASK_UNKNOWN);
	if (rc != 0)
		/* A long text would push out what is wrong with it. */
		snprintf(error, error_len, "filter \"%.200s%s\": %s", text,
			 strlen(text) > 200 ? "..." : "", pcap_geterr(p));
	pcap_close(p);
	return rc == 0 ? 0 : -EINVAL;
}

int admit_compile(struct bpf_program *program, const char *expression, bool any_vlan, char *error,
		  size_t error_len)
{
	char text[2 * BPF_BYTES_MAX + 32];

	snprintf(text, sizeof text, any_vlan ? "(%s) or (vlan and (%s))" : "%s", expression,
		 expression);
	return compile_for(DLT_EN10MB, program, text, error, error_len);
}

int admit_check(const char *expression, char *error, size_t error_len)
{
	static const int link_types[] = {DLT_PPP, DLT_LINUX_SLL, DLT_NULL, DLT_RAW, DLT_EN10MB};
	struct bpf_program program;
	int rc = 0;

	/* Ethernet last: its words are the ones to tell. */
	for (unsigned int i = 0; i < sizeof link_types / sizeof link_types[0]; i++) {
		rc = compile_for(link_types[i], &program, expression, error, error_len);
		if (rc == 0) {
			pcap_freecode(&program);
			return 0;
		}
	}
	return rc;
}

void admit_init(struct admit *a, uint32_t sampling, enum sampling_mode mode, unsigned int lane_id)
{
	/* A fixed start: the same trace is sampled the same way every time. */
	*a = (struct admit){
		.sampling = sampling,
		.mode = mode,
		.random = 0x9e3779b97f4a7c15ULL * (lane_id + 1),
	};
}

/* xorshift64: cheap, and good enough to break step with periodic traffic. */
static uint64_t next_random(struct admit *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->random;
}

/* Gaps of N - 1 packets, always or on average (uniform over 0..2N-2). */
static bool sampled_out(struct admit *a)
{
	if (a->skip) {
		a->skip--;
		return true;
	}
	if (a->mode == SAMPLING_RANDOM)
		a->skip = (uint32_t)(next_random(a) % (2 * (uint64_t)a->sampling - 1));
	else
		a->skip = a->sampling - 1;
	return false;
}

static bool matches(const struct bpf_program *program, const pfring_ft_packet *k)
{
	return bpf_filter(program->bf_insns, k->data, k->len, k->caplen) != 0;
}

static enum drop_reason refusal(struct admit *a, const pfring_ft_packet *k)
{
	if (a->filter && !matches(a->filter, k))
		return DROP_filter;
	if (a->own && matches(a->own, k))
		return DROP_own_export;
	if (a->sampling > 1 && sampled_out(a))
		return DROP_sampled_out;
	return DROP_NONE;
}

void admit_burst(struct admit *a, pfring_ft_table *table, pfring_ft_packet *packets, unsigned int n)
{
	if (!a->filter && !a->own && a->sampling <= 1)
		return;
	for (unsigned int i = 0; i < n; i++) {
		enum drop_reason why = refusal(a, &packets[i]);

		if (why == DROP_NONE)
			continue;
		packets[i].flags |= PFRING_FT_PACKET_IGNORE;
		ft_count_drop(table, why, packets[i].len);
	}
}
