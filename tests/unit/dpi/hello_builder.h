/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos and ServerHellos, as messages and in records. */
#pragma once

#include "proc_sends.h"

/* A list of 16-bit values, in hexadecimal without blanks, with its length before it. */
static inline void hello_list(struct build *b, uint32_t length_len, const char *values)
{
	uint8_t bytes[512];
	const uint32_t n = sends_hex(bytes, sizeof bytes, values);

	if (length_len == 2)
		build_be16(b, (uint16_t)n);
	else
		build_u8(b, (uint8_t)n);
	build_bytes(b, bytes, n);
}

/* Where a length of 2 bytes stands that is not known yet. */
static inline uint32_t hello_open(struct build *b)
{
	build_be16(b, 0);
	return b->n;
}

static inline void hello_close(struct build *b, uint32_t at)
{
	store_be16(b->b + at - 2, (uint16_t)(b->n - at));
}

/* The extensions that tell; any other is so many zeros. */
struct hello_extensions {
	const char *name;
	const char *alpn; /* one protocol */
	const char *groups, *formats, *signatures, *versions;
	const char *order; /* their types, in hexadecimal */
	uint32_t zeros;
};

static inline void hello_name(struct build *b, const char *name)
{
	const uint32_t list = hello_open(b);

	build_u8(b, 0);
	build_be16(b, (uint16_t)strlen(name));
	build_bytes(b, name, (uint32_t)strlen(name));
	hello_close(b, list);
}

static inline void hello_alpn(struct build *b, const char *protocol)
{
	build_be16(b, (uint16_t)(strlen(protocol) + 1));
	build_u8(b, (uint8_t)strlen(protocol));
	build_bytes(b, protocol, (uint32_t)strlen(protocol));
}

static inline void hello_extension(struct build *b, uint16_t type, const struct hello_extensions *e)
{
	uint32_t body;

	build_be16(b, type);
	body = hello_open(b);
	if (type == 0 && e->name)
		hello_name(b, e->name);
	else if (type == 16 && e->alpn)
		hello_alpn(b, e->alpn);
	else if (type == 10 && e->groups)
		hello_list(b, 2, e->groups);
	else if (type == 11 && e->formats)
		hello_list(b, 1, e->formats);
	else if (type == 13 && e->signatures)
		hello_list(b, 2, e->signatures);
	else if (type == 43 && e->versions)
		hello_list(b, 1, e->versions);
	else
		build_take(b, e->zeros);
	hello_close(b, body);
}

static inline void hello_extensions(struct build *b, const struct hello_extensions *e)
{
	const uint32_t all = hello_open(b);
	uint8_t types[256];
	const uint32_t n = sends_hex(types, sizeof types, e->order);

	for (uint32_t i = 0; i < n; i += 2)
		hello_extension(b, load_be16(types + i), e);
	hello_close(b, all);
}

static inline void client_hello(struct build *b, uint16_t version, const char *ciphers,
				const struct hello_extensions *e)
{
	const uint32_t begin = b->n;

	build_be32(b, 0x01000000);
	build_be16(b, version);
	build_take(b, 32);
	build_u8(b, 0);
	hello_list(b, 2, ciphers);
	build_be16(b, 0x0100);
	if (e)
		hello_extensions(b, e);
	store_be16(b->b + begin + 2, (uint16_t)(b->n - begin - 4));
}

/* chosen: of supported_versions, 0 = none */
static inline void server_hello(struct build *b, uint16_t version, uint16_t chosen,
				const char *alpn)
{
	const uint32_t begin = b->n;
	uint32_t all;

	build_be32(b, 0x02000000);
	build_be16(b, version);
	build_take(b, 32);
	build_be32(b, 0x00130100);
	all = hello_open(b);
	if (chosen) {
		build_be32(b, 0x002b0002);
		build_be16(b, chosen);
	}
	if (alpn)
		hello_extension(b, 16, &(struct hello_extensions){.alpn = alpn});
	hello_close(b, all);
	store_be16(b->b + begin + 2, (uint16_t)(b->n - begin - 4));
}

/* A message in records of at most so many bytes. */
static inline void hello_records(struct build *b, const struct build *message, uint32_t each)
{
	for (uint32_t at = 0; at < message->n; at += each) {
		const uint32_t left = message->n - at, n = left < each ? left : each;

		build_u8(b, 22);
		build_be16(b, 0x0301);
		build_be16(b, (uint16_t)n);
		build_bytes(b, message->b + at, n);
	}
}

#define CHROME_CIPHERS	  "5a5a130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035"
#define CHROME_SIGNATURES "04030804040105030805050108060601"

/* Clients whose fingerprints were published: the first is the example of JA4.md, with GREASE. */
static const struct hello_extensions chrome_2023 = {
	.name = "example.com",
	.alpn = "h2",
	.groups = "6a6a001d00170018",
	.formats = "00",
	.signatures = CHROME_SIGNATURES,
	.versions = "9a9a03040303",
	.order = "caca001b000000330010446900170"
		 "02d000d000500230012002bff01000b000a00150a0a",
};
#define CHROME_2023_JA4 "t13d1516h2_8daaf6152771_e5627efa2ab1"

static const struct hello_extensions chrome_2025 = {
	.name = "example.com",
	.alpn = "h2",
	.groups = "6a6a11ec001d00170018",
	.formats = "00",
	.signatures = CHROME_SIGNATURES,
	.versions = "9a9a03040303",
	.order = "caca002d00330010fe0d001744cd0000000b000a002bff010023001200050"
		 "00d001b0a0a",
	.zeros = 160,
};
#define CHROME_2025_JA3 "98487aa16281980e7d1120d399efb6a4"
#define CHROME_2025_JA4 "t13d1516h2_8daaf6152771_d8a2da3f94cd"
