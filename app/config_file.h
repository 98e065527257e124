/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file: INI with [section] and [section NAME], "key = value", comments that begin
 * with # or ; at the start of a line, or with ; behind a space. White space at the start of a line
 * means nothing: there are no continuation lines; keys that hold words may be repeated instead.
 */
#pragma once

#include "options_edit.h"

/*
 * Reads the file into o, over what is there. Every fault is one complaint "FILE:LINE: ..."; parsing
 * goes on behind it, but not in a file that is no text. The caller looks at e->n. Uses no global
 * state but inih's constants.
 */
void config_file_read(struct options *o, const char *path, struct options_errors *e);

/* The same from an open stream, which stays open; name stands for it in complaints. */
void config_file_parse(struct options *o, FILE *f, const char *name, struct options_errors *e);
