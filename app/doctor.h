/* SPDX-License-Identifier: BSD-3-Clause */
/* ftprobe --doctor: is this machine ready for what the options ask, and what to do where it is not.
 */
#pragma once

#include <stdio.h>

#include "options.h"

/*
 * Looks at huge pages, IOMMU, drivers, limits, CPUs, NUMA nodes, clock and permissions, and prints
 * a line for each: OK, warn (it works, slower or with less) or bad (it will not), and what to do.
 * root as in machine.h. Returns the exit code: EXIT_SUCCESS, or EXIT_FAILURE when something is bad.
 */
int doctor_run(const struct options *o, const char *root, FILE *out);
