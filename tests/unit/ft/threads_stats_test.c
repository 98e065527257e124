/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pfring_ft_get_stats() while the table works: from another thread, from a signal handler, from
 * both. Worth a run under ThreadSanitizer, too.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>

#include <cmocka.h>

#include "ft/pfring_ft_ext.h"
#include "traffic.h"

#define FLOWS_MAX 4000
/* The table works at least so long; and on, until a handler has run often enough. */
#define PACKETS_MIN 30000U
#define PACKETS_MAX 3000000U
#define READS_MIN   20

/* What one reader saw; the values only grow. */
struct reader {
	pfring_ft_table *table;
	pfring_ft_stats last;
	_Atomic uint64_t reads;
	uint64_t shrank;
	atomic_bool stop;
};

static void read_stats(struct reader *r)
{
	const pfring_ft_stats *s = pfring_ft_get_stats(r->table);
	pfring_ft_stats now = {
		.flows = __atomic_load_n(&s->flows, __ATOMIC_RELAXED),
		.packets = __atomic_load_n(&s->packets, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n(&s->bytes, __ATOMIC_RELAXED),
		.max_lookup_depth = __atomic_load_n(&s->max_lookup_depth, __ATOMIC_RELAXED),
		.active_flows = __atomic_load_n(&s->active_flows, __ATOMIC_RELAXED),
	};

	atomic_fetch_add(&r->reads, 1);
	r->shrank += now.flows < r->last.flows || now.packets < r->last.packets ||
		     now.bytes < r->last.bytes || now.active_flows > FLOWS_MAX ||
		     now.max_lookup_depth < r->last.max_lookup_depth;
	r->last = now;
}

/* Where a signal handler finds its reader. */
static struct reader of_signals;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	if (of_signals.table)
		read_stats(&of_signals);
}

static void *read_all_the_time(void *user)
{
	struct reader *r = user;

	while (!atomic_load(&r->stop)) {
		read_stats(r);
		sched_yield();
	}
	return NULL;
}

static void alarms(bool on)
{
	const struct itimerval every = {.it_interval = {.tv_usec = on ? 1000 : 0},
					.it_value = {.tv_usec = on ? 1000 : 0}};
	const struct sigaction action = {.sa_handler = on ? on_alarm : SIG_IGN,
					 .sa_flags = SA_RESTART};

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void feed(pfring_ft_table *t, uint32_t i)
{
	pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = 1000 + i / 1000, .tv_usec = i % 1000 * 1000}};
	struct frame f;

	traffic_make(&f, i & 1, i % 12000);
	h.caplen = h.len = f.len;
	pfring_ft_process(t, f.bytes, &h, NULL);
}

static bool enough(const struct reader *of_thread, bool by_thread, bool by_signal)
{
	return (!by_thread || atomic_load(&of_thread->reads) > READS_MIN) &&
	       (!by_signal || atomic_load(&of_signals.reads) > READS_MIN);
}

static void run_readers(bool by_thread, bool by_signal)
{
	struct reader of_thread = {0};
	pfring_ft_table *t = pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, FLOWS_MAX, 2, 3, 0);
	pthread_t thread;
	sigset_t alarm_set;
	uint32_t i = 0;

	assert_non_null(t);
	of_thread.table = t;
	of_signals = (struct reader){.table = t};
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_set, NULL); /* the thread inherits it */
	if (by_thread)
		assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, &of_thread), 0);
	pthread_sigmask(SIG_UNBLOCK, &alarm_set, NULL);
	alarms(by_signal);
	while (i < PACKETS_MIN || (i < PACKETS_MAX && !enough(&of_thread, by_thread, by_signal)))
		feed(t, i++);
	pfring_ft_flush(t);
	alarms(false);
	atomic_store(&of_thread.stop, true);
	if (by_thread)
		pthread_join(thread, NULL);
	assert_int_equal(of_thread.shrank + of_signals.shrank, 0);
	for (int k = 0; k < 2; k++) {
		struct reader *r = k ? &of_signals : &of_thread;
		bool used = k ? by_signal : by_thread;

		assert_true(!used || atomic_load(&r->reads) > READS_MIN);
		read_stats(r); /* nobody else does any more */
		assert_int_equal(r->shrank, 0);
		assert_int_equal(r->last.packets, i);
		assert_int_equal(r->last.active_flows, 0);
	}
	of_signals.table = NULL;
	pfring_ft_destroy_table(t);
}

static void test_get_stats_from_another_thread(void **state)
{
	(void)state;
	run_readers(true, false);
}

static void test_get_stats_from_a_signal_handler(void **state)
{
	(void)state;
	run_readers(false, true);
}

static void test_get_stats_from_both(void **state)
{
	(void)state;
	run_readers(true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_stats_from_another_thread),
		cmocka_unit_test(test_get_stats_from_a_signal_handler),
		cmocka_unit_test(test_get_stats_from_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
