/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strings that strangers send, through every text encoder: what comes out is well-formed UTF-8,
 * one line of JSON, one record of CSV, and nothing that a terminal obeys.
 */
#include "fuzz.h"

#include <string.h>

#include "core/limits.h"
#include "export/encoder.h"
#include "export/format.h"

static char text[RECORD_BYTES_MAX];

static struct flow_record record_with(const char *s)
{
	return (struct flow_record){
		.ip_version = 4,
		.protocol = 6,
		.l7_flags = L7_INSPECTED,
		.l7_proto = s,
		.l7_category = s,
		.server_name = s,
		.tls_alpn = s,
		.tls_ja3c = s,
		.tls_ja3s = s,
		.http_url = s,
		.http_user_agent = s,
		.http_content_type = s,
		.ssh_client = s,
		.ssh_server = s,
		.ssh_hassh_client = s,
		.ssh_hassh_server = s,
	};
}

static void check_utf8(const struct wbuf *w)
{
	const uint8_t *p = (const uint8_t *)text;

	FUZZ_HOLDS(!w->failed);
	while (p < w->at) {
		unsigned int n = utf8_sequence(p, (size_t)(w->at - p));

		FUZZ_HOLDS(n > 0);
		p += n;
	}
	FUZZ_HOLDS(w->at[-1] == '\n');
}

/* No control character before the end, quotes paired where backslashes do not take them away. */
static void check_json(const struct wbuf *w)
{
	unsigned int quotes = 0;

	for (const uint8_t *p = (const uint8_t *)text; p < w->at - 1; p++) {
		FUZZ_HOLDS(*p >= 0x20);
		if (*p == '\\')
			p++;
		else if (*p == '"')
			quotes++;
	}
	FUZZ_HOLDS(quotes % 2 == 0);
	FUZZ_HOLDS(w->at[-2] == '}');
}

static void check_csv(const struct wbuf *w)
{
	unsigned int fields = 1, wanted = 0;
	bool quoted = false;

	for (const uint8_t *p = (const uint8_t *)text; p < w->at - 1; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == ',' && !quoted)
			fields++;
	}
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		wanted += element_info((enum element)i)->in_json;
	FUZZ_HOLDS(!quoted && fields == wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct encoder encoder = {0};
	char *string = malloc(size + 1);
	struct flow_record r;
	struct wbuf w;

	FUZZ_HOLDS(string && community_id_create(&encoder.community_id) == 0);
	memcpy(string, data, size);
	string[size] = '\0';
	r = record_with(string);
	w = wbuf_make(text, sizeof text);
	json_encode(&encoder, &w, &r);
	check_utf8(&w);
	check_json(&w);
	w = wbuf_make(text, sizeof text);
	csv_encode(&encoder, &w, &r);
	check_utf8(&w);
	check_csv(&w);
	w = wbuf_make(text, sizeof text);
	text_encode(&encoder, &w, &r);
	check_utf8(&w);
	for (const uint8_t *p = (const uint8_t *)text; p < w.at - 1; p++)
		FUZZ_HOLDS(*p >= 0x20 && *p != 0x7f);
	community_id_destroy(encoder.community_id);
	free(string);
	return 0;
}
