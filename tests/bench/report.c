/* SPDX-License-Identifier: BSD-3-Clause */
/* What was measured, for people and for scripts. */
#include "bench.h"

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

/* Repetitions that differ by more than this make a row a noisy one, in percent. */
#define SPREAD_NOISY 25.0
/* More load than this before the start, and others are at work. */
#define LOAD_NOISY 1.5

static double spread(const struct bench_row *r)
{
	return r->median > 0 ? 100 * (r->most - r->least) / r->median : 0;
}

static bool is_noisy(const struct bench_row *r)
{
	return spread(r) > SPREAD_NOISY;
}

static const char *const verdict_names[] = {
	[BENCH_OK] = "ok", [BENCH_BELOW] = "below", [BENCH_NO_FLOOR] = "", [BENCH_VOID] = "void"};

static void print_row(const struct bench_row *r, FILE *f)
{
	if (!r->done)
		return;
	if (!r->tries) {
		fprintf(f, "%-20s %35s  void: %s\n", r->name, "", r->note);
		return;
	}
	fprintf(f, "%-20s %9.1f %9.1f %7.0f %% %-7s %s%s%s%s%s\n", r->name, r->median, r->least,
		spread(r), r->unit, r->is_void ? "VOID: " : "", is_noisy(r) ? "noisy; " : "",
		r->text, r->note[0] ? ": " : "", r->note);
}

static void print_ratio(struct bench *b, const struct bench_ratio *r, FILE *f)
{
	double value;
	enum bench_verdict v = bench_ratio_of(b, r, &value);

	if (v == BENCH_VOID && !bench_row(b, r->over)->done)
		return;
	fprintf(f, "%-16s %9.2f  ", r->name, value);
	if (r->floor > 0)
		fprintf(f, "%s %-5.2f", r->at_most ? "<=" : ">=", r->floor);
	else
		fprintf(f, "%-8s", "");
	fprintf(f, " %-6s %s\n", verdict_names[v], r->text);
}

void report_table(struct bench *b, FILE *f)
{
	const struct bench_ratio *ratios;
	const size_t n = bench_ratios(&ratios);
	char model[128];

	machine_cpu(model, sizeof model);
	fprintf(f, "%s, %.2f GHz, %u cores, load %.2f before, %.2f after%s\n", model, b->ghz,
		machine_cores(), b->load_before, machine_load(),
		b->load_before > LOAD_NOISY ? ": NOISY" : "");
	fprintf(f, "pages of the tables: %s; core %u; %u tries\n\n", b->pages ? b->pages : "?",
		b->core, b->tries);
	fprintf(f, "%-20s %9s %9s %9s\n", "row", "ns", "least", "spread");
	for (unsigned int i = 0; i < b->n_rows; i++)
		print_row(&b->rows[i], f);
	fprintf(f, "\n%-16s %9s  %-8s\n", "ratio", "value", "floor");
	for (size_t i = 0; i < n; i++)
		print_ratio(b, &ratios[i], f);
}

static void add_string(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void add_number(struct json_object *o, const char *key, double value)
{
	char text[32];

	snprintf(text, sizeof text, "%.3f", value);
	json_object_object_add(o, key, json_object_new_double_s(value, text));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static struct json_object *row_object(const struct bench_row *r)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "name", r->name);
	add_string(o, "unit", r->unit);
	add_string(o, "text", r->text);
	if (r->tries) {
		add_number(o, "ns", r->median);
		add_number(o, "least_ns", r->least);
		add_number(o, "most_ns", r->most);
	}
	struct json_object *tries = json_object_new_array();
	for (unsigned int i = 0; i < r->tries; i++)
		json_object_array_add(tries, json_object_new_double(r->ns[i]));
	json_object_object_add(o, "tries_ns", tries);
	add_bool(o, "noisy", is_noisy(r));
	add_bool(o, "void", r->is_void);
	add_string(o, "note", r->note);
	return o;
}

static struct json_object *ratio_object(struct bench *b, const struct bench_ratio *r)
{
	struct json_object *o = json_object_new_object();
	double value;
	enum bench_verdict v = bench_ratio_of(b, r, &value);

	add_string(o, "name", r->name);
	add_string(o, "text", r->text);
	/* the one of the two that is ours */
	add_string(o, "row", r->at_most || !r->under ? r->over : r->under);
	add_string(o, "verdict", verdict_names[v]);
	if (v != BENCH_VOID)
		add_number(o, "value", value);
	if (r->floor > 0) {
		add_number(o, "floor", r->floor);
		add_bool(o, "at_most", r->at_most);
	}
	return o;
}

static struct json_object *machine_object(struct bench *b)
{
	struct json_object *o = json_object_new_object();
	char model[128];

	machine_cpu(model, sizeof model);
	add_string(o, "cpu", model);
	add_number(o, "ghz", b->ghz);
	add_string(o, "pages", b->pages ? b->pages : "?");
	json_object_object_add(o, "cores", json_object_new_int((int)machine_cores()));
	json_object_object_add(o, "tries", json_object_new_int((int)b->tries));
	add_number(o, "load_before", b->load_before);
	add_number(o, "load_after", machine_load());
	add_bool(o, "noisy", b->load_before > LOAD_NOISY);
	return o;
}

int report_json(struct bench *b, const char *path)
{
	struct json_object *o = json_object_new_object(), *rows = json_object_new_array();
	struct json_object *ratios = json_object_new_array();
	const struct bench_ratio *all;
	const size_t n = bench_ratios(&all);
	int rc;

	for (unsigned int i = 0; i < b->n_rows; i++)
		if (b->rows[i].done)
			json_object_array_add(rows, row_object(&b->rows[i]));
	for (size_t i = 0; i < n; i++)
		if (bench_row(b, all[i].over)->done)
			json_object_array_add(ratios, ratio_object(b, &all[i]));
	json_object_object_add(o, "machine", machine_object(b));
	json_object_object_add(o, "rows", rows);
	json_object_object_add(o, "ratios", ratios);
	rc = json_object_to_file_ext(path, o, JSON_C_TO_STRING_PRETTY);
	json_object_put(o);
	return rc ? -EIO : 0;
}
