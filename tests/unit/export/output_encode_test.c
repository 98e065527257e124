/* SPDX-License-Identifier: BSD-3-Clause */
/* Records whose texts have no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/output.h"
#include "sample_records.h"

static struct each_text same_texts(const char *text)
{
	struct each_text each = {.n = TRANSACTIONS_MAX};

	for (unsigned int i = 0; i < each.n; i++)
		each.values[i] = text;
	return each;
}

/* Several protocols with one long text all over; as many bytes as their blocks may hold, or less.
 */
static void full_of_texts(struct flow_record *r, const char *text)
{
	static struct record_http http;
	static struct record_rtsp rtsp;
	static struct record_sip sip;

	http.agent = http.method = http.host = http.referer = http.url = same_texts(text);
	http.content_type = http.server = http.cookie_names = same_texts(text);
	rtsp.method = rtsp.agent = rtsp.uri = rtsp.server = rtsp.content_type = same_texts(text);
	sip.cseq = sip.calling = sip.called = sip.call_id = sip.agent = same_texts(text);
	sip.uri = sip.via = same_texts(text);
	http.status.n = rtsp.status.n = sip.type.n = sip.status.n = TRANSACTIONS_MAX;
	r->http = &http;
	r->rtsp = &rtsp;
	r->sip = &sip;
}

static void what_was_counted_is_told(void **state)
{
	char path[] = "/tmp/ftprobe-encode-XXXXXX", error[256], text[128], bytes[16384] = "";
	struct output_spec spec = {.type = OUTPUT_JSON, .name = "json"};
	struct flow_record r = sample_ipv4();
	const int fd = mkstemp(path);
	const struct output_counters *c;
	struct output *o;

	(void)state;
	assert_true(fd >= 0);
	snprintf(spec.target, sizeof spec.target, "%s", path);
	memset(text, 1, sizeof text - 1);
	text[sizeof text - 1] = '\0';
	full_of_texts(&r, text);
	assert_int_equal(output_open(&o, &spec, error, sizeof error), 0);
	output_submit(o, &r);
	c = output_counters(o);
	assert_int_equal(c->dropped[OUTPUT_DROP_encode_error], 0);
	assert_int_equal(c->count[OUTPUT_shortened], 1);
	assert_non_null(r.http); /* other outputs have room for it */
	output_close(o, UINT64_MAX);
	assert_int_equal(c->count[OUTPUT_sent], 1);
	output_free(o);
	assert_true(read(fd, bytes, sizeof bytes - 1) > 0);
	assert_non_null(strstr(bytes, "\"packets\":"));
	assert_null(strstr(bytes, "http_request_agent"));
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_counted_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
