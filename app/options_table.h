/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of options.def as data, for those who read, print and check settings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* Bytes of struct output_spec.target; the row of [output] target is checked against it. */
#define OUTPUT_TARGET_BYTES sizeof(((struct output_spec *)NULL)->target)
#define OUTPUT_FIELDS_BYTES sizeof(((struct output_spec *)NULL)->fields)
#define OUTPUT_KEY_BYTES    sizeof(((struct output_spec *)NULL)->zmq_server_key)
#define OUTPUT_NAME_BYTES   sizeof(((struct output_spec *)NULL)->instance)
#define OUTPUT_PATH_BYTES   sizeof(((struct output_spec *)NULL)->cert_path)

enum setting_kind {
	SETTING_BOOL,
	SETTING_U32,
	SETTING_COUNT,
	SETTING_U64,
	SETTING_SIZE,
	SETTING_DURATION,
	SETTING_CPUS,
	SETTING_STRING,
	SETTING_CHOICE,
};

/* clang-format off */
/* Where an option stands in --help. */
enum option_group { HELP_INPUT, HELP_CAPTURE, HELP_FLOWS, HELP_DPI, HELP_OUTPUT, HELP_PROGRAM,
		    HELP_N };

enum option_action {
#define ACTION(name, letter, metavar, group, sentence) ACTION_##name,
#include "options.def"
	ACTION_N
};

enum option_section {
#define SECTION(name, type, group, sentence) SECTION_##name,
#define SECTIONS(name, type, group, sentence) SECTION_##name,
#include "options.def"
	SECTION_N
};

/* One constant a row: a key given twice in a section ends here. */
enum option_setting {
#define SETTING(section, key, type, member, text, min, max, zero, unit, cli, reload, sentence) \
	SETTING_##section##_##key,
#include "options.def"
	SETTING_N
};

/* clang-format on */

struct section {
	const char *name, *sentence;
	bool many;	  /* [name NAME] */
	size_t offset;	  /* in struct options; of the array when many */
	size_t len_bytes; /* of one */
	enum option_group group;
};

struct setting {
	const char *key, *default_text, *zero, *unit, *sentence;
	const char *const *words; /* of a choice, NULL at the end */
	uint64_t min, max;
	size_t offset; /* in the struct of its section */
	size_t len_bytes;
	const char *cli_long;	 /* with '_' for '-'; NULL = not on the command line */
	const char *cli_metavar; /* NULL = a flag */
	const char *cli_value;	 /* what the flag sets */
	enum setting_kind kind;
	enum option_section section;
	bool reload;
	bool joins; /* the key may be repeated in a file */
};

struct action {
	const char *name;    /* with '_' for '-' */
	const char *letter;  /* NULL = none */
	const char *metavar; /* NULL = a flag */
	const char *sentence;
	enum option_group group;
};

const struct section *option_section(enum option_section id);
const struct setting *option_setting(enum option_setting id);
const struct action *option_action(enum option_action id);
const char *option_group_title(enum option_group group);

/* A section by its name, SECTION_N when there is none. */
enum option_section option_section_find(const char *name);
/* A setting by its key, SETTING_N when there is none in that section. */
enum option_setting option_setting_find(enum option_section section, const char *key);
/* An action by its short letter, ACTION_N when there is none. */
enum option_action option_action_by_letter(char letter);

/* The known word nearest to what was written, NULL when none is near. */
const char *option_section_near(const char *name);
const char *option_key_near(enum option_section section, const char *key);
const char *option_long_near(const char *name);
/* The first other section that knows this key, SECTION_N when none does. */
enum option_section option_key_elsewhere(enum option_section section, const char *key);
