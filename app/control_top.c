/* SPDX-License-Identifier: BSD-3-Clause */
/* top: the flows in the tables now, by host and by application. */
#include "control_probe.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <json-c/json.h>

#include "core/clock.h"
#include "flow_scan.h"
#include "flow_top.h"

/* Hosts, and applications, that are told. */
#define TOP_DEFAULT 10
#define TOP_MAX	    100

struct top_job {
	struct flow_scan scan;
	struct flow_top top;
	unsigned int limit;
};

static void free_job(void *self)
{
	struct top_job *job = self;

	flow_top_free(&job->top);
	free(job);
}

static struct json_object *talker(const struct talker *t)
{
	struct json_object *o = json_object_new_object();
	char text[INET6_ADDRSTRLEN] = "";

	if (t->name[0])
		json_object_object_add(o, "application", json_object_new_string(t->name));
	else
		json_object_object_add(
			o, "ip",
			json_object_new_string(inet_ntop(t->ip_version == 6 ? AF_INET6 : AF_INET,
							 t->address, text, sizeof text)));
	json_object_object_add(o, "flows", json_object_new_uint64(t->flows));
	json_object_object_add(o, "bytes", json_object_new_uint64(t->bytes));
	json_object_object_add(o, "bits_per_s", json_object_new_uint64((uint64_t)t->bits_per_s));
	return o;
}

static struct json_object *talkers(const struct talker *const *list, unsigned int n)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < n; i++)
		json_object_array_add(all, talker(list[i]));
	return all;
}

static void finish(const struct top_job *job, struct control_reply *r)
{
	struct json_object *more = json_object_new_object(), *o = json_object_new_object();
	const struct flow_top *t = &job->top;
	const struct talker *list[TOP_MAX];

	json_object_object_add(o, "flows", json_object_new_uint64(t->flows));
	json_object_object_add(o, "bits_per_s", json_object_new_uint64((uint64_t)t->bits_per_s));
	json_object_object_add(o, "hosts", talkers(list, flow_top_hosts(t, list, job->limit)));
	json_object_object_add(o, "crowded_out", json_object_new_uint64(t->crowded_out));
	json_object_object_add(o, "crowded_out_bits_per_s",
			       json_object_new_uint64((uint64_t)t->crowded_out_bits_per_s));
	json_object_object_add(o, "applications",
			       talkers(list, flow_top_applications(t, list, job->limit)));
	json_object_object_add(more, "top", o);
	control_reply_done(r, more);
}

static bool step_top(void *self, struct control_reply *r)
{
	struct top_job *job = self;
	int more = flow_scan_step(&job->scan);

	if (more > 0)
		return false;
	if (more < 0)
		control_reply_error(r, SIZE_MAX, "lane %u does not answer", job->scan.silent);
	else
		finish(job, r);
	return true;
}

static unsigned int read_limit(struct json_object *request)
{
	struct json_object *member;
	int64_t n;

	if (!json_object_object_get_ex(request, "limit", &member))
		return TOP_DEFAULT;
	n = json_object_get_int64(member);
	return n < 1 ? 1 : n > TOP_MAX ? TOP_MAX : (unsigned int)n;
}

/* Of files, now is the latest time of the packets. */
static uint64_t now_of(const struct control_probe *p)
{
	uint64_t now_ns = 0;

	if (p->exporter->live)
		return clock_wall_ns();
	for (unsigned int i = 0; i < p->exporter->n_lanes; i++) {
		const struct input *in = &p->exporter->lanes[i].input;
		const uint64_t reached_ns = in->now_ns(in->self);

		now_ns = reached_ns > now_ns ? reached_ns : now_ns;
	}
	return now_ns;
}

void control_run_top(void *self, struct json_object *request, struct control_reply *r)
{
	struct control_probe *p = self;
	struct top_job *job = calloc(1, sizeof *job);

	if (!job || flow_top_init(&job->top, now_of(p))) {
		free(job);
		control_reply_error(r, SIZE_MAX, "no memory");
		return;
	}
	job->limit = read_limit(request);
	job->scan = (struct flow_scan){
		.lanes = p->exporter->lanes,
		.n_lanes = p->exporter->n_lanes,
		.shift_ns = control_probe_shift_ns(p),
		.see = flow_top_see,
		.self = &job->top,
	};
	flow_scan_begin(&job->scan);
	control_reply_job(r, &(struct control_job){step_top, free_job, job});
}
