/* SPDX-License-Identifier: BSD-3-Clause */
/* A new configuration held against a running one: what changes, what is kept, what is refused. */
#include "options_run.h"

#include <errno.h>
#include <unistd.h>

#include "reload_plan.h"

#define PORT "[port lo]\ndevice = af_packet:lo\n"

/* A configuration that runs, and a file that may be written anew. */
struct plan {
	char words_of_line[6][64], *argv[6];
	const char *path;
	struct options *running, *fresh;
	struct opened_output opened[OUTPUTS_MAX];
	struct reload_output fates[OUTPUTS_MAX];
	struct reload_words words;
	uint32_t processors;
	int rc;
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void add_word(struct plan *p, unsigned int i, const char *word)
{
	snprintf(p->words_of_line[i], sizeof p->words_of_line[i], "%s", word);
	p->argv[i] = p->words_of_line[i];
}

static void run_plan(struct plan *p, const char *text)
{
	memset(p, 0, sizeof *p);
	add_word(p, 0, "ftprobe");
	add_word(p, 1, "-c");
	add_word(p, 2, "reload_plan.conf");
	add_word(p, 3, "--quiet");
	p->path = p->argv[2];
	p->running = calloc(1, sizeof *p->running);
	p->fresh = calloc(1, sizeof *p->fresh);
	write_file(p->path, text);
	assert_int_equal(options_parse(p->running, 4, p->argv, stdout, stderr), OPTIONS_RUN);
	for (unsigned int i = 0; i < p->running->n_outputs; i++)
		opened_output_note(&p->opened[i], NULL, &p->running->outputs[i]);
}

/* NULL: the file stays as it is. */
static void reload_with(struct plan *p, const char *text)
{
	struct ft_options ft;

	if (text)
		write_file(p->path, text);
	options_to_ft(p->running, &ft);
	p->words = (struct reload_words){0};
	p->rc = reload_read(p->fresh, p->running, p->words.error, sizeof p->words.error);
	if (p->rc == 0)
		p->rc = reload_plan_settings(p->fresh, p->running,
					     ft.processors | ft.processors_room, &p->processors,
					     &p->words);
	if (p->rc == 0)
		p->rc = reload_plan_outputs(p->fates, p->fresh, p->opened, p->running->n_outputs,
					    &p->words);
}

static void end_plan(struct plan *p)
{
	unlink(p->path);
	free(p->running);
	free(p->fresh);
}

/* Whoever marks a row has to say so here, and to make it true. */
static void what_reloads(void **state)
{
	static const enum option_setting taken[] = {
		SETTING_probe_log_level,
		SETTING_probe_stop_timeout,
		SETTING_lane_bpf,
		SETTING_lane_exclude_own_export,
		SETTING_table_idle_timeout,
		SETTING_table_active_timeout,
		SETTING_table_slice_timeout,
		SETTING_table_tcp_linger,
		SETTING_dpi_processors,
	};

	(void)state;
	for (enum option_setting id = 0; id < SETTING_N; id++) {
		const struct setting *s = option_setting(id);
		bool expected = s->section == SECTION_output;

		for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
			expected |= taken[i] == id;
		if (s->reload != expected)
			fail_msg("[%s] %s", option_section(s->section)->name, s->key);
	}
}

static void nothing_changes(void **state)
{
	struct plan p;

	(void)state;
	run_plan(&p, PORT "[output a]\ntype = json\ntarget = a.json\n[dpi]\nprocessors = all\n");
	reload_with(&p, NULL);
	assert_int_equal(p.rc, 0);
	assert_string_equal(p.words.changed, "");
	assert_string_equal(p.words.restart, "");
	assert_int_equal(p.fates[0].fate, RELOAD_STAYS);
	assert_int_equal(p.processors, PROCESSORS_ALL);
	end_plan(&p);
}

static void settings_change_or_are_kept(void **state)
{
	struct plan p;

	(void)state;
	run_plan(&p, PORT "[table]\nidle_timeout = 3s\n[processor pstats]\nskip_dup = yes\n");
	reload_with(&p, "[port lo]\ndevice = af_packet:lo\nqueues = 2\n[port eth7]\n"
			"[table]\nidle_timeout = 4s\nmax_flows = 4096\ntunnels = yes\n"
			"[lane]\nbpf = udp\ncores = 1\n[probe]\nlog_level = debug\n");
	assert_int_equal(p.rc, 0);
	assert_string_equal(p.words.changed, "[probe] log_level = debug; [lane] bpf = udp; "
					     "[table] idle_timeout = 4s");
	assert_string_equal(p.words.restart,
			    "[lane] cores: needs a restart; kept at 'auto'\n"
			    "[table] max_flows: needs a restart; kept at '500000'\n"
			    "[table] tunnels: needs a restart; kept at 'no'\n"
			    "[port lo] queues: needs a restart; kept at '1'\n"
			    "[port eth7]: needs a restart; left out until then\n"
			    "[processor pstats]: needs a restart; kept");
	assert_true(p.fresh->table.idle_timeout_ns == 4000000000);
	assert_int_equal(p.fresh->table.max_flows, 500000);
	assert_false(p.fresh->table.tunnels);
	assert_int_equal(p.fresh->lane.cores.n, 0);
	assert_int_equal(p.fresh->n_ports, 1);
	assert_int_equal(p.fresh->ports[0].queues, 1);
	assert_true(p.fresh->processors[0].skip_dup);
	end_plan(&p);
}

static void processors_have_room_or_not(void **state)
{
	struct plan p;

	(void)state;
	run_plan(&p, PORT "[dpi]\nprocessors = pstats\nprocessors_room = mpls\n"
			  "[output a]\ntype = json\ntarget = a.json\n");
	reload_with(&p, PORT "[dpi]\nprocessors = mpls, bstats\nprocessors_room = mpls\n"
			     "[output a]\ntype = json\ntarget = a.json\n");
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.processors, 1U << PROCESSOR_mpls);
	assert_says(p.words.restart, "[dpi] processors: bstats needs a restart");
	assert_int_equal(p.fresh->outputs[0].missing_sources,
			 processors_missing_sources(1U << PROCESSOR_mpls));
	assert_int_equal(p.fates[0].fate, RELOAD_STAYS);
	end_plan(&p);
}

static void bad_files(void **state)
{
	static const char *const cases[][2] = {
		{PORT "[table]\nidle_timeout = never\n",
		 ":4: [table] idle_timeout: 'never' is not a duration"},
		{PORT "[tabel]\n", ":3: [tabel]: there is no such section; did you mean [table]?"},
		{PORT "[table]\nidle_timeuot = 1\nmax_flow = 2\n",
		 "and 1 more; ftprobe --check says all)"},
		{PORT "[lane]\nbpf = host\n", "pcap-filter(7)"},
		{PORT "[table]\nslice_timeout = 500s\n", "is not below active_timeout"},
		{"", "nothing to read"},
		{PORT "[output a]\ntype = ipfix\ntarget = tls://127.0.0.1\n", "TLS needs cert"},
		{PORT "[dpi]\nprocessors = nothing\n", "there is no processor nothing"},
		{PORT "[output a]\n[output b]\ntype = json\n", "standard output"},
	};
	struct plan p;

	(void)state;
	run_plan(&p, PORT);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		reload_with(&p, cases[i][0]);
		assert_int_equal(p.rc, -EINVAL);
		assert_says(p.words.error, cases[i][1]);
		assert_null(strchr(p.words.error, '\n'));
		assert_null(strstr(p.words.error, "ftprobe: "));
	}
	unlink(p.path);
	reload_with(&p, NULL);
	assert_int_equal(p.rc, -EINVAL);
	assert_says(p.words.error, "cannot be opened");
	end_plan(&p);
}

#define OUTPUT_A(rest) PORT "[output a]\n" rest
#define OUTPUT_B(rest) OUTPUT_A(rest) "[output b]\n" rest

/* One output that runs, one that is asked for, and what becomes of it. */
static void fates_of_outputs(void **state)
{
	static const struct {
		const char *runs, *asked;
		enum reload_fate fate;
	} cases[] = {
		{"type = json\ntarget = x.json\n", "type = json\ntarget = y.json\n", RELOAD_OPENS},
		{"type = json\ntarget = x.json\n", "type = csv\ntarget = x.json\n", RELOAD_OPENS},
		{"type = json\ntarget = x.json\n",
		 "type = json\ntarget = x.json\nqueue_records = 99\n", RELOAD_OPENS},
		{"type = json\n", "type = csv\n", RELOAD_OPENS},
		{"type = zmq\ntarget = tcp://*:5556\n",
		 "type = zmq\ntarget = tcp://127.0.0.1:5556\n", RELOAD_REOPENS},
		{"type = zmq\ntarget = tcp://*:5556\n",
		 "type = zmq\ntarget = tcp://*:5556\nbatch = 9\n", RELOAD_REOPENS},
		{"type = zmq\ntarget = tcp://*:5556\n", "type = zmq\ntarget = tcp://*:5557\n",
		 RELOAD_OPENS},
		{"type = zmq\nmode = connect\ntarget = tcp://127.0.0.1:5556\n",
		 "type = zmq\nmode = connect\ntarget = tcp://127.0.0.1:5556\nbatch = 9\n",
		 RELOAD_OPENS},
		{"type = zmq\ntarget = ipc:///tmp/a\n",
		 "type = zmq\ntarget = ipc:///tmp/a\nbatch = 9\n", RELOAD_REOPENS},
		{"type = ipfix\ntarget = udp://127.0.0.1\n",
		 "type = ipfix\ntarget = udp://127.0.0.1\nprofile = full\n", RELOAD_OPENS},
		{"type = ipfix\ntarget = x.ipfix\nrotate_time = 60s\n",
		 "type = ipfix\ntarget = x.ipfix\nrotate_time = 61s\n", RELOAD_REOPENS},
		{"type = ipfix\ntarget = x.ipfix\n",
		 "type = ipfix\ntarget = x.ipfix\nprofile = full\n", RELOAD_STAYS},
	};
	char runs[512], asked[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct plan p;

		snprintf(runs, sizeof runs, OUTPUT_A("%s"), cases[i].runs);
		snprintf(asked, sizeof asked, OUTPUT_A("%s"), cases[i].asked);
		run_plan(&p, runs);
		reload_with(&p, asked);
		assert_int_equal(p.rc, 0);
		if (p.fates[0].fate != cases[i].fate)
			fail_msg("case %zu: %d", i, (int)p.fates[0].fate);
		if (cases[i].fate == RELOAD_STAYS)
			assert_says(p.words.restart, "[output a]: writes the IPFIX file x.ipfix");
		else
			assert_says(p.words.changed, "output a: opened");
		reload_with(&p, runs);
		assert_int_equal(p.fates[0].fate, RELOAD_STAYS);
		assert_string_equal(p.words.changed, "");
		end_plan(&p);
	}
}

/* What one holds, a second one does not get. */
static void two_in_one_place(void **state)
{
	struct plan p;

	(void)state;
	run_plan(&p, OUTPUT_A("type = zmq\ntarget = tcp://*:5556\n"));
	reload_with(&p, OUTPUT_B("type = zmq\ntarget = tcp://*:5556\n"));
	assert_int_equal(p.rc, -EINVAL);
	assert_says(p.words.error, "outputs a and b cannot both be at tcp://*:5556");
	end_plan(&p);
}

/* Somebody renamed the file of lines, or renewed what an output reads. */
static void files_behind_outputs(void **state)
{
	struct plan p;

	(void)state;
	write_file("reload_plan.ids", "1 A\n");
	write_file("reload_plan.json", "");
	run_plan(&p, PORT "[output a]\ntype = json\ntarget = reload_plan.json\n"
			  "[output b]\ntype = zmq\ntarget = 5556\nndpi_ids = reload_plan.ids\n");
	reload_with(&p, NULL);
	assert_string_equal(p.words.changed, "");
	assert_int_equal(rename("reload_plan.json", "reload_plan.json.1"), 0);
	reload_with(&p, NULL);
	assert_string_equal(p.words.changed, "output a: opened");
	assert_int_equal(p.fates[0].fate, RELOAD_OPENS);
	assert_int_equal(rename("reload_plan.json.1", "reload_plan.json"), 0);
	assert_int_equal(rename("reload_plan.ids", "reload_plan.ids.1"), 0);
	write_file("reload_plan.ids", "1 B\n");
	reload_with(&p, NULL);
	assert_string_equal(p.words.changed, "output b: opened anew");
	unlink("reload_plan.ids");
	unlink("reload_plan.ids.1");
	unlink("reload_plan.json");
	end_plan(&p);
}

/* Files have their filters where they are read. */
static void with_files_the_filter_is_kept(void **state)
{
	struct plan p;

	(void)state;
	run_plan(&p, PORT);
	p.running->files[0] = "x";
	p.running->n_files = 1;
	p.running->n_ports = 0;
	add_word(&p, 3, "-r");
	add_word(&p, 4, "x");
	p.running->argc = 5;
	reload_with(&p, PORT "[lane]\nbpf = udp\n");
	assert_int_equal(p.rc, 0);
	assert_says(p.words.restart, "[lane] bpf: needs a restart");
	assert_string_equal(p.fresh->lane.bpf, "");
	end_plan(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_reloads),
		cmocka_unit_test(nothing_changes),
		cmocka_unit_test(settings_change_or_are_kept),
		cmocka_unit_test(processors_have_room_or_not),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(fates_of_outputs),
		cmocka_unit_test(two_in_one_place),
		cmocka_unit_test(files_behind_outputs),
		cmocka_unit_test(with_files_the_filter_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
