/* SPDX-License-Identifier: BSD-3-Clause */
/* One row a metric, a function for each shape of its samples. */
#include "metrics_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <rte_version.h>

#include "core/clock.h"
#include "options_table.h"

#define SECONDS(ns) ((double)(ns) / SECOND_NS)

void metrics_print_label(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', f);
		if (*text == '\n')
			fputs("\\n", f);
		else
			fputc(*text, f);
	}
}

/* ---- shapes ---- */

static void build_info(FILE *f, const struct metric *m, const struct snapshot *s)
{
	(void)s;
	fprintf(f, "%s{version=\"%s\",dpdk=\"%d.%d.%d\"} 1\n", m->name, FTPROBE_VERSION,
		RTE_VER_YEAR, RTE_VER_MONTH, RTE_VER_MINOR);
}

/* An offset into the snapshot, of nanoseconds or of a number. */
static void one_time(FILE *f, const struct metric *m, const struct snapshot *s)
{
	const uint64_t *ns = (const uint64_t *)(const void *)((const char *)s + m->row);

	fprintf(f, "%s %.9f\n", m->name, SECONDS(*ns));
}

static void one_number(FILE *f, const struct metric *m, const struct snapshot *s)
{
	const uint64_t *n = (const uint64_t *)(const void *)((const char *)s + m->row);

	fprintf(f, "%s %" PRIu64 "\n", m->name, *n);
}

static void start_time(FILE *f, const struct metric *m, const struct snapshot *s)
{
	fprintf(f, "%s %.3f\n", m->name, SECONDS(s->wall_ns - s->uptime_ns));
}

static void lane_capacity(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++)
		fprintf(f, "%s{lane=\"%u\"} %" PRIu32 "\n", m->name, i, s->flows_max);
}

/* Offsets into struct snapshot_lane. */
static void lane_number(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++) {
		const char *at = (const char *)&s->lanes[i] + m->row;

		fprintf(f, "%s{lane=\"%u\"} %" PRIu64 "\n", m->name, i,
			*(const uint64_t *)(const void *)at);
	}
}

static void lane_number32(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++) {
		const char *at = (const char *)&s->lanes[i] + m->row;

		fprintf(f, "%s{lane=\"%u\"} %" PRIu32 "\n", m->name, i,
			*(const uint32_t *)(const void *)at);
	}
}

static void lane_time(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++) {
		const char *at = (const char *)&s->lanes[i] + m->row;

		fprintf(f, "%s{lane=\"%u\"} %.9f\n", m->name, i,
			SECONDS(*(const uint64_t *)(const void *)at));
	}
}

static void stage_times(FILE *f, const struct metric *m, const struct snapshot *s)
{
	static const char *const names[LANE_STAGE_N] = {"receive", "admit", "process", "release"};

	for (unsigned int i = 0; i < s->n_lanes; i++)
		for (int stage = 0; stage < LANE_STAGE_N; stage++)
			fprintf(f, "%s{lane=\"%u\",stage=\"%s\"} %.9f\n", m->name, i, names[stage],
				SECONDS(s->lanes[i].numbers.stage_ns[stage]));
}

static void packet_drops(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++)
		for (int d = DROP_NONE + 1; d < DROP_N; d++)
			fprintf(f, "%s{port=\"\",lane=\"%u\",reason=\"%s\"} %" PRIu64 "\n", m->name,
				i, drop_reason_text((enum drop_reason)d)->name,
				s->lanes[i].numbers.counters.dropped[d]);
	for (unsigned int i = 0; i < s->n_ports; i++) {
		const struct port_stats *p = &s->ports[i];
		const struct {
			const char *reason;
			uint64_t n;
		} losses[] = {{"port_missed", p->missed},
			      {"port_no_buffer", p->no_mbuf},
			      {"port_error", p->errors},
			      {"port_kernel", p->kernel_drops}};

		for (size_t l = 0; l < sizeof losses / sizeof losses[0]; l++) {
			fprintf(f, "%s{port=\"", m->name);
			metrics_print_label(f, p->name);
			fprintf(f, "\",lane=\"\",reason=\"%s\"} %" PRIu64 "\n", losses[l].reason,
				losses[l].n);
		}
	}
}

static void packet_notes(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++)
		for (int n = 0; n < NOTE_N; n++)
			fprintf(f, "%s{lane=\"%u\",note=\"%s\"} %" PRIu64 "\n", m->name, i,
				packet_note_text((enum packet_note)n)->name,
				s->lanes[i].numbers.counters.notes[n]);
}

static void table_counter(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++)
		fprintf(f, "%s{lane=\"%u\"} %" PRIu64 "\n", m->name, i,
			s->lanes[i].numbers.counters.table[m->row]);
}

static void dpi_counter(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_lanes; i++)
		fprintf(f, "%s{lane=\"%u\"} %" PRIu64 "\n", m->name, i,
			s->lanes[i].numbers.counters.dpi[m->row]);
}

#define FLOWS_ENDED	"flows_ended_"
#define RECORDS_DROPPED "records_dropped_"

/* What follows the prefix in a name, NULL when it does not begin so. */
static const char *behind(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 ? name + len : NULL;
}

/* Counters of the table that are one metric with a reason. */
static void table_reasons(FILE *f, const struct metric *m, const struct snapshot *s,
			  const char *prefix)
{
	for (unsigned int i = 0; i < s->n_lanes; i++)
		for (int c = 0; c < TABLE_N; c++) {
			const char *reason =
				behind(table_counter_text((enum table_counter)c)->name, prefix);

			if (reason)
				fprintf(f, "%s{lane=\"%u\",reason=\"%s\"} %" PRIu64 "\n", m->name,
					i, reason, s->lanes[i].numbers.counters.table[c]);
		}
}

static void flows_ended(FILE *f, const struct metric *m, const struct snapshot *s)
{
	table_reasons(f, m, s, FLOWS_ENDED);
}

static void records_dropped(FILE *f, const struct metric *m, const struct snapshot *s)
{
	table_reasons(f, m, s, RECORDS_DROPPED);
}

static void output_labels(FILE *f, const struct metric *m, const struct output_numbers *o)
{
	const char *const *types = option_setting(SETTING_output_type)->words;

	fprintf(f, "%s{output=\"", m->name);
	metrics_print_label(f, o->name);
	fprintf(f, "\",type=\"%s\"", types[o->type]);
}

static void output_counter(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->exporter.n_outputs; i++) {
		const struct output_numbers *o = &s->exporter.outputs[i];

		output_labels(f, m, o);
		fprintf(f, "} %" PRIu64 "\n", o->counters.count[m->row]);
	}
}

static void output_drops(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->exporter.n_outputs; i++) {
		const struct output_numbers *o = &s->exporter.outputs[i];

		for (int d = 0; d < OUTPUT_DROP_N; d++) {
			output_labels(f, m, o);
			fprintf(f, ",reason=\"%s\"} %" PRIu64 "\n",
				output_drop_text((enum output_drop)d)->name,
				o->counters.dropped[d]);
		}
	}
}

static void record_ages(FILE *f, const struct metric *m, const struct snapshot *s)
{
	const struct record_ages *a = &s->exporter.ages;
	uint64_t n = 0;

	for (unsigned int i = 0; i < RECORD_AGES_N; i++) {
		n += a->n[i];
		fprintf(f, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", m->name, record_ages_bound(i), n);
	}
	n += a->n[RECORD_AGES_N];
	fprintf(f, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", m->name, n);
	fprintf(f, "%s_sum %.9f\n%s_count %" PRIu64 "\n", m->name, SECONDS(a->sum_ns), m->name, n);
}

/* Offsets into struct port_stats. */
static void port_number(FILE *f, const struct metric *m, const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_ports; i++) {
		const char *at = (const char *)&s->ports[i] + m->row;

		fprintf(f, "%s{port=\"", m->name);
		metrics_print_label(f, s->ports[i].name);
		fprintf(f, "\"} %" PRIu64 "\n", *(const uint64_t *)(const void *)at);
	}
}

/* ---- rows ---- */

/* clang-format off */
#define SNAPSHOT(member)   offsetof(struct snapshot, member)
#define LANE(member)	   offsetof(struct snapshot_lane, member)
#define LANE_COUNTS(word)  offsetof(struct snapshot_lane, numbers.counters.word)
#define PORT(member)	   offsetof(struct port_stats, member)

static const struct metric metrics[] = {
#define METRIC(name, type, labels, samples, row, sentence) \
	{#name, #type, labels, sentence, samples, row},
#include "metrics.def"
};
/* clang-format on */

/* Rows of counters.def that are a sample of another metric, or no counter. */
static bool is_told_elsewhere(const struct metric *m)
{
	const char *name = m->name + strlen("ftprobe_");

	if (m->samples == table_counter)
		return behind(name, FLOWS_ENDED) || behind(name, RECORDS_DROPPED);
	return m->samples == output_counter && strcmp(m->type, "counter") == 0 &&
	       (m->row == OUTPUT_queued || m->row == OUTPUT_queued_max);
}

const struct metric *metric_at(unsigned int i)
{
	for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++)
		if (!is_told_elsewhere(&metrics[m]) && i-- == 0)
			return &metrics[m];
	return NULL;
}

void metrics_print(FILE *f, const struct snapshot *s)
{
	const struct metric *m;

	for (unsigned int i = 0; (m = metric_at(i)) != NULL; i++) {
		fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
		m->samples(f, m, s);
	}
}

void metrics_print_markdown(FILE *f)
{
	const struct metric *m;

	fputs("<!-- Made from app/metrics.def and lib/core/counters.def; do not edit. -->\n"
	      "# Metrics\n"
	      "\n"
	      "What `[metrics] listen` serves to Prometheus, at /metrics. Reasons and notes are\n"
	      "the names of [counters.md](counters.md); reasons that begin with `port_` tell what\n"
	      "a port lost before a lane saw it. What the drivers count themselves follows as\n"
	      "`ftprobe_port_xstat` with the labels `port` and `name`. The numbers of a lane are\n"
	      "of one moment, and so are those of the outputs: received = metered + dropped, and\n"
	      "offered = sent + in doubt + queued + dropped, hold in every scrape.\n"
	      "`config/grafana-ftprobe.json` is a dashboard of them.\n"
	      "\n"
	      "| name | type | labels | meaning |\n|---|---|---|---|\n",
	      f);
	for (unsigned int i = 0; (m = metric_at(i)) != NULL; i++)
		fprintf(f, "| `%s` | %s | %s | %s |\n", m->name, m->type, m->labels, m->help);
}
