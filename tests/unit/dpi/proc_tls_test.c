/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor tls: hellos whole, in pieces, cut and broken; fingerprints that others published. */
#include "hello_builder.h"

#include "dpi/tls_hello.h"

enum { TLS_PORT = 443, START = 0xfffffff0 };

static void open_tls(struct proc_fixture *x)
{
	proc_open(x, 1U << PROCESSOR_tls, NULL);
}

static void send_part(struct proc_fixture *x, unsigned int direction, const struct build *b,
		      uint32_t from, uint32_t to)
{
	const uint32_t base = direction == DIR_FWD ? START : 5000;

	sends_tcp(x, TLS_PORT, direction, (struct sends){b->b + from, to - from, base + from});
}

static void send_all(struct proc_fixture *x, unsigned int direction, const struct build *b)
{
	send_part(x, direction, b, 0, b->n);
}

static struct build chrome_client(uint32_t record)
{
	struct build message = {0}, records = {0};

	client_hello(&message, 0x0303, CHROME_CIPHERS, &chrome_2025);
	hello_records(&records, &message, record);
	return records;
}

static struct build server(uint16_t chosen, const char *alpn)
{
	struct build message = {0}, records = {0};

	server_hello(&message, 0x0303, chosen, alpn);
	hello_records(&records, &message, 16384);
	return records;
}

static void is_hex(struct octets o, const char *hex)
{
	uint8_t bytes[64];

	assert_int_equal(o.len, sends_hex(bytes, sizeof bytes, hex));
	assert_memory_equal(o.bytes, bytes, o.len);
}

static void is_chrome(struct proc_fixture *x, uint16_t version)
{
	const struct record_tls *r = proc_record(x)->tls;

	assert_non_null(r);
	assert_true(x->r.l7_seen);
	assert_int_equal(r->version, version);
	assert_string_equal(r->sni, "example.com");
	assert_string_equal(r->ja4, CHROME_2025_JA4);
	is_hex(r->ja3, CHROME_2025_JA3);
	assert_int_equal(r->extension_types.n, 18);
	assert_int_equal(r->extension_types.values[0], 0xcaca);
	assert_int_equal(r->extension_types.values[4], 0xfe0d);
	assert_int_equal(r->extension_lengths.values[4], 160);
}

static void in_one_segment(void **state)
{
	struct build c = chrome_client(16384), s = server(0x0304, NULL);
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	send_all(&x, DIR_FWD, &c);
	is_chrome(&x, 0x0303);
	assert_string_equal(x.r.tls->alpn, "");
	send_all(&x, DIR_REV, &s);
	assert_false(x.watched);
	is_chrome(&x, 0x0304);
	proc_close(&x);
}

static void server_of_tls12(void **state)
{
	struct build c = chrome_client(16384), s = server(0, "http/1.1");
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	send_all(&x, DIR_FWD, &c);
	send_all(&x, DIR_REV, &s);
	is_chrome(&x, 0x0303);
	assert_string_equal(x.r.tls->alpn, "http/1.1");
	proc_close(&x);
}

/* Any cut, also with the second half first; sequence numbers wrap. */
static void in_two_segments(void **state)
{
	struct build c = chrome_client(16384), s = server(0x0304, NULL);
	struct proc_fixture x;

	(void)state;
	for (uint32_t cut = 1; cut < c.n; cut++) {
		open_tls(&x);
		send_part(&x, DIR_FWD, &c, 0, cut);
		send_part(&x, DIR_FWD, &c, 0, cut); /* again */
		send_part(&x, DIR_FWD, &c, cut, c.n);
		send_part(&x, DIR_REV, &s, 0, 40);
		send_part(&x, DIR_REV, &s, 40, s.n);
		assert_false(x.watched);
		is_chrome(&x, 0x0304);
		proc_close(&x);
	}
}

static void in_many_pieces(void **state)
{
	struct build c = chrome_client(100);
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	send_part(&x, DIR_FWD, &c, 0, 10);
	for (uint32_t i = 0; i <= 10; i++)
		send_part(&x, DIR_FWD, &c, 500 - 49 * i, 550 - 49 * i);
	send_part(&x, DIR_FWD, &c, 540, c.n);
	is_chrome(&x, 0x0303);
	proc_close(&x);
}

/* The other side answers: what was captured of the hello must do. */
static void client_is_cut(void **state)
{
	struct build c = chrome_client(16384), s = server(0x0304, NULL);
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	send_part(&x, DIR_FWD, &c, 0, 1200);
	assert_null(proc_record(&x)->tls);
	send_all(&x, DIR_REV, &s);
	assert_false(x.watched);
	assert_non_null(proc_record(&x)->tls);
	assert_string_equal(x.r.tls->sni, "example.com");
	assert_string_equal(x.r.tls->ja4, "");
	assert_int_equal(x.r.tls->ja3.len, 0);
	assert_in_range(x.r.tls->extension_types.n, 7, 17);
	assert_int_equal(x.r.tls->version, 0x0304);
	proc_close(&x);
}

/* No record is complete without the rest; one that is cut by the capture is not waited for. */
static void capture_is_cut(void **state)
{
	struct build c = chrome_client(16384), b = {0};
	struct proc_fixture x;
	struct packet *k;

	(void)state;
	open_tls(&x);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 6);
	sends_ports(build_tcp(&b, 0, 0), TLS_PORT, DIR_FWD);
	build_bytes(&b, c.b, c.n);
	build_done(&b);
	x.bench.wire_more = c.n - 1200;
	k = bench_parse(&x.bench, b.b, 54 + 1200);
	proc_count(&x, k, DIR_FWD);
	processors_packet(&x.p, x.annex, k, DIR_FWD);
	assert_non_null(proc_record(&x)->tls);
	assert_string_equal(x.r.tls->sni, "example.com");
	proc_close(&x);
}

static void after_mail(void **state)
{
	struct build c = chrome_client(16384);
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	for (uint32_t i = 0; i < 11; i++)
		sends_tcp(&x, 25, DIR_REV, (struct sends){"220 mail", 8, i * 8});
	assert_true(x.watched);
	send_all(&x, DIR_FWD, &c);
	is_chrome(&x, 0x0303);
	proc_close(&x);
	open_tls(&x);
	for (uint32_t i = 0; i < 12; i++)
		sends_tcp(&x, 25, DIR_REV, (struct sends){"220 mail", 8, i * 8});
	assert_false(x.watched);
	proc_close(&x);
}

/* A server alone, UDP, and what only looks like a hello. */
static void others(void **state)
{
	struct build s = server(0x0304, NULL), c = chrome_client(16384);
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	send_all(&x, DIR_REV, &s);
	assert_null(proc_record(&x)->tls);
	sends_tcp(&x, TLS_PORT, DIR_FWD, (struct sends){"\x16\3\1\0\0", 5, 1});
	sends_tcp(&x, TLS_PORT, DIR_FWD, (struct sends){"\1\2\3\4\5\6\7\1\2\3\4\5\6", 13, 6});
	assert_false(x.watched);
	assert_null(proc_record(&x)->tls);
	proc_close(&x);
	open_tls(&x);
	sends_udp(&x, TLS_PORT, DIR_FWD, c.b, c.n);
	assert_false(x.watched);
	proc_close(&x);
}

/* Flows that end while a hello is on its way give their blocks back: the pool has four. */
static void blocks(void **state)
{
	struct build c = chrome_client(16384);
	struct proc_fixture x;

	(void)state;
	open_tls(&x);
	for (int i = 0; i < 20; i++) {
		x.watched = true;
		send_part(&x, DIR_FWD, &c, 0, 900);
		processors_release(&x.p, x.annex);
		memset(x.annex, 0, x.p.bytes);
	}
	assert_int_equal(x.counters[DPI_processor_no_block], 0);
	proc_close(&x);
}

/* ---- fingerprints ---- */

static void fingerprint_is(const struct build *message, const char *ja4)
{
	struct processor_crypto *c;
	char text[JA4_LEN + 1];
	struct tls_hello h;

	assert_int_equal(processor_crypto_create(&c), 0);
	assert_true(tls_hello_read(&h, message->b, message->n));
	assert_true(tls_ja4(&h, c, text));
	assert_string_equal(text, ja4);
	processor_crypto_destroy(c);
}

static void ja4(void **state)
{
	static const char *const alpn[][2] = {
		{"\xab", "ab"},
		{"\xab\xcd", "ad"},
		{"\x30\xab", "3b"},
		{"\x30\x31\xab\xcd", "3d"},
		{"\x30\xab\xcd\x31", "01"},
		{"http/1.1", "h1"},
		{"x", "xx"},
	};
	struct build b = {0};

	(void)state;
	client_hello(&b, 0x0303, CHROME_CIPHERS, &chrome_2023);
	fingerprint_is(&b, CHROME_2023_JA4);
	b.n = 0;
	client_hello(&b, 0x0301, "", NULL);
	fingerprint_is(&b, "t10i000000_000000000000_000000000000");
	for (size_t i = 0; i < sizeof alpn / sizeof *alpn; i++) {
		const struct hello_extensions e = {.alpn = alpn[i][0], .order = "0010"};
		char expected[JA4_LEN + 1];

		b.n = 0;
		client_hello(&b, 0x0302, "1a1a", &e);
		snprintf(expected, sizeof expected, "t11i0001%s_000000000000_000000000000",
			 alpn[i][1]);
		fingerprint_is(&b, expected);
	}
}

/* Without algorithms of signatures nothing is behind the extensions (JA4.md). */
static void ja4_without_signatures(void **state)
{
	struct hello_extensions e = chrome_2023;
	struct build b = {0};

	(void)state;
	e.signatures = NULL;
	client_hello(&b, 0x0303, CHROME_CIPHERS, &e);
	fingerprint_is(&b, "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

/* Every prefix is read without going beyond it, and has no fingerprint. */
static void prefixes(void **state)
{
	struct processor_crypto *c;
	struct build b = {0};

	(void)state;
	client_hello(&b, 0x0303, CHROME_CIPHERS, &chrome_2025);
	assert_int_equal(processor_crypto_create(&c), 0);
	for (uint32_t n = 0; n < b.n; n++) {
		uint8_t *copy = malloc(n + !n), ja3[MD5_LEN];
		char text[JA4_LEN + 1];
		struct tls_hello h;

		memcpy(copy, b.b, n);
		if (tls_hello_read(&h, copy, n)) {
			assert_false(h.whole);
			assert_false(tls_ja4(&h, c, text));
			assert_false(tls_ja3(&h, c, ja3));
		}
		free(copy);
	}
	processor_crypto_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_one_segment),
		cmocka_unit_test(server_of_tls12),
		cmocka_unit_test(in_two_segments),
		cmocka_unit_test(in_many_pieces),
		cmocka_unit_test(client_is_cut),
		cmocka_unit_test(capture_is_cut),
		cmocka_unit_test(after_mail),
		cmocka_unit_test(others),
		cmocka_unit_test(blocks),
		cmocka_unit_test(ja4),
		cmocka_unit_test(ja4_without_signatures),
		cmocka_unit_test(prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
