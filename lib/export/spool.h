/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of records on disk, behind the one in memory: what waits while a collector is away. One
 * file, used as a ring: without a name, which the kernel removes when the process ends, however it
 * ends; or with one, whose records the next process finds. One thread; reads and writes go to the
 * page cache and wait for the disk only when that is full.
 *
 * A file with a name survives a process that is killed: each record says where it is and has a
 * checksum, so what was torn, and all behind it, is not taken for a record. What is in buffers then
 * (64 KB) is lost, and as much that was taken out already may come again.
 */
#pragma once
#include "export/queue.h"

#include <stddef.h>

struct spool;

/* bytes_max includes 40 bytes a record. 0 or -errno with one line in error that says what to do. */
int spool_open(struct spool **out, const char *folder, uint64_t bytes_max, char *error,
	       size_t error_len);

/* A spool with a name, which is made of what stands for the output; slashes are no matter. */
struct spool_place {
	const char *folder, *name;
	uint64_t bytes_max;
	uint32_t meaning; /* of the records: those of another one are nothing to this output */
};

/*
 * As spool_open(). Records of an earlier process are there, unless they mean something else: that
 * file is named .old then, and *aside is true. -EBUSY: another process has this spool.
 */
int spool_open_kept(struct spool **out, const struct spool_place *place, bool *aside, char *error,
		    size_t error_len);

/* A file with a name stays when it has records. */
void spool_close(struct spool *s);

/* Whether it has a name, and so outlives the process. */
bool spool_is_kept(const struct spool *s);

/*
 * Puts all records of the queue in front, as they were before they came into memory; how many, of
 * the oldest, did not fit (or all, when the disk fails). The queue stays as it is.
 */
uint32_t spool_put_back(struct spool *s, const struct record_queue *q);

/* What is buffered goes to the file: with a name, a killed process loses nothing of it. */
int spool_flush(struct spool *s);

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
