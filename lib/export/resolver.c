/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups in the background: see resolver.h. */
#include "export/resolver.h"

#include "core/limits.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { IDLE, ASKING, FOUND };

struct resolver {
	char host[256], port[8];
	bool is_address;
	atomic_int state; /* who writes what is below: the thread while ASKING, else the owner */
	atomic_int users; /* the owner, and a thread */
	struct stream_address found[STREAM_ADDRESSES_MAX];
	unsigned int n_found;
};

int resolve_now(const char *host, const char *port, struct stream_address *to, unsigned int max)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	int failed = getaddrinfo(host, port, &hints, &list), n = 0;

	if (failed)
		return failed;
	for (const struct addrinfo *a = list; a && n < (int)max; a = a->ai_next) {
		memcpy(&to[n].address, a->ai_addr, a->ai_addrlen);
		to[n++].len = a->ai_addrlen;
	}
	freeaddrinfo(list);
	return n;
}

static void leave(struct resolver *r)
{
	if (atomic_fetch_sub_explicit(&r->users, 1, memory_order_acq_rel) == 1)
		free(r);
}

static void *look_up(void *self)
{
	struct resolver *r = self;
	int n = resolve_now(r->host, r->port, r->found, STREAM_ADDRESSES_MAX);

	r->n_found = n > 0 ? (unsigned int)n : 0;
	atomic_store_explicit(&r->state, n > 0 ? FOUND : IDLE, memory_order_release);
	leave(r);
	return NULL;
}

struct resolver *resolver_create(const char *host, const char *port)
{
	struct resolver *r = calloc(1, sizeof *r);
	struct in6_addr address;

	if (!r)
		return NULL;
	snprintf(r->host, sizeof r->host, "%s", host);
	snprintf(r->port, sizeof r->port, "%s", port);
	r->is_address = inet_pton(AF_INET, host, &address) == 1 ||
			inet_pton(AF_INET6, host, &address) == 1;
	atomic_init(&r->users, 1);
	return r;
}

/* Signals are for others. */
static bool start(struct resolver *r)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	bool started;

	if (pthread_attr_init(&attributes))
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, &attributes, look_up, r) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

void resolver_ask(struct resolver *r)
{
	if (r->is_address || atomic_load_explicit(&r->state, memory_order_acquire) != IDLE)
		return;
	atomic_store_explicit(&r->state, ASKING, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->users, 1, memory_order_relaxed);
	if (start(r))
		return;
	atomic_store_explicit(&r->state, IDLE, memory_order_relaxed);
	leave(r);
}

unsigned int resolver_take(struct resolver *r, struct stream_address *to, unsigned int max)
{
	unsigned int n;

	if (atomic_load_explicit(&r->state, memory_order_acquire) != FOUND)
		return 0;
	n = r->n_found < max ? r->n_found : max;
	memcpy(to, r->found, n * sizeof *to);
	atomic_store_explicit(&r->state, IDLE, memory_order_relaxed);
	return n;
}

void resolver_destroy(struct resolver *r)
{
	if (r)
		leave(r);
}
