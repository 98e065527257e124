/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Struct options from its defaults on: sections by name, ports and outputs as they are added.
 */
#include "options_edit.h"

#include "core/words.h"
#include "options_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

void options_complain(struct options_errors *e, const char *format, ...)
{
	char line[2048];
	va_list args;

	e->n++;
	if (e->n > e->n_max)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	words_make_printable(line);
	fprintf(e->to, "ftprobe: %s\n", line);
}

/* Defaults are text, as in the file, so that they go through the same checks. */
static void set_section_defaults(enum option_section id, void *base)
{
	char error[VALUE_ALLOWED_MAX];

	for (enum option_setting i = 0; i < SETTING_N; i++) {
		const struct setting *s = option_setting(i);

		if (s->section == id)
			setting_parse(s, base, s->default_text, error, sizeof error);
	}
}

void options_set_defaults(struct options *o)
{
	memset(o, 0, sizeof *o);
	for (enum option_section id = 0; id < SECTION_N; id++)
		if (!option_section(id)->many)
			set_section_defaults(id, (char *)o + option_section(id)->offset);
}

void options_free(struct options *o)
{
	memset(o, 0, sizeof *o);
}

/* How many ports, outputs or processors there are, and may be. */
static unsigned int *count_of(struct options *o, enum option_section id, unsigned int *max)
{
	switch (id) {
	case SECTION_port:
		*max = PORTS_MAX;
		return &o->n_ports;
	case SECTION_processor:
		*max = PROCESSOR_N;
		return &o->n_processors;
	default:
		*max = OUTPUTS_MAX;
		return &o->n_outputs;
	}
}

static char *name_of(enum option_section id, void *base)
{
	switch (id) {
	case SECTION_port:
		return ((struct options_port *)base)->name;
	case SECTION_processor:
		return ((struct options_processor *)base)->name;
	default:
		return ((struct output_spec *)base)->name;
	}
}

void *options_section_base(struct options *o, enum option_section id, const char *name)
{
	const struct section *section = option_section(id);
	char *base = (char *)o + section->offset;
	unsigned int n, max;

	if (!section->many)
		return *name ? NULL : base;
	n = *count_of(o, id, &max);
	for (unsigned int i = 0; i < n; i++, base += section->len_bytes)
		if (strcmp(name_of(id, base), name) == 0)
			return base;
	return NULL;
}

static bool name_is_good(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= NAME_BYTES_MAX)
		return false;
	for (const char *p = name; *p; p++)
		if (!isgraph((unsigned char)*p) || strchr("[]=", *p))
			return false;
	return true;
}

void *options_add(struct options *o, enum option_section id, const char *name, char *error,
		  size_t error_len)
{
	const struct section *section = option_section(id);
	unsigned int max, *n = count_of(o, id, &max);
	char *added;

	if (!name_is_good(name)) {
		snprintf(error, error_len,
			 "'%.80s' is no name; allowed: 1 to %u printable characters "
			 "without space, [, ] and =",
			 name, NAME_BYTES_MAX - 1);
		return NULL;
	}
	if (options_section_base(o, id, name)) {
		snprintf(error, error_len, "there is a %s named %s already", section->name, name);
		return NULL;
	}
	if (*n == max) {
		snprintf(error, error_len, "too many %ss; allowed: %u", section->name, max);
		return NULL;
	}
	added = (char *)o + section->offset + *n * section->len_bytes;
	memset(added, 0, section->len_bytes);
	set_section_defaults(id, added);
	snprintf(name_of(id, added), NAME_BYTES_MAX, "%s", name);
	(*n)++;
	return added;
}

void options_finish_port(struct options_port *port)
{
	if (!port->device[0])
		memcpy(port->device, port->name, sizeof port->name);
}

int options_parse_output(struct output_spec *spec, const char *text, char *error, size_t error_len)
{
	static const char prefix[] = "output ";
	char whole[OPTION_BYTES_MAX];
	int rc;

	if (strlen(text) > sizeof whole / 2) {
		snprintf(error, error_len, "%.80s...: it is too long", text);
		return -EINVAL;
	}
	rc = output_spec_parse(spec, text, whole, sizeof whole);
	/* Who asks says already that it is an output. */
	if (rc)
		snprintf(error, error_len, "%s",
			 whole + (strncmp(whole, prefix, strlen(prefix)) ? 0 : strlen(prefix)));
	return rc;
}

int options_finish_output(struct output_spec *spec, char *error, size_t error_len)
{
	char type[16], text[sizeof spec->target + sizeof type];
	struct output_spec read = {.mode = spec->mode};
	int rc;

	setting_format(option_setting(SETTING_output_type), spec, type, sizeof type);
	snprintf(text, sizeof text, "%s%s%s", type, spec->target[0] ? ":" : "", spec->target);
	rc = options_parse_output(&read, text, error, error_len);
	if (rc)
		return rc;
	spec->type = read.type;
	spec->mode = read.mode;
	memcpy(spec->target, read.target, sizeof spec->target);
	return 0;
}

char *options_unknown_section(const char *name, char *text, size_t len)
{
	const char *near = option_section_near(name);
	size_t used;

	if (near) {
		snprintf(text, len, "there is no such section; did you mean [%s]?", near);
		return text;
	}
	used = (size_t)snprintf(text, len, "there is no such section; allowed:");
	for (enum option_section id = 0; id < SECTION_N && used < len; id++)
		used += (size_t)snprintf(text + used, len - used, "%s [%s%s]", id ? "," : "",
					 option_section(id)->name,
					 option_section(id)->many ? " NAME" : "");
	return text;
}

char *options_unknown_key(enum option_section id, const char *key, char *text, size_t len)
{
	const char *near = option_key_near(id, key);
	enum option_section elsewhere = option_key_elsewhere(id, key);

	if (elsewhere != SECTION_N)
		snprintf(text, len, "there is no such key here; it belongs to [%s]",
			 option_section(elsewhere)->name);
	else if (near)
		snprintf(text, len, "there is no such key; did you mean %s?", near);
	else
		snprintf(text, len,
			 "there is no such key; ftprobe --dump-config prints all of them");
	return text;
}
