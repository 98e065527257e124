/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules say of a flow, and rules by the names of protocols. */
#include "rules_tools.h"

#define ACTION_ALL     PFRING_FT_ACTION_USER_1
#define ACTION_DEFAULT PFRING_FT_ACTION_USER_2
#define PROTO_TCP      6
#define PROTO_UDP      17
#define PROTO_ICMP     1

/* The rules that may fit a flow of TLS.YouTube, strongest first. */
enum fit { FIT_PAIR, FIT_APP, FIT_MASTER, FIT_N };

static const char *const fit_names[FIT_N] = {"TLS.YouTube", "YouTube", "TLS"};
static const pfring_ft_action fit_actions[FIT_N] = {
	PFRING_FT_ACTION_FORWARD, PFRING_FT_ACTION_DISCARD, PFRING_FT_ACTION_SLICE};
/* The application's is "never", which is a rule like any other. */
static const uint8_t fit_shunts[FIT_N] = {11, 0, 13};

static void set(struct rules_test *r, const char *name, struct ft_rule what)
{
	struct ft_rules_edit e = rules_edit(r);
	uint32_t generation = r->rules.generation;

	if (ft_rules_set(&e, name, &what))
		fail_msg("%s: %s", name, r->error);
	assert_int_equal(r->rules.generation, generation + 1);
}

static void set_action(struct rules_test *r, const char *name, pfring_ft_action action)
{
	set(r, name, (struct ft_rule){.has_action = true, .action = action});
}

static void set_shunt(struct rules_test *r, const char *name, uint8_t packets)
{
	set(r, name, (struct ft_rule){.has_shunt = true, .shunt = packets});
}

static pfring_ft_action action_of(struct rules_test *r, uint16_t master, uint16_t app)
{
	return ft_rules_ask(&r->rules, master, app, PROTO_TCP).action;
}

static uint8_t shunt_of(struct rules_test *r, uint16_t master, uint16_t app)
{
	return ft_rules_ask(&r->rules, master, app, PROTO_TCP).shunt;
}

/* Two bits for each of the three rules, one for the filter of all, one for the shunt of TCP. */
static void check_priorities(struct rules_test *r, unsigned int bits)
{
	struct ft_policy expected = {ACTION_DEFAULT, 99}, p;

	memset(&r->rules, 0, sizeof r->rules);
	r->rules.default_action = ACTION_DEFAULT;
	r->rules.shunt_default = 99;
	if (bits & 1 << 6) {
		ft_rules_set_all(&r->rules, ACTION_ALL);
		expected.action = ACTION_ALL;
	}
	if (bits & 1 << 7)
		r->rules.shunt_tcp = expected.shunt = 98;
	for (int i = FIT_N - 1; i >= 0; i--) {
		if (bits & 1U << i) {
			set_action(r, fit_names[i], fit_actions[i]);
			expected.action = fit_actions[i];
		}
		if (bits & 8U << i) {
			set_shunt(r, fit_names[i], fit_shunts[i]);
			expected.shunt = fit_shunts[i];
		}
	}
	p = ft_rules_ask(&r->rules, ID_TLS, ID_YOUTUBE, PROTO_TCP);
	if (p.action != expected.action || p.shunt != expected.shunt)
		fail_msg("rules %#x: action %u shunt %u instead of %u and %u", bits, p.action,
			 p.shunt, expected.action, expected.shunt);
}

static void test_priorities_in_all_combinations(void **state)
{
	for (unsigned int bits = 0; bits < 256; bits++)
		check_priorities(*state, bits);
}

static void test_an_unknown_protocol_has_no_action(void **state)
{
	struct rules_test *r = *state;

	r->rules.default_action = PFRING_FT_ACTION_DISCARD;
	ft_rules_set_all(&r->rules, PFRING_FT_ACTION_DISCARD);
	r->rules.shunt_default = 10;
	r->rules.shunt_tcp = 15;
	r->rules.shunt_udp = 2;
	set_shunt(r, "HTTP", 40);
	assert_int_equal(action_of(r, 0, 0), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(ft_rules_ask(&r->rules, 0, 0, PROTO_TCP).shunt, 15);
	assert_int_equal(ft_rules_ask(&r->rules, 0, 0, PROTO_UDP).shunt, 2);
	assert_int_equal(ft_rules_ask(&r->rules, 0, 0, PROTO_ICMP).shunt, 10);
	/* 0 for TCP or UDP says nothing, 0 for a protocol says never. */
	r->rules.shunt_tcp = r->rules.shunt_udp = 0;
	assert_int_equal(ft_rules_ask(&r->rules, 0, 0, PROTO_TCP).shunt, 10);
	assert_int_equal(ft_rules_ask(&r->rules, 0, 0, PROTO_UDP).shunt, 10);
	set_shunt(r, "HTTP", 0);
	assert_int_equal(shunt_of(r, 0, ID_HTTP), 0);
	assert_int_equal(shunt_of(r, 0, ID_DNS), 10);
}

/* A protocol without another around it is told in three ways. */
static void test_plain_flows(void **state)
{
	struct rules_test *r = *state;

	set_action(r, "DNS", PFRING_FT_ACTION_DISCARD);
	set_shunt(r, "DNS", 3);
	for (int i = 0; i < 3; i++) {
		uint16_t master = i == 0 ? 0 : ID_DNS, app = i == 2 ? 0 : ID_DNS;

		assert_int_equal(action_of(r, master, app), PFRING_FT_ACTION_DISCARD);
		assert_int_equal(shunt_of(r, master, app), 3);
	}
	/* DNS.DNS is such a flow, and none of something over DNS. */
	set_action(r, "DNS.DNS", PFRING_FT_ACTION_FORWARD);
	assert_int_equal(action_of(r, 0, ID_DNS), PFRING_FT_ACTION_FORWARD);
	assert_int_equal(action_of(r, ID_DNS, 0), PFRING_FT_ACTION_FORWARD);
	assert_int_equal(action_of(r, ID_DNS, ID_YOUTUBE), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(shunt_of(r, ID_DNS, ID_DNS), 3);
}

static void test_numbers_beyond_all_protocols(void **state)
{
	struct rules_test *r = *state;

	r->rules.default_action = PFRING_FT_ACTION_SLICE;
	for (unsigned int id = 1; id < FT_RULE_PROTOCOLS_MAX; id++)
		r->rules.by_protocol[id] = (struct ft_rule){true, true, 2, 2};
	assert_int_equal(action_of(r, UINT16_MAX, FT_RULE_PROTOCOLS_MAX), PFRING_FT_ACTION_SLICE);
	assert_int_equal(shunt_of(r, UINT16_MAX, FT_RULE_PROTOCOLS_MAX), 0);
	assert_int_equal(action_of(r, FT_RULE_PROTOCOLS_MAX - 1, UINT16_MAX), 2);
}

static void test_names(void **state)
{
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);
	struct ft_rule half = {.has_action = true, .action = PFRING_FT_ACTION_DISCARD};

	assert_int_equal(ft_rules_place(&e, "youTUBE"), ID_YOUTUBE);
	assert_int_equal(ft_rules_place(&e, "tls"), ID_TLS);
	assert_int_equal(ft_rules_place(&e, "tls.youtube"), FT_RULE_PROTOCOLS_MAX);
	assert_int_equal(ft_rules_place(&e, "DNS.YouTube"), FT_RULE_PROTOCOLS_MAX + 1);
	assert_int_equal(ft_rules_place(&e, "TLS.YOUTUBE"), FT_RULE_PROTOCOLS_MAX);
	assert_int_equal(r->rules.n_pairs, 2);
	/* Each half of a rule is told by itself. */
	assert_int_equal(ft_rules_set(&e, "HTTP", &half), 0);
	half = (struct ft_rule){.has_shunt = true, .shunt = 7};
	assert_int_equal(ft_rules_set(&e, "http", &half), 0);
	assert_int_equal(action_of(r, 0, ID_HTTP), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(shunt_of(r, 0, ID_HTTP), 7);
	assert_string_equal(r->error, "");
}

static void test_names_with_dots(void **state)
{
	struct rules_path f = rules_file_with("tcp:3456@my.own.app\ntcp:3457@app\n");
	const struct dpi_options options = {.protocols_path = f.path};
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);
	uint16_t own, app;

	assert_int_equal(dpi_create(&e.dpi, &options, r->error, sizeof r->error), 0);
	unlink(f.path);
	own = dpi_protocol_id(e.dpi, "my.own.app");
	app = dpi_protocol_id(e.dpi, "app");
	assert_true(own && app);
	assert_int_equal(ft_rules_place(&e, "My.Own.App"), own);
	assert_int_equal(ft_rules_place(&e, "HTTP.my.own.app"), FT_RULE_PROTOCOLS_MAX);
	assert_int_equal(r->rules.pairs[0].master, ID_HTTP);
	assert_int_equal(r->rules.pairs[0].app, own);
	assert_int_equal(ft_rules_place(&e, "my.own.app.dns"), FT_RULE_PROTOCOLS_MAX + 1);
	assert_int_equal(r->rules.pairs[1].master, own);
	assert_int_equal(r->rules.pairs[1].app, ID_DNS);
	assert_int_equal(ft_rules_place(&e, "own.app"), -ENOENT);
	dpi_destroy(e.dpi);
}

static const struct {
	const char *name, *says;
} unknown_names[] = {
	{"YouTub", "there is no such protocol; did you mean YouTube?"},
	{"youtbue", "did you mean YouTube?"},
	{"netflx", "did you mean NetFlix?"},
	{"TLS.YouTub", "there is no such protocol; did you mean TLS.YouTube?"},
	{"TSL.YouTube", "did you mean TLS.YouTube?"},
	{"quarkstrangeness", "allowed: names of nDPI, such as HTTP, or Master.App"},
	{"TLS.quarkstrangeness", "there is no such protocol; allowed: names of nDPI"},
	{"", "there is no such protocol"},
	{".", "there is no such protocol"},
	{"TLS.", "there is no such protocol"},
	{".TLS", "there is no such protocol"},
	{"Unknown", "there is no such protocol"},
	{"HTTP ", "there is no such protocol; did you mean HTTP?"},
};

static void test_unknown_names(void **state)
{
	static const struct ft_rule what = {.has_action = true, .action = 2};
	static const struct ft_rules none;
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);
	char longest[2000];

	for (size_t i = 0; i < sizeof unknown_names / sizeof unknown_names[0]; i++) {
		assert_int_equal(ft_rules_set(&e, unknown_names[i].name, &what), -ENOENT);
		assert_says(r->error, unknown_names[i].says);
		assert_null(strchr(r->error, '\n'));
	}
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(ft_rules_set(&e, longest, &what), -ENOENT);
	longest[1000] = '.';
	assert_int_equal(ft_rules_set(&e, longest, &what), -ENOENT);
	assert_memory_equal(&r->rules, &none, sizeof none);
}

static void test_without_ndpi(void **state)
{
	static const struct ft_rule what = {.has_action = true, .action = 2};
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);

	e.dpi = NULL;
	assert_int_equal(ft_rules_set(&e, "HTTP", &what), -ENOTSUP);
	assert_says(r->error, "create the table with PFRING_FT_TABLE_FLAGS_DPI");
	assert_int_equal(r->rules.generation, 0);
}

static void test_what_a_filter_cannot_hold(void **state)
{
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);

	e.filter_protocols = ID_YOUTUBE;
	assert_int_equal(ft_rules_place(&e, "TLS.YouTube"), -EINVAL);
	assert_string_equal(r->error, "a filter holds no Master.App; allowed: one protocol");
	assert_int_equal(ft_rules_place(&e, "YouTube"), -EINVAL);
	assert_string_equal(r->error,
			    "is protocol 124; the filter has 124 elements, allowed: at least 125");
	assert_int_equal(ft_rules_place(&e, "TLS"), ID_TLS);
	e.filter_protocols++;
	assert_int_equal(ft_rules_place(&e, "YouTube"), ID_YOUTUBE);
	assert_int_equal(r->rules.n_pairs, 0);
}

static void test_so_many_pairs_and_no_more(void **state)
{
	struct rules_test *r = *state;
	struct ft_rules_edit e = rules_edit(r);
	char name[DPI_NAME_BYTES], app[DPI_NAME_BYTES];
	static struct ft_rules before;

	for (uint16_t i = 0; i <= FT_RULE_PAIRS_MAX; i++) {
		snprintf(name, sizeof name, "TLS.%.90s",
			 dpi_protocol_name(r->dpi, 0, i + 1, app, sizeof app));
		before = r->rules;
		assert_int_equal(ft_rules_place(&e, name),
				 i < FT_RULE_PAIRS_MAX ? FT_RULE_PROTOCOLS_MAX + i : -ENOSPC);
	}
	assert_says(r->error, "too many rules for Master.App; allowed: 256");
	assert_memory_equal(&r->rules, &before, sizeof before);
	/* Those that are there can still be changed. */
	set_action(r, name + 4, PFRING_FT_ACTION_FORWARD);
	snprintf(name, sizeof name, "TLS.%.90s",
		 dpi_protocol_name(r->dpi, 0, FT_RULE_PAIRS_MAX, app, sizeof app));
	set_action(r, name, PFRING_FT_ACTION_DISCARD);
	assert_int_equal(action_of(r, ID_TLS, FT_RULE_PAIRS_MAX), PFRING_FT_ACTION_DISCARD);
}

static void test_all_protocols(void **state)
{
	struct rules_test *r = *state;

	r->rules.default_action = ACTION_DEFAULT;
	set_action(r, "HTTP", PFRING_FT_ACTION_FORWARD);
	set_shunt(r, "HTTP", 9);
	set_action(r, "DNS.YouTube", PFRING_FT_ACTION_FORWARD);
	set_action(r, "TLS.YouTube", PFRING_FT_ACTION_FORWARD);
	set_shunt(r, "TLS.YouTube", 4);
	ft_rules_set_all(&r->rules, PFRING_FT_ACTION_DISCARD);
	assert_int_equal(r->rules.generation, 6);
	/* Filters are gone, shunts stay. */
	assert_int_equal(r->rules.n_pairs, 1);
	assert_int_equal(action_of(r, 0, ID_HTTP), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(shunt_of(r, 0, ID_HTTP), 9);
	assert_int_equal(action_of(r, ID_TLS, ID_YOUTUBE), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(shunt_of(r, ID_TLS, ID_YOUTUBE), 4);
	assert_int_equal(action_of(r, 0, 0), PFRING_FT_ACTION_DEFAULT);
	/* By name over all, also what runs over the named one, also back to DEFAULT. */
	set_action(r, "TLS", PFRING_FT_ACTION_FORWARD);
	set_action(r, "DNS", PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(action_of(r, ID_TLS, ID_YOUTUBE), PFRING_FT_ACTION_FORWARD);
	assert_int_equal(action_of(r, 0, ID_DNS), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(action_of(r, 0, ID_YOUTUBE), PFRING_FT_ACTION_DISCARD);
	/* DEFAULT takes them all back, and the default action holds again. */
	ft_rules_set_all(&r->rules, PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(action_of(r, ID_TLS, ID_YOUTUBE), ACTION_DEFAULT);
	assert_int_equal(action_of(r, 0, ID_DNS), ACTION_DEFAULT);
	assert_int_equal(shunt_of(r, 0, ID_HTTP), 9);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, rules_clear)
	const struct CMUnitTest tests[] = {
		TEST(test_priorities_in_all_combinations),
		TEST(test_an_unknown_protocol_has_no_action),
		TEST(test_plain_flows),
		TEST(test_numbers_beyond_all_protocols),
		TEST(test_names),
		TEST(test_names_with_dots),
		TEST(test_unknown_names),
		TEST(test_without_ndpi),
		TEST(test_what_a_filter_cannot_hold),
		TEST(test_so_many_pairs_and_no_more),
		TEST(test_all_protocols),
	};

	return cmocka_run_group_tests(tests, rules_open, rules_close);
}
