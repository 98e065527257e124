/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices: brought up from the options, read by the lanes, and what they lost. */
#pragma once

#include <stddef.h>

#include "input.h"
#include "options.h"
#include "stats.h"

struct ports;

/*
 * Starts the EAL and every port of the options: devices, queues, symmetric RSS where the device has
 * it, packet buffers on the NUMA node. What a device refuses is said in one line, and the port
 * runs without it where it can. 0, or -errno with one line in error that says what to do. Once a
 * process; the main thread.
 */
int ports_open(struct ports **out, const struct options *o, char *error, size_t error_len);

/*
 * The input of a lane: its share of the queues, and what other lanes read for it. A packet that
 * belongs to a lane whose ring is full is counted in this lane's table (lane_ring_full). now_ns()
 * is CLOCK_MONOTONIC plus epoch_offset_ns. Valid until ports_close().
 */
struct input ports_input(struct ports *p, unsigned int lane, pfring_ft_table *table);

/* Wall clock less CLOCK_MONOTONIC when the ports were opened: the lanes' time line began there. */
int64_t ports_epoch_offset_ns(const struct ports *p);

/* The NUMA node of a lane's memory, -1 = any. */
int ports_numa_node(const struct ports *p, unsigned int lane);

/* Starts receiving: after the lanes' filters are set, before lanes run. 0 or -errno with one line
 * in error. */
int ports_start(struct ports *p, char *error, size_t error_len);

/*
 * The longest sleep of a lane on a quiet port after which its queues still hold what comes
 * meanwhile. After ports_open().
 */
uint64_t ports_rest_ns(const struct ports *p, unsigned int lane);

/* What the drivers and the kernel's sockets count; returns the number of ports. Any thread. */
unsigned int ports_stats(struct ports *p, struct port_stats s[PORTS_MAX]);
/* What all of a struct ports * lost by these counts, in packets. Any thread. */
uint64_t ports_lost_packets(void *ports);

/* Packets that other lanes have read for this one. Any thread. */
uint32_t ports_waiting(const struct ports *p, unsigned int lane);
/* A port's number in DPDK. */
uint16_t ports_id(const struct ports *p, unsigned int i);

/*
 * Adds to c what was still on its way from lane to lane (lane_stopped). When no lane runs any more,
 * once, before ports_close().
 */
void ports_drain(struct ports *p, struct lane_counters *c);

/* Stops and closes every port and the EAL. */
void ports_close(struct ports *p);
