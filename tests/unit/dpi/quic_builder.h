/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial packets of QUIC clients (RFC 9001 5), sealed without the code that opens them. */
#pragma once

#include "hello_builder.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { QUIC_V1 = 1, QUIC_V2 = 0x6b3343cf };

static inline void quic_expand(const uint8_t secret[32], const char *label, uint8_t *out,
			       uint32_t len)
{
	uint8_t info[64] = {0, (uint8_t)len, (uint8_t)(6 + strlen(label))}, hash[32];
	unsigned int n;

	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, strlen(label));
	info[9 + strlen(label) + 1] = 1;
	assert_non_null(HMAC(EVP_sha256(), secret, 32, info, 11 + strlen(label), hash, &n));
	memcpy(out, hash, len);
}

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

static inline struct quic_keys quic_client_keys(uint32_t version, const uint8_t *id,
						uint32_t id_len)
{
	const bool v2 = version == QUIC_V2;
	uint8_t salt[20], secret[32];
	struct quic_keys k;
	unsigned int n;

	sends_hex(salt, sizeof salt,
		  v2 ? "0dede3def700a6db819381be6e269dcbf9bd2ed9" :
		       "38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
	assert_non_null(HMAC(EVP_sha256(), salt, 20, id, id_len, secret, &n));
	quic_expand(secret, "client in", secret, 32);
	quic_expand(secret, v2 ? "quicv2 key" : "quic key", k.key, 16);
	quic_expand(secret, v2 ? "quicv2 iv" : "quic iv", k.iv, 12);
	quic_expand(secret, v2 ? "quicv2 hp" : "quic hp", k.hp, 16);
	return k;
}

/* Connection ids of 8 bytes; the token is zeros. */
struct quic_initial {
	uint32_t version;
	const char *destination, *source; /* hexadecimal */
	uint32_t token_len;		  /* up to 63 */
	uint8_t number;
};

static inline void quic_id(struct build *b, const char *hex)
{
	uint8_t id[20];
	const uint32_t n = sends_hex(id, sizeof id, hex);

	build_u8(b, (uint8_t)n);
	build_bytes(b, id, n);
}

static inline void quic_crypto(struct build *frames, const struct build *hello, uint32_t from,
			       uint32_t to)
{
	build_u8(frames, 6);
	build_be16(frames, (uint16_t)(0x4000 | from));
	build_be16(frames, (uint16_t)(0x4000 | (to - from)));
	build_bytes(frames, hello->b + from, to - from);
}

static inline void quic_protect(const struct quic_keys *k, struct build *b, uint32_t number_at)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t mask[32];
	int n;

	EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k->hp, NULL);
	EVP_EncryptUpdate(c, mask, &n, b->b + number_at + 4, 16);
	EVP_CIPHER_CTX_free(c);
	b->b[0] ^= mask[0] & 0x0f;
	for (int i = 0; i < 4; i++)
		b->b[number_at + (uint32_t)i] ^= mask[1 + i];
}

/* A packet with these frames, at the beginning of b. */
static inline void quic_seal(struct build *b, const struct quic_initial *q,
			     const struct build *frames)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t id[20];
	struct quic_keys k = quic_client_keys(q->version, id, sends_hex(id, 20, q->destination));
	uint32_t number_at;
	int n;

	b->n = 0;
	build_u8(b, q->version == QUIC_V2 ? 0xd3 : 0xc3);
	build_be32(b, q->version);
	quic_id(b, q->destination);
	quic_id(b, q->source);
	build_u8(b, (uint8_t)q->token_len);
	build_take(b, q->token_len);
	build_be16(b, (uint16_t)(0x4000 | (4 + frames->n + 16)));
	number_at = b->n;
	build_be32(b, q->number);
	k.iv[11] ^= q->number;
	EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k.key, k.iv);
	EVP_EncryptUpdate(c, NULL, &n, b->b, (int)b->n);
	EVP_EncryptUpdate(c, build_take(b, frames->n), &n, frames->b, (int)frames->n);
	EVP_EncryptFinal_ex(c, b->b + b->n, &n);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, build_take(b, 16));
	EVP_CIPHER_CTX_free(c);
	quic_protect(&k, b, number_at);
}
