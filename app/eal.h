/* SPDX-License-Identifier: BSD-3-Clause */
/* The EAL, started with the least that works; its own words become log lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* What the ports ask of the EAL. */
struct eal_needs {
	uint64_t memory_bytes;		    /* for packet buffers and what goes with them */
	const char *pci_devices[PORTS_MAX]; /* as the EAL's -a takes them */
	unsigned int n_pci_devices;
};

/*
 * Starts the EAL: the main lcore, one for each lane after it, then the exporter's (worker_start()
 * counts on this order). What does without huge pages cost is said in one line. 0, or -errno with
 * one line in error that says what to do. Once a process; the main thread.
 */
int eal_start(const struct options *o, const struct eal_needs *needs, char *error,
	      size_t error_len);

/* Ends the EAL: files of huge pages go. No port is open any more. The main thread. */
void eal_stop(const struct options *o);

/* The first error that DPDK logged since eal_forget_error(), "" = none. The main thread. */
const char *eal_error(void);
void eal_forget_error(void);

/*
 * What DPDK and libraries below it write to standard output and error between these two becomes
 * log_info lines: libxdp and libbpf talk a lot, and standard output may be JSON. The main thread,
 * while no other thread of ours runs.
 */
void eal_hush_begin(void);
void eal_hush_end(void);
