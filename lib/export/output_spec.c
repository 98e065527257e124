/* SPDX-License-Identifier: BSD-3-Clause */
/* What -o takes, read into an output_spec. */
#include "export/output_internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct type_word {
	const char *word;
	enum output_type type;
};

static const struct type_word words[] = {
	{"text", OUTPUT_TEXT}, {"csv", OUTPUT_CSV},	{"json", OUTPUT_JSON},
	{"zmq", OUTPUT_ZMQ},   {"ipfix", OUTPUT_IPFIX}, {"null", OUTPUT_NULL},
};

/* How collectors are reached, and their ports (RFC 7011 10.3.4, 10.4.4, 11.2). */
struct scheme {
	const char *word;
	enum ipfix_carrier carrier;
	const char *port;
};

static const struct scheme schemes[] = {
	{"udp://", CARRIER_UDP, "4739"},
	{"tcp://", CARRIER_TCP, "4739"},
	{"tls://", CARRIER_TLS, "4740"},
};

static const char ipfix_form[] = "write ipfix:udp://HOST:PORT, tcp:// or tls://, or ipfix:PATH";

static const char zmq_form[] = "write tcp://ADDRESS:PORT, tcp://*:PORT or ipc://PATH";

/* The length of the type's word, 0 when there is no such type. */
static size_t find_type(const char *text, enum output_type *type)
{
	size_t len = strcspn(text, ":");

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == len && memcmp(words[i].word, text, len) == 0) {
			*type = words[i].type;
			return len;
		}
	return 0;
}

static int refuse(char *error, size_t error_len, const char *text, const char *why)
{
	snprintf(error, error_len, "output %s: %s", text, why);
	return -EINVAL;
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits >= 1 && digits <= 5 && text[digits] == '\0' && atoi(text) >= 1 &&
	       atoi(text) <= 65535;
}

static const struct scheme *scheme_of(const char *text)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(text, schemes[i].word, strlen(schemes[i].word)) == 0)
			return &schemes[i];
	return NULL;
}

enum ipfix_carrier output_target_carrier(const char *target, const char **rest)
{
	const struct scheme *s = scheme_of(target);

	*rest = target + (s ? strlen(s->word) : 0);
	return s ? s->carrier : CARRIER_FILE;
}

/* SCHEME://HOST, HOST:PORT, [V6] or [V6]:PORT behind what is there; or why not. */
static const char *read_collector(struct output_spec *spec, const char *text)
{
	const struct scheme *s = scheme_of(text);
	const char *host, *bracket, *rest, *port;
	size_t used = strlen(spec->target), room = sizeof spec->target - used;
	int n;

	if (!s)
		return ipfix_form;
	host = text + strlen(s->word);
	bracket = host[0] == '[' ? strchr(host, ']') : NULL;
	rest = bracket ? bracket + 1 : host + strcspn(host, ":");
	port = rest[0] == ':' ? rest + 1 : s->port;
	if (rest == host || (host[0] == '[' && (!bracket || bracket == host + 1)))
		return "it has no host: write ipfix:udp://HOST:PORT";
	if (!bracket && strchr(host, ':') != strrchr(host, ':'))
		return "write an IPv6 address in brackets: ipfix:udp://[ADDRESS]:PORT";
	if ((rest[0] != ':' && rest[0] != '\0') || !is_port(port))
		return "a port is a number from 1 to 65535";
	n = snprintf(spec->target + used, room, "%s%.*s:%s", used ? " " : "", (int)(rest - text),
		     text, port);
	return n < (int)room ? NULL : "it is too long";
}

/* An address, or HOST:PORT: somebody forgot the scheme, and means no file. */
static bool is_no_path(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint8_t address[16];

	if (strchr(text, '/'))
		return false;
	return (colon && is_port(colon + 1)) || inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

/* A path, or collectors with commas or blanks between them. */
static const char *read_ipfix_target(struct output_spec *spec, const char *text)
{
	char copy[sizeof spec->target], *rest = copy, *word;
	const char *why = NULL;
	unsigned int n = 0;

	if (strlen(text) >= sizeof copy)
		return "it is too long";
	memcpy(copy, text, strlen(text) + 1);
	if (!scheme_of(text)) {
		memcpy(spec->target, text, strlen(text) + 1);
		if (strstr(text, "://") || !text[0] || strcmp(text, "-") == 0 || is_no_path(text))
			return ipfix_form;
		return NULL;
	}
	while (!why && (word = strsep(&rest, " ,"))) {
		if (*word && ++n > OUTPUT_COLLECTORS_MAX)
			why = "it has too many collectors";
		else if (*word)
			why = read_collector(spec, word);
	}
	return why;
}

/* A target of several is split at its blanks. */
static unsigned int count_targets(const char *target)
{
	unsigned int n = 1;

	for (const char *p = target; *p; p++)
		n += *p == ' ';
	return n;
}

/* The spec of one of them. */
static void take_target(const struct output_spec *spec, unsigned int i, struct output_spec *out)
{
	const char *p = spec->target;

	for (; i; i--)
		p += strcspn(p, " ") + 1;
	*out = *spec;
	snprintf(out->target, sizeof out->target, "%.*s", (int)strcspn(p, " "), p);
}

unsigned int output_spec_collectors(const struct output_spec *spec)
{
	return scheme_of(spec->target) ? count_targets(spec->target) : 1;
}

void output_spec_collector(const struct output_spec *spec, unsigned int i, struct output_spec *out)
{
	take_target(spec, i, out);
	out->name[0] = '\0';
	output_spec_name(out);
}

bool output_spec_is_ipfix_file(const struct output_spec *s)
{
	return s->type == OUTPUT_IPFIX && !scheme_of(s->target);
}

/* [HOST:]PORT of TCP, where a "c" behind the port means connect; or why not. */
static const char *read_zmq_tcp(struct output_spec *spec, const char *address)
{
	const char *colon = strrchr(address, ':');
	size_t used = strlen(spec->target), room = sizeof spec->target - used;
	int host = colon ? (int)(colon - address) : 0, n;
	char port[8] = "";
	size_t len;

	address = host ? address : "127.0.0.1:";
	host = host ? host : 9;
	if (!colon || strlen(colon + 1) >= sizeof port)
		return zmq_form;
	len = strlen(colon + 1);
	memcpy(port, colon + 1, len + 1);
	if (len > 1 && port[len - 1] == 'c') {
		port[len - 1] = '\0';
		spec->mode = OUTPUT_MODE_CONNECT;
	}
	if (spec->mode == OUTPUT_MODE_CONNECT && (address[0] == '*' || strcmp(port, "*") == 0))
		return "to connect it needs the collector's address and port in place of *";
	if (address[0] != '[' && memchr(address, ':', (size_t)host))
		return "write an IPv6 address in brackets: tcp://[ADDRESS]:PORT";
	/* libzmq takes any port, modulo 65536. */
	if (!is_port(port) && strcmp(port, "*") != 0)
		return zmq_form;
	n = snprintf(spec->target + used, room, "%stcp://%.*s:%s", used ? " " : "", host, address,
		     port);
	return n < (int)room ? NULL : "it is too long";
}

static const char *read_zmq_endpoint(struct output_spec *spec, const char *text)
{
	size_t used = strlen(spec->target), room = sizeof spec->target - used;
	char port[8];

	if (strncmp(text, "tcp://", 6) == 0 || strncmp(text, "zmq://", 6) == 0)
		return read_zmq_tcp(spec, text + 6);
	if (strspn(text, "0123456789c") == strlen(text) && strlen(text) < sizeof port - 1) {
		snprintf(port, sizeof port, ":%.6s", text);
		return read_zmq_tcp(spec, port);
	}
	if (strncmp(text, "ipc://", 6) != 0 || !text[6])
		return zmq_form;
	return snprintf(spec->target + used, room, "%s%s", used ? " " : "", text) < (int)room ?
		       NULL :
		       "it is too long";
}

static const char *read_zmq_target(struct output_spec *spec, const char *text)
{
	char copy[sizeof spec->target], *rest = copy, *word;
	const char *why = NULL;
	unsigned int n = 0;

	if (strlen(text) >= sizeof copy)
		return "it is too long";
	memcpy(copy, text, strlen(text) + 1);
	spec->target[0] = '\0';
	while (!why && (word = strsep(&rest, " ,"))) {
		if (*word && ++n > OUTPUT_COLLECTORS_MAX)
			why = "it has too many endpoints";
		else if (*word)
			why = read_zmq_endpoint(spec, word);
	}
	return why || n ? why : zmq_form;
}

unsigned int output_spec_endpoints(const struct output_spec *spec)
{
	return spec->type == OUTPUT_ZMQ ? count_targets(spec->target) : 1;
}

void output_spec_endpoint(const struct output_spec *spec, unsigned int i, struct output_spec *out)
{
	take_target(spec, i, out);
}

bool output_spec_in_clear(const struct output_spec *spec)
{
	const char *host = spec->target + strlen("tcp://");

	if (spec->type != OUTPUT_ZMQ || spec->zmq_server_key[0] ||
	    strncmp(spec->target, "tcp://", 6) != 0)
		return false;
	return strncmp(host, "127.", 4) != 0 && strncmp(host, "localhost:", 10) != 0 &&
	       strncmp(host, "lo:", 3) != 0 && strncmp(host, "[::1]:", 6) != 0;
}

int output_spec_read_zmq(struct output_spec *spec, const char *endpoint, char *error,
			 size_t error_len)
{
	struct output_spec read = *spec;
	const char *why;

	read.type = OUTPUT_ZMQ;
	read.name[0] = '\0';
	why = read_zmq_target(&read, endpoint);
	if (why)
		return refuse(error, error_len, endpoint, why);
	output_spec_name(&read);
	*spec = read;
	return 0;
}

/* Reads what stands behind the type; NULL, or why not. */
static const char *read_target(struct output_spec *spec, const char *text)
{
	const char *why;

	switch (spec->type) {
	case OUTPUT_TEXT:
	case OUTPUT_CSV:
	case OUTPUT_JSON:
		if (!text[0])
			return "it has no path behind the colon";
		break;
	case OUTPUT_ZMQ:
		why = read_zmq_target(spec, text);
		if (why == zmq_form)
			return "write zmq:tcp://ADDRESS:PORT, zmq:tcp://*:PORT, zmq:PORT or "
			       "zmq:ipc://PATH";
		return why;
	case OUTPUT_IPFIX:
		return read_ipfix_target(spec, text);
	case OUTPUT_NULL:
		return "null takes no target";
	}
	if (strlen(text) >= sizeof spec->target)
		return "it is too long";
	memcpy(spec->target, text, strlen(text) + 1);
	return NULL;
}

static const char *word_of(enum output_type type)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].type == type)
			return words[i].word;
	return "output";
}

void output_spec_name(struct output_spec *spec)
{
	char full[sizeof spec->target + 16];
	int len = snprintf(full, sizeof full, "%s%s%s", word_of(spec->type),
			   spec->target[0] ? ":" : "", spec->target);
	size_t room = sizeof spec->name - 1;

	if ((size_t)len <= room) {
		memcpy(spec->name, full, (size_t)len + 1);
		return;
	}
	/* The end of a path says more than its beginning. */
	memcpy(spec->name, "...", 3);
	memcpy(spec->name + 3, full + len - (room - 3), room - 3);
	spec->name[room] = '\0';
}

int output_spec_parse(struct output_spec *spec, const char *text, char *error, size_t error_len)
{
	struct output_spec read = *spec;
	size_t len = find_type(text, &read.type);
	const char *why = NULL;

	if (!len)
		return refuse(error, error_len, text,
			      "write text, csv, json (each may have :PATH), zmq:ENDPOINT, "
			      "ipfix:udp://HOST:PORT, tcp:// or tls://, ipfix:PATH, or null");
	read.target[0] = read.name[0] = '\0';
	if (text[len] == ':')
		why = read_target(&read, text + len + 1);
	else if (read.type == OUTPUT_ZMQ || read.type == OUTPUT_IPFIX)
		why = read.type == OUTPUT_ZMQ ? "write zmq:tcp://*:PORT" : ipfix_form;
	if (why)
		return refuse(error, error_len, text, why);
	output_spec_name(&read);
	*spec = read;
	return 0;
}
