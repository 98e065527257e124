/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads, opens, asks lanes and exporter, and says what came of it. */
#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "exporter_change.h"
#include "lane.h"
#include "log.h"
#include "overwrite.h"
#include "reload_internal.h"
#include "reload_plan.h"

/* How often the lanes are asked whether they have come by. */
#define LOOK_NS 200000

/* One reload under way. */
struct turn {
	struct options *fresh;
	uint32_t processors;
	struct reload_output fates[OUTPUTS_MAX];
	struct opened_output outputs[OUTPUTS_MAX];
	struct lane_settings *settings;
	struct exporter_change change;
	struct reload_words words;
};

/* ---- lanes ---- */

/* False when the program ends before all lanes have come by; settings in use stay. */
static bool tell_lanes(struct reload *r, struct lane_settings *s)
{
	struct reload_probe *p = &r->probe;

	p->settings->next = r->old;
	r->old = p->settings;
	p->settings = s;
	for (unsigned int i = 0; i < p->n_lanes; i++)
		lane_settings_ask(&p->lanes[i], s);
	for (unsigned int i = 0; i < p->n_lanes; i++)
		while (!lane_settings_are_taken(&p->lanes[i], s)) {
			if (atomic_load_explicit(p->stop, memory_order_relaxed))
				return false;
			sleep_ns(LOOK_NS);
		}
	/* Every lane has taken the new ones or has ended: nobody reads these any more. */
	while (r->old) {
		struct lane_settings *next = r->old->next;

		lane_settings_destroy(r->old);
		r->old = next;
	}
	return true;
}

static int make_settings(struct reload *r, struct turn *t)
{
	const struct lane_settings_from from = {.o = t->fresh,
						.processors = t->processors,
						.outputs = t->outputs,
						.n_outputs = t->fresh->n_outputs,
						.leaving = r->leaving,
						.n_leaving = r->n_leaving};

	return lane_settings_create(&t->settings, &from, t->words.error, sizeof t->words.error);
}

/* ---- outputs ---- */

static bool is_new(const struct turn *t, unsigned int i)
{
	return t->fates[i].fate == RELOAD_OPENS;
}

static void close_new(struct turn *t, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (is_new(t, i))
			output_free(t->outputs[i].output);
}

/* No reload empties a file of lines: what is in it may be what this probe wrote. */
static void tell_place(const struct reload *r, struct output_spec *s)
{
	s->append = true;
	s->header_comes = false;
	for (unsigned int i = 0; i < r->probe.n_outputs; i++)
		s->header_comes |= opened_output_heads(&r->probe.outputs[i], s);
	snprintf(s->probe_ip, sizeof s->probe_ip, "%s", r->probe.identity->ip);
}

/* What stands in the place of another is opened by the exporter. */
static int open_outputs(struct reload *r, struct turn *t)
{
	struct options *fresh = t->fresh;
	char error[512];

	for (unsigned int i = 0; i < fresh->n_outputs; i++) {
		int rc;

		tell_place(r, &fresh->outputs[i]);
		if (!is_new(t, i)) {
			t->outputs[i] = r->probe.outputs[t->fates[i].was];
			continue;
		}
		rc = opened_output_open(&t->outputs[i], &fresh->outputs[i], error, sizeof error);
		if (rc) {
			snprintf(t->words.error, sizeof t->words.error, "%s: [output %s]: %s",
				 fresh->config_path, fresh->outputs[i].name, error);
			close_new(t, i);
			return rc;
		}
		output_set_applications(t->outputs[i].output, r->probe.applications,
					r->probe.n_applications);
	}
	return 0;
}

/* Running outputs that are none of the new ones. */
static void find_leaving(struct reload *r, struct turn *t)
{
	r->n_leaving = 0;
	for (unsigned int i = 0; i < r->probe.n_outputs; i++) {
		const struct opened_output *o = &r->probe.outputs[i];
		bool stays = false;

		for (unsigned int k = 0; k < t->fresh->n_outputs; k++)
			stays |= !is_new(t, k) && t->fates[k].was == i;
		if (stays)
			continue;
		r->leaving[r->n_leaving++] = *o;
		reload_say(t->words.changed, "; ", "output %s: closed", o->spec.name);
	}
}

static void fill_change(struct reload *r, struct turn *t)
{
	const struct options *o = t->fresh;
	struct exporter_change *c = &t->change;

	c->n_outputs = o->n_outputs;
	for (unsigned int i = 0; i < o->n_outputs; i++) {
		c->outputs[i] = t->outputs[i].output;
		if (t->fates[i].fate == RELOAD_REOPENS)
			c->reopen[i] = &o->outputs[i];
	}
	c->applications = r->probe.applications;
	c->n_applications = r->probe.n_applications;
	c->missing_sources = processors_missing_sources(t->processors);
	c->stop_timeout_ns = o->probe.stop_timeout_ns;
	c->lifetime_s = (uint32_t)(o->table.active_timeout_ns / SECOND_NS);
	c->idle_s = (uint32_t)(o->table.idle_timeout_ns / SECOND_NS);
}

/* What the exporter made of it is what runs from now on. */
static void note_outputs(struct reload *r, struct turn *t)
{
	struct exporter_change *c = &t->change;

	for (unsigned int i = 0; i < c->n_outputs; i++) {
		struct opened_output *o = &t->outputs[i];

		if (c->failed[i]) {
			log_always(LOG_LEVEL_ERROR,
				   "output %s: cannot be opened anew, kept as it was: %s",
				   o->spec.name, c->error);
			reload_say(t->words.changed, "; ", "output %s: as before, since %s",
				   o->spec.name, c->error);
			t->fresh->outputs[i] = o->spec;
			o->output = c->outputs[i];
		} else if (c->reopen[i]) {
			opened_output_note(o, c->outputs[i], &t->fresh->outputs[i]);
		}
	}
	memcpy(r->probe.outputs, t->outputs, c->n_outputs * sizeof t->outputs[0]);
	r->probe.n_outputs = c->n_outputs;
}

static void bury(struct reload *r, struct turn *t)
{
	const uint64_t deadline_ns = clock_monotonic_ns() + t->fresh->probe.stop_timeout_ns;

	for (unsigned int i = 0; i < t->change.n_gone; i++)
		exporter_bury(r->probe.exporter, t->change.gone[i], t->change.gone_given[i],
			      deadline_ns);
	r->n_leaving = 0;
}

/* ---- the whole ---- */

static int prepare(struct reload *r, struct turn *t)
{
	struct reload_words *w = &t->words;
	int rc = reload_read(t->fresh, r->running, w->error, sizeof w->error);

	if (rc == 0)
		rc = reload_plan_settings(t->fresh, r->running, r->room, &t->processors, w);
	if (rc == 0 && !overwrite_check(t->fresh, w->error, sizeof w->error))
		rc = -EINVAL;
	if (rc)
		return rc;
	rc = reload_plan_outputs(t->fates, t->fresh, r->probe.outputs, r->probe.n_outputs, w);
	if (rc == 0)
		rc = open_outputs(r, t);
	if (rc)
		return rc;
	find_leaving(r, t);
	rc = make_settings(r, t);
	if (rc) {
		close_new(t, t->fresh->n_outputs);
		r->n_leaving = 0;
	}
	return rc;
}

/* Once the traffic of closed outputs is that of others. */
static void forget_traffic(struct reload *r, struct turn *t)
{
	if (make_settings(r, t))
		log_always(LOG_LEVEL_WARNING, "reload: %s", t->words.error);
	else
		tell_lanes(r, t->settings);
}

/* Lanes first: they have to know the traffic of an output before there is any. */
static int apply(struct reload *r, struct turn *t)
{
	const bool some_leave = r->n_leaving > 0;

	/* Else that of ftprobectl stays. */
	if (t->fresh->probe.log_level != r->running->probe.log_level)
		log_set_level(t->fresh->probe.log_level);
	fill_change(r, t);
	if (!tell_lanes(r, t->settings) || !exporter_ask_change(r->probe.exporter, &t->change)) {
		close_new(t, t->fresh->n_outputs);
		snprintf(t->words.error, sizeof t->words.error, "the program ends");
		return -ECANCELED;
	}
	note_outputs(r, t);
	bury(r, t);
	if (some_leave)
		forget_traffic(r, t);
	r->processors = t->processors;
	return 0;
}

static void keep_options(struct reload *r, struct options *fresh)
{
	struct options *before = r->running;

	pthread_mutex_lock(&r->lock);
	r->running = fresh;
	pthread_mutex_unlock(&r->lock);
	options_free(before);
	free(before);
}

static void drop_options(struct options *o)
{
	if (!o)
		return;
	options_free(o);
	free(o);
}

static int reload_once(struct reload *r, char *message, size_t len)
{
	struct turn *t = calloc(1, sizeof *t);
	int rc = -ENOMEM;

	if (t)
		t->fresh = calloc(1, sizeof *t->fresh);
	if (!t || !t->fresh) {
		free(t);
		snprintf(message, len, "kept the old configuration: no memory");
		return rc;
	}
	if (r->probe.began)
		r->probe.began();
	rc = prepare(r, t);
	if (rc == 0)
		rc = apply(r, t);
	if (rc == 0)
		keep_options(r, t->fresh);
	else
		drop_options(t->fresh);
	reload_tell(&t->words, rc ? NULL : r->running->config_path, message, len);
	if (r->probe.ended) {
		snprintf(t->words.error, sizeof t->words.error, "%.*s", (int)strcspn(message, "\n"),
			 message);
		r->probe.ended(t->words.error);
	}
	free(t);
	return rc;
}

/* .lock is held, but not while it works. */
static void serve(struct reload *r, char *message)
{
	const uint64_t asked = r->asked;
	int rc;

	pthread_mutex_unlock(&r->lock);
	rc = reload_once(r, message, sizeof r->message);
	pthread_mutex_lock(&r->lock);
	r->result = rc;
	memcpy(r->message, message, sizeof r->message);
	r->answered = asked;
	pthread_cond_broadcast(&r->news);
}

static void follow_traffic(struct reload *r)
{
	const struct reload_probe *p = &r->probe;
	const struct lane_settings_from from = {.o = r->running,
						.processors = r->processors,
						.outputs = p->outputs,
						.n_outputs = p->n_outputs};
	struct lane_settings *s;
	char error[256];

	r->moved = false;
	pthread_mutex_unlock(&r->lock);
	if (exporter_traffic_take(p->exporter, p->outputs, p->n_outputs)) {
		if (lane_settings_create(&s, &from, error, sizeof error))
			log_warning("a collector has another address, and what the probe sends "
				    "there is metered: %s",
				    error);
		else
			tell_lanes(r, s);
	}
	pthread_mutex_lock(&r->lock);
}

static void *run(void *self)
{
	struct reload *r = self;
	char *message = malloc(sizeof r->message);

	pthread_mutex_lock(&r->lock);
	while (message && !r->ends) {
		if (r->moved)
			follow_traffic(r);
		else if (r->asked != r->answered)
			serve(r, message);
		else
			pthread_cond_wait(&r->news, &r->lock);
	}
	r->ends = r->over = true;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
	free(message);
	return NULL;
}

/* ---- from outside ---- */

static int init_lock(struct reload *r)
{
	pthread_condattr_t attributes;
	int rc = pthread_mutex_init(&r->lock, NULL);

	if (rc)
		return -rc;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	rc = pthread_cond_init(&r->news, &attributes);
	pthread_condattr_destroy(&attributes);
	return -rc;
}

static void note_move(void *self)
{
	struct reload *r = self;

	pthread_mutex_lock(&r->lock);
	r->moved = true;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
}

int reload_create(struct reload **out, const struct reload_probe *p)
{
	struct reload *r = calloc(1, sizeof *r);
	struct ft_options ft;
	int rc = -ENOMEM;

	if (r)
		r->running = malloc(sizeof *r->running);
	if (r && r->running) {
		r->probe = *p;
		*r->running = *p->o;
		options_to_ft(p->o, &ft);
		r->processors = ft.processors;
		r->room = ft.processors | ft.processors_room;
		rc = init_lock(r);
	}
	if (rc == 0)
		rc = -pthread_create(&r->thread, NULL, run, r);
	if (rc) {
		free(r ? r->running : NULL);
		free(r);
		return rc;
	}
	exporter_traffic_listen(p->exporter, note_move, r);
	*out = r;
	return 0;
}
