/* SPDX-License-Identifier: BSD-3-Clause */
/* The summary that people read at the end of a run. */
#include "stats.h"

#include <inttypes.h>

#include "core/clock.h"

#define TOP_SHOWN 10

/* 1234567 as 1,234,567: eight of them fit one line. */
static const char *grouped(uint64_t value)
{
	static _Thread_local char texts[8][32];
	static _Thread_local unsigned int turn;
	char plain[24], *text = texts[turn++ % 8];
	int n = snprintf(plain, sizeof plain, "%" PRIu64, value), to = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text[to++] = ',';
		text[to++] = plain[i];
	}
	text[to] = '\0';
	return text;
}

static void print_if(FILE *f, const struct counter_text *text, uint64_t value)
{
	if (value)
		fprintf(f, "  %14s  %s (%s)\n", grouped(value), text->name, text->sentence);
}

static void print_packets(const struct stats *s, FILE *f)
{
	uint64_t dropped = s->lane.rx_packets - s->lane.metered_packets;

	fprintf(f,
		"packets   %s received, %s metered, %s dropped: received = metered + dropped %s\n",
		grouped(s->lane.rx_packets), grouped(s->lane.metered_packets), grouped(dropped),
		stats_packets_hold(s) ? "holds" : "DOES NOT HOLD");
	fprintf(f, "bytes     %s on the wire, %s in metered IP\n", grouped(s->lane.rx_bytes),
		grouped(s->lane.metered_bytes));
	for (int i = DROP_NONE + 1; i < DROP_N; i++)
		print_if(f, drop_reason_text((enum drop_reason)i), s->lane.dropped[i]);
	for (int i = 0; i < NOTE_N; i++)
		if (s->lane.notes[i])
			fprintf(f, "  note %9s  %s (%s)\n", grouped(s->lane.notes[i]),
				packet_note_text((enum packet_note)i)->name,
				packet_note_text((enum packet_note)i)->sentence);
}

static void print_ports(const struct stats *s, FILE *f)
{
	for (unsigned int i = 0; i < s->n_ports; i++) {
		const struct port_stats *p = &s->ports[i];

		fprintf(f,
			"port      %s: %s received, lost before us: %s missed, %s without buffer, "
			"%s errors, %s in the kernel\n",
			p->name, grouped(p->rx_packets), grouped(p->missed), grouped(p->no_mbuf),
			grouped(p->errors), grouped(p->kernel_drops));
	}
}

static void print_flows(const struct stats *s, FILE *f)
{
	const uint64_t *t = s->lane.table;

	fprintf(f, "flows     %s: %s idle, %s active timeout, %s ended, %s forced, %s overflow\n",
		grouped(t[TABLE_flows_created]), grouped(t[TABLE_flows_ended_idle]),
		grouped(t[TABLE_flows_ended_active]), grouped(t[TABLE_flows_ended_end]),
		grouped(t[TABLE_flows_ended_forced]), grouped(t[TABLE_flows_ended_overflow]));
	fprintf(f, "records   %s produced%s\n", grouped(t[TABLE_records]),
		stats_records_hold(s) ?
			", for each output: produced = sent + in doubt + dropped + queued holds" :
			": THE SUM OVER AN OUTPUT DOES NOT HOLD");
	print_if(f, table_counter_text(TABLE_records_dropped_detached),
		 t[TABLE_records_dropped_detached]);
	print_if(f, table_counter_text(TABLE_records_dropped_ring_full),
		 t[TABLE_records_dropped_ring_full]);
	if (s->lane.dpi[DPI_dpi_uninspected])
		print_if(f, dpi_counter_text(DPI_dpi_uninspected),
			 s->lane.dpi[DPI_dpi_uninspected]);
	if (s->lane.dpi[DPI_dpi_governed])
		print_if(f, dpi_counter_text(DPI_dpi_governed), s->lane.dpi[DPI_dpi_governed]);
}

static void print_output(const struct output_counters *c, FILE *f)
{
	fprintf(f, "%s sent", grouped(c->count[OUTPUT_sent]));
	if (c->count[OUTPUT_in_doubt])
		fprintf(f, ", %s in doubt", grouped(c->count[OUTPUT_in_doubt]));
	if (c->count[OUTPUT_queued])
		fprintf(f, ", %s queued", grouped(c->count[OUTPUT_queued]));
	fputc('\n', f);
	for (int d = 0; d < OUTPUT_DROP_N; d++)
		print_if(f, output_drop_text((enum output_drop)d), c->dropped[d]);
}

static void print_outputs(const struct exporter *e, FILE *f)
{
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		fprintf(f, "output    %s: ", output_name(e->outputs[i]));
		print_output(output_counters(e->outputs[i]), f);
	}
	if (e->before.n) {
		fprintf(f, "closed    %" PRIu64 " %s by reloads: ", e->before.n,
			e->before.n == 1 ? "output" : "outputs");
		print_output(&e->before.counters, f);
	}
}

static void print_top(const struct exporter *e, FILE *f)
{
	const struct top_entry *largest[TOP_SHOWN];
	unsigned int n = top_largest(&e->top, largest, TOP_SHOWN);

	if (n)
		fprintf(f, "protocols %-24s %10s %14s %18s\n", "", "flows", "packets", "bytes");
	for (unsigned int i = 0; i < n; i++)
		fprintf(f, "          %-24s %10s %14s %18s\n", largest[i]->name,
			grouped(largest[i]->flows), grouped(largest[i]->packets),
			grouped(largest[i]->octets));
	if (e->top.not_counted)
		fprintf(f, "          and %s records of protocols beyond the bound\n",
			grouped(e->top.not_counted));
}

void stats_print(const struct stats *s, FILE *f)
{
	fputc('\n', f);
	print_packets(s, f);
	print_ports(s, f);
	print_flows(s, f);
	print_outputs(s->exporter, f);
	print_top(s->exporter, f);
	if (s->elapsed_ns >= SECOND_NS / 100)
		fprintf(f, "time      %.2f s, %s packets/s\n", (double)s->elapsed_ns / SECOND_NS,
			grouped((uint64_t)((double)s->lane.rx_packets * SECOND_NS /
					   (double)s->elapsed_ns)));
}
