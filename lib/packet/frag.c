/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache of first fragments: sets of one line entries, the oldest gives way. */
#include "packet/frag.h"

#include "core/limits.h"
#include "core/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_SETS (FRAG_CACHE_ENTRIES / FRAG_CACHE_WAYS)

struct frag_entry {
	struct frag_key key; /* ip_version 0: free */
	uint64_t time_ns;
	struct frag_l4 l4;
};

struct frag_cache {
	struct hash_seed seed;
	struct memory memory;
	struct frag_entry (*sets)[FRAG_CACHE_WAYS];
};

_Static_assert(sizeof(struct frag_key) == 48, "the key is hashed as six words, without padding");
_Static_assert(sizeof(struct frag_entry) == 64, "one line an entry");
_Static_assert((N_SETS & (N_SETS - 1)) == 0, "the set is taken by mask");

int frag_cache_create(struct frag_cache **cache)
{
	struct frag_cache *c = calloc(1, sizeof *c);
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	err = hash_seed_secret(&c->seed);
	if (!err)
		err = memory_map(&c->memory, FRAG_CACHE_ENTRIES * sizeof(struct frag_entry),
				 MEMORY_NODE_ANY, true);
	if (err) {
		free(c);
		return err;
	}
	c->sets = c->memory.base;
	*cache = c;
	return 0;
}

void frag_cache_destroy(struct frag_cache *c)
{
	if (!c)
		return;
	memory_unmap(&c->memory);
	free(c);
}

void frag_cache_reseed(struct frag_cache *c, const struct hash_seed *seed)
{
	c->seed = *seed;
	memset(c->memory.base, 0, FRAG_CACHE_ENTRIES * sizeof(struct frag_entry));
}

static struct frag_entry *set_of(const struct frag_cache *c, const struct frag_key *key)
{
	uint64_t words[sizeof *key / sizeof(uint64_t)];

	memcpy(words, key, sizeof words);
	return c->sets[hash_fingerprint(&c->seed, words, sizeof words / 8).lo & (N_SETS - 1)];
}

/* Packets of several queues may be out of order by a little: an entry of the future is alive. */
static bool is_alive(const struct frag_entry *e, uint64_t time_ns)
{
	return e->key.ip_version && (int64_t)(time_ns - e->time_ns) <= (int64_t)FRAG_TIMEOUT_NS;
}

bool frag_cache_put(struct frag_cache *c, const struct frag_key *key, const struct frag_l4 *l4,
		    uint64_t time_ns)
{
	struct frag_entry *set = set_of(c, key), *oldest = NULL, *unused = NULL, *same = NULL;

	for (int i = 0; i < FRAG_CACHE_WAYS; i++) {
		struct frag_entry *e = &set[i];
		if (!memcmp(&e->key, key, sizeof *key))
			same = e;
		else if (!is_alive(e, time_ns))
			unused = e;
		else if (!oldest || (int64_t)(e->time_ns - oldest->time_ns) < 0)
			oldest = e;
	}
	struct frag_entry *to = same ? same : unused ? unused : oldest;
	*to = (struct frag_entry){.key = *key, .time_ns = time_ns, .l4 = *l4};
	return !same && !unused;
}

bool frag_cache_get(const struct frag_cache *c, const struct frag_key *key, uint64_t time_ns,
		    struct frag_l4 *l4)
{
	const struct frag_entry *set = set_of(c, key);

	for (int i = 0; i < FRAG_CACHE_WAYS; i++) {
		if (memcmp(&set[i].key, key, sizeof *key))
			continue;
		if (!is_alive(&set[i], time_ns))
			return false;
		*l4 = set[i].l4;
		return true;
	}
	return false;
}
