/* SPDX-License-Identifier: BSD-3-Clause */
/* All counters as JSON: the names are those of counters.def. */
#include "stats.h"

#include <errno.h>

#include <json-c/json.h>

#include "ft/ft.h"

typedef const struct counter_text *(*text_of)(int);

static const struct counter_text *drop_text(int i)
{
	return drop_reason_text((enum drop_reason)i);
}

static const struct counter_text *note_text(int i)
{
	return packet_note_text((enum packet_note)i);
}

static const struct counter_text *table_text(int i)
{
	return table_counter_text((enum table_counter)i);
}

static const struct counter_text *dpi_text(int i)
{
	return dpi_counter_text((enum dpi_counter)i);
}

static const struct counter_text *output_drop_text_of(int i)
{
	return output_drop_text((enum output_drop)i);
}

static const struct counter_text *output_text(int i)
{
	return output_counter_text((enum output_counter)i);
}

static void add(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void add_words(struct json_object *o, const uint64_t *words, int first, int n, text_of text)
{
	for (int i = first; i < n; i++)
		add(o, text(i)->name, words[i]);
}

static struct json_object *words(const uint64_t *values, int first, int n, text_of text)
{
	struct json_object *o = json_object_new_object();

	add_words(o, values, first, n, text);
	return o;
}

static struct json_object *flows(const struct stats *s)
{
	static const struct {
		const char *name;
		enum table_counter counter;
	} ends[] = {
		{"idle", TABLE_flows_ended_idle},	  {"active", TABLE_flows_ended_active},
		{"end", TABLE_flows_ended_end},		  {"forced", TABLE_flows_ended_forced},
		{"overflow", TABLE_flows_ended_overflow},
	};
	struct json_object *o = json_object_new_object(), *ended = json_object_new_object();

	add(o, "created", s->lane.table[TABLE_flows_created]);
	add(o, "active", s->flows_active);
	for (unsigned int i = 0; i < sizeof ends / sizeof ends[0]; i++)
		add(ended, ends[i].name, s->lane.table[ends[i].counter]);
	json_object_object_add(o, "ended", ended);
	return o;
}

static struct json_object *output(const struct output_counters *c)
{
	struct json_object *o = words(c->count, 0, OUTPUT_N, output_text);

	json_object_object_add(o, "dropped",
			       words(c->dropped, 0, OUTPUT_DROP_N, output_drop_text_of));
	return o;
}

/* Each with the records that it was given since it was opened, one for each flow. */
static struct json_object *outputs(const struct exporter *e)
{
	struct json_object *all = json_object_new_object();

	for (unsigned int i = 0; i < e->n_outputs; i++) {
		struct json_object *o = output(output_counters(e->outputs[i]));

		add(o, "given", e->records - e->since[i]);
		json_object_object_add(all, output_name(e->outputs[i]), o);
	}
	return all;
}

/* Those that a reload closed: their sums. */
static struct json_object *outputs_before(const struct exporter_ended *before)
{
	struct json_object *o = output(&before->counters);

	add(o, "outputs", before->n);
	add(o, "given",
	    before->given - before->counters.count[OUTPUT_uniflows] -
		    before->counters.count[OUTPUT_recovered]);
	return o;
}

static struct json_object *ports(const struct stats *s)
{
	struct json_object *all = json_object_new_object();

	for (unsigned int i = 0; i < s->n_ports; i++) {
		const struct port_stats *p = &s->ports[i];
		struct json_object *o = json_object_new_object();

		add(o, "rx_packets", p->rx_packets);
		add(o, "missed", p->missed);
		add(o, "no_mbuf", p->no_mbuf);
		add(o, "errors", p->errors);
		add(o, "kernel_drops", p->kernel_drops);
		json_object_object_add(all, p->name, o);
	}
	return all;
}

static int write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool bad;

	if (!f)
		return -errno;
	bad = fputs(text, f) < 0 || fputc('\n', f) < 0;
	if (fclose(f) != 0)
		return -errno;
	return bad ? -EIO : 0;
}

int stats_write_json(const struct stats *s, const char *path)
{
	struct json_object *o = json_object_new_object();
	int rc;

	json_object_object_add(o, "schema", json_object_new_string("ftprobe.stats/1"));
	add(o, "rx_packets", s->lane.rx_packets);
	add(o, "rx_bytes", s->lane.rx_bytes);
	add(o, "metered_packets", s->lane.metered_packets);
	add(o, "metered_bytes", s->lane.metered_bytes);
	add(o, "ignored_bytes", s->lane.ignored_bytes);
	json_object_object_add(o, "dropped",
			       words(s->lane.dropped, DROP_NONE + 1, DROP_N, drop_text));
	json_object_object_add(o, "notes", words(s->lane.notes, 0, NOTE_N, note_text));
	json_object_object_add(o, "flows", flows(s));
	json_object_object_add(o, "table", words(s->lane.table, 0, TABLE_N, table_text));
	json_object_object_add(o, "dpi", words(s->lane.dpi, 0, DPI_N, dpi_text));
	add(o, "dpi_memory_bytes", ft_dpi_memory_bytes());
	add(o, "records", s->exporter->records);
	json_object_object_add(o, "outputs", outputs(s->exporter));
	if (s->exporter->before.n)
		json_object_object_add(o, "outputs_closed", outputs_before(&s->exporter->before));
	json_object_object_add(o, "ports", ports(s));
	rc = write_text(path, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
									JSON_C_TO_STRING_SPACED));
	json_object_put(o);
	return rc;
}
