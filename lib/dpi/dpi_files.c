/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of custom protocols and categories. nDPI skips what it does not understand, or prints to
 * stdout, so each line is checked here first and refused with its number and what is expected.
 */
#include "dpi/dpi_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const struct dpi_file_error *error;
	const char *option; /* that names the file: a key of [dpi], too */
	const char *path;
	FILE *stream;
	char *line;
	size_t room;
	unsigned long number;
	size_t line_max;
	struct ndpi_detection_module_struct *module;
	bool load;				 /* hand each line to nDPI */
	char (*custom)[DPI_CUSTOM_NAME_MAX + 1]; /* names that nDPI does not know; NULL: no bound */
	unsigned int custom_n, custom_max;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *r, const char *why,
							...)
{
	char text[256];
	va_list list;

	va_start(list, why);
	vsnprintf(text, sizeof text, why, list);
	va_end(list);
	if (r->error->len)
		snprintf(r->error->text, r->error->len, "%s:%lu: %s", r->path, r->number, text);
	return -EINVAL;
}

/* Of the file as a whole, where no line is to blame. */
static int refuse_file(const struct reader *r, const char *why)
{
	if (r->error->len && r->error->of_option)
		snprintf(r->error->text, r->error->len,
			 "%s: %s; give --%s ([dpi] %s) a file that can be read, or leave it out",
			 r->path, why, r->option, r->option);
	else if (r->error->len)
		snprintf(r->error->text, r->error->len, "%s: %s", r->path, why);
	return -EINVAL;
}

/* A number from all of s (which ends at its NUL), at most max; -1 when it is none. */
static long number_of(const char *s, long max)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)s[0]))
		return -1;
	errno = 0;
	v = strtol(s, &end, 10);
	return errno || *end || v > max ? -1 : v;
}

/* PORT or PORT-PORT */
static bool ports_ok(char *s)
{
	char *dash = strchr(s, '-');
	long from, to;

	if (dash)
		*dash = '\0';
	from = number_of(s, UINT16_MAX);
	to = dash ? number_of(dash + 1, UINT16_MAX) : from;
	return from >= 0 && to >= from;
}

/* ADDRESS[/BITS], by inet_pton() */
static bool address_ok(char *s, int family)
{
	uint8_t address[16];
	char *slash = strchr(s, '/');

	if (slash)
		*slash = '\0';
	return inet_pton(family, s, address) == 1 &&
	       (!slash || number_of(slash + 1, family == AF_INET ? 32 : 128) >= 0);
}

/* A.B.C.D[/BITS][:PORT] */
static bool ipv4_rule_ok(char *s)
{
	char *colon = strchr(s, ':');

	if (colon)
		*colon = '\0';
	return address_ok(s, AF_INET) && (!colon || number_of(colon + 1, UINT16_MAX) >= 0);
}

static bool quoted_ok(const char *s)
{
	size_t n = strlen(s);

	if (s[0] != '"')
		return n > 0 && !strchr(s, '"');
	return n > 2 && s[n - 1] == '"';
}

static int check_part(const struct reader *r, char *part)
{
	char *value = strchr(part, ':');

	if (!value)
		return refuse(r,
			      "'%.60s' is no rule: tcp:PORT, udp:PORT, ip:ADDRESS or host:\"NAME\" "
			      "is expected",
			      part);
	*value++ = '\0';
	if (strcmp(part, "tcp") == 0 || strcmp(part, "udp") == 0)
		return ports_ok(value) ? 0 :
					 refuse(r,
						"%s: a port (0 to 65535) or FROM-TO is "
						"expected",
						part);
	if (strcmp(part, "ip") == 0)
		return ipv4_rule_ok(value) ? 0 :
					     refuse(r, "ip: an IPv4 address with /BITS and "
						       ":PORT if wanted is expected");
	if (strcmp(part, "host") == 0)
		return quoted_ok(value) ? 0 :
					  refuse(r, "host: a name in double quotes is expected");
	return refuse(r, "'%.60s' is no kind of rule: tcp, udp, ip or host is expected", part);
}

/* nDPI 4 has a fixed number of places for protocols that it does not know. */
static int check_name(struct reader *r, const char *name)
{
	size_t n = strlen(name);

	if (n == 0)
		return refuse(r, "the protocol's name is missing after '@'");
	if (n > DPI_CUSTOM_NAME_MAX)
		return refuse(r, "the protocol's name has more than %d characters",
			      DPI_CUSTOM_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)name[i]) && name[i] != ' ')
			return refuse(r, "the protocol's name has a control character");
	if (!r->custom || dpi_protocol_find(r->module, name))
		return 0;
	for (unsigned int i = 0; i < r->custom_n; i++)
		if (strcasecmp(r->custom[i], name) == 0)
			return 0;
	if (r->custom_n == r->custom_max)
		return refuse(r, "more than %u new protocols", r->custom_max);
	memcpy(r->custom[r->custom_n++], name, n + 1);
	return 0;
}

/* Lines without '@' that set masks of risks or trusted issuers. */
static bool is_setting(const char *line)
{
	return strncmp(line, "ip_risk_mask:", 13) == 0 ||
	       strncmp(line, "host_risk_mask:", 15) == 0 ||
	       strncmp(line, "trusted_issuer_dn:", 18) == 0;
}

static int check_setting(const struct reader *r, const char *line)
{
	const char *value = strchr(line, ':') + 1;

	if (strncmp(line, "trusted", 7) == 0)
		return value[0] == '"' && quoted_ok(value) ?
			       0 :
			       refuse(r, "trusted_issuer_dn: a name in double quotes is expected");
	return value[0] && strchr(value, '=') ? 0 : refuse(r, "NAME=MASK is expected after ':'");
}

static int check_protocol_line(struct reader *r)
{
	char *at, *rest = NULL;
	int e = 0;

	if (is_setting(r->line))
		return check_setting(r, r->line);
	at = strrchr(r->line, '@');
	if (!at)
		return refuse(r, "RULE,RULE,...@PROTOCOL is expected, there is no '@'");
	*at = '\0';
	if (!r->line[0])
		return refuse(r, "no rule before '@'");
	e = check_name(r, at + 1);
	for (char *part = strtok_r(r->line, ",", &rest); part && e == 0;
	     part = strtok_r(NULL, ",", &rest))
		e = check_part(r, part);
	return e;
}

/* NAME<tab>CATEGORY, NAME a host or an IPv4 address or network. */
static int check_category_line(struct reader *r)
{
	char *tab = strchr(r->line, '\t');
	long id;

	if (!tab || tab == r->line)
		return refuse(r, "NAME, a tab and the number of a category are expected");
	*tab = '\0';
	id = number_of(tab + 1, NDPI_PROTOCOL_NUM_CATEGORIES - 1);
	if (id < 0)
		return refuse(r, "'%.40s' is no category: a number from 0 to %d is expected",
			      tab + 1, (int)NDPI_PROTOCOL_NUM_CATEGORIES - 1);
	if (r->load)
		ndpi_compat_load_category(r->module, r->line, (uint16_t)id);
	else if (strchr(r->line, '/') && !address_ok(r->line, AF_INET))
		return refuse(r, "'%.60s' is no IPv4 network", r->line);
	return 0;
}

/* One line without its end into r->line: 1, 0 at the end of the file, or an error. */
static int next_line(struct reader *r)
{
	ssize_t n = getline(&r->line, &r->room, r->stream);

	if (n < 0) {
		if (!ferror(r->stream))
			return 0;
		return refuse_file(r, strerror(errno));
	}
	r->number++;
	if (r->number > DPI_FILE_LINES_MAX)
		return refuse(r, "more than %d lines", DPI_FILE_LINES_MAX);
	if ((size_t)n > r->line_max)
		return refuse(r, "longer than %zu bytes", r->line_max);
	if (strlen(r->line) != (size_t)n)
		return refuse(r, "a NUL byte: this is no text file");
	if (r->line[n - 1] != '\n')
		return refuse(r, "the last line does not end: add a newline");
	r->line[n - 1] = '\0';
	if (n > 1 && r->line[n - 2] == '\r')
		return refuse(r, "the line ends in CR LF: save the file with Unix line ends");
	return 1;
}

static int check_file(struct reader *r, int (*check)(struct reader *r))
{
	int e;

	while ((e = next_line(r)) > 0) {
		if (!r->line[0] || r->line[0] == '#')
			continue;
		e = check(r);
		if (e)
			break;
	}
	return e;
}

static int reader_run(struct reader *r, int (*check)(struct reader *r))
{
	int e;

	r->stream = fopen(r->path, "re");
	if (!r->stream) {
		e = errno;
		refuse_file(r, strerror(e));
		return e == ENOENT ? -ENOENT : -EINVAL;
	}
	e = check_file(r, check);
	fclose(r->stream);
	free(r->line);
	return e;
}

int dpi_read_protocols(struct ndpi_detection_module_struct *m, const char *path,
		       const struct dpi_file_error *e)
{
	struct reader r = {.error = e,
			   .option = "protocols",
			   .path = path,
			   .module = m,
			   .custom_max = ndpi_compat_custom_left(m),
			   .line_max = DPI_PROTOCOL_LINE_MAX};
	int error;

	if (r.custom_max != UINT_MAX) {
		r.custom = calloc(r.custom_max + 1, sizeof *r.custom);
		if (!r.custom)
			return -ENOMEM;
	}
	error = reader_run(&r, check_protocol_line);
	free(r.custom);
	if (error == 0 && ndpi_load_protocols_file(m, path) < 0)
		error = refuse_file(&r, "nDPI could not load the file");
	return error;
}

static int categories_run(struct ndpi_detection_module_struct *m, const char *path,
			  const struct dpi_file_error *e, bool load)
{
	struct reader r = {.error = e,
			   .option = "categories",
			   .path = path,
			   .module = m,
			   .load = load,
			   .line_max = DPI_CATEGORY_LINE_MAX};

	return reader_run(&r, check_category_line);
}

int dpi_read_categories(struct ndpi_detection_module_struct *m, const struct dpi_file_list *files,
			const struct dpi_file_error *e)
{
	int error = 0;

	for (unsigned int i = 0; i < files->n && error == 0; i++)
		error = categories_run(m, files->paths[i], e, false);
	/* What is enabled replaces what was, so all files go in before. */
	for (unsigned int i = 0; i < files->n && error == 0; i++)
		error = categories_run(m, files->paths[i], e, true);
	if (error == 0)
		ndpi_enable_loaded_categories(m);
	return error;
}
