/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor http: requests and their responses (RFC 9112), on any port. */
#include "dpi/messages.h"
#include "record/elements.h"

#define AT(member) offsetof(struct record_http, member)

/* As many characters as the exporter whose fields these are. */
static const struct messages_text of_request[] = {
	{"Host", AT(host), 63},
	{"User-Agent", AT(agent), 127},
	{"Referer", AT(referer), 127},
	{0},
};

static const struct messages_text of_response[] = {
	{"Content-Type", AT(content_type), 31},
	{"Server", AT(server), 127},
	{0},
};

static const uint16_t texts[] = {
	AT(agent), AT(method),	     AT(host),	 AT(referer),
	AT(url),   AT(content_type), AT(server), AT(cookie_names),
};

static const struct messages_kind http = {
	.protocol = "HTTP",
	.method = {NULL, AT(method), 15},
	.target = {NULL, AT(url), 127},
	.of_request = of_request,
	.of_response = of_response,
	.cookies = {"Set-Cookie", AT(cookie_names), HTTP_COOKIES_MAX},
	.status_at = AT(status),
	.texts = texts,
	.texts_n = sizeof texts / sizeof *texts,
};

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	return messages_packet(&http, state, p);
}

static bool cut_before(const void *state, const struct processor_packet *p)
{
	return messages_cut_before(&http, state, p);
}

static void to_record(const void *state, struct flow_record *r)
{
	r->http = messages_record(state);
	if (r->http)
		r->l7_seen |= CLASS_HTTP;
}

const struct processor_ops *proc_http(void)
{
	static const struct processor_ops ops = {
		.state_bytes = sizeof(struct messages),
		.has_block = true,
		.packet = packet,
		.cut_before = cut_before,
		.to_record = to_record,
	};

	return &ops;
}
