/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line. It is read three times: for what ends the program at once and for the
 * configuration file, then for all that overrides that file, then for --set, which may name ports
 * and outputs that the second reading added.
 */
#include "options.h"

#include "options_check.h"
#include "options_edit.h"
#include "options_text.h"
#include "options_value.h"
#include "config_file.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

/* What getopt_long() returns for a long option: above all letters. */
#define ACTION_FIRST  256
#define SETTING_FIRST (ACTION_FIRST + ACTION_N)
#define CLI_MAX	      (ACTION_N + SETTING_N)

enum pass { PASS_EARLY, PASS_OVERRIDE, PASS_SET };

struct cli {
	struct options *o;
	struct options_errors errors;
	FILE *out;
	int argc;
	char **argv;
	enum pass pass;
	bool check, dump_config, done;
	bool bpf;		   /* --bpf was given */
	unsigned int n_file_ports; /* of the configuration file */
	struct option longs[CLI_MAX + 1];
	char names[CLI_MAX][NAME_BYTES_MAX];
	char shorts[2 * ACTION_N + 2];
};

static void add_long(struct cli *c, unsigned int *n, const char *name, bool arg, int value)
{
	const char *to = text_dashed(name, c->names[*n], sizeof c->names[0]);

	c->longs[(*n)++] = (struct option){
		.name = to, .has_arg = arg ? required_argument : no_argument, .val = value};
}

static void make_tables(struct cli *c)
{
	unsigned int n = 0;
	char *s = c->shorts;

	*s++ = ':'; /* a missing argument is told apart from an unknown option */
	for (enum option_action id = 0; id < ACTION_N; id++) {
		const struct action *a = option_action(id);

		add_long(c, &n, a->name, a->metavar, ACTION_FIRST + (int)id);
		if (a->letter)
			*s++ = a->letter[0];
		if (a->letter && a->metavar)
			*s++ = ':';
	}
	for (enum option_setting id = 0; id < SETTING_N; id++) {
		const struct setting *t = option_setting(id);

		if (t->cli_long)
			add_long(c, &n, t->cli_long, t->cli_metavar, SETTING_FIRST + (int)id);
	}
}

static void add_file(struct cli *c, const char *path)
{
	if (c->o->n_files == FILES_MAX)
		options_complain(&c->errors, "-r: too many files; allowed: %u", FILES_MAX);
	else if (!*path)
		options_complain(&c->errors, "-r: the file name is empty");
	else
		c->o->files[c->o->n_files++] = path;
}

/* -i: the port is named after its device, a vdev string after its first word. */
static void add_interface(struct cli *c, const char *device)
{
	char name[OPTION_BYTES_MAX], error[512];
	void *port;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(device, ","), device);
	port = options_add(c->o, SECTION_port, name, error, sizeof error);
	if (!port ||
	    setting_parse(option_setting(SETTING_port_device), port, device, error, sizeof error))
		options_complain(&c->errors, "-i %.80s: %s", device, error);
}

/* A name made from a specification may hold anything and be cut, a name of ours may not. */
static void make_output_name(struct options *o, char name[NAME_BYTES_MAX])
{
	char base[NAME_BYTES_MAX];

	for (char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~' || strchr("[]=", *p))
			*p = '_';
	memcpy(base, name, sizeof base);
	for (unsigned int i = 2; options_section_base(o, SECTION_output, name) && i <= OUTPUTS_MAX;
	     i++)
		snprintf(name, NAME_BYTES_MAX, "%.*s#%u", NAME_BYTES_MAX - 4, base, i);
}

static void add_output(struct cli *c, const char *text)
{
	struct output_spec read = {0}, *added;
	char error[512];

	if (options_parse_output(&read, text, error, sizeof error)) {
		options_complain(&c->errors, "-o %s", error);
		return;
	}
	make_output_name(c->o, read.name);
	added = options_add(c->o, SECTION_output, read.name, error, sizeof error);
	if (!added) {
		options_complain(&c->errors, "-o %.80s: %s", text, error);
		return;
	}
	added->type = read.type;
	added->mode = read.mode;
	memcpy(added->target, read.target, sizeof added->target);
}

static void set_count(struct cli *c, const char *text)
{
	static const struct setting row = {.kind = SETTING_COUNT,
					   .min = 1,
					   .max = UINT64_MAX >> 1,
					   .offset = offsetof(struct options, count),
					   .len_bytes = sizeof(uint64_t)};
	char error[512];

	if (setting_parse(&row, c->o, text, error, sizeof error))
		options_complain(&c->errors, "--count: %s", error);
}

/* KEY=VALUE of a section whose name has been cut off already. */
static void set_key(struct cli *c, enum option_section id, char *rest, const char *whole)
{
	char *value = strchr(rest, '='), *key, *name = rest, error[512];
	enum option_setting setting;
	void *base;

	*value++ = '\0';
	key = strrchr(rest, '.');
	if (key)
		*key++ = '\0';
	else
		key = rest, name = rest + strlen(rest);
	base = options_section_base(c->o, id, name);
	if (!base && id == SECTION_processor)
		base = options_add(c->o, id, name, error, sizeof error);
	setting = option_setting_find(id, key);
	if (!base && option_section(id)->many)
		options_complain(&c->errors,
				 "--set %.80s: there is no %s named '%.80s'; allowed: "
				 "%s.NAME.KEY=VALUE of one that exists",
				 whole, option_section(id)->name, name, option_section(id)->name);
	else if (!base)
		options_complain(&c->errors, "--set %.80s: allowed: %s.KEY=VALUE", whole,
				 option_section(id)->name);
	else if (setting == SETTING_N)
		options_complain(&c->errors, "--set %.80s: [%s] %.80s: %s", whole,
				 option_section(id)->name, key,
				 options_unknown_key(id, key, error, sizeof error));
	else if (setting_parse(option_setting(setting), base, value, error, sizeof error))
		options_complain(&c->errors, "--set %.80s: %s", whole, error);
}

static void set_any(struct cli *c, const char *whole)
{
	char text[BPF_BYTES_MAX + NAME_BYTES_MAX], error[512], *rest;
	enum option_section id;

	if (snprintf(text, sizeof text, "%s", whole) >= (int)sizeof text) {
		options_complain(&c->errors, "--set %.80s...: too long", whole);
		return;
	}
	rest = strchr(text, '.');
	if (!rest || !strchr(rest, '=') || strchr(text, '=') < rest) {
		options_complain(&c->errors,
				 "--set %.80s: allowed: SECTION.KEY=VALUE, such as "
				 "table.idle_timeout=10s",
				 whole);
		return;
	}
	*rest++ = '\0';
	id = option_section_find(text);
	if (id == SECTION_N)
		options_complain(&c->errors, "--set %.80s: %s", whole,
				 options_unknown_section(text, error, sizeof error));
	else
		set_key(c, id, rest, whole);
}

static void early_action(struct cli *c, enum option_action id)
{
	switch (id) {
	case ACTION_help:
		options_print_help(c->out);
		c->done = true;
		break;
	case ACTION_list_processors:
		processors_print(c->out);
		c->done = true;
		break;
	case ACTION_version:
		fprintf(c->out, "ftprobe %s\n", FTPROBE_VERSION);
		c->done = true;
		break;
	case ACTION_config:
		if (c->o->config_path)
			options_complain(&c->errors, "-c: give one configuration file, not two");
		else if (!*optarg)
			options_complain(&c->errors, "-c: the file name is empty");
		c->o->config_path = optarg;
		break;
	case ACTION_dump_config:
		c->dump_config = true;
		break;
	case ACTION_check:
		c->check = true;
		break;
	case ACTION_doctor:
		c->o->doctor = true;
		break;
	case ACTION_quiet:
		c->o->quiet = true;
		break;
	default:
		break;
	}
}

static void override_action(struct cli *c, enum option_action id)
{
	switch (id) {
	case ACTION_read:
		add_file(c, optarg);
		break;
	case ACTION_interface:
		add_interface(c, optarg);
		break;
	case ACTION_output:
		add_output(c, optarg);
		break;
	case ACTION_collect_keys:
		c->o->collect_keys = optarg;
		break;
	case ACTION_collect:
		c->o->collect = optarg + (strncmp(optarg, "zmq:", 4) || optarg[4] == '/' ? 0 : 4);
		break;
	case ACTION_count:
		set_count(c, optarg);
		break;
	default:
		break;
	}
}

static void override_setting(struct cli *c, enum option_setting id)
{
	const struct setting *s = option_setting(id);
	const char *text = s->cli_metavar ? optarg : s->cli_value;
	char error[512], name[NAME_BYTES_MAX];

	c->bpf |= id == SETTING_lane_bpf;
	if (setting_parse(s, options_section_base(c->o, s->section, ""), text, error, sizeof error))
		options_complain(&c->errors, "--%s: %s",
				 text_dashed(s->cli_long, name, sizeof name), error);
}

static void complain_option(struct cli *c, int what)
{
	bool is_long = optopt == 0 || optopt >= ACTION_FIRST;
	char word[NAME_BYTES_MAX], name[NAME_BYTES_MAX];
	const char *near;

	if (is_long)
		snprintf(word, sizeof word, "%.*s", (int)strcspn(c->argv[optind - 1], "="),
			 c->argv[optind - 1]);
	else
		snprintf(word, sizeof word, "-%c", optopt);
	near = is_long && strlen(word) > 2 ? option_long_near(word + 2) : NULL;
	if (what == ':')
		options_complain(&c->errors, "%s: its argument is missing (ftprobe --help)", word);
	else if (is_long && optopt)
		options_complain(&c->errors, "%s: takes no argument (ftprobe --help)", word);
	else if (near)
		options_complain(&c->errors, "%s: there is no such option; did you mean --%s?",
				 word, text_dashed(near, name, sizeof name));
	else
		options_complain(&c->errors, "%s: there is no such option%s (ftprobe --help)", word,
				 is_long ? ", or it is short for several" : "");
}

static void one_option(struct cli *c, int what)
{
	enum option_action action = ACTION_N;

	if (what >= SETTING_FIRST) {
		if (c->pass == PASS_OVERRIDE)
			override_setting(c, (enum option_setting)(what - SETTING_FIRST));
		return;
	}
	if (what >= ACTION_FIRST)
		action = (enum option_action)(what - ACTION_FIRST);
	else
		action = option_action_by_letter((char)what);
	if (c->pass == PASS_EARLY)
		early_action(c, action);
	else if (c->pass == PASS_OVERRIDE)
		override_action(c, action);
	else if (action == ACTION_set)
		set_any(c, optarg);
}

/* Goes through the command line once. What is left behind it are the words of a filter. */
static bool read_options(struct cli *c, enum pass pass)
{
	int what;

	c->pass = pass;
	opterr = 0;
	optind = 0; /* glibc: start anew, and forget the last command line */
	while (!c->done &&
	       (what = getopt_long(c->argc, c->argv, c->shorts, c->longs, NULL)) != -1) {
		if (what != '?' && what != ':')
			one_option(c, what);
		else if (pass == PASS_EARLY)
			complain_option(c, what);
	}
	return c->errors.n == 0;
}

/* Trailing words are a filter, as with tcpdump. */
static bool read_words(struct cli *c)
{
	char text[BPF_BYTES_MAX + 1] = "", error[512];
	size_t used = 0;

	if (optind >= c->argc)
		return true;
	if (c->bpf) {
		options_complain(&c->errors,
				 "'%.80s': a filter behind the options and --bpf: give one of them",
				 c->argv[optind]);
		return false;
	}
	for (int i = optind; i < c->argc && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "",
					 c->argv[i]);
	if (setting_parse(option_setting(SETTING_lane_bpf), &c->o->lane, text, error, sizeof error))
		options_complain(&c->errors, "filter: %s", error);
	return c->errors.n == 0;
}

static bool read_config(struct cli *c)
{
	struct options_errors *e = &c->errors;

	if (c->o->config_path)
		config_file_read(c->o, c->o->config_path, e);
	if (e->n > e->n_max)
		fprintf(e->to, "ftprobe: %s: %u more errors\n", c->o->config_path, e->n - e->n_max);
	return e->n == 0;
}

/* Each endpoint of ZMQ is an output of its own: a collector that is slow costs the others nothing.
 */
static void split_endpoints(struct cli *c, unsigned int i)
{
	struct options *o = c->o;
	const struct output_spec whole = o->outputs[i];
	const unsigned int n = output_spec_endpoints(&whole);

	if (o->n_outputs + n - 1 > OUTPUTS_MAX) {
		options_complain(&c->errors, "output %s: too many outputs; allowed: %u", whole.name,
				 OUTPUTS_MAX);
		return;
	}
	for (unsigned int k = 0; n > 1 && k < n; k++) {
		struct output_spec *s = &o->outputs[k ? o->n_outputs : i], one;

		output_spec_endpoint(&whole, k, &one);
		if (k)
			make_output_name(o, one.name);
		*s = one;
		o->n_outputs += k != 0;
	}
}

/* With its key, which is looked at here so that --check says what is wrong with it. */
static int read_privacy(struct privacy_options *to, const struct options_privacy *from, char *error,
			size_t error_len)
{
	struct privacy *p;
	int rc;

	*to = (struct privacy_options){.strings = (enum privacy_strings)from->strings};
	rc = privacy_parse_addresses(to, from->addresses, error, error_len);
	if (!rc)
		rc = privacy_create(&p, to, error, error_len);
	if (!rc)
		privacy_destroy(p);
	return rc;
}

void options_tell_outputs(struct options *o, uint32_t processors)
{
	for (unsigned int i = 0; i < o->n_outputs; i++) {
		struct output_spec *s = &o->outputs[i];

		s->local_time = o->probe.localtime;
		s->ignore_vlan = o->table.ignore_vlan;
		s->flush_lines = o->n_files == 0;
		s->lossless = o->n_files != 0;
		s->missing_sources = processors_missing_sources(processors);
		s->transactions = o->dpi.records == RECORDS_TRANSACTION;
		if (!s->instance[0] && gethostname(s->instance, sizeof s->instance - 1))
			s->instance[0] = '\0';
	}
}

/* What follows from everything that was said. */
static bool finish(struct cli *c)
{
	struct options *o = c->o;
	struct privacy_options privacy;
	char error[512];
	uint32_t processors = 0, room;

	if (processors_parse(&processors, o->dpi.processors, error, sizeof error))
		options_complain(&c->errors, "processors: %s", error);
	if (read_privacy(&privacy, &o->privacy, error, sizeof error))
		options_complain(&c->errors, "%s", error);
	if (processors_parse(&room, o->dpi.processors_room, error, sizeof error))
		options_complain(&c->errors, "processors_room: %s", error);
	/* The settings of a live probe serve for its traces, too. */
	if (o->n_files && o->n_ports == c->n_file_ports)
		o->n_ports = 0;
	if (!o->n_outputs)
		add_output(c, "text");
	for (unsigned int i = 0; i < o->n_ports; i++)
		options_finish_port(&o->ports[i]);
	for (unsigned int i = 0, n = o->n_outputs; i < n; i++) {
		if (options_finish_output(&o->outputs[i], error, sizeof error))
			options_complain(&c->errors, "output %s: %s", o->outputs[i].name, error);
		else
			split_endpoints(c, i);
	}
	options_tell_outputs(o, processors);
	for (unsigned int i = 0; i < o->n_outputs; i++)
		o->outputs[i].privacy = privacy;
	options_check(o, &c->errors);
	return c->errors.n == 0;
}

enum options_result options_parse(struct options *o, int argc, char **argv, FILE *out, FILE *err)
{
	struct cli c = {.o = o,
			.errors = {.to = err, .n_max = CONFIG_ERRORS_MAX},
			.out = out,
			.argc = argc,
			.argv = argv};

	options_set_defaults(o);
	o->argc = argc;
	o->argv = argv;
	make_tables(&c);
	if (!read_options(&c, PASS_EARLY))
		return OPTIONS_BAD;
	if (c.done)
		return OPTIONS_DONE_OK;
	if (c.dump_config) {
		options_print_config(out);
		return OPTIONS_DONE_OK;
	}
	if (!read_config(&c))
		return OPTIONS_BAD;
	c.n_file_ports = o->n_ports;
	if (!read_options(&c, PASS_OVERRIDE) || !read_words(&c) || !read_options(&c, PASS_SET) ||
	    !finish(&c))
		return OPTIONS_BAD;
	if (c.check) {
		options_print_resolved(o, out);
		return OPTIONS_DONE_OK;
	}
	return OPTIONS_RUN;
}
