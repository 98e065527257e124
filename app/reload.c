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
#include "reload_plan.h"

/* How often the lanes are asked whether they have come by. */
#define LOOK_NS 200000

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
	bool ends, over;	  /* the thread is told to end; it does */
	int result;
	char message[2 * RELOAD_TEXT_BYTES];
};

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

static void *run(void *self)
{
	struct reload *r = self;
	char *message = malloc(sizeof r->message);

	pthread_mutex_lock(&r->lock);
	while (message && !r->ends) {
		const uint64_t asked = r->asked;
		int rc;

		if (asked == r->answered) {
			pthread_cond_wait(&r->news, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		rc = reload_once(r, message, sizeof r->message);
		pthread_mutex_lock(&r->lock);
		r->result = rc;
		memcpy(r->message, message, sizeof r->message);
		r->answered = asked;
		pthread_cond_broadcast(&r->news);
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
	*out = r;
	return 0;
}

void reload_ask_soon(struct reload *r)
{
	pthread_mutex_lock(&r->lock);
	r->asked++;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
}

static struct timespec monotonic_in(uint64_t ns)
{
	const uint64_t end_ns = clock_monotonic_ns() + ns;

	return (struct timespec){.tv_sec = (time_t)(end_ns / SECOND_NS),
				 .tv_nsec = (long)(end_ns % SECOND_NS)};
}

int reload_ask(struct reload *r, char *message, size_t len)
{
	const struct timespec end = monotonic_in(RELOAD_WAIT_NS);
	uint64_t mine;
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	mine = ++r->asked;
	pthread_cond_broadcast(&r->news);
	while (r->answered < mine && !r->ends && rc == 0)
		rc = -pthread_cond_timedwait(&r->news, &r->lock, &end);
	if (r->answered >= mine) {
		rc = r->result;
		snprintf(message, len, "%s", r->message);
	} else if (r->ends) {
		rc = -ECANCELED;
		snprintf(message, len, "the program ends");
	} else {
		snprintf(message, len, "not done yet; the log will say what came of it");
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

void reload_options(struct reload *r, struct options *out)
{
	pthread_mutex_lock(&r->lock);
	*out = *r->running;
	pthread_mutex_unlock(&r->lock);
}

/* False when it did not within ns. */
static bool wait_for_thread(struct reload *r, uint64_t ns)
{
	const struct timespec end = monotonic_in(ns);
	bool over;

	pthread_mutex_lock(&r->lock);
	r->ends = true;
	pthread_cond_broadcast(&r->news);
	while (!r->over && pthread_cond_timedwait(&r->news, &r->lock, &end) == 0)
		continue;
	over = r->over;
	pthread_mutex_unlock(&r->lock);
	if (over)
		pthread_join(r->thread, NULL);
	return over;
}

bool reload_destroy(struct reload *r)
{
	if (!r)
		return true;
	/* An output may be closing. */
	if (!wait_for_thread(r, RELOAD_END_NS + r->probe.exporter->stop_timeout_ns)) {
		log_warning("a reload is still under way; it ends with the program");
		return false;
	}
	lane_settings_destroy(r->probe.settings);
	while (r->old) {
		struct lane_settings *next = r->old->next;

		lane_settings_destroy(r->old);
		r->old = next;
	}
	drop_options(r->running);
	pthread_cond_destroy(&r->news);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return true;
}
