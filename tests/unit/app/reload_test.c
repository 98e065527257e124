/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asks for a reload, and what he is told: with an exporter that turns, and no lane. */
#include "options_run.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "core/clock.h"
#include "export/output_internal.h"
#include "exporter_change.h"
#include "lane.h"
#include "log.h"
#include "reload.h"

#define ASKERS 8
#define FIRST  "[port lo]\ndevice = af_packet:lo\n[output a]\ntype = null\n"

static struct {
	char words_of_line[3][32], *argv[4];
	struct options o;
	struct exporter exporter;
	struct lane lane; /* has ended: it is asked, and need not come by */
	struct opened_output outputs[OUTPUTS_MAX];
	struct identity identity;
	atomic_bool stop;
	pthread_t thread;
	struct reload *reload;
} x;

static atomic_int n_began, n_ended;
static atomic_bool stands; /* reloads wait before they begin */
static char last_told[256];

static void began(void)
{
	n_began++;
	while (stands)
		sleep_ns(100000);
}

static void ended(const char *result)
{
	n_ended++;
	snprintf(last_told, sizeof last_told, "%s", result);
}

static void write_config(const char *text)
{
	FILE *f = fopen(x.argv[2], "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void *turn(void *unused)
{
	(void)unused;
	while (!x.stop) {
		exporter_turn(&x.exporter);
		sleep_ns(100000);
	}
	exporter_run(&x.exporter);
	return NULL;
}

static void add_word(unsigned int i, const char *word)
{
	snprintf(x.words_of_line[i], sizeof x.words_of_line[i], "%s", word);
	x.argv[i] = x.words_of_line[i];
}

static int open_all(void **state)
{
	char error[256];

	(void)state;
	memset(&x, 0, sizeof x);
	n_began = n_ended = 0;
	add_word(0, "ftprobe");
	add_word(1, "-c");
	add_word(2, "reload_test.conf");
	write_config(FIRST);
	assert_int_equal(options_parse(&x.o, 3, x.argv, stdout, stderr), OPTIONS_RUN);
	assert_int_equal(opened_output_open(&x.outputs[0], &x.o.outputs[0], error, sizeof error),
			 0);
	exporter_init(&x.exporter);
	x.exporter.live = true;
	x.exporter.stop = &x.stop;
	x.exporter.outputs[0] = x.outputs[0].output;
	x.exporter.n_outputs = 1;

	atomic_store(&x.lane.done, true);
	struct reload_probe p = {.o = &x.o,
				 .exporter = &x.exporter,
				 .lanes = &x.lane,
				 .n_lanes = 1,
				 .outputs = x.outputs,
				 .n_outputs = 1,
				 .identity = &x.identity,
				 .stop = &x.stop,
				 .began = began,
				 .ended = ended};
	struct lane_settings_from from = {.o = &x.o, .outputs = x.outputs, .n_outputs = 1};
	assert_int_equal(lane_settings_create(&p.settings, &from, error, sizeof error), 0);
	assert_int_equal(pthread_create(&x.thread, NULL, turn, NULL), 0);
	assert_int_equal(reload_create(&x.reload, &p), 0);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	x.stop = true;
	pthread_join(x.thread, NULL);
	assert_true(reload_destroy(x.reload));
	for (unsigned int i = 0; i < x.exporter.n_outputs; i++)
		output_free(x.exporter.outputs[i]);
	exporter_fini(&x.exporter);
	unlink(x.argv[2]);
	return 0;
}

static unsigned int count_outputs(void)
{
	unsigned int n;

	exporter_hold(&x.exporter);
	n = x.exporter.n_outputs;
	exporter_let_go(&x.exporter);
	return n;
}

static void told_what_changed(void **state)
{
	char message[1024];
	struct options now;

	(void)state;
	write_config(FIRST "[output b]\ntype = null\n"
			   "[table]\nidle_timeout = 7s\nmax_flows = 4096\n");
	assert_int_equal(reload_ask(x.reload, message, sizeof message), 0);
	assert_string_equal(message,
			    "reload_test.conf: [table] idle_timeout = 7s; output b: opened\n"
			    "[table] max_flows: needs a restart; kept at '500000'");
	/* A manager is told one line. */
	assert_string_equal(last_told,
			    "reload_test.conf: [table] idle_timeout = 7s; output b: opened");
	assert_int_equal(count_outputs(), 2);
	reload_options(x.reload, &now);
	assert_true(now.table.idle_timeout_ns == 7000000000);
	assert_int_equal(now.table.max_flows, 500000);
	assert_int_equal(now.n_outputs, 2);
	write_config(FIRST);
	assert_int_equal(reload_ask(x.reload, message, sizeof message), 0);
	assert_string_equal(message,
			    "reload_test.conf: [table] idle_timeout = 30s; output b: closed");
	assert_int_equal(count_outputs(), 1);
	assert_int_equal(x.exporter.before.n, 1);
}

static void told_what_is_wrong(void **state)
{
	char message[1024];
	struct options now;

	(void)state;
	write_config(FIRST "[table]\nidle_timeout = 7s\nmax_flow = 4096\n");
	assert_int_equal(reload_ask(x.reload, message, sizeof message), -EINVAL);
	assert_string_equal(message, "kept the old configuration: reload_test.conf:7: [table] "
				     "max_flow: there is no such key; did you mean max_flows?");
	write_config(FIRST "[output b]\ntype = json\ntarget = /nonexistent/file\n");
	assert_true(reload_ask(x.reload, message, sizeof message) < 0);
	assert_says(message, "reload_test.conf: [output b]: cannot open /nonexistent/file");
	reload_options(x.reload, &now);
	assert_true(now.table.idle_timeout_ns == 30000000000);
	assert_int_equal(count_outputs(), 1);
	assert_int_equal(n_began, 2);
	assert_int_equal(n_ended, 2);
}

static void *ask(void *rc)
{
	char message[256];

	*(int *)rc = reload_ask(x.reload, message, sizeof message);
	return NULL;
}

/* All are served, by fewer reloads than there are askers. */
static void many_ask_at_once(void **state)
{
	pthread_t threads[ASKERS];
	int rc[ASKERS];

	(void)state;
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &rc[i]), 0);
	for (int i = 0; i < ASKERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(rc[i], 0);
	}
	assert_in_range(n_ended, 1, ASKERS);
	assert_int_equal(n_began, n_ended);
	n_ended = 0;
	for (int i = 0; i < 1000; i++)
		reload_ask_soon(x.reload);
	assert_int_equal(reload_ask(x.reload, (char[64]){0}, 64), 0);
	assert_in_range(n_ended, 1, 500);
}

/* The program ends while a reload is asked for: nobody waits for ever, nothing is lost. */
static void the_program_ends(void **state)
{
	pthread_t threads[ASKERS];
	int rc[ASKERS];

	(void)state;
	write_config(FIRST "[output b]\ntype = null\n");
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &rc[i]), 0);
	x.stop = true;
	for (int i = 0; i < ASKERS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(rc[i] == 0 || rc[i] == -ECANCELED);
	}
}

/* Who waits is told at once, so that the end of the program does not wait for a reload. */
static void told_of_the_end_at_once(void **state)
{
	pthread_t thread;
	int rc = 0;

	(void)state;
	stands = true;
	assert_int_equal(pthread_create(&thread, NULL, ask, &rc), 0);
	while (!n_began)
		sleep_ns(100000);
	reload_end_soon(x.reload);
	pthread_join(thread, NULL);
	assert_int_equal(rc, -ECANCELED);
	assert_int_equal(n_ended, 0);
	stands = false;
}

/* A run that is told to stop is told as it was. */
static void no_change_after_the_stop(void **state)
{
	struct exporter_change change = {0};
	struct exporter e = {0};
	atomic_bool stop = true;

	(void)state;
	exporter_init(&e);
	e.stop = &stop;
	e.change = &change;
	exporter_take_change(&e);
	assert_false(change.done);
	stop = false;
	exporter_take_change(&e);
	assert_true(change.done);
	exporter_fini(&e);
}

/* The level that ftprobectl sets stays, unless the configuration has another one. */
static void a_level_set_by_hand_stays(void **state)
{
	char message[1024];

	(void)state;
	log_set_level(LOG_LEVEL_DEBUG);
	write_config(FIRST "[table]\nidle_timeout = 7s\n");
	assert_int_equal(reload_ask(x.reload, message, sizeof message), 0);
	assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
	write_config(FIRST "[probe]\nlog_level = error\n");
	assert_int_equal(reload_ask(x.reload, message, sizeof message), 0);
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
	log_set_level(LOG_LEVEL_NOTICE);
}

/* UDP to an address and port; whether the lanes leave it out. */
static bool left_out(const uint8_t address[4], uint16_t port)
{
	const struct lane_settings *s = atomic_load(&x.lane.wanted);
	uint8_t frame[60] = {[12] = 0x08, [14] = 0x45, [23] = 17};

	memcpy(frame + 26, address, 4);
	memcpy(frame + 30, address, 4);
	frame[36] = (uint8_t)(port >> 8);
	frame[37] = (uint8_t)port;
	return s && s->has_own &&
	       bpf_filter(s->own.bf_insns, frame, sizeof frame, sizeof frame) != 0;
}

static bool left_out_soon(const uint8_t address[4], uint16_t port)
{
	for (int i = 0; i < 5000 && !left_out(address, port); i++)
		sleep_ns(1000000);
	return left_out(address, port);
}

static int elsewhere(const struct transport *t, char *expression, size_t len)
{
	(void)t;
	return snprintf(expression, len, "(udp and dst host 10.9.9.9 and dst port 4739)");
}

/* As when the name of a collector means another address. */
static void move_output(struct output *o)
{
	static struct transport_ops ops;

	ops = *o->transport->ops;
	ops.own_traffic = elsewhere;
	__atomic_store_n(&o->transport->ops, &ops, __ATOMIC_RELEASE);
	__atomic_store_n(&o->transport->moves, 1, __ATOMIC_RELEASE);
}

#define COLLECTOR "[output c]\ntype = ipfix\ntarget = udp://127.0.0.1:47399\n"

static void own_traffic_follows_a_collector(void **state)
{
	static const uint8_t there[4] = {10, 9, 9, 9};
	char message[1024];

	(void)state;
	write_config(FIRST COLLECTOR);
	assert_int_equal(reload_ask(x.reload, message, sizeof message), 0);
	assert_false(left_out(there, 4739));
	move_output(x.outputs[1].output);
	assert_true(left_out_soon(there, 4739));
	/* What is noted of an output goes where the output goes. */
	write_config("[port lo]\ndevice = af_packet:lo\n" COLLECTOR);
	assert_int_equal(reload_ask(x.reload, message, sizeof message), 0);
	assert_true(left_out(there, 4739));
	assert_int_equal(x.exporter.traffic.seen[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(told_what_changed, open_all, close_all),
		cmocka_unit_test_setup_teardown(told_what_is_wrong, open_all, close_all),
		cmocka_unit_test_setup_teardown(many_ask_at_once, open_all, close_all),
		cmocka_unit_test_setup_teardown(the_program_ends, open_all, close_all),
		cmocka_unit_test_setup_teardown(told_of_the_end_at_once, open_all, close_all),
		cmocka_unit_test_setup_teardown(a_level_set_by_hand_stays, open_all, close_all),
		cmocka_unit_test_setup_teardown(own_traffic_follows_a_collector, open_all,
						close_all),
		cmocka_unit_test(no_change_after_the_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
