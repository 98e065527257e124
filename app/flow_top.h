/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who talks most in the tables now: the flows of a scan added up by address and by application.
 * The rate of a flow is the mean of its record until now, so that one that is quiet fades out.
 */
#pragma once

#include <stdint.h>

#include "core/limits.h"
#include "record/record.h"

#define FLOW_TOP_NAME_BYTES 64

/* A host or an application. */
struct talker {
	uint8_t address[16]; /* of a host */
	uint8_t ip_version;
	char name[FLOW_TOP_NAME_BYTES]; /* of an application; "" = a free place */
	uint64_t flows, bytes;
	double bits_per_s;
};

struct flow_top {
	uint64_t now_ns; /* wall clock, set before */
	uint64_t flows;
	double bits_per_s;
	/* Rates of hosts for which there was no room; the largest stay. */
	double crowded_out_bits_per_s;
	uint64_t crowded_out;
	struct talker *hosts; /* FLOW_TOP_HOSTS places, in sets */
	struct talker *applications;
};

/* now_ns is the wall clock. 0 or -ENOMEM. */
int flow_top_init(struct flow_top *t, uint64_t now_ns);
void flow_top_free(struct flow_top *t);
/* A flow_scan_see of a struct flow_top. */
void flow_top_see(void *self, const struct flow_record *r);
/* The n largest by rate, largest first; returns how many there are. */
unsigned int flow_top_hosts(const struct flow_top *t, const struct talker **out, unsigned int n);
unsigned int flow_top_applications(const struct flow_top *t, const struct talker **out,
				   unsigned int n);
