/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window is what the one before left over of a record, and PACKET_WINDOW_FILL_BYTES that follow
 * in the file; at the end of the file it is less.
 *
 * Why pread(2) and not mmap(2): a window stays in the second level cache, so that what the kernel
 * copies costs less than the page faults of a map (18 to 30 ns a packet of 290 bytes against 150 to
 * 200). And a map hands out what others can change: a file that someone cuts would end the process
 * (SIGBUS), one that is written over would change after a length in it was checked. Here the file
 * ends where a read says so, wherever that is by then.
 */
#include "pcap_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/prefetch.h"
#include "poison.h"

/* https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html */
#define FILE_HEADER_BYTES   24
#define RECORD_HEADER_BYTES 16
#define MAGIC_US	    0xa1b2c3d4U
#define MAGIC_NS	    0xa1b23c4dU
#define VERSION_MAJOR	    2
#define VERSION_MINOR	    4
#define LINKTYPE_BITS	    0xffffU
/* Of these libpcap turns bytes around in files of the other byte order (SocketCAN). */
#define LINKTYPE_LINUX_SLL 113
#define LINE_BYTES	   64
#define AHEAD_BYTES	   1536
#define AHEAD_LINES	   4

_Static_assert(PACKET_WINDOW_BYTES >=
		       PACKET_BYTES_MAX + RECORD_HEADER_BYTES + PACKET_WINDOW_FILL_BYTES / 2,
	       "a window that begins with a part of the largest record has room to go on");
_Static_assert(PACKET_WINDOW_BYTES >= PACKET_BYTES_MAX + RECORD_HEADER_BYTES,
	       "the largest record fits a window");

struct file_header {
	uint32_t magic;
	uint16_t version_major, version_minor;
	uint32_t reserved[2], snaplen, linktype;
};

struct record_header {
	uint32_t s, fraction, caplen, len;
};

_Static_assert(sizeof(struct file_header) == FILE_HEADER_BYTES, "as in the file");
_Static_assert(sizeof(struct record_header) == RECORD_HEADER_BYTES, "as in the file");

/* pread(2), whatever interrupts it: bytes, 0 at the end, or -1. */
static ssize_t read_at(int fd, void *out, size_t n, uint64_t offset)
{
	ssize_t got;

	do
		got = pread(fd, out, n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got;
}

bool pcap_reader_start(struct pcap_reader *r, int fd, struct packet_windows *windows)
{
	struct file_header h;
	struct stat st;
	bool swapped;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    read_at(fd, &h, sizeof h, 0) != sizeof h)
		return false;
	swapped = h.magic == __builtin_bswap32(MAGIC_US) || h.magic == __builtin_bswap32(MAGIC_NS);
	if (swapped) {
		h.magic = __builtin_bswap32(h.magic);
		h.version_major = __builtin_bswap16(h.version_major);
		h.version_minor = __builtin_bswap16(h.version_minor);
		h.linktype = __builtin_bswap32(h.linktype);
	}
	if ((h.magic != MAGIC_US && h.magic != MAGIC_NS) || h.version_major != VERSION_MAJOR ||
	    h.version_minor != VERSION_MINOR)
		return false;
	if (swapped && (h.linktype & LINKTYPE_BITS) == LINKTYPE_LINUX_SLL)
		return false;
	*r = (struct pcap_reader){
		.fd = fd,
		.swapped = swapped,
		.unit_ns = h.magic == MAGIC_US ? 1000 : 1,
		.windows = windows,
		.read_bytes = FILE_HEADER_BYTES,
	};
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return true;
}

/* Goes on to the next window. END: nothing was added, or .error says why. */
static enum pcap_read next_window(struct pcap_reader *r)
{
	size_t left = (size_t)(r->end - r->at);
	const uint8_t *rest = r->at;
	struct packet_window *window = packet_windows_turn(r->windows);
	size_t room = PACKET_WINDOW_BYTES - left;
	ssize_t got;

	if (!window)
		return PCAP_READ_NO_ROOM;
	unpoison(window->bytes, PACKET_WINDOW_BYTES);
	if (left) {
		unpoison(rest, left);
		memcpy(window->bytes, rest, left);
	}
	room = room < PACKET_WINDOW_FILL_BYTES ? room : PACKET_WINDOW_FILL_BYTES;
	got = read_at(r->fd, window->bytes + left, room, r->read_bytes);
	if (got < 0)
		snprintf(r->error, sizeof r->error, "cannot be read: %s", strerror(errno));
	poison(window->bytes, PACKET_WINDOW_BYTES);
	r->at = window->bytes;
	r->end = r->at + left + (got > 0 ? (size_t)got : 0);
	r->read_bytes += got > 0 ? (uint64_t)got : 0;
	return got > 0 ? PCAP_READ_RECORD : PCAP_READ_END;
}

/* RECORD: at least so many bytes are at hand. */
static enum pcap_read need(struct pcap_reader *r, size_t n)
{
	enum pcap_read result = PCAP_READ_RECORD;

	while ((size_t)(r->end - r->at) < n && result == PCAP_READ_RECORD)
		result = next_window(r);
	return result;
}

static enum pcap_read cut_short(struct pcap_reader *r, const char *what, size_t wanted, size_t got)
{
	r->at = r->end;
	if (r->error[0])
		return PCAP_READ_END;
	r->cut_short = true;
	snprintf(r->error, sizeof r->error,
		 "truncated dump file; tried to read %zu %s bytes, only got %zu", wanted, what,
		 got);
	return PCAP_READ_END;
}

/* The fields as libpcap has them before 1.10.5: signed in our own byte order. */
static void load_header(const struct pcap_reader *r, struct pcap_pkthdr *out)
{
	struct record_header h;

	unpoison(r->at, sizeof h);
	memcpy(&h, r->at, sizeof h);
	poison(r->at, sizeof h);
	if (__builtin_expect(r->swapped, false)) {
		out->ts.tv_sec = __builtin_bswap32(h.s);
		out->ts.tv_usec = (int64_t)__builtin_bswap32(h.fraction) * r->unit_ns;
		out->caplen = __builtin_bswap32(h.caplen);
		out->len = __builtin_bswap32(h.len);
		return;
	}
	out->ts.tv_sec = (int32_t)h.s;
	out->ts.tv_usec = (int64_t)(int32_t)h.fraction * r->unit_ns;
	out->caplen = h.caplen;
	out->len = h.len;
}

enum pcap_read pcap_reader_next(struct pcap_reader *r, struct pcap_pkthdr *header,
				const u_char **data)
{
	enum pcap_read result = need(r, RECORD_HEADER_BYTES);
	size_t left = (size_t)(r->end - r->at);

	if (__builtin_expect(result != PCAP_READ_RECORD, false)) {
		if (result == PCAP_READ_NO_ROOM || (!left && !r->error[0]))
			return result;
		return cut_short(r, "header", RECORD_HEADER_BYTES, left);
	}
	load_header(r, header);
	if (__builtin_expect(header->caplen > PACKET_BYTES_MAX, false)) {
		r->at += RECORD_HEADER_BYTES;
		snprintf(r->error, sizeof r->error,
			 "invalid packet capture length %" PRIu32 ", bigger than snaplen of %d",
			 header->caplen, PACKET_BYTES_MAX);
		return PCAP_READ_END;
	}
	result = need(r, RECORD_HEADER_BYTES + header->caplen);
	if (__builtin_expect(result != PCAP_READ_RECORD, false)) {
		left = (size_t)(r->end - r->at) - RECORD_HEADER_BYTES;
		return result == PCAP_READ_NO_ROOM ? result :
						     cut_short(r, "captured", header->caplen, left);
	}
	*data = r->at + RECORD_HEADER_BYTES;
	unpoison(*data, header->caplen);
	r->at += RECORD_HEADER_BYTES + header->caplen;
	return PCAP_READ_RECORD;
}

/*
 * Where a record begins is said by the one before it, so the wait for one header would follow the
 * wait for another. As many lines as most records have, some way ahead.
 */
static inline void prefetch_ahead(const uint8_t *at)
{
	for (unsigned int i = 0; i < AHEAD_LINES; i++)
		prefetch_line(at + AHEAD_BYTES + i * LINE_BYTES);
}

/* True when the n bytes at the record are all of it, and libpcap would find nothing odd in it. */
static inline bool is_ordinary(const struct record_header *h, size_t n, uint32_t fractions)
{
	return h->caplen <= n - RECORD_HEADER_BYTES && h->caplen <= PACKET_BYTES_MAX &&
	       h->caplen <= h->len && h->len <= WIRE_BYTES_MAX && h->fraction < fractions;
}

unsigned int pcap_reader_burst(struct pcap_reader *r, pfring_ft_packet *packets, unsigned int max,
			       uint8_t link, uint64_t *last_ns)
{
	const uint32_t unit_ns = r->unit_ns, fractions = (uint32_t)SECOND_NS / unit_ns;
	struct packet_window *window = r->windows->current;
	uint64_t reached_ns = *last_ns;
	uint8_t *at = r->at;
	unsigned int n;

	if (r->swapped)
		return 0;
	for (n = 0; n < max && r->end - at >= RECORD_HEADER_BYTES; n++) {
		struct record_header h;

		prefetch_ahead(at);
		unpoison(at, sizeof h);
		memcpy(&h, at, sizeof h);
		poison(at, sizeof h);
		uint64_t time_ns = h.s * SECOND_NS + (uint64_t)h.fraction * unit_ns;
		if (!is_ordinary(&h, (size_t)(r->end - at), fractions) || time_ns < reached_ns)
			break;
		reached_ns = time_ns;
		packets[n] = (pfring_ft_packet){
			.data = at + RECORD_HEADER_BYTES,
			.cookie = window,
			.time_ns = time_ns,
			.caplen = h.caplen,
			.len = h.len,
			.link = link,
			.flags = PFRING_FT_PACKET_WIRE_LEN,
		};
		unpoison(at + RECORD_HEADER_BYTES, h.caplen);
		at += RECORD_HEADER_BYTES + h.caplen;
	}
	if (n)
		window->n_out += n;
	r->at = at;
	*last_ns = reached_ns;
	return n;
}

uint64_t pcap_reader_offset(const struct pcap_reader *r)
{
	return r->read_bytes - (uint64_t)(r->end - r->at);
}
