/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processor ssadetector: TCP handshakes inside a flow, which is then likely a VPN. Encrypted, these
 * can only be told by size: a small packet that answers one a little smaller or as large. Whoever
 * sees that often, and mostly with the same few sizes, has seen connections begin.
 */
#include "dpi/processor.h"

#include <string.h>

enum { LEN_MIN = 60, LEN_MAX = 150, LENGTHS = LEN_MAX - LEN_MIN + 1 };
/* An answer is so much longer than what it answers, at most. */
enum { LONGER_MAX = 12 };
enum { WINDOW_MS = 3000, FLOW_PACKETS_MIN = 30, LENGTHS_TOLD = 100 };
/* Packets for each suspect, at most; and suspects in all, at least. */
enum { PACKETS_A_SUSPECT = 2500, SUSPECTS_MIN = 3, SUSPECTS_SOME = 15, SUSPECTS_MANY = 40 };

struct block {
	uint32_t suspects;
	uint8_t unique;
	bool is_told[LENGTHS];
	/* By direction and length: milliseconds of the record, and 1. */
	uint32_t seen_ms[DIR_N][LENGTHS];
};

_Static_assert(sizeof(struct block) <= PROCESSOR_BLOCK_BYTES, "one block");

struct ssadetector {
	struct processor_block *block;
	uint8_t packets; /* up to FLOW_PACKETS_MIN */
};

/* Whether the other direction has sent what this may be the answer to. */
static bool answers(const struct block *b, const struct processor_packet *p, unsigned int length)
{
	const uint32_t *seen_ms = b->seen_ms[!p->direction];
	const uint32_t now_ms = p->since_start_ms + 1;

	for (unsigned int i = length > LONGER_MAX ? length - LONGER_MAX : 0; i <= length; i++)
		if (seen_ms[i] && (now_ms <= seen_ms[i] || now_ms - seen_ms[i] <= WINDOW_MS))
			return true;
	return false;
}

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	const unsigned int length = p->payload_len - LEN_MIN;
	struct ssadetector *s = state;

	if (s->packets < FLOW_PACKETS_MIN)
		s->packets++;
	if (s->packets < FLOW_PACKETS_MIN || p->payload_len < LEN_MIN || length >= LENGTHS)
		return PROCESSOR_NEXT;
	struct block *b = processor_block(state, p);

	if (!b)
		return PROCESSOR_DONE;
	if (!answers(b, p, length)) {
		b->seen_ms[p->direction][length] = p->since_start_ms + 1;
		return PROCESSOR_NEXT;
	}
	memset(b->seen_ms, 0, sizeof b->seen_ms);
	if (b->suspects++ < LENGTHS_TOLD && !b->is_told[length]) {
		b->is_told[length] = true;
		b->unique++;
	}
	return PROCESSOR_NEXT;
}

/* The more suspects there are, the fewer lengths they must have. */
static bool is_suspicious(const struct block *b, uint64_t packets)
{
	const uint64_t unique_percent = b->suspects ? 100ULL * b->unique : 0;

	if (b->suspects < SUSPECTS_MIN || packets > (uint64_t)PACKETS_A_SUSPECT * b->suspects)
		return false;
	if (b->suspects < SUSPECTS_SOME)
		return unique_percent <= 60ULL * b->suspects;
	if (b->suspects < SUSPECTS_MANY)
		return unique_percent <= 40ULL * b->suspects;
	return unique_percent <= 20ULL * b->suspects;
}

static void to_record(const void *state, struct flow_record *r)
{
	const uint64_t packets = r->packets[DIR_FWD] + r->packets[DIR_REV];
	const struct ssadetector *s = state;

	if (packets <= FLOW_PACKETS_MIN)
		return;
	r->known |= KNOWN_SSA;
	r->ssa_confidence = s->block && is_suspicious((const struct block *)s->block, packets);
}

const struct processor_ops *proc_ssadetector(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct ssadetector),
		.has_block = true,
		.packet = packet,
		.to_record = to_record,
	};

	return &ops;
}
