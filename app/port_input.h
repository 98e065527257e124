/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues of devices as the input of a lane. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "burst_clock.h"
#include "core/limits.h"
#include "distribute.h"
#include "input.h"
#include "port_wait.h"

/* What the lanes know of a port. Constant while they run, but for the flag. */
struct port_face {
	char name[OPTION_BYTES_MAX]; /* of the interface, for people */
	uint16_t id;		     /* DPDK's */
	uint16_t number;	     /* in the order of the options: what records carry */
	bool distribute;	     /* packets go to the lane of their flow by software */
	bool hash;		     /* the device's hash is the same for both directions */
	bool wire_len_known;
	uint32_t cut_bytes; /* frames of so many bytes were cut; 0 = never */
	uint32_t mtu_bytes;
	atomic_bool cut_told; /* the one warning is out */
};

struct port_queue {
	struct port_face *port;
	uint16_t queue;
	int socket; /* the kernel's that the driver reads, -1 = none */
};

struct port_input {
	unsigned int lane;
	pfring_ft_table *table; /* counts packets that other lanes had no room for */
	int64_t epoch_offset_ns;
	struct burst_clock clock;
	struct port_face *const *by_id; /* RTE_MAX_ETHPORTS */
	struct distribute *distribute;	/* NULL = every packet stays in the lane that reads it */
	unsigned int next_ring, next_queue;
	bool rings_last;
	unsigned int n_queues;
	struct port_queue queues[PORTS_MAX * QUEUES_MAX];
	struct port_wait wait;
	struct distribute_batch batches[LANES_MAX];
};

/* The lane's view. receive() does what lane.h asks; the lane's thread. */
struct input port_input(struct port_input *in);
