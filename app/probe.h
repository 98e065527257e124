/* SPDX-License-Identifier: BSD-3-Clause */
/* A run of the probe: from options to exit code. */
#pragma once

#include "options.h"

/*
 * Opens inputs and outputs, makes the lanes, runs them until the files end or SIGINT or SIGTERM
 * comes (both blocked by the caller), drains, reports. Every failure was logged in one line.
 * Returns the exit code: EXIT_SUCCESS, EXIT_FAILURE, or OPTIONS_EXIT_BAD for outputs that
 * would overwrite something of the run. The main thread.
 */
int probe_run(const struct options *o);
