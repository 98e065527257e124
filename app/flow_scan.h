/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One look at every flow in the tables of all lanes, spread over so long that no lane is slowed
 * much: somebody calls flow_scan_step() about every millisecond and is shown records.
 */
#pragma once

#include <stdint.h>

#include "lane.h"
#include "record/record.h"

/* Who looks. r lives until it returns; only texts of applications live as long as the lanes. */
typedef void (*flow_scan_see)(void *self, const struct flow_record *r);

struct flow_scan {
	struct lane *lanes;
	unsigned int n_lanes;
	int64_t shift_ns; /* added to times: from the lanes' time line to the wall clock */
	bool with_names;  /* of servers */
	flow_scan_see see;
	void *self;
	/* Of the scan: */
	uint64_t seen; /* flows */
	uint64_t began_ns, moved_ns;
	struct flow_scan_lane {
		uint64_t blocks; /* so many were taken */
		uint64_t blocks_per_s;
		bool done;
	} lane[LANES_MAX];
	unsigned int silent; /* the lane that does not answer */
};

/* The members above "of the scan" are set. */
void flow_scan_begin(struct flow_scan *s);
/* A scan may be given up after any step. 1: there is more; 0: all was seen; -ETIMEDOUT: lane number
 * .silent does not answer. */
int flow_scan_step(struct flow_scan *s);
