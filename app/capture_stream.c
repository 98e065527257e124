/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The upper layer of a capture stream: unpacked bytes, watched by pcapng_links, as a FILE of our
 * own (fopencookie). Damage below becomes a read error with a sentence, never an early end.
 */
#include "capture_stream.h"

#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "unpack.h"

/* Enough of the unpacked to know its format. */
#define MAGIC_BYTES 4
/* The header of a pcap file, and where it has its snap length. */
#define HEAD_BYTES 24
#define SNAPLEN_AT 16
/* To unpack_ready(): only what was read already counts. */
#define DO_NOT_ASK (-1)

struct capture_stream {
	struct unpack *unpack;
	struct pcapng_links *links;
	FILE *file;
	enum capture_kind kind;
	unsigned int head_at, head_len; /* of head: read by us first, not delivered yet */
	uint8_t head[HEAD_BYTES];
	uint64_t delivered; /* to the FILE */
	char error[96];
};

/* Unpacked bytes from the first one on: pcapng_read_fn. */
static ptrdiff_t read_unpacked(void *self, void *out, size_t n)
{
	struct capture_stream *cs = self;
	unsigned int head = cs->head_len - cs->head_at;

	if (!head)
		return unpack_read(cs->unpack, out, n);
	n = n < head ? n : head;
	memcpy(out, cs->head + cs->head_at, n);
	cs->head_at += (unsigned int)n;
	return (ptrdiff_t)n;
}

static ssize_t cookie_read(void *self, char *out, size_t n)
{
	struct capture_stream *cs = self;
	size_t done = 0;

	while (done < n) {
		ptrdiff_t got = cs->links ? pcapng_links_read(cs->links, read_unpacked, cs,
							      out + done, n - done) :
					    read_unpacked(cs, out + done, n - done);

		if (got <= 0)
			break;
		done += (size_t)got;
		if (!unpack_ready(cs->unpack, DO_NOT_ASK))
			break;
	}
	cs->delivered += done;
	if (done)
		return (ssize_t)done;
	if (cs->links && pcapng_links_overflow(cs->links))
		snprintf(cs->error, sizeof cs->error, "more than %u interfaces in a section",
			 PCAPNG_INTERFACES_MAX);
	if (!cs->error[0] && !unpack_error(cs->unpack)[0])
		return 0;
	errno = EIO;
	return -1;
}

/* Only to tell where it is, for ftello(). */
static int cookie_seek(void *self, off64_t *offset, int whence)
{
	struct capture_stream *cs = self;

	if (whence != SEEK_CUR || *offset != 0) {
		errno = ESPIPE;
		return -1;
	}
	*offset = (off64_t)cs->delivered;
	return 0;
}

static int open_file(struct capture_stream *cs)
{
	cookie_io_functions_t functions = {.read = cookie_read, .seek = cookie_seek};

	cs->file = fopencookie(cs, "r", functions);
	if (!cs->file)
		return -ENOMEM;
	if (setvbuf(cs->file, NULL, _IOFBF, PCAPNG_AHEAD_BYTES) != 0)
		return -ENOMEM;
	__fsetlocking(cs->file, FSETLOCKING_BYCALLER);
	return 0;
}

/* Microseconds, nanoseconds, and records with more fields; as they are in the writer's order. */
static bool is_pcap_magic(uint32_t magic)
{
	return magic == 0xa1b2c3d4 || magic == 0xa1b23c4d || magic == 0xa1b2cd34;
}

static enum capture_kind kind_of(const uint8_t *head, unsigned int len)
{
	uint32_t magic;

	if (len == 0)
		return CAPTURE_EMPTY;
	if (len < MAGIC_BYTES)
		return CAPTURE_UNKNOWN;
	memcpy(&magic, head, sizeof magic);
	if (magic == 0x0a0d0d0a)
		return CAPTURE_PCAPNG;
	if (is_pcap_magic(magic) || is_pcap_magic(__builtin_bswap32(magic)))
		return CAPTURE_PCAP;
	return CAPTURE_UNKNOWN;
}

/* Reads on until the head has len bytes, or the input ends. 0 or -EIO. */
static int fill_head(struct capture_stream *cs, unsigned int len)
{
	while (cs->head_len < len) {
		ptrdiff_t got =
			unpack_read(cs->unpack, cs->head + cs->head_len, len - cs->head_len);

		if (got < 0)
			return -EIO;
		if (got == 0)
			break;
		cs->head_len += (unsigned int)got;
	}
	return 0;
}

/*
 * Some writers put a snap length in the header that their records exceed. The records are right,
 * but libpcap would cut them. A header that ends early or is damaged is left to libpcap to find.
 */
static void raise_snaplen(struct capture_stream *cs)
{
	uint32_t magic, snaplen = PACKET_BYTES_MAX;

	if (fill_head(cs, HEAD_BYTES) != 0 || cs->head_len < HEAD_BYTES)
		return;
	memcpy(&magic, cs->head, sizeof magic);
	if (!is_pcap_magic(magic))
		snaplen = __builtin_bswap32(snaplen);
	memcpy(cs->head + SNAPLEN_AT, &snaplen, sizeof snaplen);
}

static int open_kind(struct capture_stream *cs)
{
	int result = fill_head(cs, MAGIC_BYTES);

	if (result != 0)
		return result;
	cs->kind = kind_of(cs->head, cs->head_len);
	if (cs->kind == CAPTURE_PCAP)
		raise_snaplen(cs);
	if (cs->kind != CAPTURE_PCAPNG)
		return 0;
	cs->links = pcapng_links_create();
	return cs->links ? 0 : -ENOMEM;
}

int capture_stream_open(struct capture_stream **out, const char *path, const atomic_bool *stop,
			char *error, size_t error_len)
{
	struct capture_stream *cs = calloc(1, sizeof *cs);
	int result;

	if (!cs) {
		snprintf(error, error_len, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	result = unpack_open(&cs->unpack, path, stop, error, error_len);
	if (result != 0) {
		free(cs);
		return result;
	}
	result = open_kind(cs);
	if (result == 0)
		result = open_file(cs);
	if (result == 0) {
		*out = cs;
		return 0;
	}
	snprintf(error, error_len, "%s",
		 result == -EIO ? unpack_error(cs->unpack) : strerror(-result));
	if (cs->file)
		fclose(cs->file);
	capture_stream_close(cs);
	return result;
}

void capture_stream_close(struct capture_stream *cs)
{
	if (!cs)
		return;
	pcapng_links_destroy(cs->links);
	unpack_close(cs->unpack);
	free(cs);
}

FILE *capture_stream_file(struct capture_stream *cs)
{
	return cs->file;
}

enum capture_kind capture_stream_kind(const struct capture_stream *cs)
{
	return cs->kind;
}

struct pcapng_links *capture_stream_links(struct capture_stream *cs)
{
	return cs->links;
}

const char *capture_stream_error(const struct capture_stream *cs)
{
	if (!ferror(cs->file))
		return "";
	return cs->error[0] ? cs->error : unpack_error(cs->unpack);
}

bool capture_stream_at_end(const struct capture_stream *cs)
{
	if (ferror(cs->file))
		return !cs->error[0] && unpack_cut_short(cs->unpack);
	return feof(cs->file);
}

bool capture_stream_stopped(const struct capture_stream *cs)
{
	return unpack_stopped(cs->unpack);
}

int capture_stream_plain_fd(const struct capture_stream *cs)
{
	return unpack_plain_fd(cs->unpack);
}

uint64_t capture_stream_bytes(const struct capture_stream *cs)
{
	return unpack_bytes(cs->unpack);
}

uint64_t capture_stream_offset(struct capture_stream *cs)
{
	off_t at = ftello(cs->file);

	return at < 0 ? cs->delivered : (uint64_t)at;
}

bool capture_stream_ready(struct capture_stream *cs, int timeout_ms)
{
	if (unpack_ready(cs->unpack, DO_NOT_ASK))
		return true;
	return capture_stream_offset(cs) < cs->delivered || unpack_ready(cs->unpack, timeout_ms);
}
