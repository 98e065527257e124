/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of records on disk, behind the one in memory: what waits while a collector is away. One
 * file without a name, used as a ring, which the kernel removes when the process ends, however it
 * ends. One thread; reads and writes go to the page cache and wait for the disk only when that is
 * full.
 */
#pragma once
#include "export/queue.h"

#include <stddef.h>

struct spool;

/* bytes_max includes 24 bytes a record. 0 or -errno with one line in error that says what to do. */
int spool_open(struct spool **out, const char *folder, uint64_t bytes_max, char *error,
	       size_t error_len);
void spool_close(struct spool *s);

uint32_t spool_records(const struct spool *s);

/* Whether a record of so many bytes fits now. */
bool spool_has_room(const struct spool *s, uint32_t len_bytes);

/* Puts a copy at the end: 0, -ENOBUFS (full) or the errno of the disk, and nothing was put. */
int spool_push(struct spool *s, const struct queued_record *r);

/*
 * The first record, valid until the next call: 0, -ENOENT when there is none, or the errno of the
 * disk, from which all records in the spool are lost.
 */
int spool_first(struct spool *s, struct queued_record *out);
/* Removes it. */
void spool_pop(struct spool *s);

/* Forgets all records; how many there were. */
uint32_t spool_clear(struct spool *s);
