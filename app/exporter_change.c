/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs that come and go while records flow. */
#include "exporter_change.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/clock.h"
#include "log.h"

/* Whoever asked looks so often whether the exporter has come by. */
#define LOOK_NS 200000
/*
 * An output whose place is taken over gets so long to empty itself, and an address so long to
 * become free: the exporter stands still meanwhile, and the rings have to bear it.
 */
#define REOPEN_CLOSE_NS (SECOND_NS / 5)
#define REOPEN_TRIES	50
#define REOPEN_TRY_NS	(SECOND_NS / 200)

void exporter_init(struct exporter *e)
{
	pthread_mutex_init(&e->lock, NULL);
}

void exporter_fini(struct exporter *e)
{
	pthread_mutex_destroy(&e->lock);
}

void exporter_hold(struct exporter *e)
{
	pthread_mutex_lock(&e->lock);
}

void exporter_let_go(struct exporter *e)
{
	pthread_mutex_unlock(&e->lock);
}

static int open_patiently(struct output **out, const struct output_spec *spec, char *error,
			  size_t error_len)
{
	int rc = 0;

	for (int i = 0; i < REOPEN_TRIES; i++) {
		rc = output_open(out, spec, error, error_len);
		if (rc != -EADDRINUSE)
			break;
		sleep_ns(REOPEN_TRY_NS);
	}
	return rc;
}

/* The old one makes room. When the new one cannot be, it comes back; when it cannot, it is shut. */
static void reopen(struct exporter_change *c, unsigned int i)
{
	struct output *old = c->outputs[i], *o;
	const struct output_spec before = *output_spec_of(old);
	char error[256];

	output_close(old, clock_monotonic_ns() + REOPEN_CLOSE_NS);
	c->failed[i] = open_patiently(&o, c->reopen[i], c->error, sizeof c->error) != 0;
	if (!c->failed[i] || open_patiently(&o, &before, error, sizeof error) == 0)
		c->outputs[i] = o;
	output_set_applications(c->outputs[i], c->applications, c->n_applications);
}

static unsigned int place_of(struct output *const *list, unsigned int n, const struct output *o)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i] == o)
			return i;
	return n;
}

static void list_gone(const struct exporter *e, struct exporter_change *c)
{
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		if (place_of(c->outputs, c->n_outputs, e->outputs[i]) < c->n_outputs)
			continue;
		c->gone[c->n_gone] = e->outputs[i];
		c->gone_given[c->n_gone++] = e->records - e->since[i];
	}
}

/* What is kept of an output stands where the output stands. */
static void put_in_place(struct exporter *e, const struct exporter_change *c)
{
	struct exporter_events events[OUTPUTS_MAX];
	struct output_trouble trouble[OUTPUTS_MAX];
	uint64_t since[OUTPUTS_MAX];
	unsigned int places[OUTPUTS_MAX];

	for (unsigned int i = 0; i < c->n_outputs; i++) {
		const unsigned int was = place_of(e->outputs, e->n_outputs, c->outputs[i]);
		const bool stays = was < e->n_outputs;

		events[i] = stays ? e->events[was] : (struct exporter_events){0};
		trouble[i] = stays ? e->trouble[was] : (struct output_trouble){0};
		since[i] = stays ? e->since[was] : e->records;
		/* Who opens an output asks it; those that were opened here have to be. */
		places[i] = stays ? was : OUTPUTS_MAX + (c->reopen[i] ? 1 : 0);
	}
	exporter_traffic_order(e, places, c->n_outputs);
	memcpy(e->events, events, c->n_outputs * sizeof events[0]);
	memcpy(e->trouble, trouble, c->n_outputs * sizeof trouble[0]);
	memcpy(e->since, since, c->n_outputs * sizeof since[0]);
	memcpy(e->outputs, c->outputs, c->n_outputs * sizeof e->outputs[0]);
	e->n_outputs = c->n_outputs;
}

static void apply(struct exporter *e, struct exporter_change *c)
{
	for (unsigned int i = 0; i < c->n_outputs; i++)
		if (c->reopen[i])
			reopen(c, i);
	list_gone(e, c);
	put_in_place(e, c);
	for (unsigned int i = 0; i < e->n_outputs; i++)
		output_set_missing_sources(e->outputs[i], c->missing_sources);
	e->stop_timeout_ns = c->stop_timeout_ns;
	e->about.lifetime_s = c->lifetime_s;
	e->about.idle_s = c->idle_s;
	atomic_store_explicit(&c->done, true, memory_order_release);
}

void exporter_take_change(struct exporter *e)
{
	struct exporter_change *c;

	/* Somebody reads: the next turn will do. */
	if (pthread_mutex_trylock(&e->lock))
		return;
	/* A run that ends is told as it was: whoever stops it holds the outputs afterwards. */
	c = atomic_load(e->stop) ? NULL : atomic_exchange(&e->change, NULL);
	if (c)
		apply(e, c);
	pthread_mutex_unlock(&e->lock);
}

bool exporter_ask_change(struct exporter *e, struct exporter_change *change)
{
	atomic_store(&e->change, change);
	while (!atomic_load_explicit(&change->done, memory_order_acquire)) {
		/* Taken back when nobody takes it; else it is being taken. */
		if (atomic_load(&e->ended) && atomic_exchange(&e->change, NULL))
			return false;
		sleep_ns(LOOK_NS);
	}
	return true;
}

static uint64_t dropped(const struct output_counters *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < OUTPUT_DROP_N; i++)
		sum += c->dropped[i];
	return sum;
}

static void add_up(struct exporter_ended *sum, const struct output_counters *c, uint64_t given)
{
	sum->n++;
	sum->given += given + c->count[OUTPUT_uniflows] + c->count[OUTPUT_recovered];
	for (int i = 0; i < OUTPUT_N; i++)
		sum->counters.count[i] += c->count[i];
	for (int i = 0; i < OUTPUT_DROP_N; i++)
		sum->counters.dropped[i] += c->dropped[i];
}

void exporter_bury(struct exporter *e, struct output *o, uint64_t given, uint64_t deadline_ns)
{
	const struct output_counters *c = output_counters(o);

	output_close(o, deadline_ns);
	log_always(LOG_LEVEL_NOTICE,
		   "output %s is closed: of %" PRIu64 " records %" PRIu64 " sent, %" PRIu64
		   " in doubt, %" PRIu64 " dropped, %" PRIu64 " queued",
		   output_name(o), c->count[OUTPUT_offered], c->count[OUTPUT_sent],
		   c->count[OUTPUT_in_doubt], dropped(c), c->count[OUTPUT_queued]);
	exporter_hold(e);
	add_up(&e->before, c, given);
	exporter_let_go(e);
	output_free(o);
}
