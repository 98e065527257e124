/* SPDX-License-Identifier: BSD-3-Clause */
/* Where hash seeds come from. */
#include "core/hash.h"

#include <errno.h>
#include <sys/random.h>

int hash_seed_secret(struct hash_seed *seed)
{
	struct hash_seed s;

	/* Up to 256 bytes arrive whole and are not interrupted, getrandom(2). */
	if (getrandom(&s, sizeof s, 0) != (ssize_t)sizeof s)
		return -EIO;
	*seed = s;
	return 0;
}

/* splitmix64: every number gives well-spread words. */
void hash_seed_fixed(struct hash_seed *seed, uint64_t number)
{
	for (int i = 0; i < HASH_WORDS; i++) {
		number += 0x9e3779b97f4a7c15ULL;
		uint64_t z = number;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		seed->word[i] = z ^ (z >> 31);
	}
}
