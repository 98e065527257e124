/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor rtsp: requests and their responses (RFC 2326, RFC 7826), on any port. */
#include "dpi/messages.h"
#include "record/elements.h"

#define AT(member) offsetof(struct record_rtsp, member)

/* As many characters as the exporter whose fields these are. */
static const struct messages_text of_request[] = {
	{"User-Agent", AT(agent), 127},
	{0},
};

static const struct messages_text of_response[] = {
	{"Server", AT(server), 127},
	{"Content-Type", AT(content_type), 31},
	{0},
};

static const uint16_t texts[] = {
	AT(method), AT(agent), AT(uri), AT(server), AT(content_type),
};

static const struct messages_kind rtsp = {
	.protocol = "RTSP",
	.method = {NULL, AT(method), 9},
	.target = {NULL, AT(uri), 127},
	.of_request = of_request,
	.of_response = of_response,
	.status_at = AT(status),
	.texts = texts,
	.texts_n = sizeof texts / sizeof *texts,
};

static enum processor_answer packet(void *state, const struct processor_packet *p)
{
	return messages_packet(&rtsp, state, p);
}

static bool cut_before(const void *state, const struct processor_packet *p)
{
	return messages_cut_before(&rtsp, state, p);
}

static void to_record(const void *state, struct flow_record *r)
{
	r->rtsp = messages_record(state);
	if (r->rtsp)
		r->l7_seen |= CLASS_RTSP;
}

const struct processor_ops *proc_rtsp(void)
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
