/* SPDX-License-Identifier: BSD-3-Clause */
/* What is metered at all: BPF filter, the probe's own export traffic, packet sampling. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pcap/pcap.h>

#include "ft/ft.h"
#include "options.h"

/* One a lane: the programs are shared and constant, the sampler is the lane's own. */
struct admit {
	const struct bpf_program *filter; /* NULL = everything */
	const struct bpf_program *own;	  /* the probe's own export traffic, NULL = none */
	uint32_t sampling;		  /* 1 packet in so many, 0 and 1 = all */
	enum sampling_mode mode;
	uint32_t skip;	 /* packets still to be left out */
	uint64_t random; /* state of the sampler */
};

/*
 * Compiles an expression for Ethernet frames; with VLAN tags in front of IP, too, when any_vlan is
 * true. 0, or -EINVAL with libpcap's words in error. pcap_freecode() frees it.
 */
int admit_compile(struct bpf_program *program, const char *expression, bool any_vlan, char *error,
		  size_t error_len);

/*
 * Whether an expression means something for any link type that can be read: a mistake in it is bad
 * usage, and is found before anything is opened. 0 or -EINVAL with libpcap's words in error.
 */
int admit_check(const char *expression, char *error, size_t error_len);

void admit_init(struct admit *a, uint32_t sampling, enum sampling_mode mode, unsigned int lane_id);

/*
 * Marks what is not admitted with PFRING_FT_PACKET_IGNORE and counts it under its reason in the
 * table. The lane's thread.
 */
void admit_burst(struct admit *a, pfring_ft_table *table, pfring_ft_packet *packets,
		 unsigned int n);
