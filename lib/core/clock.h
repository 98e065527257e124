/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Units of time, and the clocks for those who may ask one: app/ and the closing of outputs.
 * Metering never does.
 */
#pragma once

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define SECOND_NS 1000000000ULL

static inline uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* For timeouts and deadlines: it is never set. */
static inline uint64_t clock_monotonic_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* For what others are told: since 1970. */
static inline uint64_t clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

static inline struct timeval ns_to_timeval(uint64_t ns)
{
	return (struct timeval){.tv_sec = (time_t)(ns / SECOND_NS),
				.tv_usec = (suseconds_t)(ns % SECOND_NS / 1000)};
}

static inline uint64_t timeval_to_ns(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * SECOND_NS + (uint64_t)t->tv_usec * 1000;
}

static inline void sleep_ns(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};

	nanosleep(&t, NULL);
}
