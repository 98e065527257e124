/* SPDX-License-Identifier: BSD-3-Clause */
/* ssdp: announcements and searches. */
#include "proc_talk.h"

#include "record/elements.h"

static void open_ssdp(struct proc_talk *t)
{
	talk_open(t, PROCESSOR_ssdp, NULL);
	t->port = 1900;
	t->udp = true;
}

static void announcements(void **state)
{
	struct proc_talk t;
	const struct record_ssdp *s;

	(void)state;
	open_ssdp(&t);
	CLIENT(&t, "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
		   "LOCATION: http://192.0.2.1:49152/a:1/desc.xml\r\nNT: urn:device:One:1\r\n"
		   "ST: urn:of:searches\r\nServer: Linux, UPnP/1.0\r\n\r\n");
	CLIENT(&t, "NOTIFY * HTTP/1.1\r\nnt: urn:device:One:1\r\nNT: upnp:rootdevice\r\n"
		   "NT:urn:device:Two:1 \r\nserver: Linux\r\nlocation: http://192.0.2.1/\r\n\r\n");
	s = talk_record(&t)->ssdp;
	assert_non_null(s);
	assert_int_equal(talk_record(&t)->l7_seen, CLASS_SSDP);
	assert_int_equal(s->location_port, 49152);
	assert_string_equal(s->nt, "device:One:1;device:Two:1");
	assert_string_equal(s->server, "Linux, UPnP/1.0;Linux");
	assert_string_equal(s->st, "");
	assert_string_equal(s->agent, "");
	CLIENT(&t, "NOTIFY * HTTP/1.1\r\nLOCATION: http://[fd00::1]:80/\r\n\r\n");
	assert_int_equal(talk_record(&t)->ssdp->location_port, 80);
	CLIENT(&t, "NOTIFY * HTTP/1.1\r\nLOCATION: http://host:70000/\r\n\r\n");
	assert_int_equal(talk_record(&t)->ssdp->location_port, 80);
	assert_true(t.x.watched);
	talk_close(&t);
}

static void searches(void **state)
{
	struct proc_talk t;
	const struct record_ssdp *s;

	(void)state;
	open_ssdp(&t);
	CLIENT(&t, "M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\nUSER-AGENT: a/1\r\n\r\n");
	CLIENT(&t, "M-SEARCH * HTTP/1.1\r\nST: urn:dial:service:dial:1\r\nUSER-AGENT: a/1\r\n\r\n");
	SERVER(&t, "NOTIFY * HTTP/1.1\r\nNT: urn:not:for:us\r\n\r\n");
	s = talk_record(&t)->ssdp;
	assert_string_equal(s->st, "dial:service:dial:1");
	assert_string_equal(s->agent, "a/1");
	assert_string_equal(s->nt, "");
	assert_int_equal(s->location_port, 0);
	talk_close(&t);
}

/* An entry that does not fit whole is left out; a shorter one may still fit. */
static void bounds(void **state)
{
	struct proc_talk t;

	(void)state;
	open_ssdp(&t);
	for (int i = 0; i < 4; i++) {
		char text[300];

		snprintf(text, sizeof text, "M-SEARCH * HTTP/1.1\r\nST: urn:%d%0150d\r\n\r\n", i,
			 0);
		CLIENT(&t, text);
	}
	assert_int_equal(strlen(talk_record(&t)->ssdp->st), 3 * 151 + 2);
	CLIENT(&t, "M-SEARCH * HTTP/1.1\r\nST: urn:x\r\n\r\n");
	assert_int_equal(strlen(talk_record(&t)->ssdp->st), 3 * 151 + 2 + 2);
	CLIENT(&t, "M-SEARCH * HTTP/1.1\r\nST: urn:\r\nUSER-AGENT: cut");
	assert_string_equal(talk_record(&t)->ssdp->agent, "");
	talk_close(&t);
}

static void left_alone(void **state)
{
	struct proc_talk t;

	(void)state;
	open_ssdp(&t);
	t.port = 1901;
	CLIENT(&t, "NOTIFY * HTTP/1.1\r\n\r\n");
	assert_false(t.x.watched);
	assert_null(talk_record(&t)->ssdp);
	talk_close(&t);

	open_ssdp(&t);
	CLIENT(&t, "something else");
	assert_null(talk_record(&t)->ssdp);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announcements),
		cmocka_unit_test(searches),
		cmocka_unit_test(bounds),
		cmocka_unit_test(left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
