/* SPDX-License-Identifier: BSD-3-Clause */
/* Panels and their queries. */
#include "metrics_dashboard.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <json-c/json.h>

#include "metrics_text.h"

/* Two panels beside each other. */
#define PANEL_WIDTH  12
#define PANEL_HEIGHT 8
#define QUERIES_MAX  2
#define QUERY_BYTES  512
/* Which probe is shown, and over how long a time. */
#define OF_INSTANCE "{instance=~\"$instance\"}"
#define OVER	    "[$__rate_interval]"

struct query {
	const char *metric;
	const char *form;   /* @ is the metric, of the chosen probe */
	const char *legend; /* Grafana's notation */
};

struct panel {
	const char *title, *unit; /* the unit is Grafana's */
	struct query queries[QUERIES_MAX];
};

#define AGES_METRIC    "ftprobe_record_duration_seconds"
#define AGES	       "sum by (le) (rate(" AGES_METRIC "_bucket" OF_INSTANCE OVER "))"
#define RATE_BY(label) "sum by (" label ") (rate(@" OVER "))"
#define GONE_BY(label) RATE_BY(label) " > 0 or sum(rate(@" OVER ")) * 0"

static const struct panel panels[] = {
	{"Packets received",
	 "pps",
	 {{"ftprobe_received_packets_total", RATE_BY("lane"), "lane {{lane}}"}}},
	{"Traffic received",
	 "bps",
	 {{"ftprobe_received_bytes_total", "8 * " RATE_BY("lane"), "lane {{lane}}"}}},
	{"Packets not metered, by reason",
	 "pps",
	 {{"ftprobe_dropped_packets_total", GONE_BY("reason"), "{{reason}}"}}},
	{"Packets lost by ports and between lanes",
	 "pps",
	 {{"ftprobe_dropped_packets_total",
	   "sum by (port, reason) (rate(ftprobe_dropped_packets_total{instance=~\"$instance\","
	   "reason=~\"port_.*|lane_.*\"}" OVER "))",
	   "{{port}} {{reason}}"}}},
	{"Load of the lanes",
	 "percentunit",
	 {{"ftprobe_lane_busy_seconds_total", RATE_BY("lane"), "lane {{lane}} busy"},
	  {"ftprobe_lane_cpu_seconds_total", RATE_BY("lane"), "lane {{lane}} CPU"}}},
	{"CPU of the process",
	 "percentunit",
	 {{"ftprobe_cpu_seconds_total", RATE_BY("instance"), "all threads"},
	  {"ftprobe_exporter_cpu_seconds_total", RATE_BY("instance"), "exporter"}}},
	{"Time a packet, by stage",
	 "s",
	 {{"ftprobe_lane_stage_seconds_total",
	   RATE_BY("stage") " / scalar(sum(rate(ftprobe_lane_stage_packets_total" OF_INSTANCE OVER
			    ")))",
	   "{{stage}}"}}},
	{"Flows in the tables",
	 "short",
	 {{"ftprobe_table_flows", "sum by (lane) (@)", "lane {{lane}}"},
	  {"ftprobe_table_capacity_flows", "sum by (lane) (@)", "lane {{lane}} at most"}}},
	{"Flows begun",
	 "short",
	 {{"ftprobe_flows_created_total", RATE_BY("lane"), "lane {{lane}}"}}},
	{"Flows ended, by reason",
	 "short",
	 {{"ftprobe_flows_ended_total", RATE_BY("reason"), "{{reason}}"}}},
	{"Duration of records",
	 "s",
	 {{AGES_METRIC, "histogram_quantile(0.5, " AGES ")", "half"},
	  {AGES_METRIC, "histogram_quantile(0.95, " AGES ")", "95 %"}}},
	{"Inspections",
	 "short",
	 {{"ftprobe_dpi_inspected_total", RATE_BY("lane"), "lane {{lane}} begun"},
	  {"ftprobe_dpi_detected_total", RATE_BY("lane"), "lane {{lane}} recognised"}}},
	{"Records sent",
	 "short",
	 {{"ftprobe_output_sent_total", RATE_BY("output"), "{{output}}"},
	  {"ftprobe_output_in_doubt_total", RATE_BY("output"), "{{output}} in doubt"}}},
	{"Records dropped by outputs",
	 "short",
	 {{"ftprobe_output_dropped_records_total", GONE_BY("output, reason"),
	   "{{output}} {{reason}}"}}},
	{"Records waiting",
	 "short",
	 {{"ftprobe_output_queued_records", "sum by (output) (@)", "{{output}}"},
	  {"ftprobe_export_ring_records", "sum by (lane) (@)", "lane {{lane}} to exporter"}}},
	{"Packet buffers used",
	 "percentunit",
	 {{"ftprobe_port_buffers_used",
	   "sum by (port) (@) / sum by (port) (ftprobe_port_buffers" OF_INSTANCE ")", "{{port}}"}}},
};

/* NULL: there is none of that name. */
static const struct metric *find(const char *name)
{
	const struct metric *m;

	for (unsigned int i = 0; (m = metric_at(i)) != NULL; i++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, int number)
{
	json_object_object_add(o, key, json_object_new_int(number));
}

/* The form with the metric in its place. */
static void write_query(char *text, size_t len, const struct query *q)
{
	size_t n = 0;

	for (const char *c = q->form; *c && n + 1 < len; c++)
		if (*c == '@')
			n += (size_t)snprintf(text + n, len - n, "%s%s", q->metric, OF_INSTANCE);
		else
			text[n++] = *c;
	text[n < len ? n : len - 1] = '\0';
}

static struct json_object *targets_of(const struct panel *p)
{
	struct json_object *all = json_object_new_array();
	char text[QUERY_BYTES], id[2] = "A";

	for (int i = 0; i < QUERIES_MAX && p->queries[i].metric; i++, id[0]++) {
		struct json_object *t = json_object_new_object();

		write_query(text, sizeof text, &p->queries[i]);
		add_text(t, "refId", id);
		add_text(t, "expr", text);
		add_text(t, "legendFormat", p->queries[i].legend);
		json_object_array_add(all, t);
	}
	return all;
}

static struct json_object *source(void)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "type", "prometheus");
	add_text(o, "uid", "${source}");
	return o;
}

static struct json_object *panel(const struct panel *p, int i)
{
	struct json_object *o = json_object_new_object(), *place = json_object_new_object();
	struct json_object *field = json_object_new_object(), *defaults = json_object_new_object();

	add_number(o, "id", i + 1);
	add_text(o, "type", "timeseries");
	add_text(o, "title", p->title);
	add_text(o, "description", find(p->queries[0].metric)->help);
	json_object_object_add(o, "datasource", source());
	add_number(place, "x", i % 2 * PANEL_WIDTH);
	add_number(place, "y", i / 2 * PANEL_HEIGHT);
	add_number(place, "w", PANEL_WIDTH);
	add_number(place, "h", PANEL_HEIGHT);
	json_object_object_add(o, "gridPos", place);
	add_text(defaults, "unit", p->unit);
	add_number(defaults, "min", 0);
	json_object_object_add(field, "defaults", defaults);
	json_object_object_add(o, "fieldConfig", field);
	json_object_object_add(o, "targets", targets_of(p));
	return o;
}

static struct json_object *variable(const char *name, const char *type, const char *query)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "name", name);
	add_text(o, "type", type);
	add_text(o, "query", query);
	if (strcmp(type, "query") != 0)
		return o;
	json_object_object_add(o, "datasource", source());
	add_number(o, "refresh", 2);
	json_object_object_add(o, "includeAll", json_object_new_boolean(true));
	json_object_object_add(o, "multi", json_object_new_boolean(true));
	add_text(o, "allValue", ".*");
	return o;
}

static struct json_object *variables(void)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_array_add(list, variable("source", "datasource", "prometheus"));
	json_object_array_add(list, variable("instance", "query",
					     "label_values(ftprobe_build_info, instance)"));
	json_object_object_add(o, "list", list);
	return o;
}

int metrics_dashboard_print(FILE *f)
{
	const int n = sizeof panels / sizeof panels[0];
	struct json_object *o, *all, *time;

	for (int i = 0; i < n; i++)
		for (int q = 0; q < QUERIES_MAX; q++)
			if (panels[i].queries[q].metric && !find(panels[i].queries[q].metric))
				return -ENOENT;
	o = json_object_new_object();
	all = json_object_new_array();
	time = json_object_new_object();
	add_text(o, "uid", "ftprobe");
	add_text(o, "title", "ftprobe");
	add_number(o, "schemaVersion", 36);
	add_text(o, "refresh", "30s");
	add_text(time, "from", "now-1h");
	add_text(time, "to", "now");
	json_object_object_add(o, "time", time);
	json_object_object_add(o, "templating", variables());
	for (int i = 0; i < n; i++)
		json_object_array_add(all, panel(&panels[i], i));
	json_object_object_add(o, "panels", all);
	fprintf(f, "%s\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}
