/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets by value from one reader thread to one lane, when several lanes share a file: header and
 * bytes go through a ring of memory, in order, with back-pressure. Nothing is dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

struct packet_ring;

/*
 * A ring of at least size_bytes, and of PACKET_RING_BYTES_MIN. 0 or -ENOMEM, -EINVAL (over 4 GB).
 * Destroyed after both threads are done with it.
 */
int packet_ring_create(struct packet_ring **out, size_t size_bytes);
void packet_ring_destroy(struct packet_ring *r);

/*
 * The reader's thread. Copies one packet of at most PACKET_BYTES_MAX (what is longer is cut);
 * sleeps while there is no room. There will be room as long as the consumer gives back what it got:
 * a table hands back what it holds when it is called with no packets, which a lane does when
 * packet_ring_receive() returns 0.
 */
void packet_ring_push(struct packet_ring *r, const pfring_ft_packet *packet);
/*
 * In order with the packets: time starts anew, the lane ends its flows. now_ns is the time that was
 * reached before, in every lane's packets.
 */
void packet_ring_mark(struct packet_ring *r, uint64_t now_ns);
/* No packet comes any more; the time that was reached. Nothing may follow. */
void packet_ring_end(struct packet_ring *r, uint64_t now_ns);

/*
 * The receive and release of struct input, the lane's thread; self is the struct packet_ring.
 * receive() returns 0 at once while packets are out and no new one is there, so that the lane
 * pushes on what its table holds; with none out it sleeps for a millisecond at most. At a mark it
 * returns 0 until packet_ring_marked() was asked. The cookie of a packet is the ring's own.
 */
int packet_ring_receive(void *self, pfring_ft_packet *packets, unsigned int max);
void packet_ring_release(void *self, const pfring_ft_packet *packets, unsigned int n);
/* The time_restarts of struct input: true once for each mark, after the packets before it. */
bool packet_ring_marked(void *self);
/*
 * The now_ns of struct input: the latest time of the packets received, at a mark and after the last
 * packet that of all lanes. It is never ahead of packets that still wait. Any thread.
 */
uint64_t packet_ring_now_ns(void *self);
