/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHello and ServerHello of TLS (RFC 8446 4.1, RFC 5246 7.4.1), and fingerprints of the first.
 */
#pragma once

#include "dpi/processor_crypto.h"
#include "record/lists.h"

enum { TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2 };
/* Type, and length of 3 bytes. */
enum { TLS_MESSAGE_HEAD_LEN = 4 };
enum { JA4_LEN = 36 };

/* Big-endian values of 16 bits where they lie in the message. */
struct tls_list {
	const uint8_t *bytes;
	uint16_t n;
};

struct tls_hello {
	uint8_t type;
	bool whole;		 /* all of it was there, and had the form that it must */
	uint16_t version;	 /* legacy_version, the one that a TLS 1.2 server chose */
	uint16_t chosen_version; /* supported_versions of a ServerHello, else 0 */
	uint16_t n_extensions;
	uint16_t types[TLS_EXTENSIONS_MAX], lengths[TLS_EXTENSIONS_MAX]; /* in their order */
	struct tls_list ciphers, groups, signatures, versions;
	struct octets formats; /* of points */
	struct octets name;    /* the first host name */
	struct octets alpn;    /* the first protocol */
	/* Whole extensions from their type on; len = 0: there is none. */
	struct octets alpn_extension, transport_parameters;
};

/*
 * Reads a message from its type on, of which len bytes are there. False: it is no hello; what is
 * broken or not there ends it, and what was before is told.
 */
bool tls_hello_read(struct tls_hello *h, const uint8_t *message, size_t len);

/* The bytes of a message, of which len are there: 0 = not known yet. */
uint32_t tls_message_len(const uint8_t *message, size_t len);

/* Of whole ClientHellos; false: it is not, or a hash is not to be had. */
bool tls_ja3(const struct tls_hello *h, struct processor_crypto *c, uint8_t out[MD5_LEN]);
bool tls_ja4(const struct tls_hello *h, struct processor_crypto *c, char out[JA4_LEN + 1]);
