/* SPDX-License-Identifier: BSD-3-Clause */
/* --collect: a look at what probes send over ZMQ. */
#pragma once
#include "options.h"

/*
 * Reads from o->collect until SIGINT, SIGTERM, or the reader of standard output goes: a line a
 * flow, as a table or (-o json) as JSON; what is missing or malformed is said. The exit code.
 */
int collect_run(const struct options *o);
