/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS over TCP (RFC 7011 11.2 and 11.3), by OpenSSL. Its bytes go through a BIO of our own, so that
 * they are counted as those of TCP are, and a peer that is gone raises no SIGPIPE.
 *
 * With TLS 1.3 our handshake is over before the peer has looked at our certificate. A server that
 * took it sends session tickets; the session is not up before the first of them came, or, for
 * servers without tickets, before a while has passed without an alert.
 */
#include "export/transport_tls_context.h"
#include "export/transport_stream.h"

#include "core/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls {
	SSL_CTX *context;
	struct tls_files files;
	BIO_METHOD *method;
	SSL *ssl; /* of this session */
	char peer_names[256];
	bool ticket_came;
	uint64_t shaken_ns; /* CLOCK_MONOTONIC; 0 = not yet */
};

static int bio_write(BIO *b, const char *bytes, int len)
{
	ssize_t n = stream_socket_send(BIO_get_data(b), bytes, (size_t)len);

	BIO_clear_retry_flags(b);
	if (n == -EAGAIN)
		BIO_set_retry_write(b);
	if (n < 0)
		errno = (int)-n;
	return n < 0 ? -1 : (int)n;
}

static int bio_read(BIO *b, char *bytes, int len)
{
	ssize_t n = stream_socket_recv(BIO_get_data(b), bytes, (size_t)len);

	BIO_clear_retry_flags(b);
	if (n == -EAGAIN)
		BIO_set_retry_read(b);
	if (n < 0)
		errno = (int)-n;
	return n < 0 ? -1 : (int)n;
}

static long bio_control(BIO *b, int command, long number, void *pointer)
{
	(void)b;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);

	(void)session;
	t->ticket_came = true;
	return 0; /* it is not kept */
}

/* One name the certificate may have, and what we ask the server for. */
static int expect_name(SSL *ssl, const char *name, bool first)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) ? 0 : -ENOMEM;
	if (first && !SSL_set_tlsext_host_name(ssl, name))
		return -ENOMEM;
	return SSL_add1_host(ssl, name) ? 0 : -ENOMEM;
}

static int expect_names(struct stream *s, const struct tls *t)
{
	char names[sizeof t->peer_names];
	char *rest = names, *name;
	unsigned int n = 0;
	int error = 0;

	if (!t->peer_names[0])
		return expect_name(t->ssl, s->host, true);
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	memcpy(names, t->peer_names, sizeof names);
	while (!error && n < TLS_PEER_NAMES_MAX && (name = strsep(&rest, " ,")))
		if (*name)
			error = expect_name(t->ssl, name, n++ == 0);
	return error;
}

static void tls_forget(struct tls *t)
{
	SSL_free(t->ssl);
	t->ssl = NULL;
	t->ticket_came = false;
	t->shaken_ns = 0;
}

/* No session is resumed, but the first ticket says that a server took our certificate. */
static void ask_for_tickets(SSL_CTX *context)
{
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_ticket);
}

static int tls_start(struct stream *s)
{
	struct tls *t = s->codec_state;
	BIO *bio;

	tls_forget(t);
	if (tls_context_renew(&t->context, &t->files) == 1)
		ask_for_tickets(t->context);
	t->ssl = SSL_new(t->context);
	bio = t->ssl ? BIO_new(t->method) : NULL;
	if (!bio)
		return -ENOMEM;
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	return expect_names(s, t);
}

/* What OpenSSL says of a failure, in our words where it matters. Always -EPROTO or -errno. */
static int explain(struct stream *s, int kind, int error)
{
	const struct tls *t = s->codec_state;
	long verdict = SSL_get_verify_result(t->ssl);
	unsigned long code = ERR_peek_last_error();
	char text[160];

	if (kind == SSL_ERROR_ZERO_RETURN || (kind == SSL_ERROR_SYSCALL && !code && !error))
		return -ENODATA;
	if (kind == SSL_ERROR_SYSCALL && !code)
		return -error;
	if (verdict != X509_V_OK)
		snprintf(text, sizeof text, "the collector's certificate is refused: %s",
			 X509_verify_cert_error_string(verdict));
	else if (code && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET)
		snprintf(text, sizeof text, "the collector refuses us: %s",
			 ERR_reason_error_string(code));
	else if (code && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return -ENODATA;
	else
		snprintf(text, sizeof text, "TLS: %s",
			 code && ERR_reason_error_string(code) ? ERR_reason_error_string(code) :
								 "protocol error");
	stream_say(s, text);
	return -EPROTO;
}

/* 0: try again later, or what is wrong. */
static int failure(struct stream *s, int result, int error)
{
	const struct tls *t = s->codec_state;
	int kind = SSL_get_error(t->ssl, result);

	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
		return 0;
	return explain(s, kind, error);
}

static int tls_read(struct stream *s)
{
	struct tls *t = s->codec_state;
	char nothing[STREAM_READ_BYTES];

	for (unsigned int i = 0; i < STREAM_READS_MAX; i++) {
		int n;

		ERR_clear_error();
		errno = 0;
		n = SSL_read(t->ssl, nothing, sizeof nothing);
		if (n <= 0)
			return failure(s, n, errno);
	}
	return 0;
}

static bool is_accepted(const struct tls *t)
{
	return t->ticket_came || SSL_version(t->ssl) < TLS1_3_VERSION ||
	       clock_monotonic_ns() - t->shaken_ns >= TLS_ACCEPT_GRACE_NS;
}

static int tls_handshake(struct stream *s)
{
	struct tls *t = s->codec_state;
	int result;

	if (!t->shaken_ns) {
		ERR_clear_error();
		errno = 0;
		result = SSL_do_handshake(t->ssl);
		if (result != 1) {
			int error = failure(s, result, errno);

			return error ? error : -EAGAIN;
		}
		t->shaken_ns = clock_monotonic_ns();
	}
	result = tls_read(s);
	if (result)
		return result;
	return is_accepted(t) ? 0 : -EAGAIN;
}

static ssize_t tls_write(struct stream *s, const void *bytes, size_t len)
{
	struct tls *t = s->codec_state;
	size_t taken = 0;
	int error;

	ERR_clear_error();
	errno = 0;
	if (SSL_write_ex(t->ssl, bytes, len, &taken))
		return (ssize_t)taken;
	error = failure(s, 0, errno);
	return error ? error : -EAGAIN;
}

/* Nothing is wrong, or the peer has said close_notify and waits for ours. */
static bool may_say_goodbye(struct stream *s)
{
	const struct tls *t = s->codec_state;

	if (!SSL_is_init_finished(t->ssl))
		return false;
	return SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN || tls_read(s) == 0;
}

/* close_notify (RFC 8446 6.1), where the session is fit for it. */
static void tls_stop(struct stream *s, bool orderly)
{
	struct tls *t = s->codec_state;

	if (!t->ssl)
		return;
	if (orderly && may_say_goodbye(s)) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
		shutdown(s->fd, SHUT_WR);
	}
	tls_forget(t);
}

static void tls_destroy(void *state)
{
	struct tls *t = state;

	tls_forget(t);
	BIO_meth_free(t->method);
	SSL_CTX_free(t->context);
	free(t);
}

static const struct stream_codec tls_codec = {.start = tls_start,
					      .handshake = tls_handshake,
					      .write = tls_write,
					      .read = tls_read,
					      .stop = tls_stop,
					      .destroy = tls_destroy};

static BIO_METHOD *make_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ftprobe");

	if (!m)
		return NULL;
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_ctrl(m, bio_control);
	return m;
}

int transport_tls_open(struct transport **out, const struct stream_options *options, char *error,
		       size_t error_len)
{
	struct tls *t = calloc(1, sizeof *t);
	int result;

	if (!t || !(t->method = make_method())) {
		free(t);
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	snprintf(t->peer_names, sizeof t->peer_names, "%s", options->peer_names);
	tls_files_note(&t->files, options);
	result = tls_context_create(&t->context, options, error, error_len);
	if (result) {
		tls_destroy(t);
		return result;
	}
	ask_for_tickets(t->context);
	return stream_open(out, options, (struct stream_layer){&tls_codec, t}, error, error_len);
}
