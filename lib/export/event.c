/* SPDX-License-Identifier: BSD-3-Clause */
/* The "event" message; collectors take every key as optional. */
#include "export/event.h"

#include "core/clock.h"
#include "core/limits.h"
#include "export/format.h"

#include <json.h>
#include <stdbool.h>

/* A JSON object under construction: a failure sticks. */
struct node {
	struct json_object *object;
	bool *failed;
};

static void add(struct node to, const char *key, struct json_object *value)
{
	if (!value || json_object_object_add(to.object, key, value)) {
		json_object_put(value);
		*to.failed = true;
	}
}

static void add_number(struct node to, const char *key, uint64_t value)
{
	add(to, key, json_object_new_uint64(value));
}

static void add_text(struct node to, const char *key, const char *text)
{
	uint8_t utf8[3 * DPI_STRING_MAX];
	struct wbuf w = wbuf_make(utf8, sizeof utf8);

	if (!text || !text[0])
		return;
	put_utf8(&w, text, DPI_STRING_MAX);
	add(to, key, json_object_new_string_len((const char *)utf8, (int)(w.at - utf8)));
}

/* An object in an object, which owns it; on failure a NULL that add() accepts. */
static struct node add_object(struct node to, const char *key)
{
	struct node n = {.object = json_object_new_object(), .failed = to.failed};

	add(to, key, n.object);
	return n;
}

static uint64_t per_second(uint64_t n, uint64_t interval_ns)
{
	return (uint64_t)((double)n * SECOND_NS / (double)interval_ns);
}

static void fill_interface(struct node root, const struct export_event *e)
{
	struct node n = add_object(root, "iface");

	if (*root.failed)
		return;
	add_text(n, "name", e->if_name);
	if (e->if_speed_mbps)
		add_number(n, "speed", e->if_speed_mbps);
	add_text(n, "ip", e->if_ip);
}

static void fill_probe(struct node root, const struct export_event *e)
{
	struct node n = add_object(root, "probe");

	if (*root.failed)
		return;
	add_text(n, "ip", e->probe_ip);
	add_text(n, "version", e->version);
	add_text(n, "osname", e->os_name);
	add_text(n, "uuid", e->uuid);
	add_text(n, "edition", "ftprobe");
	add_text(n, "license", "BSD-3-Clause");
	/* What such collectors ask for and this probe has none of. */
	add(n, "public_ip", json_object_new_string(""));
	add(n, "maintenance", json_object_new_string(""));
	if (e->source_id)
		add_number(n, "unique_source_id", e->source_id);
}

/* Flows of others are not collected here: true zeros. */
static void fill_collection(struct node root)
{
	struct node n = add_object(root, "flow_collection");

	if (*root.failed)
		return;
	add_number(n, "nf_ipfix_flows", 0);
	add_number(n, "sflow_samples", 0);
	add_number(n, "collection_port", 0);
	add_object(n, "exporters");
}

static void fill_average(struct node root, const struct export_event *e)
{
	struct node n;

	if (!e->interval_ns)
		return;
	n = add_object(root, "avg");
	if (*root.failed)
		return;
	add_number(n, "bps", per_second(e->interval_bytes * 8, e->interval_ns));
	add_number(n, "pps", per_second(e->interval_packets, e->interval_ns));
}

/* Collectors derive their own timeouts from these; without collected_lifetime flows end at once. */
static void fill_timeouts(struct node root, const struct export_event *e)
{
	struct node n = add_object(root, "timeout");

	if (*root.failed)
		return;
	add_number(n, "lifetime", e->lifetime_s);
	add_number(n, "collected_lifetime", e->lifetime_s);
	add_number(n, "idle", e->idle_s);
}

static void fill_export(struct node root, const struct export_event *e)
{
	struct node drops = add_object(root, "drops"), zmq = add_object(root, "zmq");

	if (*root.failed)
		return;
	add_number(drops, "export_queue_full", e->export_queue_full);
	add_number(drops, "too_many_flows", e->too_many_flows);
	add_number(drops, "elk_flow_drops", 0);
	add_number(drops, "sflow_pkt_sample_drops", 0);
	add_number(drops, "flow_collection_drops", 0);
	add_number(drops, "flow_collection_udp_socket_drops", 0);
	add_number(zmq, "num_flow_exports", e->records_sent);
	add_number(zmq, "num_zmq_exporters", e->outputs);
}

char *export_event_json(const struct export_event *e)
{
	bool failed = false;
	struct node root = {.object = json_object_new_object(), .failed = &failed};
	char *text = NULL;

	if (!root.object)
		return NULL;
	fill_interface(root, e);
	fill_probe(root, e);
	add_number(root, "time", e->time_s);
	add_number(root, "bytes", e->bytes);
	add_number(root, "packets", e->packets);
	add_number(root, "packet_drops", e->packet_drops);
	add_text(root, "mode", e->mode);
	if (e->uptime_s)
		add_number(root, "uptime", e->uptime_s);
	fill_average(root, e);
	fill_timeouts(root, e);
	fill_export(root, e);
	fill_collection(root);
	if (!failed) {
		const char *s = json_object_to_json_string_ext(
			root.object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

		text = s ? strdup(s) : NULL;
	}
	json_object_put(root.object);
	return text;
}
