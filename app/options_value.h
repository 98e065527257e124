/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The notation of values: what a setting may be in a file or on the command line, and back to text.
 */
#pragma once

#include "options_table.h"

/* Bytes for any value as text, or for the sentence on what is allowed. */
#define VALUE_TEXT_MAX	  BPF_BYTES_MAX
#define VALUE_ALLOWED_MAX 256

/*
 * Reads text as the value of s into the struct of its section at base. 0, or -EINVAL with base
 * untouched and what is wrong and what is allowed in error.
 */
int setting_parse(const struct setting *s, void *base, const char *text, char *error,
		  size_t error_len);

/* The value as setting_parse() reads it. Returns text. */
char *setting_format(const struct setting *s, const void *base, char *text, size_t len);

/* Whether two structs of its section have the same value. */
bool setting_is_same(const struct setting *s, const void *a, const void *b);

/* What is allowed, as the end of a sentence. Returns text. */
char *setting_allowed(const struct setting *s, char *text, size_t len);

/* "250ms", "30s", "2m", "1h"; a bare number is seconds. 0, or -EINVAL (no duration), -ERANGE (too
 * large). */
int duration_parse(uint64_t *ns, const char *text);
/* The largest unit that needs no fraction. Returns text. */
char *duration_format(uint64_t ns, char *text, size_t len);
/* "1500", "64k", "1G" (powers of 1024). 0, or -EINVAL (no size), -ERANGE (too large). */
int size_parse(uint64_t *bytes, const char *text);
char *size_format(uint64_t bytes, char *text, size_t len);
