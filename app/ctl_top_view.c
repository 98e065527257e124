/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates from two samples; hosts and applications share the lines that are left. */
#include "ctl_top_view.h"

#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "ctl.h"

/* Lines of the head, of the two headings with the empty lines before them, and of the foot. */
#define HEAD_LINES  6
#define OTHER_LINES 5

void top_view_learn(struct top_view *v, struct json_object *line, double at_s)
{
	struct json_object *status = link_member(line, "status"), *top = link_member(line, "top");
	struct json_object *total = link_member(status, "total"),
			   *table = link_member(total, "table");

	if (top) {
		json_object_put(v->top);
		v->top = json_object_get(top);
	}
	if (!status)
		return;
	json_object_put(v->status);
	v->status = json_object_get(status);
	v->before = v->learnt ? v->now : (struct top_sample){0};
	v->now = (struct top_sample){
		.at_s = at_s,
		.packets = link_number(total, "rx_packets"),
		.bytes = link_number(total, "rx_bytes"),
		.dropped = status_dropped(status),
		.lost = status_lost_by_ports(status),
		.began = link_number(table, "flows_created"),
		.records = link_number(table, "records"),
		.sent = status_outputs(status, "sent"),
		.records_lost = status_records_lost(status),
	};
	v->learnt = true;
}

void top_view_free(struct top_view *v)
{
	json_object_put(v->status);
	json_object_put(v->top);
}

static double per_s(const struct top_view *v, unsigned long long now, unsigned long long before)
{
	const double elapsed_s = v->now.at_s - v->before.at_s;

	return elapsed_s > 0 && now > before ? (double)(now - before) / elapsed_s : 0;
}

/* "label   1.23 k/s" of a counter; "-" as long as there is one sample. */
static void put_rate(const struct top_view *v, struct screen *s, const char *label,
		     unsigned long long now, unsigned long long before)
{
	char text[SHOW_BYTES] = "-";

	if (v->before.at_s > 0)
		show_short(per_s(v, now, before), text);
	screen_put(s, STYLE_DIM, "%s", label);
	screen_put(s, STYLE_PLAIN, " %7s/s", text);
}

/* In red when anything is lost now; the sum tells of before. */
static void put_losses(const struct top_view *v, struct screen *s, const char *label,
		       unsigned long long now, unsigned long long before)
{
	const bool bad = v->before.at_s > 0 && now > before;
	char rate[SHOW_BYTES] = "-", sum[SHOW_BYTES];

	if (v->before.at_s > 0)
		show_short(per_s(v, now, before), rate);
	screen_put(s, bad ? STYLE_BAD : STYLE_DIM, "%s", label);
	screen_put(s, bad ? STYLE_BAD : STYLE_PLAIN, " %7s/s (%s)", rate,
		   show_short((double)now, sum));
}

static void draw_title(const struct top_view *v, struct screen *s)
{
	const time_t now = time(NULL);
	char up[SHOW_BYTES], when[16];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(when, sizeof when, "%H:%M:%S", &tm);
	screen_put(s, STYLE_TITLE, "ftprobe %s", link_text(v->status, "version"));
	screen_put(s, STYLE_PLAIN, "  %s  %s  up %s", link_text(v->status, "file_prefix"), when,
		   show_duration(link_number(v->status, "uptime_ns"), up));
	screen_end_line(s);
}

static void draw_packets(const struct top_view *v, struct screen *s)
{
	put_rate(v, s, "packets", v->now.packets, v->before.packets);
	put_rate(v, s, "    bits", 8 * v->now.bytes, 8 * v->before.bytes);
	screen_end_line(s);
	put_losses(v, s, "dropped", v->now.dropped, v->before.dropped);
	put_losses(v, s, "    lost by ports", v->now.lost, v->before.lost);
	screen_end_line(s);
}

static void draw_flows(const struct top_view *v, struct screen *s)
{
	struct json_object *total = link_member(v->status, "total");
	const double flows = (double)link_number(total, "flows"),
		     max = (double)link_number(total, "flows_max");
	const bool full = max > 0 && flows > 0.95 * max;
	char a[SHOW_BYTES], b[SHOW_BYTES];

	screen_put(s, STYLE_DIM, "flows  ");
	screen_put(s, full ? STYLE_BAD : STYLE_PLAIN, " %7s of %s (%.1f %%)", show_short(flows, a),
		   show_short(max, b), max > 0 ? 100 * flows / max : 0);
	put_rate(v, s, "    new", v->now.began, v->before.began);
	screen_end_line(s);
}

static void draw_records(const struct top_view *v, struct screen *s)
{
	char a[SHOW_BYTES];

	put_rate(v, s, "records", v->now.records, v->before.records);
	put_rate(v, s, "    sent", v->now.sent, v->before.sent);
	screen_put(s, STYLE_DIM, "    queued ");
	screen_put(s, STYLE_PLAIN, "%s",
		   show_short((double)status_outputs(v->status, "queued"), a));
	put_losses(v, s, "    dropped", v->now.records_lost, v->before.records_lost);
	screen_end_line(s);
}

static void draw_silent(const struct top_view *v, struct screen *s)
{
	struct json_object *lanes = link_member(v->status, "lanes");

	for (size_t i = 0;
	     json_object_is_type(lanes, json_type_array) && i < json_object_array_length(lanes);
	     i++) {
		struct json_object *l = json_object_array_get_idx(lanes, i);

		if (!json_object_get_boolean(link_member(l, "answered")))
			screen_put(s, STYLE_BAD, "lane %llu does not answer  ",
				   link_number(l, "lane"));
	}
	screen_end_line(s);
}

/* name, flows, bytes and rate of each, the rate's bar before the name. */
static void draw_talkers(struct screen *s, struct json_object *list, const char *title,
			 const char *key, unsigned int lines)
{
	const int name_width = s->columns > 80 ? (int)s->columns - 41 : 39;
	char flows[SHOW_BYTES], bytes[SHOW_BYTES], rate[SHOW_BYTES];

	screen_put(s, STYLE_HEAD, "%-*s %9s %12s %13s   ", name_width, title, "FLOWS", "BYTES",
		   "BIT/S");
	screen_end_line(s);
	for (size_t i = 0; i < lines; i++) {
		struct json_object *t = i < json_object_array_length(list) ?
						json_object_array_get_idx(list, i) :
						NULL;

		if (t)
			screen_put(s, STYLE_PLAIN, "%-*.*s %9s %12s %13s", name_width, name_width,
				   link_text(t, key),
				   show_short((double)link_number(t, "flows"), flows),
				   show_short((double)link_number(t, "bytes"), bytes),
				   show_short((double)link_number(t, "bits_per_s"), rate));
		screen_end_line(s);
	}
}

void top_view_draw(const struct top_view *v, struct screen *s)
{
	struct json_object *hosts = link_member(v->top, "hosts"),
			   *applications = link_member(v->top, "applications");
	const unsigned int rows = s->rows ? s->rows : 24;
	const unsigned int left =
		rows > HEAD_LINES + OTHER_LINES ? rows - HEAD_LINES - OTHER_LINES : 2;

	if (!v->status || !hosts || !applications)
		return;
	draw_title(v, s);
	draw_packets(v, s);
	draw_flows(v, s);
	draw_records(v, s);
	draw_silent(v, s);
	draw_talkers(s, hosts, "HOST", "ip", (left + 1) / 2);
	screen_end_line(s);
	draw_talkers(s, applications, "APPLICATION", "application", left / 2);
	screen_end_line(s);
	screen_put(s, STYLE_DIM,
		   "flows in the tables now; bit/s: the mean of each flow's record. q: quit");
	screen_end_line(s);
}
