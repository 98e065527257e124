/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint that Prometheus reads: HTTP by libmicrohttpd, in a thread of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "snapshot.h"

struct metrics;

struct metrics_address {
	struct sockaddr_storage address;
	socklen_t len;
	bool is_loopback;
};

/*
 * Reads ADDRESS:PORT, [V6]:PORT, *:PORT, or a PORT of 127.0.0.1; numbers only. 0, or -EINVAL with
 * one line in error. Any thread.
 */
int metrics_address(struct metrics_address *out, const char *text, char *error, size_t error_len);

/*
 * Serves the numbers of source, which outlives it. Whoever is not on this machine may read them
 * only when the address says so, which is warned of. 0, or -errno with one line in error. The main
 * thread.
 */
int metrics_open(struct metrics **out, const char *listen, struct snapshot_source *source,
		 char *error, size_t error_len);
/* Ends what is under way; NULL is nothing. The main thread. */
void metrics_close(struct metrics *m);
