/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs: what -o takes, the identity of the counters whatever the transport does, no torn line.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "export/output_internal.h"
#include "sample_records.h"

/* A transport that does as it is told, and keeps what it took. */
struct told {
	struct transport base;
	char *taken;
	size_t taken_len, taken_max;
	int mood; /* 0 takes all, 1 some bytes, 2 nothing now, 3 refuses, 4 at random, else -errno
		   */
	bool no_peer, closed;
};

static int pick(const struct told *t)
{
	return t->mood == 4 ? rand() % 4 : t->mood;
}

static void keep(struct told *t, const void *bytes, size_t len)
{
	if (t->taken_len + len <= t->taken_max)
		memcpy(t->taken + t->taken_len, bytes, len);
	t->taken_len += len;
}

static ssize_t told_send(struct transport *base, const struct iovec *pieces, int n)
{
	struct told *t = (struct told *)base;
	int mood = pick(t);
	size_t all = 0, left;

	for (int i = 0; i < n; i++)
		all += pieces[i].iov_len;
	if (mood < 0)
		return mood;
	if (mood == 2)
		return -EAGAIN;
	if (mood == 3)
		return -ENOSPC;
	left = mood == 1 ? (size_t)rand() % (all + 1) : all;
	all = left;
	for (int i = 0; i < n && left; i++) {
		size_t len = pieces[i].iov_len < left ? pieces[i].iov_len : left;

		keep(t, pieces[i].iov_base, len);
		left -= len;
	}
	return (ssize_t)all;
}

static bool told_has_peer(struct transport *base, const char *topic)
{
	(void)topic;
	return !((struct told *)base)->no_peer;
}

static void told_close(struct transport *base, uint64_t deadline_ns)
{
	(void)deadline_ns;
	((struct told *)base)->closed = true;
}

static const struct transport_ops told_ops = {
	.send = told_send, .has_peer = told_has_peer, .close = told_close};

static struct told told_make(void)
{
	struct told t = {.base.ops = &told_ops, .taken_max = 64 << 20};

	t.taken = malloc(t.taken_max);
	assert_non_null(t.taken);
	return t;
}

static uint64_t dropped(const struct output *o)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < OUTPUT_DROP_N; i++)
		sum += output_counters(o)->dropped[i];
	return sum;
}

static void check_identity(const struct output *o)
{
	const uint64_t *c = output_counters(o)->count;

	assert_int_equal(c[OUTPUT_offered],
			 c[OUTPUT_sent] + c[OUTPUT_in_doubt] + c[OUTPUT_queued] + dropped(o));
}

static struct output *open_told(struct told *t, enum output_type type, uint32_t records_max)
{
	struct output_spec spec = {.type = type, .queue_records_max = records_max};
	struct output *o;

	assert_int_equal(output_open_over(&o, &spec, &t->base), 0);
	return o;
}

/* Lines of JSON that were taken, each whole, each ending in "}\n". */
static uint64_t whole_lines(const struct told *t)
{
	uint64_t lines = 0;
	size_t start = 0;

	for (size_t i = 0; i < t->taken_len; i++) {
		if (t->taken[i] != '\n')
			continue;
		assert_int_equal(strncmp(t->taken + start, "{\"schema\":", 10), 0);
		assert_int_equal(t->taken[i - 1], '}');
		start = i + 1;
		lines++;
	}
	return lines;
}

static void run_random(enum output_type type, int mood)
{
	struct told t = told_make();
	struct output *o = open_told(&t, type, 50);
	uint64_t now_ns = SAMPLE_NS;

	t.mood = mood;
	for (uint32_t i = 0; i < 4000; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		check_identity(o);
		t.no_peer = rand() % 50 == 0;
		now_ns += (uint64_t)(rand() % 100000000);
		if (rand() % 20 == 0)
			output_poll(o, now_ns);
		check_identity(o);
	}
	t.mood = mood == 4 ? 0 : mood;
	output_close(o, clock_monotonic_ns() + 2000000);
	check_identity(o);
	assert_true(t.closed);
	assert_int_equal(output_counters(o)->count[OUTPUT_queued], 0);
	assert_int_equal(output_counters(o)->count[OUTPUT_offered], 4000);
	if (type == OUTPUT_JSON && mood == 4) {
		assert_int_equal(whole_lines(&t), output_counters(o)->count[OUTPUT_sent]);
		assert_int_equal(t.taken[t.taken_len - 1], '\n');
	}
	output_free(o);
	free(t.taken);
}

static void test_identity_whatever_happens(void **state)
{
	static const enum output_type types[] = {OUTPUT_TEXT, OUTPUT_CSV,   OUTPUT_JSON,
						 OUTPUT_ZMQ,  OUTPUT_IPFIX, OUTPUT_NULL};

	(void)state;
	srand(11);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		bool messages = types[i] == OUTPUT_ZMQ || types[i] == OUTPUT_IPFIX;

		for (int mood = 0; mood <= 4; mood++)
			if (!messages || mood == 0 || mood == 2 || mood == 3)
				run_random(types[i], mood);
	}
}

static void test_names_of_losses(void **state)
{
	struct told t = told_make();
	struct output *o = open_told(&t, OUTPUT_JSON, 10);
	struct flow_record r = sample_ipv4();
	const struct output_counters *c = output_counters(o);

	(void)state;
	for (int i = 0; i < 12; i++)
		output_submit(o, &r);
	assert_int_equal(c->dropped[OUTPUT_DROP_queue_full], 2);
	assert_int_equal(c->count[OUTPUT_queued], 10);
	assert_int_equal(c->count[OUTPUT_queued_max], 10);
	assert_false(output_has_room(o));
	t.mood = 3;
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	assert_int_equal(c->dropped[OUTPUT_DROP_transport], 10);
	assert_string_equal(output_last_error(o), "json: No space left on device");
	t.mood = 2;
	output_submit(o, &r);
	output_close(o, 0);
	assert_int_equal(c->dropped[OUTPUT_DROP_shutdown], 1);
	output_submit(o, &r);
	assert_int_equal(c->dropped[OUTPUT_DROP_shutdown], 2);
	check_identity(o);
	output_free(o);
	free(t.taken);
}

static void test_the_reader_goes(void **state)
{
	struct told t = told_make();
	struct output *o = open_told(&t, OUTPUT_JSON, 10);
	struct flow_record r = sample_ipv4();

	(void)state;
	output_submit(o, &r);
	assert_false(output_reader_gone(o));
	t.mood = -EPIPE;
	output_poll(o, SAMPLE_NS);
	output_poll(o, SAMPLE_NS + OUTPUT_FLUSH_NS);
	assert_true(output_reader_gone(o));
	assert_true(output_has_room(o));
	output_submit(o, &r);
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_transport], 2);
	check_identity(o);
	output_free(o);
	free(t.taken);
}

static void test_zmq_waits_for_its_first_subscriber(void **state)
{
	struct told t = told_make();
	struct output_spec spec = {.type = OUTPUT_ZMQ,
				   .zmq_format = ZMQ_JSON_FLOW,
				   .batch_records = 1,
				   .lossless = true};
	struct flow_record r = sample_ipv4();
	const struct output_counters *c;
	struct output *o;

	(void)state;
	assert_int_equal(output_open_over(&o, &spec, &t.base), 0);
	c = output_counters(o);
	t.no_peer = true;
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 1);
	assert_int_equal(output_poll(o, SAMPLE_NS + OUTPUT_SUBSCRIBER_WAIT_NS - 1), 1);
	assert_int_equal(output_poll(o, SAMPLE_NS + OUTPUT_SUBSCRIBER_WAIT_NS), 0);
	assert_int_equal(c->dropped[OUTPUT_DROP_no_subscriber], 1);
	t.no_peer = false;
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	assert_int_equal(c->count[OUTPUT_sent], 1);
	/* The header: topic, version, size, number (one was lost before), source id. */
	assert_memory_equal(t.taken, "flow\0\0\0\0\0\0\0\0\0\0\0\0\x02\0", 18);
	assert_int_equal(load_be16(t.taken + 18), t.taken_len - 28);
	assert_int_equal(load_be32(t.taken + 20), 1);
	assert_memory_equal(t.taken + 24, "\x01\0\0\0{\"schema\"", 13);
	assert_int_equal(t.taken[t.taken_len - 1], '}');
	/* Who came once and went is not waited for. */
	t.no_peer = true;
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	assert_int_equal(c->dropped[OUTPUT_DROP_no_subscriber], 2);
	output_free(o);
	free(t.taken);
}

static void test_small_batches_wait_half_a_second(void **state)
{
	struct told t = told_make();
	struct output *o = open_told(&t, OUTPUT_CSV, 0);
	struct flow_record r = sample_ipv4();

	(void)state;
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 1);
	assert_int_equal(output_poll(o, SAMPLE_NS + OUTPUT_FLUSH_NS - 1), 1);
	assert_int_equal(output_poll(o, SAMPLE_NS + OUTPUT_FLUSH_NS), 0);
	output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 1); /* the clock was set back */
	for (int i = 0; i < OUTPUT_BATCH_RECORDS; i++)
		output_submit(o, &r);
	assert_int_equal(output_poll(o, SAMPLE_NS), 1); /* a full batch does not wait */
	o->spec.flush_lines = true;
	assert_int_equal(output_poll(o, SAMPLE_NS), 0);
	output_free(o);
	free(t.taken);
}

struct spec_row {
	const char *text;
	enum output_type type;
	const char *target, *name;
};

static const struct spec_row good[] = {
	{"text", OUTPUT_TEXT, "", "text"},
	{"csv", OUTPUT_CSV, "", "csv"},
	{"json:-", OUTPUT_JSON, "-", "json:-"},
	{"json:/tmp/a:b", OUTPUT_JSON, "/tmp/a:b", "json:/tmp/a:b"},
	{"null", OUTPUT_NULL, "", "null"},
	{"zmq:tcp://*:5556", OUTPUT_ZMQ, "tcp://*:5556", "zmq:tcp://*:5556"},
	{"zmq:zmq://*:5556", OUTPUT_ZMQ, "tcp://*:5556", "zmq:tcp://*:5556"},
	{"zmq:tcp://h:5556c", OUTPUT_ZMQ, "tcp://h:5556", "zmq:tcp://h:5556"},
	{"zmq:5556", OUTPUT_ZMQ, "tcp://127.0.0.1:5556", "zmq:tcp://127.0.0.1:5556"},
	{"zmq:tcp://:5556", OUTPUT_ZMQ, "tcp://127.0.0.1:5556", "zmq:tcp://127.0.0.1:5556"},
	{"zmq:tcp://[::1]:5556", OUTPUT_ZMQ, "tcp://[::1]:5556", "zmq:tcp://[::1]:5556"},
	{"zmq:5556,ipc:///x", OUTPUT_ZMQ, "tcp://127.0.0.1:5556 ipc:///x",
	 "zmq:tcp://127.0.0.1:5556 ipc:///x"},
	{"zmq:tcp://[::1]:*", OUTPUT_ZMQ, "tcp://[::1]:*", "zmq:tcp://[::1]:*"},
	{"zmq:ipc:///run/abc", OUTPUT_ZMQ, "ipc:///run/abc", "zmq:ipc:///run/abc"},
	{"zmq:ipc:///run/x", OUTPUT_ZMQ, "ipc:///run/x", "zmq:ipc:///run/x"},
	{"ipfix:flows.ipfix", OUTPUT_IPFIX, "flows.ipfix", "ipfix:flows.ipfix"},
	{"ipfix:/a b,c", OUTPUT_IPFIX, "/a b,c", "ipfix:/a b,c"},
	{"ipfix:tcp://h", OUTPUT_IPFIX, "tcp://h:4739", "ipfix:tcp://h:4739"},
	{"ipfix:tls://[::1]", OUTPUT_IPFIX, "tls://[::1]:4740", "ipfix:tls://[::1]:4740"},
	{"ipfix:tcp://a,udp://b:5 , tls://c", OUTPUT_IPFIX, "tcp://a:4739 udp://b:5 tls://c:4740",
	 "ipfix:tcp://a:4739 udp://b:5 tls://c:4740"},
	{"ipfix:udp://h", OUTPUT_IPFIX, "udp://h:4739", "ipfix:udp://h:4739"},
	{"ipfix:udp://h:1", OUTPUT_IPFIX, "udp://h:1", "ipfix:udp://h:1"},
	{"ipfix:udp://[::1]", OUTPUT_IPFIX, "udp://[::1]:4739", "ipfix:udp://[::1]:4739"},
	{"ipfix:udp://[::1]:65535", OUTPUT_IPFIX, "udp://[::1]:65535", "ipfix:udp://[::1]:65535"},
	{"json:/a/path/that/is/so/long/that/its/name/keeps/the/end/only/flows.json", OUTPUT_JSON,
	 "/a/path/that/is/so/long/that/its/name/keeps/the/end/only/flows.json",
	 ".../that/is/so/long/that/its/name/keeps/the/end/only/flows.json"},
};

static const char *const bad[] = {
	"",
	":",
	"xml",
	"jso",
	"json:",
	"text:",
	"TEXT",
	"null:x",
	"zmq",
	"zmq:",
	"zmq:tcp://",
	"zmq:udp://1",
	"zmq:tcp://*:70000",
	"zmq:tcp://::1:5556",
	"zmq:tcp://*",
	"zmq:tcp://*:5556c",
	"zmq:tcp://h:c",
	"zmq:tcp://h:*c",
	"zmq:tcp://h:5556cc",
	"zmq:tcp://h:70000c",
	"ipfix",
	"ipfix:",
	"ipfix:-",
	"ipfix:h:1",
	"ipfix:192.0.2.1",
	"ipfix:2001:db8::1",
	"ipfix:sctp://h:1",
	"ipfix:tcp://h:1,x",
	"ipfix:tcp://h:1 tcp://",
	"ipfix:tcp://1,tcp://2,tcp://3,tcp://4,tcp://5,tcp://6,tcp://7,tcp://8,tcp://9",
	"ipfix:udp://",
	"ipfix:udp://:1",
	"ipfix:udp://h:",
	"ipfix:udp://h:0",
	"ipfix:udp://h:65536",
	"ipfix:udp://h:1x",
	"ipfix:udp://h:000001",
	"ipfix:udp://::1",
	"ipfix:udp://[::1",
	"ipfix:udp://[]:1",
	"ipfix:udp://[::1]x",
	"ipfix:udp://h:-1",
};

static void test_spec_parse(void **state)
{
	char error[200], too_long[600] = "json:";

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct output_spec s = {.mtu_bytes = 7, .lossless = true};

		assert_int_equal(output_spec_parse(&s, good[i].text, error, sizeof error), 0);
		assert_int_equal(s.type, good[i].type);
		assert_string_equal(s.target, good[i].target);
		assert_string_equal(s.name, good[i].name);
		assert_true(s.mtu_bytes == 7 && s.lossless);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct output_spec s = {.name = "kept", .target = "kept", .type = OUTPUT_NULL};

		error[0] = '\0';
		if (output_spec_parse(&s, bad[i], error, sizeof error) != -EINVAL)
			fail_msg("%s was taken", bad[i]);
		assert_true(strlen(error) > 10 && !strchr(error, '\n'));
		assert_string_equal(s.name, "kept");
		assert_string_equal(s.target, "kept");
		assert_int_equal(s.type, OUTPUT_NULL);
	}
	memset(too_long + 5, 'x', sizeof too_long - 6);
	assert_int_equal(output_spec_parse(&(struct output_spec){0}, too_long, error, sizeof error),
			 -EINVAL);
}

static void check_refused(const char *text, int wanted, const char *word)
{
	struct output_spec spec = {0};
	struct output *o = (struct output *)text;
	char error[256] = "";

	assert_int_equal(output_spec_parse(&spec, text, error, sizeof error), 0);
	assert_int_equal(output_open(&o, &spec, error, sizeof error), wanted);
	assert_ptr_equal(o, text);
	if (!strstr(error, word) || strchr(error, '\n'))
		fail_msg("%s: \"%s\" does not say %s", text, error, word);
}

static void test_open_says_what_to_do(void **state)
{
	struct output_spec spec = {.type = OUTPUT_NULL, .mtu_bytes = 100};
	struct output *o;
	char error[256];

	(void)state;
	check_refused("json:/no/such/folder/x", -ENOENT, "make its directory first");
	check_refused("json:/", -EISDIR, "name a file");
	check_refused("ipfix:udp://host.invalid:4739", -EHOSTUNREACH, "check the name");
	check_refused("zmq:tcp://no-such-device:5556", -ENODEV, "tcp://*:PORT");
	assert_int_equal(output_open(&o, &spec, error, sizeof error), -EINVAL);
	assert_non_null(strstr(error, "256"));
}

static void test_a_port_in_use(void **state)
{
	struct output_spec spec = {.type = OUTPUT_ZMQ, .target = "tcp://127.0.0.1:*"};
	char error[256], expression[64], *port;
	struct output *o;

	(void)state;
	assert_int_equal(output_open(&o, &spec, error, sizeof error), 0);
	assert_true(output_own_traffic(o, expression, sizeof expression) > 0);
	assert_int_equal(output_own_traffic(o, expression + 32, 5), -ENOSPC);
	port = strrchr(expression, ' ') + 1;
	assert_int_equal(strncmp(expression, "(tcp port ", 10), 0);
	port[strcspn(port, ")")] = '\0';
	snprintf(error, sizeof error, "zmq:tcp://127.0.0.1:%s", port);
	check_refused(error, -EADDRINUSE, "choose another");
	output_close(o, 0);
	output_free(o);
}

/* A real file, and no more in it than what was counted. */
static void test_a_file(void **state)
{
	char path[] = "/tmp/output_test.XXXXXX", line[65536], error[256];
	struct output_spec spec = {.type = OUTPUT_CSV};
	struct output *o;
	unsigned int lines = 0;
	FILE *f;

	(void)state;
	close(mkstemp(path));
	snprintf(spec.target, sizeof spec.target, "%s", path);
	assert_int_equal(output_open(&o, &spec, error, sizeof error), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
	}
	assert_int_equal(output_own_traffic(o, line, sizeof line), 0);
	assert_string_equal(line, "");
	output_close(o, clock_monotonic_ns() + 5000000000ULL);
	assert_int_equal(output_counters(o)->count[OUTPUT_sent], 1000);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		lines++;
	assert_int_equal(lines, 1001);
	assert_int_equal(ftell(f), output_counters(o)->count[OUTPUT_sent_bytes]);
	fclose(f);
	unlink(path);
	output_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_whatever_happens),
		cmocka_unit_test(test_names_of_losses),
		cmocka_unit_test(test_the_reader_goes),
		cmocka_unit_test(test_zmq_waits_for_its_first_subscriber),
		cmocka_unit_test(test_small_batches_wait_half_a_second),
		cmocka_unit_test(test_spec_parse),
		cmocka_unit_test(test_open_says_what_to_do),
		cmocka_unit_test(test_a_port_in_use),
		cmocka_unit_test(test_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
