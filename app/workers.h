/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads of the program: EAL lcores when devices are read, plain threads when files are. */
#pragma once

#include <stdbool.h>

#include "core/limits.h"

/* Lanes are workers 0 to n - 1, the exporter comes after them. */
#define WORKERS_MAX (LANES_MAX + 2)

/*
 * Starts run(argument) on worker number i; on an lcore when the EAL runs. 0 or -errno. The main
 * thread.
 */
int worker_start(unsigned int i, void (*run)(void *), void *argument, bool eal);
/* Waits for the end of a worker that was started. The main thread. */
void worker_wait(unsigned int i, bool eal);
/* Whether all threads of the process take turns on one CPU. */
bool workers_share_cpu(void);
