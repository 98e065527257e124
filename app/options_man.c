/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the man pages that are made from options.def, in groff man. */
#include "options_table.h"
#include "options_text.h"
#include "options_value.h"

#include <string.h>

#define SENTENCE_MAX 512

static void bold(FILE *f, const char *before, const char *text)
{
	char dashed[NAME_BYTES_MAX];

	fputs("\\fB", f);
	text_roff(f, before);
	text_roff(f, text_dashed(text, dashed, sizeof dashed));
	fputs("\\fR", f);
}

static void argument(FILE *f, const char *metavar)
{
	if (metavar) {
		fputs(" \\fI", f);
		text_roff(f, metavar);
		fputs("\\fR", f);
	}
	fputc('\n', f);
}

static void sentence(FILE *f, const char *text)
{
	char with_stop[SENTENCE_MAX];

	text_roff(f, text_sentence(text, with_stop, sizeof with_stop));
	fputc('\n', f);
}

static void man8_action(FILE *f, const struct action *a)
{
	fputs(".TP\n", f);
	if (a->letter) {
		bold(f, "-", a->letter);
		fputs(", ", f);
	}
	bold(f, "--", a->name);
	argument(f, a->metavar);
	sentence(f, a->sentence);
}

static void man8_setting(FILE *f, const struct setting *s)
{
	char text[SENTENCE_MAX];

	fputs(".TP\n", f);
	bold(f, "--", s->cli_long);
	argument(f, s->cli_metavar);
	snprintf(text, sizeof text, "%s%s", s->cli_value && s->cli_value[0] == 'n' ? "do not " : "",
		 s->sentence);
	sentence(f, text);
	fprintf(f, "Key \\fB%s\\fR of [%s] in\n.BR ftprobe.conf (5)", s->key,
		option_section(s->section)->name);
	if (s->cli_metavar && s->default_text[0]) {
		fputs(",\ndefault ", f);
		text_roff(f, s->default_text);
	}
	fputs(".\n", f);
}

void options_print_man8(FILE *f)
{
	for (enum option_group group = 0; group < HELP_N; group++) {
		fprintf(f, ".SS %s\n", option_group_title(group));
		for (enum option_action id = 0; id < ACTION_N; id++)
			if (option_action(id)->group == group)
				man8_action(f, option_action(id));
		for (enum option_setting id = 0; id < SETTING_N; id++) {
			const struct setting *s = option_setting(id);

			if (s->cli_long && option_section(s->section)->group == group)
				man8_setting(f, s);
		}
	}
}

static void man5_setting(FILE *f, const struct setting *s)
{
	char allowed[VALUE_ALLOWED_MAX];

	fprintf(f, ".TP\n\\fB%s\\fR = \\fI", s->key);
	text_roff(f, s->default_text[0] ? s->default_text : s->unit);
	fputs("\\fR\n", f);
	sentence(f, s->sentence);
	fputs("Allowed: ", f);
	text_roff(f, setting_allowed(s, allowed, sizeof allowed));
	fputs(s->default_text[0] ? ".\n" : "; empty by default.\n", f);
	if (s->joins)
		fputs("May be repeated: the values are joined by spaces.\n", f);
	if (s->reload)
		fputs("A running probe takes a new value when it reloads.\n", f);
	if (s->cli_long) {
		fputs("Option: ", f);
		bold(f, "--", s->cli_long);
		fputs(".\n", f);
	}
}

void options_print_man5(FILE *f)
{
	for (enum option_section id = 0; id < SECTION_N; id++) {
		const struct section *section = option_section(id);

		fprintf(f, ".SS [%s%s]\n%s\n", section->name, section->many ? " NAME" : "",
			section->sentence);
		for (enum option_setting i = 0; i < SETTING_N; i++)
			if (option_setting(i)->section == id)
				man5_setting(f, option_setting(i));
	}
}
