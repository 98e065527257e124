/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop that somebody writes who has nDPI and no flow table: parse, look up in a plain hash
 * table, call nDPI until it knows or the limit is reached. No timeouts, no records.
 */
#pragma once

#include "packet/parse.h"
#include "dpi/dpi.h"

struct dpi_plain;

/* Room for so many flows; a module of the same making as the table's. 0 or -errno. */
int dpi_plain_open(struct dpi_plain **out, uint32_t flows_max, uint32_t packets_max);
/* One packet; k is as a source leaves it. */
void dpi_plain_packet(struct dpi_plain *p, struct packet *k);
/* All flows end: those without a verdict get their guess. The sums start anew. */
void dpi_plain_end(struct dpi_plain *p);

struct dpi_plain_sums {
	uint64_t packets, ip_bytes, flows, detected, calls;
};
const struct dpi_plain_sums *dpi_plain_sums(const struct dpi_plain *p);
void dpi_plain_close(struct dpi_plain *p);
