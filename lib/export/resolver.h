/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks a collector's name up again while the exporter goes on: getaddrinfo(3) may take many
 * seconds, so each look-up has a thread of its own, which nobody waits for.
 */
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

struct resolver;

struct stream_address {
	struct sockaddr_storage address;
	socklen_t len;
};

/*
 * The addresses of a name now, in the order in which they should be tried: how many, at least 1 and
 * at most max, or a negative EAI_*. Blocks.
 */
int resolve_now(const char *host, const char *port, struct stream_address *to, unsigned int max);

/* For a name, or an address, of which nothing has to be asked. NULL: out of memory. */
struct resolver *resolver_create(const char *host, const char *port);

/* Begins a look-up, unless one is under way. Never blocks. */
void resolver_ask(struct resolver *r);

/* What the last look-up found, once; 0 when there is nothing new. Never blocks. */
unsigned int resolver_take(struct resolver *r, struct stream_address *to, unsigned int max);

/* A look-up under way ends by itself. NULL may be destroyed. */
void resolver_destroy(struct resolver *r);
