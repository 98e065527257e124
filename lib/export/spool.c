/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue of records on disk. */
#include "export/spool.h"

#include "core/limits.h"
#include "export/spool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_file(const char *folder)
{
	char path[512];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? -errno : fd;
	if (snprintf(path, sizeof path, "%s/ftprobe-spool-XXXXXX", folder) >= (int)sizeof path)
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int spool_open(struct spool **out, const char *folder, uint64_t bytes_max, char *error,
	       size_t error_len)
{
	struct spool *s = calloc(1, sizeof *s);

	if (!s) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	s->size_bytes = s->wanted_bytes = bytes_max;
	s->head = s->saved = s->written = s->tail = SPOOL_FIRST_POSITION(bytes_max);
	s->fd = open_file(folder);
	if (s->fd < 0) {
		int rc = s->fd;

		snprintf(error, error_len, "spool %s: %s; name a folder that can be written to",
			 folder, strerror(-rc));
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	if (s->path[0] && (!s->records || spool_flush(s) || spool_save_head(s)))
		unlink(s->path);
	close(s->fd);
	free(s);
}

uint32_t spool_records(const struct spool *s)
{
	return s->records;
}

bool spool_has_room(const struct spool *s, uint32_t len_bytes)
{
	return s->tail - s->head + sizeof(struct spool_entry) + len_bytes <= s->size_bytes &&
	       s->records < UINT32_MAX;
}

/* In or out of the ring at a position, in two pieces where it wraps. */
int spool_io(struct spool *s, uint8_t *bytes, size_t len, uint64_t at, bool out)
{
	while (len) {
		const uint64_t offset = at % s->size_bytes;
		const uint64_t to_end = s->size_bytes - offset;
		const size_t piece = len < to_end ? len : (size_t)to_end;
		const off_t there = (off_t)(offset + s->data_at);
		ssize_t n = out ? pwrite(s->fd, bytes, piece, there) :
				  pread(s->fd, bytes, piece, there);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int spool_flush(struct spool *s)
{
	int rc = 0;

	if (s->tail == s->written)
		return 0;
	/* What is taken out, and said to be there by the file, is not overwritten. */
	if (s->tail - s->saved > s->size_bytes)
		rc = spool_save_head(s);
	if (rc == 0)
		rc = spool_io(s, s->write, (size_t)(s->tail - s->written), s->written, true);
	if (rc == 0)
		s->written = s->tail;
	return rc;
}

static void buffer(struct spool *s, const void *bytes, size_t len)
{
	memcpy(s->write + (s->tail - s->written), bytes, len);
	s->tail += len;
}

int spool_push(struct spool *s, const struct queued_record *r)
{
	const struct spool_entry e = spool_entry_of(s, r, s->tail);
	const size_t need = sizeof e + r->len_bytes;

	_Static_assert(sizeof e + RECORD_BYTES_MAX <= SPOOL_BUFFER_BYTES, "a record may not fit");
	if (!spool_has_room(s, r->len_bytes))
		return -ENOBUFS;
	if (s->tail - s->written + need > sizeof s->write) {
		int rc = spool_flush(s);

		if (rc)
			return rc;
	}
	buffer(s, &e, sizeof e);
	buffer(s, r->bytes, r->len_bytes);
	s->records++;
	return 0;
}

/* Makes the read buffer begin at head, with as much as there is and fits. */
static int refill(struct spool *s)
{
	const uint64_t on_disk = s->written > s->head ? s->written - s->head : 0;
	const size_t from_disk = on_disk < sizeof s->read ? (size_t)on_disk : sizeof s->read;
	const uint64_t skip = s->head > s->written ? s->head - s->written : 0;
	const uint64_t buffered = s->tail - s->written - skip, room = sizeof s->read - from_disk;
	const size_t from_buffer = from_disk < on_disk ? 0 :
				   buffered < room     ? (size_t)buffered :
							 (size_t)room;
	int rc = spool_io(s, s->read, from_disk, s->head, false);

	if (rc)
		return rc;
	memcpy(s->read + from_disk, s->write + skip, from_buffer);
	s->read_at = 0;
	s->read_bytes = (uint32_t)(from_disk + from_buffer);
	return 0;
}

static bool whole_record(const struct spool *s, struct spool_entry *e)
{
	const uint32_t there = s->read_bytes - s->read_at;

	if (there < sizeof *e)
		return false;
	memcpy(e, s->read + s->read_at, sizeof *e);
	return there - sizeof *e >= e->len_bytes;
}

int spool_first(struct spool *s, struct queued_record *out)
{
	struct spool_entry e;
	int rc;

	if (!s->records)
		return -ENOENT;
	if (!whole_record(s, &e)) {
		rc = refill(s);
		if (rc == 0 && !whole_record(s, &e))
			rc = -EIO;
		if (rc)
			return rc;
	}
	*out = (struct queued_record){.bytes = s->read + s->read_at + sizeof e,
				      .len_bytes = e.len_bytes,
				      .tag = e.tag,
				      .packets = e.packets,
				      .octets = e.octets};
	return 0;
}

uint32_t spool_clear(struct spool *s)
{
	const uint32_t n = s->records;

	/* What a long absence took is given back; the file grows again where that fails. */
	if (s->written != s->saved && ftruncate(s->fd, (off_t)s->data_at))
		errno = 0;
	/* Positions never come again, or what was there before would look like a record. */
	s->head = (s->tail / s->size_bytes + 1) * s->size_bytes;
	if (s->size_bytes != s->wanted_bytes) {
		s->size_bytes = s->wanted_bytes;
		s->head = SPOOL_FIRST_POSITION(s->size_bytes);
	}
	s->written = s->tail = s->head;
	s->records = s->read_at = s->read_bytes = 0;
	if (spool_save_head(s))
		errno = 0;
	return n;
}

void spool_pop(struct spool *s)
{
	struct spool_entry e;

	if (!s->records || !whole_record(s, &e))
		return;
	s->head += sizeof e + e.len_bytes;
	s->read_at += (uint32_t)sizeof e + e.len_bytes;
	s->records--;
	if (!s->records)
		spool_clear(s);
	else if (s->path[0] && s->head - s->saved > SPOOL_BUFFER_BYTES && spool_save_head(s))
		errno = 0; /* more comes again, then */
}
