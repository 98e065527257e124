/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for people: wrapped, capitalised, dashed, escaped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The widest line that is printed. */
#define TEXT_COLUMNS 100

/*
 * Prints words from column `at` on (what is printed before ends there), wrapped at TEXT_COLUMNS;
 * further lines begin with prefix. Ends with a line end.
 */
void text_wrap(FILE *f, const char *words, size_t at, const char *prefix);

/* A sentence of options.def with a capital and a full stop. Returns to. */
char *text_sentence(const char *sentence, char *to, size_t len);

/* The name of a row as a long option, without its dashes. Returns to. */
const char *text_dashed(const char *name, char *to, size_t len);

/* Prints text for groff: '-' and '\' are escaped, and a line never begins with a control character.
 */
void text_roff(FILE *f, const char *text);
