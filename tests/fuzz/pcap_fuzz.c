/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a capture file, plain and inside gzip: what pcap_reader makes of them is what
 * libpcap makes of them, packet by packet, and so are the words when they are damaged. Then the
 * records over and over, so that they lie across windows at every place.
 */
#include "fuzz.h"

#include "app/source_pcap.h"
#include "core/limits.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define FILE_HEADER_BYTES 24
/* Some windows. */
#define REPEATED_BYTES (1U << 20)
#define HELD	       (PFRING_FT_BURSTS_HELD * PFRING_FT_BURST_MAX)

/* What a source made of a file. */
struct story {
	int rc;
	bool only_cut_short;
	uint64_t n, sum;
	struct source_pcap_counts counts;
	char words[1024];
};

/* Held as by a table: the queue of packets that are out, each with the sum of its bytes. */
struct held {
	pfring_ft_packet packets[HELD + PFRING_FT_BURST_MAX];
	uint64_t sums[HELD + PFRING_FT_BURST_MAX];
	unsigned int n;
};

/* FNV-1a. */
static uint64_t sum_of(uint64_t sum, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	return sum;
}

static void see(struct story *s, struct held *h, const pfring_ft_packet *p)
{
	uint64_t bytes = sum_of(0, p->data, p->caplen);
	uint64_t parts[] = {p->time_ns, p->caplen, p->len, p->link, p->flags, bytes};

	s->sum = sum_of(s->sum, parts, sizeof parts);
	s->n++;
	h->sums[p - h->packets] = bytes;
}

static void give_back(struct source_pcap *source, struct held *h, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		FUZZ_HOLDS(sum_of(0, h->packets[i].data, h->packets[i].caplen) == h->sums[i]);
	source_pcap_release(source, h->packets, n);
	h->n -= n;
	memmove(h->packets, h->packets + n, h->n * sizeof *h->packets);
	memmove(h->sums, h->sums + n, h->n * sizeof *h->sums);
}

static void read_all(struct source_pcap *source, struct story *s)
{
	static struct held h;
	int n;

	while ((n = source_pcap_receive(source, h.packets + h.n, PFRING_FT_BURST_MAX)) !=
	       INPUT_END) {
		for (int i = 0; i < n; i++)
			see(s, &h, &h.packets[h.n++]);
		if (n == 0)
			give_back(source, &h, h.n);
		if (n == 0 && source_pcap_time_restarts(source))
			s->sum++;
		if (h.n > HELD)
			give_back(source, &h, h.n - HELD + (unsigned int)(s->sum % HELD));
	}
	give_back(source, &h, h.n);
}

/* The part that does not name the file. */
static void keep_words(struct story *s, const char *words)
{
	const char *rest = strstr(words, ": ");

	snprintf(s->words, sizeof s->words, "%s", rest ? rest : words);
}

static void read_file(struct story *s, const uint8_t *data, size_t size, const char *bpf)
{
	char path[64], error[1024];
	const char *const paths[] = {path};
	struct source_pcap_options options = {.paths = paths, .n_paths = 1, .bpf = bpf};
	struct source_pcap *source;
	int fd = memfd_create("capture", 0);

	FUZZ_HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	*s = (struct story){0};
	s->rc = source_pcap_open(&source, &options, error, sizeof error);
	if (s->rc == 0) {
		read_all(source, s);
		s->counts = *source_pcap_counts(source);
		s->only_cut_short = source_pcap_only_cut_short(source);
		keep_words(s, source_pcap_problem(source));
		source_pcap_close(source);
	} else {
		keep_words(s, error);
	}
	close(fd);
}

/* So much larger than what it holds, stored, that it always fits. */
static size_t pack(uint8_t *out, size_t room, const uint8_t *data, size_t size)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};

	FUZZ_HOLDS(deflateInit2(&z, Z_NO_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) ==
		   Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)room;
	FUZZ_HOLDS(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void compare(const uint8_t *data, size_t size, const char *bpf)
{
	static struct story plain, packed;
	size_t room = size + size / 1000 + 1024;
	uint8_t *gzip = malloc(room);

	FUZZ_HOLDS(gzip);
	read_file(&plain, data, size, bpf);
	read_file(&packed, gzip, pack(gzip, room, data, size), bpf);
	free(gzip);
	FUZZ_HOLDS(plain.rc == packed.rc);
	FUZZ_HOLDS(strcmp(plain.words, packed.words) == 0);
	FUZZ_HOLDS(plain.n == packed.n && plain.sum == packed.sum);
	FUZZ_HOLDS(memcmp(&plain.counts, &packed.counts, sizeof plain.counts) == 0);
	FUZZ_HOLDS(plain.only_cut_short == packed.only_cut_short);
}

/* Packed files mean something else inside gzip: their own packing is not undone. */
static bool is_pcap(const uint8_t *data, size_t size)
{
	static const uint32_t magics[] = {0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34};
	uint32_t magic;

	if (size < sizeof magic)
		return false;
	memcpy(&magic, data, sizeof magic);
	for (unsigned int i = 0; i < 3; i++)
		if (magic == magics[i] || magic == __builtin_bswap32(magics[i]))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!is_pcap(data, size) || size > REPEATED_BYTES)
		return 0;
	compare(data, size, "");
	compare(data, size, "udp or vlan or ip6");
	if (size < FILE_HEADER_BYTES + 64)
		return 0;
	uint8_t *many = malloc(REPEATED_BYTES);
	size_t len = size, body = size - FILE_HEADER_BYTES;

	FUZZ_HOLDS(many);
	memcpy(many, data, size);
	for (; len + body <= REPEATED_BYTES; len += body)
		memcpy(many + len, data + FILE_HEADER_BYTES, body);
	compare(many, len, "");
	free(many);
	return 0;
}
