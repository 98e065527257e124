/* SPDX-License-Identifier: BSD-3-Clause */
/* Which CPU each thread of the probe runs on, as the EAL's --lcores wants it. No DPDK in here. */
#pragma once

#include <sched.h>
#include <stddef.h>

#include "options.h"

/* "12@1023," for each thread. */
#define EAL_LCORES_BYTES ((LANES_MAX + 2) * 10)

/*
 * Writes "0@CPU,1@CPU,...": lcore 0 is the main thread, lanes follow, the exporter comes last and
 * shares the main thread's CPU. allowed are the CPUs that the process may use; several threads
 * share one where there are too few. 0, or -EINVAL with one line in error when [lane] cores names
 * another CPU.
 */
int eal_lcores(char text[EAL_LCORES_BYTES], const struct options_lane *lane,
	       const cpu_set_t *allowed, char *error, size_t error_len);

/* The CPU of each lane, as eal_lcores() writes them. Errors as there. */
int eal_lane_cpus(uint16_t cpus[LANES_MAX], const struct options_lane *lane,
		  const cpu_set_t *allowed, char *error, size_t error_len);
