/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flow may be that nDPI has seen nothing of. Most of these are probes of TCP ports, by the
 * million in a flood, so what a packet would cost is left out where it can say no more than ports
 * do: most walks through nDPI's tree of addresses, and all dissectors.
 */
#include "dpi/dpi_private.h"

#include <netinet/in.h>
#include <string.h>

void dpi_scratch_clear(struct dpi *d)
{
	ndpi_free_flow_data(d->scratch);
	memset(d->scratch, 0, d->state_bytes - DPI_STATE_FLOW_OFFSET);
}

/* Never 0. */
static uint64_t stranger_of(const uint8_t *addr, uint16_t port)
{
	uint32_t word;

	memcpy(&word, addr, sizeof word);
	return 1ULL << 48 | (uint64_t)word << 16 | port;
}

/* Servers come again and again, also with clients that do not. */
static bool is_known_server(struct dpi *d, const uint8_t *addr, uint16_t port)
{
	const uint64_t stranger = stranger_of(addr, port);
	uint64_t *place =
		&d->guesses.strangers[(stranger * 0x9e3779b97f4a7c15ULL >> 40) % DPI_STRANGERS];

	if (*place == stranger)
		return false;
	if (ndpi_compat_knows_end(d->module.ndpi, addr, port))
		return true;
	*place = stranger;
	return false;
}

/* Whether some dissector names a TCP flow by this port alone, the other one being 0. */
static bool ask_about_port(struct dpi *d, uint16_t port)
{
	/* of documentation, RFC 5737 3 */
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {198, 51, 100, 1};
	struct dpi_flow_facts facts = {
		.src_addr = client,
		.dst_addr = server,
		.dst_port = port,
		.ip_version = 4,
		.protocol = IPPROTO_TCP,
	};
	const struct ndpi_verdict to = dpi_process_facts(d, d->scratch, &facts);

	dpi_scratch_clear(d);
	facts.src_port = port;
	facts.dst_port = 0;
	const struct ndpi_verdict from = dpi_process_facts(d, d->scratch, &facts);

	dpi_scratch_clear(d);
	return to.app || from.app;
}

static bool is_dissected(struct dpi *d, uint16_t port)
{
	const uint32_t bit = 1U << port % 32;
	struct dpi_guesses *g = &d->guesses;

	if (!(g->ports_asked[port / 32] & bit)) {
		g->ports_asked[port / 32] |= bit;
		if (ask_about_port(d, port))
			g->ports_dissected[port / 32] |= bit;
	}
	return g->ports_dissected[port / 32] & bit;
}

/* Files, and modules of the caller's, may know any address and port. */
static bool is_plain(const struct dpi *d, const struct dpi_flow_facts *facts)
{
	return ndpi_compat_guesses_by_hand() && facts->protocol == IPPROTO_TCP &&
	       !d->module.adopted &&
	       !d->files[DPI_FILE_PROTOCOLS].n && !d->files[DPI_FILE_CATEGORIES].n;
}

static bool prepare(struct dpi *d, struct ndpi_flow_struct *f, const struct dpi_flow_facts *facts)
{
	const struct ndpi_compat_ends ends = {
		.src_addr = facts->src_addr,
		.dst_addr = facts->dst_addr,
		.src_port = facts->src_port,
		.dst_port = facts->dst_port,
		.ip_version = facts->ip_version,
	};

	if (!is_plain(d, facts) || is_dissected(d, facts->src_port) ||
	    is_dissected(d, facts->dst_port))
		return false;
	if (facts->ip_version == 4 &&
	    (is_known_server(d, facts->dst_addr, facts->dst_port) ||
	     ndpi_compat_knows_end(d->module.ndpi, facts->src_addr, facts->src_port)))
		return false;
	return ndpi_compat_guess_prepare(d->module.ndpi, f, &ends);
}

struct ndpi_verdict dpi_guess(struct dpi *d, const struct dpi_flow_facts *facts)
{
	struct ndpi_verdict v = {0};

	if (!prepare(d, d->scratch, facts))
		v = dpi_process_facts(d, d->scratch, facts);
	return v.app ? v : ndpi_compat_giveup(d->module.ndpi, d->scratch, true);
}
