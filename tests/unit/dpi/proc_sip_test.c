/* SPDX-License-Identifier: BSD-3-Clause */
/* sip: what is told of messages, in long and short form. */
#include "proc_talk.h"

#include "record/elements.h"

#define INVITE                                                                                     \
	"INVITE sip:bob@example.org;transport=udp SIP/2.0\r\n"                                     \
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n"                                      \
	"Via: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK2\r\n"                                           \
	"From: \"Alice: A\" <sip:alice@example.com;user=phone>;tag=1\r\n"                          \
	"To: <sips:bob@example.org>\r\nCall-ID: 42@192.0.2.1\r\nCSeq: 7 INVITE\r\n"                \
	"User-Agent: phone 1.0 (x)\r\nContact: <sip:other@example.com>\r\n\r\n"                    \
	"v: of the content\r\n"
#define RINGING                                                                                    \
	"SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP 192.0.2.1\r\nf: sip:alice@192.0.2.9 ; tag=1\r\n"    \
	"T: <tel:+1-201-555-0123>\r\ni: 42@192.0.2.1\r\ncseq: 7 INVITE\r\n\r\n"

static void a_call(void **state)
{
	struct proc_talk t;
	const struct record_sip *s;

	(void)state;
	talk_open(&t, PROCESSOR_sip, NULL);
	t.udp = true;
	t.port = 5060;
	CLIENT(&t, "\r\n\r\n");
	CLIENT(&t, INVITE);
	SERVER(&t, RINGING);
	s = talk_record(&t)->sip;
	assert_non_null(s);
	assert_int_equal(talk_record(&t)->l7_seen, CLASS_SIP);
	assert_int_equal(s->type.n, 2);
	assert_int_equal(s->type.values[0], 1);
	assert_int_equal(s->status.values[0], 0);
	assert_string_equal(s->uri.values[0], "sip:bob@example.org");
	assert_string_equal(s->via.values[0], "SIP/2.0/UDP 192.0.2.1:5060;SIP/2.0/TCP 192.0.2.2");
	assert_string_equal(s->calling.values[0], "sip:alice@example.com;user=phone");
	assert_string_equal(s->called.values[0], "sips:bob@example.org");
	assert_string_equal(s->call_id.values[0], "42@192.0.2.1");
	assert_string_equal(s->cseq.values[0], "7 INVITE");
	assert_string_equal(s->agent.values[0], "phone 1.0 (x");

	assert_int_equal(s->type.values[1], 99);
	assert_int_equal(s->status.values[1], 180);
	assert_int_equal(s->status.n, 2);
	assert_string_equal(s->uri.values[1], "");
	assert_string_equal(s->via.values[1], "SIP/2.0/UDP 192.0.2.1");
	assert_string_equal(s->calling.values[1], "sip:alice@192.0.2.9");
	assert_string_equal(s->called.values[1], "");
	assert_ptr_equal(s->call_id.values[1], s->call_id.values[0]);
	assert_ptr_equal(s->cseq.values[1], s->cseq.values[0]);
	assert_string_equal(s->agent.values[1], "");
	assert_true(t.x.watched);
	SERVER(&t, RINGING);
	CLIENT(&t, RINGING);
	assert_int_equal(talk_record(&t)->sip->via.n, 4);
	assert_false(t.x.watched);
	talk_close(&t);
}

/* Also of a flow that began with something else. */
static void one_record_each(void **state)
{
	const struct processor_options cut = {.records_transaction = true};
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_sip, &cut);
	CLIENT(&t, "\r\n\r\n");
	CLIENT(&t, INVITE);
	assert_int_equal(t.cuts, 1);
	assert_null(t.closed.sip);
	CLIENT(&t, "\r\n\r\n");
	SERVER(&t, RINGING);
	assert_int_equal(t.cuts, 2);
	assert_int_equal(t.closed.packets[DIR_FWD], 2);
	assert_int_equal(t.closed.sip->type.n, 1);
	assert_int_equal(t.closed.sip->type.values[0], 1);
	assert_int_equal(talk_record(&t)->sip->status.values[0], 180);
	talk_close(&t);
}

/* A table without room for the cut record shows more messages of it: the first one is told. */
static void cuts_that_wait(void **state)
{
	const struct processor_options cut = {.records_transaction = true};
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_sip, &cut);
	t.x.p.guards = false;
	for (int i = 0; i < TRANSACTIONS_MAX + 2; i++)
		CLIENT(&t, i ? RINGING : INVITE);
	assert_int_equal(t.cuts, 0);
	assert_int_equal(talk_record(&t)->sip->via.n, 1);
	assert_int_equal(talk_record(&t)->sip->type.values[0], 1);
	assert_true(t.x.watched);
	talk_close(&t);
}

static void types(void **state)
{
	static const char *const methods[] = {"INVITE",	 "ACK",	    "CANCEL", "BYE",  "REGISTER",
					      "OPTIONS", "PUBLISH", "NOTIFY", "INFO", "SUBSCRIBE"};
	struct proc_talk t;

	(void)state;
	for (unsigned int i = 0; i < sizeof methods / sizeof *methods; i++) {
		char text[200];

		snprintf(text, sizeof text, "%s sip:a@b SIP/2.0\r\nCall-ID: %040d\r\n\r\n",
			 methods[i], 0);
		talk_open(&t, PROCESSOR_sip, NULL);
		CLIENT(&t, text);
		assert_non_null(talk_record(&t)->sip);
		assert_int_equal(talk_record(&t)->sip->type.values[0], i + 1);
		talk_close(&t);
	}
}

/* HTTP, SSDP, a message too short, and methods that have no number. */
static void others(void **state)
{
	static const char pad[] = "\r\nx: 0123456789012345678901234567890123456789"
				  "0123456789012345678901234567890";
	static const char *const texts[] = {
		"NOTIFY * HTTP/1.1",
		"OPTIONS / HTTP/1.1",
		"INFO {\"server\":1}",
		"SIP/1.0 200 OK",
		"UPDATE sip:a@b SIP/2.0",
		"invite sip:a@b SIP/2.0",
		"",
	};
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_sip, NULL);
	for (unsigned int i = 0; i < sizeof texts / sizeof *texts; i++) {
		char text[200];

		snprintf(text, sizeof text, "%s%s", texts[i], pad);
		CLIENT(&t, text);
	}
	assert_true(t.x.watched);
	CLIENT(&t, "BYE sip:a@b SIP/2.0\r\n\r\n");
	assert_false(t.x.watched);
	assert_null(talk_record(&t)->sip);
	talk_close(&t);
}

/* Texts end at 127 characters, and where the packet's bytes do. */
static void texts_are_cut(void **state)
{
	char text[1000];
	struct proc_talk t;
	const struct record_sip *s;

	(void)state;
	snprintf(text, sizeof text,
		 "BYE sip:%0200d SIP/2.0\r\nVia: %0100d\r\nVia: %0100d\r\nCall-ID: abc\r\n"
		 "CSeq: 1 BYE\r\n",
		 0, 0, 0);
	talk_open(&t, PROCESSOR_sip, NULL);
	t.lost_bytes = 4;
	CLIENT(&t, text);
	s = talk_record(&t)->sip;
	assert_int_equal(strlen(s->uri.values[0]), 127);
	assert_int_equal(strlen(s->via.values[0]), 127);
	assert_int_equal(s->via.values[0][100], ';');
	assert_string_equal(s->call_id.values[0], "abc");
	assert_string_equal(s->cseq.values[0], "");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call), cmocka_unit_test(one_record_each),
		cmocka_unit_test(types),  cmocka_unit_test(cuts_that_wait),
		cmocka_unit_test(others), cmocka_unit_test(texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
