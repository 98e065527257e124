/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies for another CPU: written past the caches where the processor can, so that the writer keeps
 * what it works with, and does not wait for lines that the reader had last. A third of the cost.
 */
#pragma once

#include <stddef.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Both begin on a cache line of 64 bytes; n of them. */
static inline void stream_lines(void *to, const void *from, size_t n)
{
#ifdef __SSE2__
	const __m128i *source = from;
	__m128i *target = to;

	for (size_t i = 0; i < 4 * n; i++)
		_mm_stream_si128(&target[i], _mm_load_si128(&source[i]));
#else
	memcpy(to, from, 64 * n);
#endif
}

/* Before the copies are handed over by a release store, which does not order such writes. */
static inline void stream_done(void)
{
#ifdef __SSE2__
	_mm_sfence();
#endif
}
