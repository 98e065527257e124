/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prefetches that stay: gcc 12 drops calls to functions whose only effect is __builtin_prefetch(),
 * so the instruction is written out where we know it.
 */
#pragma once

static inline __attribute__((always_inline)) void prefetch_line(const void *p)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)p));
#elif defined(__aarch64__)
	__asm__ volatile("prfm pldl1keep, %0" : : "Q"(*(const char *)p));
#else
	__builtin_prefetch(p);
#endif
}

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
