/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: what is read, what is refused and in which words. */
#include "options_run.h"

#include "options_value.h"

#include <ctype.h>

/* 40 letters, for lines that are too long. */
#define X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* A file with one fault, and words of the one line that tells it. */
static const struct {
	const char *text, *says;
} bad_files[] = {
	/* lines */
	{"[table]\nidle_timeout\n", "t.conf:2: neither [section] nor key = value"},
	{"[table]\n\n# x\nfoo bar", "t.conf:4: neither [section] nor key = value"},
	{"[table]\nmax_flows ; = 3\n", "t.conf:2: neither [section] nor key = value"},
	{"max_flows = 3\n", "t.conf:1: max_flows: a key before the first [section]"},
	{"[table]\n= 3\n", "t.conf:2: [table]: no key before the = sign"},
	{"[lane]\nbpf = " X40 X40 X40 X40 X40 "\n",
	 "t.conf:2: the line is too long; allowed: 197 bytes"},
	/* sections */
	{"[tabel]\n", "t.conf:1: [tabel]: there is no such section; did you mean [table]?"},
	{"[prot eth0]\n", "t.conf:1: [prot]: there is no such section; did you mean [port]?"},
	{"[x]\n",
	 "allowed: [probe], [metrics], [control], [eal], [lane], [table], [dpi], [privacy], "
	 "[processor NAME], [port NAME], [output NAME]"},
	{"[]\n", "t.conf:1: []: there is no such section"},
	{"[table\n", "t.conf:1: a section header without ]"},
	{"[table] max_flows = 3\n", "t.conf:1: text behind a section header"},
	{"[table]\n[lane]\n[table]\n", "t.conf:3: [table]: given twice, first in line 1"},
	{"[table x]\n", "t.conf:1: [table x]: this section takes no name; allowed: [table]"},
	{"[port]\n", "t.conf:1: [port]: the name is missing; allowed: [port NAME]"},
	{"[output  ]\n", "t.conf:1: [output]: the name is missing; allowed: [output NAME]"},
	{"[port a]\n[port a]\n", "t.conf:2: [port a]: there is a port named a already"},
	{"[port a b]\n", "t.conf:1: [port a b]: 'a b' is no name"},
	{"[port a=b]\n", "t.conf:1: [port a=b]: 'a=b' is no name"},
	{"[output " X40 X40 "]\n", "is no name; allowed: 1 to 63 printable characters"},
	{"[output \xC3\xA4]\n", "is no name"},
	/* keys */
	{"[table]\nmax_flow = 3\n",
	 "t.conf:2: [table] max_flow: there is no such key; did you mean max_flows?"},
	{"[table]\nidle-timeout = 3\n", "did you mean idle_timeout?"},
	{"[table]\ncolour = red\n",
	 "colour: there is no such key; ftprobe --dump-config prints all of them"},
	{"[lane]\nidle_timeout = 3\n",
	 "t.conf:2: [lane] idle_timeout: there is no such key here; it belongs to [table]"},
	{"[table]\ntunnels = yes\ntunnels = no\n",
	 "t.conf:3: [table] tunnels: given twice, first in line 2"},
	{"[table]\nMax_Flows = 20\n", "Max_Flows: there is no such key; did you mean max_flows?"},
	/* numbers */
	{"[table]\nmax_flows = many\n",
	 "t.conf:2: [table] max_flows: 'many' is not a number; allowed: 1 to 1000000000"},
	{"[table]\nmax_flows =\n", "[table] max_flows: '' is not a number"},
	{"[table]\nmax_flows = 0\n", "'0' is out of range; allowed: 1 to 1000000000"},
	{"[table]\nmax_flows = 2G\n", "'2G' is out of range"},
	{"[table]\nmax_flows = -3\n", "'-3' is negative"},
	{"[lane]\nburst = 65\n", "[lane] burst: '65' is out of range; allowed: 1 to 64"},
	{"[lane]\nburst = 4294967328\n", "is out of range; allowed: 1 to 64"},
	{"[lane]\nburst = 1k\n", "'1k' has an unknown unit; allowed: 1 to 64"},
	{"[lane]\nburst = 1.5\n", "'1.5' has a fraction"},
	{"[lane]\ncount = 0\n", "[lane] count: '0' is out of range; allowed: 1 to 64"},
	{"[lane]\ncount = 99999999999999999999\n", "is too large for any number"},
	{"[lane]\nsampling = 0\n",
	 "[lane] sampling: '0' is out of range; allowed: 1 to 4294967295"},
	{"[dpi]\nbytes_max = 1 M\n",
	 "[dpi] bytes_max: '1 M' has an unknown unit; allowed: 1M to 1T"},
	{"[dpi]\nbytes_max = lots\n", "'lots' is not a size"},
	{"[eal]\nmemory = 100\n", "'100' is out of range; allowed: auto, or 1M to 1T"},
	{"[port a]\nmtu = 67\n",
	 "[port a] mtu: '67' is out of range; allowed: leave, or 68 to 65535"},
	{"[port a]\nqueues = 65\n", "[port a] queues: '65' is out of range; allowed: 1 to 64"},
	/* durations */
	{"[table]\nidle_timeout = 25h\n",
	 "'25h' is out of range; allowed: 1ms to 24h, such as 250ms"},
	{"[table]\nidle_timeout = 0\n", "'0' is out of range; allowed: 1ms to 24h"},
	{"[table]\nidle_timeout = -1s\n", "'-1s' is negative"},
	{"[table]\nidle_timeout = 1.5s\n", "'1.5s' has a fraction"},
	{"[table]\nidle_timeout = 3 parsecs\n", "'3 parsecs' has an unknown unit"},
	{"[table]\nidle_timeout = soon\n", "'soon' is not a duration"},
	{"[table]\nactive_timeout = 99999999999h\n", "is too large for any number"},
	{"[table]\nactive_timeout = 30s # half a minute\n",
	 "'30s # half a minute' has an unknown unit"},
	/* words */
	{"[table]\ntunnels = maybe\n",
	 "[table] tunnels: 'maybe' is neither yes nor no; allowed: yes or no"},
	{"[table]\ntunnels =\n", "'' is neither yes nor no"},
	{"[port a]\nmode = fast\n",
	 "[port a] mode: 'fast' is none of the choices; allowed: auto, rss or software"},
	{"[output a]\ntype = xml\n", "allowed: text, csv, json, zmq, ipfix or null"},
	{"[probe]\nlog_level = loud\n", "allowed: error, warning, notice, info or debug"},
	{"[eal]\nfile_prefix = " X40 X40 "\n",
	 "[eal] file_prefix: '" X40 X40 "' is too long; allowed: at most 63"},
	{"[eal]\nfile_prefix = a\x01z\n", "t.conf:2: is this a text file?"},
	{"[output z]\ntype = ipfix\n\x1b[0m\n\x01\n", "t.conf:3: is this a text file?"},
	{"\x7f"
	 "ELF\x02\x01\n\x03\n\x04 = 5\n",
	 "t.conf:1: is this a text file?"},
	{"[\xC3\xA4\xFF\xC2\x9B]\n", "t.conf:1: [\xC3\xA4???]: there is no such section"},
	/* CPU lists */
	{"[lane]\ncores = 1,1\n", "[lane] cores: '1,1' names a CPU twice"},
	{"[lane]\ncores = 5-2\n",
	 "'5-2' is not a list of CPU numbers; allowed: auto, or at most 64 CPU numbers"},
	{"[lane]\ncores = 1,,2\n", "is not a list"},
	{"[lane]\ncores = 1,\n", "is not a list"},
	{"[lane]\ncores = 1024\n", "is not a list"},
	{"[lane]\ncores = 0-64\n", "names too many CPUs"},
	/* outputs */
	{"[output z]\ntype = ipfix\n", "t.conf:1: [output z]: "},
	{"\n[output z]\ntype = zmq\n[table]\n", "t.conf:2: [output z]: "},
	{"[output z]\ntype = ipfix\ntarget = 192.0.2.1\n", "t.conf:1: [output z]: "},
};

static void test_bad_files(void **state)
{
	(void)state;
	assert_true(sizeof bad_files / sizeof bad_files[0] >= 50);
	for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
		struct run *r = run_config(bad_files[i].text);

		assert_says(r->err, bad_files[i].says);
		assert_int_equal(r->n_errors, 1);
		assert_one_line(r->err);
		run_free(r);
	}
}

static void test_a_good_file(void **state)
{
	struct run *r = run_config(
		"\xEF\xBB\xBF; comment\r\n[ table ] ; why\r\n\tidle_timeout: 250ms\r\n"
		"  max_flows=64k ; enough\r\n\r\n[port 0000:3b:00.0]\nqueues = 4\nmtu = 9000\n"
		"[port x]\ndevice = net_pcap0,iface=eth0\n    promiscuous = no\n"
		"[lane]\nbpf = tcp or\nbpf = udp port 53\ncores = 2-3\ncount = 2\n"
		"[output c]\ntype = csv\ntarget = /a b.csv\n[output n]\ntype = null\n[port last]");

	(void)state;
	assert_string_equal(r->err, "");
	assert_true(r->o.table.idle_timeout_ns == 250000000);
	assert_int_equal(r->o.table.max_flows, 65536);
	assert_int_equal(r->o.n_ports, 3);
	assert_string_equal(r->o.ports[0].name, "0000:3b:00.0");
	assert_int_equal(r->o.ports[0].queues, 4);
	assert_int_equal(r->o.ports[0].mtu_bytes, 9000);
	assert_true(r->o.ports[0].promiscuous);
	assert_string_equal(r->o.ports[1].device, "net_pcap0,iface=eth0");
	assert_false(r->o.ports[1].promiscuous);
	assert_string_equal(r->o.ports[2].name, "last");
	assert_string_equal(r->o.lane.bpf, "tcp or udp port 53");
	assert_int_equal(r->o.lane.cores.n, 2);
	assert_int_equal(r->o.lane.cores.cpu[1], 3);
	assert_int_equal(r->o.n_outputs, 2);
	assert_int_equal(r->o.outputs[0].type, OUTPUT_CSV);
	assert_string_equal(r->o.outputs[0].target, "/a b.csv");
	assert_int_equal(r->o.outputs[1].type, OUTPUT_NULL);
	assert_int_equal(r->o.outputs[1].queue_records_max, 65536);
	run_free(r);
}

static void test_all_faults_are_told_at_most_20(void **state)
{
	char text[4096] = "[table]\n";
	unsigned int lines = 0;
	struct run *r;

	(void)state;
	for (unsigned int i = 0; i < 30; i++)
		append(text, sizeof text, "nonsense = 1\n");
	r = run_config(text);
	assert_int_equal(r->n_errors, 30);
	for (const char *p = r->err; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, CONFIG_ERRORS_MAX);
	assert_says(r->err, "t.conf:21: ");
	run_free(r);
}

static void test_keys_of_a_refused_section_are_not_told(void **state)
{
	struct run *r = run_config("[tabel]\nmax_flows = 3\nfoo = bar\n[table]\nmax_flows = 100\n");

	(void)state;
	assert_int_equal(r->n_errors, 1);
	assert_int_equal(r->o.table.max_flows, 100);
	run_free(r);
}

static void test_binary_and_endless_files(void **state)
{
	static char endless[3 * CONFIG_LINE_MAX];
	struct run *r = run_config_bytes("[table]\nmax\0flows = 3\nmax_flows = 99\n", 37);

	(void)state;
	assert_says(r->err, "t.conf:2: is this a text file?");
	assert_int_equal(r->n_errors, 1);
	assert_int_equal(r->o.table.max_flows, 500000); /* what follows is not read */
	run_free(r);

	memset(endless, 'x', sizeof endless);
	r = run_config_bytes(endless, sizeof endless);
	assert_says(r->err, "t.conf:1: longer than any configuration file");
	assert_int_equal(r->n_errors, 1);
	run_free(r);

	r = run_config("");
	assert_int_equal(r->n_errors, 0);
	run_free(r);
}

static void test_too_many_ports_and_words(void **state)
{
	char text[8192] = "", line[64];
	struct run *r;

	(void)state;
	for (unsigned int i = 0; i <= PORTS_MAX; i++) {
		snprintf(line, sizeof line, "[port p%u]\n", i);
		append(text, sizeof text, line);
	}
	r = run_config(text);
	assert_says(r->err, "t.conf:33: [port p32]: too many ports; allowed: 32");
	assert_int_equal(r->o.n_ports, PORTS_MAX);
	run_free(r);

	snprintf(text, sizeof text, "[eal]\n");
	for (unsigned int i = 0; i < 30; i++)
		append(text, sizeof text, "extra = " X40 "\n");
	r = run_config(text);
	assert_says(r->err, "[eal] extra: ");
	assert_says(r->err, "is too long");
	assert_int_equal(strlen(r->o.eal.extra), 24 * 41 + 40 - 41);
	run_free(r);
}

/* The longest line that is allowed arrives whole. */
static void test_longest_line(void **state)
{
	char text[300] = "[lane]\nbpf=", *at = text + strlen(text);
	struct run *r;

	(void)state;
	memset(at, 'x', 197 - 4);
	r = run_config(text);
	assert_string_equal(r->err, "");
	assert_int_equal(strlen(r->o.lane.bpf), 197 - 4);
	run_free(r);
	memset(at, 'x', 198 - 4);
	r = run_config(text);
	assert_int_equal(r->n_errors, 1);
	run_free(r);
}

/* Takes the # from every "#key = value" and "#[section NAME]". */
static void uncomment(char *text)
{
	char *to = text;

	for (char *p = text; *p; p++) {
		bool begins = p == text || p[-1] == '\n';

		if (begins && *p == '#' && (p[1] == '[' || islower((unsigned char)p[1])))
			continue;
		*to++ = *p;
	}
	*to = '\0';
}

static void test_dumped_defaults_are_the_defaults(void **state)
{
	static struct options o, defaults;
	char *text = NULL;
	size_t bytes = 0;
	FILE *f = open_memstream(&text, &bytes);
	struct run *r;

	(void)state;
	options_print_config(f);
	fclose(f);
	options_set_defaults(&defaults);
	r = run_config(text);
	assert_string_equal(r->err, "");
	assert_memory_equal(&r->o, &defaults, sizeof defaults);
	run_free(r);

	uncomment(text);
	r = run_config(text);
	assert_string_equal(r->err, "");
	assert_int_equal(r->o.n_ports, 1);
	assert_int_equal(r->o.n_outputs, 1);
	o = r->o;
	memset(&o.ports[0], 0, sizeof o.ports[0]);
	memset(&o.outputs[0], 0, sizeof o.outputs[0]);
	memset(&o.processors[0], 0, sizeof o.processors[0]);
	o.n_ports = o.n_outputs = o.n_processors = 0;
	assert_memory_equal(&o, &defaults, sizeof o);
	assert_int_equal(r->o.ports[0].queues, 1);
	assert_int_equal(r->o.outputs[0].queue_bytes_max, 64 << 20);
	run_free(r);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_a_good_file),
		cmocka_unit_test(test_all_faults_are_told_at_most_20),
		cmocka_unit_test(test_keys_of_a_refused_section_are_not_told),
		cmocka_unit_test(test_binary_and_endless_files),
		cmocka_unit_test(test_too_many_ports_and_words),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_dumped_defaults_are_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
