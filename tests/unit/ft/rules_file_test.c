/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules file: what is read, what is refused and in which words, and that it is all or nothing.
 */
#include "rules_tools.h"

#define X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static int parse_bytes(struct rules_test *r, const char *text, size_t len)
{
	struct ft_rules_edit e = rules_edit(r);

	return ft_rules_parse(&e, &r->settings, text, len, "r.conf");
}

static void parse(struct rules_test *r, const char *text)
{
	uint32_t generation = r->rules.generation;

	if (parse_bytes(r, text, strlen(text)))
		fail_msg("%s", r->error);
	assert_string_equal(r->error, "");
	assert_int_equal(r->rules.generation, generation + 1);
}

static pfring_ft_action action_of(struct rules_test *r, uint16_t id)
{
	assert_true(r->rules.by_protocol[id].has_action);
	return r->rules.by_protocol[id].action;
}

static uint8_t shunt_of(struct rules_test *r, uint16_t id)
{
	assert_true(r->rules.by_protocol[id].has_shunt);
	return r->rules.by_protocol[id].shunt;
}

static unsigned int count_rules(const struct ft_rules *r)
{
	unsigned int n = r->n_pairs;

	for (unsigned int i = 0; i < FT_RULE_PROTOCOLS_MAX; i++)
		n += r->by_protocol[i].has_action || r->by_protocol[i].has_shunt;
	return n;
}

static void test_the_documented_example(void **state)
{
	struct rules_test *r = *state;

	parse(r, "[shunt]\ndefault=10\ntcp=15\nudp=2\nHTTP=10\n\n"
		 "[filter]\nYouTube=discard\nNetflix=discard\n");
	assert_int_equal(r->rules.shunt_default, 10);
	assert_int_equal(r->rules.shunt_tcp, 15);
	assert_int_equal(r->rules.shunt_udp, 2);
	assert_int_equal(shunt_of(r, ID_HTTP), 10);
	assert_int_equal(action_of(r, ID_YOUTUBE), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(action_of(r, dpi_protocol_id(r->dpi, "netflix")),
			 PFRING_FT_ACTION_DISCARD);
	assert_int_equal(count_rules(&r->rules), 3);
	assert_int_equal(r->rules.default_action, PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(r->settings.idle_timeout_s, 0);
}

static void test_all_forms(void **state)
{
	struct rules_test *r = *state;

	parse(r, "\xEF\xBB\xBF; comment\r\n# comment\r\n[ FILTER ] ; why\r\n\tdns=FORWARD\r\n"
		 "http = discard ; why\r\n  tls : slice\r\n\r\n[Shunt]\nDEFAULT = 255\n"
		 "[filter]\nQUIC = user_1\nSSH = User_2\nYOUTUBE = default\ntls.youtube = forward\n"
		 "[GLOBAL]\nDefault = discard\nDPI_MIN_NUM_TCP_PACKETS = 255\n"
		 "dpi_min_num_udp_packets = 1\nflow_idle_timeout = 86400\n"
		 "Flow_Lifetime_Timeout = 0000000001\n[shunt]\nTCP = 0\nudp = 255\n"
		 "TLS.YouTube = 0\nYouTube = 0");
	assert_int_equal(action_of(r, ID_DNS), PFRING_FT_ACTION_FORWARD);
	assert_int_equal(action_of(r, ID_HTTP), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(action_of(r, ID_TLS), PFRING_FT_ACTION_SLICE);
	assert_int_equal(action_of(r, dpi_protocol_id(r->dpi, "quic")), PFRING_FT_ACTION_USER_1);
	assert_int_equal(action_of(r, dpi_protocol_id(r->dpi, "ssh")), PFRING_FT_ACTION_USER_2);
	assert_int_equal(action_of(r, ID_YOUTUBE), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(shunt_of(r, ID_YOUTUBE), 0);
	assert_int_equal(r->rules.n_pairs, 1);
	assert_true(r->rules.pairs[0].rule.has_action && r->rules.pairs[0].rule.has_shunt);
	assert_int_equal(r->rules.pairs[0].rule.action, PFRING_FT_ACTION_FORWARD);
	assert_int_equal(r->rules.default_action, PFRING_FT_ACTION_DISCARD);
	assert_int_equal(r->rules.shunt_default, 255);
	assert_int_equal(r->rules.shunt_udp, 255);
	assert_int_equal(r->settings.dpi_packets_tcp, 255);
	assert_int_equal(r->settings.dpi_packets_udp, 1);
	assert_int_equal(r->settings.idle_timeout_s, 86400);
	assert_int_equal(r->settings.lifetime_timeout_s, 1);
	assert_int_equal(count_rules(&r->rules), 7);
}

/* A second file adds to the first one and changes what both name. */
static void test_files_add_up(void **state)
{
	struct rules_test *r = *state;

	parse(r, "[filter]\nHTTP = discard\nDNS = discard\n[shunt]\ntcp = 9\nHTTP = 8\n"
		 "[global]\nflow_idle_timeout = 5\n");
	parse(r, "[filter]\nHTTP = forward\n[global]\nflow_lifetime_timeout = 6\n");
	assert_int_equal(action_of(r, ID_HTTP), PFRING_FT_ACTION_FORWARD);
	assert_int_equal(action_of(r, ID_DNS), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(shunt_of(r, ID_HTTP), 8);
	assert_int_equal(r->rules.shunt_tcp, 9);
	assert_int_equal(r->settings.idle_timeout_s, 5);
	assert_int_equal(r->settings.lifetime_timeout_s, 6);
}

static void test_files_that_say_nothing(void **state)
{
	static const char *const texts[] = {"", "\n", "\xEF\xBB\xBF", "# x", "[filter]\n[shunt]\n"};
	struct rules_test *r = *state;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		parse(r, texts[i]);
	assert_int_equal(count_rules(&r->rules), 0);
}

/* A file with one fault, and the line that tells it. */
static const struct {
	const char *text, *says;
} bad_files[] = {
	/* lines */
	{"HTTP = 3\n", "r.conf:1: HTTP: a key before the first [section]; allowed: [global], "
		       "[filter] or [shunt]"},
	{"[shunt]\n\nHTTP\n", "r.conf:3: neither [section] nor key = value"},
	{"[shunt]\n= 3\n", "r.conf:2: [shunt]: no key before the = sign"},
	{"[shunt\n", "r.conf:1: a section header without ]"},
	{"[shunt] HTTP = 3\n", "r.conf:1: text behind a section header"},
	{"[shunt]\nH\x01TP = 3\n", "r.conf:2: is this a text file?"},
	{"[filter]\n" X40 X40 X40 X40 X40 " = discard\n",
	 "r.conf:2: the line is too long; allowed: 197 bytes"},
	/* sections */
	{"[filters]\n", "r.conf:1: [filters]: there is no such section; allowed: [global], "
			"[filter] or [shunt]"},
	{"[]\n", "r.conf:1: []: there is no such section"},
	{"\r\n[filter YouTube]\r\n",
	 "r.conf:2: [filter YouTube]: this section takes no name; allowed: [filter]"},
	{"[\xC3\xA4\xFF\xC2\x9B]\n", "r.conf:1: [\xC3\xA4???]: there is no such section"},
	/* [filter] */
	{"[filter]\nYouTub = discard\n",
	 "r.conf:2: [filter] YouTub: there is no such protocol; did you mean YouTube?"},
	{"[filter]\nTLS.Netflx = discard\n",
	 "[filter] TLS.Netflx: there is no such protocol; did you mean TLS.NetFlix?"},
	{"[filter]\nquarkstrangeness = discard\n",
	 "there is no such protocol; allowed: names of nDPI, such as HTTP, or Master.App"},
	{"[filter]\nHTTP = drop\n", "r.conf:2: [filter] HTTP: 'drop' is none of the choices; "
				    "allowed: default, forward, discard, slice, user_1 or user_2"},
	{"[filter]\nHTTP = pass\n", "'pass' is none of the choices"},
	{"[filter]\nHTTP =\n", "'' is none of the choices"},
	{"[filter]\nHTTP = discard # no\n", "'discard # no' is none of the choices"},
	{"[filter]\ndefault = discard\n", "r.conf:2: [filter] default: stands in [global]"},
	{"[filter]\nHTTP = discard\nhttp = discard\n",
	 "r.conf:3: [filter] http: given twice, first in line 2"},
	{"[filter]\nTLS.HTTP = discard\n[shunt]\n[filter]\ntls.http = forward\n",
	 "r.conf:5: [filter] tls.http: given twice, first in line 2"},
	/* [shunt] */
	{"[shunt]\nHTTPP = 3\n", "r.conf:2: [shunt] HTTPP: there is no such protocol"},
	{"[shunt]\nHTTP = 256\n",
	 "r.conf:2: [shunt] HTTP: '256' is out of range; allowed: 0 to 255"},
	{"[shunt]\nHTTP = 99999999999999999999999\n", "is out of range; allowed: 0 to 255"},
	{"[shunt]\nHTTP = ten\n", "[shunt] HTTP: 'ten' is not a number; allowed: 0 to 255"},
	{"[shunt]\nHTTP = -1\n", "'-1' is not a number"},
	{"[shunt]\nHTTP = 0x10\n", "'0x10' is not a number"},
	{"[shunt]\nHTTP = 1 2\n", "'1 2' is not a number"},
	{"[shunt]\nHTTP =\n", "'' is not a number"},
	{"[shunt]\ntcp = 256\n", "[shunt] tcp: '256' is out of range"},
	{"[shunt]\ntcp/902 = 3\n", "[shunt] tcp/902: there is no such protocol"},
	{"[shunt]\ntcp = 1\n[shunt]\nTCP = 1\n",
	 "r.conf:4: [shunt] TCP: given twice, first in line 2"},
	{"[shunt]\nSSH = 1\nSSH = 2\n", "r.conf:3: [shunt] SSH: given twice, first in line 2"},
	/* [global] */
	{"[global]\ncolour = red\n",
	 "r.conf:2: [global] colour: there is no such key; allowed: default, "
	 "dpi_min_num_tcp_packets, dpi_min_num_udp_packets, flow_idle_timeout or "
	 "flow_lifetime_timeout"},
	{"[global]\ntcp = 3\n", "[global] tcp: there is no such key"},
	{"[global]\ndefault = maybe\n", "[global] default: 'maybe' is none of the choices"},
	{"[global]\ndefault = discard\ndefault = discard\n",
	 "r.conf:3: [global] default: given twice, first in line 2"},
	{"[global]\ndpi_min_num_tcp_packets = 0\n", "'0' is out of range; allowed: 1 to 255"},
	{"[global]\ndpi_min_num_udp_packets = 256\n", "'256' is out of range; allowed: 1 to 255"},
	{"[global]\nflow_idle_timeout = 0\n", "'0' is out of range; allowed: 1 to 86400"},
	{"[global]\nflow_lifetime_timeout = 86401\n",
	 "r.conf:2: [global] flow_lifetime_timeout: '86401' is out of range; allowed: 1 to 86400"},
	{"[global]\nflow_idle_timeout = 30s\n", "'30s' is not a number; allowed: 1 to 86400"},
	{"[global]\nflow_idle_timeout = 3\nflow_idle_timeout = 3\n",
	 "r.conf:3: [global] flow_idle_timeout: given twice, first in line 2"},
	/* only the first fault is told */
	{"[shunt]\nHTTP = ten\n[filter]\nHTTP = drop\n[x]\ny\n", "r.conf:2: [shunt] HTTP: 'ten'"},
	{"[x]\n[filter]\nHTTP = drop\n", "r.conf:1: [x]: there is no such section"},
};

/* Good lines stand before the fault and behind it. */
static void refuse(struct rules_test *r, const char *text, const char *says)
{
	static struct ft_rules before;
	struct ft_rules_settings settings = r->settings;
	char whole[1024];
	int rc;

	before = r->rules;
	snprintf(whole, sizeof whole,
		 "%s\n[global]\ndefault = discard\nflow_idle_timeout = 7\n[filter]\n"
		 "MQTT = forward\nTLS.MQTT = forward\n[shunt]\nudp = 3\n",
		 text);
	/* The keys in front may be given again behind: only the first fault counts. */
	memset(r->error, 0, sizeof r->error);
	rc = parse_bytes(r, whole, strlen(whole));
	assert_int_equal(rc, -EINVAL);
	assert_says(r->error, says);
	assert_int_equal(strncmp(r->error, "r.conf:", 7), 0);
	assert_null(strchr(r->error, '\n'));
	assert_memory_equal(&r->rules, &before, sizeof before);
	assert_memory_equal(&r->settings, &settings, sizeof settings);
}

static void test_bad_files(void **state)
{
	struct rules_test *r = *state;

	assert_true(sizeof bad_files / sizeof bad_files[0] >= 40);
	parse(r, "[filter]\nDNS = discard\nTLS.DNS = slice\n[shunt]\ntcp = 8\n");
	for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++)
		refuse(r, bad_files[i].text, bad_files[i].says);
}

static void test_a_fault_behind_good_lines(void **state)
{
	struct rules_test *r = *state;

	refuse(r,
	       "[filter]\nHTTP = discard\nTLS.HTTP = discard\n[shunt]\ntcp = 4\nSSH = 4\n[global]\n"
	       "default = slice\ndpi_min_num_tcp_packets = 3\nx = y\n",
	       "r.conf:10: [global] x: there is no such key");
	assert_int_equal(count_rules(&r->rules), 0);
}

static void test_binary_and_endless_files(void **state)
{
	static char endless[3 * CONFIG_LINE_MAX];
	struct rules_test *r = *state;

	assert_int_equal(parse_bytes(r, "[shunt]\ntc\0p = 3\n", 17), -EINVAL);
	assert_string_equal(r->error,
			    "r.conf:2: is this a text file? the line has a control character");
	memset(endless, 'x', sizeof endless);
	assert_int_equal(parse_bytes(r, endless, sizeof endless), -EINVAL);
	assert_says(r->error, "r.conf:1: longer than any configuration file");
}

static void test_so_many_pairs(void **state)
{
	struct rules_test *r = *state;
	char *text = NULL, app[DPI_NAME_BYTES];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("[filter]\n", f);
	for (uint16_t i = 1; i <= FT_RULE_PAIRS_MAX; i++)
		fprintf(f, "TLS.%s = discard\n", dpi_protocol_name(r->dpi, 0, i, app, sizeof app));
	fflush(f);
	parse(r, text);
	assert_int_equal(r->rules.n_pairs, FT_RULE_PAIRS_MAX);
	/* Again it is the same; one more is too much. */
	parse(r, text);
	fputs("HTTP.DNS = discard\n", f);
	fclose(f);
	assert_int_equal(parse_bytes(r, text, len), -EINVAL);
	assert_string_equal(r->error, "r.conf:258: [filter] HTTP.DNS: too many rules for "
				      "Master.App; allowed: 256");
	assert_int_equal(r->rules.n_pairs, FT_RULE_PAIRS_MAX);
	free(text);
}

static void test_without_ndpi(void **state)
{
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);
	static const char good[] = "[shunt]\ndefault=1\ntcp=2\nudp=3\n[global]\ndefault=slice\n"
				   "flow_idle_timeout=4\n";
	static const char bad[] = "[filter]\nHTTP = discard\n";

	e.dpi = NULL;
	assert_int_equal(ft_rules_parse(&e, &r->settings, good, strlen(good), "x"), 0);
	assert_int_equal(r->rules.shunt_udp, 3);
	assert_int_equal(ft_rules_parse(&e, &r->settings, bad, strlen(bad), "x"), -EINVAL);
	assert_string_equal(r->error, "x:2: [filter] HTTP: names of protocols need nDPI: create "
				      "the table with PFRING_FT_TABLE_FLAGS_DPI");
}

static void test_what_a_filter_cannot_hold(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"[filter]\nTLS.DNS = discard\n",
		 "x:2: [filter] TLS.DNS: a filter holds no Master.App; allowed: one protocol"},
		{"[shunt]\nTLS.DNS = 3\n", "x:2: [shunt] TLS.DNS: a filter holds no Master.App"},
		{"[shunt]\nYouTube = 3\n",
		 "x:2: [shunt] YouTube: is protocol 124; the filter has 100 elements"},
		{"[global]\nflow_idle_timeout = 3\n",
		 "x:2: [global] flow_idle_timeout: a filter holds no such setting; allowed: "
		 "default"},
		{"[global]\ndpi_min_num_tcp_packets = 3\n", "a filter holds no such setting"},
	};
	static const char good[] = "[filter]\nTLS=slice\n[shunt]\nTLS=2\ntcp=2\n[global]\n"
				   "default=discard\n";
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);

	e.filter_protocols = 100;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(ft_rules_parse(&e, &r->settings, bad[i].text, strlen(bad[i].text),
						"x"),
				 -EINVAL);
		assert_says(r->error, bad[i].says);
	}
	assert_int_equal(r->rules.generation, 0);
	assert_int_equal(ft_rules_parse(&e, &r->settings, good, strlen(good), "x"), 0);
	assert_int_equal(shunt_of(r, ID_TLS), 2);
}

static void test_load(void **state)
{
	struct rules_path f = rules_file_with("[shunt]\r\nHTTP = 12\r\n");
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);

	assert_int_equal(ft_rules_load(&e, &r->settings, f.path), 0);
	unlink(f.path);
	assert_int_equal(shunt_of(r, ID_HTTP), 12);
	assert_int_equal(ft_rules_load(&e, &r->settings, "/nonexistent\n/rules"), -ENOENT);
	assert_string_equal(r->error,
			    "/nonexistent?/rules: cannot be opened: No such file or directory");
	assert_int_equal(ft_rules_load(&e, &r->settings, "/"), -EISDIR);
	assert_string_equal(r->error, "/: cannot be read: Is a directory");
	assert_int_equal(ft_rules_load(&e, &r->settings, "/dev/zero"), -EINVAL);
	assert_says(r->error, "/dev/zero:1: is this a text file?");
	assert_int_equal(ft_rules_load(&e, &r->settings, "/dev/null"), 0);
	assert_int_equal(r->rules.generation, 2);
}

/* The file that is shipped as an example. */
static void test_the_shipped_example(void **state)
{
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);

	if (ft_rules_load(&e, &r->settings, SOURCE_ROOT "/config/rules.conf"))
		fail_msg("%s", r->error);
	assert_int_equal(count_rules(&r->rules), 5);
	assert_int_equal(r->settings.idle_timeout_s, 30);
	assert_int_equal(r->settings.lifetime_timeout_s, 120);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, rules_clear)
	const struct CMUnitTest tests[] = {
		TEST(test_the_documented_example),
		TEST(test_all_forms),
		TEST(test_files_add_up),
		TEST(test_files_that_say_nothing),
		TEST(test_bad_files),
		TEST(test_a_fault_behind_good_lines),
		TEST(test_binary_and_endless_files),
		TEST(test_so_many_pairs),
		TEST(test_without_ndpi),
		TEST(test_what_a_filter_cannot_hold),
		TEST(test_load),
		TEST(test_the_shipped_example),
	};

	return cmocka_run_group_tests(tests, rules_open, rules_close);
}
