/* SPDX-License-Identifier: BSD-3-Clause */
/* What a record costs in each output, from the record to a transport that takes everything. */
#include "bench.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "core/clock.h"
#include "export/ipfix_profile.h"
#include "export/output.h"
#include "export/output_internal.h"

/* The exporter looks at its outputs after so many. */
#define POLL_EVERY 64
/* No processor runs. */
#define NO_PROCESSORS (UINT64_MAX << SOURCE_PROCESSORS)

static struct flow_record record_of(uint64_t i)
{
	const uint64_t start_ns = (1600000000ULL + i / 1000) * SECOND_NS + i * 1000;
	struct flow_record r = {
		.flow_id = i,
		.start_ns = start_ns,
		.end_ns = start_ns + 123456789,
		.dir_start_ns = {start_ns, start_ns + 1000000},
		.dir_end_ns = {start_ns + 123456789, start_ns + 123000000},
		.packets = {12, 10},
		.octets = {1834, 9711},
		.l2_octets = {2002, 9851},
		.src_mac = {2, 0, 0, 0, 0, 1},
		.dst_mac = {2, 0, 0, 0, 0, 2},
		.src_port = (uint16_t)(1024 + i % 60000),
		.dst_port = 443,
		.tcp_flags = {0x1b, 0x1b},
		.ip_version = 4,
		.protocol = 6,
		.ip_ttl = 64,
		.end_reason = END_DETECTED,
		.sampling_packets = 1,
		.l7_app_id = 91,
		.l7_category_id = 5,
		.l7_flags = L7_INSPECTED,
		.l7_confidence = 6,
		.tls_version = 0x0304,
		.l7_proto = "TLS",
		.l7_category = "Web",
		.server_name = "www.example.org",
		.tls_alpn = "h2,http/1.1",
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
	const uint64_t random = mix64(i);

	memcpy(r.src_addr, &random, 4);
	memcpy(r.dst_addr, (const uint8_t *)&random + 4, 4);
	return r;
}

static uint32_t records_of(const struct bench *b)
{
	static const uint32_t records[] = {
		[BENCH_FULL] = 100000, [BENCH_SHORT] = 20000, [BENCH_TINY] = 500};

	return records[b->size];
}

/* One clock reading a poll, as the exporter does it. */
static void submit(struct output *o, uint32_t n, uint64_t first)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_record r = record_of(first + i);

		output_submit(o, &r);
		if (i % POLL_EVERY == POLL_EVERY - 1)
			output_poll(o, clock_wall_ns());
	}
}

/* sent says whether the records must all be sent; else they must all be dropped by that name. */
static void measure(struct bench *b, struct bench_row *r, struct output *o,
		    enum output_drop instead)
{
	const uint32_t n = records_of(b);
	const struct output_counters *c = output_counters(o);
	uint64_t given = 0;

	for (unsigned int try = 0; try < b->tries; try++, given += n) {
		uint64_t start = thread_ns();

		submit(o, n, given);
		bench_sample(r, thread_ns() - start, n);
	}
	output_close(o, clock_monotonic_ns() + SECOND_NS);
	bench_check(r, "records offered", given, c->count[OUTPUT_offered]);
	if (instead == OUTPUT_DROP_N)
		bench_check(r, "records sent", given, c->count[OUTPUT_sent]);
	else
		bench_check(r, "records dropped by name", given, c->dropped[instead]);
	if (c->count[OUTPUT_sent_bytes])
		bench_note(r, "%.0f bytes a record",
			   (double)c->count[OUTPUT_sent_bytes] / (double)given);
}

/* The encoder alone, over records that are made before. */
static void measure_encoder(struct bench *b, const char *name, enum element_profile profile)
{
	enum { RECORDS = 64 };
	const struct ipfix_options options = {.profile = profile, .biflow = true};
	struct bench_row *r = bench_row(b, name);
	static struct flow_record records[RECORDS];
	static uint8_t bytes[RECORD_BYTES_MAX * 2];
	const uint32_t n = records_of(b) / RECORDS;
	struct ipfix_profile *p;
	char error[256] = "no memory";
	uint64_t put = 0;

	if (!bench_wants(b, name))
		return;
	if (ipfix_profile_create(&p, &options, error, sizeof error)) {
		bench_void(r, "%s", error);
		return;
	}
	for (uint32_t i = 0; i < RECORDS; i++)
		records[i] = record_of(i);
	for (unsigned int try = 0; try < b->tries; try++) {
		uint64_t start = thread_ns();

		for (uint32_t i = 0; i < n * RECORDS; i++) {
			struct wbuf w = wbuf_make(bytes, sizeof bytes);

			put += ipfix_record_put(p, &w, &records[i % RECORDS]) != 0;
		}
		bench_sample(r, thread_ns() - start, n * RECORDS);
	}
	bench_check(r, "records encoded", (uint64_t)n * RECORDS * b->tries, put);
	ipfix_profile_destroy(p);
}

static void measure_null(struct bench *b, const char *name, enum output_type type, bool tlv)
{
	const struct output_spec spec = {.type = type,
					 .zmq_format = tlv ? ZMQ_TLV : ZMQ_JSON_FLOW,
					 .name = "flowbench",
					 .missing_sources = NO_PROCESSORS};
	struct bench_row *r = bench_row(b, name);
	struct transport *t = NULL;
	struct output *o = NULL;

	if (!bench_wants(b, name))
		return;
	if (transport_null_open(&t) || output_open_over(&o, &spec, t)) {
		bench_void(r, "the output cannot be made");
		if (t)
			t->ops->close(t, 0);
		return;
	}
	measure(b, r, o, OUTPUT_DROP_N);
	output_free(o);
}

/* Reads and throws away, until a datagram of one byte comes. */
static void *drain_sink(void *fd)
{
	static uint8_t bytes[65536];

	while (recv(*(int *)fd, bytes, sizeof bytes, 0) != 1)
		continue;
	return NULL;
}

/* One byte tells the reader to end; it goes again while a full buffer loses it. */
static void end_sink(int fd, const struct sockaddr_in *address, pthread_t reader)
{
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	do {
		sendto(sender, "", 1, 0, (const struct sockaddr *)address, sizeof *address);
		sleep_ns(1000000);
	} while (pthread_tryjoin_np(reader, NULL));
	close(sender);
	close(fd);
}

static int udp_sink(struct sockaddr_in *address)
{
	socklen_t len = sizeof *address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
	    getsockname(fd, (struct sockaddr *)address, &len) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static void measure_udp(struct bench *b)
{
	/* The queue takes what a reader that has to wait for its CPU leaves. */
	struct output_spec spec = {.type = OUTPUT_IPFIX,
				   .queue_records_max = 1 << 22,
				   .queue_bytes_max = 1 << 30,
				   .missing_sources = NO_PROCESSORS};
	struct bench_row *r = bench_row(b, "output_ipfix_udp");
	struct sockaddr_in address;
	struct output *o;
	pthread_t reader;
	char error[256];
	int fd = udp_sink(&address);

	if (fd < 0 || pthread_create(&reader, NULL, drain_sink, &fd)) {
		bench_void(r, "no UDP socket");
		if (fd >= 0)
			close(fd);
		return;
	}
	snprintf(spec.target, sizeof spec.target, "udp://127.0.0.1:%u", ntohs(address.sin_port));
	if (output_open(&o, &spec, error, sizeof error)) {
		bench_void(r, "%s", error);
	} else {
		measure(b, r, o, OUTPUT_DROP_N);
		output_free(o);
	}
	end_sink(fd, &address, reader);
}

static void measure_lonely(struct bench *b)
{
	struct output_spec spec = {.type = OUTPUT_ZMQ,
				   .target = "tcp://127.0.0.1:*",
				   .missing_sources = NO_PROCESSORS};
	struct bench_row *r = bench_row(b, "output_zmq_lonely");
	struct output *o;
	char error[256];

	if (output_open(&o, &spec, error, sizeof error)) {
		bench_void(r, "%s", error);
		return;
	}
	measure(b, r, o, OUTPUT_DROP_no_subscriber);
	output_free(o);
}

/* A subscriber on another thread, which reads all and looks at nothing. */
struct reader {
	pthread_t thread;
	atomic_bool stop;
	char endpoint[128];
	uint64_t bytes;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	void *context = zmq_ctx_new(), *sub = zmq_socket(context, ZMQ_SUB);
	int wait_ms = 50, none = 0;
	zmq_msg_t m;

	zmq_setsockopt(sub, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
	zmq_setsockopt(sub, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "flow", 4);
	zmq_connect(sub, r->endpoint);
	zmq_msg_init(&m);
	while (!atomic_load(&r->stop)) {
		int n = zmq_msg_recv(&m, sub, 0);

		r->bytes += n > 0 ? (uint64_t)n : 0;
	}
	zmq_msg_close(&m);
	zmq_close(sub);
	zmq_ctx_term(context);
	return NULL;
}

/* Records as fast as they go: a full queue waits for the subscriber, as with files. */
static void send_all(struct output *o, uint32_t n, uint64_t first)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_record r = record_of(first + i);

		while (!output_has_room(o))
			output_poll(o, clock_wall_ns());
		output_submit(o, &r);
		if (i % POLL_EVERY == POLL_EVERY - 1)
			output_poll(o, clock_wall_ns());
	}
	output_wait_empty(o, clock_monotonic_ns() + 10 * SECOND_NS);
}

static void measure_with_reader(struct bench *b, struct bench_row *row, struct output *o)
{
	const uint32_t n = records_of(b);
	const struct output_counters *c = output_counters(o);
	uint64_t given = 0, cpu_ns = 0;

	for (int i = 0; i < 5000 && !o->transport->ops->has_peer(o->transport, "flow"); i++)
		sleep_ns(1000000);
	for (unsigned int try = 0; try < b->tries; try++, given += n) {
		uint64_t start = clock_monotonic_ns(), cpu_start = thread_ns();

		send_all(o, n, given);
		cpu_ns += thread_ns() - cpu_start;
		bench_sample(row, clock_monotonic_ns() - start, n);
	}
	bench_check(row, "records sent", given, c->count[OUTPUT_sent]);
	bench_note(row, "%.0f bytes a record, %.0f records a message; the exporter's core %.0f ns",
		   (double)c->count[OUTPUT_sent_bytes] / (double)given,
		   (double)given / (double)c->count[OUTPUT_sent_messages],
		   (double)cpu_ns / (double)given);
}

static void measure_reader(struct bench *b)
{
	struct output_spec spec = {.type = OUTPUT_ZMQ,
				   .target = "tcp://127.0.0.1:*",
				   .lossless = true,
				   .flush_ms = 1,
				   .missing_sources = NO_PROCESSORS};
	struct bench_row *row = bench_row(b, "output_zmq_reader");
	struct reader r = {.stop = false};
	char error[256], expression[128];
	struct output *o;

	if (output_open(&o, &spec, error, sizeof error)) {
		bench_void(row, "%s", error);
		return;
	}
	output_own_traffic(o, expression, sizeof expression);
	snprintf(r.endpoint, sizeof r.endpoint, "tcp://127.0.0.1:%d",
		 atoi(strrchr(expression, ' ')));
	if (pthread_create(&r.thread, NULL, read_all, &r)) {
		bench_void(row, "no thread");
	} else {
		measure_with_reader(b, row, o);
		atomic_store(&r.stop, true);
		pthread_join(r.thread, NULL);
	}
	output_close(o, clock_monotonic_ns() + SECOND_NS);
	output_free(o);
}

void bench_outputs(struct bench *b)
{
	measure_null(b, "output_null", OUTPUT_NULL, false);
	measure_null(b, "output_json", OUTPUT_JSON, false);
	measure_null(b, "output_csv", OUTPUT_CSV, false);
	measure_null(b, "output_text", OUTPUT_TEXT, false);
	measure_encoder(b, "ipfix_encode", PROFILE_COMPAT);
	measure_encoder(b, "ipfix_encode_full", PROFILE_FULL);
	measure_null(b, "output_ipfix", OUTPUT_IPFIX, false);
	measure_null(b, "output_zmq_json", OUTPUT_ZMQ, false);
	measure_null(b, "output_zmq_tlv", OUTPUT_ZMQ, true);
	if (bench_wants(b, "output_ipfix_udp"))
		measure_udp(b);
	if (bench_wants(b, "output_zmq_reader"))
		measure_reader(b);
	if (bench_wants(b, "output_zmq_lonely"))
		measure_lonely(b);
}
