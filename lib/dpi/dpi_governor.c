/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many inspections may begin in a second: a token bucket on packet time. A new flow costs nDPI
 * microseconds whatever its size, so the flows, not the packets, are what must be bounded.
 */
#include "dpi/dpi_private.h"

#define SECOND_NS 1000000000ULL

/* Credit is counted in inspections a nanosecond long, so that no rate loses its fractions. */
#define ONE_INSPECTION SECOND_NS

/* A burst, and what is saved for the next inspection meanwhile. */
static uint64_t credit_max(uint32_t per_second)
{
	return per_second * DPI_GOVERNOR_BURST_NS + ONE_INSPECTION - 1;
}
_Static_assert((uint64_t)UINT32_MAX * (DPI_GOVERNOR_BURST_NS + SECOND_NS) / SECOND_NS + 1 <
		       UINT64_MAX / SECOND_NS,
	       "the credit of a burst and of a second more fits");

void dpi_governor_init(struct dpi_governor *g, uint32_t per_second)
{
	const uint64_t burst = per_second * DPI_GOVERNOR_BURST_NS;

	*g = (struct dpi_governor){
		.per_second = per_second,
		.credit = burst > ONE_INSPECTION ? burst : ONE_INSPECTION,
	};
}

/* Packets out of order bring nothing; a time that begins anew brings nothing yet. */
static void earn(struct dpi_governor *g, uint64_t time_ns)
{
	const uint64_t most = credit_max(g->per_second);
	uint64_t passed = time_ns - g->time_ns;

	if (!g->begun || time_ns < g->time_ns) {
		if (!g->begun || g->time_ns - time_ns > FILE_OVERLAP_NS)
			g->time_ns = time_ns;
		g->begun = true;
		return;
	}
	g->time_ns = time_ns;
	if (passed > SECOND_NS)
		passed = SECOND_NS;
	g->credit += passed * g->per_second;
	if (g->credit > most)
		g->credit = most;
}

bool dpi_governor_allows(struct dpi_governor *g, uint64_t time_ns)
{
	if (!g->per_second)
		return true;
	earn(g, time_ns);
	return g->credit >= ONE_INSPECTION;
}

void dpi_governor_spend(struct dpi_governor *g)
{
	if (g->per_second)
		g->credit -= ONE_INSPECTION;
}
