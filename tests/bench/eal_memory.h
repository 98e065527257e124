/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK inside the benchmark: started when a row needs it, without a device, with a heap on the same
 * pages as our tables have, so that nobody wins by pages.
 */
#pragma once

/* Once; later calls repeat the result of the first. 0 or -errno. */
int eal_memory_start(unsigned int core);
/* Where rte_hash and packet buffers live: a socket number for DPDK. */
int eal_memory_socket(void);
/* At the end, if it was started. */
void eal_memory_stop(void);
