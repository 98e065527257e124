/* SPDX-License-Identifier: BSD-3-Clause */
/* A reload, as the files that make it share it. */
#pragma once

#include <pthread.h>

#include "reload.h"
#include "reload_plan.h"

struct reload {
	struct reload_probe probe;
	struct options *running;
	uint32_t room;		   /* processors that are laid out */
	uint32_t processors;	   /* that run */
	struct lane_settings *old; /* lanes may still work by them */
	struct opened_output leaving[OUTPUTS_MAX];
	unsigned int n_leaving;

	pthread_t thread;
	pthread_mutex_t lock; /* of what follows, and of .running */
	pthread_cond_t news;
	uint64_t asked, answered; /* reloads, counted */
	unsigned int waiting;	  /* who wait for an answer */
	bool moved;		  /* an output, see exporter_traffic.h */
	bool ends, over;	  /* the thread is told to end; it does */
	int result;
	char message[2 * RELOAD_TEXT_BYTES];
};
