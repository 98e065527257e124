/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The traffic of the outputs themselves, which lanes leave out. A collector's name may mean another
 * address one day; the exporter notices, and says so to whoever makes the filter.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "opened.h"

struct exporter;

struct exporter_traffic {
	uint32_t seen[OUTPUTS_MAX]; /* moves of the output that were told; the exporter's */
	/* Under the exporter's lock. */
	void (*tell)(void *listener);
	void *listener; /* NULL = nobody yet: it is told later */
	struct exporter_moved {
		bool is_new, too_long;
		char text[OPENED_TRAFFIC_BYTES]; /* see output_own_traffic() */
	} moved[OUTPUTS_MAX];
};

/* From now on tell(listener) is called after every move, in the exporter's thread. Any thread. */
void exporter_traffic_listen(struct exporter *e, void (*tell)(void *listener), void *listener);

/* Looks at all outputs. The exporter's thread, not within a change. */
void exporter_traffic_look(struct exporter *e);

/*
 * Outputs have come and gone: was[i] is where the one at i stood, OUTPUTS_MAX when it is new and
 * somebody has asked it, OUTPUTS_MAX + 1 when nobody has. Within a change.
 */
void exporter_traffic_order(struct exporter *e, const unsigned int was[], unsigned int n);

/*
 * Notes in outputs, which are those of the exporter, what has moved since; whether any has. The
 * thread that asks for changes.
 */
bool exporter_traffic_take(struct exporter *e, struct opened_output *outputs, unsigned int n);
