/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages of the packet's way that every packet goes through, compiled once for each kind of
 * processor and chosen when a table is made. They differ in speed alone.
 */
#pragma once

#include "ft/pfring_ft_ext.h"

struct burst;
struct ft_table;

struct ft_stages {
	const char *name; /* scalar, sse4, avx2, avx512, neon */
	/* Copies what the caller says of its packets. */
	void (*load)(struct burst *b, const pfring_ft_packet *in, unsigned int n);
	/* Packets -> lookups, tag groups prefetched; in between the first bytes of the next. */
	void (*take)(struct ft_table *t, struct burst *b, const struct burst *next);
	/*
	 * Counts the packets in their flows, in order, one by one, and judges them; in between the
	 * hot lines that the tags of the next point to are prefetched.
	 */
	void (*meter)(struct ft_table *t, struct burst *b, struct burst *next);
};

/*
 * The stages of a name, the best ones of this processor when it is NULL. NULL: there are none of
 * that name in this build, or the processor cannot run them. Any thread.
 */
const struct ft_stages *ft_stages_find(const char *name);

/* Each is stages.c, compiled for one kind of processor; only some of them are in a build. */
const struct ft_stages *ft_stages_scalar(void);
const struct ft_stages *ft_stages_sse4(void);
const struct ft_stages *ft_stages_avx2(void);
const struct ft_stages *ft_stages_avx512(void);
const struct ft_stages *ft_stages_neon(void);
