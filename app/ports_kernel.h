/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel knows of interfaces and of the sockets that drivers read them through. No DPDK in
 * here. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "ports_plan.h"

/* Facts of an interface by name: an interface_facts_fn. */
struct interface_facts kernel_interface_facts(const char *name);

/* 0 or -errno. */
int kernel_set_mtu(const char *name, uint32_t mtu_bytes);

/* The driver that a PCI device is bound to: "" = none, NULL = no such device. */
const char *kernel_pci_driver(const char *address, char *text, size_t len);

/* False when this process has no right to read an interface. */
bool kernel_may_capture(void);

/* The AF_PACKET and AF_XDP sockets that a driver opened for one port; the driver closes them. */
struct kernel_sockets {
	int fds[QUEUES_MAX];
	unsigned int n;
};

/* The packet sockets that this process has open, up to QUEUES_MAX, but for those in known. */
struct kernel_sockets kernel_sockets_find(const struct kernel_sockets *known, unsigned int n_known);

/*
 * Packets that the kernel had for these sockets and dropped because their ring was full, since the
 * last call or, of AF_XDP, since the start. What the driver reports itself is left out.
 */
struct kernel_drops {
	uint64_t since_last; /* AF_PACKET */
	uint64_t in_all;     /* AF_XDP */
} kernel_sockets_drops(const struct kernel_sockets *s);
