/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows: what there is, and what was measured. */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Names are stable: scripts and pages speak of them. */
static const struct {
	const char *name, *unit, *text;
} all_rows[] = {
	{"mem_limit_64k", "packet", "random lines of 64 bytes, as many as hot lines, prefetched"},
	{"mem_limit_1m", "packet", "the same, of the table for 1 M flows"},
	{"mem_limit_8m", "packet", "the same, of the table for 8 M flows"},
	{"mem_latency_64k", "line", "the same, one after the other"},
	{"mem_latency_1m", "line", "the same, one after the other"},
	{"mem_latency_8m", "line", "the same, one after the other"},
	{"parse_hash_v4", "packet", "parse and look up the key, no table"},
	{"parse_hash_v6", "packet", "the same, IPv6"},
	{"table_b1_64k", "packet", "pfring_ft_process(), a packet at a time"},
	{"table_b32_64k", "packet", "bursts of 32 that do not overlap"},
	{"table_pipe_64k", "packet", "bursts of 32, pipelined"},
	{"table_zipf_64k", "packet", "the same, Zipf(1)"},
	{"table_b1_1m", "packet", "pfring_ft_process(), a packet at a time"},
	{"table_b32_1m", "packet", "bursts of 32 that do not overlap"},
	{"table_pipe_1m", "packet", "bursts of 32, pipelined"},
	{"table_zipf_1m", "packet", "the same, Zipf(1)"},
	{"table_mixed_1m", "packet", "pipelined: both directions, TCP and UDP"},
	{"table_pipe_1m_again", "packet", "pipelined, measured again beside the hash"},
	{"table_pipe_1m_scalar", "packet", "pipelined, stages compiled without vectors"},
	{"table_pipe_1m_sse4", "packet", "pipelined, stages for SSE 4.2"},
	{"table_pipe_1m_avx2", "packet", "pipelined, stages for AVX2"},
	{"table_pipe_1m_avx512", "packet", "pipelined, stages for AVX-512"},
	{"table_pipe_1m_neon", "packet", "pipelined, stages for NEON"},
	{"table_b1_8m", "packet", "pfring_ft_process(), a packet at a time"},
	{"table_b32_8m", "packet", "bursts of 32 that do not overlap"},
	{"table_pipe_8m", "packet", "bursts of 32, pipelined"},
	{"table_zipf_8m", "packet", "the same, Zipf(1)"},
	{"table_v6_b1_64k", "packet", "IPv6: pfring_ft_process(), a packet at a time"},
	{"table_v6_b32_64k", "packet", "IPv6: bursts of 32 that do not overlap"},
	{"table_v6_pipe_64k", "packet", "IPv6: pipelined"},
	{"table_v6_zipf_64k", "packet", "IPv6: pipelined, Zipf(1)"},
	{"table_v6_b1_1m", "packet", "IPv6: pfring_ft_process(), a packet at a time"},
	{"table_v6_b32_1m", "packet", "IPv6: bursts of 32 that do not overlap"},
	{"table_v6_pipe_1m", "packet", "IPv6: pipelined"},
	{"table_v6_zipf_1m", "packet", "IPv6: pipelined, Zipf(1)"},
	{"table_v6_b1_8m", "packet", "IPv6: pfring_ft_process(), a packet at a time"},
	{"table_v6_b32_8m", "packet", "IPv6: bursts of 32 that do not overlap"},
	{"table_v6_pipe_8m", "packet", "IPv6: pipelined"},
	{"table_v6_zipf_8m", "packet", "IPv6: pipelined, Zipf(1)"},
	{"rte_hash_64k", "packet", "rte_hash_lookup_bulk(32) and update, same parse and keys"},
	{"rte_hash_1m", "packet", "the same, 1 M flows"},
	{"churn_100", "packet", "1 packet in 100 begins a flow; flows end by idleness"},
	{"churn_4", "packet", "1 packet in 4 begins a flow"},
	{"full_table", "packet", "max_flows reached, every packet begins a flow"},
	{"syn_flood", "packet", "the same with SYNs of random sources to one port"},
	{"new_flows_null", "flow", "flows of one packet, ended by idleness, record to null"},
	{"expiry_slot", "slot", "sweep over a table whose flows go on"},
	{"expiry_flow", "flow", "sweep that ends every flow"},
	{"output_null", "record", "record made, to the null output"},
	{"output_json", "record", "encode and queue JSON, transport that takes all"},
	{"output_csv", "record", "the same, CSV"},
	{"output_text", "record", "the same, text"},
	{"ipfix_encode", "record", "encoding alone: IPFIX of profile compat"},
	{"ipfix_encode_full", "record", "encoding alone: IPFIX of profile full"},
	{"output_ipfix", "record", "the same, IPFIX"},
	{"output_zmq_json", "record", "the same, ZMQ with JSON"},
	{"output_zmq_tlv", "record", "the same, ZMQ with TLV"},
	{"output_ipfix_udp", "record", "IPFIX to a UDP socket, system calls included"},
	{"output_zmq_reader", "record", "ZMQ with TLV to a subscriber that reads, on the wall"},
	{"output_zmq_lonely", "record", "ZMQ without a subscriber: dropped by name"},
	{"e2e_rx_free", "packet", "net_pcap infinite_rx, 20 K flows: receive and free"},
	{"e2e_table", "packet", "the same with the table, records to a null output"},
	{"e2e_rx_rewrite", "packet", "receive, rewrite to 1 M flows, free"},
	{"e2e_table_rewrite", "packet", "the same with the table"},
	{"e2e_table_1m", "packet", "of that, without the cost of rewriting"},
	{"dpi_plain", "packet", "parse, look up, nDPI: a plain loop"},
	{"dpi_table", "packet", "the table with DPI, same packets, same limit"},
	{"dpi_new_flow", "flow", "what that is for each flow"},
	{"lanes_1", "packet", "one lane, wall clock"},
	{"lanes_2", "packet", "two lanes, wall clock"},
};

void bench_rows_init(struct bench *b)
{
	b->n_rows = sizeof all_rows / sizeof *all_rows;
	_Static_assert(sizeof all_rows / sizeof *all_rows <= BENCH_ROWS_MAX, "room for the rows");
	for (unsigned int i = 0; i < b->n_rows; i++)
		b->rows[i] = (struct bench_row){.name = all_rows[i].name,
						.unit = all_rows[i].unit,
						.text = all_rows[i].text};
}

struct bench_row *bench_row(struct bench *b, const char *name)
{
	for (unsigned int i = 0; i < b->n_rows; i++)
		if (strcmp(b->rows[i].name, name) == 0)
			return &b->rows[i];
	fprintf(stderr, "flowbench: no row is called %s\n", name);
	abort();
}

/* Whether a word of the list is how the name begins, or the name is how the word begins. */
static bool listed(const char *list, const char *name, bool either)
{
	size_t name_len = strlen(name);

	for (const char *word = list; *word; word += strspn(word, ",")) {
		size_t len = strcspn(word, ",");

		if (strncmp(word, name, len < name_len ? len : name_len) == 0 &&
		    (len <= name_len || either))
			return true;
		word += len;
	}
	return false;
}

bool bench_wants(const struct bench *b, const char *name)
{
	return !b->only || listed(b->only, name, false);
}

bool bench_wants_any(const struct bench *b, const char *prefix)
{
	return !b->only || listed(b->only, prefix, true);
}

void bench_sample(struct bench_row *r, uint64_t elapsed_ns, uint64_t n)
{
	if (r->tries == BENCH_TRIES_MAX || n == 0)
		return;
	r->ns[r->tries++] = (double)elapsed_ns / (double)n;
	r->done = true;
}

static void note_add(struct bench_row *r, const char *format, va_list arguments)
{
	size_t used = strlen(r->note);

	if (used && used + 2 < sizeof r->note) {
		memcpy(r->note + used, "; ", 3);
		used += 2;
	}
	vsnprintf(r->note + used, sizeof r->note - used, format, arguments);
}

void bench_note(struct bench_row *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note_add(r, format, arguments);
	va_end(arguments);
}

void bench_void(struct bench_row *r, const char *format, ...)
{
	va_list arguments;

	r->is_void = true;
	r->done = true;
	va_start(arguments, format);
	note_add(r, format, arguments);
	va_end(arguments);
}

void bench_check(struct bench_row *r, const char *what, uint64_t given, uint64_t got)
{
	if (given == got)
		return;
	bench_void(r, "%llu %s given, %llu accounted", (unsigned long long)given, what,
		   (unsigned long long)got);
	r->wrong = true;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_rows_close(struct bench *b)
{
	for (unsigned int i = 0; i < b->n_rows; i++) {
		struct bench_row *r = &b->rows[i];
		double sorted[BENCH_TRIES_MAX];

		if (!r->tries)
			continue;
		memcpy(sorted, r->ns, sizeof sorted);
		qsort(sorted, r->tries, sizeof *sorted, compare);
		r->median = sorted[r->tries / 2];
		r->least = sorted[0];
		r->most = sorted[r->tries - 1];
	}
}

const struct bench_scale *bench_scales(const struct bench *b, unsigned int *n)
{
	static const struct bench_scale tiny[] = {{"64k", 512}, {"1m", 4096}};
	static const struct bench_scale full[] = {{"64k", 65536}, {"1m", 1 << 20}, {"8m", 8 << 20}};

	if (b->size == BENCH_TINY) {
		*n = 2;
		return tiny;
	}
	*n = b->size == BENCH_FULL ? 3 : 2;
	return full;
}

uint32_t bench_flows(const struct bench *b)
{
	unsigned int n;

	return bench_scales(b, &n)[1].flows;
}
