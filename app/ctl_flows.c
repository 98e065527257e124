/* SPDX-License-Identifier: BSD-3-Clause */
/* flows, for people: a table with a column a key, as wide as what is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "core/limits.h"
#include "ctl.h"
#include "record/fields.h"

#define DEFAULT_FIELDS                                                                             \
	"src_ip,src_port,dst_ip,dst_port,proto,total_packets,total_bytes,duration,l7_proto"
#define DEFAULT_SORT "total_bytes"
#define COLUMNS_MAX  64
/* Bytes of a cell that are shown. */
#define CELL_BYTES 64

struct table {
	const char *keys[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX];
	size_t n_columns;
	struct json_object *rows; /* a list */
};

/* A list of keys as JSON strings; blanks and commas are between them. */
static struct json_object *list_of(const char *fields)
{
	struct json_object *list = json_object_new_array();

	while (*fields) {
		size_t len = strcspn(fields, ", ");

		if (len)
			json_object_array_add(list, json_object_new_string_len(fields, (int)len));
		fields += len;
		fields += strspn(fields, ", ");
	}
	return list;
}

static bool is_right_aligned(const char *key)
{
	const struct field *f = field_find(key, strlen(key));

	return f && (f->form == FIELD_NUMBER || f->form == FIELD_DURATION);
}

static const char *cell(struct json_object *row, const char *key, char text[CELL_BYTES])
{
	struct json_object *value = link_member(row, key);
	const struct field *f = field_find(key, strlen(key));
	const char *name;

	if (!value)
		return "-";
	if (f && f->form == FIELD_DURATION) {
		snprintf(text, CELL_BYTES, "%.3f", json_object_get_double(value) / 1e9);
		return text;
	}
	name = f && f->form == FIELD_PROTOCOL ? protocol_name((uint8_t)json_object_get_int(value)) :
						NULL;
	snprintf(text, CELL_BYTES, "%s", name ? name : json_object_get_string(value));
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?'; /* whatever a server is called, the terminal gets text */
	return text;
}

static void measure(struct table *t)
{
	char text[CELL_BYTES];

	for (size_t c = 0; c < t->n_columns; c++) {
		t->widths[c] = strlen(t->keys[c]);
		for (size_t i = 0; i < json_object_array_length(t->rows); i++) {
			size_t len = strlen(
				cell(json_object_array_get_idx(t->rows, i), t->keys[c], text));

			t->widths[c] = len > t->widths[c] ? len : t->widths[c];
		}
	}
}

static void put_cell(struct screen *s, const struct table *t, size_t c, const char *text,
		     enum style style)
{
	int width = (int)t->widths[c];

	if (!is_right_aligned(t->keys[c]))
		width = c + 1 < t->n_columns ? -width : 0;
	screen_put(s, style, "%s%*s", c ? "  " : "", width, text);
}

static void print_table(struct ctl *ctl, struct table *t, struct json_object *last)
{
	char text[CELL_BYTES], a[SHOW_BYTES], b[SHOW_BYTES];

	measure(t);
	for (size_t c = 0; c < t->n_columns; c++)
		put_cell(&ctl->out, t, c, t->keys[c], STYLE_TITLE);
	screen_end_line(&ctl->out);
	for (size_t i = 0; i < json_object_array_length(t->rows); i++) {
		for (size_t c = 0; c < t->n_columns; c++)
			put_cell(&ctl->out, t, c,
				 cell(json_object_array_get_idx(t->rows, i), t->keys[c], text),
				 STYLE_PLAIN);
		screen_end_line(&ctl->out);
	}
	screen_put(&ctl->out, STYLE_DIM, "%zu shown, %s matched, %s looked at in %llu ms%s",
		   json_object_array_length(t->rows), show_grouped(link_number(last, "matched"), a),
		   show_grouped(link_number(last, "seen"), b), link_number(last, "took_ms"),
		   json_object_get_boolean(link_member(last, "complete")) ?
			   "" :
			   "; more may match, see --limit");
	screen_end_line(&ctl->out);
}

static struct json_object *request_of(const struct ctl *c, const struct ctl_flows *o)
{
	struct json_object *r = link_request("flows");
	const char *sort = o->sort ? o->sort : DEFAULT_SORT;
	const char *fields = o->fields ? o->fields : c->json ? NULL : DEFAULT_FIELDS;

	if (o->filter)
		json_object_object_add(r, "filter", json_object_new_string(o->filter));
	json_object_object_add(r, "sort", json_object_new_string(sort));
	if (o->limit)
		json_object_object_add(r, "limit", json_object_new_int64(o->limit));
	if (fields)
		json_object_object_add(r, "fields", list_of(fields));
	return r;
}

static void print_json(struct json_object *line)
{
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* Rows until the last line; with json each is one flow's object. */
static int take_rows(struct ctl *c, struct table *t)
{
	for (;;) {
		struct json_object *line = link_receive(&c->link);
		bool good = false, last;

		if (!line)
			return CTL_EXIT_FAILURE;
		last = link_is_last(line, &good);
		if (!last && c->json)
			print_json(link_member(line, "flow"));
		else if (!last)
			json_object_array_add(t->rows, json_object_get(link_member(line, "flow")));
		else if (good && !c->json)
			print_table(c, t, line);
		json_object_put(line);
		if (last)
			return good ? 0 : CTL_EXIT_FAILURE;
	}
}

int ctl_flows(struct ctl *c, const struct ctl_flows *o)
{
	struct json_object *request = request_of(c, o);
	struct json_object *keys = link_member(request, "fields");
	struct table t = {.rows = json_object_new_array()};
	int code = CTL_EXIT_FAILURE;

	if (keys)
		t.n_columns = json_object_array_length(keys);
	if (t.n_columns > COLUMNS_MAX)
		t.n_columns = COLUMNS_MAX;
	for (size_t i = 0; i < t.n_columns; i++)
		t.keys[i] = json_object_get_string(json_object_array_get_idx(keys, i));
	if (link_send(&c->link, request))
		code = take_rows(c, &t);
	json_object_put(t.rows);
	json_object_put(request);
	return code;
}
