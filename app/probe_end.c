/* SPDX-License-Identifier: BSD-3-Clause */
/* How a run ends: signals are waited for, and what was counted is told. */
#include "probe_internal.h"

#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "log.h"
#include "signals.h"
#include "stats.h"

/* timeout(1) and shells may send the same signal twice: to the process and to its group. */
#define SIGNAL_AGAIN_NS 500000000

void probe_wait_for_end(struct probe *p)
{
	struct pollfd fds[2] = {{.fd = p->ended_fd, .events = POLLIN}, {.events = POLLIN}};
	uint64_t asked_ns = 0;
	sigset_t set;

	signals_of(p->o, &set);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	while (!(fds[0].revents & POLLIN)) {
		struct signalfd_siginfo info;
		int ready = poll(fds, 2, notify_wait_ms(&p->notify));

		notify_turn(&p->notify);
		if (ready <= 0 || !(fds[1].revents & POLLIN))
			continue;
		if (read(fds[1].fd, &info, sizeof info) != sizeof info)
			continue;
		if (info.ssi_signo == SIGHUP && p->reload && p->o->config_path) {
			reload_ask_soon(p->reload);
		} else if (!atomic_exchange(&p->stop, true)) {
			asked_ns = clock_monotonic_ns();
			exporter_hold(&p->exporter);
			stop_report_begin(&p->stopped, p->lanes, p->n_lanes, &p->exporter);
			exporter_let_go(&p->exporter);
			notify_stopping(p->o->probe.stop_timeout_ns);
		} else if (clock_monotonic_ns() - asked_ns > SIGNAL_AGAIN_NS) {
			_exit(128 + (int)info.ssi_signo);
		}
	}
	close(fds[1].fd);
}

static bool report_files(const struct probe *p)
{
	bool failure;
	const char *problem = offline_problem(p->offline, &failure);

	if (*problem)
		log_line(failure ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", problem);
	return !failure;
}

/* What outputs could not do is named; what the summary says depends on who still reads. */
bool probe_report(struct probe *p)
{
	struct stats s = {.exporter = &p->exporter,
			  .elapsed_ns = clock_monotonic_ns() - p->started_ns};
	bool good = true;
	int rc;

	log_limit_end();
	stats_sum_lanes(&s, p->lanes, p->n_lanes);
	if (p->live) {
		ports_drain(p->ports, &s.lane);
		s.n_ports = ports_stats(p->ports, s.ports);
	} else {
		offline_stats(p->offline, &s);
	}
	if (p->o->probe.stats_json[0]) {
		rc = stats_write_json(&s, p->o->probe.stats_json);
		if (rc)
			log_error("%s: cannot write the counters: %s", p->o->probe.stats_json,
				  strerror(-rc));
		good = rc == 0;
	}
	if (exporter_unread(&p->exporter))
		return good;
	if (p->live)
		stop_report_end(&p->stopped, &p->exporter);
	for (unsigned int i = 0; i < p->exporter.n_outputs; i++) {
		const char *why = output_last_error(p->exporter.outputs[i]);

		if (*why)
			log_warning("output %s", why);
		/* A file that is told to somebody is told in whole, or the run has failed. */
		if (!p->live &&
		    output_counters(p->exporter.outputs[i])->dropped[OUTPUT_DROP_transport])
			good = false;
	}
	if (!p->live && !report_files(p))
		good = false;
	if (!p->o->quiet)
		stats_print(&s, stderr);
	return good;
}
