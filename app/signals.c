/* SPDX-License-Identifier: BSD-3-Clause */
/* Ctrl-C, systemctl stop and reload, a terminal that goes away. */
#include "signals.h"

void signals_of(const struct options *o, sigset_t *set)
{
	struct sigaction now;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (o->config_path || sigaction(SIGHUP, NULL, &now) || now.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

void signals_block(const struct options *o)
{
	sigset_t set;

	signals_of(o, &set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}
