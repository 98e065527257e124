/* SPDX-License-Identifier: BSD-3-Clause */
/* A table's own export over ZMQ: one output of lib/export, behind a lock. */
#include "ft/zmq.h"

#include "core/clock.h"
#include "export/event.h"
#include "export/output.h"
#include "ft/log.h"
#include "ft/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A flow in so many sends; what waits between is sent by the table's housekeeping. */
#define FLOWS_A_POLL 32

struct ft_zmq {
	struct output *out;
	unsigned int flows;
	/* The latest event, or at first the beginning: what averages count from. */
	uint64_t since_ns, bytes, packets;
};

void ft_zmq_free(struct ft_zmq *zmq)
{
	if (!zmq)
		return;
	output_close(zmq->out, clock_monotonic_ns() + FT_ZMQ_DRAIN_NS);
	output_free(zmq->out);
	free(zmq);
}

static uint32_t sum_of_drops(const struct output_counters *c)
{
	uint64_t dropped = 0;

	for (int i = 0; i < OUTPUT_DROP_N; i++)
		dropped += c->dropped[i];
	return (uint32_t)dropped;
}

/* Leaves the numbers where even a signal handler may read them. Under the lock. */
static void note_numbers(struct ft_table *t, const struct ft_zmq *zmq)
{
	const struct output_counters *c = output_counters(zmq->out);

	atomic_store_explicit(&t->zmq_buffered, (u_int32_t)c->count[OUTPUT_queued],
			      memory_order_relaxed);
	atomic_store_explicit(&t->zmq_exported, (u_int32_t)c->count[OUTPUT_sent],
			      memory_order_relaxed);
	atomic_store_explicit(&t->zmq_dropped, sum_of_drops(c), memory_order_relaxed);
}

static void poll_export(struct ft_table *t, struct ft_zmq *zmq)
{
	output_poll(zmq->out, clock_wall_ns());
	note_numbers(t, zmq);
}

void ft_zmq_poll(struct ft_table *t)
{
	if (pthread_mutex_trylock(&t->zmq_lock))
		return;
	struct ft_zmq *zmq = t->zmq;

	if (zmq)
		poll_export(t, zmq);
	pthread_mutex_unlock(&t->zmq_lock);
}

/* Puts an export (or none) in the place of the one before, which is closed outside the lock. */
static void replace(struct ft_table *t, struct ft_zmq *zmq)
{
	struct ft_zmq *old;

	pthread_mutex_lock(&t->zmq_lock);
	old = t->zmq;
	t->zmq = zmq;
	t->zmq_buffered = t->zmq_exported = t->zmq_dropped = 0;
	pthread_mutex_unlock(&t->zmq_lock);
	ft_zmq_free(old);
}

static int read_spec(struct output_spec *spec, const char *endpoint, const char *key, char *error,
		     size_t error_len)
{
	if (!endpoint) {
		snprintf(error, error_len, "there is no endpoint; write tcp://ADDRESS:PORT");
		return -EINVAL;
	}
	if (key && (!key[0] || strlen(key) >= sizeof spec->zmq_server_key)) {
		snprintf(error, error_len,
			 "the server key is 40 characters of Z85 or 80 of hexadecimal; "
			 "NULL is for an export in clear");
		return -EINVAL;
	}
	if (key)
		memcpy(spec->zmq_server_key, key, strlen(key) + 1);
	return output_spec_read_zmq(spec, endpoint, error, error_len);
}

/*
 * Collectors number messages by source, and a program has a table a core, which may all go to one
 * collector; so may programs of several hosts.
 */
static uint32_t new_source_id(void)
{
	uint32_t id;

	if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id)
		id = (uint32_t)clock_wall_ns();
	return id ? id : 1;
}

static struct ft_zmq *open_export(const struct output_spec *spec, const pfring_ft_stats *s,
				  char *error, size_t error_len)
{
	struct ft_zmq *zmq = calloc(1, sizeof *zmq);

	if (!zmq) {
		snprintf(error, error_len, "out of memory");
		return NULL;
	}
	if (output_open(&zmq->out, spec, error, error_len)) {
		free(zmq);
		return NULL;
	}
	zmq->since_ns = clock_monotonic_ns();
	zmq->bytes = s->bytes;
	zmq->packets = s->packets;
	return zmq;
}

void pfring_ft_zmq_export_configure(pfring_ft_table *table, const char *endpoint,
				    const char *server_public_key, u_int8_t probe_mode,
				    u_int8_t disable_compression, u_int8_t use_json)
{
	struct output_spec spec = {
		.mode = probe_mode ? OUTPUT_MODE_CONNECT : OUTPUT_MODE_BIND,
		.zmq_compress = !disable_compression,
		.zmq_format = use_json ? ZMQ_JSON : ZMQ_TLV,
		.batch_records = 1, /* each flow leaves when it ends */
		.observation_domain = new_source_id(),
		.missing_sources = processors_missing_sources(0), /* tables of the API have none */
		.lossless = true, /* the first flows wait a moment for the collector to come */
	};
	struct ft_zmq *zmq = NULL;
	char error[512];

	if (!table) {
		ft_log("zmq_export_configure: there is no table");
		return;
	}
	replace(table, NULL); /* it may hold the port */
	if (read_spec(&spec, endpoint, server_public_key, error, sizeof error) == 0)
		zmq = open_export(&spec, pfring_ft_get_stats(table), error, sizeof error);
	if (!zmq) {
		ft_log("zmq_export_configure: %s", error);
		return;
	}
	replace(table, zmq);
	ft_debug("zmq_export_configure: %s %s as %s%s", probe_mode ? "to" : "at", spec.target,
		 use_json ? "JSON" : "TLV", server_public_key ? ", encrypted" : "");
}

void pfring_ft_zmq_export_flow(pfring_ft_flow *flow, void *user)
{
	struct ft_table *t = user;

	if (!flow)
		return;
	if (t) {
		pthread_mutex_lock(&t->zmq_lock);
		struct ft_zmq *zmq = t->zmq;

		if (zmq) {
			struct flow_record r;

			ft_flow_record(flow, &r);
			output_submit(zmq->out, &r);
			if (zmq->flows++ % FLOWS_A_POLL == 0)
				output_poll(zmq->out, clock_wall_ns());
			note_numbers(t, zmq);
		}
		pthread_mutex_unlock(&t->zmq_lock);
	}
	pfring_ft_flow_free(flow);
}

/* A timeout that the table's thread may change at this moment. */
static uint32_t seconds_of(const uint64_t *timeout_ns)
{
	return (uint32_t)(__atomic_load_n(timeout_ns, __ATOMIC_RELAXED) / SECOND_NS);
}

static void fill_traffic(struct export_event *e, const struct ft_table *t, const struct ft_zmq *zmq,
			 const pfring_ft_stats *s)
{
	e->time_s = clock_wall_ns() / SECOND_NS;
	e->bytes = s->bytes;
	e->packets = s->packets;
	e->interval_ns = clock_monotonic_ns() - zmq->since_ns;
	e->interval_bytes = s->bytes - zmq->bytes;
	e->interval_packets = s->packets - zmq->packets;
	e->lifetime_s = seconds_of(&t->flows->options.active_timeout_ns);
	e->idle_s = seconds_of(&t->flows->options.idle_timeout_ns);
	e->too_many_flows = s->err_no_mem;
}

/* The event leaves, or not: nobody may be interested, and the next one tells more. */
static void publish(struct ft_zmq *zmq, const struct export_event *e)
{
	char *json = export_event_json(e);

	if (json)
		output_publish(zmq->out, "event", json);
	free(json);
}

void pfring_ft_zmq_export_stats(pfring_ft_table *table, const char *if_name, u_int16_t if_speed,
				const char *if_ip, const char *management_ip)
{
	struct ft_table *t = table;
	struct export_event e = {
		.if_name = if_name,
		.if_ip = if_ip,
		.if_speed_mbps = if_speed,
		.probe_ip = management_ip,
		.version = FTPROBE_VERSION,
		.mode = "library",
		.outputs = 1,
	};

	if (!t)
		return;
	pthread_mutex_lock(&t->zmq_lock);
	struct ft_zmq *zmq = t->zmq;

	if (zmq) {
		const pfring_ft_stats s = *pfring_ft_get_stats(table);
		const struct output_counters *c = output_counters(zmq->out);

		poll_export(t, zmq);
		fill_traffic(&e, t, zmq, &s);
		e.export_queue_full = c->dropped[OUTPUT_DROP_queue_full];
		e.records_sent = c->count[OUTPUT_sent];
		e.source_id = output_spec_of(zmq->out)->observation_domain;
		publish(zmq, &e);
		zmq->since_ns += e.interval_ns;
		zmq->bytes = s.bytes;
		zmq->packets = s.packets;
	}
	pthread_mutex_unlock(&t->zmq_lock);
}

void pfring_ft_zmq_get_stats(pfring_ft_table *table, pfring_ft_export_stats *stats)
{
	struct ft_table *t = table;

	if (!stats)
		return;
	*stats = (pfring_ft_export_stats){0};
	if (!t)
		return;
	stats->num_buffered_records = atomic_load_explicit(&t->zmq_buffered, memory_order_relaxed);
	stats->exported_flows = atomic_load_explicit(&t->zmq_exported, memory_order_relaxed);
	stats->dropped_flows = atomic_load_explicit(&t->zmq_dropped, memory_order_relaxed);
}
