/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a spool: the ring (spool.c), and the file with a name (spool_file.c). */
#pragma once
#include "core/limits.h"
#include "export/spool.h"

/* Written and read in pieces of this size. */
#define SPOOL_BUFFER_BYTES (128U << 10)
/* Where the ring begins in a file with a name: a page for what the file says of itself. */
#define SPOOL_DATA_AT 4096
/* Positions begin so high that there is room in front of any, and at the beginning of the ring. */
#define SPOOL_FIRST_POSITION(size_bytes) (((1ULL << 62) / (size_bytes)) * (size_bytes))

struct spool_entry {
	uint32_t len_bytes, tag;
	uint64_t packets, octets;
	uint64_t position;
	uint32_t checksum, zero; /* CRC-32 of all this (with 0 here), and of the record */
};
_Static_assert(sizeof(struct spool_entry) == 40, "spool.h says 40");

/*
 * Positions count on for ever; the file is a ring of size_bytes. From head to `written` the records
 * are in the file, from there to tail in the write buffer. The read buffer has what begins at head.
 */
struct spool {
	int fd;
	uint64_t size_bytes, wanted_bytes; /* the latter from when it is empty next */
	uint64_t data_at;		   /* of the ring, in the file */
	uint64_t head, written, tail;
	uint64_t saved; /* head, as the file says */
	uint32_t records;
	uint32_t meaning;
	uint32_t read_at, read_bytes; /* in the read buffer */
	char path[512];		      /* "" = without a name */
	uint8_t write[SPOOL_BUFFER_BYTES];
	uint8_t read[SPOOL_BUFFER_BYTES + sizeof(struct spool_entry) + RECORD_BYTES_MAX];
};

/* In (out = false) or out of the ring at a position. 0 or -errno; -EIO beyond the file's end. */
int spool_io(struct spool *s, uint8_t *bytes, size_t len, uint64_t at, bool out);

/* With a name: the file says where the first record is. 0 or -errno. */
int spool_save_head(struct spool *s);

/* What goes before a record at a position; without a name nobody looks at the checksum. */
struct spool_entry spool_entry_of(const struct spool *s, const struct queued_record *r,
				  uint64_t position);
