/* SPDX-License-Identifier: BSD-3-Clause */
/* A spool with a name: what an earlier process left is found, and what this one leaves is kept. */
#include "export/spool_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC "FTSPOOL1"

/* What the file says of itself, at its beginning. */
struct head {
	char magic[8];
	uint64_t size_bytes, head;
	uint32_t meaning, checksum; /* CRC-32 of all this, with 0 here */
};

static uint32_t checksum_of(const void *bytes, size_t len, uint32_t before)
{
	return (uint32_t)crc32(before, bytes, (uInt)len);
}

static uint32_t head_checksum(struct head h)
{
	h.checksum = 0;
	return checksum_of(&h, sizeof h, 0);
}

static uint32_t entry_checksum(struct spool_entry e, const uint8_t *record)
{
	e.checksum = 0;
	return checksum_of(record, e.len_bytes, checksum_of(&e, sizeof e, 0));
}

struct spool_entry spool_entry_of(const struct spool *s, const struct queued_record *r,
				  uint64_t position)
{
	struct spool_entry e = {.len_bytes = r->len_bytes,
				.tag = r->tag,
				.packets = r->packets,
				.octets = r->octets,
				.position = position};

	if (s->path[0])
		e.checksum = entry_checksum(e, r->bytes);
	return e;
}

int spool_save_head(struct spool *s)
{
	struct head h = {.size_bytes = s->size_bytes, .head = s->head, .meaning = s->meaning};

	if (s->path[0]) {
		memcpy(h.magic, MAGIC, sizeof h.magic);
		h.checksum = head_checksum(h);
		if (pwrite(s->fd, &h, sizeof h, 0) != (ssize_t)sizeof h)
			return errno ? -errno : -EIO;
	}
	s->saved = s->head;
	return 0;
}

bool spool_is_kept(const struct spool *s)
{
	return s->path[0] != '\0';
}

/* False: the file says nothing that can be believed, or nothing for this output. */
static bool read_head(struct spool *s)
{
	struct head h;

	if (pread(s->fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
	    memcmp(h.magic, MAGIC, sizeof h.magic) != 0 || h.checksum != head_checksum(h) ||
	    h.meaning != s->meaning || h.size_bytes < sizeof(struct spool_entry))
		return false;
	s->size_bytes = h.size_bytes;
	s->head = s->saved = s->written = s->tail = h.head;
	return true;
}

/* One record at tail: false when there is none, or it is torn. Uses the read buffer. */
static bool find_record(struct spool *s)
{
	struct spool_entry e;

	if (s->tail - s->head + sizeof e > s->size_bytes ||
	    spool_io(s, (uint8_t *)&e, sizeof e, s->tail, false) || e.position != s->tail ||
	    e.len_bytes > RECORD_BYTES_MAX ||
	    s->tail - s->head + sizeof e + e.len_bytes > s->size_bytes ||
	    spool_io(s, s->read, e.len_bytes, s->tail + sizeof e, false) ||
	    e.checksum != entry_checksum(e, s->read))
		return false;
	s->tail += sizeof e + e.len_bytes;
	s->written = s->tail;
	s->records++;
	return true;
}

/* FOLDER/ftprobe-NAME.spool, where NAME has nothing that a path would mind. */
static int make_path(struct spool *s, const struct spool_place *place)
{
	char name[NAME_BYTES_MAX];

	snprintf(name, sizeof name, "%s", place->name);
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			*p = '_';
	return snprintf(s->path, sizeof s->path, "%s/ftprobe-%s.spool", place->folder, name) <
			       (int)sizeof s->path - 4 ?
		       0 :
		       -ENAMETOOLONG;
}

static int open_path(struct spool *s)
{
	s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0)
		return -errno;
	if (flock(s->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* The file goes by another name, and a new one takes its place. */
static int set_aside(struct spool *s)
{
	char old[sizeof s->path + 4];
	int rc;

	snprintf(old, sizeof old, "%s.old", s->path);
	if (rename(s->path, old))
		return -errno;
	close(s->fd);
	rc = open_path(s);
	return rc;
}

static int use_file(struct spool *s, bool *aside)
{
	const off_t bytes = lseek(s->fd, 0, SEEK_END);
	int rc = 0;

	if (bytes > 0 && read_head(s)) {
		while (find_record(s))
			continue;
		return 0;
	}
	*aside = bytes > 0;
	if (*aside)
		rc = set_aside(s);
	s->head = s->written = s->tail = SPOOL_FIRST_POSITION(s->size_bytes);
	return rc ? rc : spool_save_head(s);
}

int spool_open_kept(struct spool **out, const struct spool_place *place, bool *aside, char *error,
		    size_t error_len)
{
	struct spool *s = calloc(1, sizeof *s);
	int rc;

	if (!s) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	s->fd = -1;
	s->size_bytes = s->wanted_bytes = place->bytes_max;
	s->data_at = SPOOL_DATA_AT;
	s->meaning = place->meaning;
	*aside = false;
	rc = make_path(s, place);
	if (rc == 0)
		rc = open_path(s);
	if (rc == 0)
		rc = use_file(s, aside);
	if (rc == 0) {
		*out = s;
		return 0;
	}
	snprintf(error, error_len, "spool %s: %s; %s", place->folder, strerror(-rc),
		 rc == -EBUSY ? "another probe has an output of this name with a spool there" :
				"name a folder that can be written to");
	if (s->fd >= 0)
		close(s->fd);
	free(s);
	return rc;
}

/* Bytes of the records that the cursor still has, and how many they are. */
static uint64_t bytes_left(const struct record_queue *q, struct queue_cursor c, uint32_t *n)
{
	struct queued_record r;
	uint64_t bytes = 0;

	for (*n = 0; queue_next(q, &c, &r); (*n)++)
		bytes += sizeof(struct spool_entry) + r.len_bytes;
	return bytes;
}

static int put_record(struct spool *s, const struct queued_record *r, uint64_t at)
{
	struct spool_entry e = spool_entry_of(s, r, at);
	int rc = spool_io(s, (uint8_t *)&e, sizeof e, at, true);

	return rc ? rc :
		    spool_io(s, (uint8_t *)(uintptr_t)r->bytes, r->len_bytes, at + sizeof e, true);
}

uint32_t spool_put_back(struct spool *s, const struct record_queue *q)
{
	struct queue_cursor c = queue_walk(q);
	struct queued_record r;
	uint32_t n, lost = 0;
	uint64_t bytes = bytes_left(q, c, &n), at;
	int rc = spool_flush(s);

	for (; n && s->tail - s->head + bytes > s->size_bytes; n--, lost++) {
		queue_next(q, &c, &r);
		bytes -= sizeof(struct spool_entry) + r.len_bytes;
	}
	at = s->head - bytes;
	while (rc == 0 && queue_next(q, &c, &r)) {
		rc = put_record(s, &r, at);
		at += sizeof(struct spool_entry) + r.len_bytes;
	}
	if (rc)
		return lost + n;
	s->head -= bytes;
	s->records += n;
	s->read_at = s->read_bytes = 0;
	if (spool_save_head(s))
		errno = 0; /* what was there before is still found */
	return lost;
}
