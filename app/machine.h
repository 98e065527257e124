/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What /proc and /sys say of the machine, below a root that tests choose ("" = the real one). No
 * DPDK in here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ports_plan.h"

/* Files of /proc and /sys that are read hold at most so much. */
#define MACHINE_TEXT_BYTES 4096
/* CPUs that a list may name. */
#define MACHINE_CPUS_MAX  4096
#define MACHINE_NODES_MAX 64

/* The first bytes of a file without its line end; false when there is none. Any thread. */
bool machine_read(const char *root, const char *path, char text[MACHINE_TEXT_BYTES]);
/* The number in a file, or otherwise. */
int64_t machine_number(const char *root, const char *path, int64_t otherwise);
bool machine_exists(const char *root, const char *path);

/* Whether a list such as 0-3,8 names the CPU. */
bool machine_list_has(const char *list, unsigned int cpu);

/* The NUMA node of a CPU, -1 = the machine does not say. */
int machine_cpu_node(const char *root, unsigned int cpu);
/* The NUMA node of what a port reads, -1 = the machine does not say. */
int machine_device_node(const char *root, const struct device *d);

/* The driver of a PCI device: "" = none; false = no such device. */
bool machine_pci_driver(const char *root, const char *address, char *text, size_t len);

/* Capabilities of this process, bit by bit, as /proc/self/status has them. */
uint64_t machine_capabilities(const char *root);
