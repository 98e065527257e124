/* SPDX-License-Identifier: BSD-3-Clause */
/* Huge pages: are there enough, and what a probe that crashed left behind. No DPDK in here. */
#pragma once

#include <stdint.h>

/* Bytes of free huge pages of the sizes that a hugetlbfs is mounted for in which we may write. */
uint64_t eal_huge_free_bytes(void);

/*
 * Removes the files that dead processes of this file prefix left in hugetlbfs, as the EAL does when
 * it starts: their pages are free then. Files of living ones are locked, and stay.
 */
void eal_huge_remove_stale(const char *file_prefix);

/*
 * The folder named ftprobe in a hugetlbfs that itself we may not write to, "" = none: the EAL has
 * to be told. The main thread.
 */
const char *eal_huge_folder(void);
