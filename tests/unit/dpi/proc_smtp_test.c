/* SPDX-License-Identifier: BSD-3-Clause */
/* smtp: commands and replies of mail transfers. */
#include "proc_talk.h"

#include "record/elements.h"

static void open_mail(struct proc_talk *t)
{
	talk_open(t, PROCESSOR_smtp, NULL);
	t->port = 25;
}

static void a_mail(void **state)
{
	struct proc_talk t;
	const struct record_smtp *s;

	(void)state;
	open_mail(&t);
	assert_null(talk_record(&t)->smtp);
	SERVER(&t, "220 mx.example.org ESMTP\r\n");
	CLIENT(&t, "EHLO client.example.com\r\n");
	SERVER(&t, "250-mx.example.org\r\n250 PIPELINING\r\n");
	CLIENT(&t, "MAIL FROM:<alice@example.com>\r\n");
	SERVER(&t, "250 ok\r\n");
	CLIENT(&t, "RCPT TO:<bob@example.org>\r\n");
	SERVER(&t, "550 this is sPaM\r\n");
	CLIENT(&t, "RCPT TO:<eve@example.org>\r\n");
	SERVER(&t, "251 elsewhere\r\n");
	CLIENT(&t, "DATA\r\n");
	SERVER(&t, "354 go on\r\n");
	CLIENT(&t, "Subject: of the mail\r\n\r\nMAIL FROM:<x>\r\n");
	CLIENT(&t, "bye\r\n.\r\n");
	SERVER(&t, "250 ok\r\n");
	CLIENT(&t, "RSET\r\n");
	SERVER(&t, "299 what\r\n");
	CLIENT(&t, "QUIT\r\n");
	SERVER(&t, "221 bye\r\n");
	s = talk_record(&t)->smtp;
	assert_non_null(s);
	assert_int_equal(talk_record(&t)->l7_seen, CLASS_SMTP);
	assert_int_equal(s->commands, 0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x400);
	assert_int_equal(s->mail_count, 1);
	assert_int_equal(s->rcpt_count, 2);
	assert_int_equal(s->codes,
			 0x4 | 0x8 | 0x10 | 0x20 | 0x80 | 0x40000 | 0x40000000 | 0x80000000);
	assert_int_equal(s->codes_2xx, 7);
	assert_int_equal(s->codes_3xx, 1);
	assert_int_equal(s->codes_4xx, 0);
	assert_int_equal(s->codes_5xx, 1);
	assert_string_equal(s->domain, "client.example.com");
	assert_string_equal(s->first_sender, "<alice@example.com>");
	assert_string_equal(s->first_recipient, "<bob@example.org>");
	assert_true(t.x.watched);
	talk_close(&t);
}

/* What follows a DATA that was refused is a command, and so is what follows a lone dot. */
static void ends_of_data(void **state)
{
	struct proc_talk t;

	(void)state;
	open_mail(&t);
	CLIENT(&t, "DATA\r\n");
	SERVER(&t, "503 no\r\n");
	CLIENT(&t, "VRFY a\r\n");
	assert_int_equal(talk_record(&t)->smtp->commands, 0x10 | 0x40);
	CLIENT(&t, "DATA\r\n");
	SERVER(&t, "354 yes\r\n");
	CLIENT(&t, "EXPN b\r\n");
	CLIENT(&t, ".\r\n");
	CLIENT(&t, "NOOP\r\n");
	assert_int_equal(talk_record(&t)->smtp->commands, 0x10 | 0x40 | 0x200);
	talk_close(&t);
}

/* The end of a mail is looked for in the payload, not in the header before it. */
static void end_of_a_short_payload(void **state)
{
	struct build b = {0};
	struct proc_talk t;

	(void)state;
	open_mail(&t);
	CLIENT(&t, "DATA\r\n");
	SERVER(&t, "354 yes\r\n");
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, 6);
	build_tcp(&b, TALK_CLIENT_PORT, 25)[19] = '\r'; /* of the urgent pointer */
	build_bytes(&b, "\n.\r\n", 4);
	talk_meter(&t, &b, DIR_FWD);
	CLIENT(&t, "NOOP\r\n");
	assert_int_equal(talk_record(&t)->smtp->commands, 0x10);
	talk_close(&t);
}

static void unknown_and_cut(void **state)
{
	char text[600];
	struct proc_talk t;

	(void)state;
	open_mail(&t);
	CLIENT(&t, "XCLIENT a\r\n");
	assert_int_equal(talk_record(&t)->smtp->commands, 0);
	CLIENT(&t, "helo a\r\n");
	assert_int_equal(talk_record(&t)->smtp->commands, 0x8000);
	snprintf(text, sizeof text, "HELO %0300d\r\n", 0);
	CLIENT(&t, text);
	assert_int_equal(strlen(talk_record(&t)->smtp->domain), 254);
	CLIENT(&t, "NOOP without an end");
	CLIENT(&t, "AWORDTHATISLONGERTHANANYCOMMANDIS\r\n");
	SERVER(&t, "99");
	SERVER(&t, "25x no\r\n");
	SERVER(&t, "250");
	SERVER(&t, "2500 no\r\n");
	assert_int_equal(talk_record(&t)->smtp->commands, 0x8002);
	assert_int_equal(talk_record(&t)->smtp->codes, 0);
	talk_close(&t);
}

/* Nothing can be read behind STARTTLS, and nothing is there on other ports. */
static void left_alone(void **state)
{
	struct proc_talk t;

	(void)state;
	open_mail(&t);
	CLIENT(&t, "STARTTLS\r\n");
	SERVER(&t, "454 later\r\n");
	CLIENT(&t, "STARTTLS\r\n");
	assert_true(t.x.watched);
	SERVER(&t, "220 now\r\n");
	assert_false(t.x.watched);
	assert_int_equal(talk_record(&t)->smtp->codes_4xx, 1);
	talk_close(&t);

	open_mail(&t);
	t.port = 26;
	CLIENT(&t, "");
	assert_false(t.x.watched);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail),
		cmocka_unit_test(ends_of_data),
		cmocka_unit_test(end_of_a_short_payload),
		cmocka_unit_test(unknown_and_cut),
		cmocka_unit_test(left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
