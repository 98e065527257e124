/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP: bytes as they are. */
#include "export/transport_stream.h"

#include <errno.h>

static int tcp_start(struct stream *s)
{
	(void)s;
	return 0;
}

static int tcp_handshake(struct stream *s)
{
	(void)s;
	return 0;
}

static ssize_t tcp_write(struct stream *s, const void *bytes, size_t len)
{
	return stream_socket_send(s, bytes, len);
}

/* Collectors say nothing (RFC 7011 10.4.2.2); the end of that is the end of the session. */
static int tcp_read(struct stream *s)
{
	char nothing[STREAM_READ_BYTES];

	for (unsigned int i = 0; i < STREAM_READS_MAX; i++) {
		ssize_t n = stream_socket_recv(s, nothing, sizeof nothing);

		if (n <= 0)
			return n == -EAGAIN ? 0 : n ? (int)n : -ENODATA;
	}
	return 0;
}

static void tcp_stop(struct stream *s, bool orderly)
{
	if (orderly)
		shutdown(s->fd, SHUT_WR);
}

static void tcp_destroy(void *nothing)
{
	(void)nothing;
}

static const struct stream_codec tcp_codec = {.start = tcp_start,
					      .handshake = tcp_handshake,
					      .write = tcp_write,
					      .read = tcp_read,
					      .stop = tcp_stop,
					      .destroy = tcp_destroy};

int transport_tcp_open(struct transport **out, const struct stream_options *options, char *error,
		       size_t error_len)
{
	return stream_open(out, options, (struct stream_layer){&tcp_codec, NULL}, error, error_len);
}
