/* SPDX-License-Identifier: BSD-3-Clause */
/* What -o takes, read into an output_spec. */
#include "export/output_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPFIX_PORT_DEFAULT "4739"

struct type_word {
	const char *word;
	enum output_type type;
};

static const struct type_word words[] = {
	{"text", OUTPUT_TEXT}, {"csv", OUTPUT_CSV},	{"json", OUTPUT_JSON},
	{"zmq", OUTPUT_ZMQ},   {"ipfix", OUTPUT_IPFIX}, {"null", OUTPUT_NULL},
};

static const char scheme[] = "udp://";

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

/* udp://HOST, udp://HOST:PORT, udp://[V6], udp://[V6]:PORT into udp://HOST:PORT; or why not. */
static const char *read_udp_target(struct output_spec *spec, const char *text)
{
	const char *host, *bracket, *rest, *port;
	int n;

	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return "write ipfix:udp://HOST:PORT";
	host = text + strlen(scheme);
	bracket = host[0] == '[' ? strchr(host, ']') : NULL;
	rest = bracket ? bracket + 1 : host + strcspn(host, ":");
	port = rest[0] == ':' ? rest + 1 : IPFIX_PORT_DEFAULT;
	if (rest == host || (host[0] == '[' && (!bracket || bracket == host + 1)))
		return "it has no host: write ipfix:udp://HOST:PORT";
	if (!bracket && strchr(host, ':') != strrchr(host, ':'))
		return "write an IPv6 address in brackets: ipfix:udp://[ADDRESS]:PORT";
	if ((rest[0] != ':' && rest[0] != '\0') || !is_port(port))
		return "a port is a number from 1 to 65535";
	n = snprintf(spec->target, sizeof spec->target, "%.*s:%s", (int)(rest - text), text, port);
	return n < (int)sizeof spec->target ? NULL : "it is too long";
}

/* HOST:PORT of TCP, where a "c" behind the port means connect; or why not. */
static const char *read_zmq_tcp(struct output_spec *spec, const char *address)
{
	const char *colon = strrchr(address, ':');
	char port[8] = "";
	size_t len;

	if (!colon || colon == address || strlen(colon + 1) >= sizeof port)
		return zmq_form;
	len = strlen(colon + 1);
	memcpy(port, colon + 1, len + 1);
	if (len > 1 && port[len - 1] == 'c') {
		port[len - 1] = '\0';
		spec->zmq_connect = true;
	}
	if (spec->zmq_connect && (address[0] == '*' || strcmp(port, "*") == 0))
		return "to connect it needs the collector's address and port in place of *";
	/* libzmq takes any port, modulo 65536. */
	if (!is_port(port) && strcmp(port, "*") != 0)
		return zmq_form;
	snprintf(spec->target, sizeof spec->target, "tcp://%.*s:%s", (int)(colon - address),
		 address, port);
	return NULL;
}

static const char *read_zmq_target(struct output_spec *spec, const char *text)
{
	if (strlen(text) >= sizeof spec->target)
		return "it is too long";
	if (strncmp(text, "tcp://", 6) == 0 || strncmp(text, "zmq://", 6) == 0)
		return read_zmq_tcp(spec, text + 6);
	if (strncmp(text, "ipc://", 6) != 0 || !text[6])
		return zmq_form;
	memcpy(spec->target, text, strlen(text) + 1);
	return NULL;
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
			return "write zmq:tcp://ADDRESS:PORT, zmq:tcp://*:PORT or zmq:ipc://PATH";
		return why;
	case OUTPUT_IPFIX:
		return read_udp_target(spec, text);
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

const char *output_spec_udp_target(const struct output_spec *spec)
{
	return strncmp(spec->target, scheme, strlen(scheme)) == 0 ? spec->target + strlen(scheme) :
								    spec->target;
}

int output_spec_parse(struct output_spec *spec, const char *text, char *error, size_t error_len)
{
	struct output_spec read = *spec;
	size_t len = find_type(text, &read.type);
	const char *why = NULL;

	if (!len)
		return refuse(error, error_len, text,
			      "write text, csv, json (each may have :PATH), zmq:ENDPOINT, "
			      "ipfix:udp://HOST:PORT or null");
	read.target[0] = read.name[0] = '\0';
	if (text[len] == ':')
		why = read_target(&read, text + len + 1);
	else if (read.type == OUTPUT_ZMQ || read.type == OUTPUT_IPFIX)
		why = read.type == OUTPUT_ZMQ ? "write zmq:tcp://*:PORT" :
						"write ipfix:udp://HOST:PORT";
	if (why)
		return refuse(error, error_len, text, why);
	output_spec_name(&read);
	*spec = read;
	return 0;
}
