/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads onto CPUs. */
#include "eal_cpus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

/* The CPUs in numeric order. */
static unsigned int list_cpus(const cpu_set_t *set, uint16_t cpus[CPU_SETSIZE])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, set))
			cpus[n++] = (uint16_t)i;
	return n;
}

static bool names_cpu(const struct options_cpus *cores, uint16_t cpu)
{
	for (unsigned int i = 0; i < cores->n; i++)
		if (cores->cpu[i] == cpu)
			return true;
	return false;
}

/* The main thread mostly sleeps: it gets the first CPU that no lane was promised. */
static uint16_t main_cpu(const struct options_cpus *cores, const uint16_t *cpus, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!names_cpu(cores, cpus[i]))
			return cpus[i];
	return cpus[0];
}

static int check_cores(const struct options_cpus *cores, const cpu_set_t *allowed, char *error,
		       size_t error_len)
{
	for (unsigned int i = 0; i < cores->n; i++) {
		if (cores->cpu[i] < CPU_SETSIZE && CPU_ISSET(cores->cpu[i], allowed))
			continue;
		snprintf(error, error_len,
			 "[lane] cores names CPU %u, which this process may not use; "
			 "taskset -cp $$ lists those it may",
			 cores->cpu[i]);
		return -EINVAL;
	}
	return 0;
}

int eal_lane_cpus(uint16_t cpus[LANES_MAX], const struct options_lane *lane,
		  const cpu_set_t *allowed, char *error, size_t error_len)
{
	uint16_t all[CPU_SETSIZE];
	unsigned int n = list_cpus(allowed, all);
	int rc = check_cores(&lane->cores, allowed, error, error_len);

	if (rc)
		return rc;
	if (n == 0) {
		snprintf(error, error_len,
			 "no CPU is left to this process; see taskset and cpusets");
		return -EINVAL;
	}
	for (unsigned int i = 0; i < lane->count; i++)
		cpus[i] = lane->cores.n ? lane->cores.cpu[i] : all[(i + 1) % n];
	return 0;
}

int eal_lcores(char text[EAL_LCORES_BYTES], const struct options_lane *lane,
	       const cpu_set_t *allowed, char *error, size_t error_len)
{
	uint16_t all[CPU_SETSIZE], cpus[LANES_MAX], first;
	int len, rc = eal_lane_cpus(cpus, lane, allowed, error, error_len);

	if (rc)
		return rc;
	first = main_cpu(&lane->cores, all, list_cpus(allowed, all));
	len = snprintf(text, EAL_LCORES_BYTES, "0@%u", first);
	for (unsigned int i = 0; i < lane->count; i++)
		len += snprintf(text + len, EAL_LCORES_BYTES - (size_t)len, ",%u@%u", i + 1,
				cpus[i]);
	snprintf(text + len, EAL_LCORES_BYTES - (size_t)len, ",%u@%u", lane->count + 1, first);
	return 0;
}
