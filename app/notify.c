/* SPDX-License-Identifier: BSD-3-Clause */
/* libsystemd speaks; this file decides what is true enough to be said. */
#include "notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "core/clock.h"
#include "core/counters.h"
#include "ft/ft.h"
#include "log.h"

/* People look at the status line, and it costs a datagram. */
#define STATUS_NS (5 * SECOND_NS)
/* A watchdog is fed that many times in its interval: one late look does not end a good probe. */
#define FEEDS 4
/* Ports are closed and the report is written after the bounded part of the end. */
#define STOP_SLACK_NS (10 * SECOND_NS)

static uint64_t thread_turns(const struct notify *n, unsigned int i)
{
	const uint64_t *turns = i < n->n_lanes ? &n->lanes[i].turns : &n->exporter->turns;

	return __atomic_load_n(turns, __ATOMIC_RELAXED);
}

static bool thread_done(const struct notify *n, unsigned int i)
{
	/* What the exporter does then has a bound of its own, [probe] stop_timeout. */
	if (i == n->n_lanes)
		return atomic_load_explicit(&n->exporter->ended, memory_order_relaxed);
	return atomic_load_explicit(&n->lanes[i].done, memory_order_relaxed);
}

static struct notify_sample sample(const struct notify *n)
{
	struct notify_sample s = {.lost = n->lost_packets ? n->lost_packets(n->source) : 0};

	for (unsigned int i = 0; i < n->n_lanes; i++) {
		const struct lane_counters *c = ft_counters(n->lanes[i].table);

		s.packets += counter_read(&c->rx_packets);
		s.bytes += counter_read(&c->rx_bytes);
		s.records += counter_read(&c->table[TABLE_records]);
		s.lost += counter_read(&c->dropped[DROP_lane_ring_full]);
	}
	return s;
}

static uint64_t flows_active(const struct notify *n)
{
	uint64_t flows = 0;

	for (unsigned int i = 0; i < n->n_lanes; i++)
		flows += ft_flows_active(n->lanes[i].table);
	return flows;
}

static double a_second(uint64_t from, uint64_t to, uint64_t interval_ns)
{
	return interval_ns && to > from ? (double)(to - from) * SECOND_NS / (double)interval_ns : 0;
}

/* 12345678 as 12.3 M. */
static const char *scaled(double value, char *text, size_t len)
{
	static const char *const units[] = {"", "k", "M", "G", "T"};
	unsigned int u = 0;

	for (; value >= 1000 && u + 1 < sizeof units / sizeof units[0]; u++)
		value /= 1000;
	snprintf(text, len, u && value < 100 ? "%.1f %s" : "%.0f %s", value, units[u]);
	return text;
}

void notify_status(char text[NOTIFY_STATUS_BYTES], const struct notify_sample *from,
		   const struct notify_sample *to, uint64_t interval_ns, uint64_t flows)
{
	char packets[32], bits[32], records[32];

	scaled(a_second(from->packets, to->packets, interval_ns), packets, sizeof packets);
	scaled(8 * a_second(from->bytes, to->bytes, interval_ns), bits, sizeof bits);
	scaled(a_second(from->records, to->records, interval_ns), records, sizeof records);
	snprintf(text, NOTIFY_STATUS_BYTES,
		 "%spackets/s, %sbit/s, %" PRIu64 " flows, %srecords/s, %" PRIu64
		 " packets lost (%" PRIu64 " since the last look)",
		 packets, bits, flows, records, to->lost,
		 to->lost > from->lost ? to->lost - from->lost : 0);
}

void notify_ready(struct notify *n)
{
	uint64_t watchdog_us = 0, now_ns = clock_monotonic_ns();

	/* a child of somebody whom the manager waits for has the variables, but not the duty */
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		n->watchdog_ns = watchdog_us * 1000;
	n->active = getenv("NOTIFY_SOCKET") != NULL;
	if (!n->active)
		return;
	n->told_ns = n->looked_ns = now_ns;
	n->told = sample(n);
	for (unsigned int i = 0; i <= n->n_lanes; i++) {
		n->seen[i] = thread_turns(n, i);
		n->moved_ns[i] = now_ns;
	}
	sd_notify(0, "READY=1\nSTATUS=reading");
}

/* Said once, until it moves again: the manager's own line names neither thread nor reason. */
static void tell_stuck(struct notify *n, unsigned int i, uint64_t now_ns)
{
	const uint64_t for_s = (now_ns - n->moved_ns[i]) / SECOND_NS;

	if (n->stuck)
		return;
	n->stuck = true;
	if (i < n->n_lanes)
		log_error("lane %u has not moved for %" PRIu64 " s: the watchdog is not fed", i,
			  for_s);
	else
		log_error("the exporter has not moved for %" PRIu64 " s: the watchdog is not fed",
			  for_s);
}

static void watch(struct notify *n, uint64_t now_ns)
{
	unsigned int still = 0;

	for (unsigned int i = 0; i <= n->n_lanes; i++) {
		uint64_t turns = thread_turns(n, i);

		if (turns != n->seen[i] || thread_done(n, i)) {
			n->seen[i] = turns;
			n->moved_ns[i] = now_ns;
			continue;
		}
		still++;
		/* one look without a turn may be a machine that was busy; half the time is not */
		if (now_ns - n->moved_ns[i] >= n->watchdog_ns / 2)
			tell_stuck(n, i, now_ns);
	}
	n->looked_ns = now_ns;
	if (still)
		return;
	n->stuck = false;
	sd_notify(0, "WATCHDOG=1");
}

static void tell_status(struct notify *n, uint64_t now_ns)
{
	struct notify_sample now = sample(n);
	char text[NOTIFY_STATUS_BYTES];

	notify_status(text, &n->told, &now, now_ns - n->told_ns, flows_active(n));
	sd_notifyf(0, "STATUS=%s", text);
	n->told = now;
	n->told_ns = now_ns;
}

void notify_turn(struct notify *n)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (!n->active)
		return;
	if (n->watchdog_ns && now_ns - n->looked_ns >= n->watchdog_ns / FEEDS)
		watch(n, now_ns);
	if (now_ns - n->told_ns >= STATUS_NS)
		tell_status(n, now_ns);
}

int notify_wait_ms(const struct notify *n)
{
	uint64_t now_ns = clock_monotonic_ns(), due_ns = n->told_ns + STATUS_NS;

	if (!n->active)
		return -1;
	if (n->watchdog_ns && n->looked_ns + n->watchdog_ns / FEEDS < due_ns)
		due_ns = n->looked_ns + n->watchdog_ns / FEEDS;
	return due_ns > now_ns ? (int)((due_ns - now_ns) / 1000000) + 1 : 0;
}

void notify_stopping(uint64_t may_take_ns)
{
	uint64_t extend_us = (may_take_ns + STOP_SLACK_NS) / 1000;

	sd_notifyf(0,
		   "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64
		   "\nSTATUS=flows end, outputs are emptied",
		   extend_us);
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading the configuration",
		   clock_monotonic_ns() / 1000);
}

void notify_reloaded(const char *result)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", result);
}
