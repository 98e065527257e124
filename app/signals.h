/* SPDX-License-Identifier: BSD-3-Clause */
/* The signals that a run waits for, rather than being ended by them at any moment. */
#pragma once

#include <signal.h>

#include "options.h"

/*
 * SIGINT, SIGTERM, and SIGHUP: that one asks for a reload when there is a configuration file, else
 * a terminal went away; nohup(1) lets us ignore that.
 */
void signals_of(const struct options *o, sigset_t *set);

/* From here on, in the threads that this one makes, too. */
void signals_block(const struct options *o);
