/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two lower layers of a capture stream: read(2) with waits that can be stopped, and zlib or
 * libzstd over it. A sentence in `error` ends it; what was unpacked before is handed out first.
 */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* One read(2) of a file, and what the decompressors are fed with. */
#define IN_BYTES (128 * 1024)
/* How long a wait for a pipe goes on without a look at stop. */
#define STOP_POLL_MS 100
/* Enough of a file to know its packing. */
#define MAGIC_BYTES 6
/* zlib: window bits of gzip streams. */
#define GZIP_WINDOW (15 + 16)

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct unpack {
	int fd;
	bool own_fd, waits; /* waits: a pipe, not a file */
	bool eof, stopped;
	const atomic_bool *stop;
	uint64_t bytes; /* read from fd */

	enum packing packing;
	bool cut_short; /* packed: the error is that the input ended inside a frame */
	bool in_frame;	/* packed: inside a member (gzip) or frame (zstd) */
	bool more_made; /* packed: the output ended before what was made of the input */
	bool gzip_ready;
	z_stream gzip;
	ZSTD_DStream *zstd;
	size_t in_at, in_len; /* of in: read from fd and not used yet */
	char error[192];
	uint8_t in[IN_BYTES];
};

__attribute__((format(printf, 2, 3))) static ptrdiff_t fail(struct unpack *u, const char *format,
							    ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(u->error, sizeof u->error, format, args);
	va_end(args);
	return -1;
}

/* ---- the descriptor ---- */

/* 1 when there is something to read or the end, 0 when told to stop, -1. */
static int wait_readable(struct unpack *u)
{
	struct pollfd pfd = {.fd = u->fd, .events = POLLIN};

	while (!u->stop || !atomic_load_explicit(u->stop, memory_order_relaxed)) {
		int n = poll(&pfd, 1, STOP_POLL_MS);

		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -1;
	}
	u->stopped = true;
	return 0;
}

/* read(2) that can be stopped: bytes, 0 at the end, -1. */
static ptrdiff_t read_fd(struct unpack *u, void *out, size_t n)
{
	ssize_t got = -1;

	while (!u->eof && got < 0) {
		int ready = u->waits ? wait_readable(u) : 1;

		if (ready > 0)
			got = read(u->fd, out, n);
		if (ready < 0 || (ready && got < 0 && errno != EINTR))
			return fail(u, "cannot be read: %s", strerror(errno));
		u->eof = u->stopped || got == 0;
	}
	if (u->eof)
		return 0;
	u->bytes += (uint64_t)got;
	return got;
}

/* More bytes in `in`, when it has none. As read_fd(). */
static ptrdiff_t fill(struct unpack *u)
{
	ptrdiff_t got;

	if (u->in_at < u->in_len)
		return (ptrdiff_t)(u->in_len - u->in_at);
	got = read_fd(u, u->in, sizeof u->in);
	u->in_at = 0;
	u->in_len = got > 0 ? (size_t)got : 0;
	return got;
}

/* ---- packing ---- */

static ptrdiff_t read_plain(struct unpack *u, void *out, size_t n)
{
	ptrdiff_t got = fill(u);

	if (got <= 0)
		return got;
	n = n < (size_t)got ? n : (size_t)got;
	memcpy(out, u->in + u->in_at, n);
	u->in_at += n;
	return (ptrdiff_t)n;
}

/* The input ended. Inside a frame that is an error, unless we ourselves stopped. */
static ptrdiff_t packed_end(struct unpack *u, const char *name)
{
	if (!u->in_frame || u->stopped)
		return 0;
	u->cut_short = true;
	return fail(u, "the %s data end early (incomplete file)", name);
}

/* Between two members: another one begins (pigz, cat a.gz b.gz), or zeros pad the end (tapes). */
static bool gzip_next_member(struct unpack *u)
{
	while (u->in_at < u->in_len && u->in[u->in_at] == 0)
		u->in_at++;
	if (u->in_at == u->in_len)
		return true;
	if (u->in[u->in_at] != 0x1f) {
		fail(u, "something that is not gzip follows the gzip data");
		return false;
	}
	u->in_frame = inflateReset(&u->gzip) == Z_OK;
	return true;
}

static bool gzip_step(struct unpack *u)
{
	int result;

	u->gzip.next_in = u->in + u->in_at;
	u->gzip.avail_in = (uInt)(u->in_len - u->in_at);
	result = inflate(&u->gzip, Z_NO_FLUSH);
	u->in_at = u->in_len - u->gzip.avail_in;
	if (result == Z_STREAM_END)
		u->in_frame = false;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		fail(u, "damaged gzip data: %s", u->gzip.msg ? u->gzip.msg : zError(result));
	u->more_made = u->in_frame && u->gzip.avail_out == 0;
	return !u->error[0];
}

static ptrdiff_t read_gzip(struct unpack *u, void *out, size_t n)
{
	u->gzip.next_out = out;
	u->gzip.avail_out = (uInt)n;
	while (u->gzip.avail_out == n) {
		ptrdiff_t got = u->more_made ? 1 : fill(u);

		if (got < 0)
			return got;
		if (got == 0)
			return packed_end(u, "gzip");
		if (!u->in_frame && !gzip_next_member(u))
			break;
		if (u->in_frame && !gzip_step(u))
			break;
	}
	n -= u->gzip.avail_out;
	return n ? (ptrdiff_t)n : -1;
}

static ptrdiff_t read_zstd(struct unpack *u, void *out, size_t n)
{
	ZSTD_outBuffer to = {.dst = out, .size = n};

	while (to.pos == 0) {
		ptrdiff_t got = u->more_made ? 1 : fill(u);
		ZSTD_inBuffer from = {.src = u->in, .size = u->in_len, .pos = u->in_at};
		size_t result;

		if (got < 0)
			return got;
		if (got == 0)
			return packed_end(u, "zstd");
		result = ZSTD_decompressStream(u->zstd, &to, &from);
		u->in_at = from.pos;
		if (ZSTD_isError(result)) {
			fail(u, "damaged zstd data: %s", ZSTD_getErrorName(result));
			break;
		}
		u->in_frame = result != 0;
		u->more_made = u->in_frame && to.pos == to.size;
	}
	return to.pos ? (ptrdiff_t)to.pos : -1;
}

ptrdiff_t unpack_read(void *self, void *out, size_t n)
{
	struct unpack *u = self;

	if (u->error[0])
		return -1;
	switch (u->packing) {
	case PACKING_GZIP:
		return read_gzip(u, out, n);
	case PACKING_ZSTD:
		return read_zstd(u, out, n);
	case PACKING_NONE:
		break;
	}
	return read_plain(u, out, n);
}

/* ---- opening ---- */

static int open_fd(struct unpack *u, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0) {
		u->fd = STDIN_FILENO;
		if (isatty(u->fd)) {
			fail(u, "is a terminal; pipe a capture into it");
			return -EINVAL;
		}
	} else {
		u->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		u->own_fd = u->fd >= 0;
	}
	if (u->fd < 0 || fstat(u->fd, &st) != 0) {
		int error = errno;

		fail(u, "%s", strerror(error));
		return -error;
	}
	if (S_ISDIR(st.st_mode)) {
		fail(u, "is a directory; name a capture file");
		return -EISDIR;
	}
	u->waits = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
	return 0;
}

static bool starts(const struct unpack *u, const char *magic, size_t n)
{
	return u->in_len >= n && memcmp(u->in, magic, n) == 0;
}

/* A packing that we know of, and do not undo. */
static const char *foreign_packing(const struct unpack *u)
{
	if (starts(u,
		   "\xfd"
		   "7zXZ",
		   5))
		return "xz";
	if (starts(u, "BZh", 3))
		return "bzip2";
	if (starts(u, "\x04\x22\x4d\x18", 4))
		return "lz4";
	if (starts(u, "PK\x03\x04", 4))
		return "zip";
	return NULL;
}

/* A skippable frame may come first (pzstd writes one): its first byte is 50 to 5f. */
static bool is_zstd(const struct unpack *u)
{
	return starts(u, "\x28\xb5\x2f\xfd", 4) ||
	       (u->in_len >= 4 && u->in[0] >> 4 == 5 && memcmp(u->in + 1, "\x2a\x4d\x18", 3) == 0);
}

/* Reads the first bytes and makes ready to unpack them. */
static int open_packing(struct unpack *u)
{
	const char *foreign;

	while (u->in_len < MAGIC_BYTES) {
		ptrdiff_t got = read_fd(u, u->in + u->in_len, sizeof u->in - u->in_len);

		if (got < 0)
			return -EIO;
		if (got == 0)
			break;
		u->in_len += (size_t)got;
	}
	foreign = foreign_packing(u);
	if (foreign) {
		fail(u, "is packed with %s, which is not read; unpack it first", foreign);
		return -EINVAL;
	}
	if (starts(u, "\x1f\x8b", 2)) {
		u->packing = PACKING_GZIP;
		u->in_frame = true;
		u->gzip_ready = inflateInit2(&u->gzip, GZIP_WINDOW) == Z_OK;
		return u->gzip_ready ? 0 : -ENOMEM;
	}
	if (is_zstd(u)) {
		u->packing = PACKING_ZSTD;
		u->zstd = ZSTD_createDStream();
		return u->zstd ? 0 : -ENOMEM;
	}
	return 0;
}

int unpack_open(struct unpack **out, const char *path, const atomic_bool *stop, char *error,
		size_t error_len)
{
	struct unpack *u = calloc(1, sizeof *u);
	int result = -ENOMEM;

	if (u) {
		u->fd = -1;
		u->stop = stop;
		result = open_fd(u, path);
	}
	if (result == 0)
		result = open_packing(u);
	if (result == 0) {
		*out = u;
		return 0;
	}
	snprintf(error, error_len, "%s", u && u->error[0] ? u->error : strerror(-result));
	unpack_close(u);
	return result;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	if (u->gzip_ready)
		inflateEnd(&u->gzip);
	ZSTD_freeDStream(u->zstd);
	if (u->own_fd)
		close(u->fd);
	free(u);
}

const char *unpack_error(const struct unpack *u)
{
	return u->error;
}

bool unpack_cut_short(const struct unpack *u)
{
	return u->cut_short;
}

bool unpack_stopped(const struct unpack *u)
{
	return u->stopped;
}

int unpack_plain_fd(const struct unpack *u)
{
	return u->own_fd && u->packing == PACKING_NONE ? u->fd : -1;
}

uint64_t unpack_bytes(const struct unpack *u)
{
	return u->bytes;
}

bool unpack_ready(const struct unpack *u, int timeout_ms)
{
	struct pollfd pfd = {.fd = u->fd, .events = POLLIN};

	if (!u->waits || u->eof || u->in_at < u->in_len || u->more_made)
		return true;
	return timeout_ms >= 0 && poll(&pfd, 1, timeout_ms) != 0;
}
