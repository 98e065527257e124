/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands /ftprobe/... of DPDK's telemetry socket, for dpdk-telemetry.py and the like. */
#pragma once

#include "snapshot.h"

/*
 * Answers from now on with the numbers of source, which lives until telemetry_end(). After the EAL
 * was started, once a process. 0 or -errno. The main thread.
 */
int telemetry_begin(struct snapshot_source *source);
/* From now on commands have no answer. Waits for one under way. The main thread. */
void telemetry_end(void);
