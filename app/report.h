/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers of a working thread, told by itself between two bursts when somebody asks, so that they
 * belong together: received = metered + dropped. Not to be asked costs one load.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One asks at a time. */
struct report_gate {
	atomic_uint asked, told;
};

/* Asks anew; the number of the question. The reader's thread. */
static inline unsigned int report_ask(struct report_gate *g)
{
	return atomic_fetch_add_explicit(&g->asked, 1, memory_order_acq_rel) + 1;
}

/* Whether the question was answered: from then on the answer is there to be read. */
static inline bool report_is_told(const struct report_gate *g, unsigned int question)
{
	return atomic_load_explicit(&g->told, memory_order_acquire) == question;
}

/* The number of a question that is still open, or 0. The working thread. */
static inline unsigned int report_question(const struct report_gate *g)
{
	unsigned int asked = atomic_load_explicit(&g->asked, memory_order_relaxed);

	if (asked == atomic_load_explicit(&g->told, memory_order_relaxed))
		return 0;
	/* Whoever asks has read the answer before. */
	return atomic_load_explicit(&g->asked, memory_order_acquire);
}

/* The answer is written. The working thread. */
static inline void report_tell(struct report_gate *g, unsigned int question)
{
	atomic_store_explicit(&g->told, question, memory_order_release);
}
