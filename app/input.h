/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a lane's packets come from: a device, a ring, a file. One call a burst, so the
 * indirection costs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ft/pfring_ft_ext.h"

/* receive() says that no packet will come any more. */
#define INPUT_END (-1)

struct input {
	/*
	 * Writes up to max packets, returns their number (0: none now) or INPUT_END. Their bytes
	 * stay until release() gives them back, oldest first. The lane's thread.
	 */
	int (*receive)(void *self, pfring_ft_packet *packets, unsigned int max);
	/* The n oldest packets, as handed back by the table. */
	void (*release)(void *self, const pfring_ft_packet *packets, unsigned int n);
	/*
	 * True once where time starts anew (the next file is older): the lane ends its flows first.
	 * Asked when receive() returned 0 and no packet is held. NULL where that does not happen.
	 * The lane's thread.
	 */
	bool (*time_restarts)(void *self);
	/*
	 * Somebody waits for this input to be emptied: after a stop the lane reads on to its end,
	 * and counts what comes as lane_stopped.
	 */
	bool shared;
	/*
	 * Returns when a packet may be there, or after a while. NULL where that cannot be told. The
	 * lane's thread.
	 */
	void (*wait)(void *self);
	/* The time that has been reached, whichever lane got the packets. Any thread. */
	uint64_t (*now_ns)(void *self);
	void *self;
};
