/* SPDX-License-Identifier: BSD-3-Clause */
/* The notation of values, and the rows of options.def against it. */
#include "options_run.h"

#include "options_value.h"

#include <errno.h>

#define MS 1000000ULL
#define S  1000000000ULL

struct number {
	const char *text;
	uint64_t value;
	const char *back;
};

static void test_durations(void **state)
{
	static const struct number good[] = {
		{"0", 0, "0s"},
		{"0h", 0, "0s"},
		{"1", S, "1s"},
		{"30s", 30 * S, "30s"},
		{"250ms", 250 * MS, "250ms"},
		{"2m", 120 * S, "2m"},
		{"120", 120 * S, "2m"},
		{"1h", 3600 * S, "1h"},
		{"90m", 5400 * S, "90m"},
		{"24h", 86400 * S, "24h"},
		{"7us", 7000, "7us"},
		{"3ns", 3, "3ns"},
		{"1500ms", 1500 * MS, "1500ms"},
		{"2M", 120 * S, "2m"},
		{"18446744073709551615ns", UINT64_MAX, "18446744073709551615ns"},
	};
	static const char *const bad[] = {"",	  "s",	  "-1", "-",   "+1",	" 1",	"1 s",
					  "1.5s", "1,5s", "3x", "3ss", "1h30m", "0x10", "1d"};
	static const char *const large[] = {"18446744073709551616ns", "18446744073709551615",
					    "5124096h", "99999999999999999999999999"};
	char text[64];
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(duration_parse(&v, good[i].text), 0);
		assert_true(v == good[i].value);
		assert_string_equal(duration_format(v, text, sizeof text), good[i].back);
		assert_int_equal(duration_parse(&v, text), 0);
		assert_true(v == good[i].value);
	}
	v = 42;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(duration_parse(&v, bad[i]), -EINVAL);
	for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
		assert_int_equal(duration_parse(&v, large[i]), -ERANGE);
	assert_int_equal(v, 42);
}

static void test_sizes(void **state)
{
	static const struct number good[] = {
		{"0", 0, "0"},
		{"1", 1, "1"},
		{"1023", 1023, "1023"},
		{"1024", 1024, "1k"},
		{"64k", 65536, "64k"},
		{"64K", 65536, "64k"},
		{"1M", 1 << 20, "1M"},
		{"1g", 1 << 30, "1G"},
		{"2T", 2ULL << 40, "2T"},
		{"500000", 500000, "500000"},
		{"1536k", 1536 << 10, "1536k"},
	};
	static const char *const bad[] = {"", "k", "-1k", "1kk", "1 k", "1.5M", "1KB", "one", "1P"};
	char text[64];
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(size_parse(&v, good[i].text), 0);
		assert_true(v == good[i].value);
		assert_string_equal(size_format(v, text, sizeof text), good[i].back);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(size_parse(&v, bad[i]), -EINVAL);
	assert_int_equal(size_parse(&v, "16777216T"), -ERANGE);
	assert_int_equal(size_parse(&v, "18446744073709551616"), -ERANGE);
}

static void assert_value(enum option_setting id, const char *text, const char *back)
{
	static union {
		struct options all;
		struct options_port port;
		struct output_spec output;
	} base;
	char error[512] = "", printed[VALUE_TEXT_MAX];
	int rc = setting_parse(option_setting(id), &base, text, error, sizeof error);

	if (rc)
		fail_msg("%s = %s: %s", option_setting(id)->key, text, error);
	assert_string_equal(setting_format(option_setting(id), &base, printed, sizeof printed),
			    back);
}

static void test_every_default_is_a_good_value(void **state)
{
	static union {
		struct options all;
		struct options_port port;
		struct output_spec output;
	} once, twice;

	(void)state;
	for (enum option_setting id = 0; id < SETTING_N; id++) {
		const struct setting *s = option_setting(id);
		char error[512] = "", text[VALUE_TEXT_MAX];

		assert_int_equal(setting_parse(s, &once, s->default_text, error, sizeof error), 0);
		setting_format(s, &once, text, sizeof text);
		assert_int_equal(setting_parse(s, &twice, text, error, sizeof error), 0);
		assert_memory_equal((char *)&once + s->offset, (char *)&twice + s->offset,
				    s->len_bytes);
		assert_true(s->sentence[0] && s->sentence[strlen(s->sentence) - 1] != '.');
	}
}

static void test_values_print_as_read(void **state)
{
	(void)state;
	assert_value(SETTING_lane_cores, "2-5,8", "2-5,8");
	assert_value(SETTING_lane_cores, "5,4,3", "5,4,3");
	assert_value(SETTING_lane_cores, "0,1,3", "0-1,3");
	assert_value(SETTING_lane_cores, "AUTO", "auto");
	assert_value(SETTING_lane_cores, "", "auto");
	assert_value(SETTING_table_slice_timeout, "0", "off");
	assert_value(SETTING_table_slice_timeout, "Off", "off");
	assert_value(SETTING_table_tunnels, "TRUE", "yes");
	assert_value(SETTING_table_tunnels, "off", "no");
	assert_value(SETTING_port_mtu, "9000", "9000");
	assert_value(SETTING_port_mtu, "leave", "leave");
	assert_value(SETTING_port_mode, "Software", "software");
	assert_value(SETTING_output_type, "ipfix", "ipfix");
	assert_value(SETTING_table_max_flows, "1M", "1M");
	assert_value(SETTING_eal_extra, "", "");
}

static void test_a_refused_value_changes_nothing(void **state)
{
	static struct options_lane lane, before;
	char error[512], small[16];

	(void)state;
	memset(&lane, 0x5a, sizeof lane);
	before = lane;
	assert_int_equal(setting_parse(option_setting(SETTING_lane_cores), &lane, "1-", error,
				       sizeof error),
			 -EINVAL);
	assert_int_equal(setting_parse(option_setting(SETTING_lane_cores), &lane, "0-64", error,
				       sizeof error),
			 -EINVAL);
	assert_says(error, "too many");
	assert_int_equal(setting_parse(option_setting(SETTING_lane_count), &lane, "65", error,
				       sizeof error),
			 -EINVAL);
	assert_int_equal(setting_parse(option_setting(SETTING_lane_count), &lane, "4294967297",
				       small, sizeof small),
			 -EINVAL);
	assert_int_equal(strlen(small), sizeof small - 1);
	assert_memory_equal(&lane, &before, sizeof lane);
}

static void test_allowed_fits_its_buffer(void **state)
{
	char text[VALUE_ALLOWED_MAX];

	(void)state;
	for (enum option_setting id = 0; id < SETTING_N; id++) {
		setting_allowed(option_setting(id), text, sizeof text);
		assert_in_range(strlen(text), 1, sizeof text - 2);
	}
}

static void test_names_that_are_near(void **state)
{
	(void)state;
	assert_string_equal(option_key_near(SECTION_table, "idle-timeout"), "idle_timeout");
	assert_string_equal(option_key_near(SECTION_table, "idle"), "idle_timeout");
	assert_string_equal(option_key_near(SECTION_table, "max_flow"), "max_flows");
	assert_string_equal(option_section_near("prot"), "port");
	assert_string_equal(option_section_near("outputs"), "output");
	assert_string_equal(option_long_near("lane"), "lanes");
	assert_null(option_key_near(SECTION_table, "colour"));
	assert_null(option_section_near("x"));
	assert_int_equal(option_key_elsewhere(SECTION_table, "promiscuous"), SECTION_port);
	assert_int_equal(option_key_elsewhere(SECTION_table, "idle_timeout"), SECTION_N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_default_is_a_good_value),
		cmocka_unit_test(test_values_print_as_read),
		cmocka_unit_test(test_a_refused_value_changes_nothing),
		cmocka_unit_test(test_allowed_fits_its_buffer),
		cmocka_unit_test(test_names_that_are_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
