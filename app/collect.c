/* SPDX-License-Identifier: BSD-3-Clause */
/* --collect: a look at what probes send over ZMQ. */
#include "collect.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "collect_keys.h"
#include "export/ntop_keys.h"
#include "export/transport.h"
#include "export/zmq_monitor.h"
#include "export/zmq_reader.h"
#include "log.h"

/* Sources whose numbering is followed; of others gaps are not seen. */
#define SOURCES_MAX 256
/* After the signal: what is on its way is read, as long as it comes this often. */
#define LAST_WAIT_MS 500

struct collector {
	void *context, *socket;
	struct zmq_monitor monitor;
	uint32_t refused; /* handshakes, as far as said */
	bool json, stopping;
	int signal_fd;
	struct {
		uint32_t id, next;
	} sources[SOURCES_MAX];
	unsigned int n_sources;
	uint64_t messages, flows, missing, malformed;
	char endpoint[512];
};

/* What strangers send must not steer the terminal: control characters become question marks. */
static const char *printable(struct json_object *value)
{
	char *text = value ? (char *)(uintptr_t)json_object_get_string(value) : NULL;

	for (char *p = text; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || (unsigned char)*p == 0xc2)
			*p = '?';
	return text ? text : "";
}

/* The value under ntop's number, or under ntop's or our own name; "" when there is none. */
static const char *value_of(struct json_object *record, uint32_t id, const char *own)
{
	const struct ntop_key *key = ntop_key_by_id(id);
	struct json_object *value;
	char number[16];

	snprintf(number, sizeof number, "%" PRIu32, id);
	if (json_object_object_get_ex(record, number, &value) ||
	    (key && json_object_object_get_ex(record, key->name, &value)) ||
	    json_object_object_get_ex(record, own, &value))
		return printable(value);
	return "";
}

/* Of what nDPI says, or else of what processors say of TLS, QUIC, HTTP and DNS. */
static const char *server_of(struct json_object *record)
{
	static const char *const keys[] = {"8057.808", "8057.890", "39499.1", "8057.2"};
	const char *name = value_of(record, 58011, "server_name");

	for (unsigned int i = 0; !*name && i < sizeof keys / sizeof *keys; i++)
		name = printable(json_object_object_get(record, keys[i]));
	return name;
}

static void print_row(struct json_object *r)
{
	const char *source = value_of(r, 8, "src_ip"), *target = value_of(r, 12, "dst_ip");

	if (!*source)
		source = value_of(r, 27, "src_ip");
	if (!*target)
		target = value_of(r, 28, "dst_ip");
	printf("%-5s %-39s %5s  %-39s %5s %9s %9s %11s %11s %-9s %s\n", value_of(r, 4, "proto"),
	       source, value_of(r, 7, "src_port"), target, value_of(r, 11, "dst_port"),
	       value_of(r, 2, "packets"), value_of(r, 24, "rev_packets"), value_of(r, 1, "bytes"),
	       value_of(r, 23, "rev_bytes"), value_of(r, 57590, "l7_proto"), server_of(r));
}

static void print_heading(void)
{
	printf("%-5s %-39s %5s  %-39s %5s %9s %9s %11s %11s %-9s %s\n", "PROTO", "SOURCE", "PORT",
	       "DESTINATION", "PORT", "PACKETS", "BACK", "BYTES", "BACK", "L7", "SERVER");
}

static void note_id(struct collector *c, const struct zmq_read *m)
{
	unsigned int i = 0;

	while (i < c->n_sources && c->sources[i].id != m->source_id)
		i++;
	if (i == SOURCES_MAX)
		return;
	if (i == c->n_sources) {
		c->n_sources++;
	} else if (m->id - c->sources[i].next < 1U << 31 && m->id != c->sources[i].next) {
		log_warning("source %" PRIu32 ": %" PRIu32 " messages are missing before %" PRIu32,
			    m->source_id, m->id - c->sources[i].next, m->id);
		c->missing += m->id - c->sources[i].next;
	} else if (m->id != c->sources[i].next) {
		log_warning("source %" PRIu32 " began anew at %" PRIu32, m->source_id, m->id);
	}
	c->sources[i].id = m->source_id;
	c->sources[i].next = m->id + 1;
}

static void print_records(struct collector *c, struct json_object *records)
{
	const size_t n = json_object_array_length(records);

	for (size_t i = 0; i < n; i++) {
		struct json_object *r = json_object_array_get_idx(records, i);

		if (!json_object_is_type(r, json_type_object))
			continue;
		c->flows++;
		if (c->json)
			puts(json_object_to_json_string_ext(
				r, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		else
			print_row(r);
	}
}

static void take_message(struct collector *c, zmq_msg_t frames[2])
{
	struct zmq_read m;
	const char *why = zmq_message_read(&m, zmq_msg_data(&frames[0]), zmq_msg_size(&frames[0]),
					   zmq_msg_data(&frames[1]), zmq_msg_size(&frames[1]));

	if (why) {
		c->malformed++;
		log_warning("a message cannot be read: %s", why);
		return;
	}
	c->messages++;
	note_id(c, &m);
	if (strcmp(m.topic, "flow") == 0)
		print_records(c, m.body);
	json_object_put(m.body);
}

/* Both frames, and what else a message may have. False when none is there. */
static bool receive(struct collector *c)
{
	zmq_msg_t frames[2], more;
	int n = 0, last = 0;

	zmq_msg_init(&frames[0]);
	zmq_msg_init(&frames[1]);
	zmq_msg_init(&more);
	while (!last && zmq_msg_recv(n < 2 ? &frames[n] : &more, c->socket, ZMQ_DONTWAIT) >= 0) {
		last = !zmq_msg_more(n < 2 ? &frames[n] : &more);
		n++;
	}
	if (n == 2) {
		take_message(c, frames);
	} else if (n) {
		c->malformed++;
		log_warning("a message of %d frames cannot be read", n);
	}
	zmq_msg_close(&frames[0]);
	zmq_msg_close(&frames[1]);
	zmq_msg_close(&more);
	return n > 0;
}

static const char *open_socket(struct collector *c, const struct options *o)
{
	struct output_spec spec = {.mode = OUTPUT_MODE_BIND};
	static char error[640];
	const int on = 1, none = 0;
	int rc;

	if (output_spec_read_zmq(&spec, o->collect, error, sizeof error))
		return error;
	c->context = zmq_ctx_new();
	c->socket = c->context ? zmq_socket(c->context, ZMQ_XSUB) : NULL;
	if (!c->socket)
		return "no socket can be made";
	zmq_setsockopt(c->socket, ZMQ_IPV6, &on, sizeof on);
	zmq_setsockopt(c->socket, ZMQ_LINGER, &none, sizeof none);
	if (o->collect_keys && collect_keys_use(c->socket, o->collect_keys, error, sizeof error))
		return error;
	if (zmq_monitor_start(&c->monitor, c->context, c->socket))
		return "the socket cannot be watched";
	snprintf(c->endpoint, sizeof c->endpoint, "%s", spec.target);
	/* As collectors write it: a c says that the probe connects. */
	rc = spec.mode == OUTPUT_MODE_CONNECT ? zmq_bind(c->socket, spec.target) :
						zmq_connect(c->socket, spec.target);
	/* Not SUB, which forgets what it has when it is told to unsubscribe. */
	if (rc == 0)
		rc = zmq_send(c->socket, "\1", 1, 0) == 1 ? 0 : -1;
	if (rc == 0)
		return NULL;
	snprintf(error, sizeof error, "%s: %s", spec.target, zmq_strerror(errno));
	return error;
}

/* In order: no more is asked for, and what is on its way is read. */
static void stop(struct collector *c)
{
	zmq_send(c->socket, "", 1, 0);
	c->stopping = true;
}

/* A probe whose keys do not fit tries again and again: once is enough to say. */
static void note_refused(struct collector *c, bool with_keys)
{
	struct session_view view;

	zmq_monitor_look(&c->monitor, &view);
	if (view.failures && !c->refused)
		log_warning("a probe was refused: %s",
			    with_keys ? "its server_key is not the public one of --collect-keys" :
					"it speaks CURVE, so --collect needs --collect-keys");
	c->refused = view.failures;
}

static void run(struct collector *c, bool with_keys)
{
	zmq_pollitem_t items[3] = {{.socket = c->socket, .events = ZMQ_POLLIN},
				   {.socket = c->monitor.pair, .events = ZMQ_POLLIN},
				   {.fd = c->signal_fd, .events = ZMQ_POLLIN}};

	if (!c->json)
		print_heading();
	for (;;) {
		int n = zmq_poll(items, c->stopping ? 1 : 3, c->stopping ? LAST_WAIT_MS : -1);

		if (n < 0 && errno != EINTR)
			return;
		if (c->stopping && n == 0)
			return;
		if (!c->stopping && (items[2].revents & ZMQ_POLLIN))
			stop(c);
		note_refused(c, with_keys);
		while (receive(c))
			continue;
		if (fflush(stdout) != 0 || ferror(stdout))
			return;
	}
}

int collect_run(const struct options *o)
{
	struct collector *c = calloc(1, sizeof *c);
	const char *why;
	sigset_t set;

	if (!c)
		return EXIT_FAILURE;
	c->json = o->n_outputs == 1 && o->outputs[0].type == OUTPUT_JSON;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	c->monitor.fd = -1;
	why = open_socket(c, o);
	if (why) {
		log_error("--collect: %s", why);
	} else {
		run(c, o->collect_keys != NULL);
		if (!o->quiet)
			fprintf(stderr,
				"%" PRIu64 " messages, %" PRIu64 " flows, %" PRIu64
				" messages missing, %" PRIu64 " malformed\n",
				c->messages, c->flows, c->missing, c->malformed);
	}
	if (c->socket) {
		zmq_monitor_stop(&c->monitor, c->socket);
		zmq_close(c->socket);
	}
	if (c->context)
		zmq_ctx_term(c->context);
	close(c->signal_fd);
	free(c);
	return why ? OPTIONS_EXIT_BAD : EXIT_SUCCESS;
}
