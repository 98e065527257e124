/* SPDX-License-Identifier: BSD-3-Clause */
/* Old and new configuration, held against each other. */
#include "reload_plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "log.h"
#include "options_check.h"
#include "options_edit.h"
#include "options_value.h"

/* What every message of options.c begins with. */
static const char prefix[] = "ftprobe: ";

void reload_say(char text[RELOAD_TEXT_BYTES], const char *between, const char *format, ...)
{
	const size_t used = strlen(text);
	char more[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(more, sizeof more, format, args);
	va_end(args);
	if (used + strlen(between) + strlen(more) < RELOAD_TEXT_BYTES)
		snprintf(text + used, RELOAD_TEXT_BYTES - used, "%s%s", used ? between : "", more);
}

/* The first line without its beginning, and how many there are more. */
static void first_line(const char *lines, char *error, size_t error_len)
{
	unsigned int n = 0;

	for (const char *p = lines; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	if (strncmp(lines, prefix, strlen(prefix)) == 0)
		lines += strlen(prefix);
	snprintf(error, error_len, "%.*s", (int)strcspn(lines, "\n"), lines);
	if (n > 1) {
		const size_t used = strlen(error);

		snprintf(error + used, error_len - used, " (and %u more; ftprobe --check says all)",
			 n - 1);
	}
}

int reload_read(struct options *fresh, const struct options *running, char *error, size_t error_len)
{
	enum options_result result = OPTIONS_BAD;
	char *said = NULL;
	size_t said_bytes;
	FILE *to = open_memstream(&said, &said_bytes);

	if (to) {
		result = options_parse(fresh, running->argc, running->argv, to, to);
		fclose(to);
	}
	if (result != OPTIONS_RUN)
		first_line(said && *said ? said : "no memory to read it", error, error_len);
	free(said);
	return result == OPTIONS_RUN ? 0 : -EINVAL;
}

/* Whether this run takes the setting: files have their filters where they are read. */
static bool reloads(enum option_setting id, const struct options *o)
{
	if (id == SETTING_lane_bpf && o->n_files)
		return false;
	return option_setting(id)->reload;
}

static void copy_value(const struct setting *s, void *to, const void *from)
{
	memcpy((char *)to + s->offset, (const char *)from + s->offset, s->len_bytes);
}

/* A setting of a section that there is once. */
static void plan_setting(enum option_setting id, struct options *fresh,
			 const struct options *running, struct reload_words *w)
{
	const struct setting *s = option_setting(id);
	const struct section *section = option_section(s->section);
	char *to = (char *)fresh + section->offset;
	const char *from = (const char *)running + section->offset;
	char value[VALUE_TEXT_MAX];

	if (setting_is_same(s, from, to))
		return;
	if (reloads(id, running)) {
		setting_format(s, to, value, sizeof value);
		reload_say(w->changed, "; ", "[%s] %s = %.200s", section->name, s->key, value);
		return;
	}
	copy_value(s, to, from);
	setting_format(s, from, value, sizeof value);
	reload_say(w->restart, "\n", "[%s] %s: needs a restart; kept at '%.200s'", section->name,
		   s->key, value);
}

/* The struct of a section by a name, NULL when there is none. */
static const void *find(const struct options *o, enum option_section id, const char *name)
{
	return options_section_base((struct options *)(uintptr_t)o, id, name);
}

static void compare_named(enum option_section id, const char *name, const struct options *fresh,
			  const struct options *running, struct reload_words *w)
{
	const void *is = find(fresh, id, name), *was = find(running, id, name);
	const char *kind = option_section(id)->name;
	char value[VALUE_TEXT_MAX];

	if (!is || !was)
		reload_say(w->restart, "\n", "[%s %s]: needs a restart; %s", kind, name,
			   was ? "kept" : "left out until then");
	for (enum option_setting i = 0; is && was && i < SETTING_N; i++) {
		const struct setting *s = option_setting(i);

		if (s->section != id || setting_is_same(s, is, was))
			continue;
		setting_format(s, was, value, sizeof value);
		reload_say(w->restart, "\n", "[%s %s] %s: needs a restart; kept at '%.200s'", kind,
			   name, s->key, value);
	}
}

/* Ports and the settings of processors stay what they are. */
static void keep_named(struct options *fresh, const struct options *running, struct reload_words *w)
{
	for (unsigned int i = 0; i < running->n_ports; i++)
		compare_named(SECTION_port, running->ports[i].name, fresh, running, w);
	for (unsigned int i = 0; i < fresh->n_ports; i++)
		if (!find(running, SECTION_port, fresh->ports[i].name))
			compare_named(SECTION_port, fresh->ports[i].name, fresh, running, w);
	for (unsigned int i = 0; i < running->n_processors; i++)
		compare_named(SECTION_processor, running->processors[i].name, fresh, running, w);
	for (unsigned int i = 0; i < fresh->n_processors; i++)
		if (!find(running, SECTION_processor, fresh->processors[i].name))
			compare_named(SECTION_processor, fresh->processors[i].name, fresh, running,
				      w);
	memcpy(fresh->ports, running->ports, sizeof fresh->ports);
	fresh->n_ports = running->n_ports;
	memcpy(fresh->processors, running->processors, sizeof fresh->processors);
	fresh->n_processors = running->n_processors;
}

static uint32_t choose_processors(const struct options *fresh, uint32_t room,
				  struct reload_words *w)
{
	struct ft_options ft;

	options_to_ft(fresh, &ft);
	for (uint32_t left = ft.processors & ~room; left; left &= left - 1)
		reload_say(w->restart, "\n",
			   "[dpi] processors: %s needs a restart, flows have no room for it; name "
			   "it in processors_room before",
			   processor_name((enum processor)__builtin_ctz(left)));
	return ft.processors & room;
}

/* Settings that were put back may not go with those that are new. */
static int check(const struct options *o, char *error, size_t error_len)
{
	char *said = NULL;
	size_t said_bytes;
	struct options_errors e = {.to = open_memstream(&said, &said_bytes),
				   .n_max = CONFIG_ERRORS_MAX};

	if (!e.to) {
		snprintf(error, error_len, "no memory to check it");
		return -EINVAL;
	}
	options_check(o, &e);
	fclose(e.to);
	if (e.n)
		first_line(said, error, error_len);
	free(said);
	return e.n ? -EINVAL : 0;
}

int reload_plan_settings(struct options *fresh, const struct options *running, uint32_t room,
			 uint32_t *processors, struct reload_words *w)
{
	for (enum option_setting id = 0; id < SETTING_N; id++)
		if (!option_section(option_setting(id)->section)->many)
			plan_setting(id, fresh, running, w);
	keep_named(fresh, running, w);
	*processors = choose_processors(fresh, room, w);
	options_tell_outputs(fresh, *processors);
	for (unsigned int i = 0; i < fresh->n_outputs; i++)
		fresh->outputs[i].privacy = running->outputs[0].privacy; /* all have the same */
	return check(fresh, w->error, sizeof w->error);
}

/* Whether an output of the new configuration is that running one, which nothing changes. */
static bool stays(const struct opened_output *was, const struct output_spec *is)
{
	return strcmp(was->spec.name, is->name) == 0 && opened_output_is_same(was, is);
}

/* The running output that this one cannot be open beside; their number when there is none. */
static unsigned int find_rival(const struct output_spec *is, const struct opened_output *running,
			       unsigned int n_running)
{
	unsigned int i = 0;

	while (i < n_running && !opened_output_excludes(is, &running[i].spec))
		i++;
	return i;
}

/* A file of messages begins anew when it is opened: what is in it would be gone. */
static bool must_stay(const struct output_spec *was)
{
	return output_spec_is_ipfix_file(was) && !was->rotate_bytes && !was->rotate_ns;
}

static struct reload_output fate_of(struct output_spec *is, const struct opened_output *running,
				    unsigned int n_running, struct reload_words *w)
{
	const unsigned int i = find_rival(is, running, n_running);

	if (i == n_running)
		return (struct reload_output){.fate = RELOAD_OPENS};
	if (!must_stay(&running[i].spec))
		return (struct reload_output){.fate = RELOAD_REOPENS, .was = i};
	reload_say(w->restart, "\n",
		   "[output %s]: writes the IPFIX file %.200s, which would begin anew: needs a "
		   "restart, or another file; kept",
		   is->name, running[i].spec.target);
	*is = running[i].spec;
	return (struct reload_output){.fate = RELOAD_STAYS, .was = i};
}

static const char *const fate_words[] = {
	[RELOAD_OPENS] = "opened", [RELOAD_REOPENS] = "opened anew"};

/* What one of them holds, another cannot have. */
static int check_places(const struct reload_output *fates, const struct options *fresh,
			struct reload_words *w)
{
	for (unsigned int i = 1; i < fresh->n_outputs; i++)
		for (unsigned int k = 0; k < i; k++) {
			if (fates[i].fate < RELOAD_REOPENS || fates[k].fate < RELOAD_REOPENS ||
			    fates[i].was != fates[k].was)
				continue;
			snprintf(w->error, sizeof w->error,
				 "outputs %s and %s cannot both be at %.200s",
				 fresh->outputs[k].name, fresh->outputs[i].name,
				 fresh->outputs[i].target);
			return -EINVAL;
		}
	return 0;
}

int reload_plan_outputs(struct reload_output fates[OUTPUTS_MAX], struct options *fresh,
			const struct opened_output *running, unsigned int n_running,
			struct reload_words *w)
{
	for (unsigned int i = 0; i < fresh->n_outputs; i++) {
		struct output_spec *is = &fresh->outputs[i];
		unsigned int was = 0;

		while (was < n_running && !stays(&running[was], is))
			was++;
		if (was < n_running)
			fates[i] = (struct reload_output){.fate = RELOAD_STAYS, .was = was};
		else
			fates[i] = fate_of(is, running, n_running, w);
		if (fates[i].fate != RELOAD_STAYS)
			reload_say(w->changed, "; ", "output %s: %s", is->name,
				   fate_words[fates[i].fate]);
	}
	return check_places(fates, fresh, w);
}

/* In the log a line each. */
static void log_restart(const char *lines)
{
	while (*lines) {
		const size_t n = strcspn(lines, "\n");

		log_always(LOG_LEVEL_WARNING, "reload: %.*s", (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

void reload_tell(const struct reload_words *w, const char *path, char *message, size_t len)
{
	if (!path) {
		snprintf(message, len, "kept the old configuration: %s", w->error);
		log_always(LOG_LEVEL_ERROR, "reload: %s", message);
		return;
	}
	snprintf(message, len, "%s: %s", path, w->changed[0] ? w->changed : "nothing changed");
	log_always(LOG_LEVEL_NOTICE, "reloaded %s", message);
	log_restart(w->restart);
	if (w->restart[0]) {
		const size_t used = strlen(message);

		snprintf(message + used, len - used, "\n%s", w->restart);
	}
}
