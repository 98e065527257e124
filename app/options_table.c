/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of options.def: tables, compile-time checks, and the search for a row by a name that may
 * be misspelt.
 */
#include "options_table.h"

#include "core/words.h"

#include <string.h>

/* clang-format off */
/* Rows and their macros are laid out by hand. */

/* A long option given twice, by a setting or an action, ends here; so does a short letter. */
enum cli_long {
#define NO_CLI
#define CLI_ARG(name, metavar) CLI_LONG_##name,
#define CLI_FLAG(name, value) CLI_LONG_##name,
#define SETTING(section, key, type, member, text, min, max, zero, unit, cli, reload, sentence) cli
#define ACTION(name, letter, metavar, group, sentence) CLI_LONG_##name,
#include "options.def"
#undef NO_CLI
#undef CLI_ARG
#undef CLI_FLAG
	CLI_LONG_N
};

enum cli_short {
#define NO_SHORT
#define SHORT(letter) CLI_SHORT_##letter,
#define ACTION(name, letter, metavar, group, sentence) letter
#include "options.def"
#undef NO_SHORT
#undef SHORT
	CLI_SHORT_N
};

/* The C type that a row promises for its member. */
#define CTYPE_BOOL bool
#define CTYPE_U32 uint32_t
#define CTYPE_COUNT uint32_t
#define CTYPE_U64 uint64_t
#define CTYPE_SIZE uint64_t
#define CTYPE_DURATION uint64_t
#define CTYPE_CPUS struct options_cpus
#define CTYPE_STRING(bytes) char[bytes]
#define CTYPE_WORDS(bytes) char[bytes]
#define CTYPE_CHOICE(name) enum name

#define SECTION(name, type, group, sentence) typedef type section_of_##name;
#define SECTIONS(name, type, group, sentence) typedef type section_of_##name;
#include "options.def"

#define NONE 0
#define MEMBER(section, member) (((section_of_##section *)NULL)->member)
#define SETTING(section, key, type, member, text, min, max, zero, unit, cli, reload, sentence) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(MEMBER(section, member)),           \
						    CTYPE_##type),                                 \
		       #section "." #key ": the member has another type than its row");            \
	_Static_assert((__int128)(min) <= (__int128)(max),                                         \
		       #section "." #key ": min is above max");                                    \
	_Static_assert(sizeof(MEMBER(section, member)) != 4 || (__int128)(max) >> 32 == 0,         \
		       #section "." #key ": max does not fit the member");
#include "options.def"

#define WORDS(name, list) static const char *const name##_words[] = {list(CHOICE_WORD) NULL};
WORDS(eal_huge, EAL_HUGE_CHOICES)
WORDS(sampling_mode, SAMPLING_CHOICES)
WORDS(icmp_key, ICMP_KEY_CHOICES)
WORDS(records, RECORDS_CHOICES)
WORDS(privacy_strings_choice, PRIVACY_STRINGS_CHOICES)
WORDS(lane_idle, LANE_IDLE_CHOICES)
WORDS(lane_simd, LANE_SIMD_CHOICES)
WORDS(port_mode, PORT_MODE_CHOICES)
WORDS(log_level, LOG_LEVEL_CHOICES)
WORDS(output_type, OUTPUT_TYPE_CHOICES)
WORDS(output_policy, OUTPUT_POLICY_CHOICES)
WORDS(output_mode, OUTPUT_MODE_CHOICES)
WORDS(zmq_header, ZMQ_HEADER_CHOICES)
WORDS(zmq_format, ZMQ_FORMAT_CHOICES)
WORDS(zmq_count, ZMQ_COUNT_CHOICES)
WORDS(output_biflow, OUTPUT_BIFLOW_CHOICES)
WORDS(output_version, OUTPUT_VERSION_CHOICES)
WORDS(output_group, OUTPUT_GROUP_CHOICES)
WORDS(output_replay, OUTPUT_REPLAY_CHOICES)
WORDS(element_profile, ELEMENT_PROFILE_CHOICES)

/* The words of enums that lib/ declares stand in their order. */
#define PLACE(constant, word) PLACE_##constant,
#define SAME_PLACE(constant, word) \
	_Static_assert((int)PLACE_##constant == (int)constant, "words are out of order");
enum output_type_place { OUTPUT_TYPE_CHOICES(PLACE) };
enum output_biflow_place { OUTPUT_BIFLOW_CHOICES(PLACE) };
enum output_version_place { OUTPUT_VERSION_CHOICES(PLACE) };
enum output_group_place { OUTPUT_GROUP_CHOICES(PLACE) };
enum output_replay_place { OUTPUT_REPLAY_CHOICES(PLACE) };
enum element_profile_place { ELEMENT_PROFILE_CHOICES(PLACE) };
OUTPUT_BIFLOW_CHOICES(SAME_PLACE)
OUTPUT_VERSION_CHOICES(SAME_PLACE)
OUTPUT_GROUP_CHOICES(SAME_PLACE)
OUTPUT_REPLAY_CHOICES(SAME_PLACE)
ELEMENT_PROFILE_CHOICES(SAME_PLACE)
OUTPUT_TYPE_CHOICES(SAME_PLACE)

#define KIND_BOOL .kind = SETTING_BOOL
#define KIND_U32 .kind = SETTING_U32
#define KIND_COUNT .kind = SETTING_COUNT
#define KIND_U64 .kind = SETTING_U64
#define KIND_SIZE .kind = SETTING_SIZE
#define KIND_DURATION .kind = SETTING_DURATION
#define KIND_CPUS .kind = SETTING_CPUS
#define KIND_STRING(bytes) .kind = SETTING_STRING
#define KIND_WORDS(bytes) .kind = SETTING_STRING, .joins = true
#define KIND_CHOICE(name) .kind = SETTING_CHOICE, .words = name##_words

#define NO_CLI .cli_long = NULL
#define CLI_ARG(name, arg) .cli_long = #name, .cli_metavar = (arg)
#define CLI_FLAG(name, value) .cli_long = #name, .cli_value = (value)
#define RESTART false
#define RELOAD true

static const struct setting settings[SETTING_N] = {
#define SETTING(section_, key_, type, member, text_, min_, max_, zero_, unit_, cli, reload_,       \
		sentence_) \
	[SETTING_##section_##_##key_] = {.key = #key_,                                             \
					 .default_text = (text_),                                  \
					 .zero = (zero_),                                          \
					 .unit = (unit_),                                          \
					 .sentence = (sentence_),                                  \
					 .min = (min_),                                            \
					 .max = (max_),                                            \
					 .offset = offsetof(section_of_##section_, member),        \
					 .len_bytes = sizeof(MEMBER(section_, member)),            \
					 .section = SECTION_##section_,                            \
					 .reload = (reload_),                                      \
					 KIND_##type,                                              \
					 cli},
#include "options.def"
};

static const struct section sections[SECTION_N] = {
#define SECTION(name_, type, group_, sentence_) \
	[SECTION_##name_] = {.name = #name_,                                                       \
			     .sentence = (sentence_),                                              \
			     .group = HELP_##group_,                                              \
			     .offset = offsetof(struct options, name_),                            \
			     .len_bytes = sizeof(type)},
#define SECTIONS(name_, type, group_, sentence_) \
	[SECTION_##name_] = {.name = #name_,                                                       \
			     .sentence = (sentence_),                                              \
			     .group = HELP_##group_,                                              \
			     .many = true,                                                         \
			     .offset = offsetof(struct options, name_##s),                         \
			     .len_bytes = sizeof(type)},
#include "options.def"
};

static const struct action actions[ACTION_N] = {
#define NO_SHORT NULL
#define SHORT(letter_) #letter_
#define ACTION(name_, letter_, metavar_, group_, sentence_) \
	[ACTION_##name_] = {.name = #name_,                                                        \
			    .letter = letter_,                                                     \
			    .metavar = (metavar_),                                                 \
			    .group = HELP_##group_,                                               \
			    .sentence = (sentence_)},
#include "options.def"
};

/* clang-format on */

const struct section *option_section(enum option_section id)
{
	return &sections[id];
}

const struct setting *option_setting(enum option_setting id)
{
	return &settings[id];
}

const struct action *option_action(enum option_action id)
{
	return &actions[id];
}

const char *option_group_title(enum option_group group)
{
	static const char *const titles[HELP_N] = {
		[HELP_INPUT] = "Input",	  [HELP_CAPTURE] = "Capture and lanes",
		[HELP_FLOWS] = "Flows",	  [HELP_DPI] = "Application protocols",
		[HELP_OUTPUT] = "Output", [HELP_PROGRAM] = "Program",
	};

	return titles[group];
}

enum option_section option_section_find(const char *name)
{
	enum option_section id = 0;

	while (id < SECTION_N && strcmp(sections[id].name, name) != 0)
		id++;
	return id;
}

enum option_setting option_setting_find(enum option_section section, const char *key)
{
	enum option_setting id = 0;

	while (id < SETTING_N &&
	       (settings[id].section != section || strcmp(settings[id].key, key) != 0))
		id++;
	return id;
}

enum option_section option_key_elsewhere(enum option_section section, const char *key)
{
	for (enum option_section id = 0; id < SECTION_N; id++)
		if (id != section && option_setting_find(id, key) != SETTING_N)
			return id;
	return SECTION_N;
}

enum option_action option_action_by_letter(char letter)
{
	enum option_action id = 0;

	while (id < ACTION_N && !(actions[id].letter && actions[id].letter[0] == letter))
		id++;
	return id;
}

const char *option_section_near(const char *name)
{
	struct nearest_word n = {0};

	for (enum option_section id = 0; id < SECTION_N; id++)
		nearest_word_offer(&n, name, sections[id].name);
	return n.word;
}

const char *option_key_near(enum option_section section, const char *key)
{
	struct nearest_word n = {0};

	for (enum option_setting id = 0; id < SETTING_N; id++)
		if (settings[id].section == section)
			nearest_word_offer(&n, key, settings[id].key);
	return n.word;
}

const char *option_long_near(const char *name)
{
	struct nearest_word n = {0};

	for (enum option_action id = 0; id < ACTION_N; id++)
		nearest_word_offer(&n, name, actions[id].name);
	for (enum option_setting id = 0; id < SETTING_N; id++)
		if (settings[id].cli_long)
			nearest_word_offer(&n, name, settings[id].cli_long);
	return n.word;
}
