/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hashes and ciphers for processors, by OpenSSL. What that allocates is made once a table; one
 * thread at a time. A library in FIPS mode may refuse MD5: whoever needs it gets false.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MD5_LEN = 16, SHA256_LEN = 32, AES128_LEN = 16, GCM_IV_LEN = 12, GCM_TAG_LEN = 16 };

enum processor_hash { HASH_MD5, HASH_SHA256, HASH_N };

struct processor_crypto;

/* 0, -ENOMEM, or -ENOTSUP when the library lacks SHA-256 or AES. NULL may be destroyed. */
int processor_crypto_create(struct processor_crypto **out);
void processor_crypto_destroy(struct processor_crypto *c);

/* One hash at a time, in pieces. False: not to be had; out is untouched then. */
bool processor_hash_begin(struct processor_crypto *c, enum processor_hash hash);
void processor_hash_put(struct processor_crypto *c, const void *bytes, size_t len);
bool processor_hash_end(struct processor_crypto *c, uint8_t *out);

struct processor_bytes {
	const uint8_t *bytes;
	size_t len;
};

/* HMAC-SHA-256 (RFC 2104); a key of 64 bytes at most. */
bool processor_hmac(struct processor_crypto *c, struct processor_bytes key,
		    struct processor_bytes text, uint8_t out[SHA256_LEN]);

/* One block of AES-128. */
bool processor_aes_block(struct processor_crypto *c, const uint8_t key[AES128_LEN],
			 const uint8_t in[AES128_LEN], uint8_t out[AES128_LEN]);

/* What AEAD_AES_128_GCM (RFC 5116) has sealed. */
struct processor_sealed {
	const uint8_t *key, *iv;
	struct processor_bytes header;
	struct processor_bytes sealed; /* with the tag at its end */
};

/* Opens it into out, GCM_TAG_LEN bytes shorter; false: it is not what was sealed. */
bool processor_gcm_open(struct processor_crypto *c, const struct processor_sealed *s, uint8_t *out);
