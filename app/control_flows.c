/* SPDX-License-Identifier: BSD-3-Clause */
/* flows: a scan of the tables, the rows of a query, and one line of JSON for each. */
#include "control_probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "core/clock.h"
#include "export/encoder.h"
#include "flow_query.h"
#include "flow_scan.h"

/* Keys that the reader chose, at most. */
#define FIELDS_MAX 64

struct flows_job {
	struct flow_scan scan;
	struct flow_query query;
	struct encoder encoder;
	bool scanned;
	uint32_t told;
	uint64_t took_ns;
	struct json_object *fields; /* list of keys, NULL = all */
	uint8_t text[RECORD_BYTES_MAX];
};

static void free_job(void *self)
{
	struct flows_job *job = self;

	flow_query_free(&job->query);
	json_object_put(job->fields);
	community_id_destroy(job->encoder.community_id);
	free(job);
}

/* A record as JSON, with the members that were asked for, in their order. */
static struct json_object *flow(struct flows_job *job, const struct flow_record *r)
{
	struct wbuf w = wbuf_make(job->text, sizeof job->text - 1);
	struct json_object *all, *chosen, *member;

	json_encode(&job->encoder, &w, r);
	*w.at = '\0';
	all = w.failed ? NULL : json_tokener_parse((const char *)job->text);
	if (!all)
		return json_object_new_object();
	json_object_object_del(all, "end_reason"); /* it has none */
	if (!job->fields)
		return all;
	chosen = json_object_new_object();
	for (size_t i = 0; i < json_object_array_length(job->fields); i++) {
		const char *key = json_object_get_string(json_object_array_get_idx(job->fields, i));

		const struct field *f = field_find(key, strlen(key));

		if (json_object_object_get_ex(all, key, &member))
			json_object_object_add(chosen, key, json_object_get(member));
		else if (f && field_sorts(f))
			json_object_object_add(chosen, key, json_object_new_uint64(f->number(r)));
	}
	json_object_put(all);
	return chosen;
}

static void finish(struct flows_job *job, struct control_reply *r)
{
	struct json_object *more = json_object_new_object();

	json_object_object_add(more, "seen", json_object_new_uint64(job->scan.seen));
	json_object_object_add(more, "matched", json_object_new_uint64(job->query.matched));
	json_object_object_add(more, "told", json_object_new_uint64(job->told));
	json_object_object_add(more, "complete",
			       json_object_new_boolean(!flow_query_has_enough(&job->query)));
	json_object_object_add(more, "took_ms", json_object_new_uint64(job->took_ns / 1000000));
	control_reply_done(r, more);
}

/* True when the scan is over, one way or the other. */
static bool scan(struct flows_job *job, struct control_reply *r, bool *failed)
{
	int more = flow_scan_step(&job->scan);

	*failed = more < 0;
	if (more < 0) {
		control_reply_error(r, SIZE_MAX, "lane %u does not answer", job->scan.silent);
		return true;
	}
	if (more && !flow_query_has_enough(&job->query))
		return false;
	job->took_ns = clock_monotonic_ns() - job->scan.began_ns;
	if (job->query.sort)
		flow_query_sort(&job->query);
	return true;
}

static bool step_flows(void *self, struct control_reply *r)
{
	struct flows_job *job = self;
	bool failed = false;

	if (!job->scanned) {
		job->scanned = scan(job, r, &failed);
		if (failed)
			return true;
		if (!job->scanned)
			return false;
	}
	for (; job->told < job->query.n && control_reply_has_room(r); job->told++) {
		const struct flow_row *row = &job->query.rows[job->query.order[job->told]];
		struct json_object *line = json_object_new_object();

		json_object_object_add(line, "flow", flow(job, &row->record));
		control_reply_line(r, line);
	}
	if (job->told < job->query.n)
		return false;
	finish(job, r);
	return true;
}

/* ---- the request ---- */

static bool read_limit(struct json_object *request, uint32_t *limit, struct control_reply *r)
{
	struct json_object *member;
	int64_t wanted = FLOW_QUERY_ROWS_DEFAULT;

	if (json_object_object_get_ex(request, "limit", &member))
		wanted = json_object_is_type(member, json_type_int) ?
				 json_object_get_int64(member) :
				 -1;
	if (wanted < 1 || wanted > FLOW_QUERY_ROWS_MAX) {
		control_reply_error(r, SIZE_MAX, "limit: 1 to %d", FLOW_QUERY_ROWS_MAX);
		return false;
	}
	*limit = (uint32_t)wanted;
	return true;
}

/* Whether a key is one that a record of a living flow has. */
static bool is_told(const char *key, const struct field *f)
{
	const struct filter_scope scope = flow_query_scope();

	return f && !f->other && !(scope.missing_sources >> f->source & 1) &&
	       !(scope.missing_groups >> f->group & 1) && strcmp(key, "end_reason") != 0;
}

static bool read_fields(struct json_object *request, struct flows_job *job, struct control_reply *r)
{
	struct json_object *list;

	if (!json_object_object_get_ex(request, "fields", &list))
		return true;
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > FIELDS_MAX) {
		control_reply_error(r, SIZE_MAX, "fields: a list of at most %d keys", FIELDS_MAX);
		return false;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *key = json_object_get_string(json_object_array_get_idx(list, i));
		const struct field *f = key ? field_find(key, strlen(key)) : NULL;
		const char *nearest = f || !key ? NULL : field_nearest(key, strlen(key));

		if (is_told(key, f))
			continue;
		control_reply_error(r, SIZE_MAX, "fields: \"%.60s\" is %s%s%s%s", key ? key : "",
				    f ? "not known before the flow ends" : "no key",
				    nearest ? "; is it " : "", nearest ? nearest : "",
				    nearest ? "?" : "");
		return false;
	}
	job->fields = json_object_get(list);
	return true;
}

static bool wants_names(const struct flows_job *job)
{
	if (flow_query_needs_names(&job->query) || !job->fields)
		return true;
	for (size_t i = 0; i < json_object_array_length(job->fields); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(job->fields, i)),
			   "server_name") == 0)
			return true;
	return false;
}

static bool prepare(struct flows_job *job, struct json_object *request, struct control_reply *r)
{
	struct filter_error error;
	uint32_t limit;
	int rc;

	if (!read_limit(request, &limit, r) || !read_fields(request, job, r))
		return false;
	rc = flow_query_init(&job->query, control_text(request, "filter", ""),
			     control_text(request, "sort", ""), limit, &error);
	if (rc == -EINVAL)
		control_reply_error(r, error.at, "%s%s",
				    error.at == SIZE_MAX ? "sort: " : "filter: ", error.text);
	else if (rc || community_id_create(&job->encoder.community_id))
		control_reply_error(r, SIZE_MAX, "no memory");
	else
		return true;
	return false;
}

void control_run_flows(void *self, struct json_object *request, struct control_reply *r)
{
	struct control_probe *p = self;
	struct flows_job *job = calloc(1, sizeof *job);

	if (!job) {
		control_reply_error(r, SIZE_MAX, "no memory");
		return;
	}
	if (!prepare(job, request, r)) {
		free_job(job);
		return;
	}
	job->encoder.missing_sources = flow_query_scope().missing_sources;
	job->scan = (struct flow_scan){
		.lanes = p->exporter->lanes,
		.n_lanes = p->exporter->n_lanes,
		.shift_ns = control_probe_shift_ns(p),
		.with_names = wants_names(job),
		.see = flow_query_see,
		.self = &job->query,
	};
	flow_scan_begin(&job->scan);
	control_reply_job(r, &(struct control_job){step_flows, free_job, job});
}
