/* SPDX-License-Identifier: BSD-3-Clause */
/* Bring-up in order, take-down in the reverse one. */
#include "probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_ring.h>

#include "control_reload.h"
#include "files.h"
#include "log.h"
#include "overwrite.h"
#include "probe_internal.h"
#include "signals.h"
#include "core/clock.h"
#include "workers.h"

/* The EAL starts threads; a pipe may have nothing to say yet, and Ctrl-C just ends that wait. */
static bool open_input(struct probe *p)
{
	int rc;

	if (p->live) {
		signals_block(p->o);
		rc = ports_open(&p->ports, p->o, p->error, sizeof p->error);
	} else {
		rc = offline_open(&p->offline, p->o, &p->stop, p->error, sizeof p->error);
		signals_block(p->o);
	}
	return rc == 0;
}

static bool open_privacy(struct probe *p)
{
	const struct privacy_options *o = &p->o->outputs[0].privacy; /* all have the same */

	if (o->addresses == PRIVACY_ADDRESSES_KEEP && o->strings == PRIVACY_STRINGS_KEEP)
		return true;
	return privacy_create(&p->exporter.privacy, o, p->error, sizeof p->error) == 0;
}

static bool open_outputs(struct probe *p)
{
	struct exporter *e = &p->exporter;

	identity_find(&p->identity, p->o);
	if (!open_privacy(p))
		return false;
	for (; e->n_outputs < p->o->n_outputs; e->n_outputs++) {
		struct opened_output *o = &p->outputs[e->n_outputs];
		struct output_spec s = p->o->outputs[e->n_outputs];

		snprintf(s.probe_ip, sizeof s.probe_ip, "%s", p->identity.ip);
		if (opened_output_open(o, &s, p->error, sizeof p->error))
			return false;
		e->outputs[e->n_outputs] = o->output;
	}
	return true;
}

static bool make_settings(struct probe *p)
{
	struct ft_options ft;

	options_to_ft(p->o, &ft);
	const struct lane_settings_from from = {.o = p->o,
						.processors = ft.processors,
						.outputs = p->outputs,
						.n_outputs = p->exporter.n_outputs};
	return lane_settings_create(&p->settings, &from, p->error, sizeof p->error) == 0;
}

/* An rte_ring needs no EAL when its memory is ours. */
static struct rte_ring *ring_create(unsigned int count)
{
	ssize_t len = rte_ring_get_memsize(count);
	struct rte_ring *r = len > 0 ? aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)len) : NULL;

	if (r && rte_ring_init(r, "ended", count, RING_F_SP_ENQ | RING_F_SC_DEQ)) {
		free(r);
		r = NULL;
	}
	return r;
}

static uint32_t ring_flows(const struct probe *p)
{
	uint32_t n = options_ring_flows(p->o);

	return p->alone && n > EXPORT_RING_FLOWS_ALONE ? EXPORT_RING_FLOWS_ALONE : n;
}

static void tell_ended(void *exporter)
{
	exporter_turn(exporter);
}

static bool make_lane(struct probe *p, unsigned int i)
{
	struct lane *l = &p->lanes[i];
	struct ft_options options;

	*l = (struct lane){
		.id = i,
		.burst = p->o->lane.burst,
		.live = p->live,
		.stop = &p->stop,
		.ended = ring_create(ring_flows(p)),
	};
	if (p->live)
		l->idle = (struct idle){.mode = p->o->lane.idle,
					.longest_ns = ports_rest_ns(p->ports, i)};
	if (p->alone) {
		l->tell = tell_ended;
		l->teller = &p->exporter;
	}
	p->n_lanes = i + 1;
	options_to_ft(p->o, &options);
	options.table_id = (uint16_t)i;
	options.numa_node = p->live ? ports_numa_node(p->ports, i) : -1;
	options.prefault = p->live;
	if (!l->ended) {
		snprintf(p->error, sizeof p->error, "no memory for lane %u; lower --lanes", i);
		return false;
	}
	if (ft_table_create(&l->table, &options, p->error, sizeof p->error))
		return false;
	if (p->control && lane_query_create(&l->query)) {
		snprintf(p->error, sizeof p->error, "no memory for live queries");
		return false;
	}
	admit_init(&l->admit, p->o->lane.sampling, p->o->lane.sampling_mode, i);
	lane_settings_give(l, p->settings);
	l->input = p->live ? ports_input(p->ports, i, l->table) : offline_input(p->offline, i);
	return true;
}

static bool make_lanes(struct probe *p)
{
	if (p->o->dpi.enabled)
		ft_count_dpi_memory();
	for (unsigned int i = 0; i < p->o->lane.count; i++)
		if (!make_lane(p, i))
			return false;
	return true;
}

/* All lanes load the same protocols, so that one can speak for them. */
static bool tell_applications(struct probe *p)
{
	if (ft_applications(p->lanes[0].table, &p->applications, &p->n_applications)) {
		snprintf(p->error, sizeof p->error, "no memory to name applications");
		return false;
	}
	for (unsigned int i = 0; i < p->exporter.n_outputs; i++)
		output_set_applications(p->exporter.outputs[i], p->applications, p->n_applications);
	return true;
}

static void run_lane(void *lane)
{
	lane_run(lane);
}

static void run_exporter(void *self)
{
	struct probe *p = self;
	const uint64_t one = 1;

	if (p->alone)
		lane_run(&p->lanes[0]);
	exporter_run(&p->exporter);
	if (write(p->ended_fd, &one, sizeof one) != sizeof one)
		log_error("cannot wake the main thread: %s", strerror(errno));
}

/* The exporter first: from then on whatever a lane ends is told. */
static int start_workers(struct probe *p)
{
	int rc;

	p->exporter.live = p->live;
	p->exporter.lanes = p->lanes;
	p->exporter.n_lanes = p->n_lanes;
	p->exporter.epoch_offset_ns = p->live ? ports_epoch_offset_ns(p->ports) : 0;
	p->exporter.sampling = p->o->lane.sampling;
	p->exporter.sampling_random = p->o->lane.sampling_mode == SAMPLING_RANDOM;
	p->exporter.stop_timeout_ns = p->o->probe.stop_timeout_ns;
	p->exporter.stop = &p->stop;
	p->started_ns = clock_monotonic_ns();
	p->exporter.started_ns = p->started_ns;
	p->exporter.lost_packets = p->live ? ports_lost_packets : NULL;
	p->exporter.add_unseen = p->live ? NULL : offline_add_unseen;
	p->exporter.files = p->offline;
	p->exporter.source = p->ports;
	identity_describe(&p->identity, p->o, &p->exporter.about);
	rc = worker_start(p->n_lanes, run_exporter, p, p->live);
	p->exporter_runs = rc == 0;
	for (; rc == 0 && !p->alone && p->lanes_running < p->n_lanes; p->lanes_running++)
		rc = worker_start(p->lanes_running, run_lane, &p->lanes[p->lanes_running], p->live);
	return rc;
}

/* A port receives before it is polled; a reader fills rings once somebody empties them. */
static bool start(struct probe *p)
{
	int rc;

	if (p->live && ports_start(p->ports, p->error, sizeof p->error))
		return false;
	rc = start_workers(p);
	if (rc == 0 && !p->live)
		rc = offline_start(p->offline);
	if (rc)
		snprintf(p->error, sizeof p->error, "cannot start a thread: %s", strerror(-rc));
	return rc == 0;
}

/* What was started ends; lanes that never ran have nothing to say. */
static void wait_for_workers(struct probe *p)
{
	for (unsigned int i = p->lanes_running; i < p->n_lanes; i++)
		atomic_store(&p->lanes[i].done, true);
	for (unsigned int i = 0; i < p->lanes_running; i++)
		worker_wait(i, p->live);
	if (p->exporter_runs)
		worker_wait(p->n_lanes, p->live);
	if (!p->live)
		offline_wait(p->offline);
}

/* The settings of lanes are the reload's from then on. */
static bool start_reload(struct probe *p)
{
	const struct reload_probe about = {
		.o = p->o,
		.exporter = &p->exporter,
		.lanes = p->lanes,
		.n_lanes = p->n_lanes,
		.outputs = p->outputs,
		.n_outputs = p->exporter.n_outputs,
		.settings = p->settings,
		.identity = &p->identity,
		.applications = p->applications,
		.n_applications = p->n_applications,
		.stop = &p->stop,
		.began = notify_reloading,
		.ended = notify_reloaded,
	};

	if (!p->o->config_path && !p->live)
		return true;
	if (reload_create(&p->reload, &about)) {
		snprintf(p->error, sizeof p->error,
			 "cannot start the thread that changes settings");
		return false;
	}
	p->settings = NULL;
	return true;
}

/* Whoever asks on the control socket. */
static bool start_control(struct probe *p)
{
	int rc;

	if (!p->control)
		return true;
	p->asked = (struct control_probe){p->o, &p->exporter, p->ports, p->reload};
	rc = control_reload_add(p->control, p->o->config_path ? p->reload : NULL);
	if (rc == 0)
		rc = control_probe_start(p->control, &p->asked);
	if (rc)
		snprintf(p->error, sizeof p->error, "cannot start a thread: %s", strerror(-rc));
	return rc == 0;
}

static bool start_watch(struct probe *p)
{
	const struct snapshot_source source = {.o = p->o,
					       .lanes = p->lanes,
					       .n_lanes = p->n_lanes,
					       .exporter = &p->exporter,
					       .ports = p->ports,
					       .started_ns = p->started_ns};

	return watch_open(&p->watch, &source, p->error, sizeof p->error) == 0;
}

/* What answers while the probe runs ends before what it looks at is gone. */
static void stop_services(struct probe *p)
{
	reload_end_soon(p->reload); /* whom the control socket waits for */
	control_stop(p->control);
	p->reload_hangs = !reload_destroy(p->reload);
}

static void tell_manager(struct probe *p)
{
	p->notify = (struct notify){
		.lanes = p->lanes,
		.n_lanes = p->n_lanes,
		.exporter = &p->exporter,
		.lost_packets = p->live ? ports_lost_packets : NULL,
		.source = p->ports,
	};
	notify_ready(&p->notify);
}

/* What the operator can put right in the configuration is told apart from what broke. */
static int run(struct probe *p)
{
	bool opened = false;

	if (control_probe_open(&p->control, p->o, p->live, p->error, sizeof p->error) ||
	    ((opened = open_input(p)) && !open_outputs(p))) {
		log_error("%s", p->error);
		return OPTIONS_EXIT_BAD;
	}
	if (!opened || !make_settings(p) || !make_lanes(p) || !tell_applications(p)) {
		log_error("%s", p->error);
		return EXIT_FAILURE;
	}
	if (!start(p) || !start_reload(p) || !start_control(p) || !start_watch(p)) {
		atomic_store(&p->stop, true);
		wait_for_workers(p);
		stop_services(p);
		log_error("%s", p->error);
		return EXIT_FAILURE;
	}
	if (p->live) {
		char size[OPTIONS_TABLE_SIZE_LEN];

		options_table_size(p->o, size, sizeof size);
		log_notice("%s", size);
		log_notice("reading; Ctrl-C ends and reports");
	}
	tell_manager(p);
	probe_wait_for_end(p);
	wait_for_workers(p);
	stop_services(p);
	return probe_report(p) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void take_down(struct probe *p)
{
	watch_close(p->watch);
	control_close(p->control);
	for (unsigned int i = 0; i < p->n_lanes; i++) {
		pfring_ft_destroy_table(p->lanes[i].table);
		free(p->lanes[i].ended);
		lane_query_free(p->lanes[i].query);
	}
	for (unsigned int i = 0; i < p->exporter.n_outputs; i++)
		output_free(p->exporter.outputs[i]);
	privacy_destroy(p->exporter.privacy);
	free(p->applications);
	lane_settings_destroy(p->settings);
	exporter_fini(&p->exporter);
	if (p->ports)
		ports_close(p->ports);
	if (p->offline)
		offline_close(p->offline);
	close(p->ended_fd);
}

int probe_run(const struct options *o)
{
	struct probe *p = calloc(1, sizeof *p);
	int code = EXIT_FAILURE;

	if (!p) {
		log_error("no memory");
		return EXIT_FAILURE;
	}
	if (!overwrite_check(o, p->error, sizeof p->error)) {
		log_error("%s", p->error);
		free(p);
		return OPTIONS_EXIT_BAD;
	}
	exporter_init(&p->exporter);
	p->o = o;
	p->live = o->n_files == 0;
	p->alone = !p->live && o->lane.count == 1 && workers_share_cpu();
	p->ended_fd = eventfd(0, EFD_CLOEXEC);
	if (file_check_writable(o->probe.stats_json) && pid_file_write(o->probe.pid_file)) {
		code = run(p);
		pid_file_remove(o->probe.pid_file);
	}
	if (p->reload_hangs)
		return code;
	take_down(p);
	free(p);
	return code;
}
