/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells AddressSanitizer which bytes of our own rings may be read, so that debug builds catch a
 * read beyond a packet or after its release. Nothing in other builds.
 */
#pragma once

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ACTIVE 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISON_ACTIVE 1
#endif

#ifdef POISON_ACTIVE
#include <sanitizer/asan_interface.h>
#endif

static inline void poison(const void *p, size_t len_bytes)
{
#ifdef POISON_ACTIVE
	__asan_poison_memory_region(p, len_bytes);
#else
	(void)p;
	(void)len_bytes;
#endif
}

static inline void unpoison(const void *p, size_t len_bytes)
{
#ifdef POISON_ACTIVE
	__asan_unpoison_memory_region(p, len_bytes);
#else
	(void)p;
	(void)len_bytes;
#endif
}
