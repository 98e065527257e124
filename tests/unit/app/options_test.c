/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line, what must hold between settings, and the texts that are made from options.def.
 */
#include "options_run.h"

#include <unistd.h>

static void test_defaults(void **state)
{
	struct run *r = run_line("-r|a.pcap");
	const struct options *o = &r->o;

	(void)state;
	assert_int_equal(r->result, OPTIONS_RUN);
	assert_string_equal(r->err, "");
	assert_string_equal(r->said, "");
	assert_int_equal(o->n_files, 1);
	assert_string_equal(o->files[0], "a.pcap");
	assert_int_equal(o->table.max_flows, 500000);
	assert_true(o->table.idle_timeout_ns == 30000000000);
	assert_true(o->table.active_timeout_ns == 120000000000);
	assert_true(o->table.slice_timeout_ns == 0);
	assert_true(o->table.tcp_linger_ns == 2000000000);
	assert_int_equal(o->lane.count, 1);
	assert_int_equal(o->lane.burst, 32);
	assert_int_equal(o->lane.sampling, 1);
	assert_true(o->lane.exclude_own_export);
	assert_true(o->dpi.enabled && o->dpi.guess && o->dpi.extra);
	assert_int_equal(o->dpi.packets_tcp_max, DPI_PACKETS_TCP_DEFAULT);
	assert_int_equal(o->dpi.packets_udp_max, DPI_PACKETS_UDP_DEFAULT);
	assert_int_equal(o->dpi.flows_max, DPI_FLOWS_DEFAULT);
	assert_int_equal(o->dpi.flows_per_s_max, DPI_FLOWS_PER_S_DEFAULT);
	assert_true(o->dpi.bytes_max == DPI_BYTES_DEFAULT);
	assert_string_equal(o->eal.file_prefix, "ftprobe");
	assert_true(o->probe.stop_timeout_ns == 5000000000);
	assert_int_equal(o->n_outputs, 1);
	assert_int_equal(o->outputs[0].type, OUTPUT_TEXT);
	assert_int_equal(o->outputs[0].queue_records_max, OUTPUT_QUEUE_RECORDS_DEFAULT);
	assert_true(o->outputs[0].queue_bytes_max == OUTPUT_QUEUE_BYTES_DEFAULT);
	assert_int_equal(o->outputs[0].mtu_bytes, 0 /* auto */);
	assert_true(o->outputs[0].lossless);
	assert_false(o->outputs[0].flush_lines);
	run_free(r);
}

static void test_options_and_words_in_any_order(void **state)
{
	struct run *r = run_line(
		"tcp|-r|a|port 80|--read=-|--lanes|2|or|--no-dpi|--localtime|-q|--count|10|udp|"
		"--idle-timeout|250ms|--active-timeout|60|--slice-timeout=10s|--tunnels|"
		"--pid-file|p|--stats-json|s|-o|json|-o|null");

	(void)state;
	assert_string_equal(r->err, "");
	assert_int_equal(r->result, OPTIONS_RUN);
	assert_string_equal(r->o.lane.bpf, "tcp port 80 or udp");
	assert_int_equal(r->o.n_files, 2);
	assert_string_equal(r->o.files[1], "-");
	assert_int_equal(r->o.lane.count, 2);
	assert_false(r->o.dpi.enabled);
	assert_true(r->o.probe.localtime && r->o.outputs[0].local_time && r->o.quiet &&
		    r->o.table.tunnels);
	assert_true(r->o.count == 10);
	assert_true(r->o.table.idle_timeout_ns == 250000000);
	assert_true(r->o.table.active_timeout_ns == 60000000000);
	assert_true(r->o.table.slice_timeout_ns == 10000000000);
	assert_string_equal(r->o.probe.pid_file, "p");
	assert_string_equal(r->o.probe.stats_json, "s");
	assert_int_equal(r->o.n_outputs, 2);
	assert_int_equal(r->o.outputs[1].type, OUTPUT_NULL);
	run_free(r);
}

static void test_words_behind_two_dashes(void **state)
{
	struct run *r = run_line("-i|eth0|--|tcp[13]|-1|!= 0");

	(void)state;
	assert_int_equal(r->result, OPTIONS_RUN);
	assert_string_equal(r->o.lane.bpf, "tcp[13] -1 != 0");
	assert_true(r->o.outputs[0].flush_lines);
	assert_false(r->o.outputs[0].lossless);
	run_free(r);
}

static void test_interfaces(void **state)
{
	struct run *r =
		run_line("-i|net_pcap0,iface=eth0|-i|af_xdp:eth1|--interface=0000:3b:00.0|"
			 "--set|port.0000:3b:00.0.queues=4|--set|port.net_pcap0.mode=software|"
			 "--set|table.icmp_key=id");

	(void)state;
	assert_string_equal(r->err, "");
	assert_int_equal(r->o.n_ports, 3);
	assert_string_equal(r->o.ports[0].name, "net_pcap0");
	assert_string_equal(r->o.ports[0].device, "net_pcap0,iface=eth0");
	assert_int_equal(r->o.ports[0].mode, PORT_MODE_SOFTWARE);
	assert_string_equal(r->o.ports[1].device, "af_xdp:eth1");
	assert_int_equal(r->o.ports[2].queues, 4);
	assert_int_equal(r->o.table.icmp_key, ICMP_KEY_ID);
	run_free(r);
}

static void test_long_output_paths_get_names_of_their_own(void **state)
{
	struct run *r = run_line(
		"-r|x|-o|json:/a/very/long/path/that/does/not/fit/into/a/name/of/one/output.json|"
		"-o|json:/a/very/long/path/that/does/not/fit/into/a/name/of/two/output.json|"
		"-o|json:a b");

	(void)state;
	assert_string_equal(r->err, "");
	assert_int_equal(r->o.n_outputs, 3);
	assert_string_not_equal(r->o.outputs[0].name, r->o.outputs[1].name);
	assert_null(strchr(r->o.outputs[2].name, ' '));
	run_free(r);
}

/* A command line that is refused, and words of the one line that says why. */
static const struct {
	const char *line, *says;
} bad_lines[] = {
	{"", "nothing to read: give -r FILE, -i NAME or -c FILE"},
	{"--tunnels", "nothing to read"},
	{"-r|x|-i|eth0", "-r reads files, -i reads a device"},
	{"-i|eth0|--count|3", "--count works with -r only"},
	{"-r|-|-r|-", "-r - reads standard input: give it once"},
	{"-r|", "-r: the file name is empty"},
	{"-i|", "'' is no name"},
	{"-i|a b", "'a b' is no name"},
	{"-i|eth0|-i|eth0", "there is a port named eth0 already"},
	{"-i|eth0|-i|x|--set|port.x.device=eth0", "ports eth0 and x are the same device eth0"},
	{"-r", "-r: its argument is missing"},
	{"-r|x|--lanes", "--lanes: its argument is missing"},
	{"-r|x|--tunnels=yes", "--tunnels: takes no argument"},
	{"-r|x|-z", "-z: there is no such option (ftprobe --help)"},
	{"-r|x|--idle-timout|3",
	 "--idle-timout: there is no such option; did you mean --idle-timeout?"},
	{"-r|x|--colour", "--colour: there is no such option"},
	{"-r|x|--lanes|0", "--lanes: '0' is out of range; allowed: 1 to 64"},
	{"-r|x|--lanes|two", "--lanes: 'two' is not a number; allowed: 1 to 64"},
	{"-r|x|--idle-timeout|25h", "--idle-timeout: '25h' is out of range; allowed: 1ms to 24h"},
	{"-r|x|--idle-timeout|", "--idle-timeout: '' is not a duration"},
	{"-r|x|--slice-timeout|2m", "slice_timeout 2m is not below active_timeout 2m"},
	{"-r|x|--count|0", "--count: '0' is out of range"},
	{"-r|x|--bpf|tcp|udp", "'udp': a filter behind the options and --bpf"},
	{"-r|x|-o|nonsense", "ftprobe: -o nonsense: write text"},
	{"-r|x|-o|zmq:", "ftprobe: -o zmq:: write zmq:tcp://"},
	{"-r|x|ip|and", "filter \"ip and\": "},
	{"-i|x|--bpf|nonsense", "(pcap-filter(7) has the syntax)"},
	{"-r|x|--check|port", "filter \"port\": "},
	{"-r|x|--check|--set|lane.bpf=host", "filter \"host\": "},
	{"-r|x|-o|json|-o|text", "outputs json and text both write to standard output"},
	{"-r|x|-o|json:a|-o|csv:a", "both write to a: give each a path of its own"},
	{"-r|x|-o|ipfix:a|--set|output.ipfix:a.fields=protoo", "fields: there is no protoo; did"},
	{"-r|x|-o|ipfix:a|--set|output.ipfix:a.fields=l7_risk_list", "number of anybody's"},
	{"-r|x|-o|ipfix:a|--set|output.ipfix:a.profile=fulll", "allowed: compat, full or ntop"},
	{"-r|x|-o|ipfix:tls://h|--set|output.ipfix:tls://h:4740.cert=/no/such|"
	 "--set|output.ipfix:tls://h:4740.key=/no/such",
	 "output ipfix:tls://h:4740: cert /no/such: No such file"},
	{"-r|x|--set|foo", "--set foo: allowed: SECTION.KEY=VALUE"},
	{"-r|x|--set|a=b.c", "--set a=b.c: allowed: SECTION.KEY=VALUE"},
	{"-r|x|--set|tabel.idle_timeout=3", "there is no such section; did you mean [table]?"},
	{"-r|x|--set|table.idle_timeot=3", "there is no such key; did you mean idle_timeout?"},
	{"-r|x|--set|table.x.idle_timeout=3", "allowed: table.KEY=VALUE"},
	{"-r|x|--set|table.idle_timeout=x", "'x' is not a duration"},
	{"-r|x|--set|port.a.queues=3", "there is no port named 'a'"},
	{"-r|x|--set|port.queues=3", "there is no port named ''"},
	{"-r|x|--lanes|2|--set|lane.cores=1", "[lane] cores names 1 CPUs for 2 lanes"},
	{"-i|a|--lanes|2|--set|port.a.mode=rss", "2 lanes share 1 queues in mode rss"},
	{"-c|", "-c: the file name is empty"},
	{"-c|/nonexistent/ftprobe.conf",
	 "/nonexistent/ftprobe.conf: cannot be opened: No such file"},
	{"-c|/", "/: cannot be read: Is a directory"},
	{"-c|a|-c|b", "-c: give one configuration file, not two"},
	{"-r|x|-o|null|--set|output.null.type=ipfix",
	 "output null: ipfix: write ipfix:udp://HOST:PORT"},
};

static void test_bad_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
		struct run *r = run_line(bad_lines[i].line);

		assert_says(r->err, bad_lines[i].says);
		assert_int_equal(r->result, OPTIONS_BAD);
		assert_string_equal(r->said, "");
		assert_one_line(r->err);
		run_free(r);
	}
}

/* However long what is refused is, the line ends with the reason. */
static void test_long_texts_leave_room_for_the_reason(void **state)
{
	char line[3000] = "-r|x|--bpf|";
	struct run *r;

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		append(line, sizeof line, "port 1 or ");
	append(line, sizeof line, "nonsense");
	r = run_line(line);
	assert_int_equal(r->result, OPTIONS_BAD);
	assert_one_line(r->err);
	assert_says(r->err, " (pcap-filter(7) has the syntax)\n");
	run_free(r);
	memcpy(line, "-r|x|-o|json:", 13);
	r = run_line(line);
	assert_int_equal(r->result, OPTIONS_BAD);
	assert_one_line(r->err);
	assert_says(r->err, ": it is too long\n");
	run_free(r);
}

/* Writes text to a new file; its name replaces path. */
static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

static void test_the_command_line_beats_the_file(void **state)
{
	char path[] = "ftprobe-options-test-XXXXXX", line[128];
	struct run *r;

	(void)state;
	write_file(path,
		   "[table]\nidle_timeout = 5s\nactive_timeout = 50s\n[port eth0]\nqueues = 2\n"
		   "[output c]\ntype = json\n[lane]\nbpf = tcp\n");
	snprintf(line, sizeof line,
		 "--idle-timeout|7s|-c|%s|-i|eth1|-o|null|udp|--set|output.c.queue_records=32",
		 path);
	r = run_line(line);
	assert_string_equal(r->err, "");
	assert_true(r->o.table.idle_timeout_ns == 7000000000);
	assert_true(r->o.table.active_timeout_ns == 50000000000);
	assert_int_equal(r->o.n_ports, 2);
	assert_string_equal(r->o.ports[0].device, "eth0");
	assert_int_equal(r->o.n_outputs, 2);
	assert_int_equal(r->o.outputs[0].queue_records_max, 32);
	assert_string_equal(r->o.lane.bpf, "udp");
	run_free(r);

	snprintf(line, sizeof line, "-r|x|-c|%s", path);
	r = run_line(line);
	assert_int_equal(r->result, OPTIONS_RUN);
	assert_int_equal(r->o.n_ports, 0); /* the settings of a live probe serve for its traces */
	run_free(r);

	snprintf(line, sizeof line, "-r|x|-i|eth1|-c|%s", path);
	r = run_line(line);
	assert_int_equal(r->result, OPTIONS_BAD);
	assert_says(r->err, "-r reads files, -i reads a device");
	run_free(r);

	snprintf(line, sizeof line, "--check|-c|%s", path);
	r = run_line(line);
	assert_int_equal(r->result, OPTIONS_DONE_OK);
	assert_says(r->said, "port      eth0: device eth0, queues 2, mode auto, promiscuous");
	assert_says(r->said, "timeouts  idle 5s, active 50s, slice off");
	assert_says(r->said, "output    c: json to standard output");
	assert_says(r->said, " MiB in all, ");
	assert_says(r->said, " bytes a flow\n");
	run_free(r);
	unlink(path);
}

/* A run that waits for the ring must never come near what may be out, were it all slices. */
static void test_rings_fit_what_may_be_out(void **state)
{
	static const uint32_t sizes[] = {1, 1000, 40000, 100000, 500000, 1000000, 10000000};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const struct options o = {.table.max_flows = sizes[i], .lane.count = 2};
		const uint32_t n = options_ring_flows(&o);
		char text[OPTIONS_TABLE_SIZE_LEN];
		struct ft_options ft;

		options_to_ft(&o, &ft);
		assert_true(n >= 1024 && n <= EXPORT_RING_FLOWS);
		assert_int_equal(n & (n - 1), 0);
		assert_true(2 * n + 8 * FLOW_END_STEP <= ft_detached_max(&ft));
		if (sizes[i] >= 100000)
			assert_true(ft_table_bytes(&ft) <= 256ULL * sizes[i]);
		options_table_size(&o, text, sizeof text);
		if (sizes[i] == 1000000)
			assert_string_equal(text, "1000000 flows a lane: 238.8 MiB each, "
						  "477.6 MiB in all, 251 bytes a flow");
	}
}

static void test_a_bad_file_ends_with_a_count(void **state)
{
	char path[] = "ftprobe-options-test-XXXXXX", line[128], text[1024] = "[dpi]\n";
	struct run *r;

	(void)state;
	for (unsigned int i = 0; i < 25; i++)
		append(text, sizeof text, "nonsense = 1\n");
	write_file(path, text);
	snprintf(line, sizeof line, "-i|eth0|-c|%s|--check", path);
	r = run_line(line);
	assert_int_equal(r->result, OPTIONS_BAD);
	assert_says(r->err, ": 5 more errors\n");
	assert_string_equal(r->said, "");
	run_free(r);
	unlink(path);
}

static void assert_narrow(const char *text)
{
	for (const char *end; *text; text = end + 1) {
		end = strchr(text, '\n');
		assert_non_null(end);
		assert_in_range(end - text, 0, 100);
		assert_true(end == text || end[-1] != ' ');
	}
}

static void test_help_version_and_dump(void **state)
{
	static const char *const lines[] = {"-h", "--help|--nonsense", "-V", "--dump-config",
					    "--dump-config|-i|x"};
	static const char *const parts[] = {"Usage: ftprobe", "\nExamples:\n", "ftprobe ",
					    "[table]\n", "#idle_timeout = 30s\n"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct run *r = run_line(lines[i]);

		assert_int_equal(r->result, OPTIONS_DONE_OK);
		assert_string_equal(r->err, "");
		assert_says(r->said, parts[i]);
		assert_narrow(r->said);
		run_free(r);
	}
}

static void test_to_ft(void **state)
{
	struct run *r = run_line(
		"-r|x|--tunnels|--no-dpi|--set|table.icmp_key=id|--max-flows|1k|--slice-timeout|1");
	struct ft_options ft;

	(void)state;
	options_to_ft(&r->o, &ft);
	assert_int_equal(ft.flows_max, 1024);
	assert_true(ft.tunnels && ft.icmp_by_id && !ft.dpi && !ft.secret_seed);
	assert_int_equal(ft.dpi_flows_per_s_max, 0); /* files are not in a hurry */
	assert_true(ft.slice_timeout_ns == 1000000000);
	run_free(r);
	r = run_line("-i|x");
	options_to_ft(&r->o, &ft);
	assert_true(ft.secret_seed && ft.dpi);
	assert_int_equal(ft.dpi_packets_tcp, DPI_PACKETS_TCP_DEFAULT);
	assert_int_equal(ft.dpi_flows_per_s_max, DPI_FLOWS_PER_S_DEFAULT);
	run_free(r);
}

static void test_new_flows_per_second(void **state)
{
	static const struct {
		const char *line;
		uint32_t live;
	} cases[] = {
		{"-i|x|--set|dpi.new_flows_per_second=20k", 20480},
		{"-i|x|--set|dpi.new_flows_per_second=off", 0},
		{"-i|x|--set|dpi.new_flows_per_second=0", 0},
		{"-r|x|--set|dpi.new_flows_per_second=300", 300},
	};
	struct ft_options ft;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct run *r = run_line(cases[i].line);

		options_to_ft(&r->o, &ft);
		assert_int_equal(ft.dpi_flows_per_s_max, cases[i].live);
		run_free(r);
	}
}

static char *read_file(const char *name)
{
	char path[4096], *text = NULL;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", SOURCE_ROOT, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(getdelim(&text, &room, '\0', f) > 0);
	fclose(f);
	return text;
}

/* A file, or its part between the lines "begin generated" and "end generated", is what print()
 * prints. */
static void assert_fresh(const char *name, void (*print)(FILE *f))
{
	char *text = read_file(name), *begin = strstr(text, ".\\\" begin generated"), *end,
	     *made = NULL;
	size_t bytes = 0;
	FILE *f = open_memstream(&made, &bytes);

	print(f);
	fclose(f);
	if (begin) {
		begin = strchr(begin, '\n') + 1;
		end = strstr(begin, ".\\\" end generated");
		assert_non_null(end);
		*end = '\0';
	}
	assert_string_equal(begin ? begin : text, made);
	free(text);
	free(made);
}

static void test_generated_files_are_fresh(void **state)
{
	(void)state;
	assert_fresh("config/ftprobe.conf", options_print_config);
	assert_fresh("docs/ftprobe.8", options_print_man8);
	assert_fresh("docs/ftprobe.conf.5", options_print_man5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_options_and_words_in_any_order),
		cmocka_unit_test(test_words_behind_two_dashes),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_long_output_paths_get_names_of_their_own),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_long_texts_leave_room_for_the_reason),
		cmocka_unit_test(test_the_command_line_beats_the_file),
		cmocka_unit_test(test_rings_fit_what_may_be_out),
		cmocka_unit_test(test_a_bad_file_ends_with_a_count),
		cmocka_unit_test(test_help_version_and_dump),
		cmocka_unit_test(test_to_ft),
		cmocka_unit_test(test_new_flows_per_second),
		cmocka_unit_test(test_generated_files_are_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
