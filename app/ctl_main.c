/* SPDX-License-Identifier: BSD-3-Clause */
/* ftprobectl: options, the command, the exit code. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "core/limits.h"
#include "ctl.h"

static const char usage[] =
	"Usage: ftprobectl [OPTION ...] COMMAND\n"
	"\n"
	"Asks a running ftprobe, and tells it what to do.\n"
	"\n"
	"Commands:\n"
	"  status                      counters of lanes, ports and outputs\n"
	"  top                         rates, hosts and applications, again and again; q quits\n"
	"  flows [FILTER]              flows that are in the tables now\n"
	"  log [LEVEL]                 the log level: error, warning, notice, info or debug\n"
	"  expire                      end all flows that are in the tables now\n"
	"  reload                      read the configuration file again\n"
	"  dump-config                 the settings that are in force\n"
	"\n"
	"Options:\n"
	"  -s, --socket PATH           the probe's socket\n"
	"  -p, --prefix NAME           the probe of this [eal] file_prefix (default ftprobe, or\n"
	"                              the only one that runs)\n"
	"  -j, --json                  what the probe answers, one JSON object a line\n"
	"  -f, --filter EXPRESSION     flows: only those that match, such as\n"
	"                              'src_ip == 10.0.0.0/8 and dst_port == 443 and bytes > 1M'\n"
	"  -o, --sort KEY              flows: largest first, or smallest with +KEY\n"
	"                              (default total_bytes)\n"
	"  -n, --limit N               flows: at most N (default 20)\n"
	"  -F, --fields KEYS           flows: the columns, keys with commas between\n"
	"  -i, --interval SECONDS      top: time between two views (default 2)\n"
	"  -c, --count N               top: N views, then end\n"
	"  -V, --version               print the version, and exit\n"
	"  -h, --help                  print this text, and exit\n"
	"\n"
	"Exit status: 0 success, 1 failure, 2 bad usage. See ftprobectl(8).\n";

struct arguments {
	const char *socket, *prefix, *command, *word;
	struct ctl_flows flows;
	double interval_s;
	unsigned int count;
	bool json;
};

static int bad_usage(const char *format, const char *what)
{
	fputs("ftprobectl: ", stderr);
	fprintf(stderr, format, what);
	fputs("; see --help\n", stderr);
	return CTL_EXIT_USAGE;
}

int ctl_ask(struct ctl *c, struct json_object *request,
	    void (*print)(struct ctl *c, struct json_object *answer))
{
	struct json_object *answer = NULL;
	bool good = false;

	if (link_send(&c->link, request))
		answer = link_receive(&c->link);
	if (answer && link_is_last(answer, &good) && good) {
		if (c->json)
			puts(json_object_to_json_string_ext(answer,
							    JSON_C_TO_STRING_NOSLASHESCAPE));
		else if (print)
			print(c, answer);
	}
	json_object_put(answer);
	json_object_put(request);
	return good ? 0 : CTL_EXIT_FAILURE;
}

static void print_level(struct ctl *c, struct json_object *answer)
{
	(void)c;
	puts(link_text(answer, "level"));
}

static void print_expired(struct ctl *c, struct json_object *answer)
{
	char text[SHOW_BYTES];

	(void)c;
	printf("%s %s ended\n", show_grouped(link_number(answer, "expired"), text),
	       link_number(answer, "expired") == 1 ? "flow" : "flows");
}

static void print_config(struct ctl *c, struct json_object *answer)
{
	(void)c;
	fputs(link_text(answer, "config"), stdout);
}

/* What the probe says of it, a line each. */
static void print_reload(struct ctl *c, struct json_object *answer)
{
	struct json_object *lines = link_member(answer, "lines");

	(void)c;
	for (size_t i = 0;
	     json_object_is_type(lines, json_type_array) && i < json_object_array_length(lines);
	     i++)
		puts(json_object_get_string(json_object_array_get_idx(lines, i)));
	if (link_member(answer, "summary"))
		puts(link_text(answer, "summary"));
}

static int run_command(struct ctl *c, struct arguments *a)
{
	struct json_object *request = NULL;

	if (strcmp(a->command, "status") == 0)
		return ctl_status(c);
	if (strcmp(a->command, "top") == 0)
		return ctl_top(c, a->interval_s, a->count);
	if (strcmp(a->command, "flows") == 0)
		return ctl_flows(c, &a->flows);
	request = link_request(a->command);
	if (strcmp(a->command, "log") == 0) {
		if (a->word)
			json_object_object_add(request, "level", json_object_new_string(a->word));
		return ctl_ask(c, request, print_level);
	}
	if (strcmp(a->command, "expire") == 0)
		return ctl_ask(c, request, print_expired);
	if (strcmp(a->command, "reload") == 0)
		return ctl_ask(c, request, print_reload);
	return ctl_ask(c, request, print_config);
}

static bool is_command(const char *word)
{
	static const char *const words[] = {"status", "top",	"flows",      "log",
					    "expire", "reload", "dump-config"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool read_count(const char *text, unsigned int max, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || n < 1 || n > max)
		return false;
	*out = (unsigned int)n;
	return true;
}

static bool read_interval(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0.1 && *out <= 3600;
}

/* 0, or an exit code after one line. */
static int read_option(struct arguments *a, int letter)
{
	switch (letter) {
	case 's':
		a->socket = optarg;
		return 0;
	case 'p':
		a->prefix = optarg;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	case 'f':
		a->flows.filter = optarg;
		return 0;
	case 'o':
		a->flows.sort = optarg;
		return 0;
	case 'F':
		a->flows.fields = optarg;
		return 0;
	case 'n':
		return read_count(optarg, FLOW_QUERY_ROWS_MAX, &a->flows.limit) ?
			       0 :
			       bad_usage("--limit %s: 1 to 10000", optarg);
	case 'c':
		return read_count(optarg, 1000000, &a->count) ?
			       0 :
			       bad_usage("--count %s: 1 to 1000000", optarg);
	case 'i':
		return read_interval(optarg, &a->interval_s) ?
			       0 :
			       bad_usage("--interval %s: 0.1 to 3600 seconds", optarg);
	default:
		return bad_usage("%s", "that option is not known, or lacks its value");
	}
}

/* Words behind the command: the parts of a filter, or a level. */
static int read_words(struct arguments *a, char **words, int n)
{
	static char filter[FILTER_BYTES_MAX + 2];
	size_t len = 0;

	if (!n)
		return bad_usage("%s", "a command is missing");
	a->command = words[0];
	if (!is_command(a->command))
		return bad_usage("no command \"%s\"", a->command);
	if (n > 1 && strcmp(a->command, "log") == 0 && n == 2) {
		a->word = words[1];
		return 0;
	}
	if (n > 1 && (strcmp(a->command, "flows") != 0 || a->flows.filter))
		return bad_usage("\"%s\" is too much", words[1]);
	for (int i = 1; i < n && len < sizeof filter; i++)
		len += (size_t)snprintf(filter + len, sizeof filter - len, "%s%s", i > 1 ? " " : "",
					words[i]);
	if (n > 1)
		a->flows.filter = filter;
	return 0;
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"prefix", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'},
		{"filter", required_argument, NULL, 'f'},
		{"sort", required_argument, NULL, 'o'},
		{"limit", required_argument, NULL, 'n'},
		{"fields", required_argument, NULL, 'F'},
		{"interval", required_argument, NULL, 'i'},
		{"count", required_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int letter, code = 0;

	opterr = 0;
	while (code == 0 &&
	       (letter = getopt_long(argc, argv, "s:p:jf:o:n:F:i:c:Vh", options, NULL)) >= 0) {
		if (letter == 'V')
			puts("ftprobectl " FTPROBE_VERSION);
		else if (letter == 'h')
			fputs(usage, stdout);
		else
			code = read_option(a, letter);
		if (letter == 'V' || letter == 'h')
			exit(EXIT_SUCCESS);
	}
	return code ? code : read_words(a, argv + optind, argc - optind);
}

int main(int argc, char **argv)
{
	struct arguments a = {.interval_s = 2};
	struct ctl c = {.out = {.f = stdout}};
	int code = read_arguments(&a, argc, argv);

	if (code)
		return code;
	c.json = a.json;
	c.out.coloured = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	if (!link_open(&c.link, a.socket, a.prefix))
		return CTL_EXIT_FAILURE;
	code = run_command(&c, &a);
	link_close(&c.link);
	if (fflush(stdout) != 0 && !code) {
		fputs("ftprobectl: standard output cannot be written\n", stderr);
		code = CTL_EXIT_FAILURE;
	}
	return code;
}
