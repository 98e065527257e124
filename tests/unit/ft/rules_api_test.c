/* SPDX-License-Identifier: BSD-3-Clause */
/* The six functions that set filters and shunts, seen by the verdicts on packets. */
#include "api.h"
#include "rules_tools.h"

#define DEFAULT PFRING_FT_ACTION_DEFAULT
#define FORWARD PFRING_FT_ACTION_FORWARD
#define DISCARD PFRING_FT_ACTION_DISCARD
#define USER_1	PFRING_FT_ACTION_USER_1
#define FLAGS	(PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_TABLE_FLAGS_NO_GUESS)

static struct api_lines lines;

/* A table whose complaints are kept. */
static struct api *open_table(u_int32_t flags)
{
	memset(&lines, 0, sizeof lines);
	pfring_ft_set_log_callback(api_line, &lines);
	return api_open(flags, 30, 120, 0);
}

/* One more complaint since the last call, which says so. */
static void assert_told(const char *part)
{
	assert_int_equal(lines.n, 1);
	assert_says(lines.last, part);
	memset(&lines, 0, sizeof lines);
}

static void assert_nothing_told(void)
{
	if (lines.n)
		fail_msg("told: %s", lines.last);
}

/* The verdict on a request to that port: each port is a flow. */
static pfring_ft_action request(struct api *a, uint16_t port, const char *host)
{
	char text[256];

	snprintf(
		text, sizeof text,
		"GET /index.html HTTP/1.1\r\nHost: %s\r\nUser-Agent: curl/7\r\nAccept: */*\r\n\r\n",
		host);
	return api_text(a, API_TCP, port, text, 0);
}

#define WWW	"www.example.org"
#define YOUTUBE "www.youtube.com"

static void test_pfring_ft_set_default_action(void **state)
{
	struct api *a = open_table(FLAGS);

	(void)state;
	assert_int_equal(request(a, 8001, WWW), DEFAULT);
	pfring_ft_set_default_action(a->table, DISCARD);
	/* Flows that go on ask again; where the protocol is not known nothing changes. */
	assert_int_equal(request(a, 8001, WWW), DISCARD);
	assert_int_equal(request(a, 8002, YOUTUBE), DISCARD);
	assert_int_equal(api_udp(a, 8003, false, 0), DEFAULT);
	pfring_ft_set_filter_protocol_by_name(a->table, "HTTP", FORWARD);
	assert_int_equal(request(a, 8001, WWW), FORWARD);
	assert_nothing_told();
	pfring_ft_set_default_action(a->table, 6);
	assert_told("pfring_ft_set_default_action: 6 is no action; allowed: "
		    "PFRING_FT_ACTION_DEFAULT (0) to PFRING_FT_ACTION_SLICE (5)");
	pfring_ft_set_default_action(a->table, PFRING_FT_ACTION_SLICE);
	assert_nothing_told();
	api_close(a);
}

static void test_pfring_ft_set_filter_protocol_by_name(void **state)
{
	struct api *a = open_table(FLAGS);

	(void)state;
	pfring_ft_set_filter_protocol_by_name(a->table, "http", DISCARD);
	assert_int_equal(request(a, 8001, WWW), DISCARD);
	assert_int_equal(request(a, 8002, YOUTUBE), DISCARD); /* its master */
	pfring_ft_set_filter_protocol_by_name(a->table, "youtube", FORWARD);
	assert_int_equal(request(a, 8002, YOUTUBE), FORWARD);
	pfring_ft_set_filter_protocol_by_name(a->table, "HTTP.YouTube", USER_1);
	assert_int_equal(request(a, 8002, YOUTUBE), USER_1);
	assert_int_equal(request(a, 8001, WWW), DISCARD);
	assert_int_equal(api_udp(a, 8003, false, 0), DEFAULT);
	assert_nothing_told();

	pfring_ft_set_filter_protocol_by_name(a->table, "YouTub", DISCARD);
	assert_told("pfring_ft_set_filter_protocol_by_name: YouTub: there is no such protocol; "
		    "did you mean YouTube?");
	pfring_ft_set_filter_protocol_by_name(a->table, "a\n\x1b", DISCARD);
	assert_told("by_name: a??: there is no such protocol");
	pfring_ft_set_filter_protocol_by_name(a->table, NULL, DISCARD);
	assert_told("pfring_ft_set_filter_protocol_by_name: no name was given");
	pfring_ft_set_filter_protocol_by_name(a->table, "HTTP", 255);
	assert_told("255 is no action");
	assert_int_equal(request(a, 8001, WWW), DISCARD);
	api_close(a);

	a = open_table(0);
	pfring_ft_set_filter_protocol_by_name(a->table, "HTTP", DISCARD);
	assert_told("create the table with PFRING_FT_TABLE_FLAGS_DPI");
	api_close(a);
}

static void test_pfring_ft_set_filter_all_protocols(void **state)
{
	struct api *a = open_table(FLAGS);

	(void)state;
	pfring_ft_set_filter_protocol_by_name(a->table, "HTTP", FORWARD);
	pfring_ft_set_filter_protocol_by_name(a->table, "HTTP.YouTube", FORWARD);
	pfring_ft_set_filter_all_protocols(a->table, DISCARD);
	assert_int_equal(request(a, 8001, WWW), DISCARD);
	assert_int_equal(request(a, 8002, YOUTUBE), DISCARD);
	assert_int_equal(api_udp(a, 8003, false, 0), DEFAULT);
	pfring_ft_set_filter_protocol_by_name(a->table, "YouTube", USER_1);
	assert_int_equal(request(a, 8001, WWW), DISCARD);
	assert_int_equal(request(a, 8002, YOUTUBE), USER_1);
	pfring_ft_set_filter_all_protocols(a->table, 77);
	assert_told("pfring_ft_set_filter_all_protocols: 77 is no action");
	assert_int_equal(request(a, 8002, YOUTUBE), USER_1);
	/* DEFAULT takes them back; the default action was never touched. */
	pfring_ft_set_filter_all_protocols(a->table, DEFAULT);
	assert_int_equal(request(a, 8001, WWW), DEFAULT);
	assert_int_equal(request(a, 8002, YOUTUBE), DEFAULT);
	pfring_ft_set_default_action(a->table, FORWARD);
	assert_int_equal(request(a, 8001, WWW), FORWARD);
	pfring_ft_set_filter_all_protocols(a->table, DEFAULT);
	assert_int_equal(request(a, 8001, WWW), FORWARD);
	assert_nothing_told();
	api_close(a);
}

/* Packets of a new flow that pass, of so many. */
static unsigned int passes_http(struct api *a, uint16_t port, unsigned int n)
{
	unsigned int passed = 0;

	for (unsigned int i = 0; i < n; i++)
		passed += request(a, port, WWW) != DISCARD;
	return passed;
}

static unsigned int passes_udp(struct api *a, uint16_t port, unsigned int n)
{
	unsigned int passed = 0;

	for (unsigned int i = 0; i < n; i++)
		passed += api_udp(a, port, i & 1, 0) != DISCARD;
	return passed;
}

static void test_pfring_ft_set_shunt_protocol_by_name(void **state)
{
	struct api *a = open_table(FLAGS);

	(void)state;
	assert_int_equal(passes_http(a, 8001, 20), 20);
	pfring_ft_set_shunt_protocol_by_name(a->table, "Http", 3);
	assert_int_equal(passes_http(a, 8002, 20), 3);
	pfring_ft_set_shunt_protocol_by_name(a->table, "HTTP", 0);
	assert_int_equal(passes_http(a, 8003, 20), 20);
	pfring_ft_set_shunt_protocol_by_name(a->table, "TCP", 5);
	assert_int_equal(passes_http(a, 8004, 20), 20); /* its own rule says never */
	assert_nothing_told();
	pfring_ft_set_shunt_protocol_by_name(a->table, "HTPT", 5);
	assert_told("pfring_ft_set_shunt_protocol_by_name: HTPT: there is no such protocol; did "
		    "you mean ");
	pfring_ft_set_shunt_protocol_by_name(a->table, NULL, 5);
	assert_told("pfring_ft_set_shunt_protocol_by_name: no name was given");
	api_close(a);

	/* What has no protocol's name holds without nDPI, too. */
	a = open_table(0);
	pfring_ft_set_shunt_protocol_by_name(a->table, "default", 6);
	assert_int_equal(passes_udp(a, 8001, 20), 6);
	pfring_ft_set_shunt_protocol_by_name(a->table, "UDP", 4);
	assert_int_equal(passes_udp(a, 8002, 20), 4);
	assert_int_equal(passes_http(a, 8003, 20), 6);
	pfring_ft_set_shunt_protocol_by_name(a->table, "tcp", 255);
	assert_int_equal(passes_http(a, 8004, 300), 255);
	assert_nothing_told();
	pfring_ft_set_shunt_protocol_by_name(a->table, "HTTP", 5);
	assert_told("create the table with PFRING_FT_TABLE_FLAGS_DPI");
	api_close(a);
}

static int load(struct api *a, const char *text)
{
	struct rules_path f = rules_file_with(text);
	int rc = pfring_ft_load_configuration(a->table, f.path);

	unlink(f.path);
	return rc;
}

static void test_pfring_ft_load_configuration(void **state)
{
	struct api *a = open_table(FLAGS);

	(void)state;
	assert_int_equal(load(a, "[shunt]\ndefault=10\ntcp=15\nudp=2\nHTTP=10\n"
				 "[filter]\nYouTube=discard\nNetflix=discard\n"),
			 0);
	assert_int_equal(passes_http(a, 8001, 20), 10);
	assert_int_equal(request(a, 8002, YOUTUBE), DISCARD);
	assert_int_equal(request(a, 8003, "www.netflix.com"), DISCARD);
	/* Another one is added; nothing of one with a fault is. */
	assert_int_equal(load(a, "[filter]\nHTTP.YouTube = forward\n[shunt]\nHTTP = 0\n"), 0);
	assert_int_equal(request(a, 8002, YOUTUBE), FORWARD);
	assert_int_equal(request(a, 8003, "www.netflix.com"), DISCARD);
	assert_nothing_told();
	assert_int_equal(load(a, "[filter]\nHTTP.YouTube = discard\n[global]\n"
				 "flow_idle_timeout = 1\ndefault = drop\n"),
			 -EINVAL);
	assert_told(":5: [global] default: 'drop' is none of the choices");
	assert_int_equal(request(a, 8002, YOUTUBE), FORWARD);
	assert_int_equal(api_housekeep(a, 20), 0);
	assert_int_equal(a->n, 0);
	assert_int_equal(pfring_ft_load_configuration(a->table, "/nonexistent"), -ENOENT);
	assert_told("/nonexistent: cannot be opened: No such file or directory");
	assert_int_equal(pfring_ft_load_configuration(a->table, NULL), -EINVAL);
	assert_told("pfring_ft_load_configuration: no path was given");
	api_close(a);
}

static void test_settings_of_a_file(void **state)
{
	struct api *a = open_table(FLAGS);

	(void)state;
	/* What nDPI does not know within so many packets is unknown, and shunted. */
	assert_int_equal(load(a, "[shunt]\ndefault = 1\n"), 0);
	assert_in_range(passes_udp(a, 8001, 100), 6, 8);
	assert_int_equal(load(a, "[global]\ndpi_min_num_udp_packets = 2\n"), 0);
	assert_in_range(passes_udp(a, 8002, 100), 1, 2);
	pfring_ft_flush(a->table);
	a->n = 0;

	api_udp(a, 8003, false, 1000);
	api_housekeep(a, 25);
	assert_int_equal(a->n, 0);
	assert_int_equal(load(a, "[global]\nflow_idle_timeout = 5\n"), 0);
	api_housekeep(a, 26);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	/* The other timeout stays what it was, each time. */
	for (uint32_t second = 30; second < 46; second++)
		api_udp(a, 8004, false, second * 1000);
	assert_int_equal(a->n, 1);
	assert_int_equal(load(a, "[global]\nflow_lifetime_timeout = 20\n"), 0);
	for (uint32_t second = 46; second < 52; second++)
		api_udp(a, 8004, false, second * 1000);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->flows[1].value.status, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	api_housekeep(a, 55);
	assert_int_equal(a->n, 2);
	api_housekeep(a, 57);
	assert_int_equal(a->n, 3);
	assert_int_equal(a->flows[2].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	assert_nothing_told();
	api_close(a);
}

static int load_ext(struct api *a, const char *text, pfring_ft_flow_filter *filter)
{
	struct rules_path f = rules_file_with(text);
	int rc = pfring_ft_load_configuration_ext(a->table, f.path, filter);

	unlink(f.path);
	return rc;
}

#define FILTER_FILE                                                                                \
	"[filter]\nHTTP = forward\nYouTube = default\n[global]\ndefault = discard\n"               \
	"[shunt]\ndefault = 1\ntcp = 2\nudp = 3\nDNS = 4\n"

static void check_filter(const pfring_ft_flow_filter *f)
{
	assert_int_equal(f->shunt.default_npkts, 1);
	assert_int_equal(f->shunt.tcp_npkts, 2);
	assert_int_equal(f->shunt.udp_npkts, 3);
	for (u_int32_t i = 0; i < f->num_protocols; i++) {
		pfring_ft_action action = i == ID_HTTP ? FORWARD : DISCARD;

		if (i == 0 || i == ID_YOUTUBE)
			action = DEFAULT;
		assert_int_equal(f->match.protocol_to_action[i], action);
		assert_int_equal(f->shunt.protocol_to_npkts[i], i == ID_DNS ? 4 : 0);
	}
}

static void test_pfring_ft_load_configuration_ext(void **state)
{
	struct api *a = open_table(FLAGS);
	pfring_ft_flow_filter f = {0};

	(void)state;
	/* Arrays of its own. */
	assert_int_equal(load_ext(a, FILTER_FILE, &f), 0);
	assert_int_equal(f.num_protocols, FT_RULE_PROTOCOLS_MAX);
	check_filter(&f);
	/* Arrays that are given: what was in them is gone. */
	memset(f.match.protocol_to_action, 9, f.num_protocols);
	memset(f.shunt.protocol_to_npkts, 9, f.num_protocols);
	f.num_protocols = ID_YOUTUBE + 1;
	assert_int_equal(load_ext(a, FILTER_FILE, &f), 0);
	check_filter(&f);
	assert_int_equal(f.match.protocol_to_action[ID_YOUTUBE + 1], 9);
	assert_int_equal(f.shunt.protocol_to_npkts[ID_YOUTUBE + 1], 9);
	/* An empty file is a filter, too. */
	assert_int_equal(load_ext(a, "", &f), 0);
	assert_int_equal(f.match.protocol_to_action[ID_HTTP], DEFAULT);
	assert_int_equal(f.shunt.default_npkts, 0);
	/* The table itself has no rule of it. */
	assert_int_equal(request(a, 8001, WWW), DEFAULT);
	assert_int_equal(passes_udp(a, 8002, 100), 100);
	assert_nothing_told();
	free(f.match.protocol_to_action);
	free(f.shunt.protocol_to_npkts);
	api_close(a);
}

static void test_filters_that_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"[filter]\nHTTP.YouTube = discard\n",
		 ":2: [filter] HTTP.YouTube: a filter holds no Master.App"},
		{"[global]\nflow_idle_timeout = 3\n",
		 ":2: [global] flow_idle_timeout: a filter holds no such setting"},
		{"[global]\ndpi_min_num_tcp_packets = 3\n", "a filter holds no such setting"},
		{"[shunt]\nDNS = 1\nYouTube = 3\n",
		 ":3: [shunt] YouTube: is protocol 124; the filter has 124 elements"},
		{"[shunt]\nDNS = x\n", ":2: [shunt] DNS: 'x' is not a number"},
	};
	pfring_ft_action actions[ID_YOUTUBE];
	u_int8_t npkts[ID_YOUTUBE];
	pfring_ft_flow_filter f = {.num_protocols = ID_YOUTUBE, .shunt.default_npkts = 7}, before;
	struct api *a = open_table(FLAGS);

	(void)state;
	memset(actions, 9, sizeof actions);
	memset(npkts, 9, sizeof npkts);
	f.match.protocol_to_action = actions;
	f.shunt.protocol_to_npkts = npkts;
	before = f;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(load_ext(a, bad[i].text, &f), -EINVAL);
		assert_told(bad[i].says);
		assert_memory_equal(&f, &before, sizeof f);
		for (unsigned int id = 0; id < ID_YOUTUBE; id++)
			assert_true(actions[id] == 9 && npkts[id] == 9);
	}
	assert_int_equal(pfring_ft_load_configuration_ext(a->table, "/nonexistent", &f), -ENOENT);
	assert_told("/nonexistent: cannot be opened");
	assert_int_equal(pfring_ft_load_configuration_ext(a->table, NULL, &f), -EINVAL);
	assert_told("give a path and a filter");
	assert_int_equal(pfring_ft_load_configuration_ext(a->table, "/dev/null", NULL), -EINVAL);
	assert_told("give a path and a filter");
	f.shunt.protocol_to_npkts = NULL;
	assert_int_equal(load_ext(a, FILTER_FILE, &f), -EINVAL);
	assert_told("both arrays and their num_protocols");
	f = before;
	f.num_protocols = 0;
	assert_int_equal(load_ext(a, FILTER_FILE, &f), -EINVAL);
	assert_told("both arrays and their num_protocols");
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_set_default_action),
		cmocka_unit_test(test_pfring_ft_set_filter_protocol_by_name),
		cmocka_unit_test(test_pfring_ft_set_filter_all_protocols),
		cmocka_unit_test(test_pfring_ft_set_shunt_protocol_by_name),
		cmocka_unit_test(test_pfring_ft_load_configuration),
		cmocka_unit_test(test_settings_of_a_file),
		cmocka_unit_test(test_pfring_ft_load_configuration_ext),
		cmocka_unit_test(test_filters_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
