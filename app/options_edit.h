/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the configuration file and the command line share: complaints, the struct of a section by
 * its name, new ports and outputs, and the checks of one of them.
 */
#pragma once

#include "options_table.h"

/* Where complaints go and how many there were. */
struct options_errors {
	FILE *to;
	unsigned int n;
	unsigned int n_max; /* further ones are counted only */
};

/* One line: "ftprobe: " and the text; what is no printable ASCII or UTF-8 becomes a question mark.
 */
void options_complain(struct options_errors *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The struct of a section: name is "" for [section], NAME for [section NAME]. NULL when there is no
 * such port or output, or when a name is missing or not wanted.
 */
void *options_section_base(struct options *o, enum option_section id, const char *name);

/*
 * Adds a port or an output (id) with defaults under a new name. Its struct, or NULL with one line
 * in error: too many, a bad name, a name that is taken.
 */
void *options_add(struct options *o, enum option_section id, const char *name, char *error,
		  size_t error_len);

/* A port without a device is called like its device. */
void options_finish_port(struct options_port *port);
/* Reads TYPE[:TARGET]. 0, or -EINVAL with "TYPE[:TARGET]: what is wrong" in error. */
int options_parse_output(struct output_spec *spec, const char *text, char *error, size_t error_len);

/* Checks type and target together and completes the target. 0, or -EINVAL with one line in error.
 */
int options_finish_output(struct output_spec *spec, char *error, size_t error_len);

/* A section or a key that does not exist: the rest of the sentence, with what may be meant. Returns
 * text. */
char *options_unknown_section(const char *name, char *text, size_t len);
char *options_unknown_key(enum option_section id, const char *key, char *text, size_t len);
