/* SPDX-License-Identifier: BSD-3-Clause */
/* status, for people. */
#include <json-c/json.h>

#include "ctl.h"

static unsigned long long sum_of(struct json_object *o)
{
	unsigned long long sum = 0;

	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value)
		{
			(void)key;
			sum += json_object_get_uint64(value);
		}
	}
	return sum;
}

static size_t length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

unsigned long long status_dropped(struct json_object *status)
{
	return sum_of(link_member(link_member(status, "total"), "dropped"));
}

unsigned long long status_lost_by_ports(struct json_object *status)
{
	struct json_object *ports = link_member(status, "ports");
	unsigned long long sum = 0;

	for (size_t i = 0; i < length(ports); i++) {
		struct json_object *p = json_object_array_get_idx(ports, i);

		sum += link_number(p, "missed") + link_number(p, "no_mbuf") +
		       link_number(p, "kernel_drops");
	}
	return sum;
}

unsigned long long status_outputs(struct json_object *status, const char *key)
{
	struct json_object *outputs = link_member(status, "outputs");
	unsigned long long sum = 0;

	for (size_t i = 0; i < length(outputs); i++)
		sum += link_number(json_object_array_get_idx(outputs, i), key);
	return sum;
}

unsigned long long status_records_lost(struct json_object *status)
{
	struct json_object *table = link_member(link_member(status, "total"), "table");
	struct json_object *outputs = link_member(status, "outputs");
	unsigned long long sum = link_number(table, "records_dropped_detached") +
				 link_number(table, "records_dropped_ring_full");

	for (size_t i = 0; i < length(outputs); i++)
		sum += sum_of(link_member(json_object_array_get_idx(outputs, i), "dropped"));
	return sum;
}

/* "12,345 name": only what is not 0, in red where it is a loss. */
static void put_reasons(struct screen *s, struct json_object *reasons, enum style style)
{
	char text[SHOW_BYTES];

	if (!json_object_is_type(reasons, json_type_object))
		return;
	json_object_object_foreach(reasons, key, value)
	{
		if (!json_object_get_uint64(value))
			continue;
		screen_put(s, style, "  %18s", show_grouped(json_object_get_uint64(value), text));
		screen_put(s, STYLE_PLAIN, "  %s", key);
		screen_end_line(s);
	}
}

static void put_packets(struct screen *s, struct json_object *status)
{
	struct json_object *total = link_member(status, "total");
	const unsigned long long rx = link_number(total, "rx_packets"),
				 metered = link_number(total, "metered_packets"),
				 dropped = status_dropped(status);
	char a[SHOW_BYTES], b[SHOW_BYTES], d[SHOW_BYTES];

	screen_put(s, STYLE_TITLE, "packets  ");
	screen_put(s, STYLE_PLAIN, " %s received, %s metered, ", show_grouped(rx, a),
		   show_grouped(metered, b));
	screen_put(s, dropped ? STYLE_BAD : STYLE_PLAIN, "%s dropped", show_grouped(dropped, d));
	screen_end_line(s);
	put_reasons(s, link_member(total, "dropped"), STYLE_BAD);
	screen_put(s, STYLE_TITLE, "bytes    ");
	screen_put(s, STYLE_PLAIN, " %s on the wire, %s in metered IP",
		   show_grouped(link_number(total, "rx_bytes"), a),
		   show_grouped(link_number(total, "metered_bytes"), b));
	screen_end_line(s);
}

static void put_flows(struct screen *s, struct json_object *status)
{
	struct json_object *total = link_member(status, "total"),
			   *table = link_member(total, "table");
	const unsigned long long flows = link_number(total, "flows"),
				 max = link_number(total, "flows_max");
	char a[SHOW_BYTES], b[SHOW_BYTES], d[SHOW_BYTES];

	screen_put(s, STYLE_TITLE, "flows    ");
	screen_put(s, STYLE_PLAIN, " %s now, %.0f %% of %s; %s began", show_grouped(flows, a),
		   max ? 100.0 * (double)flows / (double)max : 0.0, show_grouped(max, b),
		   show_grouped(link_number(table, "flows_created"), d));
	screen_end_line(s);
	screen_put(s, STYLE_TITLE, "records  ");
	screen_put(s, STYLE_PLAIN, " %s made, %s on their way to the outputs",
		   show_grouped(link_number(table, "records"), a),
		   show_grouped(link_number(total, "ring"), b));
	screen_end_line(s);
}

static void put_lanes(struct screen *s, struct json_object *lanes)
{
	char a[SHOW_BYTES], b[SHOW_BYTES];

	for (size_t i = 0; i < length(lanes); i++) {
		struct json_object *l = json_object_array_get_idx(lanes, i);
		const bool answered = json_object_get_boolean(link_member(l, "answered"));

		screen_put(s, STYLE_TITLE, "lane %-5llu", link_number(l, "lane"));
		screen_put(s, STYLE_PLAIN, "%s packets, %s flows",
			   show_grouped(link_number(l, "rx_packets"), a),
			   show_grouped(link_number(l, "flows"), b));
		if (!answered)
			screen_put(s, STYLE_BAD, "  does not answer");
		screen_end_line(s);
	}
}

static void put_ports(struct screen *s, struct json_object *ports)
{
	static const char *const losses[] = {"missed", "no_mbuf", "errors", "kernel_drops"};
	char a[SHOW_BYTES];

	for (size_t i = 0; i < length(ports); i++) {
		struct json_object *p = json_object_array_get_idx(ports, i);

		screen_put(s, STYLE_TITLE, "port     ");
		screen_put(s, STYLE_PLAIN, " %s: %s received", link_text(p, "port"),
			   show_grouped(link_number(p, "rx_packets"), a));
		for (size_t n = 0; n < sizeof losses / sizeof losses[0]; n++)
			screen_put(s, link_number(p, losses[n]) ? STYLE_BAD : STYLE_DIM, ", %s %s",
				   show_grouped(link_number(p, losses[n]), a), losses[n]);
		screen_end_line(s);
	}
}

static void put_outputs(struct screen *s, struct json_object *outputs)
{
	char a[SHOW_BYTES], b[SHOW_BYTES], d[SHOW_BYTES];

	for (size_t i = 0; i < length(outputs); i++) {
		struct json_object *o = json_object_array_get_idx(outputs, i);

		screen_put(s, STYLE_TITLE, "output   ");
		screen_put(s, STYLE_PLAIN, " %s: %s sent, %s queued, %s in doubt",
			   link_text(o, "output"), show_grouped(link_number(o, "sent"), a),
			   show_grouped(link_number(o, "queued"), b),
			   show_grouped(link_number(o, "in_doubt"), d));
		screen_end_line(s);
		put_reasons(s, link_member(o, "dropped"), STYLE_BAD);
	}
}

static void print_status(struct ctl *c, struct json_object *answer)
{
	struct json_object *status = link_member(answer, "status");
	struct screen *s = &c->out;
	char up[SHOW_BYTES];

	screen_put(s, STYLE_TITLE, "ftprobe   ");
	screen_put(s, STYLE_PLAIN, "%s, process %llu, ", link_text(status, "version"),
		   link_number(status, "pid"));
	screen_put(s, STYLE_GOOD, "up %s", show_duration(link_number(status, "uptime_ns"), up));
	screen_put(s, STYLE_PLAIN, ", %s, prefix %s", link_text(status, "mode"),
		   link_text(status, "file_prefix"));
	screen_end_line(s);
	put_packets(s, status);
	put_ports(s, link_member(status, "ports"));
	put_lanes(s, link_member(status, "lanes"));
	put_flows(s, status);
	put_outputs(s, link_member(status, "outputs"));
}

int ctl_status(struct ctl *c)
{
	return ctl_ask(c, link_request("status"), print_status);
}
