/* SPDX-License-Identifier: BSD-3-Clause */
/* http and rtsp: what is told of requests and responses, and which belong together. */
#include "proc_talk.h"

#include "dpi/processor_pool.h"
#include "record/elements.h"

#define GET                                                                                        \
	"GET /index.html?a=b HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: probe/1 (x; y)\r\n"  \
	"Accept: */*\r\nReferer: http://example.org/\r\n\r\n"
#define OK                                                                                         \
	"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\n"           \
	"Set-Cookie: id=1; Path=/\r\nSet-Cookie: lang=de\r\n\r\n<html>Host: no</html>"

static const struct processor_options cut = {.records_transaction = true};

static void one_transaction(void **state)
{
	struct proc_talk t;
	const struct record_http *h;

	(void)state;
	talk_open(&t, PROCESSOR_http, NULL);
	assert_null(talk_record(&t)->http);
	CLIENT(&t, GET);
	SERVER(&t, OK);
	SERVER(&t, "Server: of the content\r\n\r\n");
	h = talk_record(&t)->http;
	assert_non_null(h);
	assert_int_equal(talk_record(&t)->l7_seen, CLASS_HTTP);
	assert_int_equal(h->agent.n, 1);
	assert_int_equal(h->status.n, 1);
	assert_string_equal(h->method.values[0], "GET");
	assert_string_equal(h->url.values[0], "/index.html?a=b");
	assert_string_equal(h->host.values[0], "www.example.org");
	assert_string_equal(h->agent.values[0], "probe/1 (x; y)");
	assert_string_equal(h->referer.values[0], "http://example.org/");
	assert_string_equal(h->server.values[0], "nginx");
	assert_string_equal(h->content_type.values[0], "text/html; charset=utf-8");
	assert_string_equal(h->cookie_names.values[0], "id;lang");
	assert_int_equal(h->status.values[0], 200);
	assert_true(t.x.watched);
	talk_close(&t);
}

/* A record of four; pipelined requests, and an interim response, do not shift the pairs. */
static void several_in_one_record(void **state)
{
	struct proc_talk t;
	const struct record_http *h;

	(void)state;
	talk_open(&t, PROCESSOR_http, NULL);
	CLIENT(&t, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
	SERVER(&t, "HTTP/1.1 201 Created\r\n\r\n");
	CLIENT(&t, "POST /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	CLIENT(&t, "PUT /3 HTTP/1.1\r\n\r\n");
	SERVER(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	SERVER(&t, "HTTP/1.1 202 Accepted\r\nServer: s\r\n\r\n");
	h = talk_record(&t)->http;
	assert_int_equal(h->status.n, 3);
	assert_int_equal(h->method.n, 3);
	assert_int_equal(h->status.values[1], 202);
	assert_int_equal(h->status.values[2], 0);
	assert_string_equal(h->server.values[0], "");
	assert_string_equal(h->server.values[1], "s");
	assert_string_equal(h->server.values[2], "");
	assert_string_equal(h->host.values[2], "");
	assert_ptr_equal(h->host.values[0], h->host.values[1]);
	SERVER(&t, "HTTP/1.1 203 Other\r\n\r\n");
	CLIENT(&t, "BREW /4 HTTP/1.1\r\n\r\n");
	CLIENT(&t, "GET /5 HTTP/1.1\r\n\r\n");
	assert_true(t.x.watched);
	SERVER(&t, "HTTP/1.1 204\r\n\r\n");
	assert_false(t.x.watched);
	h = talk_record(&t)->http;
	assert_int_equal(h->url.n, 4);
	assert_string_equal(h->method.values[3], "BREW");
	assert_int_equal(h->status.values[3], 204);
	assert_int_equal(t.cuts, 0);
	talk_close(&t);
}

static void responses_alone(void **state)
{
	struct proc_talk t;
	const struct record_http *h;

	(void)state;
	talk_open(&t, PROCESSOR_http, NULL);
	SERVER(&t, "HTTP/1.0 404 no\r\n\r\n");
	CLIENT(&t, "GET / HTTP/1.0\r\n\r\n");
	SERVER(&t, "HTTP/1.0 200 yes\r\n\r\n");
	h = talk_record(&t)->http;
	assert_int_equal(h->status.n, 2);
	assert_int_equal(h->status.values[0], 404);
	assert_string_equal(h->method.values[0], "");
	assert_int_equal(h->status.values[1], 200);
	assert_string_equal(h->method.values[1], "GET");
	talk_close(&t);
}

static void one_record_each(void **state)
{
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_http, &cut);
	CLIENT(&t, GET);
	SERVER(&t, OK);
	assert_int_equal(t.cuts, 0);
	CLIENT(&t, "HEAD /second HTTP/1.1\r\n\r\n");
	assert_int_equal(t.cuts, 1);
	assert_int_equal(t.closed.packets[DIR_FWD], 1);
	assert_int_equal(t.closed.http->status.n, 1);
	assert_int_equal(t.closed.http->status.values[0], 200);
	assert_string_equal(talk_record(&t)->http->method.values[0], "HEAD");
	SERVER(&t, "HTTP/1.1 404 no\r\n\r\n");
	SERVER(&t, "more of it");
	assert_int_equal(t.cuts, 1);
	SERVER(&t, "HTTP/1.1 500 no\r\n\r\n");
	assert_int_equal(t.cuts, 2);
	assert_int_equal(t.closed.http->status.values[0], 404);
	CLIENT(&t, "GET /third HTTP/1.1\r\n\r\n");
	assert_int_equal(t.cuts, 2);
	assert_int_equal(talk_record(&t)->http->status.n, 1);
	assert_string_equal(talk_record(&t)->http->url.values[0], "/third");
	assert_int_equal(talk_record(&t)->http->status.values[0], 500);
	talk_close(&t);
}

/* A table without room for the cut record shows more messages of it: the first ones are told. */
static void cuts_that_wait(void **state)
{
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_http, &cut);
	t.x.p.guards = false;
	for (int i = 0; i < TRANSACTIONS_MAX + 2; i++) {
		CLIENT(&t, i ? "PUT / HTTP/1.1\r\n\r\n" : GET);
		SERVER(&t, i ? "HTTP/1.1 201 Created\r\n\r\n" : OK);
	}
	assert_int_equal(t.cuts, 0);
	assert_int_equal(talk_record(&t)->http->status.n, 1);
	assert_int_equal(talk_record(&t)->http->status.values[0], 200);
	assert_string_equal(talk_record(&t)->http->method.values[0], "GET");
	talk_close(&t);
}

static void texts_are_cut(void **state)
{
	char text[2000], want[128];
	struct proc_talk t;
	const struct record_http *h;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "GET /", 5);
	memcpy(text + 300, " HTTP/1.1\r\nHost: ", 17);
	memcpy(text + 600, "\r\nUser-Agent: ", 14);
	memcpy(text + 900, "\r\nReferer: http", 15); /* its end is in the next packet */
	memset(want, 'x', 127);
	want[0] = '/';
	want[127] = '\0';
	talk_open(&t, PROCESSOR_http, NULL);
	talk_bytes(&t, DIR_FWD, text, 1400);
	h = talk_record(&t)->http;
	assert_string_equal(h->url.values[0], want);
	assert_int_equal(strlen(h->host.values[0]), 63);
	assert_int_equal(strlen(h->agent.values[0]), 127);
	assert_string_equal(h->referer.values[0], "");
	talk_close(&t);

	/* What was not captured is not told; the payload's length is not what ends it. */
	talk_open(&t, PROCESSOR_http, NULL);
	t.lost_bytes = 30;
	CLIENT(&t, GET);
	h = talk_record(&t)->http;
	assert_string_equal(h->agent.values[0], "probe/1 (x; y)");
	assert_string_equal(h->referer.values[0], "");
	talk_close(&t);
}

/* The room of a block is less than eight transactions may take: the loss is counted. */
static void room_for_texts(void **state)
{
	const struct processor_options eight = {.transactions = 8};
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_http, &eight);
	for (int i = 0; i < 8; i++) {
		char text[600];

		snprintf(text, sizeof text,
			 "GET /%d%0120d HTTP/1.1\r\nHost: %d%060d\r\nUser-Agent: %d%0120d\r\n\r\n",
			 i, 0, i, 0, i, 0);
		CLIENT(&t, text);
	}
	assert_int_equal(talk_record(&t)->http->agent.n, 8);
	assert_true(t.x.counters[DPI_processor_texts_cut] > 0);
	assert_string_equal(talk_record(&t)->http->agent.values[7], "");
	talk_close(&t);
}

static void cookie_names_are_whole(void **state)
{
	char text[1500] = "HTTP/1.1 200 OK\r\n";
	struct proc_talk t;
	const char *names;

	(void)state;
	for (int i = 0; i < 7; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
			 "Set-Cookie: name%d%0100d=v\r\n", i, i);
	snprintf(text + strlen(text), sizeof text - strlen(text), "\r\n");
	talk_open(&t, PROCESSOR_http, NULL);
	SERVER(&t, text);
	names = talk_record(&t)->http->cookie_names.values[0];
	assert_int_equal(strlen(names), 4 * 105 + 3);
	talk_close(&t);
}

/* What is none of it is left in peace soon. */
static void others(void **state)
{
	static const char *const not_http[] = {
		"HTTP",
		"GET",
		"GET / FTP/1.0\r\n",
		"GET  HTTP/1.1\r\n",
		"HTTP/1.1 abc\r\n",
		" / HTTP/1.1",
		"G(T / HTTP/1.1",
		"ALONGMETHODALONGMETHODALONGMETHOD / HTTP/1.1",
	};
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_http, NULL);
	CLIENT(&t, "");
	SERVER(&t, "");
	CLIENT(&t, "\x16\x03\x01\x02\x00\x01");
	assert_false(t.x.watched);
	assert_null(talk_record(&t)->http);
	talk_close(&t);

	talk_open(&t, PROCESSOR_http, NULL);
	for (unsigned int i = 0; i < TEXT_OTHERS_MAX; i++) {
		assert_true(t.x.watched);
		CLIENT(&t, not_http[i]);
	}
	assert_false(t.x.watched);
	assert_null(talk_record(&t)->http);
	assert_null(*(void **)((char *)t.x.annex + t.x.p.slots[0].offset));
	talk_close(&t);
}

static void no_block_left(void **state)
{
	struct processor_block *taken[4];
	struct proc_talk t;

	(void)state;
	talk_open(&t, PROCESSOR_http, NULL);
	for (int i = 0; i < 4; i++)
		taken[i] = processor_pool_take(t.x.p.pool, t.x.counters);
	CLIENT(&t, GET);
	assert_false(t.x.watched);
	assert_null(talk_record(&t)->http);
	assert_int_equal(t.x.counters[DPI_processor_no_block], 1);
	for (int i = 0; i < 4; i++)
		processor_pool_give(t.x.p.pool, taken[i]);
	talk_close(&t);
}

static void rtsp(void **state)
{
	struct proc_talk t;
	const struct record_rtsp *r;

	(void)state;
	talk_open(&t, PROCESSOR_rtsp, NULL);
	t.port = 554;
	CLIENT(&t, "OPTIONS rtsp://192.0.2.1/a RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: vlc\r\n\r\n");
	SERVER(&t, "RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: gst\r\n\r\n");
	CLIENT(&t, "GET_PARAMETER rtsp://192.0.2.1/b RTSP/1.0\nUser-Agent: vlc\n\n");
	SERVER(&t, "RTSP/1.0 454 Session Not Found\r\nContent-Type: text/parameters\r\n\r\n");
	CLIENT(&t, "$\1\0\4abcd");
	r = talk_record(&t)->rtsp;
	assert_non_null(r);
	assert_int_equal(talk_record(&t)->l7_seen, CLASS_RTSP);
	assert_int_equal(r->status.n, 2);
	assert_string_equal(r->method.values[0], "OPTIONS");
	assert_string_equal(r->method.values[1], "GET_PARAM");
	assert_string_equal(r->uri.values[1], "rtsp://192.0.2.1/b");
	assert_ptr_equal(r->agent.values[0], r->agent.values[1]);
	assert_string_equal(r->agent.values[1], "vlc");
	assert_string_equal(r->server.values[0], "gst");
	assert_string_equal(r->server.values[1], "");
	assert_string_equal(r->content_type.values[1], "text/parameters");
	assert_int_equal(r->status.values[0], 200);
	assert_int_equal(r->status.values[1], 454);
	talk_close(&t);

	talk_open(&t, PROCESSOR_rtsp, &cut);
	CLIENT(&t, "PLAY a RTSP/1.0\r\n\r\n");
	CLIENT(&t, "TEARDOWN a RTSP/1.0\r\n\r\n");
	assert_int_equal(t.cuts, 1);
	assert_string_equal(t.closed.rtsp->method.values[0], "PLAY");
	assert_string_equal(talk_record(&t)->rtsp->method.values[0], "TEARDOWN");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_transaction),	  cmocka_unit_test(several_in_one_record),
		cmocka_unit_test(responses_alone),	  cmocka_unit_test(one_record_each),
		cmocka_unit_test(texts_are_cut),	  cmocka_unit_test(room_for_texts),
		cmocka_unit_test(cookie_names_are_whole), cmocka_unit_test(others),
		cmocka_unit_test(no_block_left),	  cmocka_unit_test(rtsp),
		cmocka_unit_test(cuts_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
