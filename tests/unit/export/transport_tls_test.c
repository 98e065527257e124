/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS against OpenSSL's server side: versions, names, who is refused and when that is noticed, and
 * what is wrong with files.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "certificates.h"
#include "core/limits.h"
#include "stream_peer.h"

#define DAY_S 86400L

static char folder[] = "/tmp/ftprobe-tls-XXXXXX";
static struct certificate authority, stranger, server, other_server, old_server, client, foreign,
	expired, future, renewed;

static int make_certificates(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* of OpenSSL's own sockets, on the server's side */
	if (!mkdtemp(folder))
		return -1;
#define MAKE(who, alt, from, to, ca, by)                                                           \
	certificate_make(&who, &(struct certificate_words){folder, #who, alt, from, to, ca}, by)
	MAKE(authority, NULL, -DAY_S, DAY_S, true, NULL);
	MAKE(stranger, NULL, -DAY_S, DAY_S, true, NULL);
	MAKE(server, "IP:127.0.0.1,DNS:collector.example", -DAY_S, DAY_S, false, &authority);
	MAKE(other_server, "DNS:elsewhere.example", -DAY_S, DAY_S, false, &authority);
	MAKE(old_server, "IP:127.0.0.1", -2 * DAY_S, -DAY_S, false, &authority);
	MAKE(client, NULL, -DAY_S, DAY_S, false, &authority);
	MAKE(foreign, NULL, -DAY_S, DAY_S, false, &stranger);
	MAKE(expired, NULL, -2 * DAY_S, -DAY_S, false, &authority);
	MAKE(future, NULL, DAY_S, 2 * DAY_S, false, &authority);
	MAKE(renewed, NULL, -DAY_S, DAY_S, false, &authority);
	return 0;
}

static int free_certificates(void **state)
{
	struct certificate *all[] = {&authority, &stranger, &server,  &other_server, &old_server,
				     &client,	 &foreign,  &expired, &future,	     &renewed};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		certificate_free(all[i]);
	return rmdir(folder);
}

/* A server that wants to see a certificate of the authority. */
static SSL_CTX *server_of(const struct certificate *c, int version, bool tickets)
{
	SSL_CTX *x = SSL_CTX_new(TLS_server_method());

	assert_non_null(x);
	SSL_CTX_set_min_proto_version(x, version);
	SSL_CTX_set_max_proto_version(x, version);
	assert_int_equal(SSL_CTX_use_certificate(x, c->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(x, c->key), 1);
	assert_int_equal(SSL_CTX_load_verify_file(x, authority.cert_path), 1);
	SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_id_context(x, (const unsigned char *)"test", 4);
	if (!tickets)
		SSL_CTX_set_num_tickets(x, 0);
	return x;
}

static struct stream_options options_of(const struct peer *p, const struct certificate *c)
{
	return (struct stream_options){.target = p->target,
				       .reconnect_ns = 60 * SECOND_NS,
				       .cert_path = c->cert_path,
				       .key_path = c->key_path,
				       .ca_path = authority.cert_path,
				       .peer_names = ""};
}

static struct transport *open_tls(const struct stream_options *o)
{
	struct transport *t;
	char error[256];

	if (transport_tls_open(&t, o, error, sizeof error))
		fail_msg("%s", error);
	return t;
}

static void run_session(int version, bool tickets)
{
	static uint8_t bytes[300000];
	struct stream_options o;
	struct session_view v;
	struct transport *t;
	struct peer p;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 2654435761U >> 11);
	peer_make(&p, server_of(&server, version, tickets));
	o = options_of(&p, &client);
	t = open_tls(&o);
	v = pump_up(t, &p);
	assert_int_equal(v.number, 1);
	send_all(t, &p, bytes, sizeof bytes);
	pump_acked(t, &p);
	t->ops->session(t, &v);
	assert_true(v.acked_bytes > sizeof bytes);
	t->ops->close(t, 0);
	while (!p.ended)
		peer_step(&p);
	assert_true(p.clean_end); /* X9: close_notify */
	assert_int_equal(p.len, sizeof bytes);
	assert_memory_equal(p.bytes, bytes, sizeof bytes);
	peer_free(&p);
}

static void test_sessions(void **state)
{
	(void)state;
	run_session(TLS1_3_VERSION, true);
	run_session(TLS1_2_VERSION, true);
}

/* X8: without tickets the session is up after a while of silence. */
static void test_x8_a_server_without_tickets(void **state)
{
	uint64_t began_ns = clock_monotonic_ns();

	(void)state;
	run_session(TLS1_3_VERSION, false);
	assert_true(clock_monotonic_ns() - began_ns >= TLS_ACCEPT_GRACE_NS);
}

/* The session never comes up, and trouble says why. */
static void check_failure(const struct stream_options *o, struct peer *p, const char *why)
{
	const uint8_t byte = 0;
	struct iovec piece = {(void *)&byte, 1};
	struct transport *t = open_tls(o);
	struct session_view v = pump_failed(t, p, 1);

	assert_false(v.up);
	assert_int_equal(v.number, 0);
	assert_int_equal(t->ops->send(t, &piece, 1), -EAGAIN);
	if (!strstr(t->ops->trouble(t), why))
		fail_msg("\"%s\" does not say %s", t->ops->trouble(t), why);
	assert_int_equal(p->len, 0);
	t->ops->close(t, 0);
}

/* X8: TLS 1.3 says that our certificate is refused only when our handshake is over. */
static void test_x8_our_certificate_is_refused(void **state)
{
	const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
	struct stream_options o;
	struct peer p;

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int tickets = 0; tickets < 2; tickets++) {
			peer_make(&p, server_of(&server, versions[i], tickets));
			o = options_of(&p, &foreign);
			check_failure(&o, &p, "the collector refuses us");
			peer_free(&p);
		}
}

static void check_server(const struct certificate *c, const char *names, const char *why)
{
	struct stream_options o;
	struct peer p;

	peer_make(&p, server_of(c, TLS1_3_VERSION, true));
	o = options_of(&p, &client);
	o.peer_names = names;
	if (why) {
		check_failure(&o, &p, why);
	} else {
		struct transport *t = open_tls(&o);

		pump_up(t, &p);
		t->ops->close(t, 0);
	}
	peer_free(&p);
}

/* X7: the collector's name and authority are checked; a list of names is possible. */
static void test_x7_the_collector_is_checked(void **state)
{
	(void)state;
	check_server(&other_server, "", "refused: IP address mismatch");
	check_server(&server, "elsewhere.example", "refused: hostname mismatch");
	check_server(&old_server, "", "refused: certificate has expired");
	check_server(&foreign, "", "refused: unable to get local issuer certificate");
	check_server(&server, "collector.example", NULL);
	check_server(&other_server, "collector.example, elsewhere.example", NULL);
}

/* X7: neither older versions nor clear text. */
static void test_x7_no_fall_back(void **state)
{
	struct stream_options o;
	struct peer p;
	SSL_CTX *old = server_of(&server, TLS1_1_VERSION, true);

	(void)state;
	SSL_CTX_set_cipher_list(old, "DEFAULT@SECLEVEL=0");
	peer_make(&p, old);
	o = options_of(&p, &client);
	check_failure(&o, &p, "protocol version");
	peer_free(&p);
	peer_make(&p, NULL);
	o = options_of(&p, &client);
	struct transport *t = open_tls(&o);
	struct session_view v;

	for (int i = 0; i < 200; i++) {
		t->ops->session(t, &v);
		peer_step(&p);
		sleep_ns(100000);
	}
	assert_false(v.up);
	assert_true(p.len > 0 && p.bytes[0] == 22); /* a ClientHello, and no more */
	assert_int_equal(send(p.fd, "hello\n", 6, 0), 6);
	v = pump_failed(t, &p, 1);
	assert_non_null(strstr(t->ops->trouble(t), "TLS: "));
	t->ops->close(t, 0);
	peer_free(&p);
}

/* A collector that breaks off in an established session, and comes again. */
static void test_a_new_session(void **state)
{
	struct stream_options o;
	struct session_view v;
	struct transport *t;
	struct peer p;

	(void)state;
	peer_make(&p, server_of(&server, TLS1_3_VERSION, true));
	o = options_of(&p, &client);
	o.reconnect_ns = 1000000;
	t = open_tls(&o);
	pump_up(t, &p);
	peer_hang_up(&p, false);
	v = pump_failed(t, &p, 1);
	assert_string_equal(t->ops->trouble(t), "the collector closed the connection");
	v = pump_up(t, &p);
	assert_int_equal(v.number, 2);
	peer_hang_up(&p, true);
	pump_failed(t, &p, 2);
	v = pump_up(t, &p);
	assert_int_equal(v.number, 3);
	send_all(t, &p, (const uint8_t *)"again", 5);
	pump_acked(t, &p);
	assert_memory_equal(p.bytes, "again", 5);
	t->ops->close(t, 0);
	peer_free(&p);
}

/* X9: a collector says close_notify, reads what is under way, and is told the same: no doubt. */
static void test_X9_a_collector_that_says_no_more_reads_on(void **state)
{
	static uint8_t bytes[PEER_BYTES_MAX / 2];
	struct iovec piece = {bytes, 16384};
	int small = 4096;
	struct stream_options o;
	struct session_view v;
	struct transport *t;
	uint64_t taken = 0;
	struct peer p;
	ssize_t n;

	(void)state;
	peer_make(&p, server_of(&server, TLS1_3_VERSION, true));
	setsockopt(p.listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	o = options_of(&p, &client);
	t = open_tls(&o);
	pump_up(t, &p);
	while (!p.shaken)
		peer_step(&p);
	for (unsigned int i = 0; i < 20 && (n = t->ops->send(t, &piece, 1)) > 0; i++)
		taken += (uint64_t)n;
	assert_true(taken > 0);
	peer_stop_listening(&p);
	assert_int_equal(SSL_shutdown(p.ssl), 0);
	sleep_ns(20000000);
	t->ops->session(t, &v);
	assert_true(v.up && v.acked_bytes < v.taken_bytes);
	assert_int_equal(t->ops->send(t, &piece, 1), -EAGAIN);
	v = pump_failed(t, &p, 1);
	assert_false(v.up || v.unread);
	/* All but our goodbye, which left when that was known. */
	assert_in_range(v.taken_bytes - v.acked_bytes, 0, 64);
	while (!p.ended)
		peer_step(&p);
	assert_true(p.len >= taken && p.clean_end);
	t->ops->close(t, 0);
	peer_free(&p);
}

static void certificate_copy(const struct certificate *from, const struct certificate *to,
			     bool with_key)
{
	struct certificate c = *from;

	memcpy(c.cert_path, to->cert_path, sizeof c.cert_path);
	memcpy(c.key_path, to->key_path, sizeof c.key_path);
	if (!with_key)
		snprintf(c.key_path, sizeof c.key_path, "%s/no.key", folder);
	certificate_write(&c);
	if (!with_key)
		unlink(c.key_path);
}

/*
 * Our certificate is renewed while we run: the next session has the new one, whichever of its files
 * is written first; until both fit, the old one goes on.
 */
static void test_a_renewed_certificate(void **state)
{
	struct stream_options o;
	struct session_view v;
	struct transport *t;
	struct peer p;

	(void)state;
	peer_make(&p, server_of(&server, TLS1_3_VERSION, true));
	certificate_copy(&foreign, &renewed, true);
	o = options_of(&p, &renewed);
	o.reconnect_ns = 1000000;
	t = open_tls(&o);
	v = pump_failed(t, &p, 1);
	assert_non_null(strstr(t->ops->trouble(t), "the collector refuses us"));
	certificate_copy(&client, &renewed, false);
	v = pump_failed(t, &p, v.failures + 1);
	assert_non_null(strstr(t->ops->trouble(t), "the collector refuses us"));
	certificate_copy(&client, &renewed, true);
	pump_up(t, &p);
	t->ops->close(t, 0);
	peer_free(&p);
}

static void check_refused(struct stream_options o, const char *why)
{
	struct transport *t;
	char error[256] = "";

	assert_true(transport_tls_open(&t, &o, error, sizeof error) < 0);
	if (!strstr(error, why) || strchr(error, '\n'))
		fail_msg("\"%s\" does not say %s", error, why);
}

static void test_files_are_checked(void **state)
{
	struct peer p = {.target = "127.0.0.1:4740"};
	struct stream_options o = options_of(&p, &client);

	(void)state;
	o.cert_path = "";
	check_refused(o, "set cert");
	o.cert_path = "/no/such/file";
	check_refused(o, "cert /no/such/file: No such file");
	o = options_of(&p, &client);
	o.key_path = "";
	check_refused(o, "set key");
	o.key_path = foreign.key_path;
	check_refused(o, "key values mismatch");
	o.key_path = client.cert_path;
	check_refused(o, "key /");
	o = options_of(&p, &client);
	o.ca_path = "/no/such/file";
	check_refused(o, "ca /no/such/file");
	o.ca_path = client.key_path;
	check_refused(o, "ca /");
	check_refused(options_of(&p, &expired), "has expired");
	check_refused(options_of(&p, &future), "not valid yet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_x8_a_server_without_tickets),
		cmocka_unit_test(test_x8_our_certificate_is_refused),
		cmocka_unit_test(test_x7_the_collector_is_checked),
		cmocka_unit_test(test_x7_no_fall_back),
		cmocka_unit_test(test_a_new_session),
		cmocka_unit_test(test_X9_a_collector_that_says_no_more_reads_on),
		cmocka_unit_test(test_a_renewed_certificate),
		cmocka_unit_test(test_files_are_checked),
	};

	return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
