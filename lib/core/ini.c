/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inih splits "key = value" and takes comments off; lines and sections are read here, because inih
 * cuts long lines and long section names in silence, drops empty sections and what stands behind a
 * ']', and does not tell its handler where it is.
 */
#include "core/ini.h"

#include "core/limits.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <string.h>

struct reader {
	FILE *f;
	const struct ini_events *events;
	void *user;
	unsigned int line;
	bool expects_key; /* the last line went to inih and must come back as a key */
	bool stopped;
	int rc;
};

#define FAULT(r, format, ...)                                                                      \
	do {                                                                                       \
		char what_[128];                                                                   \
		snprintf(what_, sizeof what_, format, __VA_ARGS__);                                \
		(r)->events->fault((r)->user, (r)->line, what_);                                   \
	} while (0)

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

static void read_section(struct reader *r, char *text)
{
	const char *what = NULL;
	char *name = text, *kind = section_split(text, &name, &what);

	r->events->section(r->user, r->line, kind, kind ? name : "");
	if (!kind)
		FAULT(r, "%s", what);
}

/* inih found a key. Its own bookkeeping of errors is not used. */
static int on_key(void *user, const char *section, const char *key, const char *value)
{
	struct reader *r = user;

	(void)section;
	r->expects_key = false;
	r->events->key(r->user, r->line, key, value);
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

static char *stop(struct reader *r, int rc)
{
	r->stopped = true;
	r->rc = rc;
	return NULL;
}

/* A section is told here, a key goes on to inih, the rest becomes an empty line. */
static void pass_line(struct reader *r, char *text, char *to, size_t len)
{
	size_t blank = r->line == 1 && strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

	blank += strspn(text + blank, " \t\r\f\v");
	text += blank;
	if (*text == '[')
		read_section(r, text);
	if (*text == '\0' || *text == '[' || *text == '#' || *text == ';')
		return;
	/* inih wants room for the line, its end and the zero. */
	if (strlen(text) + 3 > len) {
		FAULT(r, "the line is too long; allowed: %zu bytes", len - 3);
		return;
	}
	memcpy(to, text, strlen(text) + 1);
	r->expects_key = true;
}

/* inih asks for a line of at most num bytes; its own limit is known only here. */
static char *next_line(char *to, int num, void *stream)
{
	struct reader *r = stream;
	char text[CONFIG_LINE_MAX + 1];
	enum line_fault fault;

	if (r->expects_key)
		FAULT(r, "%s", "neither [section] nor key = value");
	r->expects_key = false;
	if (r->stopped)
		return NULL;
	errno = 0;
	fault = read_line(r->f, text);
	if (fault == LINE_END)
		return stop(r, ferror(r->f) ? -(errno ? errno : EIO) : 0);
	r->line++;
	memcpy(to, "\n", 2);
	if (fault == LINE_ENDLESS || r->line > CONFIG_LINES_MAX) {
		FAULT(r, "longer than any configuration file; allowed: %u lines of %u bytes",
		      CONFIG_LINES_MAX, CONFIG_LINE_MAX);
		return stop(r, -E2BIG);
	}
	if (fault == LINE_BINARY) {
		FAULT(r, "%s", "is this a text file? the line has a control character");
		return stop(r, -EILSEQ);
	}
	pass_line(r, text, to, (size_t)num);
	return to;
}

int ini_read(FILE *f, const struct ini_events *events, void *user)
{
	struct reader r = {.f = f, .events = events, .user = user};

	/* Above 0: lines without a key, which were told. */
	if (ini_parse_stream(next_line, &r, on_key, &r) < 0)
		return -ENOMEM;
	return r.rc;
}
