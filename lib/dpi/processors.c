/* SPDX-License-Identifier: BSD-3-Clause */
/* The processors of a table: layout, packets, records, and their names. */
#include "dpi/processors.h"

#include <errno.h>
#include <string.h>

#include "core/limits.h"
#include "core/words.h"
#include "dpi/processor.h"
#include "dpi/processor_crypto.h"
#include "record/elements.h"

/* States begin where any member may. */
#define STATE_ALIGN 8

/* At the beginning of the annex. */
struct annex {
	uint64_t start_ns; /* first packet of the record */
	uint32_t done;	   /* bit i: slot i wants no more of this record */
	uint32_t seen;	   /* bit i: slot i saw a packet of it */
};

static const struct processor_ops *ops_of(enum processor processor)
{
	switch (processor) {
#define PROCESSOR(name, ...)                                                                       \
	case PROCESSOR_##name:                                                                     \
		return proc_##name();
#include "dpi/processors.def"
	case PROCESSOR_N:
		break;
	}
	return NULL;
}

static void lay_out(struct processors *p, uint32_t set, const struct processor_options *options)
{
	uint32_t offset = sizeof(struct annex);

	*p = (struct processors){.options = *options, .set = set};
	for (unsigned int i = 0; i < PROCESSOR_N; i++) {
		const struct processor_ops *ops = ops_of((enum processor)i);

		if (!(set >> i & 1))
			continue;
		p->guards |= ops->cut_before && options->records_transaction;
		p->slots[p->n].ops = ops;
		p->slots[p->n++].offset = offset;
		offset += (ops->state_bytes + STATE_ALIGN - 1) & ~(STATE_ALIGN - 1U);
	}
	p->bytes = p->n ? offset : 0;
	p->running = (uint32_t)((1ULL << p->n) - 1);
}

/* The slots of those of a set that are laid out. */
static uint32_t slots_of(const struct processors *p, uint32_t set)
{
	uint32_t slots = 0, slot = 0;

	for (uint32_t left = p->set; left; left &= left - 1, slot++)
		slots |= (set >> __builtin_ctz(left) & 1) << slot;
	return slots;
}

static uint32_t running(const struct processors *p)
{
	return atomic_load_explicit(&p->running, memory_order_relaxed);
}

bool processors_choose(struct processors *p, uint32_t set)
{
	const uint32_t wanted = slots_of(p, set);

	p->starting = wanted & ~running(p);
	p->guards = false;
	for (uint32_t left = wanted; left; left &= left - 1)
		p->guards |= p->options.records_transaction &&
			     p->slots[__builtin_ctz(left)].ops->cut_before;
	atomic_store_explicit(&p->running, wanted & ~p->starting, memory_order_relaxed);
	return p->starting != 0;
}

void processors_started(struct processors *p)
{
	atomic_store_explicit(&p->running, running(p) | p->starting, memory_order_relaxed);
	p->starting = 0;
}

uint32_t processors_bytes(uint32_t set)
{
	struct processors p;

	lay_out(&p, set, &(struct processor_options){0});
	return p.bytes;
}

static bool needs_pool(const struct processors *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->slots[i].ops->has_block)
			return true;
	return false;
}

static bool needs_crypto(const struct processors *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->slots[i].ops->has_crypto)
			return true;
	return false;
}

uint64_t processors_pool_bytes(uint32_t set, uint32_t blocks)
{
	struct processors p;

	lay_out(&p, set, &(struct processor_options){0});
	return needs_pool(&p) ? processor_pool_bytes(blocks) : 0;
}

int processors_init(struct processors *p, uint32_t set, const struct processor_options *options,
		    uint32_t blocks, uint64_t *counters)
{
	int rc = 0;

	lay_out(p, set, options);
	p->counters = counters;
	if (needs_pool(p))
		rc = processor_pool_create(&p->pool, blocks);
	if (!rc && needs_crypto(p))
		rc = processor_crypto_create(&p->crypto);
	if (rc)
		processors_fini(p);
	return rc;
}

void processors_fini(struct processors *p)
{
	processor_pool_destroy(p->pool);
	processor_crypto_destroy(p->crypto);
	p->pool = NULL;
	p->crypto = NULL;
}

static void *state_of(const struct processors *p, const void *annex, unsigned int slot)
{
	return (char *)(uintptr_t)annex + p->slots[slot].offset;
}

static void release_block(const struct processors *p, void *annex, unsigned int slot)
{
	const struct processor_ops *ops = p->slots[slot].ops;
	struct processor_block **block = state_of(p, annex, slot);

	if (!ops->has_block || !*block)
		return;
	if (ops->release)
		ops->release(block, p->pool);
	processor_pool_give(p->pool, *block);
}

void processors_clear(const struct processors *p, void *annex)
{
	struct annex *a = annex;

	a->done &= ~p->starting;
	a->seen &= ~p->starting;
	for (uint32_t left = p->starting; left; left &= left - 1) {
		const unsigned int slot = (unsigned int)__builtin_ctz(left);

		release_block(p, annex, slot);
		memset(state_of(p, annex, slot), 0, p->slots[slot].ops->state_bytes);
	}
}

/* A packet may come late, and so be older than the first one. */
static uint32_t ms_between(uint64_t start_ns, uint64_t time_ns)
{
	const uint64_t ms = time_ns / 1000000, start_ms = start_ns / 1000000;

	return ms > start_ms ? (uint32_t)(ms - start_ms) : 0;
}

static struct processor_packet show(const struct processors *p, const struct annex *a,
				    const struct packet *k, unsigned int direction)
{
	return (struct processor_packet){
		.view = k,
		.all = p,
		.options = &p->options,
		.direction = direction,
		.payload_len = packet_payload_wire_len(k),
		.payload = k->data + k->payload_offset,
		.captured = k->payload_len,
		.since_start_ms = ms_between(a->start_ns, k->time_ns),
	};
}

/* Bit i: slot i runs and is not done. */
static uint32_t wanting(const struct processors *p, const struct annex *a)
{
	return running(p) & ~a->done;
}

bool processors_cut_before(const struct processors *p, const void *annex, const struct packet *k,
			   unsigned int direction)
{
	const struct processor_packet packet = show(p, annex, k, direction);

	for (uint32_t left = wanting(p, annex); left; left &= left - 1) {
		const unsigned int slot = (unsigned int)__builtin_ctz(left);
		const struct processor_ops *ops = p->slots[slot].ops;

		if (ops->cut_before && ops->cut_before(state_of(p, annex, slot), &packet))
			return true;
	}
	return false;
}

struct processors_answer processors_packet(const struct processors *p, void *annex,
					   const struct packet *k, unsigned int direction)
{
	struct processors_answer answer = {0};
	struct annex *a = annex;

	if (!a->seen)
		a->start_ns = k->time_ns;
	a->seen |= running(p);
	const struct processor_packet packet = show(p, a, k, direction);
	for (uint32_t left = wanting(p, a); left; left &= left - 1) {
		const unsigned int slot = (unsigned int)__builtin_ctz(left);

		switch (p->slots[slot].ops->packet(state_of(p, a, slot), &packet)) {
		case PROCESSOR_NEXT:
			break;
		case PROCESSOR_DONE:
			a->done |= 1U << slot;
			break;
		case PROCESSOR_CUT_AFTER:
			answer.cut = true;
			a->done |= 1U << slot; /* whatever becomes of the cut */
			break;
		}
	}
	answer.next = (wanting(p, a) | (p->starting & ~a->done)) != 0;
	return answer;
}

void processors_slice(const struct processors *p, void *slice, void *flow)
{
	memcpy(slice, flow, p->bytes);
	memset(flow, 0, p->bytes);
}

void processors_to_record(const struct processors *p, const void *annex, struct flow_record *r)
{
	const struct annex *a = annex;

	r->lists_start_ns = a->start_ns;
	for (uint32_t left = running(p) & a->seen; left; left &= left - 1) {
		const unsigned int slot = (unsigned int)__builtin_ctz(left);

		p->slots[slot].ops->to_record(state_of(p, annex, slot), r);
	}
}

void processors_release(const struct processors *p, void *annex)
{
	for (unsigned int i = 0; p->pool && i < p->n; i++)
		release_block(p, annex, i);
}

/* ---- names ---- */

static const char *const names[] = {
#define PROCESSOR(name, ...) #name,
#include "dpi/processors.def"
};

/* What is in every record anyway: a name that changes nothing. */
static const char *const always[] = {
#define ALWAYS(name, ...) #name,
#include "dpi/processors.def"
};

const char *processor_name(enum processor processor)
{
	return names[processor];
}

uint64_t processors_missing_sources(uint32_t set)
{
	static const uint8_t sources[PROCESSOR_N] = {
#define PROCESSOR(name, ...) [PROCESSOR_##name] = SOURCE_##name,
#include "dpi/processors.def"
	};
	uint64_t missing = ((1ULL << SOURCE_N) - 1) & ~((1ULL << SOURCE_PROCESSORS) - 1);

	for (unsigned int i = 0; i < PROCESSOR_N; i++)
		missing &= set >> i & 1 ? ~(1ULL << sources[i]) : UINT64_MAX;
	return missing;
}

/* A word as bits; false: there is no processor of that name. */
static bool find(const char *word, uint32_t *bits)
{
	*bits = 0;
	for (unsigned int i = 0; i < sizeof always / sizeof *always; i++)
		if (strcmp(always[i], word) == 0)
			return true;
	for (unsigned int i = 0; i < PROCESSOR_N; i++)
		if (strcmp(names[i], word) == 0)
			*bits = 1U << i;
	if (strcmp(word, "all") == 0)
		*bits = PROCESSORS_ALL;
	return *bits || strcmp(word, "none") == 0;
}

static int refuse(const char *word, char *error, size_t error_len)
{
	struct nearest_word nearest = {.any_case = true};

	for (unsigned int i = 0; i < PROCESSOR_N; i++)
		nearest_word_offer(&nearest, word, names[i]);
	for (unsigned int i = 0; i < sizeof always / sizeof *always; i++)
		nearest_word_offer(&nearest, word, always[i]);
	if (nearest.word)
		snprintf(error, error_len, "there is no processor %s; did you mean %s?", word,
			 nearest.word);
	else
		snprintf(error, error_len,
			 "there is no processor %s; ftprobe --list-processors names them, "
			 "all and none are words, too",
			 word);
	return -EINVAL;
}

int processors_parse(uint32_t *set, const char *text, char *error, size_t error_len)
{
	static const char between[] = " \t,";
	bool none = false;
	uint32_t read = 0;

	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		char word[NAME_BYTES_MAX];
		size_t len = strcspn(text, between);
		uint32_t bits;

		snprintf(word, sizeof word, "%.*s", (int)(len < 1000 ? len : 1000), text);
		if (!find(word, &bits))
			return refuse(word, error, error_len);
		none |= strcmp(word, "none") == 0;
		read |= bits;
		text += len;
	}
	if (none && read) {
		snprintf(error, error_len, "none and others: give one or the other");
		return -EINVAL;
	}
	*set = read;
	return 0;
}
