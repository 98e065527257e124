/* SPDX-License-Identifier: BSD-3-Clause */
/* Who this probe is, for the collectors that ask: what cannot be found out stays "" or 0. */
#pragma once
#include <stdint.h>

#include "export/event.h"
#include "options.h"

struct identity {
	char if_name[NAME_BYTES_MAX]; /* the first port or file */
	char if_ip[46];
	uint32_t if_speed_mbps;
	char ip[46]; /* of this machine: the first address that is not its own loop */
	char os_name[128];
	char uuid[37]; /* the same at every start on this machine */
};

/* Any thread. */
void identity_find(struct identity *id, const struct options *o);

/* What event messages say of this probe beside its counters; the texts are those of id. */
void identity_describe(const struct identity *id, const struct options *o,
		       struct export_event *about);
