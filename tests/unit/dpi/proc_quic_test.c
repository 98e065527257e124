/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor quic: vectors of RFC 9001 and 9369, hellos over datagrams, the life of a connection. */
#include "quic_builder.h"

#include "dpi/quic_packet.h"

enum { QUIC_PORT = 443 };

#define ID     "8394c8f03e515708"
#define OTHER  "0102030405060708"
#define SOURCE "a1a2a3a4a5a6a7a8"

static void open_quic(struct proc_fixture *x)
{
	proc_open(x, 1U << PROCESSOR_quic, NULL);
}

static void send_build(struct proc_fixture *x, unsigned int direction, const struct build *b)
{
	sends_udp(x, QUIC_PORT, direction, b->b, b->n);
}

static void is_hex(struct octets o, const char *hex)
{
	uint8_t bytes[128];

	assert_int_equal(o.len, sends_hex(bytes, sizeof bytes, hex));
	assert_memory_equal(o.bytes, bytes, o.len);
}

/* The ClientHello of RFC 9001 A.2, and of RFC 9369 A.2. */
static void hello_of_rfc(struct build *frames)
{
	frames->n = sends_hex(frames->b, sizeof frames->b,
			      "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
			      "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
			      "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
			      "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
			      "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
			      "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
			      "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
			      "75300901100f088394c8f03e51570806048000ffff");
	build_take(frames, 1162 - frames->n);
}

/* Header and tag as published say that all of the packet is. */
static void vectors(void **state)
{
	static const struct {
		uint32_t version;
		const char *header, *tag;
	} v[] = {
		{QUIC_V1, "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
		 "e221af44860018ab0856972e194cd934"},
		{QUIC_V2, "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
		 "a18b2faa745b6fe189cf772a9f84cbfc"},
	};
	struct build frames = {0}, b = {0};
	struct proc_fixture x;

	(void)state;
	hello_of_rfc(&frames);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		quic_seal(&b, &(struct quic_initial){v[i].version, ID, "", 0, 2}, &frames);
		assert_int_equal(b.n, 1200);
		is_hex((struct octets){b.b, 32}, v[i].header);
		is_hex((struct octets){b.b + b.n - 16, 16}, v[i].tag);
		open_quic(&x);
		send_build(&x, DIR_FWD, &b);
		const struct record_quic *r = proc_record(&x)->quic;

		assert_non_null(r);
		assert_int_equal(r->client_hello, 1);
		assert_string_equal(r->sni, "example.com");
		assert_string_equal(r->agent, "");
		assert_int_equal(r->version, v[i].version);
		assert_int_equal(r->client_version, v[i].version);
		assert_int_equal(r->token_len, 0);
		assert_int_equal(r->server_port, QUIC_PORT);
		is_hex(r->original_id, ID);
		assert_int_equal(r->client_id.len, 0);
		assert_int_equal(r->packets.n, 1);
		assert_int_equal(r->packets.values[0], 129);
		assert_int_equal(r->extension_types.n, 11);
		assert_int_equal(r->extension_types.values[10], 57);
		assert_int_equal(r->extension_lengths.values[10], 50);
		is_hex(r->extensions,
		       "001000070005"
		       "04616c706e"
		       "003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901"
		       "100f088394c8f03e51570806048000ffff");
		assert_int_equal(x.counters[DPI_quic_undecrypted], 0);
		proc_close(&x);
	}
}

static void chrome_hello(struct build *hello)
{
	hello->n = 0;
	client_hello(hello, 0x0303, "130113021303", &chrome_2025);
}

static void one_initial(struct build *b, const char *destination, uint32_t token_len)
{
	struct build hello = {0}, frames = {0};

	client_hello(&hello, 0x0303, "1301",
		     &(struct hello_extensions){.name = "a.example", .order = "0000"});
	quic_crypto(&frames, &hello, 0, hello.n);
	build_take(&frames, 600);
	quic_seal(b, &(struct quic_initial){QUIC_V1, destination, SOURCE, token_len, 0}, &frames);
}

/* Frames in any order, and in both datagrams; the second one comes to the server's choice of id. */
static void shuffled(void **state)
{
	struct build hello = {0}, frames = {0}, b = {0};
	struct proc_fixture x;

	(void)state;
	chrome_hello(&hello);
	assert_true(hello.n > 2000 && hello.n < 3000);
	open_quic(&x);
	quic_crypto(&frames, &hello, 1900, hello.n);
	quic_crypto(&frames, &hello, 300, 500);
	build_u8(&frames, 1);
	quic_crypto(&frames, &hello, 0, 299);
	quic_seal(&b, &(struct quic_initial){QUIC_V1, ID, SOURCE, 0, 0}, &frames);
	send_build(&x, DIR_FWD, &b);
	assert_int_equal(proc_record(&x)->quic->client_hello, 0);
	frames.n = 0;
	build_bytes(&frames, "\x02\x05\x00\x01\x00\x01\x01", 7); /* ACK of two ranges */
	quic_crypto(&frames, &hello, 480, 1900);
	quic_crypto(&frames, &hello, 290, 310);
	quic_seal(&b, &(struct quic_initial){QUIC_V1, ID, SOURCE, 0, 1}, &frames);
	send_build(&x, DIR_FWD, &b);
	assert_int_equal(proc_record(&x)->quic->client_hello, 1);
	assert_string_equal(x.r.quic->sni, "example.com");
	assert_int_equal(x.r.quic->extension_types.n, 18);
	is_hex(x.r.quic->client_id, SOURCE);
	proc_close(&x);
}

/* The rest never comes: the server's answer says that it needs no more. */
static void rest_is_lost(void **state)
{
	struct build hello = {0}, frames = {0}, b = {0};
	struct proc_fixture x;

	(void)state;
	chrome_hello(&hello);
	quic_crypto(&frames, &hello, 0, 1200);
	quic_seal(&b, &(struct quic_initial){QUIC_V1, ID, SOURCE, 0, 0}, &frames);
	open_quic(&x);
	send_build(&x, DIR_FWD, &b);
	b.n = sends_hex(b.b, sizeof b.b,
			"e0 00000001 08" SOURCE "08 b1b2b3b4b5b6b7b8 05 0102030405");
	send_build(&x, DIR_REV, &b);
	assert_string_equal(proc_record(&x)->quic->sni, "example.com");
	is_hex(x.r.quic->server_id, "b1b2b3b4b5b6b7b8");
	assert_int_equal(x.r.quic->packets.values[1], 132);
	proc_close(&x);
}

/* A Retry gives the id of which the next keys are made. */
static void retry(void **state)
{
	struct proc_fixture x;
	struct build b = {0};

	(void)state;
	open_quic(&x);
	one_initial(&b, OTHER, 0);
	b.b[b.n - 1] ^= 1; /* damaged */
	send_build(&x, DIR_FWD, &b);
	assert_int_equal(x.counters[DPI_quic_undecrypted], 1);
	assert_int_equal(proc_record(&x)->quic->client_hello, 0);
	b.n = sends_hex(b.b, sizeof b.b, "f0 00000001 08" SOURCE "08" ID "aabbccdd");
	build_take(&b, 16);
	send_build(&x, DIR_REV, &b);
	one_initial(&b, ID, 4);
	send_build(&x, DIR_FWD, &b);
	proc_record(&x);
	assert_string_equal(x.r.quic->sni, "a.example");
	is_hex(x.r.quic->retry_id, ID);
	is_hex(x.r.quic->original_id, OTHER);
	assert_int_equal(x.r.quic->token_len, 0);
	assert_int_equal(x.r.quic->server_port, QUIC_PORT);
	assert_int_equal(x.r.quic->packets.n, 3);
	assert_int_equal(x.r.quic->packets.values[1], 136);
	assert_int_equal(x.r.quic->multiplexed, 0);
	proc_close(&x);
}

static void many_connections(void **state)
{
	struct proc_fixture x;
	struct build b = {0};

	(void)state;
	open_quic(&x);
	one_initial(&b, ID, 0);
	send_build(&x, DIR_FWD, &b);
	send_build(&x, DIR_FWD, &b);
	one_initial(&b, OTHER, 0);
	send_build(&x, DIR_FWD, &b);
	b.n = sends_hex(b.b, sizeof b.b,
			"d0 00000001 08" ID "08" SOURCE "05 0102030405"
			"d0 00000001 08" ID "08" SOURCE "05 0102030405");
	send_build(&x, DIR_FWD, &b);
	proc_record(&x);
	assert_int_equal(x.r.quic->multiplexed, 1);
	assert_int_equal(x.r.quic->zero_rtt, 2);
	assert_int_equal(x.r.quic->packets.values[3], 130);
	for (int i = 0; i < 26; i++) {
		assert_true(x.watched);
		sends_udp(&x, QUIC_PORT, DIR_REV, "\x40 short", 7);
	}
	assert_false(x.watched);
	proc_record(&x);
	assert_int_equal(x.r.quic->packets.n, 30);
	assert_int_equal(x.r.quic->packets.values[29], 128);
	proc_close(&x);
}

static void negotiation(void **state)
{
	struct proc_fixture x;
	struct build b = {0};
	struct packet *k;

	(void)state;
	for (int each = 0; each < 2; each++) {
		const struct processor_options o = {.records_transaction = each,
						    .transactions = TRANSACTIONS_DEFAULT};
		struct build frame = {0};

		proc_open(&x, 1U << PROCESSOR_quic, &o);
		one_initial(&b, ID, 0);
		send_build(&x, DIR_FWD, &b);
		b.n = sends_hex(b.b, sizeof b.b,
				"80 00000000 08" SOURCE "08" ID "00000001 6b3343cf");
		build_ethernet(&frame, 0x0800);
		build_ipv4(&frame, 17);
		sends_ports(build_udp(&frame, 0, 0), QUIC_PORT, DIR_REV);
		build_bytes(&frame, b.b, b.n);
		k = bench_run(&x.bench, &frame);
		assert_int_equal(processors_packet(&x.p, x.annex, k, DIR_REV).cut, each);
		proc_record(&x);
		assert_int_equal(x.r.quic->packets.values[1], 16);
		assert_int_equal(x.r.quic->version, QUIC_V1);
		proc_close(&x);
	}
}

static void others(void **state)
{
	struct proc_fixture x;
	struct build b = {0};

	(void)state;
	open_quic(&x);
	for (int i = 0; i < 8; i++) {
		assert_true(x.watched);
		sends_udp(&x, QUIC_PORT, DIR_FWD, "\xc0\x12\x34\x56\x78\1\1\1\1", 9);
	}
	assert_false(x.watched);
	assert_null(proc_record(&x)->quic);
	proc_close(&x);
	open_quic(&x);
	one_initial(&b, ID, 0);
	sends_tcp(&x, QUIC_PORT, DIR_FWD, (struct sends){b.b, b.n, 1});
	assert_false(x.watched);
	proc_close(&x);
}

/* Every prefix of a datagram, and every damaged byte of its head. */
static void broken(void **state)
{
	struct proc_fixture x;
	struct build b = {0};

	(void)state;
	one_initial(&b, ID, 0);
	for (uint32_t n = 0; n < b.n; n += n < 60 ? 1 : 37) {
		open_quic(&x);
		sends_udp(&x, QUIC_PORT, DIR_FWD, b.b, n);
		proc_record(&x);
		assert_true(!x.r.quic || !x.r.quic->client_hello);
		proc_close(&x);
	}
	for (uint32_t n = 0; n < 60; n++) {
		open_quic(&x);
		b.b[n] ^= 0xff;
		send_build(&x, DIR_FWD, &b);
		proc_record(&x);
		assert_true(!x.r.quic || !x.r.quic->client_hello);
		b.b[n] ^= 0xff;
		proc_close(&x);
	}
}

static void read_frame(void *context, uint64_t offset, struct octets bytes)
{
	uint64_t *sum = context;

	*sum += offset;
	for (uint32_t i = 0; i < bytes.len; i++)
		*sum += bytes.bytes[i];
}

/* What was opened may hold anything: the bytes end where a sanitizer sees it. */
static void hostile_frames(void **state)
{
	static const uint8_t begins[] = {0, 1, 2, 3, 6, 6, 0x1c, 0x40};
	uint64_t sum = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		const size_t n = (size_t)rand() % 64;
		uint8_t *frames = malloc(n + !n);

		for (size_t at = 0; at < n; at++)
			frames[at] = at % 9 ? (uint8_t)(rand() >> 3) : begins[rand() & 7];
		quic_initial_frames(frames, n, read_frame, &sum);
		free(frames);
	}
	assert_true(sum > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),	    cmocka_unit_test(shuffled),
		cmocka_unit_test(rest_is_lost),	    cmocka_unit_test(retry),
		cmocka_unit_test(many_connections), cmocka_unit_test(negotiation),
		cmocka_unit_test(others),	    cmocka_unit_test(broken),
		cmocka_unit_test(hostile_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
