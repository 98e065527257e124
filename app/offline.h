/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture files as the inputs of the lanes: directly for one, spread by address pair for several.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "input.h"
#include "options.h"
#include "stats.h"

struct offline;

/*
 * Opens the files of the options; see source_pcap_open() for what is refused. 0 or -errno with one
 * line in error. stop ends the reading early; borrowed. The main thread.
 */
int offline_open(struct offline **out, const struct options *o, const atomic_bool *stop,
		 char *error, size_t error_len);

/* The input of lane number i; valid until offline_close(). */
struct input offline_input(struct offline *f, unsigned int lane);

/*
 * Starts the thread that spreads packets over the lanes; nothing to do for one lane. 0 or -errno.
 */
int offline_start(struct offline *f);
/* Waits for that thread: the lanes have ended. */
void offline_wait(struct offline *f);

/*
 * Adds what the files held and no lane saw: what did not match the filter or has an unknown link
 * type.
 */
void offline_stats(const struct offline *f, struct stats *s);
/* The same for options records, of a struct offline whose lanes have ended. */
void offline_add_unseen(void *files, struct output_metering *m);
/*
 * "" or what could not be read. *failure says whether that is a run-time failure: a last record
 * that is cut short, as a killed capture leaves it, is not. After the end.
 */
const char *offline_problem(const struct offline *f, bool *failure);
void offline_close(struct offline *f);
