/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules file: [global], [filter] and [shunt]. The first fault is told, and nothing is taken. */
#include "ft/rules.h"

#include "core/ini.h"
#include "core/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum section { SECTION_GLOBAL, SECTION_FILTER, SECTION_SHUNT, SECTION_N };

static const char *const section_names[SECTION_N] = {"global", "filter", "shunt"};

static const char *const action_words[] = {
	[PFRING_FT_ACTION_DEFAULT] = "default", [PFRING_FT_ACTION_FORWARD] = "forward",
	[PFRING_FT_ACTION_DISCARD] = "discard", [PFRING_FT_ACTION_USER_1] = "user_1",
	[PFRING_FT_ACTION_USER_2] = "user_2",	[PFRING_FT_ACTION_SLICE] = "slice",
};

#define N_ACTIONS (sizeof action_words / sizeof action_words[0])

/* Keys with a number that are no names of protocols. */
enum number {
	NUMBER_DPI_TCP,
	NUMBER_DPI_UDP,
	NUMBER_IDLE,
	NUMBER_LIFETIME,
	NUMBER_SHUNT_DEFAULT,
	NUMBER_SHUNT_TCP,
	NUMBER_SHUNT_UDP,
	NUMBER_N
};

#define TIMEOUT_MAX_S ((uint32_t)(TIMEOUT_MAX_NS / 1000000000ULL))

struct range {
	uint32_t min, max;
};

static const struct {
	enum section section;
	const char *key;
	struct range allowed;
} numbers[NUMBER_N] = {
	[NUMBER_DPI_TCP] = {SECTION_GLOBAL, "dpi_min_num_tcp_packets", {1, UINT8_MAX}},
	[NUMBER_DPI_UDP] = {SECTION_GLOBAL, "dpi_min_num_udp_packets", {1, UINT8_MAX}},
	[NUMBER_IDLE] = {SECTION_GLOBAL, "flow_idle_timeout", {1, TIMEOUT_MAX_S}},
	[NUMBER_LIFETIME] = {SECTION_GLOBAL, "flow_lifetime_timeout", {1, TIMEOUT_MAX_S}},
	[NUMBER_SHUNT_DEFAULT] = {SECTION_SHUNT, "default", {0, UINT8_MAX}},
	[NUMBER_SHUNT_TCP] = {SECTION_SHUNT, "tcp", {0, UINT8_MAX}},
	[NUMBER_SHUNT_UDP] = {SECTION_SHUNT, "udp", {0, UINT8_MAX}},
};

struct rules_file {
	const struct ft_rules_edit *asked;
	const char *name;	   /* of the file */
	struct ft_rules_edit edit; /* of rules below, with sentence for its errors */
	struct ft_rules rules;
	struct ft_rules_settings settings;
	char sentence[256];
	enum section section; /* SECTION_N: none yet */
	unsigned int line;
	int rc; /* of the first fault, which asked->error tells of */
	/* Where each was given, 0 = not yet. */
	unsigned int filter_lines[FT_RULE_PLACES], shunt_lines[FT_RULE_PLACES];
	unsigned int number_lines[NUMBER_N], default_line;
};

static __attribute__((format(printf, 2, 3))) void fault(struct rules_file *f, const char *format,
							...)
{
	const struct ft_rules_edit *e = f->asked;
	int n = snprintf(e->error, e->error_len, "%s:%u: ", f->name, f->line);
	va_list args;

	f->rc = -EINVAL;
	if (n < 0 || (size_t)n >= e->error_len)
		return;
	va_start(args, format);
	vsnprintf(e->error + n, e->error_len - (size_t)n, format, args);
	va_end(args);
}

#define FAULT_KEY(f, key, format, ...)                                                             \
	fault(f, "[%s] %.80s: " format, section_names[(f)->section], key, __VA_ARGS__)

/* A key takes its place in the file; false when that was taken before. */
static bool take(struct rules_file *f, unsigned int *line, const char *key)
{
	if (*line) {
		FAULT_KEY(f, key, "given twice, first in line %u", *line);
		return false;
	}
	*line = f->line;
	return true;
}

static bool read_action(struct rules_file *f, const char *key, const char *value,
			pfring_ft_action *action)
{
	for (unsigned int i = 0; i < N_ACTIONS; i++) {
		if (strcasecmp(value, action_words[i]) == 0) {
			*action = (pfring_ft_action)i;
			return true;
		}
	}
	FAULT_KEY(f, key, "'%.80s' is none of the choices; allowed: %s", value,
		  "default, forward, discard, slice, user_1 or user_2");
	return false;
}

static bool read_number(struct rules_file *f, const char *key, const char *value,
			const struct range *allowed, uint32_t *number)
{
	size_t len = strlen(value), digits = strspn(value, "0123456789");
	unsigned long long n;

	if (len == 0 || digits != len) {
		FAULT_KEY(f, key, "'%.80s' is not a number; allowed: %u to %u", value, allowed->min,
			  allowed->max);
		return false;
	}
	n = strtoull(value, NULL, 10); /* ULLONG_MAX beyond it */
	if (n < allowed->min || n > allowed->max) {
		FAULT_KEY(f, key, "'%.80s' is out of range; allowed: %u to %u", value, allowed->min,
			  allowed->max);
		return false;
	}
	*number = (uint32_t)n;
	return true;
}

static void store_number(struct rules_file *f, enum number id, uint32_t n)
{
	switch (id) {
	case NUMBER_DPI_TCP:
		f->settings.dpi_packets_tcp = n;
		break;
	case NUMBER_DPI_UDP:
		f->settings.dpi_packets_udp = n;
		break;
	case NUMBER_IDLE:
		f->settings.idle_timeout_s = n;
		break;
	case NUMBER_LIFETIME:
		f->settings.lifetime_timeout_s = n;
		break;
	case NUMBER_SHUNT_DEFAULT:
		f->rules.shunt_default = (uint8_t)n;
		break;
	case NUMBER_SHUNT_TCP:
		f->rules.shunt_tcp = (uint8_t)n;
		break;
	case NUMBER_SHUNT_UDP:
		f->rules.shunt_udp = (uint8_t)n;
		break;
	case NUMBER_N:
		break;
	}
}

/* A number by its key in this section, NUMBER_N when there is none. */
static enum number find_number(const struct rules_file *f, const char *key)
{
	enum number id = 0;

	while (id < NUMBER_N &&
	       (numbers[id].section != f->section || strcasecmp(numbers[id].key, key) != 0))
		id++;
	return id;
}

static void number_key(struct rules_file *f, enum number id, const char *key, const char *value)
{
	uint32_t n;

	if (take(f, &f->number_lines[id], key) &&
	    read_number(f, key, value, &numbers[id].allowed, &n))
		store_number(f, id, n);
}

static void global_key(struct rules_file *f, const char *key, const char *value)
{
	enum number id = find_number(f, key);

	if (strcasecmp(key, "default") == 0) {
		if (take(f, &f->default_line, key))
			read_action(f, key, value, &f->rules.default_action);
	} else if (id == NUMBER_N) {
		FAULT_KEY(f, key, "%s",
			  "there is no such key; allowed: default, dpi_min_num_tcp_packets, "
			  "dpi_min_num_udp_packets, flow_idle_timeout or flow_lifetime_timeout");
	} else if (f->edit.filter_protocols) {
		FAULT_KEY(f, key, "%s", "a filter holds no such setting; allowed: default");
	} else {
		number_key(f, id, key, value);
	}
}

/* The place of a protocol's rule that was not given before; negative after a fault. */
static int take_place(struct rules_file *f, unsigned int *lines, const char *key)
{
	int place = ft_rules_place(&f->edit, key);

	if (place < 0)
		FAULT_KEY(f, key, "%s", f->sentence);
	else if (!take(f, &lines[place], key))
		return -EEXIST;
	return place;
}

static void filter_key(struct rules_file *f, const char *key, const char *value)
{
	pfring_ft_action action;
	struct ft_rule *rule;
	int place;

	if (strcasecmp(key, "default") == 0) {
		FAULT_KEY(f, key, "%s", "stands in [global]; allowed here: names of protocols");
		return;
	}
	place = take_place(f, f->filter_lines, key);
	if (place < 0 || !read_action(f, key, value, &action))
		return;
	rule = ft_rules_at(&f->rules, place);
	rule->has_action = true;
	rule->action = action;
}

static void shunt_key(struct rules_file *f, const char *key, const char *value)
{
	static const struct range allowed = {0, UINT8_MAX};
	enum number id = find_number(f, key);
	struct ft_rule *rule;
	uint32_t packets;
	int place;

	if (id != NUMBER_N) {
		number_key(f, id, key, value);
		return;
	}
	place = take_place(f, f->shunt_lines, key);
	if (place < 0 || !read_number(f, key, value, &allowed, &packets))
		return;
	rule = ft_rules_at(&f->rules, place);
	rule->has_shunt = true;
	rule->shunt = (uint8_t)packets;
}

static void on_section(void *user, unsigned int line, const char *kind, const char *name)
{
	struct rules_file *f = user;

	f->line = line;
	if (f->rc || !kind)
		return;
	f->section = 0;
	while (f->section < SECTION_N && strcasecmp(section_names[f->section], kind) != 0)
		f->section++;
	if (f->section == SECTION_N)
		fault(f,
		      "[%.80s]: there is no such section; allowed: [global], [filter] or [shunt]",
		      kind);
	else if (*name)
		fault(f, "[%.80s %.80s]: this section takes no name; allowed: [%s]", kind, name,
		      section_names[f->section]);
}

static void on_key(void *user, unsigned int line, const char *key, const char *value)
{
	struct rules_file *f = user;

	f->line = line;
	if (f->rc)
		return;
	if (f->section == SECTION_N)
		fault(f,
		      "%.80s: a key before the first [section]; allowed: [global], [filter] or "
		      "[shunt]",
		      key);
	else if (!*key)
		fault(f, "[%s]: no key before the = sign", section_names[f->section]);
	else if (f->section == SECTION_GLOBAL)
		global_key(f, key, value);
	else if (f->section == SECTION_FILTER)
		filter_key(f, key, value);
	else
		shunt_key(f, key, value);
}

static void on_fault(void *user, unsigned int line, const char *what)
{
	struct rules_file *f = user;

	f->line = line;
	if (!f->rc)
		fault(f, "%s", what);
}

static int read_rules(struct rules_file *f, FILE *stream, struct ft_rules_settings *settings)
{
	static const struct ini_events events = {on_section, on_key, on_fault};
	int rc = ini_read(stream, &events, f);

	if (!f->rc && rc) {
		f->rc = rc;
		snprintf(f->asked->error, f->asked->error_len, "%s: cannot be read: %s", f->name,
			 strerror(-rc));
	}
	if (f->rc)
		return f->rc;
	*f->asked->rules = f->rules;
	f->asked->rules->generation++;
	*settings = f->settings;
	return 0;
}

/* From a stream, which is closed; NULL: errno says why there is none. */
static int load(const struct ft_rules_edit *e, struct ft_rules_settings *settings, FILE *stream,
		const char *name)
{
	struct rules_file *f;
	int rc = stream ? -ENOMEM : -errno;

	f = stream ? calloc(1, sizeof *f) : NULL;
	if (f) {
		f->asked = e;
		f->name = name;
		f->rules = *e->rules;
		f->settings = *settings;
		f->section = SECTION_N;
		f->edit = (struct ft_rules_edit){
			.rules = &f->rules,
			.dpi = e->dpi,
			.filter_protocols = e->filter_protocols,
			.error = f->sentence,
			.error_len = sizeof f->sentence,
		};
		rc = read_rules(f, stream, settings);
	} else {
		snprintf(e->error, e->error_len, "%s: cannot be opened: %s", name, strerror(-rc));
	}
	if (stream)
		fclose(stream);
	free(f);
	if (rc)
		words_make_printable(e->error);
	return rc;
}

int ft_rules_load(const struct ft_rules_edit *e, struct ft_rules_settings *settings,
		  const char *path)
{
	return load(e, settings, fopen(path, "re"), path);
}

int ft_rules_parse(const struct ft_rules_edit *e, struct ft_rules_settings *settings,
		   const char *text, size_t len, const char *name)
{
	/* There are no streams of no bytes. */
	FILE *stream = len ? fmemopen((void *)(uintptr_t)text, len, "r") : fopen("/dev/null", "re");

	return load(e, settings, stream, name);
}
