/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX messages in files (RFC 5655). A message that the disk took in part is cut off again, so
 * that a file ends with a whole one whatever happens but a crash, which leaves at most one torn.
 */
#include "export/transport.h"

#include "core/clock.h"
#include "core/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct ipfix_file {
	struct transport base;
	char path[1024];
	uint64_t rotate_bytes, rotate_ns;
	int fd;			/* -1 = none */
	uint64_t bytes;		/* of this file */
	uint64_t began_ns;	/* CLOCK_MONOTONIC */
	uint64_t began_wall_ns; /* CLOCK_REALTIME, for its name */
	uint64_t tried_ns;	/* CLOCK_MONOTONIC: when the disk refused last */
	uint64_t size_wanted;	/* with the message that asked for a new file */
	uint32_t number, failures;
	bool refused; /* the last message */
	bool unmoved; /* what is closed still has the name of the next one */
	char trouble[160];
};

static bool rotates(const struct ipfix_file *f)
{
	return f->rotate_bytes || f->rotate_ns;
}

/* Never over a file that is there, not even one that came this moment; 0 or -errno. */
static int rename_anew(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A file system that cannot promise it. */
	if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return rename(from, to) ? -errno : 0;
}

/* To PATH.20260102T030405Z, PATH.20260102T030405Z.2, ...: the first that is free. */
static int move_away(const struct ipfix_file *f, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / SECOND_NS);
	char name[sizeof f->path + 64], stamp[24], suffix[16] = "";
	int error = -EEXIST;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
	for (unsigned int i = 2; error == -EEXIST && i <= IPFIX_FILE_NAMES_MAX; i++) {
		if (snprintf(name, sizeof name, "%s.%s%s", f->path, stamp, suffix) >=
		    (int)sizeof name)
			return -ENAMETOOLONG;
		error = rename_anew(f->path, name);
		snprintf(suffix, sizeof suffix, ".%u", i);
	}
	return error;
}

/* With rotation, what a run before left is kept. */
static int keep_old(const struct ipfix_file *f)
{
	struct stat st;

	if (!rotates(f) || stat(f->path, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	return move_away(f, (uint64_t)st.st_mtim.tv_sec * SECOND_NS);
}

static int open_file(struct ipfix_file *f)
{
	struct stat st;
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		      0644);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -ESPIPE;
	}
	f->fd = fd;
	f->bytes = 0;
	f->began_ns = clock_monotonic_ns();
	f->began_wall_ns = clock_wall_ns();
	f->number++;
	return 0;
}

static void note(struct ipfix_file *f, int error)
{
	snprintf(f->trouble, sizeof f->trouble, "%s", strerror(error));
	f->failures++;
	f->tried_ns = clock_monotonic_ns();
}

/* The file that is open becomes a closed one; what it is called is then free for the next. */
static void rotate(struct ipfix_file *f)
{
	int error = 0;

	if (f->fd >= 0) {
		close(f->fd);
		f->fd = -1;
		f->unmoved = true;
	}
	if (f->unmoved)
		error = move_away(f, f->began_wall_ns);
	if (error == -ENOENT)
		error = 0; /* somebody else took it away */
	if (!error) {
		f->unmoved = false;
		error = open_file(f);
	}
	if (error)
		note(f, -error);
}

/* A file without a message is not rotated: nobody wants an empty one. */
static bool is_due(const struct ipfix_file *f)
{
	if (f->fd < 0)
		return clock_monotonic_ns() - f->tried_ns >= IPFIX_FILE_RETRY_NS;
	if (!f->bytes)
		return false;
	if (f->rotate_bytes && f->size_wanted > f->rotate_bytes)
		return true;
	return f->rotate_ns && clock_monotonic_ns() - f->began_ns >= f->rotate_ns;
}

/* The disk refused a message, and may have room again by and by. */
static bool is_left_alone(const struct ipfix_file *f)
{
	return f->refused && clock_monotonic_ns() - f->tried_ns < IPFIX_FILE_RETRY_NS;
}

static void file_session(struct transport *t, struct session_view *out)
{
	struct ipfix_file *f = (struct ipfix_file *)t;

	if (is_due(f)) {
		f->size_wanted = 0;
		rotate(f);
	}
	*out = (struct session_view){.number = f->number,
				     .failures = f->failures,
				     .up = f->fd >= 0 && !is_left_alone(f),
				     .taken_bytes = f->bytes,
				     .acked_bytes = f->bytes};
}

/* Takes back what was written of a message. When even that fails, the file is given up. */
static void cut_off(struct ipfix_file *f)
{
	if (ftruncate(f->fd, (off_t)f->bytes) == 0 &&
	    lseek(f->fd, (off_t)f->bytes, SEEK_SET) == (off_t)f->bytes)
		return;
	note(f, errno);
	close(f->fd);
	f->fd = -1;
	f->unmoved = true;
}

static ssize_t file_send(struct transport *t, const struct iovec *pieces, int n)
{
	struct ipfix_file *f = (struct ipfix_file *)t;
	const uint8_t *bytes = pieces->iov_base;
	size_t left = pieces->iov_len;
	ssize_t taken = 0;

	(void)n;
	if (f->fd < 0)
		return -EAGAIN;
	if (f->rotate_bytes && f->bytes && f->bytes + left > f->rotate_bytes) {
		f->size_wanted = f->bytes + left;
		return -EAGAIN; /* the next file begins with templates */
	}
	while (left && ((taken = write(f->fd, bytes, left)) > 0 || (taken < 0 && errno == EINTR))) {
		if (taken < 0)
			continue;
		bytes += taken;
		left -= (size_t)taken;
	}
	if (left) {
		int error = taken < 0 ? errno : ENOSPC;

		cut_off(f);
		f->refused = true;
		note(f, error);
		return -error;
	}
	f->refused = false;
	f->bytes += pieces->iov_len;
	return (ssize_t)pieces->iov_len;
}

static const char *file_trouble(const struct transport *t)
{
	return ((const struct ipfix_file *)t)->trouble;
}

/* With rotation a closed file has its name of a closed one, the last one, too. */
static void file_close(struct transport *t, uint64_t deadline_ns)
{
	struct ipfix_file *f = (struct ipfix_file *)t;

	(void)deadline_ns;
	if (f->fd >= 0)
		close(f->fd);
	if (f->fd >= 0 && rotates(f) && f->bytes)
		move_away(f, f->began_wall_ns);
	free(f);
}

static const struct transport_ops file_ops = {
	.send = file_send, .session = file_session, .trouble = file_trouble, .close = file_close};

static const char *advice(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "make its directory first";
	case EISDIR:
	case ESPIPE:
		return "name a regular file";
	case ENOSPC:
	case EDQUOT:
		return "make room on that disk";
	default:
		return "choose a place that this user may write to";
	}
}

int transport_ipfix_file_open(struct transport **out, const struct ipfix_file_options *options,
			      char *error, size_t error_len)
{
	struct ipfix_file *f = calloc(1, sizeof *f);
	int result;

	if (!f) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	f->base.ops = &file_ops;
	f->fd = -1;
	f->rotate_bytes = options->rotate_bytes;
	f->rotate_ns = options->rotate_ns;
	result = strlen(options->path) < sizeof f->path ? 0 : -ENAMETOOLONG;
	memcpy(f->path, options->path, result ? 0 : strlen(options->path));
	if (!result)
		result = keep_old(f);
	if (!result)
		result = open_file(f);
	if (result) {
		snprintf(error, error_len, "cannot open %s for writing: %s; %s", options->path,
			 result == -ESPIPE ? "it is no file" : strerror(-result), advice(-result));
		free(f);
		return result;
	}
	*out = &f->base;
	return 0;
}
