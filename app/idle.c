/* SPDX-License-Identifier: BSD-3-Clause */
/* Poll, sleep or wait. */
#include "idle.h"

#include <sys/prctl.h>

#include <rte_pause.h>

#include "core/clock.h"

/* Empty polls before a lane rests: the next packet of a busy port is not slept over. */
#define POLLS_BEFORE_REST 256
/* The first sleeps are short, so that a port with some traffic sees no more than these. */
#define SLEEP_FIRST_NS 50000
/* Sleeps of one length before they get twice as long. */
#define SLEEPS_A_STEP 32
/* What the kernel may add to a sleep; it takes 50 us unless told. */
#define TIMER_SLACK_NS 1000UL

void idle_begin(void)
{
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
}

static uint64_t shorter(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void sleep_longer(struct idle *i)
{
	sleep_ns(i->sleep_ns);
	if (++i->sleeps < SLEEPS_A_STEP)
		return;
	i->sleeps = 0;
	i->sleep_ns = shorter(2 * i->sleep_ns, i->longest_ns);
}

void idle_rest(struct idle *i, const struct input *input)
{
	if (i->empty_polls < POLLS_BEFORE_REST || i->mode == LANE_IDLE_POLL) {
		i->empty_polls++;
		i->sleep_ns = shorter(SLEEP_FIRST_NS, i->longest_ns);
		i->sleeps = 0;
		rte_pause();
		return;
	}
	i->rests++;
	if (i->mode == LANE_IDLE_INTERRUPT && input->wait) {
		input->wait(input->self);
		return;
	}
	sleep_longer(i);
}
