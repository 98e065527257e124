/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture files made byte by byte, in either byte order, for the tests of the offline source.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing file; values of more than one byte are written in its byte order. */
struct made {
	uint8_t *bytes;
	size_t len, room;
	bool swapped;
};

#define MAGIC_US 0xa1b2c3d4U
#define MAGIC_NS 0xa1b23c4dU

void made_free(struct made *m);
void made_put(struct made *m, const void *bytes, size_t len);
void made_put16(struct made *m, uint16_t v);
void made_put32(struct made *m, uint32_t v);

/* pcap */
void made_pcap(struct made *m, uint32_t magic, uint32_t snaplen, uint32_t linktype);
/* The bytes of packet number seed: made_byte(seed, i). */
void made_record(struct made *m, uint32_t s, uint32_t fraction, uint32_t caplen, uint32_t len);
void made_record_of(struct made *m, uint32_t s, const uint8_t *bytes, uint32_t len);
uint8_t made_byte(uint32_t seed, uint32_t i);

/* pcapng; tsresol 0: microseconds, no option */
void made_section(struct made *m);
void made_interface(struct made *m, uint16_t linktype, uint32_t snaplen, uint8_t tsresol);
void made_enhanced(struct made *m, uint32_t interface, uint64_t time, uint32_t caplen,
		   uint32_t len);
void made_simple(struct made *m, uint32_t caplen, uint32_t len);
void made_old_packet(struct made *m, uint16_t interface, uint64_t time, uint32_t caplen);
/* A block that no reader knows. */
void made_custom(struct made *m, uint32_t len);

/* An Ethernet frame of 60 bytes: IPv4, UDP to that port. */
void made_udp(uint8_t frame[60], uint16_t port);

/* m, packed, with a checksum at the end: replaces it. */
void made_gzip(struct made *m);
void made_zstd(struct made *m);

/* A path in a folder of its own, which lives until files_remove(). The name is copied. */
const char *files_path(const char *name);
/* Writes m there and frees it; the path. */
const char *files_write(const char *name, struct made *m);
void files_remove(void);
