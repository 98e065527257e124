/* SPDX-License-Identifier: BSD-3-Clause */
/* dns, passivedns and dnssd: messages built by hand. */
#include "proc_fixture.h"

#define DNS	   (1U << PROCESSOR_dns)
#define PASSIVEDNS (1U << PROCESSOR_passivedns)
#define DNSSD	   (1U << PROCESSOR_dnssd)

/* Id 0x1234, one question: www.example.com, A, IN. */
#define QUESTION "\3www\7example\3com\0\0\1\0\1"
#define QUERY	 "\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION
/* EDNS: 4096 bytes, DNSSEC OK. */
#define OPT "\0\0\x29\x10\0\0\0\x80\0\0\0"
/* A pointer to the name of the question. */
#define POINTER "\xc0\x0c"

#define SEND(x, bytes, direction)                                                                  \
	proc_message(x, (struct proc_message){40000, 53, bytes, sizeof(bytes) - 1, false},         \
		     direction)

static const struct processor_options by_transaction = {.records_transaction = true,
							.transactions = 4};

static void query_and_response(void **state)
{
	static const char response[] = "\x12\x34\x81\x83\0\1\0\2\0\0\0\0" QUESTION POINTER
				       "\0\5\0\1\0\0\1\x2c\0\6\3web" POINTER POINTER
				       "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1";
	struct proc_fixture x;
	const struct record_dns *r;

	(void)state;
	proc_open(&x, DNS, NULL);
	assert_null(proc_record(&x)->dns);
	SEND(&x, QUERY OPT, DIR_FWD);
	assert_true(SEND(&x, response, DIR_REV).next);
	r = proc_record(&x)->dns;
	assert_int_equal(x.r.l7_seen, CLASS_DNS);
	assert_int_equal(r->id.n, 2);
	assert_int_equal(r->name.n, 2);
	assert_int_equal(r->id.values[0], 0x1234);
	assert_string_equal(r->name.values[0], "www.example.com");
	assert_int_equal(r->query_type.values[0], 1);
	assert_int_equal(r->query_class.values[0], 1);
	assert_int_equal(r->udp_size.values[0], 4096);
	assert_int_equal(r->dnssec_ok.values[0], 1);
	assert_int_equal(r->answers.values[0], 0);
	assert_string_equal(r->rdata.values[0], "");
	assert_int_equal(r->answers.values[1], 2);
	assert_int_equal(r->rcode.values[1], 3);
	assert_int_equal(r->ttl.values[1], 300);
	assert_string_equal(r->rdata.values[1], "web.www.example.com");
	assert_int_equal(r->rdata_len.values[1], 19);
	assert_int_equal(r->udp_size.values[1], 0);
	proc_close(&x);
}

/* A record ends with each message; in flows of one record they are a list of so many. */
static void transactions(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, DNS, &by_transaction);
	assert_true(SEND(&x, QUERY OPT, DIR_FWD).cut);
	assert_int_equal(proc_record(&x)->dns->id.n, 1);
	proc_close(&x);
	proc_open(&x, DNS, NULL);
	for (unsigned int i = 1; i < TRANSACTIONS_DEFAULT; i++)
		assert_true(SEND(&x, QUERY OPT, DIR_FWD).next);
	assert_false(SEND(&x, QUERY OPT, DIR_FWD).next);
	assert_int_equal(proc_record(&x)->dns->id.n, TRANSACTIONS_DEFAULT);
	proc_close(&x);
}

static void over_tcp(void **state)
{
	static const char whole[] = "\0\x21" QUERY, cut[] = "\0\x22" QUERY;
	struct proc_message m = {40000, 53, cut, sizeof cut - 1, true};
	struct proc_fixture x;

	(void)state;
	proc_open(&x, DNS, NULL);
	assert_true(proc_message(&x, m, DIR_FWD).next);
	assert_null(proc_record(&x)->dns);
	m.bytes = whole;
	proc_message(&x, m, DIR_FWD);
	assert_string_equal(proc_record(&x)->dns->name.values[0], "www.example.com");
	proc_close(&x);
}

/* Another port is nobody's, and nothing is read of what is cut off. */
static void not_dns(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, DNS | PASSIVEDNS | DNSSD, NULL);
	assert_false(
		proc_message(&x, (struct proc_message){40000, 54, QUERY, sizeof QUERY - 1}, DIR_FWD)
			.next);
	proc_close(&x);
	for (uint32_t n = 0; n < sizeof QUERY - 1; n++) {
		proc_open(&x, DNS, NULL);
		proc_message(&x, (struct proc_message){40000, 53, QUERY, n}, DIR_FWD);
		assert_null(proc_record(&x)->dns);
		proc_close(&x);
	}
}

/* What was whole is told, though the answer is not; pointers that lead around end the reading. */
static void broken(void **state)
{
	static const char around[] = "\0\1\1\0\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1";
	static const char forward[] = "\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x20\0\1\0\1";
	static const char half[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION POINTER "\0\1\0";
	struct proc_fixture x;

	(void)state;
	proc_open(&x, DNS, NULL);
	SEND(&x, around, DIR_FWD);
	SEND(&x, forward, DIR_FWD);
	assert_null(proc_record(&x)->dns);
	SEND(&x, half, DIR_REV);
	assert_int_equal(proc_record(&x)->dns->answers.values[0], 1);
	assert_string_equal(x.r.dns->rdata.values[0], "");
	proc_close(&x);
}

struct data_case {
	const char *bytes; /* type, class, TTL, length, data */
	uint32_t n;
	const char *text;
};

#define DATA(type, len, data, text)                                                                \
	{                                                                                          \
		"\0" type "\0\1\0\0\0\1\0" len data,                                               \
			sizeof "\0" type "\0\1\0\0\0\1\0" len data - 1, text                       \
	}

static void data_as_text(void **state)
{
	static const struct data_case cases[] = {
		DATA("\1", "\4", "\xc0\0\2\7", "192.0.2.7"),
		DATA("\1", "\3", "\xc0\0\2", ""),
		DATA("\x1c", "\x10", "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", "2001:db8::1"),
		DATA("\2", "\2", POINTER, "www.example.com"),
		DATA("\x0f", "\4", "\0\x0a" POINTER, "10 www.example.com"),
		DATA("\6", "\x18", POINTER POINTER "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5",
		     "www.example.com www.example.com 1 2 3 4 5"),
		DATA("\x21", "\x08", "\0\1\0\2\x1f\x90" POINTER,
		     "www example com www.example.com 1 2 8080"),
		DATA("\x10", "\6", "\2ab\2cd", "ab cd"),
		DATA("\x10", "\4", "\7abc", ""),
		DATA("\x2b", "\5", "\x30\x39\x8\2x", "12345 8 2"),
		DATA("\x30", "\5", "\1\1\3\xdx", "257 3 13"),
		DATA("\x2e", "\x14", "\0\1\x8\3\0\0\1\x2c\0\0\0\2\0\0\0\1\0\7" POINTER,
		     "1 8 3 300 2 1 7 www.example.com"),
		DATA("\x63", "\1", "x", "(not_impl)"),
	};
	static const char head[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION POINTER;
	struct proc_fixture x;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t bytes[256];

		memcpy(bytes, head, sizeof head - 1);
		memcpy(bytes + sizeof head - 1, cases[i].bytes, cases[i].n);
		proc_open(&x, DNS, NULL);
		proc_message(&x,
			     (struct proc_message){40000, 53, bytes,
						   (uint32_t)sizeof head - 1 + cases[i].n},
			     DIR_REV);
		assert_string_equal(proc_record(&x)->dns->rdata.values[0], cases[i].text);
		proc_close(&x);
	}
}

/* Every answer that ties an address to a name, in the order of the bytes on the wire. */
static void ties(void **state)
{
	static const char response[] =
		"\x12\x34\x81\x80\0\1\0\3\0\0\0\0" QUESTION POINTER
		"\0\5\0\1\0\0\1\x2c\0\2" POINTER POINTER
		"\0\1\0\1\0\0\0\x3c\0\4\x95\x14\4\x45" POINTER
		"\0\x1c\0\1\0\0\0\x3d\0\x10\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	static const char reverse[] = "\0\7\x81\x80\0\1\0\1\0\0\0\0\2"
				      "69\1"
				      "4\2"
				      "20\3"
				      "149\7in-addr\4arpa\0\0\x0c\0\1" POINTER
				      "\0\x0c\0\1\0\0\0\1\0\6\4host\0";
	struct proc_fixture x;
	const struct record_passivedns *r;

	(void)state;
	proc_open(&x, PASSIVEDNS, NULL);
	SEND(&x, QUERY OPT, DIR_FWD);
	assert_null(proc_record(&x)->passivedns);
	SEND(&x, response, DIR_REV);
	SEND(&x, reverse, DIR_REV);
	r = proc_record(&x)->passivedns;
	assert_int_equal(r->id.n, 3);
	assert_int_equal(r->id.values[2], 7);
	assert_int_equal(r->type.values[0], 1);
	assert_int_equal(r->type.values[1], 28);
	assert_int_equal(r->type.values[2], 12);
	assert_int_equal(r->ttl.values[0], 60);
	assert_int_equal(r->address.values[0].len, 4);
	assert_memory_equal(r->address.values[0].bytes, "\x95\x14\4\x45", 4);
	assert_int_equal(r->address.values[1].len, 16);
	assert_string_equal(r->name.values[1], "www.example.com");
	assert_memory_equal(r->address.values[2].bytes, "\x95\x14\4\x45", 4);
	assert_string_equal(r->name.values[2], "host");
	proc_close(&x);
	proc_open(&x, PASSIVEDNS, &by_transaction);
	assert_false(SEND(&x, QUERY OPT, DIR_FWD).cut);
	assert_true(SEND(&x, response, DIR_REV).cut);
	proc_close(&x);
}

static void reverse_ipv6(void **state)
{
	char response[256] = "\0\7\x81\x80\0\0\0\1\0\0\0\0";
	size_t n = 12;
	struct proc_fixture x;

	(void)state;
	for (unsigned int i = 0; i < 32; i++) {
		response[n++] = 1;
		response[n++] = "0123456789aBcDef"[i % 16];
	}
	memcpy(response + n, "\3ip6\4arpa\0\0\x0c\0\1\0\0\0\1\0\6\4host\0", 26);
	proc_open(&x, PASSIVEDNS, NULL);
	proc_message(&x, (struct proc_message){40000, 53, response, (uint32_t)n + 26}, DIR_REV);
	assert_int_equal(proc_record(&x)->passivedns->address.n, 1);
	assert_memory_equal(x.r.passivedns->address.values[0].bytes,
			    "\xfe\xdc\xba\x98\x76\x54\x32\x10\xfe\xdc\xba\x98\x76\x54\x32\x10", 16);
	proc_close(&x);
	response[13] = '0' & ~0x20; /* no digit */
	proc_open(&x, PASSIVEDNS, NULL);
	proc_message(&x, (struct proc_message){40000, 53, response, (uint32_t)n + 26}, DIR_REV);
	assert_null(proc_record(&x)->passivedns);
	proc_close(&x);
}

/* Answers beyond those that have room are counted. */
static void many_answers(void **state)
{
	uint8_t bytes[1024] = "\0\7\x81\x80\0\1\0\x14\0\0\0\0" QUESTION;
	size_t n = 12 + sizeof QUESTION - 1;
	struct proc_fixture x;

	(void)state;
	for (unsigned int i = 0; i < 20; i++, n += 16)
		memcpy(bytes + n, POINTER "\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1", 16);
	proc_open(&x, PASSIVEDNS, NULL);
	assert_false(proc_message(&x, (struct proc_message){40000, 53, bytes, (uint32_t)n}, DIR_REV)
			     .next);
	assert_int_equal(proc_record(&x)->passivedns->id.n, PASSIVEDNS_ANSWERS_MAX);
	assert_int_equal(x.counters[DPI_processor_texts_cut], 1);
	proc_close(&x);
}

/* One that has no room as a whole is left out, and counted: part of an address is another one. */
static void long_answers(void **state)
{
	static const uint8_t head[] = "\0\7\x81\x80\0\1\0\x0c\0\0\0\0";
	static const uint8_t answer[] = POINTER "\0\x1c\0\1\0\0\0\x3c\0\x10"
						"0123456789abcdef";
	uint8_t bytes[1024];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);
	const struct record_passivedns *r;
	struct proc_fixture x;

	(void)state;
	put_bytes(&w, head, sizeof head - 1);
	for (unsigned int i = 0; i < 3; i++) {
		put_u8(&w, 40);
		put_bytes(&w, "label-label-label-label-label-label-labe", 40);
	}
	put_bytes(&w, "\0\0\x1c\0\1", 5);
	for (unsigned int i = 0; i < 12; i++)
		put_bytes(&w, answer, sizeof answer - 1);
	proc_open(&x, PASSIVEDNS, NULL);
	proc_message(&x, (struct proc_message){40000, 53, bytes, (uint32_t)(w.at - bytes)},
		     DIR_REV);
	r = proc_record(&x)->passivedns;
	assert_in_range(r->address.n, 4, 11);
	for (unsigned int i = 0; i < r->address.n; i++) {
		assert_int_equal(r->address.values[i].len, 16);
		assert_int_equal(strlen(r->name.values[i]), 122);
	}
	assert_int_equal(x.counters[DPI_processor_texts_cut], 1);
	proc_close(&x);
}

/* A record that could not be cut has one transaction all the same. */
static void cut_that_does_not_come(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, 1U << PROCESSOR_dns, &by_transaction);
	assert_true(SEND(&x, QUERY OPT, DIR_FWD).cut);
	for (unsigned int i = 0; i < 2 * TRANSACTIONS_MAX; i++) {
		x.watched = true;
		assert_false(SEND(&x, QUERY OPT, DIR_FWD).cut);
	}
	assert_int_equal(proc_record(&x)->dns->id.n, 1);
	proc_close(&x);
}

/* The table has four blocks here: the fifth flow is not told, and that is counted. */
static void no_block_left(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, DNS | PASSIVEDNS, NULL);
	for (unsigned int i = 0; i < 5; i++) {
		memset(x.annex, 0, x.p.bytes);
		x.watched = true;
		SEND(&x, QUERY OPT, DIR_FWD);
	}
	assert_null(proc_record(&x)->dns);
	assert_int_equal(x.counters[DPI_processor_no_block], 1);
	proc_close(&x);
}

#define SERVICE "\5_http\4_tcp\5local\0"

static void services(void **state)
{
	static const char query[] = "\0\0\0\0\0\3\0\0\0\0\0\0" SERVICE "\0\x0c\0\1" POINTER
				    "\0\x0c\0\1\1x\4arpa\0\0\x0c\0\1";
	static const char response[] = "\0\0\x84\0\0\0\0\3\0\0\0\0\3web" SERVICE
				       "\0\x21\x80\1\0\0\0\x78\0\x0b\0\0\0\0\x1f\x90\3"
				       "pc\x31\0" POINTER "\0\x10\x80\1\0\0\0\x78\0\4\3a=b\2"
				       "pc\0\0\x0d\x80\1\0\0\0\x78\0\7\3ARM\2OS";
	const struct processor_options txt = {.transactions = 4, .dnssd_txt = true};
	const struct processor_options no_txt = {.transactions = 4};
	struct proc_message m = {5353, 5353, query, sizeof query - 1};
	struct proc_fixture x;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		proc_open(&x, DNSSD, i ? &txt : &no_txt);
		m.bytes = query;
		m.n = sizeof query - 1;
		proc_message(&x, m, DIR_FWD);
		m.bytes = response;
		m.n = sizeof response - 1;
		proc_message(&x, m, DIR_FWD);
		proc_message(&x, m, DIR_FWD); /* told once */
		assert_string_equal(proc_record(&x)->dnssd->queries, "_http._tcp.local;");
		assert_string_equal(x.r.dnssd->responses,
				    i ? "web._http._tcp.local;8080;pc1;;a=b;pc;-1;;ARM OS;;" :
					"web._http._tcp.local;8080;pc1;;;pc;-1;;ARM OS;;");
		proc_close(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_and_response),
		cmocka_unit_test(transactions),
		cmocka_unit_test(over_tcp),
		cmocka_unit_test(not_dns),
		cmocka_unit_test(broken),
		cmocka_unit_test(data_as_text),
		cmocka_unit_test(ties),
		cmocka_unit_test(reverse_ipv6),
		cmocka_unit_test(many_answers),
		cmocka_unit_test(long_answers),
		cmocka_unit_test(cut_that_does_not_come),
		cmocka_unit_test(no_block_left),
		cmocka_unit_test(services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
