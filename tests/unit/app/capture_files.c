/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writers of pcap and pcapng for tests: they also write what no library would.
 */
#include "capture_files.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PATHS 256

static char folder[] = "/tmp/ftprobe_capture_XXXXXX";
static char *paths[PATHS];
static unsigned int n_paths;

void made_free(struct made *m)
{
	free(m->bytes);
	*m = (struct made){0};
}

void made_put(struct made *m, const void *bytes, size_t len)
{
	if (m->len + len > m->room) {
		m->room = (m->len + len) * 2;
		m->bytes = realloc(m->bytes, m->room);
		assert(m->bytes);
	}
	if (len)
		memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

void made_put16(struct made *m, uint16_t v)
{
	v = m->swapped ? __builtin_bswap16(v) : v;
	made_put(m, &v, sizeof v);
}

void made_put32(struct made *m, uint32_t v)
{
	v = m->swapped ? __builtin_bswap32(v) : v;
	made_put(m, &v, sizeof v);
}

uint8_t made_byte(uint32_t seed, uint32_t i)
{
	return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

static void put_bytes(struct made *m, uint32_t seed, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint8_t byte = made_byte(seed, i);

		made_put(m, &byte, 1);
	}
}

static void put_zeros(struct made *m, size_t len)
{
	while (len--)
		made_put(m, "", 1);
}

void made_pcap(struct made *m, uint32_t magic, uint32_t snaplen, uint32_t linktype)
{
	made_put32(m, magic);
	made_put16(m, 2);
	made_put16(m, 4);
	made_put32(m, 0);
	made_put32(m, 0);
	made_put32(m, snaplen);
	made_put32(m, linktype);
}

void made_record(struct made *m, uint32_t s, uint32_t fraction, uint32_t caplen, uint32_t len)
{
	made_put32(m, s);
	made_put32(m, fraction);
	made_put32(m, caplen);
	made_put32(m, len);
	put_bytes(m, s, caplen);
}

void made_record_of(struct made *m, uint32_t s, const uint8_t *bytes, uint32_t len)
{
	made_put32(m, s);
	made_put32(m, 0);
	made_put32(m, len);
	made_put32(m, len);
	made_put(m, bytes, len);
}

/* Writes the length at both ends of the block that began at start. */
static void end_block(struct made *m, size_t start)
{
	uint32_t len = (uint32_t)(m->len + 4 - start);
	uint32_t stored = m->swapped ? __builtin_bswap32(len) : len;

	memcpy(m->bytes + start + 4, &stored, sizeof stored);
	made_put32(m, len);
}

static size_t begin_block(struct made *m, uint32_t type)
{
	size_t start = m->len;

	made_put32(m, type);
	made_put32(m, 0);
	return start;
}

void made_section(struct made *m)
{
	size_t start = begin_block(m, 0x0a0d0d0a);

	made_put32(m, 0x1a2b3c4d);
	made_put16(m, 1);
	made_put16(m, 0);
	made_put32(m, UINT32_MAX);
	made_put32(m, UINT32_MAX);
	end_block(m, start);
}

void made_interface(struct made *m, uint16_t linktype, uint32_t snaplen, uint8_t tsresol)
{
	size_t start = begin_block(m, 1);

	made_put16(m, linktype);
	made_put16(m, 0);
	made_put32(m, snaplen);
	if (tsresol) {
		made_put16(m, 9);
		made_put16(m, 1);
		made_put(m, &tsresol, 1);
		put_zeros(m, 3);
		made_put32(m, 0);
	}
	end_block(m, start);
}

void made_enhanced(struct made *m, uint32_t interface, uint64_t time, uint32_t caplen, uint32_t len)
{
	size_t start = begin_block(m, 6);

	made_put32(m, interface);
	made_put32(m, (uint32_t)(time >> 32));
	made_put32(m, (uint32_t)time);
	made_put32(m, caplen);
	made_put32(m, len);
	put_bytes(m, len, caplen);
	put_zeros(m, (4 - caplen % 4) % 4);
	end_block(m, start);
}

void made_simple(struct made *m, uint32_t caplen, uint32_t len)
{
	size_t start = begin_block(m, 3);

	made_put32(m, len);
	put_bytes(m, len, caplen);
	put_zeros(m, (4 - caplen % 4) % 4);
	end_block(m, start);
}

void made_old_packet(struct made *m, uint16_t interface, uint64_t time, uint32_t caplen)
{
	size_t start = begin_block(m, 2);

	made_put16(m, interface);
	made_put16(m, 0xffff);
	made_put32(m, (uint32_t)(time >> 32));
	made_put32(m, (uint32_t)time);
	made_put32(m, caplen);
	made_put32(m, caplen);
	put_bytes(m, caplen, caplen);
	put_zeros(m, (4 - caplen % 4) % 4);
	end_block(m, start);
}

void made_custom(struct made *m, uint32_t len)
{
	size_t start = begin_block(m, 0xbad);

	put_zeros(m, len);
	end_block(m, start);
}

void made_udp(uint8_t frame[60], uint16_t port)
{
	static const uint8_t head[] = {2, 0, 0,	   0, 0, 1,  2,	 0, 0, 0, 0,	2,
				       8, 0, 0x45, 0, 0, 46, 0,	 0, 0, 0, 64,	17,
				       0, 0, 10,   0, 0, 1,  10, 0, 0, 2, 0x30, 0x39};

	memset(frame, 0, 60);
	memcpy(frame, head, sizeof head);
	frame[36] = (uint8_t)(port >> 8);
	frame[37] = (uint8_t)port;
	frame[39] = 26;
}

void made_gzip(struct made *m)
{
	z_stream z = {0};
	uLong room = compressBound(m->len) + 64;
	uint8_t *out = malloc(room);

	if (!out || deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = m->bytes;
	z.avail_in = (uInt)m->len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	free(m->bytes);
	m->bytes = out;
	m->len = z.total_out;
	m->room = room;
	deflateEnd(&z);
}

void made_zstd(struct made *m)
{
	size_t room = ZSTD_compressBound(m->len);
	uint8_t *out = malloc(room);
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t len;

	assert(out && context);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	len = ZSTD_compress2(context, out, room, m->bytes, m->len);
	assert(!ZSTD_isError(len));
	ZSTD_freeCCtx(context);
	free(m->bytes);
	m->bytes = out;
	m->len = len;
	m->room = room;
}

const char *files_path(const char *name)
{
	if (n_paths == 0 && !mkdtemp(folder))
		abort();
	assert(n_paths < PATHS);
	if (asprintf(&paths[n_paths], "%s/%s", folder, name) < 0)
		abort();
	return paths[n_paths++];
}

const char *files_write(const char *name, struct made *m)
{
	const char *path = files_path(name);
	FILE *file = fopen(path, "w");

	if (!file)
		abort();
	if (m->len && fwrite(m->bytes, 1, m->len, file) != m->len)
		abort();
	if (fclose(file) != 0)
		abort();
	made_free(m);
	return path;
}

void files_remove(void)
{
	for (unsigned int i = 0; i < n_paths; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	if (n_paths)
		rmdir(folder);
	n_paths = 0;
}
