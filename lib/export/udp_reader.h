/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket that reads what we send over UDP, where it is on this machine: the kernel tells how
 * full it is (sock_diag(7)), so that a sender knows how much it may send without a loss.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct reader_room;

/* How to ask. Zeroed and with fd = -1 it is closed. */
struct udp_reader {
	int fd; /* netlink */
	uint32_t sequence;
	struct sockaddr_storage us, them;
};

/*
 * Prepares to ask for the reader of a connected UDP socket. 0; -EREMOTE: it is on another machine,
 * or -errno of the kernel, which may know no netlink. Closed by udp_reader_close(), in any case.
 */
int udp_reader_open(struct udp_reader *r, int connected);

/*
 * How full the socket is that gets what we send: also one that listens to all addresses, or one
 * of several (SO_REUSEPORT). 0; -ENOENT: nobody listens, or the kernel cannot tell (udp_diag is
 * missing), or another -errno. Does not block; some 2 us.
 */
int udp_reader_ask(struct udp_reader *r, struct reader_room *out);

void udp_reader_close(struct udp_reader *r);
