/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints one generated text of the repository, so that a test can compare it with the file and a
 * person can write the file anew: dump-config | man8 | man5 | counters | elements | schema |
 * processors | metrics | dashboard
 */
#include "metrics_dashboard.h"
#include "metrics_text.h"
#include "options.h"

#include "core/counters.h"
#include "dpi/processors.h"
#include "record/elements.h"

#include <stdio.h>
#include <string.h>

static void counter_rows(const char *title, unsigned int n,
			 const struct counter_text *(*text)(unsigned int))
{
	printf("\n## %s\n\n| name | meaning |\n|---|---|\n", title);
	for (unsigned int i = 0; i < n; i++)
		if (text(i)->name)
			printf("| `%s` | %s |\n", text(i)->name, text(i)->sentence);
}

/* Each table of counters has an enum of its own; one signature for the printer. */
#define TEXT_OF(name, type, texts)                                                                 \
	static const struct counter_text *name(unsigned int i)                                     \
	{                                                                                          \
		return texts((type)i);                                                             \
	}
TEXT_OF(drop_text, enum drop_reason, drop_reason_text)
TEXT_OF(note_text, enum packet_note, packet_note_text)
TEXT_OF(table_text, enum table_counter, table_counter_text)
TEXT_OF(dpi_text, enum dpi_counter, dpi_counter_text)
TEXT_OF(output_drop, enum output_drop, output_drop_text)
TEXT_OF(output_text, enum output_counter, output_counter_text)

/* DROP_NONE has no row in counters.def. */
static const struct counter_text *real_drop_text(unsigned int i)
{
	return drop_text(i + 1);
}

static void print_counters(void)
{
	printf("<!-- Made from lib/core/counters.def; do not edit. -->\n"
	       "# Counters\n"
	       "\n"
	       "Each counter of the summary and of `--stats-json`. Two sums hold at every moment:\n"
	       "\n"
	       "- packets received = packets metered + packets dropped, each under one reason;\n"
	       "- records offered to an output = sent + in doubt + queued + dropped, each under "
	       "one reason.\n");
	counter_rows("Packets dropped, by reason", DROP_N - 1, real_drop_text);
	counter_rows("Notes on metered packets", NOTE_N, note_text);
	counter_rows("Flow table", TABLE_N, table_text);
	counter_rows("DPI", DPI_N, dpi_text);
	counter_rows("Outputs", OUTPUT_N, output_text);
	counter_rows("Records that an output dropped, by reason", OUTPUT_DROP_N, output_drop);
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "dump-config") == 0)
		options_print_config(stdout);
	else if (strcmp(what, "man8") == 0)
		options_print_man8(stdout);
	else if (strcmp(what, "man5") == 0)
		options_print_man5(stdout);
	else if (strcmp(what, "counters") == 0)
		print_counters();
	else if (strcmp(what, "elements") == 0)
		elements_print_markdown(stdout);
	else if (strcmp(what, "schema") == 0)
		elements_print_schema(stdout);
	else if (strcmp(what, "processors") == 0)
		processors_print_markdown(stdout);
	else if (strcmp(what, "metrics") == 0)
		metrics_print_markdown(stdout);
	else if (strcmp(what, "dashboard") == 0) {
		if (metrics_dashboard_print(stdout))
			return 1;
	} else {
		fprintf(stderr, "usage: print_docs "
				"dump-config|man8|man5|counters|elements|schema|processors|metrics|"
				"dashboard\n");
		return 2;
	}
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
