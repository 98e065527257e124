/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large tables: mapped once at creation, zeroed, on the NUMA node asked for, on huge pages where
 * the machine has them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_NODE_ANY (-1)

enum memory_pages { MEMORY_PLAIN, MEMORY_TRANSPARENT_HUGE, MEMORY_HUGETLB };

struct memory {
	void *base;
	size_t len_bytes;	 /* what was mapped */
	enum memory_pages pages; /* what it stands on */
};

/*
 * Maps len_bytes of zeroed memory, cache-line aligned or better. numa_node is MEMORY_NODE_ANY or a
 * node number. Pages are touched by their first user unless prefault is true.
 * 0, -EINVAL (len_bytes is 0), -ENOMEM. Any thread; memory_unmap() gives it back.
 */
int memory_map(struct memory *m, size_t len_bytes, int numa_node, bool prefault);
/*
 * The same for a pool that is large so that it never runs out, and of which little may be touched:
 * plain pages, none of them promised.
 */
int memory_map_sparse(struct memory *m, size_t len_bytes);
void memory_unmap(struct memory *m);
