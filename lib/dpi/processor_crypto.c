/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts of OpenSSL that are made once and then only initialised again. */
#include "dpi/processor_crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

enum { HMAC_BLOCK_LEN = 64 };

struct processor_crypto {
	EVP_MD *algorithms[HASH_N];
	EVP_MD_CTX *hashes[HASH_N];
	EVP_CIPHER *aes, *gcm;
	EVP_CIPHER_CTX *block, *aead;
	EVP_MD_CTX *hash; /* the one begun */
	bool failed;
};

int processor_crypto_create(struct processor_crypto **out)
{
	static const char *const names[HASH_N] = {"MD5", "SHA256"};
	struct processor_crypto *c = calloc(1, sizeof *c);
	bool memory = c;

	for (int i = 0; memory && i < HASH_N; i++) {
		c->algorithms[i] = EVP_MD_fetch(NULL, names[i], NULL);
		c->hashes[i] = EVP_MD_CTX_new();
		memory = c->hashes[i] != NULL;
	}
	if (memory) {
		c->aes = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
		c->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
		c->block = EVP_CIPHER_CTX_new();
		c->aead = EVP_CIPHER_CTX_new();
		memory = c->block && c->aead;
	}
	if (!memory || !c->algorithms[HASH_SHA256] || !c->aes || !c->gcm) {
		processor_crypto_destroy(c);
		return memory ? -ENOTSUP : -ENOMEM;
	}
	*out = c;
	return 0;
}

void processor_crypto_destroy(struct processor_crypto *c)
{
	if (!c)
		return;
	for (int i = 0; i < HASH_N; i++) {
		EVP_MD_CTX_free(c->hashes[i]);
		EVP_MD_free(c->algorithms[i]);
	}
	EVP_CIPHER_CTX_free(c->block);
	EVP_CIPHER_CTX_free(c->aead);
	EVP_CIPHER_free(c->aes);
	EVP_CIPHER_free(c->gcm);
	free(c);
}

bool processor_hash_begin(struct processor_crypto *c, enum processor_hash hash)
{
	c->hash = c->hashes[hash];
	c->failed = !c->algorithms[hash] ||
		    EVP_DigestInit_ex2(c->hash, c->algorithms[hash], NULL) != 1;
	return !c->failed;
}

void processor_hash_put(struct processor_crypto *c, const void *bytes, size_t len)
{
	if (!c->failed)
		c->failed = EVP_DigestUpdate(c->hash, bytes, len) != 1;
}

bool processor_hash_end(struct processor_crypto *c, uint8_t *out)
{
	return !c->failed && EVP_DigestFinal_ex(c->hash, out, NULL) == 1;
}

static bool hmac_half(struct processor_crypto *c, const uint8_t pad[HMAC_BLOCK_LEN],
		      struct processor_bytes text, uint8_t out[SHA256_LEN])
{
	processor_hash_begin(c, HASH_SHA256);
	processor_hash_put(c, pad, HMAC_BLOCK_LEN);
	processor_hash_put(c, text.bytes, text.len);
	return processor_hash_end(c, out);
}

bool processor_hmac(struct processor_crypto *c, struct processor_bytes key,
		    struct processor_bytes text, uint8_t out[SHA256_LEN])
{
	uint8_t inner_pad[HMAC_BLOCK_LEN], outer_pad[HMAC_BLOCK_LEN], inner[SHA256_LEN];

	if (key.len > HMAC_BLOCK_LEN)
		return false;
	memset(inner_pad, 0x36, sizeof inner_pad);
	memset(outer_pad, 0x5c, sizeof outer_pad);
	for (size_t i = 0; i < key.len; i++) {
		inner_pad[i] ^= key.bytes[i];
		outer_pad[i] ^= key.bytes[i];
	}
	return hmac_half(c, inner_pad, text, inner) &&
	       hmac_half(c, outer_pad, (struct processor_bytes){inner, sizeof inner}, out);
}

bool processor_aes_block(struct processor_crypto *c, const uint8_t key[AES128_LEN],
			 const uint8_t in[AES128_LEN], uint8_t out[AES128_LEN])
{
	int n;

	return EVP_EncryptInit_ex2(c->block, c->aes, key, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(c->block, 0) == 1 &&
	       EVP_EncryptUpdate(c->block, out, &n, in, AES128_LEN) == 1 && n == AES128_LEN;
}

bool processor_gcm_open(struct processor_crypto *c, const struct processor_sealed *s, uint8_t *out)
{
	uint8_t tag[GCM_TAG_LEN];
	int n;

	if (s->sealed.len < GCM_TAG_LEN)
		return false;
	const size_t len = s->sealed.len - GCM_TAG_LEN;

	memcpy(tag, s->sealed.bytes + len, sizeof tag);
	return EVP_DecryptInit_ex2(c->aead, c->gcm, s->key, s->iv, NULL) == 1 &&
	       EVP_DecryptUpdate(c->aead, NULL, &n, s->header.bytes, (int)s->header.len) == 1 &&
	       EVP_DecryptUpdate(c->aead, out, &n, s->sealed.bytes, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c->aead, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
	       EVP_DecryptFinal_ex(c->aead, out + n, &n) == 1;
}
