/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and answers. */
#include "metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "log.h"
#include "metrics_port.h"
#include "metrics_text.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
/* As libmicrohttpd calls for a request. */
#define REQUEST                                                                                    \
	void *self, struct MHD_Connection *c, const char *url, const char *method,                 \
		const char *version, const char *body, size_t *body_len, void **state
#define WELCOME "ftprobe: the numbers are at /metrics\n"

struct metrics {
	struct MHD_Daemon *daemon;
	struct snapshot_source *source;
	struct snapshot snapshot; /* of the server's only thread */
};

/* ---- address ---- */

static bool is_loopback(const struct sockaddr_storage *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Parts of "[HOST]:PORT" and of "HOST:PORT"; a port alone has no host. False: neither. */
static bool split(const char *text, char *host, size_t host_len, const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	*port = colon ? colon + 1 : text;
	if (len && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false;
	}
	if (len >= host_len || (colon && !len))
		return false;
	snprintf(host, host_len, "%.*s", (int)len, text);
	return **port && strlen(*port) <= 5 && strspn(*port, "0123456789") == strlen(*port) &&
	       atoi(*port) >= 1 && atoi(*port) <= 65535;
}

int metrics_address(struct metrics_address *out, const char *text, char *error, size_t error_len)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char host[64] = "";
	const char *port;
	bool good = split(text, host, sizeof host, &port);

	if (good && !host[0])
		snprintf(host, sizeof host, "127.0.0.1");
	if (good && strcmp(host, "*") == 0)
		snprintf(host, sizeof host, "::");
	if (!good || getaddrinfo(host, port, &hints, &found) != 0) {
		snprintf(error, error_len,
			 "[metrics] listen: '%.100s' is no address to listen at; "
			 "allowed: 127.0.0.1:9464, [::1]:9464, *:9464, 9464",
			 text);
		return -EINVAL;
	}
	*out = (struct metrics_address){.len = found->ai_addrlen};
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	out->is_loopback = is_loopback(&out->address);
	freeaddrinfo(found);
	return 0;
}

/* ---- answers ---- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status, char *text, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!r) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", CONTENT_TYPE);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result answer_line(struct MHD_Connection *c, unsigned int status, const char *line)
{
	char *text = strdup(line);

	return text ? answer(c, status, text, strlen(text)) : MHD_NO;
}

static enum MHD_Result answer_numbers(struct metrics *m, struct MHD_Connection *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool good;

	if (!f)
		return MHD_NO;
	snapshot_take(m->source, &m->snapshot);
	metrics_print(f, &m->snapshot);
	metrics_print_ports(f, m->source->ports, &m->snapshot);
	good = !ferror(f);
	if (fclose(f) != 0 || !good) {
		free(text);
		return answer_line(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n");
	}
	return answer(c, MHD_HTTP_OK, text, len);
}

/* libmicrohttpd calls twice: with the headers, and when all is read. A body is not waited for. */
static enum MHD_Result handle(REQUEST)
{
	static int seen;
	bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
		     strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

	(void)version;
	(void)body;
	if (!reads)
		return answer_line(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	*body_len = 0;
	if (strcmp(url, "/metrics") == 0)
		return answer_numbers(self, c);
	if (strcmp(url, "/") == 0)
		return answer_line(c, MHD_HTTP_OK, WELCOME);
	return answer_line(c, MHD_HTTP_NOT_FOUND, "there is /metrics and nothing else\n");
}

/* ---- life ---- */

static unsigned int flags_of(const struct metrics_address *a)
{
	unsigned int flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;

	return a->address.ss_family == AF_INET6 ? flags | MHD_USE_DUAL_STACK : flags;
}

static struct MHD_Daemon *start(struct metrics *m, const struct metrics_address *a)
{
	return MHD_start_daemon(flags_of(a), 0, NULL, NULL, handle, m, MHD_OPTION_SOCK_ADDR,
				&a->address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
				MHD_OPTION_CONNECTION_LIMIT, METRICS_CONNECTIONS_MAX,
				MHD_OPTION_PER_IP_CONNECTION_LIMIT, METRICS_CONNECTIONS_OF_ONE_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, METRICS_TIMEOUT_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)METRICS_REQUEST_BYTES_MAX, MHD_OPTION_END);
}

int metrics_open(struct metrics **out, const char *listen, struct snapshot_source *source,
		 char *error, size_t error_len)
{
	struct metrics_address a;
	struct metrics *m;
	int rc = metrics_address(&a, listen, error, error_len);

	if (rc)
		return rc;
	m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(error, error_len, "[metrics]: no memory");
		return -ENOMEM;
	}
	m->source = source;
	errno = 0;
	m->daemon = start(m, &a);
	if (!m->daemon) {
		rc = errno ? -errno : -EIO;
		snprintf(error, error_len, "[metrics] listen: cannot listen at %s: %s%s", listen,
			 strerror(-rc), rc == -EADDRINUSE ? "; give another port" : "");
		free(m);
		return rc;
	}
	if (!a.is_loopback)
		log_warning("metrics: everybody who reaches %s may read the numbers", listen);
	*out = m;
	return 0;
}

void metrics_close(struct metrics *m)
{
	if (!m)
		return;
	MHD_stop_daemon(m->daemon);
	free(m);
}
