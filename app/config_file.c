/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file. inih splits "key = value" and takes comments off; lines and sections are
 * read here, because inih cuts long lines and long section names in silence, drops empty sections
 * and what stands behind a ']', and does not tell its handler where it is.
 */
#include "config_file.h"

#include "options_value.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

struct config {
	struct options *o;
	FILE *f;
	const char *name;
	struct options_errors *errors;

	unsigned int line;
	bool expects_key; /* the last line went to inih and must come back as a key */
	bool stopped;

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

/* Splits "[ kind  name ] ; comment" in place. NULL with what is wrong in *what. */
static char *section_split(char *line, char **name, const char **what)
{
	char *kind = line + 1, *end = strchr(line, ']'), *rest;

	if (!end) {
		*what = "a section header without ]; allowed: [section] or [section NAME]";
		return NULL;
	}
	rest = end + 1 + strspn(end + 1, " \t");
	if (*rest && *rest != ';' && *rest != '#') {
		*what = "text behind a section header; keys go on lines of their own";
		return NULL;
	}
	while (end > kind && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	kind += strspn(kind, " \t");
	*name = kind + strcspn(kind, " \t");
	if (**name)
		*(*name)++ = '\0';
	*name += strspn(*name, " \t");
	return kind;
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

static void section_begin(struct config *c, char *line)
{
	const char *what;
	char *name, *kind, text[256];

	section_end(c);
	memset(c->key_lines, 0, sizeof c->key_lines);
	c->section = SECTION_probe; /* refused or not, keys are no longer before the first section
				     */
	c->title_line = c->line;
	kind = section_split(line, &name, &what);
	if (!kind) {
		COMPLAIN(c, "%s", what);
		return;
	}
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

/* inih found a key. Its own bookkeeping of errors is not used. */
static int on_key(void *user, const char *section, const char *key, const char *value)
{
	struct config *c = user;
	enum option_setting id;
	char text[256];

	(void)section;
	c->expects_key = false;
	if (c->section == SECTION_N) {
		COMPLAIN(c, "%.80s: a key before the first [section]", key);
		return 1;
	}
	if (!c->base)
		return 1;
	id = option_setting_find(c->section, key);
	if (id != SETTING_N)
		set_key(c, id, value);
	else if (!*key)
		COMPLAIN(c, "[%s]: no key before the = sign", c->title);
	else
		COMPLAIN(c, "[%s] %.80s: %s", c->title, key,
			 options_unknown_key(c->section, key, text, sizeof text));
	return 1;
}

enum line_fault { LINE_GOOD, LINE_END, LINE_ENDLESS, LINE_BINARY };

/* One line without its end into text, which holds CONFIG_LINE_MAX + 1 bytes. */
static enum line_fault read_line(FILE *f, char *text)
{
	unsigned int n = 0;
	int ch = getc(f);

	if (ch == EOF)
		return LINE_END;
	for (; ch != EOF && ch != '\n'; ch = getc(f)) {
		if (n == CONFIG_LINE_MAX)
			return LINE_ENDLESS;
		if (iscntrl(ch) && !isspace(ch))
			return LINE_BINARY;
		text[n++] = (char)ch;
	}
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	return LINE_GOOD;
}

static char *stop(struct config *c)
{
	c->stopped = true;
	section_end(c);
	return NULL;
}

/* What is in one line: sections are handled here, keys go on to inih, the rest becomes an empty
 * line. */
static void pass_line(struct config *c, char *text, char *to, size_t len)
{
	size_t blank = c->line == 1 && strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

	blank += strspn(text + blank, " \t\r\f\v");
	text += blank;
	if (*text == '[')
		section_begin(c, text);
	if (*text == '\0' || *text == '[' || *text == '#' || *text == ';')
		return;
	/* inih wants room for the line, its end and the zero. */
	if (strlen(text) + 3 > len) {
		COMPLAIN(c, "the line is too long; allowed: %zu bytes", len - 3);
		return;
	}
	memcpy(to, text, strlen(text) + 1);
	c->expects_key = true;
}

/* inih asks for a line of at most num bytes; its own limit is known only here. */
static char *next_line(char *to, int num, void *stream)
{
	struct config *c = stream;
	char text[CONFIG_LINE_MAX + 1];
	enum line_fault fault;

	if (c->expects_key)
		COMPLAIN(c, "%s", "neither [section] nor key = value");
	c->expects_key = false;
	if (c->stopped)
		return NULL;
	fault = read_line(c->f, text);
	if (fault == LINE_END)
		return stop(c);
	c->line++;
	memcpy(to, "\n", 2);
	if (fault == LINE_ENDLESS || c->line > CONFIG_LINES_MAX) {
		COMPLAIN(c, "longer than any configuration file; allowed: %u lines of %u bytes",
			 CONFIG_LINES_MAX, CONFIG_LINE_MAX);
		return stop(c);
	}
	if (fault == LINE_BINARY) {
		COMPLAIN(c, "%s", "is this a text file? the line has a control character");
		c->base = NULL; /* whether its section is complete, nobody knows */
		return stop(c);
	}
	pass_line(c, text, to, (size_t)num);
	return to;
}

void config_file_parse(struct options *o, FILE *f, const char *name, struct options_errors *e)
{
	struct config c = {.o = o, .f = f, .name = name, .errors = e, .section = SECTION_N};
	unsigned int before = e->n;
	int rc;

	rc = ini_parse_stream(next_line, &c, on_key, &c);
	if (ferror(f))
		options_complain(e, "%s: cannot be read: %s", name, strerror(errno));
	else if (rc && e->n == before)
		options_complain(e, "%s: cannot be parsed (inih says %d)", name, rc);
}

void config_file_read(struct options *o, const char *path, struct options_errors *e)
{
	FILE *f = fopen(path, "re");

	if (!f) {
		options_complain(e, "%s: cannot be opened: %s", path, strerror(errno));
		return;
	}
	errno = 0;
	config_file_parse(o, f, path, e);
	fclose(f);
}
