/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's log, taken over. */
#pragma once

/* From now on DPDK's messages come to us: before rte_eal_init(). 0 or -errno. The main thread. */
int eal_log_take_over(void);
