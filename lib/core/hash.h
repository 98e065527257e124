/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hashing for tables that strangers can fill. The 128-bit fingerprint is NH (the universal
 * hash of UMAC, RFC 4418 section 5.2, here with 64-bit words) twice under independent keys: two
 * keys chosen without knowledge of the secret collide with probability 2^-64 in each half.
 */
#pragma once

#include <stdint.h>
#include <string.h>

/* Words of key material; the longest hashed object is HASH_WORDS - 2 words of 64 bits. */
#define HASH_WORDS 10

struct hash_seed {
	uint64_t word[HASH_WORDS];
};

struct hash128 {
	uint64_t lo, hi;
};

/* Fills a seed from the operating system's random source. 0 or -errno. */
int hash_seed_secret(struct hash_seed *seed);
/*
 * Fills a seed from a number: the same number gives the same seed everywhere (offline runs, tests).
 */
void hash_seed_fixed(struct hash_seed *seed, uint64_t number);

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* 64 well-mixed bits of a 16-byte key. */
static inline uint64_t hash_key16(const struct hash_seed *s, uint64_t k0, uint64_t k1)
{
	uint64_t h = hash_fold(k0 ^ s->word[0], k1 ^ s->word[1]);

	return hash_fold(h ^ s->word[2], s->word[3] ^ k0);
}

/*
 * 128-bit keyed fingerprint of n_words (even, at most HASH_WORDS - 2) 64-bit words.
 * Objects of different lengths must differ in content: the caller hashes one fixed layout.
 */
static inline struct hash128 hash_fingerprint(const struct hash_seed *s, const uint64_t *w,
					      unsigned int n_words)
{
	unsigned __int128 a = 0, b = 0;

	for (unsigned int i = 0; i + 1 < n_words; i += 2) {
		a += (unsigned __int128)(w[i] + s->word[i]) * (w[i + 1] + s->word[i + 1]);
		b += (unsigned __int128)(w[i] + s->word[i + 2]) * (w[i + 1] + s->word[i + 3]);
	}
	return (struct hash128){
		.lo = hash_fold((uint64_t)a ^ s->word[8], (uint64_t)(a >> 64) ^ s->word[9]),
		.hi = hash_fold((uint64_t)b ^ s->word[9], (uint64_t)(b >> 64) ^ s->word[7]),
	};
}
