/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ways to start a thread. */
#include "workers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include <rte_launch.h>
#include <rte_lcore.h>

static struct worker {
	void (*run)(void *);
	void *argument;
	pthread_t thread;
} workers[WORKERS_MAX];

/* Worker i stands on the i-th lcore after the main one: eal.c lays them out in this order. */
static unsigned int lcore_of(unsigned int i)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	while (i-- && lcore < RTE_MAX_LCORE)
		lcore = rte_get_next_lcore(lcore, 1, 0);
	return lcore;
}

static int run_on_lcore(void *self)
{
	struct worker *w = self;

	w->run(w->argument);
	return 0;
}

static void *run_in_thread(void *self)
{
	run_on_lcore(self);
	return NULL;
}

int worker_start(unsigned int i, void (*run)(void *), void *argument, bool eal)
{
	struct worker *w = &workers[i];

	*w = (struct worker){.run = run, .argument = argument};
	if (eal)
		return rte_eal_remote_launch(run_on_lcore, w, lcore_of(i));
	return -pthread_create(&w->thread, NULL, run_in_thread, w);
}

void worker_wait(unsigned int i, bool eal)
{
	if (eal)
		rte_eal_wait_lcore(lcore_of(i));
	else
		pthread_join(workers[i].thread, NULL);
}

bool workers_share_cpu(void)
{
	cpu_set_t allowed;

	return sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) == 1;
}
