/* SPDX-License-Identifier: BSD-3-Clause */
/* The EAL without huge pages of its own, and an external heap. */
#include "eal_memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "core/memory.h"

#define WORDS_MAX  16
#define HEAP_NAME  "flowbench"
#define HEAP_BYTES ((size_t)512 << 20)
#define PAGE_BYTES ((size_t)2 << 20)
#define N_PAGES	   (HEAP_BYTES / PAGE_BYTES)

static struct memory heap;
static int state = 1; /* 1 = not tried, 0 = runs, else why not */

static int heap_make(void)
{
	rte_iova_t pages[N_PAGES];
	int rc = memory_map(&heap, HEAP_BYTES + PAGE_BYTES, MEMORY_NODE_ANY, true);

	if (rc)
		return rc;
	uintptr_t base = ((uintptr_t)heap.base + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	for (size_t i = 0; i < N_PAGES; i++)
		pages[i] = base + i * PAGE_BYTES;
	if (rte_malloc_heap_create(HEAP_NAME) != 0 ||
	    rte_malloc_heap_memory_add(HEAP_NAME, (void *)base, HEAP_BYTES, pages, N_PAGES,
				       PAGE_BYTES) != 0)
		return rte_errno ? -rte_errno : -ENOMEM;
	return 0;
}

/* The EAL keeps pointers to its words. */
static int start(unsigned int core)
{
	static char text[160];
	char *words[WORDS_MAX + 1], *rest = text;
	int n = 0;

	snprintf(text, sizeof text,
		 "flowbench --lcores 0@%u --file-prefix flowbench-%d --no-huge -m 64 --no-pci "
		 "--no-telemetry --no-shconf --log-level=error",
		 core, (int)getpid());
	while (n < WORDS_MAX && (words[n] = strsep(&rest, " ")) != NULL)
		n++;
	words[n] = NULL;
	if (getuid() != 0 && !getenv("XDG_RUNTIME_DIR"))
		setenv("RUNTIME_DIRECTORY", "/tmp", 0);
	if (rte_eal_init(n, words) < 0)
		return rte_errno ? -rte_errno : -EIO;
	return heap_make();
}

int eal_memory_start(unsigned int core)
{
	if (state == 1)
		state = start(core);
	return state;
}

int eal_memory_socket(void)
{
	return rte_malloc_heap_get_socket(HEAP_NAME);
}

void eal_memory_stop(void)
{
	if (state == 0)
		rte_eal_cleanup();
}
