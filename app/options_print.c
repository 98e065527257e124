/* SPDX-License-Identifier: BSD-3-Clause */
/* --help and --dump-config, from the rows of options.def. */
#include "options_table.h"
#include "options_text.h"
#include "options_value.h"

#include <string.h>

/* Where the sentences of --help begin. */
#define HELP_COLUMN  30

#define SENTENCE_MAX 512

/* "  -r, --read FILE" and the sentence behind it or, when it is long, below it. */
static void help_line(FILE *f, const char *option, const char *sentence)
{
	char margin[HELP_COLUMN + 1];

	snprintf(margin, sizeof margin, "%*s", HELP_COLUMN, "");
	fprintf(f, "%-*s", HELP_COLUMN, option);
	if (strlen(option) >= HELP_COLUMN)
		fprintf(f, "\n%s", margin);
	text_wrap(f, sentence, HELP_COLUMN, margin);
}

static void help_action(FILE *f, const struct action *a)
{
	char option[128], name[NAME_BYTES_MAX];

	snprintf(option, sizeof option, "  %s%s%s--%s%s%s", a->letter ? "-" : "",
		 a->letter ? a->letter : "    ", a->letter ? ", " : "",
		 text_dashed(a->name, name, sizeof name), a->metavar ? " " : "",
		 a->metavar ? a->metavar : "");
	help_line(f, option, a->sentence);
}

static void help_setting(FILE *f, const struct setting *s)
{
	char option[128], name[NAME_BYTES_MAX], sentence[SENTENCE_MAX];
	bool says_default = s->cli_metavar && s->default_text[0];

	snprintf(option, sizeof option, "      --%s%s%s",
		 text_dashed(s->cli_long, name, sizeof name), s->cli_metavar ? " " : "",
		 s->cli_metavar ? s->cli_metavar : "");
	snprintf(sentence, sizeof sentence, "%s%s%s%s%s",
		 s->cli_value && s->cli_value[0] == 'n' ? "do not " : "", s->sentence,
		 says_default ? " (default " : "", says_default ? s->default_text : "",
		 says_default ? ")" : "");
	help_line(f, option, sentence);
}

static void help_group(FILE *f, enum option_group group)
{
	fprintf(f, "\n%s:\n", option_group_title(group));
	for (enum option_action id = 0; id < ACTION_N; id++)
		if (option_action(id)->group == group)
			help_action(f, option_action(id));
	for (enum option_setting id = 0; id < SETTING_N; id++) {
		const struct setting *s = option_setting(id);

		if (s->cli_long && option_section(s->section)->group == group)
			help_setting(f, s);
	}
}

void options_print_help(FILE *f)
{
	fputs("Usage: ftprobe -r FILE ... [OPTION ...] [FILTER]\n"
	      "       ftprobe -i NAME ... [OPTION ...] [FILTER]\n"
	      "       ftprobe -c FILE [OPTION ...] [FILTER]\n"
	      "\n"
	      "Turns packets into flows, names their application protocols, and writes\n"
	      "records of them. FILTER is a BPF expression as with tcpdump. Times are 250ms,\n"
	      "30s, 2m or 1h, a bare number is seconds; numbers and sizes may end in k, M, G\n"
	      "(powers of 1024).\n",
	      f);
	for (enum option_group group = 0; group < HELP_N; group++)
		help_group(f, group);
	fputs("\n"
	      "Examples:\n"
	      "  ftprobe -r trace.pcap                       flows of a capture file, as text\n"
	      "  zcat trace.gz | ftprobe -r - -o json        from a pipe, one JSON object a line\n"
	      "  ftprobe -i eth0 udp port 53                 DNS on a kernel interface\n"
	      "  ftprobe -i 0000:3b:00.0 --lanes 4 -o ipfix:udp://192.0.2.1:4739\n"
	      "                                              a DPDK port, to an IPFIX collector\n"
	      "  ftprobe -c /etc/ftprobe.conf --check        does this file say what I mean?\n"
	      "\n"
	      "Exit status: 0 success, 1 failure while running, 2 bad usage or configuration.\n"
	      "See ftprobe(8) and ftprobe.conf(5).\n",
	      f);
}

/* "# " and words, wrapped. */
static void comment(FILE *f, const char *words)
{
	fputs("# ", f);
	text_wrap(f, words, 2, "# ");
}

static void config_setting(FILE *f, const struct setting *s)
{
	char text[SENTENCE_MAX], allowed[VALUE_ALLOWED_MAX];

	fputc('\n', f);
	comment(f, text_sentence(s->sentence, text, sizeof text));
	snprintf(text, sizeof text, "Allowed: %s.", setting_allowed(s, allowed, sizeof allowed));
	if (s->kind != SETTING_STRING)
		comment(f, text);
	if (s->joins)
		comment(f, "May be repeated: the values are joined by spaces.");
	fprintf(f, "#%s =%s%s\n", s->key, s->default_text[0] ? " " : "", s->default_text);
}

static void config_section(FILE *f, enum option_section id)
{
	const struct section *section = option_section(id);

	fputs("\n\n", f);
	comment(f, section->sentence);
	if (section->many)
		fprintf(f, "#[%s NAME]\n", section->name);
	else
		fprintf(f, "[%s]\n", section->name);
	for (enum option_setting i = 0; i < SETTING_N; i++)
		if (option_setting(i)->section == id)
			config_setting(f, option_setting(i));
}

void options_print_config(FILE *f)
{
	fputs("# ftprobe.conf: all settings of ftprobe(8), each at its default.\n"
	      "# This is what \"ftprobe --dump-config\" prints; see ftprobe.conf(5). Take the #\n"
	      "# away from what you change; \"ftprobe -c FILE --check\" says what it means.\n"
	      "# Times are 250ms, 30s, 2m or 1h, a bare number is seconds; numbers and sizes may\n"
	      "# end in k, M, G (powers of 1024).\n",
	      f);
	for (enum option_section id = 0; id < SECTION_N; id++)
		config_section(f, id);
}
