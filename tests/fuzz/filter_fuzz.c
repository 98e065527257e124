/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a filter: no crash; a refusal is one line with a place inside the text; what was
 * accepted is within its bounds, answers for any record, and "not" of it answers the opposite.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "record/filter.h"

static void check_nodes(const struct filter *f)
{
	FUZZ_HOLDS(f->n <= FILTER_NODES_MAX && f->texts_len <= sizeof f->texts);
	for (unsigned int i = 0; i < f->n; i++) {
		const struct filter_node *n = &f->nodes[i];

		FUZZ_HOLDS(n->left < f->n && n->right < f->n);
		FUZZ_HOLDS(n->kind != FILTER_TERM || n->field);
		FUZZ_HOLDS(n->prefix_bits <= 128);
	}
}

static void check_opposite(const char *text, const struct filter *f, const struct flow_record *r)
{
	static const struct filter_scope all;
	static struct filter opposite;
	struct filter_error error;
	char whole[FILTER_BYTES_MAX + 16];

	snprintf(whole, sizeof whole, "not (%s)", text);
	if (!f->n || filter_compile(&opposite, whole, &all, &error))
		return; /* too long or too deep by that */
	FUZZ_HOLDS(filter_matches(&opposite, r) != filter_matches(f, r));
}

static struct flow_record record(uint8_t version, uint8_t protocol)
{
	return (struct flow_record){
		.start_ns = 5,
		.end_ns = 3000000005,
		.packets = {3, 1},
		.octets = {1000, 70},
		.src_addr = {10, 1, 2, 3},
		.ip_version = version,
		.protocol = protocol,
		.src_port = 53,
		.l7_flags = L7_INSPECTED,
		.l7_proto = "DNS.Google",
		.l7_category = "Web",
		.server_name = "www.example.org",
		.tls_alpn = "",
		.tls_ja3c = "",
		.tls_ja3s = "",
		.http_url = "",
		.http_user_agent = "",
		.http_content_type = "",
		.ssh_client = "",
		.ssh_server = "",
		.ssh_hassh_client = "",
		.ssh_hassh_server = "",
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct filter_scope all;
	static struct filter f;
	const struct flow_record four = record(4, 17), six = record(6, 58);
	struct filter_error error;
	char text[FILTER_BYTES_MAX + 64];

	if (size >= sizeof text)
		size = sizeof text - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (filter_compile(&f, text, &all, &error)) {
		FUZZ_HOLDS(error.text[0] && !strchr(error.text, '\n'));
		FUZZ_HOLDS(error.at <= strlen(text));
		return 0;
	}
	check_nodes(&f);
	check_opposite(text, &f, &four);
	check_opposite(text, &f, &six);
	return 0;
}
