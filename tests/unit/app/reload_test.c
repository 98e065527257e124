/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asks for a reload, and what he is told: with an exporter that turns, and no lane. */
#include "options_run.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "core/clock.h"
#include "exporter_change.h"
#include "reload.h"

#define ASKERS 8
#define FIRST  "[port lo]\ndevice = af_packet:lo\n[output a]\ntype = null\n"

static struct {
	char words_of_line[3][32], *argv[4];
	struct options o;
	struct exporter exporter;
	struct opened_output outputs[OUTPUTS_MAX];
	struct identity identity;
	atomic_bool stop;
	pthread_t thread;
	struct reload *reload;
} x;

static atomic_int n_began, n_ended;
static char last_told[256];

static void began(void)
{
	n_began++;
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

	struct reload_probe p = {.o = &x.o,
				 .exporter = &x.exporter,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(told_what_changed, open_all, close_all),
		cmocka_unit_test_setup_teardown(told_what_is_wrong, open_all, close_all),
		cmocka_unit_test_setup_teardown(many_ask_at_once, open_all, close_all),
		cmocka_unit_test_setup_teardown(the_program_ends, open_all, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
