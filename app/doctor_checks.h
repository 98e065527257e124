/* SPDX-License-Identifier: BSD-3-Clause */
/* What the checks of --doctor share. */
#pragma once

#include <stdio.h>

#include "machine.h"
#include "options.h"
#include "placement.h"

/* Bits of a capability set, as capability.h of the kernel numbers them. */
#define DOCTOR_CAP_NET_ADMIN	12
#define DOCTOR_CAP_NET_RAW	13
#define DOCTOR_CAP_IPC_LOCK	14
#define DOCTOR_CAP_SYS_ADMIN	21
#define DOCTOR_CAP_SYS_RESOURCE 24
#define DOCTOR_CAP_BPF		39

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD };

struct doctor {
	const struct options *o;
	const char *root;
	FILE *out;
	unsigned int n[DOCTOR_BAD + 1];
	struct placement place;
};

/* One line: what was found and, unless it is fine, what to do. */
void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *topic,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether a port of this kind is among those that could be planned. */
bool doctor_port_kind(const struct doctor *d, enum device_kind kind);

/* Devices: there, with a driver that DPDK can use, behind an IOMMU, up. */
void doctor_check_ports(struct doctor *d);
/* What the kinds of the ports need of the process that will run: capabilities, device files. */
void doctor_check_permissions(struct doctor *d);
