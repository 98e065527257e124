/* SPDX-License-Identifier: BSD-3-Clause */
/* mmap with the best pages that can be had. */
#include "core/memory.h"

#include <errno.h>
#include <numaif.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_BYTES ((size_t)2 << 20)

/* Below this, huge pages would waste more than they save. */
#define HUGE_WORTH_BYTES ((size_t)8 << 20)

static void *map_pages(size_t len_bytes, int flags)
{
	void *p = mmap(NULL, len_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A preferred node, not a strict one: on a node without room the table still works, only slower. */
static void prefer_node(void *base, size_t len_bytes, int node)
{
	unsigned long mask[16] = {0};
	const unsigned int bits = 8 * sizeof mask[0];

	if (node < 0 || (unsigned int)node >= 16 * bits)
		return;
	mask[(unsigned int)node / bits] = 1UL << ((unsigned int)node % bits);
	(void)mbind(base, len_bytes, MPOL_PREFERRED, mask, 8 * sizeof mask, 0);
}

int memory_map(struct memory *m, size_t len_bytes, int numa_node, bool prefault)
{
	struct memory r = {.len_bytes = len_bytes, .pages = MEMORY_PLAIN};

	if (len_bytes == 0)
		return -EINVAL;
	if (len_bytes >= HUGE_WORTH_BYTES) {
		r.len_bytes = (len_bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
		r.base = map_pages(r.len_bytes, MAP_HUGETLB);
		if (r.base)
			r.pages = MEMORY_HUGETLB;
	}
	if (!r.base)
		r.base = map_pages(r.len_bytes, 0);
	if (!r.base)
		return -ENOMEM;
	prefer_node(r.base, r.len_bytes, numa_node);
	if (r.pages == MEMORY_PLAIN && r.len_bytes >= HUGE_WORTH_BYTES &&
	    madvise(r.base, r.len_bytes, MADV_HUGEPAGE) == 0)
		r.pages = MEMORY_TRANSPARENT_HUGE;
	if (prefault)
		memset(r.base, 0, r.len_bytes);
	*m = r;
	return 0;
}

int memory_map_sparse(struct memory *m, size_t len_bytes)
{
	struct memory r = {.len_bytes = len_bytes, .pages = MEMORY_PLAIN};

	if (len_bytes == 0)
		return -EINVAL;
	r.base = map_pages(len_bytes, MAP_NORESERVE);
	if (!r.base)
		return -ENOMEM;
	*m = r;
	return 0;
}

void memory_unmap(struct memory *m)
{
	if (m->base)
		munmap(m->base, m->len_bytes);
	*m = (struct memory){0};
}
