/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a device is, and how large its buffers have to be: from the options and what the kernel says
 * of the interface, before the EAL runs. No DPDK in here.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum device_kind { DEVICE_PCI, DEVICE_AF_PACKET, DEVICE_AF_XDP, DEVICE_VDEV };

/* Room for the arguments that we write ourselves. */
#define DEVICE_ARGS_BYTES (OPTION_BYTES_MAX + 128)

struct device {
	enum device_kind kind;
	char name[OPTION_BYTES_MAX];  /* as the EAL knows it: a PCI address with its domain, a vdev
				       */
	char args[DEVICE_ARGS_BYTES]; /* what follows the name, "" = none */
	char interface[IFNAMSIZ];     /* the kernel interface below, "" = none or not known */
};

/* What the kernel says of an interface. */
struct interface_facts {
	bool exists, up, promiscuous;
	uint32_t mtu_bytes;
};

/* Asks the kernel about an interface by name; of a name that is none, exists is false. */
typedef struct interface_facts (*interface_facts_fn)(const char *name);

struct port_plan {
	struct device device;
	struct interface_facts facts; /* of device.interface */
	uint32_t queues;
	uint32_t mtu_bytes;   /* the largest IP packet to expect */
	uint32_t descriptors; /* a queue; 0 = the driver is asked */
	uint32_t cut_bytes;   /* a frame of so many bytes was cut by the driver; 0 = never cut */
	uint32_t data_room_bytes; /* of a packet buffer, headroom included */
	uint32_t mbufs; /* at the number of descriptors above, or at the most that a driver prefers
			 */
	bool dma;	/* the device writes into the buffers by itself */
	bool wire_len_known; /* the driver's length, unless cut, is that on the wire */
};

/* Which port is to be planned, and who knows its interface. */
struct port_question {
	const struct options *o;
	unsigned int i; /* of o->ports */
	interface_facts_fn facts;
};

/*
 * Plans a port. 0, or -errno with one line in error: a device that is none,
 * or an interface that does not exist.
 */
int port_plan_make(struct port_plan *out, const struct port_question *question, char *error,
		   size_t error_len);

/* Buffers that the port needs when each queue has so many descriptors. */
uint32_t port_plan_mbufs(const struct port_plan *p, const struct options *o, uint32_t descriptors);

/* Bytes for the buffers of a port, with what is around them. */
uint64_t port_plan_memory_bytes(const struct port_plan *p);

/* Packets that a ring between two lanes holds. */
unsigned int port_plan_lane_ring(unsigned int n_lanes);
