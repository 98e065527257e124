/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run of a table over captures, for burst_diff: everything that a caller can see of it, as
 * lines of text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "burst_trace.h"

/* What a table is told before the first packet. */
struct run_config {
	const char *name;
	u_int32_t flags, flows_max, idle_s, lifetime_s, slice_s;
	bool callbacks; /* for new flows, L7 and packets */
	bool rules;	/* filters, shunts, a default action */
	bool acts;	/* callbacks set actions and expire flows */
	bool list;	/* flows leave in lists */
	bool hash;	/* packets have the device's hash */
};

/* How packets are handed in. */
struct run_mode {
	const char *name;
	unsigned int burst; /* 0: cuts at random, of seed */
	unsigned int seed;
	unsigned int empty_every; /* an empty burst after so many, 0 = none */
	bool single;		  /* pfring_ft_process() where the link is Ethernet */
	bool mixed;		  /* now and then pfring_ft_process() on the same table */
};

/* What a run changes so that it must differ from another one. */
enum run_fault {
	FAULT_NONE,
	FAULT_TIME,    /* a microsecond more */
	FAULT_WIRE,    /* a byte more on the wire */
	FAULT_PORT,    /* a bit of the source port */
	FAULT_IGNORED, /* the packet is not looked at */
	FAULT_VERDICT, /* its verdict is misread */
	FAULT_N
};

struct run_faulty {
	enum run_fault fault;
	unsigned int trace, packet;
};

/* Each line: FILE PACKET KIND FIELD=VALUE...; the verdicts and all callbacks, each in their order.
 */
struct run_log {
	char *verdicts, *events;
	size_t verdicts_len, events_len;
};

/* 0, or -1 after a line on standard error: no table, rules that do not load. */
int run_traces(struct run_log *out, const struct run_config *config, const struct run_mode *mode,
	       const struct traces *traces, const struct run_faulty *faulty);
void run_log_free(struct run_log *log);
