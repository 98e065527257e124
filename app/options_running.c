/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings that are in force, as a configuration file would say them. */
#include "options_table.h"
#include "options_value.h"

#include <stdlib.h>

static void print_section(FILE *f, enum option_section id, const char *name, const void *base)
{
	char *text = malloc(VALUE_TEXT_MAX);

	fprintf(f, "\n[%s%s%s]\n", option_section(id)->name, *name ? " " : "", name);
	for (enum option_setting i = 0; text && i < SETTING_N; i++) {
		const struct setting *s = option_setting(i);

		if (s->section != id)
			continue;
		setting_format(s, base, text, VALUE_TEXT_MAX);
		fprintf(f, "%s%s =%s%s\n", *text ? "" : "#", s->key, *text ? " " : "", text);
	}
	free(text);
}

static unsigned int count_of(const struct options *o, enum option_section id)
{
	if (id == SECTION_port)
		return o->n_ports;
	return id == SECTION_output ? o->n_outputs : o->n_processors;
}

void options_print_running(const struct options *o, FILE *f)
{
	fputs("# The settings that are in force.\n", f);
	for (enum option_section id = 0; id < SECTION_N; id++) {
		const struct section *s = option_section(id);
		const char *base = (const char *)o + s->offset;

		if (!s->many) {
			print_section(f, id, "", base);
			continue;
		}
		/* Each of them begins with its name. */
		for (unsigned int i = 0; i < count_of(o, id); i++, base += s->len_bytes)
			print_section(f, id, base, base);
	}
}
