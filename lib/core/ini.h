/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * INI files: [kind], [kind name], "key = value" or "key: value", comments that begin with # or ; at
 * the start of a line, or with ; behind a space. White space at the start of a line means nothing:
 * there are no continuation lines. A byte order mark and CR LF are taken off.
 */
#pragma once

#include <stdio.h>

/*
 * Who is told, line by line from 1 on. The texts end with the call; key and value have no white
 * space around them and may be empty.
 */
struct ini_events {
	/* name is "" when there is none; kind is NULL in a header that a fault follows about. */
	void (*section)(void *user, unsigned int line, const char *kind, const char *name);
	void (*key)(void *user, unsigned int line, const char *key, const char *value);
	/* What is wrong with a line and what is allowed; reading goes on behind it. */
	void (*fault)(void *user, unsigned int line, const char *what);
};

/*
 * Reads f to its end; it stays open. 0; -EILSEQ after a line that is no text and -E2BIG after more
 * or longer lines than any such file has, both told as faults, the rest unread; else -errno of
 * reading, not told. Any thread.
 */
int ini_read(FILE *f, const struct ini_events *events, void *user);
