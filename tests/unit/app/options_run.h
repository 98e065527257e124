/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the option parsers on text and keeps what they said. */
#pragma once

#include "config_file.h"
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 40

struct run {
	struct options o;
	enum options_result result;
	unsigned int n_errors; /* of a configuration file only */
	char *said, *err;      /* standard output and error, as strings */
	char *words[WORDS_MAX];
	int n_words;
};

static inline void run_free(struct run *r)
{
	options_free(&r->o);
	free(r->said);
	free(r->err);
	for (int i = 0; i < r->n_words; i++)
		free(r->words[i]);
	free(r);
}

/* A command line: words separated by '|', so that a word may hold spaces. */
static inline struct run *run_line(const char *line)
{
	struct run *r = calloc(1, sizeof *r);
	char *copy = strdup(line), *rest = copy, *word, *argv[WORDS_MAX + 2];
	size_t said_bytes, err_bytes;
	FILE *out, *err;

	assert_non_null(r);
	out = open_memstream(&r->said, &said_bytes);
	err = open_memstream(&r->err, &err_bytes);
	r->words[r->n_words++] = strdup("ftprobe");
	while (*line && (word = strsep(&rest, "|")) && r->n_words < WORDS_MAX)
		r->words[r->n_words++] = strdup(word);
	memcpy(argv, r->words, sizeof r->words); /* getopt permutes it */
	argv[r->n_words] = NULL;
	r->result = options_parse(&r->o, r->n_words, argv, out, err);
	fclose(out);
	fclose(err);
	free(copy);
	return r;
}

/* A configuration file of these bytes, over the defaults. */
static inline struct run *run_config_bytes(const char *text, size_t len)
{
	struct run *r = calloc(1, sizeof *r);
	size_t err_bytes;
	FILE *f = len ? fmemopen((void *)(uintptr_t)text, len, "r") : fopen("/dev/null", "r");
	struct options_errors e = {.n_max = CONFIG_ERRORS_MAX};

	assert_non_null(r);
	assert_non_null(f);
	e.to = open_memstream(&r->err, &err_bytes);
	options_set_defaults(&r->o);
	config_file_parse(&r->o, f, "t.conf", &e);
	fclose(e.to);
	fclose(f);
	r->n_errors = e.n;
	return r;
}

static inline struct run *run_config(const char *text)
{
	return run_config_bytes(text, strlen(text));
}

/* Appends to a string in a buffer of len bytes, which must have room. */
static inline void append(char *text, size_t len, const char *more)
{
	size_t used = strlen(text);

	assert_in_range(used + strlen(more), 0, len - 1);
	memcpy(text + used, more, strlen(more) + 1);
}

static inline void assert_says(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("'%s' is not in:\n%s", part, all);
}

/* One line that begins with the program's name. */
static inline void assert_one_line(const char *err)
{
	assert_int_equal(strncmp(err, "ftprobe: ", 9), 0);
	assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
}
