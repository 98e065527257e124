/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine is, and how it is doing. */
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

uint64_t thread_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* The least of a few tries: whatever else ran made it longer. */
double machine_ghz(void)
{
	enum { STEPS = 2000000, LATENCY = 3, UNROLLED = 4 };
	uint64_t x = mix64((uint64_t)getpid()) | 1, best = UINT64_MAX;

	for (int try = 0; try < 5; try++) {
		uint64_t start = thread_ns();

		for (int i = 0; i < STEPS; i++) {
			x *= 0x9e3779b97f4a7c15ULL;
			__asm__ volatile("" : "+r"(x));
			x *= 0xbf58476d1ce4e5b9ULL;
			__asm__ volatile("" : "+r"(x));
			x *= 0x94d049bb133111ebULL;
			__asm__ volatile("" : "+r"(x));
			x *= 0xd6e8feb86659fd93ULL;
			__asm__ volatile("" : "+r"(x));
		}
		uint64_t ns = thread_ns() - start;
		if (ns < best)
			best = ns;
	}
	return best ? (double)STEPS * UNROLLED * LATENCY / (double)best : 0;
}

void machine_cpu(char *model, size_t len)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	snprintf(model, len, "unknown CPU");
	while (f && fgets(line, sizeof line, f)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, "model name", 10) != 0)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(model, len, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

double machine_load(void)
{
	double load = 0;

	return getloadavg(&load, 1) == 1 ? load : 0;
}

unsigned int machine_cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned int)n : 1;
}

uint64_t machine_free_bytes(void)
{
	unsigned long long kb = 0;
	char line[256];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "MemAvailable: %llu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb << 10;
}

int machine_pin(unsigned int core)
{
	cpu_set_t set;

	if (core >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : -errno;
}
