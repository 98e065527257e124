/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file: which sections and keys there are, how often, and what they are about.
 */
#include "config_file.h"

#include "core/ini.h"
#include "options_value.h"

#include <errno.h>
#include <string.h>

struct config {
	struct options *o;
	const char *name;
	struct options_errors *errors;
	unsigned int line;

	enum option_section section;	/* SECTION_N before the first one */
	void *base;			/* NULL: keys are skipped, the section was refused */
	char title[NAME_BYTES_MAX * 2]; /* as written, for complaints */
	unsigned int title_line;
	unsigned int section_lines[SECTION_N]; /* where a section began, 0 = not yet */
	unsigned int key_lines[SETTING_N];     /* the same for the keys of this section */
};

#define COMPLAIN(c, format, ...)                                                                   \
	options_complain((c)->errors, "%s:%u: " format, (c)->name, (c)->line, __VA_ARGS__)

/* An output is complete: check what is between its keys. */
static void section_end(struct config *c)
{
	char error[512];

	if (c->base && c->section == SECTION_output &&
	    options_finish_output(c->base, error, sizeof error))
		options_complain(c->errors, "%s:%u: [%s]: %s", c->name, c->title_line, c->title,
				 error);
	c->base = NULL;
}

/* [section]: once a file, no name. */
static void *single_begin(struct config *c, const char *name)
{
	unsigned int first = c->section_lines[c->section];

	if (*name) {
		COMPLAIN(c, "[%s]: this section takes no name; allowed: [%s]", c->title,
			 option_section(c->section)->name);
		return NULL;
	}
	if (first) {
		COMPLAIN(c, "[%s]: given twice, first in line %u; put the keys together", c->title,
			 first);
		return NULL;
	}
	c->section_lines[c->section] = c->line;
	return options_section_base(c->o, c->section, "");
}

/* [section NAME]: once for each name. */
static void *many_begin(struct config *c, const char *name)
{
	char error[512];
	void *base;

	if (!*name) {
		COMPLAIN(c, "[%s]: the name is missing; allowed: [%s NAME]", c->title, c->title);
		return NULL;
	}
	base = options_add(c->o, c->section, name, error, sizeof error);
	if (!base)
		COMPLAIN(c, "[%s]: %s", c->title, error);
	return base;
}

static void section_begin(void *user, unsigned int line, const char *kind, const char *name)
{
	struct config *c = user;
	char text[256];

	c->line = line;
	section_end(c);
	memset(c->key_lines, 0, sizeof c->key_lines);
	c->section = SECTION_probe; /* refused or not, keys are no longer before the first section
				     */
	c->title_line = line;
	if (!kind)
		return;
	snprintf(c->title, sizeof c->title, "%.40s%s%.80s", kind, *name ? " " : "", name);
	c->section = option_section_find(kind);
	if (c->section == SECTION_N) {
		COMPLAIN(c, "[%.80s]: %s", kind, options_unknown_section(kind, text, sizeof text));
		c->section = SECTION_probe;
		return;
	}
	if (option_section(c->section)->many)
		c->base = many_begin(c, name);
	else
		c->base = single_begin(c, name);
}

/* Words given again: what is there, a space, what comes. False when that is too long. */
static bool join_words(const struct setting *s, const void *base, const char *value, char *text)
{
	size_t used = strlen(setting_format(s, base, text, VALUE_TEXT_MAX));

	return (size_t)snprintf(text + used, VALUE_TEXT_MAX - used, "%s%s", used ? " " : "",
				value) < VALUE_TEXT_MAX - used;
}

static void set_key(struct config *c, enum option_setting id, const char *value)
{
	const struct setting *s = option_setting(id);
	char text[VALUE_TEXT_MAX], error[512];
	unsigned int first = c->key_lines[id];

	if (first && !s->joins) {
		COMPLAIN(c, "[%s] %s: given twice, first in line %u", c->title, s->key, first);
		return;
	}
	c->key_lines[id] = c->line;
	if (first) {
		if (!join_words(s, c->base, value, text)) {
			COMPLAIN(c, "[%s] %s: too long; allowed: at most %zu bytes in all",
				 c->title, s->key, s->len_bytes - 1);
			return;
		}
		value = text;
	}
	if (setting_parse(s, c->base, value, error, sizeof error))
		COMPLAIN(c, "[%s] %s: %s", c->title, s->key, error);
}

static void on_key(void *user, unsigned int line, const char *key, const char *value)
{
	struct config *c = user;
	enum option_setting id;
	char text[256];

	c->line = line;
	if (c->section == SECTION_N) {
		COMPLAIN(c, "%.80s: a key before the first [section]", key);
		return;
	}
	if (!c->base)
		return;
	id = option_setting_find(c->section, key);
	if (id != SETTING_N)
		set_key(c, id, value);
	else if (!*key)
		COMPLAIN(c, "[%s]: no key before the = sign", c->title);
	else
		COMPLAIN(c, "[%s] %.80s: %s", c->title, key,
			 options_unknown_key(c->section, key, text, sizeof text));
}

static void on_fault(void *user, unsigned int line, const char *what)
{
	struct config *c = user;

	c->line = line;
	COMPLAIN(c, "%s", what);
}

void config_file_parse(struct options *o, FILE *f, const char *name, struct options_errors *e)
{
	static const struct ini_events events = {section_begin, on_key, on_fault};
	struct config c = {.o = o, .name = name, .errors = e, .section = SECTION_N};
	int rc = ini_read(f, &events, &c);

	if (rc == -EILSEQ)
		return; /* whether its last section is complete, nobody knows */
	section_end(&c);
	if (rc && rc != -E2BIG)
		options_complain(e, "%s: cannot be read: %s", name, strerror(-rc));
}

void config_file_read(struct options *o, const char *path, struct options_errors *e)
{
	FILE *f = fopen(path, "re");

	if (!f) {
		options_complain(e, "%s: cannot be opened: %s", path, strerror(errno));
		return;
	}
	config_file_parse(o, f, path, e);
	fclose(f);
}
