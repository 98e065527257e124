/* SPDX-License-Identifier: BSD-3-Clause */
/* status: what ran through the probe by now. Each lane's numbers are of one moment. */
#include "control_probe.h"

#include <string.h>
#include <unistd.h>

#include <json-c/json.h>
#include <rte_ring.h>

#include "core/clock.h"
#include "ft/ft.h"
#include "lane_query.h"

/* A lane that polls answers at once; one that sleeps, within a millisecond or a few. */
#define ANSWER_NS ((uint64_t)SECOND_NS / 5)
#define LOOK_NS	  50000

static void add(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

/* ---- lanes ---- */

struct lane_numbers_now {
	struct lane_counters counters;
	uint64_t flows_active;
	bool answered; /* else each number is right, but they are of different moments */
};

static void ask_lanes(const struct control_probe *p)
{
	for (unsigned int i = 0; i < p->exporter->n_lanes; i++)
		if (p->exporter->lanes[i].query)
			lane_query_counters(p->exporter->lanes[i].query);
}

static void read_lane(const struct lane *l, uint64_t deadline_ns, struct lane_numbers_now *n)
{
	struct lane_query *q = l->query;
	bool done = !q;

	while (!done && !lane_query_counted(q)) {
		done = atomic_load_explicit(&l->done, memory_order_acquire) ||
		       clock_monotonic_ns() > deadline_ns;
		if (!done)
			sleep_ns(LOOK_NS);
	}
	n->answered = !done;
	if (n->answered) {
		n->counters = q->counters;
		n->flows_active = q->flows_active;
		return;
	}
	n->counters = (struct lane_counters){0};
	lane_counters_add(&n->counters, ft_counters(l->table));
	n->flows_active = ft_flows_active(l->table);
	n->answered = atomic_load_explicit(&l->done, memory_order_acquire);
}

static struct json_object *drops(const struct lane_counters *c)
{
	struct json_object *o = json_object_new_object();

	for (int i = DROP_NONE + 1; i < DROP_N; i++)
		add(o, drop_reason_text((enum drop_reason)i)->name, c->dropped[i]);
	return o;
}

static void add_counters(struct json_object *o, const struct lane_counters *c)
{
	struct json_object *table = json_object_new_object();

	add(o, "rx_packets", c->rx_packets);
	add(o, "rx_bytes", c->rx_bytes);
	add(o, "metered_packets", c->metered_packets);
	add(o, "metered_bytes", c->metered_bytes);
	json_object_object_add(o, "dropped", drops(c));
	for (int i = 0; i < TABLE_N; i++)
		add(table, table_counter_text((enum table_counter)i)->name, c->table[i]);
	json_object_object_add(o, "table", table);
}

static struct json_object *lane(const struct control_probe *p, unsigned int i,
				const struct lane_numbers_now *n)
{
	const struct lane *l = &p->exporter->lanes[i];
	struct json_object *o = json_object_new_object();

	add(o, "lane", l->id);
	json_object_object_add(o, "answered", json_object_new_boolean(n->answered));
	add(o, "flows", n->flows_active);
	add(o, "flows_max", p->o->table.max_flows);
	add(o, "ring", rte_ring_count(l->ended));
	add(o, "ring_max", rte_ring_get_capacity(l->ended));
	add_counters(o, &n->counters);
	return o;
}

static void add_lanes(struct json_object *o, const struct control_probe *p)
{
	const uint64_t deadline_ns = clock_monotonic_ns() + ANSWER_NS;
	struct json_object *all = json_object_new_array(), *total = json_object_new_object();
	struct lane_counters sum = {0};
	uint64_t flows = 0, ring = 0;

	ask_lanes(p);
	for (unsigned int i = 0; i < p->exporter->n_lanes; i++) {
		struct lane_numbers_now n;

		read_lane(&p->exporter->lanes[i], deadline_ns, &n);
		lane_counters_add(&sum, &n.counters);
		flows += n.flows_active;
		ring += rte_ring_count(p->exporter->lanes[i].ended);
		json_object_array_add(all, lane(p, i, &n));
	}
	add(total, "flows", flows);
	add(total, "flows_max", (uint64_t)p->o->table.max_flows * p->exporter->n_lanes);
	add(total, "ring", ring);
	add_counters(total, &sum);
	json_object_object_add(o, "total", total);
	json_object_object_add(o, "lanes", all);
}

/* ---- ports and outputs ---- */

static struct json_object *ports(const struct control_probe *p)
{
	struct json_object *all = json_object_new_array();
	struct port_stats s[PORTS_MAX];
	const unsigned int n = p->ports ? ports_stats(p->ports, s) : 0;

	for (unsigned int i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		add_text(o, "port", s[i].name);
		add(o, "rx_packets", s[i].rx_packets);
		add(o, "missed", s[i].missed);
		add(o, "no_mbuf", s[i].no_mbuf);
		add(o, "errors", s[i].errors);
		add(o, "kernel_drops", s[i].kernel_drops);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *output(const struct output *output)
{
	const struct output_counters *c = output_counters(output);
	struct json_object *o = json_object_new_object(), *dropped = json_object_new_object();

	add_text(o, "output", output_name(output));
	for (int i = 0; i < OUTPUT_N; i++)
		add(o, output_counter_text((enum output_counter)i)->name,
		    __atomic_load_n(&c->count[i], __ATOMIC_RELAXED));
	for (int i = 0; i < OUTPUT_DROP_N; i++)
		add(dropped, output_drop_text((enum output_drop)i)->name,
		    __atomic_load_n(&c->dropped[i], __ATOMIC_RELAXED));
	json_object_object_add(o, "dropped", dropped);
	return o;
}

static struct json_object *outputs(struct exporter *e)
{
	struct json_object *all = json_object_new_array();

	exporter_hold(e);
	for (unsigned int i = 0; i < e->n_outputs; i++)
		json_object_array_add(all, output(e->outputs[i]));
	exporter_let_go(e);
	return all;
}

void control_run_status(void *self, struct json_object *request, struct control_reply *r)
{
	const struct control_probe *p = self;
	struct json_object *more = json_object_new_object(), *o = json_object_new_object();

	(void)request;
	add_text(o, "version", FTPROBE_VERSION);
	add(o, "pid", (uint64_t)getpid());
	add_text(o, "mode", p->exporter->live ? "live" : "file");
	add_text(o, "file_prefix", p->o->eal.file_prefix);
	add(o, "uptime_ns", clock_monotonic_ns() - p->exporter->started_ns);
	add_lanes(o, p);
	json_object_object_add(o, "ports", ports(p));
	json_object_object_add(o, "outputs", outputs(p->exporter));
	json_object_object_add(more, "status", o);
	control_reply_done(r, more);
}
